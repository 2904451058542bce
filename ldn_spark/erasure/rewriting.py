"""The tables of a lake without some persons: files that hold any are written anew, rows in order.

No engine is needed: who wrote a data file held it in memory. A file that earlier software wrote,
with values of other rows in its dictionary pages, is written anew too.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ldn_spark.ingest.writing.merging import count_persons
from ldn_spark.ingest.writing.profiles import count_profile
from ldn_spark.lake.arrow import arrow_schema
from ldn_spark.lake.commits import DataFile
from ldn_spark.lake.contents import Contents
from ldn_spark.lake.drafts import write_stored
from ldn_spark.places.files import files_below, opened
from ldn_spark.places.place import Place
from ldn_spark.schemas import DISPENSING_PROFILE, DISPENSINGS, PERSONS, Table

_OF_DISPENSINGS = pa.schema(
    [field_ for field_ in arrow_schema(DISPENSINGS) if field_.name not in DISPENSINGS.partition_by]
)
_TEXTS = ("atc", "product_number", "reimbursement_icd", "reimbursement_icpc", "line_key")
_KEYS = ("year", "month", "atc")
Told = Callable[[int], None]


@dataclass
class Rewritten:
    """What becomes of a table.

    Attributes:
        files: the new files.
        names: the paths of those that go.
        erased: rows that go.
        by_file: rows that go by file_id, where the table has one.
        spans: of the dispensings that stay, first and last day by file_id.
        by_year: of the dispensings, rows that stay by year.
        years: years of the dispensings that go.
        profiles: what each file of the dispensings adds to their profile.
        noted: of the persons that stay, by what does not fit together.
        persons, sex_conflicts, birth_year_conflicts: of the persons that stay.
    """

    files: list[DataFile] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    erased: int = 0
    by_file: Counter[int] = field(default_factory=Counter)
    spans: dict[int, tuple[date, date]] = field(default_factory=dict)
    by_year: Counter[int] = field(default_factory=Counter)
    years: set[int] = field(default_factory=set)
    profiles: dict[int, list[pa.Table]] = field(default_factory=dict)
    noted: Counter[str] = field(default_factory=Counter)
    persons: int = 0
    sex_conflicts: int = 0
    birth_year_conflicts: int = 0


def persons_of(folder: Place, held: Contents, pseudonyms: pa.Array) -> pa.Table:
    """Key and pseudonym of those persons that a table knows, once or several times."""
    tables = [_NOBODY]
    for file in held.files:
        rows = _read(folder / file.name, ["person_key", "pseudonym"])
        tables.append(rows.filter(pc.is_in(rows["pseudonym"], pseudonyms)).cast(_NOBODY.schema))
    return pa.concat_tables(tables)


_NOBODY = pa.schema([("person_key", pa.int64()), ("pseudonym", pa.string())]).empty_table()


def without_persons(
    folder: Place, table: Table, held: Contents, keys: pa.Array, *, token: str | None, told: Told
) -> Rewritten:
    """A table whose rows have person keys, without some of them.

    Args:
        folder: the table's.
        table: its definition.
        held: its files.
        keys: the persons that go.
        token: stands in the names of the new files; None to count alone.
        told: hears of the bytes of each file that is read.
    """
    found = Rewritten()
    for number, file in enumerate(held.files):
        encoded = _TEXTS if table is DISPENSINGS else ()
        rows = _read(folder / file.name, encoded=encoded)
        goes = pc.is_in(rows["person_key"], keys)
        leaving = pc.sum(goes).as_py() or 0
        stays = rows.filter(pc.invert(goes)) if leaving else rows
        found.erased += leaving
        if leaving and "file_id" in rows.column_names:
            for row in rows.filter(goes)["file_id"].value_counts().to_pylist():
                found.by_file[row["values"]] += row["counts"]
        if table is DISPENSINGS:
            _count_dispensings(found, file.name, leaving, stays)
        elif table is PERSONS:
            _count_persons(found, stays)
        if leaving or _holds_more(rows):
            found.names.add(file.name)
            if len(stays) and token is not None:
                name = f"part-{number:05d}-{token}.parquet"
                found.files.append(_write(stays, folder, table, file.name, name))
        told(file.bytes)
    return found


def _read(
    place: Place, columns: Sequence[str] | None = None, encoded: Sequence[str] = ()
) -> pa.Table:
    with opened(place) as stream:
        return pq.ParquetFile(stream, read_dictionary=list(encoded)).read(columns)


def _holds_more(rows: pa.Table) -> bool:
    """Whether a dictionary page holds what no row does."""
    for column in rows.columns:
        if pa.types.is_dictionary(column.type):
            for chunk in column.chunks:
                if len(pc.unique(chunk.indices.drop_null())) < len(chunk.dictionary):
                    return True
    return False


def _write(rows: pa.Table, folder: Place, table: Table, was: str, name: str) -> DataFile:
    draft = folder / f".{uuid.uuid4().hex}"
    if table is not DISPENSINGS:
        rows = rows.select(table.names).cast(arrow_schema(table))
        return DataFile(name, write_stored(rows, draft, folder / name), len(rows))
    partition = was.partition("/")[0]
    name, year = f"{partition}/{name}", partition.removeprefix("year=")
    texts = {at: rows[at].cast(pa.string()) for at in _TEXTS}
    plain = pa.table({at: texts.get(at, rows[at]) for at in rows.column_names})
    plain = plain.select(_OF_DISPENSINGS.names).cast(_OF_DISPENSINGS)
    size = write_stored(
        plain,
        draft,
        folder / name,
        encoded=[at for at in plain.column_names if at != "person_key"],
        statistics=DISPENSINGS.statistics_on,
    )
    codes, days = pc.min_max(plain["atc"]), pc.min_max(plain["dispensed_on"])
    ends = (
        {"atc": codes[end].as_py(), "dispensed_on": days[end].as_py().isoformat()}
        for end in ("min", "max")
    )
    return DataFile(name, size, len(plain), {"year": year}, *ends)


def _count_dispensings(found: Rewritten, name: str, leaving: int, stays: pa.Table) -> None:
    year = int(name.partition("/")[0].removeprefix("year="))
    found.by_year[year] += len(stays)
    if leaving:
        found.years.add(year)
    if not len(stays):
        return
    days = stays.select(["file_id", "dispensed_on"]).group_by("file_id")
    for row in days.aggregate([("dispensed_on", "min"), ("dispensed_on", "max")]).to_pylist():
        first, last = row["dispensed_on_min"], row["dispensed_on_max"]
        was = found.spans.get(row["file_id"], (first, last))
        found.spans[row["file_id"]] = min(first, was[0]), max(last, was[1])
    counted = stays.select(["atc", "dispensed_on", "ddd"])
    counted = counted.set_column(2, "ddd", counted["ddd"].cast(pa.decimal128(18, 6)))
    counted = counted.unify_dictionaries().combine_chunks()
    found.profiles.setdefault(year, []).append(count_profile(counted, year))


def _count_persons(found: Rewritten, stays: pa.Table) -> None:
    rows = stays.select(PERSONS.names).cast(arrow_schema(PERSONS))
    found.noted += count_persons(rows)
    found.persons += len(rows)
    found.sex_conflicts += pc.sum(rows["sex_conflict"]).as_py() or 0
    found.birth_year_conflicts += pc.sum(rows["birth_year_conflict"]).as_py() or 0


def new_profile(folder: Place, held: Contents, dispensings: Rewritten, token: str) -> Rewritten:
    """The dispensing profile, in which the years that lose rows are counted anew."""
    schema, found = arrow_schema(DISPENSING_PROFILE), Rewritten()
    found.names = {file.name for file in held.files}
    parts = [schema.empty_table()]
    for file in held.files:
        rows = _read(folder / file.name).select(schema.names).cast(schema)
        years = pa.array(sorted(dispensings.years), pa.int32())
        parts.append(rows.filter(pc.invert(pc.is_in(rows["year"], years))))
    for year in sorted(dispensings.years):
        some = dispensings.profiles.get(year, [])
        parts += [one.select(schema.names).cast(schema) for one in some]
    rows = _added_up(pa.concat_tables(parts), schema)
    if len(rows):
        name = f"part-00000-{token}.parquet"
        size = write_stored(rows, folder / f".{uuid.uuid4().hex}", folder / name)
        found.files = [DataFile(name, size, len(rows))]
    return found


def _added_up(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    kinds = {"ddd_micro_low": "min", "ddd_micro_high": "max"}
    how = [(name, kinds.get(name, "sum")) for name in schema.names if name not in _KEYS]
    found = rows.group_by(list(_KEYS), use_threads=False).aggregate(how)
    columns = [
        found[n] if n in _KEYS else found[f"{n}_{kinds.get(n, 'sum')}"] for n in schema.names
    ]
    table = pa.table(columns, names=schema.names).cast(schema)
    return table.sort_by([(name, "ascending") for name in _KEYS])


def rows_of_persons(root: Place, keys: pa.Array) -> Iterator[tuple[Place, int]]:
    """Every Parquet file below a folder that has person keys, with the rows of these persons."""
    for file in (one for one in files_below(root) if one.suffix == ".parquet"):
        with opened(file) as stream:
            there = pq.ParquetFile(stream)
            if "person_key" in there.schema_arrow.names:
                rows = there.read(["person_key"])
                yield file, pc.sum(pc.is_in(rows["person_key"], keys)).as_py() or 0


def keys_held(folder: Place, held: Contents, keys: Collection[int]) -> set[int]:
    """Which of some person keys a table knows."""
    wanted, found = pa.array(sorted(keys), pa.int64()), set()
    for file in held.files:
        rows = _read(folder / file.name, ["person_key"])["person_key"]
        found.update(rows.filter(pc.is_in(rows, wanted)).to_pylist())
    return found
