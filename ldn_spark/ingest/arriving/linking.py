"""Files on persons that link to few or no dispensings: told before anything of them is taken in.

The share is of the smaller side: of the persons of the file where these are fewer, of the persons
with dispensings where those are. So a file of a whole population beside a small extract links
fully, and so does a list of a few beside a registry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ldn_spark.delivery.files.blocks import DISPENSINGS
from ldn_spark.delivery.values.accepted import DEATHS
from ldn_spark.engine import collect
from ldn_spark.engine.sessions import in_tasks
from ldn_spark.errors import Problem
from ldn_spark.ingest.landing.tasks import STATEMENTS
from ldn_spark.ingest.suspicions import named_files
from ldn_spark.lake.drafts import mapped
from ldn_spark.schemas import OBSERVATION_PERIODS, PERSON_STATEMENTS, PERSONS
from ldn_spark.shown import counted, numbered

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from ldn_spark.ingest.arriving.intake import Intake
    from ldn_spark.lake.versions import FileRecord

REFUSED_BELOW, WARNED_BELOW = 1, 50
"""Percent of the smaller side."""
_SAID = "person_key bigint, pseudonym string, file_id int"
_SHAPES = 3
_MEND = "have both delivered with the same pseudonyms, or leave the file out"


@dataclass
class Links:
    """What is found.

    Attributes:
        problems: why an ingest turns the delivery away.
        warnings: what a person should look at.
    """

    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Shape:
    """How some ids are written.

    Attributes:
        signs: what they hold.
        ids: how many there are.
        shortest, longest: in characters.
        padded: whether any begins with a zero before a digit.
    """

    signs: tuple[str, ...]
    ids: int
    shortest: int
    longest: int
    padded: bool


def is_warned(counts: Mapping[str, int], percent: int = WARNED_BELOW) -> bool:
    """Whether fewer than some percent of the smaller side are of both.

    >>> is_warned({"companions": 5_000_000, "dispensed": 10_000, "both": 10_000})
    False
    >>> is_warned({"companions": 300, "dispensed": 300, "both": 149})
    True
    """
    least = min(counts["companions"], counts["dispensed"])
    return counts["both"] * 100 < least * percent


def is_refused(kind: str, counts: Mapping[str, int], ids_are_alike: bool) -> bool:
    """Whether a file cannot be of the persons who have the dispensings.

    Of a whole country's deaths, few or none may be of a small extract: where the ids are written
    alike, that is a warning.
    """
    return is_warned(counts, REFUSED_BELOW) and not (kind == DEATHS and ids_are_alike)


def described(shapes: Sequence[_Shape]) -> str:
    """How ids are written, the most frequent way first.

    >>> described([_Shape(("digits", "a point"), 9, 3, 5, False)])
    'digits and a point (3 to 5 characters)'
    """
    told = []
    for shape in shapes[:_SHAPES]:
        *before, last = shape.signs
        signs = f"{', '.join(before)} and {last}" if before else last
        size = f"{shape.shortest}"
        size += f" to {shape.longest}" if shape.longest > shape.shortest else ""
        length = "character" if shape.longest == 1 else "characters"
        told.append(f"{signs} ({size} {length}{', some padded with zeros' * shape.padded})")
    return " or ".join(told) + " or others" * (len(shapes) > _SHAPES)


def alike(some: Sequence[_Shape], others: Sequence[_Shape]) -> bool:
    """Whether ids of two sides are written in a way that both have."""
    return bool({(s.signs, s.padded) for s in some} & {(s.signs, s.padded) for s in others})


def find_links(intake: Intake) -> Links:
    """Hold the files on persons against the dispensings, those of the lake and those that come.

    A kind of files that comes is held against all persons with dispensings. Where dispensings come
    alone, what the lake knows of persons is held against all dispensings, and, for a warning,
    against those that come.
    """
    found = Links()
    new, old = _by_kind(intake.files), _by_kind(_staying(intake))
    if not ({*new, *old} - {DISPENSINGS}) or DISPENSINGS not in {*new, *old}:
        return found
    said = _Said(intake, new, old)
    for kind in sorted({*new, *old} - {DISPENSINGS}):
        if kind in new:
            _judge(found, said, kind, new[kind], said.dispensed(), new=True)
        elif DISPENSINGS in new and not _judge(found, said, kind, old[kind], said.dispensed()):
            _judge(found, said, kind, old[kind], said.new(DISPENSINGS), refuse=False)
    return found


def _judge(
    found: Links,
    said: _Said,
    kind: str,
    files: Sequence[FileRecord],
    dispensed: DataFrame,
    *,
    new: bool = False,
    refuse: bool = True,
) -> bool:
    """Judge one kind of files; whether anything is said."""
    from ldn_spark.transforms.links import count_links, find_unlinked_files

    companions = said.new(kind) if new else said.old(kind)
    counts = collect.one(count_links(companions, dispensed))
    names = named_files([file.name for file in files])
    if is_warned(counts):
        ids = shapes_of(companions), shapes_of(dispensed)
        problem = Problem(names, _told(kind, counts, *ids), _MEND)
        if refuse and is_refused(kind, counts, alike(*ids)):
            found.problems.append(problem)
        else:
            found.warnings.append(str(problem))
        return True
    if new and len(files) > 1 and counts["both"]:
        rows = collect.rows(find_unlinked_files(companions, dispensed))
        alone = {row["file_id"] for row in rows}
        if lost := [file.name for file in files if file.file_id in alone]:
            what = f"nobody of this file links to the dispensings, unlike other {kind}"
            found.warnings += [str(Problem(name, what, _MEND)) for name in lost]
    return False


def _told(
    kind: str, counts: Mapping[str, int], some: Sequence[_Shape], others: Sequence[_Shape]
) -> str:
    both, least = counts["both"], min(counts["companions"], counts["dispensed"])
    some_link = f"only {counted(both)} of {numbered(least, 'person links', 'persons link')}"
    return (
        f"{some_link if both else 'nobody links'} to the dispensings: the {kind} are of "
        f"{numbered(counts['companions'], 'person')}, and "
        f"{numbered(counts['dispensed'], 'has', 'have')} dispensings; ids of the {kind} are "
        f"{described(some)}, those of the dispensings {described(others)}"
    )


def shapes_of(ids: DataFrame) -> list[_Shape]:
    """How ids are written, the most frequent way first."""
    from ldn_spark.transforms.links import SIGNS, describe_ids

    rows = collect.rows(describe_ids(ids.where("pseudonym is not null")))
    shapes = [
        _Shape(
            tuple(sign for sign in SIGNS if row[sign]),
            row["ids"],
            row["shortest"],
            row["longest"],
            bool(row["padded"]),
        )
        for row in rows
    ]
    return sorted(shapes, key=lambda shape: (-shape.ids, shape.signs))


def _by_kind(files: Iterable[FileRecord]) -> dict[str, list[FileRecord]]:
    kinds: dict[str, list[FileRecord]] = {}
    for file in files:
        if file.accepted:
            kinds.setdefault(file.kind, []).append(file)
    return kinds


def _staying(intake: Intake) -> Iterator[FileRecord]:
    for file in intake.before.files if intake.before else ():
        if not file.is_replaced and file.file_id not in intake.replacement.of_files:
            yield file


class _Said:
    """Who stands in which files: person_key, pseudonym and file_id for the engine."""

    def __init__(
        self,
        intake: Intake,
        new: Mapping[str, Sequence[FileRecord]],
        old: Mapping[str, Sequence[FileRecord]],
    ) -> None:
        self._intake = intake
        self._new, self._old = new, old

    def new(self, kind: str) -> DataFrame:
        """Who stands in the arriving files of a kind."""
        return self._arriving(kind).where(_of(self._new[kind]))

    def old(self, kind: str) -> DataFrame:
        """Who stands in the lake's files of a kind; periods have no pseudonyms there."""
        from pyspark.sql import functions as F

        if kind == OBSERVATION_PERIODS.name:
            periods = self._intake.old(OBSERVATION_PERIODS)
            return periods.select("person_key", F.lit(None).cast("string").alias("pseudonym"))
        statements = self._intake.old(PERSON_STATEMENTS).where(_of(self._old[kind]))
        return statements.select("person_key", "pseudonym", "file_id")

    def dispensed(self) -> DataFrame:
        """Who has dispensings, in the lake or among those that arrive."""
        sides = [self.new(DISPENSINGS)] if DISPENSINGS in self._new else []
        if DISPENSINGS in self._old:
            persons = self._intake.old(PERSONS).where("first_dispensed_on is not null")
            sides.append(persons)
        sides = [side.select("person_key", "pseudonym") for side in sides]
        return sides[0] if len(sides) == 1 else sides[0].unionByName(sides[1])

    def _arriving(self, kind: str) -> DataFrame:
        if kind == OBSERVATION_PERIODS.name:
            return self._intake.landed(kind).select("person_key", "pseudonym", "file_id")
        paths = sorted(map(str, (self._intake.landing / STATEMENTS).glob("*.arrow")))

        def read(numbers: range) -> Iterator[pa.RecordBatch]:
            for number in numbers:
                rows = mapped(paths[number]).select(["person_key", "pseudonym", "file_id"])
                yield from rows.to_batches()

        return in_tasks(self._intake.lake.spark, len(paths), read, _SAID)


def _of(files: Sequence[FileRecord]) -> Any:
    from pyspark.sql import functions as F

    return F.col("file_id").isin(*(file.file_id for file in files))
