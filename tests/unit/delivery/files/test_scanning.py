"""Delivered files before they are parsed: found, counted, cut, and refused with a reason."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import socket
import time
from zlib import crc32

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from ldn_spark.delivery.files.scanning import find_files, require_unchanged, scan_files
from ldn_spark.delivery.source.declared import Amount, Companion, Computed, Lookup, NoIdentity
from ldn_spark.delivery.source.sources import load_source
from ldn_spark.delivery.values.parsing import parse_block
from ldn_spark.delivery.values.rules import rules_of
from ldn_spark.errors import ConflictError, DeliveryError

NORPD = load_source("norpd")
RULES = rules_of(NORPD)
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


def test_one_warning_names_the_unknown_columns_of_all_files(tmp_path):
    """Varenavn is known and not needed; a column without a name is none."""
    files = [
        write(tmp_path, f"{HEADER};Varenavn;Kommune{more}\n{LINE}\n", name)
        for name, more in (("1.txt", ";Fylke;"), ("2.txt", ";Fylke"), ("3.txt", ";Kommune;x"))
    ]
    _, warnings = scan_files(files, NORPD)
    assert warnings == [
        "3 columns are not known to source norpd and are ignored: Kommune (all 3 files), "
        "Fylke (1.txt and 1 more), x (3.txt)"
    ]


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


def test_packed_files_and_archives_of_a_folder(tmp_path):
    """A packed file fits where its name without the suffix fits; other archives are pointed out."""
    one = write(tmp_path, gzip.compress(f"{HEADER}\n{LINE}\n".encode()), "1.txt.gz")
    two = write(tmp_path, zstandard.compress(f"{HEADER}\n{LINE}\n".encode()), "2.csv.zst")
    cut = write(tmp_path, gzip.compress(b"x" * 1000)[:12], "3.txt.gz")
    zipped = write(tmp_path, b"PK\x03\x04", "4.txt.zip")
    write(tmp_path, b"PK\x03\x04", "rest.zip")
    paths, warnings = find_files([tmp_path], NORPD)
    assert paths == [one, two, cut, zipped]
    assert warnings == [
        "rest.zip: is packed and not looked into; if it belongs to the delivery, unpack it"
    ]
    with pytest.raises(DeliveryError) as caught:
        scan_files(paths, NORPD, workspace=tmp_path / "workspace")
    assert [problem.where for problem in caught.value.problems] == [str(cut), str(zipped)]


def test_zstandard_without_a_checksum_is_named(tmp_path):
    text = f"{HEADER}\n{LINE}\n".encode()
    with_one = zstandard.ZstdCompressor(write_checksum=True)
    without = zstandard.ZstdCompressor(write_checksum=False)
    skipped = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"
    for number, (content, named) in enumerate(
        [
            (with_one.compress(text), False),
            (without.compress(text), True),
            (skipped + with_one.compress(text) + skipped, False),
            (with_one.compress(text) + without.compress(text), True),
            (gzip.compress(text), False),
        ]
    ):
        path = write(tmp_path, content, f"{number}.txt.{'gz' if number == 4 else 'zst'}")
        _, warnings = scan(path, workspace=tmp_path / "workspace")
        told = f"{path.name}: is packed without a checksum: a damage on the way might not show"
        assert [told in warning for warning in warnings] == [True] * named


NO_FILES = {
    "pipe": (os.mkfifo, "is a pipe (FIFO), and no file"),
    "socket": (
        lambda path: socket.socket(socket.AF_UNIX).bind(str(path)),
        "is a socket, and no file",
    ),
    "device": (
        lambda path: path.symlink_to("/dev/zero"),
        "is a link to a device, and no file",
    ),
}


@pytest.mark.parametrize("kind", NO_FILES)
def test_what_is_named_like_a_delivered_file_and_is_none_is_refused(tmp_path, kind):
    """Neither opened, which may take for ever, nor left out, which would lose a year."""
    make, told = NO_FILES[kind]
    write(tmp_path, f"{HEADER}\n{LINE}\n", "2012.txt")
    make(tmp_path / "2013.txt")
    with pytest.raises(DeliveryError, match=re.escape(f"2013.txt: {told}")):
        find_files([tmp_path], NORPD)
    with pytest.raises(DeliveryError, match=re.escape("2013.txt: ")):
        find_files([tmp_path / "2013.txt"], NORPD)
    with pytest.raises(DeliveryError, match=re.escape("2013.txt: ")):
        find_files([f"{tmp_path}/201*.txt"], NORPD)
    (tmp_path / "2013.txt").rename(tmp_path / "2013.dat")
    _, warnings = find_files([tmp_path], NORPD)
    assert warnings == [f"2013.dat: {told}; left aside"]


def test_a_pipe_among_the_files_of_a_folder_of_parquet_is_refused(tmp_path):
    parquet = NORPD.model_copy(update={"format": "parquet", "files": ("*.parquet",)})
    (tmp_path / "2013.parquet").mkdir()
    (tmp_path / "2012.parquet").write_bytes(b"PAR1")
    told = "2013.parquet: is a folder and not looked into"  # there is nothing in it
    assert told in find_files([tmp_path], parquet)[1][0]
    os.mkfifo(tmp_path / "2013.parquet" / "part-0.parquet")
    with pytest.raises(DeliveryError, match=r"part-0\.parquet: is a pipe"):
        find_files([tmp_path], parquet)


SWEDEN = NORPD.model_copy(
    update={
        "id": "sweden",
        "files": ("*.txt",),
        "columns": {"pseudonym": "LopNr", "atc": "ATC", "dispensed_on": "EDATUM"},
        "optional_columns": {"sex": "KON", "product_number": "VARUNR"},
        "ignored_columns": ("LAN",),
        "computed": Computed(ddd=Amount(multiply=("ANTAL", "FORPDDD"))),
        "no_id": NoIdentity(column="RESERV", values=("1",), optional=True),
        "line_key": ("RADNR",),
        "lookups": (Lookup(name="packs", key="VARUNR", gives=("FORPDDD",)),),
        "persons": Companion(
            files=("person*.txt", "*.txt"),
            columns={"pseudonym": "LopNr", "sex": "KON"},
            optional_columns={"birth_year": "FODAR", "died_on": "DODSDAT"},
        ),
        "deaths": Companion(files=("*.txt",), columns={"pseudonym": "LopNr", "died_on": "DODSDAT"}),
        "observation_periods": Companion(
            files=("per*.csv",),
            columns={"pseudonym": "LopNr", "observed_from": "FRAN", "observed_to": "TILL"},
        ),
    }
)
FULL = "LopNr;ATC;EDATUM;VARUNR;ANTAL;RADNR"
KINDS = {
    "dispensings": ("a.txt", FULL, "dispensings"),
    "dispensings named like persons": ("persons.txt", FULL, "dispensings"),
    "dispensings with the persons' columns": ("a.txt", f"{FULL};KON;FODAR;DODSDAT", "dispensings"),
    "persons": ("a.txt", "LopNr;KON", "persons"),
    "persons with a day of death": ("a.txt", "LopNr;KON;DODSDAT", "persons"),
    "deaths": ("a.txt", "LopNr;DODSDAT", "deaths"),
    "periods": ("per1.csv", "LopNr;FRAN;TILL", "observation_periods"),
    "periods under another name": ("x.dat", "LopNr;FRAN;TILL", "observation_periods"),
    "packed": ("per1.csv.gz", "LopNr;FRAN;TILL", "observation_periods"),
}


@pytest.mark.parametrize("case", KINDS)
def test_the_kind_of_a_file(tmp_path, case):
    """By its name where one kind is named so, else by its header; in a folder and by itself."""
    name, header, kind = KINDS[case]
    content = f"{header}\n{header}\n".encode()
    path = write(tmp_path, gzip.compress(content) if name.endswith(".gz") else content, name)
    assert find_files([path], SWEDEN)[0] == [path]
    (file,), _ = scan_files([path], SWEDEN, workspace=tmp_path / "workspace")
    assert (file.kind, file.name) == (kind, name)
    if not name.endswith(".dat"):
        assert find_files([tmp_path], SWEDEN)[0] == [path]


@pytest.mark.parametrize(
    ("header", "problems"),
    [
        (FULL.replace(";ATC", ""), ["'ATC' is missing"]),
        (FULL.replace(";ANTAL", ""), ["'ANTAL' is missing"]),
        (FULL.replace(";RADNR", ""), ["'RADNR' is missing"]),
        (FULL.replace(";VARUNR", ""), ["'VARUNR' is missing"]),
        (FULL.replace(";ANTAL", ";Nr"), ["; the file has LopNr, ATC, EDATUM, VARUNR, Nr, RADNR"]),
        (f"{FULL};Kon", ["'KON' is missing; the file has 'Kon': spell it alike"]),
        (f"{FULL};RESERV;RESERV", ["'RESERV' occurs twice"]),
        (FULL.lower(), [f"'{name}' is missing; the file has" for name in FULL.split(";")]),
        (
            FULL.replace("ATC", "KOD").replace("EDATUM", "edatum") + ";VARUNR",
            ["'ATC' is missing; add", "'EDATUM' is missing; the file", "'VARUNR' occurs twice"],
        ),
    ],
)
def test_every_column_that_is_not_as_declared_is_named_at_once(tmp_path, header, problems):
    with pytest.raises(DeliveryError) as caught:
        scan_files([write(tmp_path, header + "\n")], SWEDEN)
    found = [str(problem) for problem in caught.value.problems]
    assert len(found) == len(problems)
    for wanted in problems:
        assert any(wanted in problem for problem in found), wanted


@pytest.mark.parametrize("section", ["no_id", "line_key", "lookups", "computed"])
def test_a_column_that_the_source_names_anywhere_is_missed(tmp_path, section):
    """Each is an error that names the file's columns, once."""
    names = {
        "no_id": NoIdentity(column="utenID", values=("1",)),
        "line_key": ("utenID",),
        "lookups": (Lookup(name="a", key="utenID", gives=("b",)),),
        "computed": Computed(ddd=Amount(multiply=("ANTAL", "utenID"))),
    }
    source = SWEDEN.model_copy(update={"persons": None, section: names[section]})
    told = complaint(write(tmp_path, f"{FULL};FORPDDD\nP1;A\n"), source)
    assert "the column 'utenID' is missing; add the column, or name the right one in" in told
    assert told.count(f"the file has {FULL.replace(';', ', ')}, FORPDDD") == 1


