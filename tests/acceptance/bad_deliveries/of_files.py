"""Files that should not arrive: cut, packed, of another kind, not there, still being written."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ldn_spark.errors import ConflictError
from tests.acceptance.bad_deliveries.case import (
    CANARY,
    DDD,
    FIRST,
    GOOD,
    HEADER,
    P1,
    P2,
    PARQUET,
    Account,
    Case,
    Refused,
    Taken,
    parquet,
    row,
    text,
)

ONE = "N05BB01 058719 2012-02-25 62.5"
_TWO = text(GOOD, row(P2))
_LIKE = "*.txt or *.csv"


def zipped(**names: bytes) -> bytes:
    """A zip archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for name, part in names.items():
            packed.writestr(name.replace("__", "/"), part)
    return content.getvalue()


def damaged_parquet(rows: int) -> bytes:
    """Parquet whose pages carry checksums, one of which is wrong."""
    whole, content = parquet(pid=pa.array([CANARY] * rows)), io.BytesIO()
    table = pq.read_table(io.BytesIO(whole))
    pq.write_table(table, content, compression="none", write_page_checksum=True)
    return content.getvalue().replace(CANARY.encode(), CANARY[::-1].encode())


WORKBOOK = zipped(**{"docProps/app.xml": b"<x/>", "[Content_Types].xml": b"<Types/>"})
PDF = b"%PDF-1.4\r%\xe2\xe3\xcf\xd3\r\n1 0 obj\n"
PAGE = b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head></html>\n"
_MORE = [f"x{number}" for number in range(500)]
_BESIDE = "left aside; if it belongs to the delivery, name it too"

SIZES = {
    "B20 five hundred columns": Case(
        {"a.txt": text(row(P1, *["æ"] * 500), GOOD, row(P2, *["å"] * 500),
                       header=";".join([HEADER, *_MORE]))},
        Taken(
            {"a.txt": Account(3, 2, {"too_few_fields": 1})},
            dispensings=2,
            persons=2,
            rows=(f"{P1} {ONE}", f"{P2} {ONE}"),
            warnings=("500 columns are not known to source norpd and are ignored: x0 (a.txt), x1",),
        ),
    ),
    "B20 fields of five megabytes": Case(
        {"a.txt": text(GOOD, row(P2, name="æ" * 5_000_000), row(ddd="1" * 5_000_000), GOOD)},
        Taken(
            {"a.txt": Account(4, 3, {"ddd_too_large": 1})},
            dispensings=3,
            persons=2,
            rejections=(f"a.txt 4 {DDD} ddd_too_large",),
        ),
        large=True,
    ),
    "B20 names with blanks and letters beyond ASCII": Case(
        {"års fil 1.txt": text(GOOD), "mappe ø/b [utkast].csv": text(GOOD, row(day="x"))},
        Taken(
            {
                "b [utkast].csv": Account(2, 1, {"date_malformed": 1}),
                "års fil 1.txt": Account(1, 1),
            },
            dispensings=2,
            persons=1,
            rejections=("b [utkast].csv 3 UtleveringsDato date_malformed",),
        ),
        named=("*.txt", "mappe ø/b [utkast].csv"),
    ),
}  # fmt: skip

