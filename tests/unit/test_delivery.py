"""Delivered files before they are parsed: found, counted, cut, and refused with a reason."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldn_spark.errors import DeliveryError
from ldn_spark.io.delivery import find_files, scan_files
from ldn_spark.io.sources import load_source

NORPD = load_source("norpd")
HEADER = ";".join(NORPD.columns.values())
LINE = "P1;2;1951;N05BB01;058719;2012.02.25;62,5"


def scan(path, source=NORPD, **options):
    (file,), warnings = scan_files([path], source, **options)
    return file, warnings


def write(folder, content, name="a.txt", encoding="iso-8859-1"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def complaint(path, source=NORPD):
    with pytest.raises(DeliveryError) as caught:
        scan_files([path], source)
    return str(caught.value)


def test_size_checksum_and_lines(tmp_path):
    content = f"{HEADER}\n{LINE}\n{LINE}".encode()
    file, warnings = scan(write(tmp_path, content))
    assert (file.bytes, file.lines, warnings) == (len(content), 2, [])
    assert file.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\r\n", "\r\n\r\n", "\n\n\n\n", "\n\r"])
def test_blank_lines_at_the_end_are_no_rows(tmp_path, end):
    file, _ = scan(write(tmp_path, f"{HEADER}\n{LINE}\n\n{LINE}{end}"), block_bytes=30)
    assert file.lines == 3


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["a", "bb", ";", "\n", "\n", "\r\n", "\r"])), st.integers(1, 9))
def test_blocks_cover_every_line_once(tmp_path_factory, pieces, block_bytes):
    body = "".join(pieces).encode()
    path = write(tmp_path_factory.mktemp("d"), f"{HEADER}\n".encode() + body)
    file, _ = scan(path, block_bytes=block_bytes)
    content = path.read_bytes()
    parts = [content[block.start : block.end] for block in file.blocks]
    assert b"".join(parts).rstrip(b"\r\n") == body.rstrip(b"\r\n")
    line = 2
    for block, part in zip(file.blocks, parts, strict=True):
        assert block.first_line == line
        line += part.count(b"\n") + (not part.endswith(b"\n"))
    assert file.lines == line - 2
    assert file.sha256 == hashlib.sha256(content).hexdigest()


def test_only_a_header(tmp_path):
    file, warnings = scan(write(tmp_path, HEADER + "\n"))
    assert (file.lines, file.blocks) == (0, ())
    assert warnings == ["a.txt: holds a header and no line"]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is empty: 0 bytes"),
        (HEADER.replace(";", ","), "has one field; the delimiter ';' does not occur"),
        (HEADER.replace("ATCKode", "ATC"), "the column 'ATCKode' is missing"),
        (HEADER.replace("ATCKode", "atckode"), "the file has 'atckode': spell it alike"),
        (HEADER + ";ATCKode", "the column 'ATCKode' occurs twice"),
        (HEADER.encode("utf-16"), "UTF-16"),
        (HEADER.encode("utf-16-le"), "is not a line of text"),
        (HEADER.encode("utf-8-sig"), "begins with a UTF-8 mark"),
        (b"\x1f\x8b\x08\x00" + HEADER.encode(), "is packed and damaged"),
        (b"PK\x03\x04" + HEADER.encode(), "is packed (zip)"),
        (f"{HEADER}\r{LINE}\r", "ends with a carriage return alone"),
    ],
)
def test_a_file_that_is_not_as_declared_is_refused(tmp_path, content, what):
    assert what in complaint(write(tmp_path, content))


def test_all_missing_columns_and_all_files_are_named_at_once(tmp_path):
    one = write(tmp_path, "x;y\n", "one.txt")
    two = write(tmp_path, b"", "two.txt")
    with pytest.raises(DeliveryError) as caught:
        scan_files([one, two], NORPD)
    assert len(caught.value.problems) == len(NORPD.columns) + 1


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    source = NORPD.model_copy(update={"encoding": "utf-8"})
    file, _ = scan(write(tmp_path, f"{HEADER}\n{LINE}\n", encoding="utf-8-sig"), source)
    assert file.header[0] == "PasientLopeNr"


def test_an_unknown_column_is_a_warning(tmp_path):
    _, warnings = scan(write(tmp_path, f"{HEADER};Varenavn;Kommune\n"))
    assert warnings[0] == "a.txt: column 'Kommune' is not known to source norpd and is ignored"


def test_files_folders_and_globs(tmp_path):
    folder = tmp_path / "leveranse æ 1"
    folder.mkdir()
    one, two = (write(folder, HEADER + "\n", name) for name in ("1.txt", "2.txt"))
    write(folder, HEADER, "note.md")
    assert find_files([folder], NORPD)[0] == [one, two]
    assert find_files([folder / "2.txt", f"{folder}/*.txt"], NORPD)[0] == [one, two]


def test_everything_that_does_not_exist_is_named_at_once(tmp_path):
    with pytest.raises(DeliveryError) as caught:
        find_files([tmp_path / "no.txt", f"{tmp_path}/*.csv", tmp_path], NORPD)
    assert [problem.what.split(";")[0] for problem in caught.value.problems] == [
        "no such file or folder",
        "matches no file",
        "the folder holds no file like *.txt or *.csv with the columns of source norpd",
    ]
