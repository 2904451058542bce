"""The lake: registry tables and the version records that make them visible.

    LAKE/{persons,dispensings,rejected_dispensings}  Delta tables
    LAKE/_versions/00000001.json                     one record per ingest, written last
    LAKE/runs/<run_id>/                              tables of a run; see `run_tables`
    LAKE/_ledger/                                    how every run ended; see `ledger`

A reader takes the Delta version of every table from a version record, never the latest of each:
what a killed ingest left behind is never seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ldn_spark.delivery.values.erased import ERASED
from ldn_spark.engine.sessions import engine_path, read_parquet, tasks_at_once
from ldn_spark.engine.waiting import wait_for
from ldn_spark.errors import (
    ConflictError,
    DeliveryError,
    EmptyInputError,
    EngineError,
    Problem,
    UsageError,
)
from ldn_spark.lake.delta_log import delta_version
from ldn_spark.lake.small_files import only_one, put_if_absent
from ldn_spark.lake.sums import NO_FILE
from ldn_spark.places.files import delete, make_folder, put
from ldn_spark.places.place import Place
from ldn_spark.schemas import DISPENSING_PROFILE, DISPENSINGS, Table
from ldn_spark.texts.sealed import CHECKSUM, is_as_written, sealed

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, DataFrameWriter, SparkSession

_VERSIONS = "_versions"
_RETURNED = ("ddd_negative", "packages_negative")
"""Notes that an ingest makes of a returned medicine."""
_NEVER = "1000000"
"""Commits between two checkpoints of a table's log: Sail 0.7.2 cannot read a version that is older
than the last checkpoint, and every earlier version of a lake stays readable."""


LAYOUT = 2
"""Of the lakes that are made now: with the columns that `Table.later` names."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A delivered file and what became of its lines.

    Every line is accepted, rejected or left out; `repaired` of the accepted ones were mended in
    some field. A line is rejected for one reason, and may be mended or noted for several.

    Attributes:
        kind: dispensings, persons, deaths or observation_periods.
        atc_version: the year of the ATC index of its codes, or `at_dispensing`; None for not
            declared.
        version: the lake version that it came with; 0 while it is being taken in.
        superseded: dispensings of this file that later deliveries have replaced.
        first_dispensed_on, last_dispensed_on: ISO dates; empty for no dispensing.
        lookups: SHA-256 of the lookups that its rows were parsed with, by name.
        birth_year_slack: years by which a person may be older than its lines say: 1 for ages.
        further_records: records behind the first of a rejected line with stray carriage returns;
            they are lost with their line.
        content: SHA-256 of its plain text where it was packed or in UTF-16; empty otherwise.
        markers: fields by column and text that look like missing values and were not declared.
        left_out_by_column: lines that are neither accepted nor rejected because the source does
            not mean them, by the column that tells them.
        known_by_column: accepted lines by columns of ours of which they know the value.
        nobodies: accepted lines by pseudonyms that look like nobody's; see `markers.nobodies`.
    """

    file_id: int
    name: str
    bytes: int
    sha256: str
    source: str
    lines: int
    accepted: int
    rejected: int
    rejected_by_reason: Mapping[str, int]
    repaired_by_reason: Mapping[str, int]
    repaired: int = 0
    noted_by_reason: Mapping[str, int] = field(default_factory=dict)
    kind: str = DISPENSINGS.name
    atc_version: int | str | None = None
    version: int = 0
    superseded: int = 0
    first_dispensed_on: str = ""
    last_dispensed_on: str = ""
    lookups: Mapping[str, str] = field(default_factory=dict)
    birth_year_slack: int = 0
    content: str = ""
    further_records: int = 0
    markers: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    nobodies: Mapping[str, int] = field(default_factory=dict)
    left_out_by_column: Mapping[str, int] = field(default_factory=dict)
    known_by_column: Mapping[str, int] = field(default_factory=dict)

    @property
    def left_out(self) -> int:
        """Lines that the source does not mean."""
        return sum(self.left_out_by_column.values())

    @property
    def erased(self) -> int:
        """Those of them that are left out because they are of erased persons."""
        return self.left_out_by_column.get(ERASED, 0)

    @property
    def is_replaced(self) -> bool:
        """Whether nothing of it is left in the lake."""
        return 0 < self.accepted <= self.superseded


@dataclass(frozen=True, slots=True)
class LakeVersion:
    """The state of a lake after one ingest.

    Attributes:
        number: counted from 1.
        tables: Delta version of each registry table.
        files: every file taken in so far.
        persons: persons in the register.
        dispensings: dispensings accepted.
        sex_conflicts, birth_year_conflicts: persons with contradictory values, kept as unknown.
        years: dispensings per year.
        first_dispensed_on, last_dispensed_on: ISO dates; empty for no dispensing.
        replaced: what its delivery was declared to replace; empty for nothing.
        noted: persons by what does not fit together, see `reasons.OF_PERSONS`.
        layout: which columns its tables have, see `Table.later`.
        sums: size and checksums of every data file, by table and the file's path in it; empty
            where an earlier software version wrote the record.
        commits: SHA-256 of the log of every table, see `contents.contents_of`; as above.
        erasures: the version with which each erasure of persons was carried out, by its id.
        bases: Delta version of each table whose log begins with a checkpoint of it; the others'
            begin with their first commit.
        invented: whether any delivery so far was marked as invented; see `invented`.
    """

    number: int
    tables: Mapping[str, int]
    files: tuple[FileRecord, ...]
    persons: int
    dispensings: int
    sex_conflicts: int
    birth_year_conflicts: int
    years: Mapping[str, int] = field(default_factory=dict)
    first_dispensed_on: str = ""
    last_dispensed_on: str = ""
    replaced: str = ""
    invented: bool = False
    noted: Mapping[str, int] = field(default_factory=dict)
    layout: int = 1
    sums: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    commits: Mapping[str, str] = field(default_factory=dict)
    bases: Mapping[str, int] = field(default_factory=dict)
    erasures: Mapping[str, int] = field(default_factory=dict)

    @property
    def lines(self) -> int:
        """Lines of dispensings delivered so far, without those replaced or of erased persons."""
        files = [file for file in self.files if file.kind == DISPENSINGS.name]
        return sum(file.lines - file.superseded - file.erased for file in files)

    @property
    def may_hold_returns(self) -> bool:
        """Whether any line has a negative amount, told without a look at the lines.

        True also where an earlier software version did not note it.
        """
        if DISPENSING_PROFILE.name not in self.tables:
            return True
        return any(file.noted_by_reason.get(note) for file in self.files for note in _RETURNED)

    @property
    def rejected(self) -> int:
        """Lines rejected so far, in files of every kind."""
        return sum(file.rejected for file in self.files)

    def to_json(self) -> str:
        """The record as it is stored, with a checksum of its own."""
        return json.dumps(sealed(asdict(self)), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> LakeVersion:
        """The record as it was stored; of an earlier software version without a checksum.

        Raises:
            ValueError: it is not what was stored.
        """
        content: dict[str, Any] = json.loads(text)
        if CHECKSUM in content and not is_as_written(content):
            raise ValueError("the checksum differs")
        content.pop(CHECKSUM, None)
        files = tuple(FileRecord(**file) for file in content.pop("files"))
        return cls(files=files, **content)


@dataclass(frozen=True, slots=True)
class Lake:
    """A lake at a folder that every node of the engine sees under the same path."""

    spark: SparkSession
    root: Place

    def version(self, as_of: int | None = None) -> LakeVersion:
        """The latest version, or the one asked for.

        Raises:
            DeliveryError: there is no lake.
            EmptyInputError: nothing was ever taken in.
            UsageError: there is no such version.
        """
        return read_version(self.root, as_of)

    def read(self, table: Table, version: LakeVersion) -> DataFrame:
        """A registry table as it was at a version, columns in the order of its schema.

        Raises:
            EngineError: the table is not there any more.
        """
        if table.name not in version.tables:
            raise _too_old(self.root, f"has no {table.name}")
        later = table.later if version.layout < LAYOUT else ()
        base = version.bases.get(table.name)
        return self.read_at(table, version.tables[table.name], base=base, unknown=later)

    def read_at(
        self, table: Table, delta: int, *, base: int | None = None, unknown: Sequence[str] = ()
    ) -> DataFrame:
        """A registry table at a Delta version, columns in the order of its schema.

        Args:
            table: which.
            delta: its version.
            base: the version of the checkpoint that its log begins with; None for no checkpoint.
            unknown: columns that it did not have yet: they are null.

        Raises:
            EngineError: the table is not there any more.
        """
        path = self.root / table.name
        there = delta_version(path)
        if there is None or there < delta:
            what = f"the table is not there in version {delta}, which the lake's record names"
            raise EngineError(Problem(str(path), what, "restore the lake from a backup"))
        found = _read_files(self.spark, path, table, (delta, base), unknown)
        if not unknown:
            return found.select(*table.names)
        from pyspark.sql import functions as F

        nulls = {name: F.lit(None).cast(dict(table.columns)[name]).alias(name) for name in unknown}
        return found.select(*(nulls.get(name, F.col(name)) for name in table.names))


def _read_files(
    spark: SparkSession,
    path: Place,
    table: Table,
    log: tuple[int, int | None],
    unknown: Sequence[str],
) -> DataFrame:
    """A Delta table as its files hold it: the columns but those unknown yet.

    Spark is handed the names of the files: to find them, Delta reads the log by some ten jobs.
    """
    if tasks_at_once(spark) is not None:
        reader = spark.read.format("delta").option("versionAsOf", log[0])
        return reader.load(engine_path(spark, path))
    from ldn_spark.lake.contents import contents_of

    held = [f"{name} {kind}" for name, kind in table.columns if name not in unknown]
    files = [path / file.name for file in contents_of(path, *log).files]
    if not files:
        return spark.createDataFrame([], ", ".join(held))
    return read_parquet(spark, *files, ddl=", ".join(held), base=path)


def require_layout(root: Place, version: LakeVersion | None) -> None:
    """A delivery can be taken into the lake: its tables have all columns.

    Raises:
        UsageError: an earlier software version made it. Studies run on it all the same.
    """
    if version is not None and version.layout < LAYOUT:
        raise _too_old(root, "does not know the first and last dispensing of each person")


def _too_old(root: Place, what: str) -> UsageError:
    made = f"the lake was made by an earlier software version and {what}"
    return UsageError(Problem(str(root), made, "take its deliveries into a new lake"))


def known_versions(root: Place) -> list[int]:
    """The numbers of the versions of a lake, ascending; empty for none."""
    return sorted(
        int(file.stem) for file in (root / _VERSIONS).glob("*.json") if file.stem.isdecimal()
    )


def read_version(root: Place, as_of: int | None = None) -> LakeVersion:
    """The record of a lake's latest version, or of the one asked for; see `Lake.version`."""
    if not root.is_dir():
        raise DeliveryError(
            Problem(str(root), "there is no lake", "make one with: ldn ingest DELIVERY --lake LAKE")
        )
    known = known_versions(root)
    if not known:
        raise EmptyInputError(
            Problem(
                str(root),
                "the folder holds no registry yet",
                "fill it with: ldn ingest DELIVERY --lake LAKE",
            )
        )
    if as_of is not None and as_of not in known:
        raise UsageError(
            Problem("--as-of", f"the lake has no version {as_of}", f"it has {_span(known)}")
        )
    number = known[-1] if as_of is None else as_of
    file = _version_file(root, number)
    try:
        return LakeVersion.from_json(file.read_text(encoding="utf-8"))
    except (*NO_FILE, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        what = "the version record is damaged"
        raise EngineError(Problem(str(file), what, "restore it from a backup")) from None


def _span(known: list[int]) -> str:
    return f"versions {known[0]} to {known[-1]}" if len(known) > 1 else f"version {known[0]}"


def _version_file(root: Place, number: int) -> Place:
    return root / _VERSIONS / f"{number:08d}.json"


def publish_version(root: Place, version: LakeVersion) -> None:
    """Make a version visible: all or nothing, and never over another one.

    Raises:
        ConflictError: another ingest published this number first.
    """
    if not put_if_absent(_version_file(root, version.number), version.to_json().encode()):
        what = "another ingest finished first"
        raise ConflictError(Problem(str(root), what, "run this one again"))


def replace_version(root: Place, version: LakeVersion) -> None:
    """Write a record anew, whole, in the place of the one of its number."""
    put(_version_file(root, version.number), version.to_json().encode())


def remove_version(root: Place, number: int) -> None:
    """Take a version out of sight; its data stay where they are."""
    delete(_version_file(root, number))


@contextmanager
def only_writer(root: Place) -> Iterator[None]:
    """Hold the lake for one that writes to it, see `holding.held`.

    Two ingests that meet all the same are told apart by their commits, and only one can publish.

    Raises:
        ConflictError: another ingest, prune or erasure is at work.
    """
    what = "another ingest, prune or erasure is writing to this lake"
    with only_one(root, Problem(str(root), what, "wait for it and run this again")):
        yield


def write_table(frame: DataFrame, path: Place, table: Table, *, token: str = "") -> None:
    """Overwrite a Delta table in one commit.

    Columns are cast to the schema by name, because engines differ in what they do with others.
    Minima and maxima go into the log for `statistics_on` only: identifiers never stand there.

    Args:
        frame: the rows; more columns than the table's are left out.
        path: the table's folder.
        table: its definition.
        token: stands in the log, to tell the writer by.
    """
    writer = _writer(frame, table, token).mode("overwrite").options(**table_properties(table))
    make_folder(path.parent)
    target = engine_path(frame.sparkSession, path)
    wait_for(lambda: writer.save(target))


def table_properties(table: Table) -> dict[str, str]:
    """The properties that a Delta table is made with, whoever makes it."""
    if table.statistics_on:
        told = {"delta.dataSkippingStatsColumns": ",".join(table.statistics_on)}
    else:
        told = {"delta.dataSkippingNumIndexedCols": "0"}
    return {"delta.checkpointInterval": _NEVER, **told}


def append_rows(frame: DataFrame, path: Place, table: Table, *, token: str = "") -> None:
    """Add rows to a Delta table in one commit; otherwise as `write_table`.

    Sail keeps the order of the rows here, and loses it where it replaces a part of a table.
    """
    writer = _writer(frame, table, token).mode("append")
    target = engine_path(frame.sparkSession, path)
    wait_for(lambda: writer.save(target))


def _writer(frame: DataFrame, table: Table, token: str) -> DataFrameWriter:
    writer = cast_to(frame, table).write.format("delta")
    if table.partition_by:
        writer = writer.partitionBy(*table.partition_by)
    return writer.option("userMetadata", token) if token else writer


def cast_to(frame: DataFrame, table: Table) -> DataFrame:
    """The columns of a table by name, in its types."""
    return frame.select(*[frame[name].cast(kind).alias(name) for name, kind in table.columns])
