"""SAS, SPSS and Stata files turned into Parquet, some rows at a time.

Value labels are left aside: a coded column holds its codes. What the program calls missing is
null. Numbers keep the precision of their type; dates become dates.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ldn_spark.delivery.files.converted import scan_converted
from ldn_spark.delivery.files.file_kinds import require_utf8_path
from ldn_spark.delivery.files.foreign import BEGIN
from ldn_spark.delivery.files.layouts import Layout
from ldn_spark.delivery.files.readers import Reader, Scan, Scanned
from ldn_spark.delivery.source.formats import Format
from ldn_spark.delivery.source.sources import Source
from ldn_spark.errors import DeliveryError, Problem
from ldn_spark.places.files import local_copy

if TYPE_CHECKING:
    import pandas as pd

_READERS = {
    ".sas7bdat": "read_sas7bdat",
    ".xpt": "read_xport",
    ".sav": "read_sav",
    ".zsav": "read_sav",
    ".por": "read_por",
    ".dta": "read_dta",
}
"""The library's functions, by what their files are usually called."""
_CHUNK_ROWS = 200_000
_ONE_AT_A_TIME = threading.Lock()  # the library holds the interpreter, and a chunk is large

_DAY = 86_400.0
_SAS_EPOCH, _SPSS_EPOCH = "1960-01-01", "1582-10-14"
_SAS_DATES = re.compile(
    r"(MMDDYY|DDMMYY|YYMMDD)[BCDNPS]?|DATE|WEEKDAT[EX]|WORDDAT[EX]|(IS|E|B)?8601DA|E8601DA|B8601DA"
    r"|IS8601DA|MONYY|JULIAN|YYMON|(YYMM|MMYY|YYQ)[CDNPS]?|NLDATE\w*|EUR\w*DF\w*|MINGUO|NENGO"
)
_SAS_TIMES = re.compile(
    r"DATETIME|DATEAMPM|MDYAMPM|(IS|E|B)8601D[TNXZ]|DTDATE|DTMONYY|DTYEAR|DTWKDATX|NLDATM\w*"
)
_SPSS_DATES = re.compile(r"[AEJS]?DATE|DATETIME|YMDHMS")
_LARGEST_WHOLE = {"float": 2.0**24, "double": 2.0**53}


class StatFiles(Reader):
    """Files of a statistical program, turned into Parquet."""

    def header(self, path: Path, source: Source) -> str:
        """The names of the columns, a line each."""
        return "\n".join(_header(path, self.form))

    def scan(self, scan: Scan) -> Scanned:
        """Turn a file into Parquet; the library reads one at a time."""

        def convert(layout: Layout, target: Path) -> pa.Schema:
            with _ONE_AT_A_TIME:
                return _convert(scan.path, self.form, layout, target, scan.has_read)

        return scan_converted(scan, self.form, _header(scan.path, self.form), convert)

    def first_rows(self, path: Path, count: int) -> pa.Table:
        """The first rows of a file, all columns."""
        rows, meta = _read(path, self.form, row_limit=count, disable_datetime_conversion=True)
        columns = {}
        for name in rows.columns:
            try:
                columns[name] = _column(path, self.form, name, rows[name], meta, "")
            except DeliveryError:
                columns[name] = pa.nulls(len(rows), pa.time32("s"))  # times, which nobody reads
        return pa.table(columns)


def _header(path: Path, form: Format) -> tuple[str, ...]:
    return tuple(_read(path, form, metadataonly=True)[1].column_names)


def _reader(path: Path, form: Format) -> str:
    """The library's function for a file: by its first bytes, else by its name."""
    with path.open("rb") as stream:
        mark = form.mark_of(stream.read(BEGIN))
    suffix = mark.suffix if mark else path.suffix.lower()
    return _READERS[suffix if suffix in form.suffixes else form.suffixes[0]]


