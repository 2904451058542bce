"""Results in the `summarised_result` layout of omopgenerics, for tools that read it.

How our names map onto its thirteen columns:

- One `result_id` per table of the estimates, and one for the attrition. Its settings are rows
  with `variable_name` = `settings`, as omopgenerics exports them. So it is of a further exposure,
  whose id is a setting.
- `group`: `cohort_name` is the exposure's abbreviation; a subgroup is added with ` &&& `.
- `strata`: a stratum of exposure is `exposure_dispenses`, a pair of them `contrast`; all strata
  together are `overall`.
- `variable_name`, `variable_level` and `estimate_name`: see `summarised_names`. Every group begins
  with its size, `number subjects` and `number records` (dispenses of the exposure); that of a
  contrast is the size of both strata, and each of its variables carries the persons of the
  comparator as `denominator_count` and of the exposed as `subject_count`.
- `cdm_name` is the source of the delivery; of invented data it says so first.
- `estimate_type`: integer for counts and exact sums, percentage for shares, numeric else.
- `estimate_value` is empty where nothing can be estimated. Attrition has the step as stratum
  `reason` and its number as `additional` `reason_id`.

The daily curves stay in curves.csv.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from ldn_spark.catalogue.lookup import BY_NAME
from ldn_spark.estimates.results import Estimate, Results
from ldn_spark.invented import SOURCE as INVENTED
from ldn_spark.reporting.result_files import number_text
from ldn_spark.reporting.summarised_names import (
    COUNT,
    INTEGER,
    OUTCOME_COUNT,
    PERCENTAGE,
    RECORDS,
    SUBJECTS,
    Named,
    estimate_type,
    named,
    percentage,
    smallest_cell,
    strata_of,
)
from ldn_spark.study.definition import OVERALL, STUDY, StudyDefinition
from ldn_spark.texts.csv_cells import csv_text

COLUMNS = (
    "result_id",
    "cdm_name",
    "group_name",
    "group_level",
    "strata_name",
    "strata_level",
    "variable_name",
    "variable_level",
    "estimate_name",
    "estimate_type",
    "estimate_value",
    "additional_name",
    "additional_level",
)
ATTRITION = "attrition"
CONTRASTED = ("denominator_count", "subject_count")
"""What the persons of a comparator and of an exposed stratum are called."""
JOINT = " &&& "
PACKAGE = "ldn_spark"


def summarised_result_csv(
    results: Results,
    study: StudyDefinition,
    *,
    provenance: Mapping[str, Any],
    study_hash: str,
    software_version: str,
) -> str:
    """Settings rows first, then every estimate and every attrition step."""
    source = str(provenance.get("source") or "lake")
    if results.invented:
        source = f"{INVENTED} ({source})"
    cohorts = [
        _Cohort(exposure, study.as_exposure(exposure), found)
        for exposure, found in results.by_exposure.items()
    ]
    tables = [(one, *table) for one in cohorts for table in one.tables()]
    tables += [(one, "", ATTRITION) for one in cohorts]
    numbered = [(str(number), *table) for number, table in enumerate(tables, start=1)]
    settings = {
        "package_name": PACKAGE,
        "package_version": software_version,
        "group": JOINT.join(("cohort_name", *(("subgroup",) if study.subgroups else ()))),
        "additional": "",
        "min_cell_count": "0",
        "study_id": study.id,
        "study_hash": study_hash,
    }
    rows = [
        *(
            row
            for id, one, design, table in numbered
            for row in _settings(id, table, design, one.exposure, settings)
        ),
        *(row for id, one, *table in numbered for row in one.rows(id, *table)),
    ]
    return csv_text(COLUMNS, ([row[0], source, *row[1:]] for row in rows))


def _settings(
    result_id: str, table: str, design: str, exposure: str, common: Mapping[str, str]
) -> Iterator[list[str]]:
    if design:
        common = {**common, "design": design}
    if exposure != STUDY:
        common = {**common, "exposure": exposure}
    strata = "reason"
    if table in BY_NAME:
        names = {"stratum": "exposure_dispenses", "contrast": "contrast", "overall": ""}
        strata = JOINT.join(names[per] for per in BY_NAME[table].per)
    own = {"result_type": f"{PACKAGE}_{table}", "strata": strata}
    if table == ATTRITION:
        own = {"result_type": "summarise_cohort_attrition", "strata": strata}
        common = {**common, "additional": "reason_id"}
    for name, value in sorted({**common, **own}.items()):
        overall = [OVERALL] * 4
        yield [result_id, *overall, "settings", "", name, "character", value, OVERALL, OVERALL]


@dataclass(frozen=True)
class _Cohort:
    """What was found of one exposure."""

    exposure: str
    study: StudyDefinition
    results: Results

    def tables(self) -> Iterator[tuple[str, str]]:
        """Design and name of each of its tables, in their order; the study's own windows first."""
        for design, estimates in (("", self.results.estimates), *self.results.designs.items()):
            for table in dict.fromkeys(one.table for one in estimates):
                yield design, table

    @cached_property
    def _by_design(self) -> dict[str, _Rows]:
        designs = {one: self.results.of_design(one) for one in self.results.designs}
        found = {"": self.results, **designs}
        return {design: _Rows(results, self.study) for design, results in found.items()}

    def rows(self, result_id: str, design: str, table: str) -> Iterator[list[str]]:
        """The rows of a table, or of the attrition."""
        if table == ATTRITION:
            return _attrition(result_id, self.study, self.results)
        return self._by_design[design].of_table(result_id, table)


