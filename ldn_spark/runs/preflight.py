"""What the codes of a study find in a lake, before anything is run.

A code that finds nothing is a wrong code or a lake of another ATC version, and a column of zeros
that looks like a result is the worst answer. The counts come from the dispensing profile, a small
table; for a lake without one, or one whose files are of several ATC versions, from the registry.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F

from ldn_spark import schemas
from ldn_spark.drift.dispensed import Dispensed, dispensed_of
from ldn_spark.engine import collect
from ldn_spark.engine.waiting import wait_for_both
from ldn_spark.errors import EmptyInputError, Problem, QualityGateError
from ldn_spark.lake.versions import Lake, LakeVersion
from ldn_spark.quality.coverage import Extract, find_uncovered
from ldn_spark.runs.exposed import (
    ExposureFound,
    Returned,
    find_exposures,
    missing_exposure,
    returned_exposure,
)
from ldn_spark.runs.extent import find_extract
from ldn_spark.runs.run import undelivered_of
from ldn_spark.study.atc.history import BEGINNING
from ldn_spark.study.atc.index_check import IndexCheck, ReadAs
from ldn_spark.study.atc.occurrences import Found, Look, Occurrence, find
from ldn_spark.study.atc.translation import Translation
from ldn_spark.study.atc.uses import code_uses, points_of
from ldn_spark.study.codes import ATC_LENGTHS, shortest_prefixes
from ldn_spark.study.criteria import Delivered
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.study.ids import STUDY
from ldn_spark.study.load import Study
from ldn_spark.study.selection import unknown_of
from ldn_spark.study.sets import StudySet
from ldn_spark.transforms.atc_versions import require_codes
from ldn_spark.transforms.codes import begins_with_any
from ldn_spark.transforms.days import require_years


@dataclass(frozen=True, slots=True)
class OutcomeFound:
    """What the codes of an outcome find in the years that a run would read."""

    id: str
    found: Found
    may_be_empty: bool


@dataclass(frozen=True, slots=True)
class Preflight:
    """What a study would find, and what speaks against running it.

    Attributes:
        exposure: dispensings of the exposure's ATC codes in the index period.
        products: those of them that are the exposure.
        returned: what was returned of the exposure, in all days of the lake.
        outcomes: in the order of the study.
        read_as: delivered codes that are read as others in the study's ATC index.
        problems: any of them stops a run.
        warnings: what a person should know.
        others: what was found of the further exposures, by their ids.
        dispensed: what of the study's codes, and of its further exposures', was dispensed in the
            registry; empty where the lake has no profile.
    """

    exposure: int
    products: int
    returned: Returned
    outcomes: tuple[OutcomeFound, ...]
    read_as: tuple[ReadAs, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    others: Mapping[str, ExposureFound] = field(default_factory=dict)
    dispensed: tuple[Dispensed, ...] = ()

    def require_no_problem(self) -> None:
        """Stop where the data contradict the study.

        Raises:
            QualityGateError: with every problem.
        """
        if self.problems:
            raise QualityGateError(self.problems)


def preflight(lake: Lake, version: LakeVersion, cohorts: Mapping[str, StudySet]) -> Preflight:
    """Look up what every code of a study finds; see `preflights`."""
    (found,) = preflights(lake, version, [cohorts])
    return found


def preflights(
    lake: Lake, version: LakeVersion, studies: Sequence[Mapping[str, StudySet]]
) -> tuple[Preflight, ...]:
    """Look up what every code of each study finds, and whether the extract covers its days.

    Nothing is written. Codes that are looked for outside the extract alone are not named: that
    nothing is found there says nothing of them. All studies share the looks at the lake.

    Args:
        lake, version: where it is looked.
        studies: of each its cohorts by exposure, its own first.

    Raises:
        EmptyInputError: the lake holds no dispensing.
    """
    if version.dispensings == 0:
        raise EmptyInputError(
            Problem(str(lake.root), "the lake holds no dispensing", "take a delivery in first")
        )
    sets = [one for cohorts in studies for one in cohorts.values()]
    (profile, exposed), extract = wait_for_both(
        lambda: wait_for_both(
            lambda: _count_in_profile(lake, version) if _has_profile(version) else [],
            lambda: find_exposures(lake, version, sets),
        ),
        lambda: find_extract(lake, version),
    )
    assert extract is not None, "the lake holds dispensings"
    evidence = _Evidence(lake, version, profile, exposed, extract)
    return tuple(_preflight(evidence, cohorts) for cohorts in studies)


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What the looks at a lake found for all studies.

    Attributes:
        profile: dispensings by year and delivered code; empty where the lake has no profile.
        exposed: what was found of every exposure, by the number of the set.
        extract: the days that the lake holds.
    """

    lake: Lake
    version: LakeVersion
    profile: list[dict[str, Any]]
    exposed: Mapping[int, ExposureFound]
    extract: Extract

    def occurrences(self, one: StudySet, looks: Sequence[Look]) -> list[Occurrence]:
        """Where the codes that could matter to a cohort stand."""
        if _profile_tells(self.version, one.translation):
            return _occurrences(self.profile, one.translation)
        return count_codes(self.lake, self.version, one.study, one.translation, looks)


