"""Delivered files of every kind: packed, UTF-16, Parquet, Delta, SAS, SPSS and Stata."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import io
import subprocess
import sys
import zipfile
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from ldn_spark.delivery.files.blocks import Block
from ldn_spark.delivery.files.canonical import canonical_texts
from ldn_spark.delivery.files.foreign import foreign
from ldn_spark.delivery.files.lines import wanted_columns
from ldn_spark.delivery.files.scanning import find_files, scan_files
from ldn_spark.delivery.files.tabular import blocks_of, read_rows
from ldn_spark.delivery.guess.inspection import read_sample
from ldn_spark.delivery.source.sources import load_source
from ldn_spark.delivery.values.parsing import parse_rows
from ldn_spark.delivery.values.rules import rules_of
from ldn_spark.errors import DeliveryError
from tests.stat_files import write_sas7bdat

NORPD = load_source("norpd")
UTF16 = NORPD.model_copy(update={"encoding": "utf-16"})
PARQUET = NORPD.model_copy(update={"format": "parquet", "files": ("*.parquet",)})
DELTA = NORPD.model_copy(update={"format": "delta", "files": ("*",)})
NAMES = tuple(NORPD.columns.values())
HEADER = ";".join(NAMES)
LINES = [f"P{n};2;1951;N05BB01;058719;2012.02.{1 + n % 28:02d};{n},5" for n in range(40)]
TEXT = "\n".join([HEADER, *LINES, ""])


def zst(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


def scan(path, source=NORPD, **options):
    (file,), warnings = scan_files([path], source, **options)
    return file, warnings


def complaint(path, source=NORPD, workspace=None):
    with pytest.raises(DeliveryError) as caught:
        scan_files([path], source, workspace=workspace or path.parent / "workspace")
    return str(caught.value)


def write(folder, content, name="a.txt"):
    path = folder / name
    path.write_bytes(content)
    return path


def plain_text(file):
    """What the blocks of a text file hold."""
    with open(file.path, "rb") as stream:
        content = stream.read()
    assert [block.first_line for block in file.blocks][:1] in ([], [2])
    return b"".join(content[block.start : block.end] for block in file.blocks)


def workbook() -> bytes:
    """The beginning of what Excel saves."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        packed.writestr("docProps/app.xml", "x" * 5000)
        packed.writestr("[Content_Types].xml", "<Types/>")
    return content.getvalue()


HALVES = TEXT.encode()[:500], TEXT.encode()[500:]
SKIPPABLE = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"abcd"
PACKED = {
    "gz": (gzip.compress(TEXT.encode()), NORPD),
    "gz of several members": (gzip.compress(HALVES[0]) + gzip.compress(HALVES[1]), NORPD),
    "gz padded with zeros": (gzip.compress(TEXT.encode()) + bytes(1000), NORPD),
    "zst": (zst(TEXT.encode()), NORPD),
    "zst of several frames": (zst(HALVES[0]) + SKIPPABLE + zst(HALVES[1]), NORPD),
    "zst that begins with a skippable frame": (SKIPPABLE + zst(TEXT.encode()), NORPD),
    "utf-16 with a mark": (TEXT.encode("utf-16"), UTF16),
    "utf-16 with the other mark": (b"\xfe\xff" + TEXT.encode("utf-16-be"), UTF16),
    "utf-16 without a mark": (TEXT.encode("utf-16-le"), UTF16),
    "utf-16 without a mark, big-endian": (TEXT.encode("utf-16-be"), UTF16),
    "utf-16 in gz": (gzip.compress(TEXT.encode("utf-16")), UTF16),
}


@pytest.mark.parametrize("block_bytes", [1, 100, 1 << 20])
@pytest.mark.parametrize("case", PACKED)
def test_packed_text_is_read_as_its_text(tmp_path, case, block_bytes, reports):
    content, source = PACKED[case]
    path = write(tmp_path, content, "dispensinger æ 1.txt.x")
    file, warnings = scan(path, source, workspace=tmp_path / "work space", block_bytes=block_bytes)
    seen = [(one.done, one.total) for one in reports]
    assert (file.lines, warnings, file.header) == (40, [], NAMES)
    assert (file.name, file.bytes) == (path.name, len(content))
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert plain_text(file).decode() == "\n".join([*LINES, ""])
    assert (tmp_path / "work space") in (file_path := type(tmp_path)(file.path)).parents
    assert file_path.name == path.name
    assert seen[-1] == (len(content), len(content))
    assert all(done <= total for done, total in seen)


def test_plain_text_is_parsed_where_it_lies(tmp_path):
    path = write(tmp_path, TEXT.encode())
    file, _ = scan(path, workspace=tmp_path / "workspace")
    assert file.path == str(path)
    assert not (tmp_path / "workspace").exists()


