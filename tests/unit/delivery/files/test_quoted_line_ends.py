"""Quoted fields with line ends: read where they are declared, named where they are not."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ldn_spark.delivery.files.records import LONGEST_RECORD
from ldn_spark.delivery.files.scanning import scan_files
from ldn_spark.delivery.values.parsing import parse_block
from ldn_spark.delivery.values.rules import rules_of
from ldn_spark.errors import DeliveryError
from tests.unit.delivery.deliveries import rejections
from tests.unit.delivery.values.test_layouts_of_rows import plain

SOURCE = plain(quoted_line_ends=True, repeated_lines="reject")
PLAIN_LINES = plain(repeated_lines="reject")
HEAD = "id;atc;day;note"


def parse_whole(folder, text, source=SOURCE, block_bytes=1 << 20, name="a.csv"):
    """The number of records; accepted pseudonyms with their lines; and what is rejected."""
    path = folder / name
    path.write_bytes(text.encode())
    (file,), _ = scan_files([path], source, block_bytes=block_bytes)
    rules, accepted, rejected = rules_of(source), [], []
    for block in file.blocks:
        data = path.read_bytes()[block.start : block.end]
        parsed = parse_block(data, block.first_line, file.header, source, rules)
        accepted += [(row["pseudonym"], row["line"]) for row in parsed.accepted.to_pylist()]
        rejected += [(line, reason) for line, _, reason in rejections(parsed)]
    assert file.lines == len(accepted) + len(rejected)
    return accepted, rejected


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("notes", "lines"),
    [
        (['"two\nlines"', "x"], [2, 4]),
        (['"a;b\n\n""c"";\n"', '"\n"'], [2, 6]),
        (['"a\rb"', '"a ""\n"" b"'], [2, 3]),
        (["", '""', '"one line"', 'an inch 5"'], [2, 3, 4, 5]),
    ],
)
def test_what_is_declared_is_read_and_the_lines_are_those_of_the_file(tmp_path, notes, lines, end):
    rows = [f"P{number};N;2012-01-01;{note}" for number, note in enumerate(notes)]
    text = "\n".join([HEAD, *rows, ""]).replace("\n", end)
    accepted = [(f"P{number}", line) for number, line in enumerate(lines)]
    for block_bytes in (1, 30, 1 << 20):
        assert parse_whole(tmp_path, text, block_bytes=block_bytes) == (accepted, [])


def test_what_is_not_declared_is_named(tmp_path):
    text = f'{HEAD}\nP1;N;2012-01-01;"two\nlines"\nP2;N;2012-01-01;x\n'
    rejected = [(2, "quoted_line_end"), (3, "too_few_fields")]
    assert parse_whole(tmp_path, text, PLAIN_LINES) == ([("P2", 4)], rejected)


STRAYS = {
    "never closed": ['P1;N;2012-01-01;"x'],
    "met by a quoted field": ['P1;N;2012-01-01;"x', 'P2;N;2012-01-01;"y"'],
    "met by another": ['P1;N;2012-01-01;"x', 'P2;N;2012-01-01;"y', '"P3";"N";"2012-01-01";"z"'],
    "met by an inch": ['P1;N;2012-01-01;"x', 'P2;N;2012-01-01;5"'],
    "in the first field": ['"P1;N;2012-01-01;x', "P2;N;2012-01-01;y", 'P3;N;2012-01-01;"y\nz"'],
    "followed by text": ['P1;N;2012-01-01;"x\n"y', "P2;N;2012-01-01;"],
    "too many fields": ['P1;N;2012-01-01;"x\ny";;', "P2;N;2012-01-01;"],
    "too long": [f'P1;N;2012-01-01;"{"x" * LONGEST_RECORD}', '";', "P2;N;2012-01-01;"],
}


@pytest.mark.parametrize("case", STRAYS)
def test_a_stray_quote_swallows_no_neighbour(tmp_path, case):
    text = "\n".join([HEAD, "P0;N;2012-01-01;", *STRAYS[case], "P9;N;2012-01-01;", ""])
    found = parse_whole(tmp_path, text)
    lines = text.splitlines()
    good = list(csv.reader(lines[1:], delimiter=";", quoting=csv.QUOTE_NONE))
    whole = [n for n, row in enumerate(good, 2) if len(row) == 4 and '"' not in row[0] + row[3]]
    assert {line for _, line in found[0]} >= {*whole}
    assert (2 + text.count("\n", len(HEAD), text.index('"')), "unbalanced_quote") in [
        (line + 1, reason) for line, reason in found[1]
    ]
    assert parse_whole(tmp_path, text, block_bytes=1) == found


CELLS = st.text('ab;"\n\r', max_size=12)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(CELLS, st.booleans()), max_size=8), st.integers(1, 60))
def test_every_record_that_a_writer_of_csv_writes_is_read(tmp_path_factory, cells, block_bytes):
    text, lines = f"{HEAD}\n", []
    for number, (note, quotes_all) in enumerate(cells):
        line = io.StringIO()
        quoting = csv.QUOTE_ALL if quotes_all or "\r" in note else csv.QUOTE_MINIMAL
        writer = csv.writer(line, delimiter=";", quoting=quoting, lineterminator="\n")
        writer.writerow([f"P{number}", "N", "2012-01-01", note])
        others = line.getvalue().split("\n")[1:]
        assume(not any(one.count(";") == 3 for one in others))  # these might be records alone
        lines.append((f"P{number}", text.count("\n") + 1))
        text += line.getvalue()
    found = parse_whole(tmp_path_factory.mktemp("d"), text, block_bytes=block_bytes)
    assert found == (lines, [])


LINES = st.text('P;"\nN\r', max_size=80) | st.just('P1;N;2012-01-01;"x\ny"\n')


@settings(max_examples=150, deadline=None)
@given(st.lists(LINES, max_size=6), st.integers(1, 40))
def test_what_is_a_record_does_not_depend_on_the_blocks(tmp_path_factory, pieces, block_bytes):
    folder, text = tmp_path_factory.mktemp("d"), "\n".join([HEAD, *pieces, ""])
    whole = parse_whole(folder, text)
    assert parse_whole(folder, text, block_bytes=block_bytes) == whole


def test_a_name_of_a_column_may_hold_a_line_end(tmp_path):
    columns = {"pseudonym": "id", "atc": "atc", "dispensed_on": "day of dispensing"}
    source = plain(columns=columns, quoted_line_ends=True, repeated_lines="reject")
    text = 'id;atc;"day\r\nof dispensing"\r\nP1;N;2012-01-01\r\n'
    assert parse_whole(tmp_path, text, source) == ([("P1", 3)], [])
    with pytest.raises(DeliveryError, match=r"line 1: ends within quotes; .*quoted_line_ends"):
        parse_whole(tmp_path, text, PLAIN_LINES)
