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
from itertools import chain
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
    Strata,
    named,
    percentage,
    smallest_cell,
)
from ldn_spark.study.definition import OVERALL, STUDY, StudyDefinition
from ldn_spark.texts.csv_cells import csv_line, csv_lines

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
    made = SummarisedResult(results, study, provenance, study_hash, software_version)
    found = (line for part in made.parts() for line in made.lines(*part))
    return csv_lines(COLUMNS, chain(made.settings(), found, made.attrition()))


class SummarisedResult:
    """The lines of a `summarised_result`: settings, parts, attrition, in this order.

    A part is one exposure in one pair of windows; every table of one is a result.
    """

    def __init__(
        self,
        results: Results,
        study: StudyDefinition,
        provenance: Mapping[str, Any],
        study_hash: str,
        software_version: str,
    ) -> None:
        source = str(provenance.get("source") or "lake")
        if results.invented:
            source = f"{INVENTED} ({source})"
        self.study = study
        self._cohorts = {
            exposure: _Cohort(source, exposure, study.as_exposure(exposure), found)
            for exposure, found in results.by_exposure.items()
        }
        tables = [(*part, table) for part in self.parts() for table in self._tables(*part)]
        tables += [(exposure, "", ATTRITION) for exposure in self._cohorts]
        self._ids = {table: str(number) for number, table in enumerate(tables, start=1)}
        self._settings = {
            "package_name": PACKAGE,
            "package_version": software_version,
            "group": JOINT.join(("cohort_name", *(("subgroup",) if study.subgroups else ()))),
            "additional": "",
            "min_cell_count": "0",
            "study_id": study.id,
            "study_hash": study_hash,
        }

    def parts(self) -> list[tuple[str, str]]:
        """Exposure and design of each part, in their order; the study's own windows have none."""
        return [
            (exposure, design)
            for exposure, one in self._cohorts.items()
            for design in ("", *one.results.designs)
        ]

    def _tables(self, exposure: str, design: str) -> list[str]:
        estimates = self._cohorts[exposure].results.compared_in(design)
        return list(dict.fromkeys(one.table for one in estimates))

    def settings(self) -> Iterator[str]:
        """What each result is of."""
        for (exposure, design, table), id in self._ids.items():
            begin = id, self._cohorts[exposure].source
            yield from _settings(begin, table, design, exposure, self._settings)

    def lines(self, exposure: str, design: str) -> Iterator[str]:
        """The rows of every table of a part."""
        cohort = self._cohorts[exposure]
        rows = cohort.rows(design)
        for table in self._tables(exposure, design):
            begin = self._ids[exposure, design, table], cohort.source
            yield from rows.of_table(begin, table)

    def attrition(self) -> Iterator[str]:
        """What every step of the selection leaves of each exposure."""
        for exposure, one in self._cohorts.items():
            begin = self._ids[exposure, "", ATTRITION], one.source
            yield from _attrition(begin, one.study, one.results)


def _settings(
    begin: tuple[str, str], table: str, design: str, exposure: str, common: Mapping[str, str]
) -> Iterator[str]:
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
        what = "settings", "", name, "character", value
        yield csv_line((*begin, *overall, *what, OVERALL, OVERALL))


@dataclass(frozen=True)
class _Cohort:
    """What was found of one exposure, and what the delivery is called."""

    source: str
    exposure: str
    study: StudyDefinition
    results: Results

    def rows(self, design: str) -> _Rows:
        """Lays out what was found in one pair of windows."""
        results = self.results.of_design(design) if design else self.results
        return _Rows(results, self.study, Strata(self.study))


@dataclass(frozen=True)
class _Rows:
    """The rows of the tables of one study, each behind what it begins with."""

    results: Results
    study: StudyDefinition
    strata: Strata

    @cached_property
    def _estimates(self) -> dict[str, dict[str, list[Estimate]]]:
        """The estimates of each table by their strata."""
        found: dict[str, dict[str, list[Estimate]]] = {}
        for estimate in self.results.estimates:
            found.setdefault(estimate.table, {}).setdefault(estimate.stratum, []).append(estimate)
        return found

    def of_table(self, begin: tuple[str, str], table: str) -> Iterator[str]:
        """A table's groups: the size of each, then its variables."""
        end = csv_line((OVERALL, OVERALL))
        for stratum, estimates in self._estimates[table].items():
            before = csv_line((*begin, *self._place(stratum)))
            for *names, number in chain(self._sizes(stratum), self._variables(estimates)):
                yield f"{before},{csv_line(names)},{number},{end}"

    def _place(self, stratum: str) -> tuple[str, str, str, str]:
        subgroup, _, name = stratum.rpartition("/")
        return *_group(self.study, subgroup), *_strata(self.study, name)

    def _sizes(self, stratum: str) -> Iterator[tuple[str, ...]]:
        persons = self._sum(stratum, "persons")
        subgroup, slash, _ = stratum.rpartition("/")
        everybody = self._sum(f"{subgroup}{slash}{OVERALL}", "persons")
        yield SUBJECTS, "", COUNT, INTEGER, number_text(persons)
        if persons is not None and everybody and len(self.strata.of(stratum)) == 1:
            share = number_text(float(100 * Fraction(persons, everybody)))
            yield SUBJECTS, "", PERCENTAGE, PERCENTAGE, share
        records = self._sum(stratum, "exposure_fills")
        yield RECORDS, "", COUNT, INTEGER, number_text(records)

    def _sum(self, stratum: str, quantity: str) -> int | None:
        strata = self.strata.of(stratum)
        found = [self.results.value("cohort", one, "", quantity) for one in strata]
        return None if None in found else sum(map(int, found))

    def _variables(self, estimates: Sequence[Estimate]) -> Iterator[tuple[str, ...]]:
        begun = set()
        for estimate in estimates:
            name = named(estimate.table, estimate.quantity)
            if name is None:
                continue
            variable = name.variable, name.level or estimate.outcome
            if variable not in begun and (cells := self._cells(estimate, name)):
                begun.add(variable)
                for key, number in cells.items():
                    yield *variable, key, INTEGER, number_text(number)
            value = estimate.value
            if name.type == PERCENTAGE:
                value = percentage(self.results, estimate, name)
            yield *variable, name.name, name.type, number_text(value)

    def _cells(self, estimate: Estimate, name: Named) -> dict[str, int | None]:
        """The numbers of persons that statistics rest on, by which they are masked."""
        smallest = smallest_cell(self.results, self.study, self.strata, estimate, name)
        if smallest is None:
            return {}
        strata = self.strata.of(estimate.stratum)
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


def _attrition(begin: tuple[str, str], study: StudyDefinition, results: Results) -> Iterator[str]:
    names = ("number_records", "number_subjects", "excluded_records", "excluded_subjects")
    group = _group(study, "")
    for step in results.attrition:
        before = *begin, *group, "reason", _one(step.reason)
        for name in names:
            number = number_text(getattr(step, name))
            what = name, "", COUNT, INTEGER, number
            yield csv_line((*before, *what, "reason_id", str(step.reason_id)))
