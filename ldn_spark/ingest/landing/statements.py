"""Sum up what delivered lines say of persons: many lines of a file become one row a person.

The rows of several blocks are gathered before they are summed up. What is landed is sorted by
person key, so that a part of the persons is read without the others.
"""

from __future__ import annotations

import uuid

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ldn_spark.ingest.landing.person_keys import person_keys
from ldn_spark.lake.drafts import write_arrow
from ldn_spark.places.place import Place
from ldn_spark.schemas import SEXES

LANDED = pa.schema(
    [
        ("person_key", pa.int64()),
        ("pseudonym", pa.string()),
        ("file_id", pa.int32()),
        ("sex_low", pa.int32()),
        ("sex_high", pa.int32()),
        ("birth_year_low", pa.int32()),
        ("birth_year_high", pa.int32()),
        ("died_on", pa.date32()),
        ("first_dispensed_on", pa.date32()),
        ("last_dispensed_on", pa.date32()),
    ]
)
"""One row per pseudonym and file, or several: their minima and maxima are still to be taken."""
GATHERED = 1 << 20
_DAY = pa.date32()


class Statements:
    """What a task has read of persons and not landed yet."""

    def __init__(self, folder: Place) -> None:
        self._folder = folder
        self._gathered: list[pa.Table] = []
        self._name = ""

    def add(self, rows: pa.Table, file_id: int, slack: int, name: str) -> None:
        """Add the accepted rows of a block.

        Args:
            rows: pseudonym, sex, birth_year and died_on, one row per line; dispensed_on where it
                is a dispensing.
            file_id: of their file.
            slack: how many years earlier than `birth_year` a person may be born: 1 where it is
                the year of dispensing minus the completed years of age, otherwise 0.
            name: of the block; what is landed then has the last one's.
        """
        born, is_dispensing = rows["birth_year"], "dispensed_on" in rows.column_names
        said = {
            "pseudonym": rows["pseudonym"],
            "file_id": pa.array(np.full(len(rows), file_id, np.int32)),
            "sex": sex_numbers(rows["sex"]),
            "earliest": pc.subtract(born, pa.scalar(slack, pa.int32())) if slack else born,
            "birth_year": born,
            "died_on": rows["died_on"],
            "dispensed_on": rows["dispensed_on"] if is_dispensing else pa.nulls(len(rows), _DAY),
        }
        self._gathered.append(pa.table(said))
        self._name = name
        if sum(map(len, self._gathered)) >= GATHERED:
            self.land()

    def land(self) -> None:
        """Write what is gathered, and begin anew."""
        if any(map(len, self._gathered)):
            rows = _summed_up(pa.concat_tables(self._gathered))
            write_statements(rows, self._folder, self._name)
        self._gathered = []


def write_statements(rows: pa.Table, folder: Place, name: str) -> None:
    """Land statements, sorted by person key."""
    keys = rows["person_key"].to_numpy()
    order = np.argsort(keys, kind="stable")
    draft = folder / f".{name}-{uuid.uuid4().hex}"
    write_arrow(rows.take(pa.array(order)), draft, folder / f"{name}.arrow", keys[order])


def sex_numbers(sexes: pa.ChunkedArray) -> pa.ChunkedArray:
    """Sexes as their places in `schemas.SEXES`; null stays null."""
    return pc.index_in(sexes.cast(pa.string()), pa.array(SEXES), skip_nulls=True)


def _summed_up(rows: pa.Table) -> pa.Table:
    """One row per pseudonym and file; the minima and maxima of what the lines say."""
    file_ids = rows["file_id"].to_numpy()
    keys = ["pseudonym"] if (file_ids == file_ids[0]).all() else ["pseudonym", "file_id"]
    found = rows.group_by(keys, use_threads=False).aggregate(
        [
            ("file_id", "min"),  # of one file only, where it is no key
            ("sex", "min"),
            ("sex", "max"),
            ("earliest", "max"),
            ("birth_year", "min"),
            ("died_on", "min"),
            ("dispensed_on", "min"),
            ("dispensed_on", "max"),
        ]
    )
    pseudonyms = found["pseudonym"].combine_chunks()
    said = ("file_id_min", "sex_min", "sex_max", "earliest_max", "birth_year_min", "died_on_min")
    said += ("dispensed_on_min", "dispensed_on_max")
    columns = [person_keys(pseudonyms), pseudonyms, *(found[name] for name in said)]
    return pa.table(columns, schema=LANDED)