GZ, ZST = gzip.compress(TEXT.encode()), zst(TEXT.encode())
BROKEN = {
    "truncated gz": (GZ[:-20], NORPD, "is packed and ends too early; it was cut off"),
    "gz cut in its checksum": (GZ[:-3], NORPD, "is packed and ends too early"),
    "gz cut in its header": (GZ[:5], NORPD, "is packed and ends too early"),
    "truncated zst": (ZST[:-3], NORPD, "is packed and ends too early"),
    "damaged gz": (GZ[:-30] + b"xxxxxxxx" + GZ[-22:], NORPD, "is packed and damaged"),
    "damaged zst": (ZST[:20] + b"xxxxxxxx" + ZST[28:], NORPD, "is packed and damaged"),
    "gz with something after it": (GZ + b"and a letter", NORPD, "holds something else after what"),
    "zst with something after it": (ZST + b"and a letter", NORPD, "something else after what"),
    "0 bytes": (b"", NORPD, "is empty: 0 bytes; ask for the file again"),
    "0 bytes in gz": (gzip.compress(b""), NORPD, "is empty: 0 bytes when it is unpacked"),
    "0 bytes in zst": (zst(b""), NORPD, "is empty: 0 bytes when it is unpacked"),
    "zip": (b"PK\x03\x04....", NORPD, "is packed (zip); unpack it first, or have it packed as .gz"),
    "Excel": (workbook(), NORPD, "is an Excel file or another office document; have it saved"),
    "old Excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00", NORPD, "is an Excel file or another"),
    "PDF": (b"%PDF-1.4\r%\xe2\xe3\xcf\xd3\r\n", NORPD, "is a PDF; ask for the file again"),
    "rich text": (b"{\\rtf1\\ansi Hei", NORPD, "is a letter in rich text; ask for"),
    "web page": (b"<!DOCTYPE html>\n<title>404", NORPD, "is a web page; ask for the file again"),
    "web page in gz": (gzip.compress(b"  <HTML><body>"), NORPD, "is a web page"),
    "bzip2": (b"BZh91AY", NORPD, "is packed (bzip2)"),
    "xz": (b"\xfd7zXZ\x00", NORPD, "is packed (xz)"),
    "7z": (b"7z\xbc\xaf\x27\x1c", NORPD, "is packed (7z)"),
    "Parquet": (b"PAR1....", NORPD, "is a Parquet file; declare its 'format' in the source file"),
    "SPSS": (b"$FL2@(#)", NORPD, "is an SPSS file; declare its 'format'"),
    "JSON": (b'[\n {"PasientLopeNr": 1}]', NORPD, "is JSON; have it exported as CSV"),
    "JSON lines": (b'{"PasientLopeNr": 1}\n{"x": 2}', NORPD, "is JSON"),
    "XML": (b"\xef\xbb\xbf<?xml version='1.0'?>", NORPD, "is XML"),
    "RDS": (gzip.compress(b"X\n\0\0\0\3\0\4\2\0"), NORPD, "is an R data file; save it in R as CSV"),
    "RDS as text": (b"A\n3\n263168\n197888\n", NORPD, "is an R data file"),
    "RData": (gzip.compress(b"RDX3\nX\n\0\0\0\3"), NORPD, "is an R data file"),
    "Feather": (b"ARROW1\0\0....", NORPD, "is a Feather file; declare its 'format'"),
    "old Feather": (b"FEA1....", NORPD, "is a Feather file of version 1; save it as version 2"),
    "SQLite": (b"SQLite format 3\0", NORPD, "is a database file"),
    "SAS transport": (b"HEADER RECORD*******LIBRARY HEADER", NORPD, "is a SAS transport file; d"),
    "SAS of CPORT": (b"**COMPRESSED** **COMPRESSED** **", NORPD, "of PROC CPORT, which SAS alone"),
    "SPSS portable": (b"ASCII SPSS PORT FILE   ", NORPD, "is an SPSS portable file; declare"),
    "old Stata": (b"\x73\x02\x01\x00\x07", NORPD, "is a Stata file; declare"),
    "SPSS in gz": (gzip.compress(b"$FL2@(#)"), NORPD, "is an SPSS file; unpack it first, and decl"),
    "Excel in gz": (gzip.compress(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), NORPD, "is an Excel file"),
    "tar in gz": (gzip.compress(b"a.csv" + b"\0" * 252 + b"ustar"), NORPD, "is packed (tar)"),
    "UTF-32": ("PasientLopeNr;x".encode("utf-32"), NORPD, "is UTF-32 text; save it as UTF-8"),
    "picture": (b"\x89PNG\r\n\x1a\n", NORPD, "is a picture"),
    "encrypted": (b"Salted__12345678", NORPD, "is encrypted; decrypt it first"),
    "no UTF-16": (TEXT.encode(), UTF16, "is not utf-16 text; declare the file's encoding"),
    "no UTF-16, one byte": (b"P", UTF16, "is not utf-16 text"),
    "UTF-16 cut within a letter": (TEXT.encode("utf-16")[:-1], UTF16, "ends within a letter"),
    "UTF-16 undeclared": (TEXT.encode("utf-16"), NORPD, "UTF-16 mark; declare utf-16"),
    "UTF-16 undeclared in gz": (gzip.compress(TEXT.encode("utf-16")), NORPD, "a UTF-16 mark"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_one_clear_error(tmp_path, case):
    content, source, message = BROKEN[case]
    told = complaint(write(tmp_path, content, "leveranse æ.txt.gz"), source)
    assert "leveranse æ.txt.gz" in told
    assert message in told
    assert "\n" not in told


FOREIGN = [case for case, (_, source, told) in BROKEN.items() if told.startswith("is ")]


@pytest.mark.parametrize("case", FOREIGN)
def test_an_inspection_says_the_same_of_what_is_no_text(tmp_path, case):
    content, source, told = BROKEN[case]
    path = write(tmp_path, content, "a.txt")
    if source is UTF16:
        return
    with pytest.raises(DeliveryError) as caught:
        read_sample(path)
    assert str(path) in str(caught.value)
    what = told.partition(";")[0]
    readable = "; d" in told  # declare another format: where the source is what is wrong
    assert what in str(caught.value) or (readable and "damaged" in str(caught.value))


@pytest.mark.parametrize("begin", ['"pid";"atc"', "{pid};atc", "[pid],atc", "X\n", "A\n3\n"])
def test_what_only_resembles_something_else_is_text(begin):
    assert foreign(begin.encode()) is None


def test_a_packed_file_needs_a_place(tmp_path):
    with pytest.raises(DeliveryError, match="is packed or in UTF-16; unpack it"):
        scan_files([write(tmp_path, GZ)], NORPD)


def test_half_a_letter_of_utf16_spoils_its_line_alone(tmp_path):
    lines = [LINES[0], "P\ud800;2", LINES[1]]
    content = "\n".join([HEADER, *lines]).encode("utf-16-le", "surrogatepass")
    file, _ = scan(write(tmp_path, content), UTF16, workspace=tmp_path / "workspace")
    first, half, last = plain_text(file).split(b"\n")
    assert (first.decode(), last.decode()) == (LINES[0], LINES[1])
    with pytest.raises(UnicodeDecodeError):
        half.decode()


def test_a_line_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("ldn_spark.delivery.files.textfiles._LONGEST_LINE", 1000)
    path = write(tmp_path, f"{TEXT}{'x' * 5000}".encode())
    with pytest.raises(DeliveryError, match="line 42: is longer than"):
        scan_files([path], NORPD, block_bytes=1)


def test_memory_does_not_grow_with_the_file(tmp_path):
    """200 MiB of gz, several times as much as text: memory for neither."""
    body = np.random.default_rng(1).integers(0, 1 << 62, 200_000)
    text = "".join(f"{n:016x};2;1951;N05BB01;058719;2012.02.01;1,5\n" for n in body.tolist())
    member = gzip.compress(text.encode(), 1)
    path = tmp_path / "large.txt.gz"
    with path.open("wb") as stream:
        stream.write(gzip.compress(f"{HEADER}\n".encode()))
        for _ in range((200 << 20) // len(member) + 1):
            stream.write(member)
    assert path.stat().st_size > 200 << 20
    peak = int(
        subprocess.run(
            [sys.executable, "-c", _SCAN_AND_MEASURE, str(path), str(tmp_path / "workspace")],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    )
    assert peak < 350 << 10, f"{peak >> 10} MiB"


_SCAN_AND_MEASURE = """
import re, sys
from pathlib import Path
from ldn_spark.delivery.files.scanning import scan_files
from ldn_spark.delivery.source.sources import load_source
(file,), _ = scan_files([Path(sys.argv[1])], load_source("norpd"), workspace=Path(sys.argv[2]))
assert file.lines > 5_000_000
# not getrusage, which begins with what the process that started this one took
print(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


# --- Parquet


def table(**changes):
    """Three dispensings, the columns typed as a program would write them."""
    columns = {
        "PasientLopeNr": pa.array(["P1", "P2", None]),
        "PasientKjonn": pa.array([2, 1, None], pa.int8()),
        "PasientFodtAr": pa.array([1951.0, None, float("nan")]),
        "ATCKode": pa.array(["N05BB01", "N02BE01", "N02BE01"]),
        "Varenr": pa.array([58719, 981, None], pa.int32()),
        "UtleveringsDato": pa.array([dt.date(2012, 2, 29), dt.date(2012, 12, 31), None]),
        "OrdinasjonAntallDDD": pa.array([Decimal("62.500"), None, Decimal("-10.000")]),
    }
    return pa.table({**columns, **changes})


def write_parquet(folder, content, name="a.parquet", **options):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(content, path, **options)
    return path


def rows_of(file, wanted=None):
    """All rows of a file as texts, column by column, and the columns that are canonical."""
    wanted = wanted or [name for name in NAMES if name in file.header]
    texts, typed = {name: [] for name in wanted}, set()
    for block in file.blocks:
        lines = read_rows(file.path, block, wanted)
        assert lines.columns.column_names == wanted
        for name in wanted:
            texts[name] += [text.decode() for text in lines.columns[name].to_pylist()]
        typed |= lines.typed
    return texts, typed


def test_typed_columns_become_canonical_text(tmp_path):
    path = write_parquet(tmp_path, table())
    file, warnings = scan(path, PARQUET)
    assert (file.lines, file.bytes, file.reader) == (3, path.stat().st_size, "parquet")
    assert file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (file.name, file.path, file.header, warnings) == ("a.parquet", str(path), NAMES, [])
    texts, typed = rows_of(file)
    assert texts == {
        "PasientLopeNr": ["P1", "P2", ""],
        "PasientKjonn": ["2", "1", ""],
        "PasientFodtAr": ["1951", "", ""],
        "ATCKode": ["N05BB01", "N02BE01", "N02BE01"],
        "Varenr": ["58719", "981", ""],
        "UtleveringsDato": ["2012-02-29", "2012-12-31", ""],
        "OrdinasjonAntallDDD": ["62.5", "", "-10"],
    }
    assert typed == {"UtleveringsDato", "OrdinasjonAntallDDD"}


DAY = dt.datetime(2012, 2, 29)
CANONICAL = {
    "digits": (pa.array([0, -5, 1 << 62]), ["0", "-5", "4611686018427387904"], False),
    "unsigned": (pa.array([18446744073709551615], pa.uint64()), ["18446744073709551615"], False),
    "decimal(12,3)": (pa.array([Decimal("62.500"), Decimal("0.000")]), ["62.5", "0"], True),
    "whole decimals": (pa.array([Decimal("1951.00"), Decimal("-0.00")]), ["1951", "0"], False),
    "decimal of 38 digits": (
        pa.array([Decimal("12345678901234567890123456789012345.678")]),
        ["12345678901234567890123456789012345.678"],
        True,
    ),
    "double": (pa.array([62.5, 0.1, 1e22, 1e-7, float("nan")]),
               ["62.5", "0.1", "1" + "0" * 22, "0.0000001", ""], True),
    "double without decimals": (pa.array([1951.0, -0.0, 1e12]), ["1951", "0", f"{10**12}"], False),
    "float": (pa.array([62.1, 0.1], pa.float32()), ["62.1", "0.1"], True),
    "half": (pa.array(np.array([1.5], np.float16)), ["1.5"], True),
    "date": (pa.array([DAY.date(), None]), ["2012-02-29", ""], True),
    "date64": (pa.array([DAY.date()], pa.date64()), ["2012-02-29"], True),
    "timestamp s": (pa.array([DAY], pa.timestamp("s")), ["2012-02-29"], True),
    "timestamp ns": (pa.array([DAY, None], pa.timestamp("ns")), ["2012-02-29", ""], True),
    "before 1970": (pa.array([dt.datetime(1951, 1, 1)], pa.timestamp("us")), ["1951-01-01"], True),
    "text": (pa.array(["", None, " æ"]), ["", "", " æ"], False),
    "large text": (pa.array(["x", None], pa.large_string()), ["x", ""], False),
    "text view": (pa.array(["x", None], pa.string_view()), ["x", ""], False),
    "dictionary": (pa.array(["x", None, "x"]).dictionary_encode(), ["x", "", "x"], False),
    "nothing": (pa.nulls(2), ["", ""], False),
}  # fmt: skip


@pytest.mark.parametrize("case", CANONICAL)
def test_the_text_of_a_value(case):
    values, texts, typed = CANONICAL[case]
    found = canonical_texts(pa.chunked_array([values, values.slice(0, 0)]))
    assert [text.decode() for text in found[0].to_pylist()] == texts
    assert found[1] is typed


REFUSED = {
    "bool": ("PasientKjonn", pa.array([True, False, None]), "PasientKjonn: has the type bool"),
    "list": ("ATCKode", pa.array([["x"], [], None]), "column ATCKode: has the type list<"),
    "struct": ("ATCKode", pa.array([{"a": 1}] * 3), "column ATCKode: has the type struct<"),
    "binary": ("ATCKode", pa.array([b"x"] * 3), "column ATCKode: has the type binary"),
    "time": ("Varenr", pa.array([dt.time(1)] * 3), "column Varenr: has the type time64"),
    "time of day": (
        "UtleveringsDato", pa.array([DAY, DAY + dt.timedelta(seconds=1), None]),
        "column UtleveringsDato: holds times of day",
    ),
    "a nanosecond": (
        "UtleveringsDato", pa.array([0, 1, None], pa.int64()).cast(pa.timestamp("ns")),
        "column UtleveringsDato: holds times of day",
    ),
    "no calendar day": (
        "UtleveringsDato", pa.array([86_400_000 << 33] * 3).cast(pa.timestamp("ms")),
        "column UtleveringsDato: holds times of day, or days that no calendar reaches",
    ),
    "time zone": (
        "UtleveringsDato", pa.array([DAY] * 3, pa.timestamp("us", tz="UTC")),
        "has the type timestamp[us, tz=UTC]: the day depends on the time zone",
    ),
    "floating pseudonym": (
        "PasientLopeNr", pa.array([1e12, 2.0, 3.0]),
        "column PasientLopeNr: has the type double, which does not keep every digit",
    ),
    "decimal pseudonym": (
        "PasientLopeNr", pa.array([Decimal("1.5")] * 3), "which does not keep every digit",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_column_of_another_type_is_refused_by_name(tmp_path, case):
    name, values, message = REFUSED[case]
    told = complaint(write_parquet(tmp_path, table(**{name: values})), PARQUET)
    assert message in told
    assert "a.parquet" in told
    assert "have " in told


def test_a_column_that_is_not_read_may_be_anything(tmp_path):
    content = table(Varenavn=pa.array([[1]] * 3), extra=pa.array([True] * 3))
    file, warnings = scan(write_parquet(tmp_path, content), PARQUET)
    assert file.lines == 3
    assert warnings == ["1 column is not known to source norpd and is ignored: extra (a.parquet)"]


def test_a_pseudonym_may_be_a_whole_number(tmp_path):
    for number, values in enumerate(
        (pa.array([1, 1 << 62, None]), pa.array([Decimal(1), Decimal(1 << 62), None]))
    ):
        path = write_parquet(tmp_path, table(PasientLopeNr=values), f"{number}.parquet")
        texts, _ = rows_of(scan(path, PARQUET)[0])
        assert texts["PasientLopeNr"] == ["1", str(1 << 62), ""]


def test_an_identifier_that_drifts_between_files_is_refused(tmp_path):
    one = write_parquet(tmp_path, table(), "1.parquet")
    two = write_parquet(tmp_path, table(PasientLopeNr=pa.array([1, 2, 3])), "2.parquet")
    with pytest.raises(DeliveryError) as caught:
        scan_files([one, two], PARQUET)
    assert str(caught.value) == (
        "2.parquet column PasientLopeNr: has the type int64, but is text in 1.parquet; "
        "have it delivered as text in every file"
    )


def test_old_timestamps_of_96_bits_are_dates_too(tmp_path):
    far = pa.array([DAY, dt.datetime(9999, 12, 31), None], pa.timestamp("us"))
    path = write_parquet(tmp_path, table(UtleveringsDato=far), use_deprecated_int96_timestamps=True)
    texts, _ = rows_of(scan(path, PARQUET)[0])
    assert texts["UtleveringsDato"] == ["2012-02-29", "9999-12-31", ""]


@pytest.mark.parametrize(
    ("groups", "blocks"),
    [
        ([], []),
        ([0], []),
        ([10], [(0, 10)]),
        ([4, 4, 4], [(0, 8), (8, 12)]),
        ([3, 25, 3], [(0, 3), (3, 11), (11, 19), (19, 28), (28, 31)]),
        ([10, 10, 1], [(0, 10), (10, 20), (20, 21)]),
    ],
)
def test_blocks_of_rows(groups, blocks):
    found = blocks_of([("", 1, groups)], 10)
    assert [(block.start, block.end) for block in found] == blocks
    assert all(block.first_line == 1 + block.start for block in found)


@pytest.mark.parametrize("block_rows", [1, 7, 1000])
@pytest.mark.parametrize("group_rows", [1, 10, 1000])
def test_every_row_is_in_one_block(tmp_path, group_rows, block_rows):
    content = table().take(pa.array([0] * 100))
    content = content.set_column(0, "PasientLopeNr", pa.array([f"P{n}" for n in range(100)]))
    path = write_parquet(tmp_path, content, row_group_size=group_rows)
    file, _ = scan(path, PARQUET, block_rows=block_rows)
    assert max(block.end - block.start for block in file.blocks) <= block_rows
    assert rows_of(file)[0]["PasientLopeNr"] == [f"P{n}" for n in range(100)]


def test_text_that_no_text_file_could_hold_is_turned_away_by_row(tmp_path):
    bad = pa.array([b"N05", b"N\xe605", b"N\x0005"]).cast(pa.string(), safe=False)
    bad = pa.Array.from_buffers(
        pa.string(), 3, pa.array([b"N05", b"N\xe605", b"N\x0005"]).buffers()
    )
    path = write_parquet(tmp_path, table(ATCKode=bad))
    file, _ = scan(path, PARQUET)
    lines = read_rows(file.path, file.blocks[0], list(NAMES))
    assert lines.faults == {1: "encoding", 2: "nul_byte"}
    assert lines.columns["ATCKode"].to_pylist() == [b"N05"]
    assert lines.positions.tolist() == [0]
    lines = read_rows(file.path, file.blocks[0], ["ATCKode", "Varenr"])
    assert (lines.faults, len(lines.columns)) == ({1: "encoding", 2: "nul_byte"}, 1)
    wanted = wanted_columns(file.header, PARQUET)
    parsed = parse_rows(
        read_rows(file.path, file.blocks[0], wanted), 1, file.header, PARQUET, rules_of(PARQUET)
    )
    assert sorted(parsed.rejected["reason"].to_pylist()) == ["encoding", "nul_byte"]


def test_an_end_that_contradicts_itself_is_damage(tmp_path):
    path = write_parquet(tmp_path, table())
    data = path.read_bytes()
    name = b"PasientKjonn"
    assert data.count(name) > 1
    path.write_bytes(data.replace(name, b"\xff" + name[1:]))
    assert "a damaged one" in complaint(path, PARQUET) or "is damaged" in complaint(path, PARQUET)


BROKEN_PARQUET = {
    "0 bytes": (lambda data: b"", "is empty: 0 bytes"),
    "truncated": (lambda data: data[:-20], "is a Parquet file without its end, or a damaged one"),
    "text": (lambda data: TEXT.encode(), "is no Parquet file"),
    "encrypted": (lambda data: b"PARE" + data[4:-4] + b"PARE", "is encrypted"),
}


@pytest.mark.parametrize("case", BROKEN_PARQUET)
def test_a_broken_parquet_file_is_one_clear_error(tmp_path, case):
    broken, message = BROKEN_PARQUET[case]
    path = write_parquet(tmp_path, table())
    path.write_bytes(broken(path.read_bytes()))
    told = complaint(path, PARQUET)
    assert message in told
    assert "\n" not in told


def test_a_changed_byte_is_found_where_pages_carry_a_checksum(tmp_path):
    path = write_parquet(tmp_path, table(), write_page_checksum=True, compression="none")
    file, _ = scan(path, PARQUET)
    data = path.read_bytes()
    assert data.count(b"N05BB01") >= 1
    path.write_bytes(data.replace(b"N05BB01", b"N05BB02", 1))
    with pytest.raises(OSError, match="CRC"):
        read_rows(file.path, file.blocks[0], list(NAMES))


def test_a_folder_of_parts_is_its_files(tmp_path):
    folder = tmp_path / "extract" / "dispensings 2012.parquet"
    parts = [write_parquet(folder, table(), f"part-{n}.snappy.parquet") for n in (0, 1)]
    (folder / "_SUCCESS").touch()
    (folder / ".part-0.crc").touch()
    for delivery in (tmp_path / "extract", folder, f"{tmp_path}/extract/*"):
        assert find_files([delivery], PARQUET) == (parts, [])
    files, _ = scan_files(parts, PARQUET)
    assert [file.name for file in files] == [
        "dispensings 2012.parquet/part-0.snappy.parquet",
        "dispensings 2012.parquet/part-1.snappy.parquet",
    ]


def test_columns_in_the_names_of_folders(tmp_path):
    content = table().drop_columns(["UtleveringsDato", "PasientKjonn"])
    for day in ("2012-02-29", "__HIVE_DEFAULT_PARTITION__"):
        place = f"a.parquet/year=2012/UtleveringsDato={day}/PasientKjonn=2/p.parquet"
        write_parquet(tmp_path, content, place)
    iso = PARQUET.model_copy(update={"date_format": "yyyy-MM-dd"})
    paths, _ = find_files([tmp_path], iso)
    files, _ = scan_files(paths, iso, workspace=tmp_path / "workspace")
    texts = [rows_of(file)[0] for file in files]
    assert texts[0]["UtleveringsDato"] == ["2012-02-29"] * 3
    assert texts[1]["UtleveringsDato"] == [""] * 3
    assert texts[0]["PasientKjonn"] == ["2"] * 3
    assert texts[0]["ATCKode"] == ["N05BB01", "N02BE01", "N02BE01"]
    with pytest.raises(DeliveryError, match="holds its rows or columns in several places"):
        scan_files(paths, iso)


# --- Delta

deltalake = pytest.importorskip("deltalake")


def plain_delta(folder, name="dispensings", content=None, **options):
    path = folder / name
    deltalake.write_deltalake(path, content or table(), **options)
    return path


def test_a_delta_table_is_its_latest_version(tmp_path):
    folder = tmp_path / "leveranse æ 1"
    folder.mkdir()
    path = plain_delta(folder)
    first, warnings = scan(path, DELTA)
    assert (first.name, first.lines, warnings) == ("dispensings", 3, [])
    plain_delta(folder, content=table().slice(0, 1), mode="append")
    second, _ = scan(path, DELTA)
    assert (second.lines, second.sha256 != first.sha256) == (4, True)
    assert [block.first_line for block in second.blocks] == sorted(
        {block.first_line for block in second.blocks}
    )
    deltalake.DeltaTable(path).create_checkpoint()
    deltalake.DeltaTable(path).delete("ATCKode = 'N02BE01'")
    third, _ = scan(path, DELTA)
    assert rows_of(third)[0]["PasientLopeNr"] == ["P1", "P1"]
    assert scan(path, DELTA)[0] == third
    for delivery in (folder, path, f"{folder}/*"):
        assert find_files([delivery], DELTA) == ([path], [])


def test_partition_columns_and_columns_added_later(tmp_path):
    without = table().drop_columns(["PasientKjonn"]).slice(0, 2)
    path = plain_delta(tmp_path, content=without, partition_by=["UtleveringsDato", "ATCKode"])
    later = table().slice(0, 1)
    plain_delta(tmp_path, content=later, mode="append", schema_mode="merge")
    file, _ = scan(path, DELTA, workspace=tmp_path / "workspace")
    texts, _ = rows_of(file)
    rows = sorted(zip(*texts.values(), strict=True))
    assert texts.keys() == set(NAMES)
    order = list(texts)
    assert [dict(zip(order, row, strict=True))["PasientKjonn"] for row in rows] == ["", "2", ""]
    assert sorted(texts["UtleveringsDato"]) == ["2012-02-29", "2012-02-29", "2012-12-31"]
    assert sorted(texts["ATCKode"]) == ["N02BE01", "N05BB01", "N05BB01"]


def test_deletion_vectors_and_renamed_columns(tmp_path, monkeypatch):
    """Told as the library tells them: which rows are kept, what a column is called in the files."""
    from ldn_spark.delivery.files import deltatables

    path = plain_delta(tmp_path)
    opened = deltatables.open_delta(path)
    (data,) = opened.files
    kept = deltatables.DeltaFile(data.name, data.path, {}, np.array([False]))
    physical = write_parquet(tmp_path, table().rename_columns([f"col-{n}" for n in range(7)]))
    renamed = deltatables.DeltaFile("b", physical, {}, np.array([True, False, True]))
    for file, names, lines in (
        (kept, opened.physical_names, ["P2", ""]),
        (renamed, {name: f"col-{n}" for n, name in enumerate(NAMES)}, ["P1", ""]),
    ):
        version = deltatables.DeltaTable(7, opened.schema, names, (file,))
        monkeypatch.setattr(
            "ldn_spark.delivery.files.tablefiles.open_delta", lambda folder, v=version: v
        )
        found, _ = scan(path, DELTA, workspace=tmp_path / "workspace")
        assert rows_of(found)[0]["PasientLopeNr"] == lines


def test_what_is_wrong_with_a_delta_table(tmp_path, monkeypatch):
    path = plain_delta(tmp_path)
    assert "is a Delta table, but source norpd declares the format parquet" in complaint(
        path, PARQUET
    )
    (tmp_path / "extract").mkdir()
    pq.write_table(table(), tmp_path / "extract" / "x.parquet")
    assert "is no Delta table" in complaint(tmp_path / "extract", DELTA)
    with pytest.raises(DeliveryError, match="holds no file like"):
        find_files([tmp_path / "extract"], DELTA)
    log = path / "_delta_log" / f"{0:020d}.json"
    whole = log.read_text()
    log.write_text(whole.replace('"minReaderVersion":1', '"minReaderVersion":3').replace(
        '"minWriterVersion":2', '"minWriterVersion":7,"readerFeatures":["variantType"],'
        '"writerFeatures":["variantType"]'))  # fmt: skip
    assert "variantType" in complaint(path, DELTA)
    log.write_text(whole[:200])
    assert "its log cannot be read" in complaint(path, DELTA)
    log.write_text(whole)
    (data,) = path.glob("*.parquet")
    data.rename(tmp_path / "elsewhere")
    assert "1 of its files are missing; copy the whole table" in complaint(path, DELTA)
    bools = plain_delta(tmp_path, "b", table(PasientKjonn=pa.array([True] * 3)))
    assert "column PasientKjonn: has the type bool" in complaint(bools, DELTA)


# --- SAS, SPSS, Stata

pyreadstat = pytest.importorskip("pyreadstat")
SHORT = dict(zip(NAMES, ("lopnr", "kjonn", "fodt", "atc", "varenr", "dato", "ddd"), strict=True))
COLUMNS = {ours: SHORT[name] for ours, name in NORPD.columns.items()}
DAYS = (dt.date(2012, 2, 29), dt.date(1999, 12, 31))


def stat_source(kind):
    return NORPD.model_copy(
        update={"format": kind, "columns": COLUMNS, "optional_columns": {}, "files": ("*.*",)}
    )


def frame():
    import pandas as pd

    return pd.DataFrame(
        {
            "lopnr": [4611686, 2],
            "kjonn": [2.0, None],
            "fodt": [1951.0, None],
            "atc": ["N05BB01", ""],
            "varenr": ["058719", "ukjent æ"],
            "dato": list(DAYS),
            "ddd": [62.1, -10.0],
        }
    )


def write_sas(path):
    content, origin = frame(), dt.date(1960, 1, 1)
    columns = {name: [None if v != v else v for v in content[name].tolist()] for name in content}
    columns |= {"dato": [float((day - origin).days) for day in DAYS]}
    columns |= {"lopnr": [float(value) for value in content["lopnr"]]}
    write_sas7bdat(path, columns, {"dato": "DATE9"})


WRITERS = {
    "a.sas7bdat": ("sas", write_sas),
    "a.xpt": ("sas", lambda path: pyreadstat.write_xport(frame(), path, file_format_version=8)),
    "a.sav": ("spss", lambda path: pyreadstat.write_sav(
        frame(), path, variable_value_labels={"kjonn": {1: "Mann", 2: "Kvinne"}})),
    "a.zsav": ("spss", lambda path: pyreadstat.write_sav(frame(), path, compress=True)),
    "a.dta": ("stata", lambda path: pyreadstat.write_dta(frame(), path)),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("chunk", [1, 1000])
def test_files_of_statistical_programs(tmp_path, monkeypatch, name, chunk, reports):
    monkeypatch.setattr("ldn_spark.delivery.files.statfiles._CHUNK_ROWS", chunk)
    kind, write_file = WRITERS[name]
    source, path = stat_source(kind), tmp_path / "leveranse æ 1" / name
    path.parent.mkdir()
    write_file(path)
    paths, _ = find_files([path.parent], source)
    assert paths == [path]
    file, warnings = scan(path, source, workspace=tmp_path / "workspace")
    assert (file.name, file.lines, file.reader, warnings) == (name, 2, "parquet", [])
    assert all(0 <= one.done <= one.total == path.stat().st_size for one in reports)
    assert (file.bytes, file.header) == (path.stat().st_size, tuple(SHORT.values()))
    assert file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    texts, typed = rows_of(file, list(SHORT.values()))
    assert texts == {
        "lopnr": ["4611686", "2"],
        "kjonn": ["2", ""],
        "fodt": ["1951", ""],
        "atc": ["N05BB01", ""],
        "varenr": ["058719", "ukjent æ"],
        "dato": ["2012-02-29", "1999-12-31"],
        "ddd": ["62.1", "-10"],
    }
    assert typed == {"dato", "ddd"}


DATE_FORMATS = [
    ("sas", "YYMMDD10", 19052, "2012-02-29"),
    ("sas", "E8601DA10", 19052, "2012-02-29"),
    ("sas", "MONYY7", 19052, "2012-02-29"),
    ("sas", "DDMMYYP10", 19052, "2012-02-29"),
    ("sas", "DATETIME20", 19052 * 86400, "2012-02-29"),
    ("sas", "DTDATE9", 19052 * 86400, "2012-02-29"),
    ("sas", "BEST12", 19052, "19052"),
    ("spss", "EDATE10", 13549852800, "2012-02-29"),
    ("spss", "DATETIME20", 13549852800, "2012-02-29"),
    ("spss", "F8.2", 19052, "19052"),
    ("stata", "%td", 19052, "2012-02-29"),
    ("stata", "%tdDD/NN/CCYY", 19052, "2012-02-29"),
    ("stata", "%-td", 19052, "2012-02-29"),
    ("stata", "%tc", 19052 * 86_400_000, "2012-02-29"),
    ("stata", "%9.0g", 19052, "19052"),
]


@pytest.mark.parametrize(("kind", "form", "number", "text"), DATE_FORMATS)
def test_dates_of_statistical_programs(tmp_path, kind, form, number, text):
    import pandas as pd

    content = frame().assign(dato=[float(number), None])
    path = tmp_path / "a.x"
    if kind == "sas":
        columns = {n: [None if v != v else v for v in content[n].tolist()] for n in content}
        columns |= {"lopnr": [1.0, 2.0]}
        write_sas7bdat(path, columns, {"dato": form})
    elif kind == "spss":
        pyreadstat.write_sav(content, path, variable_format={"dato": form})
    else:
        pyreadstat.write_dta(content, path, variable_format={"dato": form})
    assert isinstance(content, pd.DataFrame)
    file, _ = scan(path, stat_source(kind), workspace=tmp_path / "workspace")
    assert rows_of(file, ["lopnr", "dato"])[0]["dato"] == [text, ""]


def test_what_is_wrong_with_a_file_of_a_statistical_program(tmp_path, monkeypatch):
    source = stat_source("spss")
    cases = {
        "time": ({"dato": [dt.datetime(2012, 2, 29, 12), None]}, "column dato: holds times of day"),
        "half": ({"lopnr": [1.5, 2.0]}, "column lopnr: holds numbers that do not keep every digit"),
        "large": ({"lopnr": [2.0**53, 2.0]}, "column lopnr: holds numbers that do not keep every"),
    }
    for name, (change, message) in cases.items():
        path = tmp_path / f"{name}.sav"
        pyreadstat.write_sav(frame().assign(**change), path)
        assert message in complaint(path, source)
    whole = tmp_path / "whole.sav"
    pyreadstat.write_sav(frame(), whole)
    with pytest.raises(DeliveryError, match="there is no place to turn it into Parquet"):
        scan_files([whole], source)
    for name, content in {"cut": whole.read_bytes()[:300], "text": TEXT.encode()}.items():
        told = complaint(write(tmp_path, content, f"{name}.sav"), source)
        assert "is not an SPSS file, or a damaged one" in told
    assert "is empty: 0 bytes" in complaint(write(tmp_path, b"", "empty.sav"), source)
    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    told = complaint(whole, source)
    assert "is an SPSS file, and the library that reads them is not installed" in told
    assert "pip install 'ldn-spark[statfiles]'" in told


def test_a_single_precision_pseudonym_of_stata_loses_persons(tmp_path):
    days = {"dato": [19052, None]}
    content = frame().assign(lopnr=np.array([16777216, 2], np.float32), **days)
    content.to_stata(tmp_path / "a.dta", write_index=False, version=118)
    assert "do not keep every digit" in complaint(tmp_path / "a.dta", stat_source("stata"))
    content = frame().assign(lopnr=[1, 2], ddd=np.array([62.1, 0.1], np.float32), **days)
    content.to_stata(tmp_path / "b.dta", write_index=False, version=118)
    file, _ = scan(tmp_path / "b.dta", stat_source("stata"), workspace=tmp_path / "workspace")
    assert rows_of(file, ["lopnr", "ddd"])[0]["ddd"] == ["62.1", "0.1"]


def test_a_part_of_a_table_without_a_column_has_it_empty(tmp_path):
    path = write_parquet(tmp_path, table().select(["PasientLopeNr", "ATCKode"]))
    lines = read_rows("elsewhere", Block(1, 3, 2, str(path)), ["PasientLopeNr", "Varenr"])
    assert lines.columns.to_pydict() == {"PasientLopeNr": [b"P2", b""], "Varenr": [b"", b""]}


def test_other_things_in_a_folder_are_left_aside(tmp_path):
    """A letter is; what is broken or has lost its end is not."""
    letter = write(tmp_path, b"Dear all", "a.readme")
    cut = write(tmp_path, b"PAR1 and no more", "b.parquet")
    empty = write(tmp_path, b"", "c.parquet")
    anything = PARQUET.model_copy(update={"files": ("*",)})
    paths, warnings = find_files([tmp_path], anything)
    assert paths == [cut, empty]
    assert warnings == ["a.readme: has no column of source norpd, left aside"]
    broken = write(tmp_path, b"$FL2", "d.sav")
    paths, warnings = find_files(
        [tmp_path], stat_source("spss").model_copy(update={"files": ("*",)})
    )
    assert paths == [broken]
    assert len(warnings) == 3
    assert letter not in paths