@dataclass(frozen=True)
class _Rows:
    """The rows of the tables of one study, without the name of the source."""

    results: Results
    study: StudyDefinition

    @cached_property
    def _estimates(self) -> dict[str, dict[str, list[Estimate]]]:
        """The estimates of each table by their strata."""
        found: dict[str, dict[str, list[Estimate]]] = {}
        for estimate in self.results.estimates:
            found.setdefault(estimate.table, {}).setdefault(estimate.stratum, []).append(estimate)
        return found

    def of_table(self, result_id: str, table: str) -> Iterator[list[str]]:
        """A table's groups: the size of each, then its variables."""
        for stratum, estimates in self._estimates[table].items():
            place = self._place(stratum)
            for row in (*self._sizes(stratum), *self._variables(estimates)):
                yield [result_id, *place, *row, OVERALL, OVERALL]

    def _place(self, stratum: str) -> tuple[str, str, str, str]:
        subgroup, _, name = stratum.rpartition("/")
        return *_group(self.study, subgroup), *_strata(self.study, name)

    def _sizes(self, stratum: str) -> Iterator[tuple[str, ...]]:
        persons = self._sum(stratum, "persons")
        subgroup, slash, _ = stratum.rpartition("/")
        everybody = self._sum(f"{subgroup}{slash}{OVERALL}", "persons")
        yield SUBJECTS, "", COUNT, INTEGER, number_text(persons)
        if persons is not None and everybody and len(strata_of(self.study, stratum)) == 1:
            share = number_text(float(100 * Fraction(persons, everybody)))
            yield SUBJECTS, "", PERCENTAGE, PERCENTAGE, share
        records = self._sum(stratum, "exposure_fills")
        yield RECORDS, "", COUNT, INTEGER, number_text(records)

    def _sum(self, stratum: str, quantity: str) -> int | None:
        strata = strata_of(self.study, stratum)
        found = [self.results.value("cohort", one, "", quantity) for one in strata]
        return None if None in found else sum(map(int, found))

    def _variables(self, estimates: Sequence[Estimate]) -> Iterator[tuple[str, ...]]:
        begun = set()
        for estimate in estimates:
            name = named(estimate)
            if name is None:
                continue
            variable = name.variable, name.level or estimate.outcome
            cells = self._cells(estimate, name) if variable not in begun else {}
            if cells:
                begun.add(variable)
            for key, number in cells.items():
                yield *variable, key, INTEGER, number_text(number)
            value = estimate.value
            kind = estimate_type(estimate, name)
            if kind == PERCENTAGE:
                value = percentage(self.results, estimate, name)
            yield *variable, name.name, kind, number_text(value)

    def _cells(self, estimate: Estimate, name: Named) -> dict[str, int | None]:
        """The numbers of persons that statistics rest on, by which they are masked."""
        smallest = smallest_cell(self.results, self.study, estimate, name)
        if smallest is None:
            return {}
        strata = strata_of(self.study, estimate.stratum)
        if len(strata) == 1:
            return {OUTCOME_COUNT: smallest}
        sizes = [self._sum(one, "persons") for one in strata]
        return {OUTCOME_COUNT: smallest, **dict(zip(CONTRASTED, sizes, strict=True))}


def _group(study: StudyDefinition, subgroup: str) -> tuple[str, str]:
    cohort = _one(study.exposure.abbreviation)
    if not subgroup:
        return "cohort_name", cohort
    return f"cohort_name{JOINT}subgroup", f"{cohort}{JOINT}{subgroup}"


def _one(label: str) -> str:
    """A label as one level: what joins several does not stand in it."""
    return label.replace(JOINT.strip(), "&")


def _strata(study: StudyDefinition, stratum: str) -> tuple[str, str]:
    if stratum == OVERALL:
        return OVERALL, OVERALL
    levels = {level.id for level in study.strata.levels}
    return ("exposure_dispenses" if stratum in levels else "contrast"), stratum


def _attrition(result_id: str, study: StudyDefinition, results: Results) -> Iterator[list[str]]:
    names = ("number_records", "number_subjects", "excluded_records", "excluded_subjects")
    for step in results.attrition:
        for name in names:
            yield [
                result_id,
                *_group(study, ""),
                "reason",
                _one(step.reason),
                name,
                "",
                "count",
                "integer",
                number_text(getattr(step, name)),
                "reason_id",
                str(step.reason_id),
            ]
