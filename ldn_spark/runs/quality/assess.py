"""One look at a version of a lake: what its data are like, from small tables of the engine.

Everything but the repeated lines comes from the version record, the dispensing profile, the
persons and the rows of the studies' exposures; the registry itself is not scanned.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, TypeVar

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ldn_spark import schemas
from ldn_spark.delivery.reasons import explain
from ldn_spark.engine import collect
from ldn_spark.errors import Problem
from ldn_spark.ingest.suspicions import suspicious_ids
from ldn_spark.lake.versions import FileRecord, Lake, LakeVersion
from ldn_spark.progress import Progress, report
from ldn_spark.quality.amounts import Amounts, total
from ldn_spark.quality.assessment import Assessment, FileAccount, People, Repeated, StudyQuality
from ldn_spark.quality.atc import atc_rows
from ldn_spark.quality.coverage import Extract, cover, find_uncovered
from ldn_spark.quality.hits import Exposed, find_hits
from ldn_spark.runs.extent import extract_of, find_months
from ldn_spark.runs.preflight import count_codes
from ldn_spark.runs.run import holds, sets_of
from ldn_spark.shown import shown
from ldn_spark.study.atc.occurrences import Look
from ldn_spark.study.atc.stated_versions import NOTHING_STATED, StatedVersions
from ldn_spark.study.atc.uses import code_uses
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.study.ids import STUDY
from ldn_spark.study.load import Study
from ldn_spark.study.reach import days_looked_at, exposure_reach
from ldn_spark.transforms import in_order, quality
from ldn_spark.transforms.observed import find_observed
from ldn_spark.transforms.profile import summarise_dispensings

_EPOCH = date(1970, 1, 1)
_DISPENSINGS_AT_ONCE = 10_000_000
"""Repeated lines are looked for in parts of about this size, which bounds the memory."""
Found = TypeVar("Found")


def assess_lake(
    lake: Lake,
    version: LakeVersion,
    studies: Sequence[Study],
    *,
    stated: StatedVersions = NOTHING_STATED,
    repeated_lines: bool = False,
) -> Assessment:
    """Everything that a quality report says; the arguments are those of `write_quality_report`."""
    look = _Look(lake, version, stated, steps=3 + len(studies) + repeated_lines)
    by_year = look.at(lambda: _codes(look.profile))
    months = look.at(lambda: find_months(lake, version))
    people = look.at(lambda: _people(lake, version))
    extract = extract_of(version, months)
    assessed = tuple(look.at(lambda study=study: _study(look, study, extract)) for study in studies)
    by_code = _by_code(by_year)
    repeated = look.at(lambda: _repeated(look, by_year)) if repeated_lines else None
    return Assessment(
        version=version.number,
        files=tuple(map(_account, version.files)),
        explanations=_explanations(version.files),
        extract=extract,
        whole=total(by_code),
        atc=atc_rows(by_code),
        months=months,
        people=people,
        studies=assessed,
        repeated=repeated,
        nobodies=suspicious_ids(version.files),
        invented=version.invented,
    )


@dataclass
class _Look:
    """One look at a lake: what it reads, how far it is, and what it has found already."""

    lake: Lake
    version: LakeVersion
    stated: StatedVersions
    steps: int
    done: int = 0
    known: dict[str, Any] = field(default_factory=dict)

    def at(self, find: Callable[[], Found]) -> Found:
        """Find something and say how far the work is."""
        report(Progress("assessing the lake", self.done, self.steps, "parts"))
        found = find()
        self.done += 1
        report(Progress("assessing the lake", self.done, self.steps, "parts"))
        return found

    def once(self, key: Sequence[object], find: Callable[[], Found]) -> Found:
        """What several studies ask alike is looked up once."""
        text = json.dumps(key, default=str, sort_keys=True)
        if text not in self.known:
            self.known[text] = find()
        return self.known[text]

    def has(self, table: schemas.Table) -> bool:
        return table.name in self.version.tables

    def read(self, table: schemas.Table) -> DataFrame:
        return self.lake.read(table, self.version)

    @property
    def profile(self) -> DataFrame:
        """The dispensing profile; of a version that was made without one, from the registry."""
        if self.has(schemas.DISPENSING_PROFILE):
            return self.read(schemas.DISPENSING_PROFILE)
        return summarise_dispensings(self.read(schemas.DISPENSINGS))


ByYear = Mapping[tuple[str, int], Amounts]


def _codes(profile: DataFrame) -> ByYear:
    return {
        (row["atc"], row["year"]): Amounts(
            row["dispensings"],
            row["ddd_missing"],
            row["ddd_zero"],
            row["ddd_negative"],
            row["ddd_huge"],
            int(row["ddd_micro"]),
            row["ddd_micro_low"],
            row["ddd_micro_high"],
            (row["year"], row["first_month"]),
            (row["year"], row["last_month"]),
        )
        for row in collect.rows(quality.summarise_codes(profile))
    }


def _by_code(by_year: ByYear) -> dict[str, Amounts]:
    found: dict[str, Amounts] = {}
    for (atc, _), amounts in sorted(by_year.items()):
        found[atc] = found[atc] + amounts if atc in found else amounts
    return found


def _people(lake: Lake, version: LakeVersion) -> People:
    found = collect.one(quality.summarise_persons(lake.read(schemas.PERSONS, version)))
    noted = version.noted
    impossible = noted.get("birth_year_after_dispensing", 0) + noted.get("age_over_115", 0)
    return People(
        version.persons,
        version.sex_conflicts,
        version.birth_year_conflicts,
        found["sex_missing"],
        found["birth_year_missing"] - impossible,
        found["died"],
        impossible,
        noted.get("dispensed_after_death", 0),
    )


def _study(look: _Look, study: Study, extract: Extract | None) -> StudyQuality:
    definition, products = study.definition, study.exposure_products
    one = sets_of(study, look.version, look.stated)[STUDY]
    translation = one.translation
    dispensings = look.read(schemas.DISPENSINGS)
    exposure = definition.exposure
    asked = [exposure.model_dump(mode="json"), products, translation, definition.returns]
    rows = look.once(
        ["exposures", *asked],
        lambda: collect.rows(quality.count_exposures(dispensings, exposure, translation)),
    )
    index_days = quality.find_index_days(
        in_order.readable(dispensings, [exposure_reach(definition)], one.returns), one
    )
    counted = look.once(
        ["index days", *asked], lambda: collect.rows(quality.count_index_days(index_days))
    )
    days = days_looked_at(definition)
    observed = look.once(["observed", *asked, days], lambda: _observed(look, index_days, days))
    looks = tuple(map(Look.of, code_uses(definition)))
    index_dates = {_EPOCH + timedelta(row["index_day"]): row["persons"] for row in counted}
    return StudyQuality(
        definition.id,
        definition.title,
        cover(definition, index_dates, extract, observed),
        () if extract is None else _uncovered(definition, extract),
        find_hits(
            definition,
            products,
            count_codes(look.lake, look.version, study, translation, looks),
            [Exposed(row["atc"], row["product_number"], row["dispensings"]) for row in rows],
        ),
    )


def _uncovered(study: StudyDefinition, extract: Extract) -> tuple[Problem, ...]:
    found = find_uncovered(study, extract)
    return (*found.problems, *found.warnings)


def _observed(look: _Look, index_days: DataFrame, days: tuple[int, int]) -> int | None:
    """Persons observed on all of these days; None where no observation period was delivered."""
    if not look.once(["periods"], lambda: holds("observation periods", look.lake, look.version)):
        return None
    periods = look.read(schemas.OBSERVATION_PERIODS)
    observed = find_observed(index_days, periods, look.read(schemas.PERSONS), *days)
    return collect.one(observed.agg(F.count(F.lit(1)).alias("observed")))["observed"]


def _repeated(look: _Look, by_year: ByYear) -> tuple[Repeated, ...]:
    """Dispensings that are alike, year by year and within it by groups of codes."""
    dispensings = look.read(schemas.DISPENSINGS)
    counts: dict[int, dict[str, int]] = {}
    for (atc, year), amounts in by_year.items():
        groups = counts.setdefault(year, {})
        groups[atc[0]] = groups.get(atc[0], 0) + amounts.dispensings
    found = []
    for year, groups in sorted(counts.items()):
        repeats = across = 0
        for first, last in _parts(groups):
            part = dispensings.where(F.col("year") == year)
            part = part.where((F.col("atc") >= first) & (F.col("atc") < chr(ord(last) + 1)))
            row = collect.one(quality.count_repeated(part))
            repeats += row["repeats"] or 0
            across += row["across_files"] or 0
        found.append(Repeated(year, sum(groups.values()), repeats, across))
    return tuple(found)


def _parts(groups: Mapping[str, int]) -> list[tuple[str, str]]:
    """Neighbouring first letters of codes, together as long as they are not too many.

    >>> _parts({"A": 6_000_000, "B": 3_000_000, "C": 2_000_000, "N": 30_000_000})
    [('A', 'B'), ('C', 'C'), ('N', 'N')]
    """
    parts: list[tuple[str, str]] = []
    size = 0
    for letter, number in sorted(groups.items()):
        if parts and size + number <= _DISPENSINGS_AT_ONCE:
            parts[-1] = (parts[-1][0], letter)
            size += number
        else:
            parts.append((letter, letter))
            size = number
    return parts


def _account(file: FileRecord) -> FileAccount:
    kinds = {
        "rejected": file.rejected_by_reason,
        "repaired": file.repaired_by_reason,
        "noted": file.noted_by_reason,
    }
    return FileAccount(
        file.file_id,
        shown(file.name),
        file.kind,
        file.source,
        file.lines,
        file.accepted,
        file.rejected,
        file.repaired,
        file.superseded,
        {
            (kind, reason): lines
            for kind, by_reason in kinds.items()
            for reason, lines in sorted(by_reason.items())
        },
        file.left_out,
    )


def _explanations(files: Sequence[FileRecord]) -> Mapping[str, str]:
    """Every reason of the files in words; one that an earlier release gave may have none."""
    found = {}
    for file in files:
        for by_reason in (file.rejected_by_reason, file.repaired_by_reason, file.noted_by_reason):
            for reason in by_reason:
                with suppress(KeyError):
                    found[reason] = explain(reason)
    return found