def _convert(
    path: Path, form: Format, layout: Layout, target: Path, has_read: Callable[[int], None]
) -> pa.Schema:
    """Write the columns that are read; a row group per chunk."""
    schema, writer = None, None
    pseudonym = layout.identifiers[0]
    in_all = _read(path, form, metadataonly=True)[1].number_rows  # not told by every format
    try:
        for rows, meta in _chunks(path, form, layout.used):
            columns = {
                name: _column(path, form, name, rows[name], meta, pseudonym)
                for name in rows.columns
            }
            table = pa.table(columns)
            if writer is None:
                schema = table.schema
                writer = pq.ParquetWriter(target, schema, compression="lz4")
            writer.write_table(table)
            has_read(path.stat().st_size * len(rows) // in_all if in_all else 0)
    finally:
        if writer is not None:
            writer.close()
    return schema


def _chunks(path: Path, form: Format, used: Sequence[str]) -> Iterator[tuple[pd.DataFrame, Any]]:
    """The wanted columns, some rows at a time; at least once."""
    header = _header(path, form)
    names, offset = [name for name in header if name in used], 0
    while True:
        rows, meta = _read(
            path,
            form,
            usecols=names,
            row_offset=offset,
            row_limit=_CHUNK_ROWS,
            disable_datetime_conversion=True,
        )
        if len(rows) or not offset:
            yield rows, meta
        offset += len(rows)
        if len(rows) < _CHUNK_ROWS:
            return


def _read(path: Path, form: Format, **options: Any) -> tuple[pd.DataFrame, Any]:
    try:
        import pyreadstat
    except ImportError:
        what = f"is {form.words}, and the library that reads them is not installed"
        mend = "pip install 'ldn-spark[statfiles]'"
        raise DeliveryError(Problem(str(path), what, mend)) from None
    require_utf8_path(path)
    if path.stat().st_size == 0:
        raise DeliveryError(Problem(str(path), "is empty: 0 bytes", "ask for the file again"))
    reader = getattr(pyreadstat, _reader(path, form))
    try:
        with local_copy(path) as here:
            return reader(here, **options)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, ValueError) as error:
        what, mend = f"is not {form.words}, or a damaged one", "copy it or ask for it again"
        if "convert string" in str(error):
            what = "holds text that is not in the encoding that the file names"
            mend = "have it saved in UTF-8"
        raise DeliveryError(Problem(str(path), what, mend)) from None


def _column(
    path: Path, form: Format, name: str, values: pd.Series, meta: Any, pseudonym: str
) -> pa.Array:
    """A column in the type that keeps what it says."""
    stored = meta.readstat_variable_types[name]
    where = f"{path} column {name}"
    if stored == "string":
        return pa.array(values, pa.string(), from_pandas=True)
    numbers = values.to_numpy(np.float64)
    known = ~np.isnan(numbers)
    unit = _date_unit(form.name, meta.original_variable_types[name] or "")
    if unit is not None:
        return _dates(where, numbers, known, *unit)
    if name == pseudonym:
        limit = _LARGEST_WHOLE["float" if stored == "float" else "double"]
        if not np.all((numbers[known] % 1 == 0) & (np.abs(numbers[known]) < limit)):
            what = "holds numbers that do not keep every digit of a pseudonym"
            raise DeliveryError(Problem(where, what, "have it delivered as text"))
        whole = np.where(known, numbers, 0).astype(np.int64)
        return pa.array(whole, pa.int64(), mask=~known)
    if stored == "float":
        return pa.array(numbers.astype(np.float32), pa.float32(), mask=~known)
    return pa.array(numbers, pa.float64(), mask=~known)


def _date_unit(kind: str, form: str) -> tuple[str, float] | None:
    """The day 0 and the length of a day of a column with this format; None if it is no date."""
    if kind == "stata":
        form = form.replace("%-", "%")
        if form.startswith(("%tc", "%tC")):
            return _SAS_EPOCH, _DAY * 1000
        return (_SAS_EPOCH, 1.0) if form.startswith(("%td", "%d")) else None
    name = re.sub(r"\d*\.?\d*$", "", form.upper().strip())
    if kind == "spss":
        return (_SPSS_EPOCH, _DAY) if _SPSS_DATES.fullmatch(name) else None
    if _SAS_TIMES.fullmatch(name):
        return _SAS_EPOCH, _DAY
    return (_SAS_EPOCH, 1.0) if _SAS_DATES.fullmatch(name) else None


def _dates(
    where: str, numbers: np.ndarray, known: np.ndarray, day_0: str, a_day: float
) -> pa.Array:
    days = np.where(known, numbers, 0.0) / a_day
    if not np.all((days % 1 == 0) & (np.abs(days) < 4_000_000)):
        what = "holds times of day, or days that no calendar reaches"
        raise DeliveryError(Problem(where, what, "have dates delivered"))
    since_1970 = np.datetime64(day_0, "D").astype(np.int64) + days.astype(np.int64)
    return pa.array(since_1970.astype(np.int32), pa.int32(), mask=~known).cast(pa.date32())
