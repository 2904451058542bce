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

from ldn_spark.delivery.files.blocks import PARQUET, DeliveredFile
from ldn_spark.delivery.files.file_kinds import require_utf8_path
from ldn_spark.delivery.files.foreign import BEGIN
from ldn_spark.delivery.files.layouts import Layout, header_problems, layout_of
from ldn_spark.delivery.files.tabular import blocks_of, open_parquet, row_groups, sha256_of
from ldn_spark.errors import DeliveryError, Problem

if TYPE_CHECKING:
    import pandas as pd

FORMATS = {"sas": "a SAS file", "spss": "an SPSS file", "stata": "a Stata file"}
_READERS = {
    "sas": {".sas7bdat": "read_sas7bdat", ".xpt": "read_xport"},
    "spss": {".sav": "read_sav", ".zsav": "read_sav", ".por": "read_por"},
    "stata": {".dta": "read_dta"},
}
_MARKS = {
    b"\x00" * 12 + b"\xc2\xea\x81": ("sas", "read_sas7bdat"),
    b"HEADER RECORD*******LIB": ("sas", "read_xport"),
    b"$FL": ("spss", "read_sav"),
    b"<stata_dta>": ("stata", "read_dta"),
}
_PORTABLE = re.compile(rb".{0,200}SPSS PORT FILE", re.DOTALL)
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


def stat_header(path: Path, kind: str) -> tuple[str, ...]:
    """The column names of a file.

    Raises:
        DeliveryError: it cannot be read.
    """
    return tuple(_read(path, kind, metadataonly=True)[1].column_names)


def stat_kind(path: Path, begin: bytes) -> str:
    """Of which program a file is, by its first bytes or its name; empty for none."""
    marked = _marked(begin)
    if marked:
        return marked[0]
    return next((kind for kind, names in _READERS.items() if path.suffix.lower() in names), "")


def _marked(begin: bytes) -> tuple[str, str] | None:
    """The program and the reader of a file by its first bytes, whatever it is called."""
    if _PORTABLE.match(begin):
        return "spss", "read_por"
    return next((found for mark, found in _MARKS.items() if begin.startswith(mark)), None)


def _reader(path: Path, kind: str) -> str:
    """The library's function for a file: by its first bytes, else by its name."""
    with path.open("rb") as stream:
        marked = _marked(stream.read(BEGIN))
    if marked and marked[0] == kind:
        return marked[1]
    names = _READERS[kind]
    return names.get(path.suffix.lower(), next(iter(names.values())))


def first_rows(path: Path, kind: str, count: int) -> pa.Table:
    """The first rows of a file, all columns.

    Raises:
        DeliveryError: it cannot be read.
    """
    rows, meta = _read(path, kind, row_limit=count, disable_datetime_conversion=True)
    columns = {}
    for name in rows.columns:
        try:
            columns[name] = _column(path, kind, name, rows[name], meta, "")
        except DeliveryError:
            columns[name] = pa.nulls(len(rows), pa.time32("s"))  # times of day, which nobody reads
    return pa.table(columns)


def scan_stat(
    path: Path,
    kind: str,
    layouts: Sequence[Layout],
    copy: Path | None,
    *,
    block_rows: int,
    has_read: Callable[[int], None],
) -> tuple[DeliveredFile, list[str], pa.Schema]:
    """Turn a file into Parquet.

    Args:
        path: the file as delivered.
        kind: `sas`, `spss` or `stata`.
        layouts: of all kinds of files of the source.
        copy: where the Parquet file goes; None for nowhere.
        block_rows: rows of a block.
        has_read: is told how many delivered bytes were read.

    Returns:
        The file, warnings, and the types of its columns.

    Raises:
        DeliveryError: it cannot be read as the source declares.
    """
    header = stat_header(path, kind)
    layout = layout_of(path, header, layouts)
    if problems := list(header_problems(str(path), header, layout)):
        raise DeliveryError(problems)
    if copy is None:
        what = f"is {FORMATS[kind]}, and there is no place to turn it into Parquet"
        raise DeliveryError(Problem(str(path), what, "have it delivered as text or Parquet"))
    sha256 = sha256_of(path, lambda size: None)  # quick beside what follows
    copy.parent.mkdir(parents=True, exist_ok=True)
    with _ONE_AT_A_TIME:
        schema = _convert(path, kind, layout, copy, has_read)
    with open_parquet(copy) as file:
        groups = row_groups(file)
    delivered = DeliveredFile(
        path=str(copy),
        bytes=path.stat().st_size,
        sha256=sha256,
        header=header,
        lines=sum(groups),
        blocks=blocks_of([("", 1, groups)], block_rows),
        name=path.name,
        kind=layout.kind,
        reader=PARQUET,
    )
    return delivered, [f"{path.name}: holds no row"] * (not sum(groups)), schema


def _convert(
    path: Path, kind: str, layout: Layout, target: Path, has_read: Callable[[int], None]
) -> pa.Schema:
    """Write the columns that are read; a row group per chunk."""
    schema, writer = None, None
    pseudonym = layout.identifiers[0]
    in_all = _read(path, kind, metadataonly=True)[1].number_rows  # not told by every format
    try:
        for rows, meta in _chunks(path, kind, layout.used):
            columns = {
                name: _column(path, kind, name, rows[name], meta, pseudonym)
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


def _chunks(path: Path, kind: str, used: Sequence[str]) -> Iterator[tuple[pd.DataFrame, Any]]:
    """The wanted columns, some rows at a time; at least once."""
    header = stat_header(path, kind)
    names, offset = [name for name in header if name in used], 0
    while True:
        rows, meta = _read(
            path,
            kind,
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


def _read(path: Path, kind: str, **options: Any) -> tuple[pd.DataFrame, Any]:
    try:
        import pyreadstat
    except ImportError:
        what = f"is {FORMATS[kind]}, and the library that reads them is not installed"
        mend = "pip install 'ldn-spark[statfiles]'"
        raise DeliveryError(Problem(str(path), what, mend)) from None
    require_utf8_path(path)
    if path.stat().st_size == 0:
        raise DeliveryError(Problem(str(path), "is empty: 0 bytes", "ask for the file again"))
    reader = getattr(pyreadstat, _reader(path, kind))
    try:
        return reader(path, **options)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, ValueError) as error:
        what, mend = f"is not {FORMATS[kind]}, or a damaged one", "copy it or ask for it again"
        if "convert string" in str(error):
            what = "holds text that is not in the encoding that the file names"
            mend = "have it saved in UTF-8"
        raise DeliveryError(Problem(str(path), what, mend)) from None


def _column(
    path: Path, kind: str, name: str, values: pd.Series, meta: Any, pseudonym: str
) -> pa.Array:
    """A column in the type that keeps what it says."""
    stored = meta.readstat_variable_types[name]
    where = f"{path} column {name}"
    if stored == "string":
        return pa.array(values, pa.string(), from_pandas=True)
    numbers = values.to_numpy(np.float64)
    known = ~np.isnan(numbers)
    unit = _date_unit(kind, meta.original_variable_types[name] or "")
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
