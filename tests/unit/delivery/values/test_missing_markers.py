"""Texts that stand for nothing: declared, they are empty fields; otherwise they are named."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from ldn_spark.delivery.values.lookups import read_lookups
from ldn_spark.delivery.values.markers import is_marker, is_word, nobodies
from ldn_spark.ingest.suspicions import suspicions, suspicious_ids
from ldn_spark.lake.versions import FileRecord
from tests.unit.delivery.deliveries import parse_file, rejections
from tests.unit.delivery.values.test_layouts_of_rows import PLAIN, plain, split

MARKERS = ("NA", "NULL", ".", "NaN", "\\N", "-")
OPTIONAL = {
    **{"ddd": "ddd", "packages": "packs", "sex": "sex", "birth_year": "born"},
    **{"product_number": "vnr", "reimbursement_icd": "icd", "died_on": "died"},
}
KEYED = {"optional_columns": OPTIONAL, "line_key": ("no",)}
GOOD = {"id": "P1", "atc": "N06AB03", "day": "2012-02-25", "ddd": "1", "packs": "1", "sex": "2"}
GOOD |= {"born": "1951", "vnr": "1", "icd": "F20", "died": "2013-01-01", "no": "7"}


def account(source, **fields):
    row = GOOD | fields
    parsed = parse_file(f"{';'.join(row)}\n{';'.join(row.values())}", source)
    noted = {code: n for code, n in parsed.noted.items() if code != "missing_marker"}
    return parsed.accepted.to_pylist(), rejections(parsed), noted, parsed.repaired


@pytest.mark.parametrize("column", GOOD)
@pytest.mark.parametrize("marker", MARKERS)
def test_a_declared_marker_is_an_empty_field(column, marker):
    declared = plain(missing_values=MARKERS, **KEYED)
    assert account(declared, **{column: marker}) == account(declared, **{column: ""})
    assert account(declared, **{column: f" {marker} "}) == account(declared, **{column: ""})


def test_a_marker_is_declared_for_every_column_or_for_one_in_the_place_of_those():
    source = plain(missing_values={"values": ["NA"], "columns": {"ddd": ["-9"]}}, **KEYED)
    assert account(source, ddd="-9") == account(source, ddd="")
    assert account(source, ddd="NA")[1] == [(2, "ddd", "ddd_malformed")]
    assert account(source, packs="-9")[2] == {"packages_negative": 1}
    assert account(source, packs="NA") == account(source, packs="")
    assert account(source, packs="na")[1] == [(2, "packs", "packages_malformed")]


def test_lines_with_declared_markers_are_counted_once():
    rows = ["NA;NA;1", "1;1951;1", "NA;1;bad"]
    source = plain(columns=PLAIN["columns"] | OPTIONAL, missing_values=["NA"])
    text = "\n".join(["id;atc;day;sex;born;ddd", *(f"P1;N;2012-01-01;{row}" for row in rows)])
    parsed = parse_file(text, source)
    assert parsed.noted == {"missing_marker": 1, "sex_unknown": 1, "birth_year_unknown": 1}


@pytest.mark.parametrize("kind", ["persons", "observation_periods"])
def test_files_beside_the_dispensings_have_markers_too(kind):
    sections = {
        "persons": {"files": ["p"], "columns": {"pseudonym": "id", "sex": "s", "died_on": "e"}},
        "observation_periods": {
            "files": ["p"],
            "columns": {"pseudonym": "id", "observed_from": "s", "observed_to": "e"},
        },
    }
    source = plain(missing_values=["NA"], **{kind: sections[kind]})
    start = {"persons": "2", "observation_periods": "2012-01-01"}[kind]
    told = [
        parse_file(f"id;s;e\nP1;{start};{end}\n{one};2012-01-01;NA", source, kind=kind)
        for end, one in (("NA", "NA"), ("", ""))
    ]
    marked, empty = told
    assert marked.accepted.equals(empty.accepted)
    assert rejections(marked) == rejections(empty) == [(3, "id", "pseudonym_missing")]


def test_typed_columns_have_markers_as_they_are_written_canonically():
    source = plain(columns=PLAIN["columns"] | {"ddd": "ddd"}, missing_values=["-9", "1900-01-01"])
    rows = [("P1", "N", "2012-02-25", "-9"), ("P2", "N", "1900-01-01", "1"), ("-9", "N", "", "1")]
    parsed = split(("id", "atc", "day", "ddd"), rows, {"day", "ddd"}, source)
    assert rejections(parsed) == [(2, "day", "date_missing"), (3, "id", "pseudonym_missing")]
    assert parsed.noted == {"ddd_missing": 1, "missing_marker": 1}


def test_a_lookup_may_hold_markers(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("vnr;atc\n1;N06AB03\n2;NA\n")
    given = [{"name": "products", "key": "vnr", "gives": ["atc"]}]
    source = plain(lookups=given, missing_values=["NA"])
    tables = read_lookups(source, {"products": table})
    rows = [f"P1;2012-01-01;{vnr}" for vnr in ("1", "2", "NA")]
    parsed = parse_file("\n".join(["id;day;vnr", *rows]), source, tables)
    expected = [(3, "atc", "atc_missing"), (4, "vnr", "products_unmatched")]
    assert rejections(parsed) == expected


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"ddd": "NA", "packs": " null "}, {("ddd", "NA"): 1, ("packs", "null"): 1}),
        ({"sex": "99", "born": "9999"}, {("sex", "99"): 1, ("born", "9999"): 1}),
        ({"sex": "9", "ddd": "9" * 12}, {}),
        ({"day": "0000-00-00", "atc": "?"}, {("day", "0000-00-00"): 1, ("atc", "?"): 1}),
        ({"vnr": "None", "icd": "ukjent"}, {("vnr", "None"): 1, ("icd", "ukjent"): 1}),
        ({"vnr": "0", "icd": "9"}, {}),
        ({"ddd": "0", "packs": "-9"}, {}),
        ({"ddd": "12a", "sex": "x", "born": "1751"}, {}),
        ({"died": "9999-12-31"}, {("died", "9999-12-31"): 1}),
        ({"ddd": "", "sex": ""}, {}),
    ],
)
def test_what_looks_like_a_marker_and_is_not_declared_is_counted(fields, found):
    row = GOOD | fields
    parsed = parse_file(f"{';'.join(row)}\n{';'.join(row.values())}", plain(**KEYED))
    assert parsed.markers == found


def test_nothing_but_what_stands_in_a_list_is_taken_for_a_marker():
    for text in ("na", "N/A", " NaN ", "\\N", "--", "?", "Ukjent", "nicht", "P1", "17", "1999"):
        assert is_word(text) == (text not in {"nicht", "P1", "17", "1999"})
    for text in ("0", "9", "000000", "99", "-1", "99999999", "31.12.9999", "10", "98", "9998"):
        assert is_marker(text) == (text not in {"0", "9", "10", "98", "9998"})


@pytest.mark.parametrize(
    ("ids", "found"),
    [
        (["NULL", "null", "NaN", "P1", "None"], {"NULL": 1, "NaN": 1, "None": 1, "null": 1}),
        (["0", "0", "P1", "P2"], {"0": 2}),
        (["0", "1", "2", "3", "14"], {}),
        (["0"] * 500 + [str(number) for number in range(1, 90)], {"0": 500}),
        (["9999", "9998", "4711", "1234"], {}),
        (["9999", "17", "123456"], {"9999": 1}),
        (["0000", "1234", "4711", "1111"], {"0000": 1}),
        (["-1", "5", "6", "7"], {"-1": 1}),
        (["P1", "17", "a-long-pseudonym-of-somebody"], {}),
        ([], {}),
    ],
)
def test_pseudonyms_that_look_like_nobodys(ids, found):
    assert nobodies(pa.chunked_array([pa.array(ids, pa.string())])) == found


def record(name="a.csv", **changes):
    return FileRecord(1, name, 1, "", "plain", 9, 9, 0, {}, {}, **changes)


def test_what_to_declare_is_said_so_that_it_can_be_copied():
    files = [
        record(nobodies={"NULL": 2, "0": 2}, markers={"ddd": {"NA": 1, "\\N": 1}}),
        record(
            "b.csv",
            nobodies={"0": 1, "9999": 2},
            markers={"ddd": {"NA": 4}, "died": {"9999-12-31": 2}},
        ),
    ]
    marked, ids = suspicions(files, plain())
    assert "ddd in a.csv, b.csv (NA 5, \\N 1); died in b.csv (9999-12-31 2)" in marked
    told = marked.partition("declare missing_values: ")[2]
    assert json.loads(told) == {
        "values": ["NA", "\\N"],
        "columns": {"died": ["9999-12-31", "NA", "\\N"]},
    }
    told = ids.partition("declare no_id: ")[2]
    assert json.loads(told) == {"column": "id", "values": ["0", "NULL"]}
    assert (
        "2 pseudonyms look like nobody's, each taken for a person: 0 (3 lines), NULL (2 lines)"
        in ids
    )
    assert suspicious_ids([*files, record(nobodies={"?": 9}, superseded=9)]) == {"0": 3, "NULL": 2}
    (words,) = suspicions([record(markers={"ddd": {"NA": 1}, "sex": {".": 1}})], plain())
    assert words.endswith('declare missing_values: [".", "NA"]')