@pytest.mark.parametrize("header", ["P1;N05BB01;2012-02-25;LopNr", "Dear all;my number is 8"])
def test_a_first_line_that_may_be_no_header_is_not_shown(tmp_path, header):
    told = complaint(write(tmp_path, header + "\n"), SWEDEN)
    assert "'ATC' is missing" in told
    assert not any(value in told for value in ("P1", "N05", "Dear", "number"))


def test_columns_that_need_not_be_there_and_columns_that_are_not_needed(tmp_path):
    """A lookup gives FORPDDD, RESERV and KON may be absent, LAN is known; only X is unknown."""
    first = write(tmp_path, f"{FULL};LAN;FORPDDD\n1\n", "1.txt")
    second = write(tmp_path, f"X;RESERV;{FULL}\n1\n", "2.txt")
    files, warnings = scan_files([first, second], SWEDEN)
    assert [file.header[0] for file in files] == ["LopNr", "X"]
    assert warnings == ["1 column is not known to source sweden and is ignored: X (2.txt)"]


def test_a_file_that_fits_no_kind(tmp_path):
    """Left aside in a folder, an error when it is named."""
    letter = write(tmp_path, "Dear all;\nhere they are\n", "letter.txt")
    good = write(tmp_path, f"{FULL}\n", "good.txt")
    paths, warnings = find_files([tmp_path], SWEDEN)
    assert paths == [good]
    assert warnings == ["letter.txt: has no column of source sweden, left aside"]
    assert find_files([letter], SWEDEN)[0] == [letter]
    assert "the column 'LopNr' is missing" in complaint(letter, SWEDEN)