FILES = {
    "F9 packed files that are cut off, damaged, empty, and hold nothing": Case(
        {
            "1.txt.gz": gzip.compress(_TWO)[:-9],
            "2.txt.gz": gzip.compress(_TWO)[:20] + b"kanari" + gzip.compress(_TWO)[26:],
            "3.txt.gz": b"",
            "4.txt.gz": gzip.compress(b""),
            "5.txt.gz": gzip.compress(_TWO) + b"kanari",
            "good.txt": text(GOOD),
        },
        Refused((
            ("1.txt.gz", "is packed and ends too early", "copy or ask for it again"),
            ("2.txt.gz", "is packed and damaged", "copy it or ask for it again"),
            ("3.txt.gz", "is empty: 0 bytes", "ask for the file again"),
            ("4.txt.gz", "is empty: 0 bytes when it is unpacked", "ask for the file again"),
            ("5.txt.gz", "holds something else after what is packed", "ask for the file again"),
        )),
        held=FIRST,
    ),
    "F9 a packed file that is whole": Case(
        {"a.txt.gz": gzip.compress(text(GOOD, row(P2), "x"))},
        Taken(
            {"a.txt.gz": Account(3, 2, {"too_few_fields": 1})},
            dispensings=2,
            persons=2,
            rejections=("a.txt.gz 4 - too_few_fields",),
        ),
    ),
    "F9 a file of 0 bytes among good ones": Case(
        {"a.txt": b"", "good.txt": text(GOOD)},
        Refused((("a.txt", "is empty: 0 bytes", "ask for the file again"),)),
        held=FIRST,
    ),
    "F9 a path that is not there and a glob that matches nothing": Case(
        {"good.txt": text(GOOD)},
        Refused((
            ("borte.txt", "no such file or folder", "check the path"),
            ("*.dat", "matches no file", "check the path"),
        )),
        named=("good.txt", "borte.txt", "*.dat"),
        held=FIRST,
    ),
    "F9 a folder of strangers": Case(
        {"brev.txt": b"Hei,\nher er de.\n", "numre.csv": b"a;b\n1;2\n", "side.txt": PAGE, "x": PDF},
        Refused((
            ("leveranse æ 1", f"no file like {_LIKE} with the columns of source norpd", "check"),
        )),
        held=FIRST,
    ),
    "F9 strangers, archives and links beside good files": Case(
        {
            "1.txt": text(GOOD),
            "brev.txt": PDF,
            "rest.zip": zipped(a=_TWO),
            "2.TXT": text(row(P2)),
            "2013/3.txt": text(row(P2)),
            "2014.csv/part-0.csv": text(row(P2)),
        },
        Taken(
            {"1.txt": Account(1, 1)},
            dispensings=1,
            persons=1,
            warnings=(
                "brev.txt: has no column of source norpd, left aside",
                "rest.zip: is packed and not looked into",
                f"2.TXT: has the columns of source norpd, but is not named like {_LIKE}, {_BESIDE}",
                f"2013: is a folder with files like {_LIKE} and not looked into",
                f"2014.csv: is a folder with files like {_LIKE} and not looked into",
            ),
        ),
    ),
    "F9 a copy that is as long as the file and holds zeros": Case(
        {"1.txt": text(GOOD), "2.txt": bytes(3_000_000)},
        Refused((("2.txt line 1", "begins with zeros", "copy it again"),)),
        held=FIRST,
    ),
    "F9 a link to nothing": Case(
        {"1.txt": text(GOOD), "2.txt": lambda path: _link(path)},
        Refused((("2.txt", "is a link to something that is not there", "check the link"),)),
        held=FIRST,
    ),
    "F9 archives, letters, pages and workbooks that call themselves text": Case(
        {
            "bok.csv": WORKBOOK,
            "brev.txt": PDF,
            "gammel.csv": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
            "good.txt": text(GOOD),
            "pakke.txt": zipped(**{"a.txt": _TWO}),
            "parkett.txt": parquet(),
            "side.txt": PAGE,
        },
        Refused((
            ("bok.csv", "is an Excel file or another office document", "delivered as text"),
            ("brev.txt", "is a PDF", "ask for the file again"),
            ("gammel.csv", "is an Excel file or another office document"),
            ("pakke.txt", "is packed (zip)", "unpack it first, or have it packed as .gz"),
            ("parkett.txt", "is a Parquet file", "declare its 'format' in the source file"),
            ("side.txt", "is a web page", "ask for the file again"),
        )),
        named=("*.csv", "*.txt"),
        held=FIRST,
    ),
    "F9 Parquet that is cut off, empty, and text": Case(
        {
            "1.parquet": parquet()[:-20],
            "2.parquet": b"",
            "3.parquet": _TWO,
            "good.parquet": parquet(),
        },
        Refused((
            ("1.parquet", "is a Parquet file without its end, or a damaged one", "copy it or ask"),
            ("2.parquet", "is empty: 0 bytes", "ask for the file again"),
            ("3.parquet", "is no Parquet file", "copy it or ask for it again"),
        )),
        PARQUET,
        named=("*.parquet",),
    ),
    "F9 Parquet with damaged rows between a whole end and a whole beginning": Case(
        {"1.parquet": damaged_parquet(9), "2.parquet": parquet(), "3.parquet": damaged_parquet(8)},
        Refused((
            ("1.parquet", "is damaged: its rows cannot be read", "copy it or ask for it again"),
            ("3.parquet", "is damaged: its rows cannot be read", "copy it or ask for it again"),
        )),
        PARQUET,
    ),
}  # fmt: skip


def _link(path: Path) -> None:
    path.symlink_to(path.with_name("borte.txt"))


def _same_size_and_time(folder: Path) -> None:
    """Other rows in the same place, of the same length, and nobody can tell by the time."""
    path = folder / "a.txt"
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"62,5", b"99,9"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size


def _cut(folder: Path) -> None:
    os.truncate(folder / "a.txt", 100)


def _longer(folder: Path) -> None:
    with (folder / "a.txt").open("ab") as stream:
        stream.write(row(P2).encode())


def _gone(folder: Path) -> None:
    (folder / "a.txt").unlink()


def _other_parquet(folder: Path) -> None:
    content = parquet(ddd=pa.array(["1"] * 3))
    (folder / "ny").write_bytes(content)
    (folder / "ny").replace(folder / "a.parquet")


def _other_packed(folder: Path) -> None:
    (folder / "a.txt.gz").write_bytes(gzip.compress(text(row(P2))))


def changed(name: str) -> Refused:
    """What is told of a file that is written to meanwhile."""
    told = (name, "was changed while it was read", "run this again when it is whole")
    return Refused((told,), ConflictError)


_GOODS = {"a.txt": text(*[GOOD] * 6), "good.txt": text(GOOD)}
CHANGED = {
    "F11 overwritten between check and parsing, same length and time": Case(
        _GOODS, changed("a.txt"), held=FIRST, meanwhile=_same_size_and_time
    ),
    "F11 cut between check and parsing": Case(_GOODS, changed("a.txt"), held=FIRST, meanwhile=_cut),
    "F11 grown between check and parsing": Case(
        _GOODS, changed("a.txt"), held=FIRST, meanwhile=_longer
    ),
    "F11 deleted between check and parsing": Case(
        _GOODS, changed("a.txt"), held=FIRST, meanwhile=_gone
    ),
    "F11 Parquet replaced between check and parsing": Case(
        {"a.parquet": parquet()}, changed("a.parquet"), PARQUET, meanwhile=_other_parquet
    ),
    "F11 packed text replaced between check and parsing": Case(
        {"a.txt.gz": gzip.compress(text(GOOD))},
        changed("a.txt.gz"),
        held=FIRST,
        meanwhile=_other_packed,
    ),
}

CASES = {**SIZES, **FILES, **CHANGED}