def _preflight(evidence: _Evidence, cohorts: Mapping[str, StudySet]) -> Preflight:
    """What the codes of a study find, its own exposure and the further ones."""
    own = cohorts[STUDY]
    study, lake, version = own.study, evidence.lake, evidence.version
    uses = code_uses(study.definition)
    looks = tuple(map(Look.of, uses))
    occurrences, exposed = evidence.occurrences(own, looks), evidence.exposed[own.number]
    check = IndexCheck(own.translation, study.alterations, looks, occurrences)
    uncovered = find_uncovered(study.definition, evidence.extract)
    undelivered = undelivered_of(study.definition, lake, version)
    of_subgroups, of_conditions = unknown_conditions(study.definition, undelivered)
    problems = [*of_subgroups, *uncovered.problems, *check.problems()]
    if not uncovered.no_index_date:
        problems += missing_exposure(study, version, exposed)
    warnings = [
        *of_conditions,
        *uncovered.warnings,
        *check.warnings(),
        *returned_exposure(study, exposed.returned),
    ]
    may_be_empty = {outcome.id: outcome.may_be_empty for outcome in study.definition.outcomes}
    outcomes = []
    for use, look in zip(uses, looks, strict=True):
        found = find(look, occurrences)
        if use.kind == "outcome":
            outcomes.append(OutcomeFound(use.id, found, may_be_empty[use.id]))
        if found.dispensings or use.kind == "exposure" or uncovered.explains(use.reach):
            continue
        elsewhere = any(
            one.part.read(one.code).startswith(look.prefixes) for one in occurrences
        ) or _stands_elsewhere(lake, version, own.translation, look)
        accepted = use.kind != "outcome" or may_be_empty[use.id]
        (warnings if accepted else problems).append(_empty(look, elsewhere=elsewhere))
    others = {name: one for name, one in cohorts.items() if name != STUDY}
    read_as = check.read_as()
    for exposure, one in others.items():
        returned = returned_exposure(one.study, evidence.exposed[one.number].returned)
        warnings += [each.within(f"exposure {exposure}") for each in returned]
        if other := _check_of_other(evidence, exposure, one, study):
            problems += [each for each in other.problems() if each not in problems]
            warnings += [each for each in other.warnings() if each not in warnings]
            read_as += tuple(each for each in other.read_as() if each not in read_as)
    return Preflight(
        exposed.atc,
        exposed.products,
        exposed.returned,
        tuple(outcomes),
        read_as,
        tuple(problems),
        tuple(warnings),
        {name: evidence.exposed[one.number] for name, one in others.items()},
        _dispensed(evidence, cohorts),
    )


def _dispensed(evidence: _Evidence, cohorts: Mapping[str, StudySet]) -> tuple[Dispensed, ...]:
    """What the registry holds of all codes that a study uses, for its own and other exposures."""
    codes = {
        code for one in cohorts.values() for use in code_uses(one.definition) for code in use.codes
    }
    parts = list(dict.fromkeys(part for one in cohorts.values() for part in one.translation.parts))
    return dispensed_of(evidence.profile, codes, parts)


def _check_of_other(
    evidence: _Evidence, exposure: str, one: StudySet, study: Study
) -> IndexCheck | None:
    """The codes of a further exposure, held against the index that they are taken in.

    Only where alterations touch them which the study's own codes have nothing to do with. What it
    finds is not asked: its cohort may be empty, and its attrition says so.
    """
    if set(one.study.alterations.rows) <= set(study.alterations.rows):
        return None
    looks = tuple(
        replace(look, name=f"{look.name} {exposure}") if look.name == "exposure" else look
        for look in map(Look.of, code_uses(one.definition))
    )
    occurrences = evidence.occurrences(one, looks)
    return IndexCheck(one.translation, one.study.alterations, looks, occurrences)


def unknown_conditions(
    study: StudyDefinition, undelivered: Collection[Delivered]
) -> tuple[list[Problem], list[Problem]]:
    """What a study asks of data that were not delivered.

    A condition then excludes nobody, which is a warning. Of a subgroup nobody is known to be a
    member, and its tables would be zeros that look like results: that is a problem.

    Returns:
        Problems and warnings.
    """
    problems = [
        Problem(
            f"subgroup {group.id}",
            f"it is unknown who belongs to it: {why}",
            "take them in, or leave the subgroup out",
        )
        for group in study.subgroups
        if (why := unknown_of(group.keep_if, undelivered))
    ]
    warnings = [
        Problem(
            f"condition {step.id}",
            f"it is unknown who meets it: {why}",
            "nobody is excluded for it; take them in",
        )
        for step in study.eligibility
        if (why := unknown_of(step.keep_if, undelivered))
    ]
    return problems, warnings