def test_a_companion_misses_its_own_columns(tmp_path):
    told = complaint(write(tmp_path, "LopNr;FRAN\n", "per.csv"), SWEDEN)
    assert "the column 'TILL' is missing; add the column, or name the right one" in told
    assert "source sweden (observation_periods)" in told


def test_two_kinds_that_fit_alike_are_no_guess(tmp_path):
    twins = SWEDEN.model_copy(update={"deaths": SWEDEN.persons})
    told = complaint(write(tmp_path, "LopNr;KON\n"), twins)
    assert "fits persons and deaths alike; give them patterns of their own" in told


def test_columns_in_another_order_are_the_same_rows(tmp_path):
    names = NORPD.columns.values()
    values = dict(zip(names, LINE.split(";"), strict=True))
    rules, read = rules_of(NORPD), []
    for order in (list(names), sorted(names)):
        content = "\n".join([";".join(order), ";".join(values[name] for name in order), ""])
        file, _ = scan(write(tmp_path, content))
        (block,) = file.blocks
        data = content.encode()[block.start : block.end]
        read.append(parse_block(data, 2, file.header, NORPD, rules).accepted)
    assert read[0].num_rows == 1
    assert read[0] == read[1]


def test_five_hundred_columns_and_a_field_of_ten_megabytes(tmp_path):
    extra = [f"x{number}" for number in range(500)]
    lines = [";".join([HEADER, *extra]), ";".join([LINE, "æ" * 10_000_000, *["æ"] * 499]), LINE]
    path = write(tmp_path, "\n".join(lines), "med æ og mellomrom.txt")
    file, warnings = scan(path)
    assert (file.lines, len(file.header), len(warnings)) == (2, 507, 1)
    assert warnings[0].endswith("x19 (med æ og mellomrom.txt) and 480 more")
    parsed = [
        parse_block(path.read_bytes()[b.start : b.end], b.first_line, file.header, NORPD, RULES)
        for b in file.blocks
    ]
    assert sum(block.accepted.num_rows for block in parsed) == 1
    reasons = [reason for block in parsed for reason in block.rejected["reason"].to_pylist()]
    assert reasons == ["too_few_fields"]


