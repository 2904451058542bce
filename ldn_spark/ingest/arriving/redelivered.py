"""Lines that arrive again, under another name and with other bytes.

Registers send whole extracts again: 2012 to 2014 this year, 2012 to 2015 the next. Where no line
key tells lines apart, every one of them would count twice. They are told by their content: of the
arriving lines of a year, the share that repeats lines of the lake, or of another file of the
delivery. Of a large year a sample of the persons is looked at, always the same ones.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from ldn_spark.engine import collect
from ldn_spark.engine.sessions import in_tasks
from ldn_spark.ingest.arriving.arrivals import landed_as_parsed, tells_lines_apart
from ldn_spark.ingest.arriving.repeats import HELD, Repeats, count_repeats, judge_repeats
from ldn_spark.ingest.arriving.replacing import NOTHING, survivors
from ldn_spark.ingest.landing.landed import Arrivals, in_types
from ldn_spark.lake.drafts import mapped
from ldn_spark.schemas import DISPENSINGS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from ldn_spark.errors import Problem
    from ldn_spark.ingest.arriving.intake import Intake

MANY = 1 << 16
"""Of a year with more lines, arriving and held, a sample is looked at that has about as many."""
_COMPARED = pa.schema(
    [
        ("year", pa.int32()),
        ("file_id", pa.int32()),
        ("person_key", pa.int64()),
        ("atc", pa.string()),
        ("product_number", pa.string()),
        ("dispensed_on", pa.date32()),
        ("ddd", pa.decimal128(18, 6)),
        ("packages", pa.decimal128(18, 6)),
    ]
)
_DDL = ", ".join(f"{n} {dict(DISPENSINGS.columns)[n]}" for n in _COMPARED.names)
_REPEATS_DDL = "year int, month int, file_id int, lines bigint, repeated bigint"


def find_redelivered(intake: Intake, many: int = MANY) -> list[Problem]:
    """The years of which more than a fifth of the arriving lines are there already.

    It costs nothing where no year is touched twice.

    Args:
        intake: what comes. Lines that it replaces are not there any more, and whose lines are
            told apart by a key, or declared to be further ones, is not looked at.
        many: the lines of a year of which not all persons are looked at.
    """
    if intake.replacement.declared == NOTHING or tells_lines_apart(intake.source):
        return []
    there = intake.before.years if intake.before else {}
    arriving = Counter[int]()
    for (_, year, _), rows in intake.arrivals.rows.items():
        arriving[year] += rows
    held = {int(year) for year in there} & arriving.keys()
    years = held | overlapping_years(intake.arrivals)
    if not years:
        return []
    bits = {year: sample_bits(arriving[year] + there.get(str(year), 0), many) for year in years}
    rows = _arriving(intake, bits)
    if held:
        rows = rows.unionByName(_held(intake, {year: bits[year] for year in held}))
    found = rows.groupBy("year").applyInArrow(count_repeats, _REPEATS_DDL)
    counted = [Repeats(**row) for row in collect.rows(found)]
    names = {file.file_id: file.name for file in intake.files}
    return judge_repeats(counted, held, {year for year, some in bits.items() if some}, names)


def sample_bits(lines: int, many: int) -> int:
    """How many bits of the key of a person must be zero to be looked at; 0 for all persons.

    >>> [sample_bits(lines, 100) for lines in (100, 101, 200, 201)]
    [0, 1, 1, 2]
    """
    return max(0, (-(-lines // many) - 1).bit_length())


def overlapping_years(arrivals: Arrivals) -> set[int]:
    """The years of which two files of a delivery hold the same code, and days in between.

    Monthly files do not, nor do files of different codes.
    """
    files = defaultdict[tuple[int, str], list[int]](list)
    for file_id, year, atc in arrivals.rows:
        files[year, atc].append(file_id)
    return {
        year
        for (year, _), those in files.items()
        if len(those) > 1 and _overlap([arrivals.spans[file_id] for file_id in those])
    }


def _overlap(spans: Sequence[tuple[date, date]]) -> bool:
    ends = sorted(spans)
    return any(later[0] <= earlier[1] for earlier, later in pairwise(ends))


def _arriving(intake: Intake, bits: Mapping[int, int]) -> DataFrame:
    """The landed lines of some years that are looked at."""
    files = [str(path) for path in landed_as_parsed(intake)]

    def read(numbers: range) -> Iterator[pa.RecordBatch]:
        for number in numbers:
            rows = mapped(files[number])
            years, keys = rows["year"].to_numpy(), rows["person_key"].to_numpy()
            wanted = np.zeros(len(rows), bool)
            for year, some in bits.items():
                begin, end = np.searchsorted(years, (year, year + 1))
                wanted[begin:end] = keys[begin:end] & ((1 << some) - 1) == 0
            there = rows.select([name for name in _COMPARED.names if name in rows.column_names])
            yield from in_types(there.filter(pa.array(wanted)), _COMPARED).to_batches()

    return in_tasks(intake.lake.spark, len(files), read, _DDL)


def _held(intake: Intake, bits: Mapping[int, int]) -> DataFrame:
    """The lines of the lake that are looked at, without those that are replaced."""
    from pyspark.sql import functions as F

    old = survivors(intake.old(DISPENSINGS), intake.replacement, None)
    parts = []
    for some in sorted(set(bits.values())):
        years = [year for year, of_year in bits.items() if of_year == some]
        part = old.where(F.col("year").isin(*years))
        if some:
            part = part.where(F.col("person_key").bitwiseAND(F.lit((1 << some) - 1)) == 0)
        parts.append(part)
    rows = parts[0]
    for part in parts[1:]:
        rows = rows.unionByName(part)
    return rows.select(
        *(F.lit(HELD).alias(name) if name == "file_id" else name for name in _COMPARED.names)
    )