def count_codes(
    lake: Lake,
    version: LakeVersion,
    study: Study,
    translation: Translation,
    looks: Sequence[Look],
) -> list[Occurrence]:
    """How often every delivered code that could matter stands in each part and year.

    From the dispensing profile these are all years of the lake, else those that are looked at.
    """
    if _profile_tells(version, translation):
        return _occurrences(_count_in_profile(lake, version), translation)
    groups = list(dict.fromkeys(part.file_ids for part in translation.parts))
    wanted = {prefix for look in looks for prefix in look.prefixes}
    first, last = min(look.first_year for look in looks), max(look.last_year for look in looks)
    lines = require_years(
        lake.read(schemas.DISPENSINGS, version), None if first == BEGINNING else first, last
    ).where(_could_matter(wanted, points_of(study.alterations.rows)))
    rows = collect.rows(
        lines.groupBy("year", "atc", _group_of(groups).cast("int").alias("files")).agg(
            F.count(F.lit(1)).cast("bigint").alias("dispensings")
        )
    )
    return _occurrences(rows, translation)


def _count_in_profile(lake: Lake, version: LakeVersion) -> list[dict[str, Any]]:
    """Dispensings and DDDs of every year and delivered code, all files being of one group."""
    profile = lake.read(schemas.DISPENSING_PROFILE, version)
    kinds = dict(schemas.DISPENSING_PROFILE.columns)
    return collect.rows(
        profile.groupBy("year", "atc", F.lit(0).alias("files")).agg(
            *(
                F.sum(name).cast(kinds[name]).alias(name)
                for name in ("dispensings", "ddd_micro", "ddd_missing")
            )
        )
    )


def _occurrences(rows: Iterable[Mapping[str, Any]], translation: Translation) -> list[Occurrence]:
    """Counted codes as they stand in the parts of a lake; `files` numbers the groups of files."""
    groups = list(dict.fromkeys(part.file_ids for part in translation.parts))
    return [
        Occurrence(part, row["year"], row["atc"], row["dispensings"])
        for row in rows
        for part in translation.parts
        if part.file_ids == groups[row["files"]]
        and part.first_year <= row["year"] <= part.last_year
    ]


def _profile_tells(version: LakeVersion, translation: Translation) -> bool:
    """Whether the dispensing profile says how often each code stands in each part.

    A lake made by an earlier software version has none, and it does not tell files apart.
    """
    return _has_profile(version) and len({part.file_ids for part in translation.parts}) == 1


def _has_profile(version: LakeVersion) -> bool:
    """Whether a lake has the small table of what was dispensed when; earlier ones do not."""
    return schemas.DISPENSING_PROFILE.name in version.tables


def _could_matter(wanted: Iterable[str], points: Iterable[str]) -> Column:
    """Codes under the asked ones, under altered ones, or coarser than an altered one."""
    points = set(points)
    under = begins_with_any("atc", shortest_prefixes({*wanted, *points}))
    coarser = {point[:length] for point in points for length in ATC_LENGTHS[:-1]}
    return under | F.col("atc").isin(*sorted(coarser)) if coarser else under


def _group_of(groups: Sequence[tuple[int, ...] | None]) -> Column:
    """The number of the group of files that a dispensing belongs to."""
    chain = F
    for number, files in enumerate(groups):
        if files is not None:
            chain = chain.when(F.col("file_id").isin(*files), F.lit(number))
    return F.lit(0) if chain is F else chain


def _stands_elsewhere(
    lake: Lake, version: LakeVersion, translation: Translation, look: Look
) -> bool:
    """Whether codes that find nothing in the years looked at stand in others, not counted."""
    if _profile_tells(version, translation):
        return False
    registry = lake.read(schemas.DISPENSINGS, version)
    found = require_codes(registry, look.prefixes, translation)
    return bool(collect.rows(found.select("atc").limit(1)))


def _empty(look: Look, *, elsewhere: bool) -> Problem:
    where = f"in {_years(look)}" if elsewhere else "in the lake"
    return Problem(
        look.name,
        f"no dispensing {where} has a code under {', '.join(look.prefixes)}",
        "check the codes and the ATC version of the extract",
    )


def _years(look: Look) -> str:
    """`2012–2014`, `until 2014` or `2013`."""
    if look.first_year == BEGINNING:
        return f"the years until {look.last_year}"
    if look.first_year == look.last_year:
        return str(look.first_year)
    return f"{look.first_year}–{look.last_year}"