def test_a_block_carries_the_checksum_of_its_bytes(tmp_path):
    path = write(tmp_path, f"{HEADER}\n{LINE}\n{LINE}\n{LINE}\n\n\n")
    file, _ = scan(path, block_bytes=len(LINE))
    content = path.read_bytes()
    assert len(file.blocks) == 3
    assert [b.checksum for b in file.blocks] == [
        crc32(content[b.start : b.end]) for b in file.blocks
    ]


@pytest.mark.parametrize("change", ["longer", "shorter", "touched", "replaced", "gone", "nothing"])
def test_a_file_that_is_written_to_after_its_scan_is_told(tmp_path, change):
    path = write(tmp_path, f"{HEADER}\n{LINE}\n")
    files, _ = scan_files([path], NORPD)
    if change == "longer":
        path.write_text(f"{HEADER}\n{LINE}\n{LINE}\n")
    elif change == "shorter":
        path.write_text(f"{HEADER}\n")
    elif change == "touched":
        os.utime(path, ns=(0, files[0].stamp[1] + 1))
    elif change == "replaced":
        write(tmp_path, f"{HEADER}\n{LINE}1\n", "b.txt").replace(path)
    elif change == "gone":
        path.unlink()
    if change == "nothing":
        require_unchanged(files)
        with pytest.raises(ConflictError, match="was changed while it was read"):
            require_unchanged(files, {0})
        return
    with pytest.raises(ConflictError) as caught:
        require_unchanged(files)
    told = f"{path}: was changed while it was read; run this again when it is whole"
    assert str(caught.value) == told


def test_what_a_folder_holds_and_is_not_taken_is_told(tmp_path):
    """Never silently: a file of another name, a folder in the folder, a link to nothing."""
    content = f"{HEADER}\n{LINE}\n"
    one = write(tmp_path, content, "1.txt")
    write(tmp_path, content.lower(), "2.TXT")
    write(tmp_path, gzip.compress(content.encode()), "3.dat.gz")
    write(tmp_path, "PasientLopeNr\nP1\n", "persons.dat")
    write(tmp_path, content, ".4.txt.swp")
    for name in ("2013", "letters"):
        (tmp_path / name).mkdir()
    write(tmp_path / "2013", content, "5.csv")
    write(tmp_path / "letters", "Hei", "6.md")
    like = "like *.txt or *.csv"
    aside = f"has the columns of source norpd, but is not named {like}, left aside"
    paths, warnings = find_files([tmp_path], NORPD)
    assert paths == [one]
    assert warnings == [
        f"2.TXT: {aside}; if it belongs to the delivery, name it too",
        f"2013: is a folder with files {like} and not looked into; "
        "if it belongs to the delivery, name it too",
        f"3.dat.gz: {aside}; if it belongs to the delivery, name it too",
    ]
    (tmp_path / "7.txt").symlink_to(tmp_path / "gone.txt")
    with pytest.raises(DeliveryError, match=r"7\.txt: is a link to something that is not there"):
        find_files([tmp_path], NORPD)


@pytest.mark.parametrize(
    ("encoding", "delivered", "warned"),
    [
        ("iso-8859-1", "utf-8", True),
        ("windows-1252", "utf-8", True),
        ("iso-8859-1", "iso-8859-1", False),
        ("utf-8", "utf-8", False),
        ("iso-8859-1", "ascii", False),
    ],
)
def test_letters_of_utf8_that_are_read_as_others_are_a_warning(
    tmp_path, encoding, delivered, warned
):
    source = NORPD.model_copy(update={"encoding": encoding})
    lines = [LINE.replace("N05BB01", name) for name in ("ÆØÅ", "Ørsta")]
    lines = [LINE if delivered == "ascii" else line for line in lines]
    path = write(tmp_path, "\n".join([HEADER, *lines, LINE]), encoding=delivered)
    _, warnings = scan(path, source, block_bytes=1)
    told = f"a.txt: its letters beyond ASCII are UTF-8, and are read as {encoding}; declare utf-8"
    assert warnings == ([f"{told} in the source file"] if warned else [])


def test_one_letter_that_is_no_utf8_is_enough(tmp_path):
    path = write(tmp_path, f"{HEADER}\nÆ;\n".encode() + b"\xc6;\n" + "Æ;\n".encode())
    assert scan(path, block_bytes=1)[1] == []


def test_a_header_of_a_hundred_thousand_columns_is_told_at_once(tmp_path):
    names = [f"c{number}" for number in range(100_000)] + list(HEADER.split(";"))
    path = tmp_path / "wide.txt"
    path.write_text(";".join([*names, names[-1]]) + "\n")
    began = time.monotonic()
    with pytest.raises(DeliveryError, match="occurs twice"):
        scan_files([path], load_source("norpd"))
    assert time.monotonic() - began < 10
