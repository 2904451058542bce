"""Columns that the user supplies by the value of a delivered one."""

from __future__ import annotations

import pickle
import re
from decimal import Decimal

import pytest

from ldn_spark.delivery.source.declared import Lookup
from ldn_spark.delivery.source.sources import Source
from ldn_spark.delivery.values.lookups import read_lookup, read_lookups
from ldn_spark.errors import ConfigError
from tests.unit.delivery.deliveries import only, parse_file, rejections
from tests.unit.delivery.values.test_layouts_of_rows import PLAIN, plain

TABLE = Lookup(name="products", key="varenr", gives=("atc", "ddd_per_pack"))
SOURCE = plain(
    columns=PLAIN["columns"] | {"product_number": "varenr"},
    product_number_width=6,
    computed={"ddd": {"multiply": ["antal", "ddd_per_pack"]}},
    lookups=[TABLE.model_dump()],
)
CSV = "varenr;atc;ddd_per_pack\n000123;N06AB03;31.25\n456;N05BB01;\n"
HEAD = "id;day;varenr;antal"


def write(folder, text, name="table.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder, text, lookup=TABLE):
    path = write(folder, text)
    with pytest.raises(ConfigError) as error:
        read_lookup(lookup, path)
    return [str(problem).replace(str(path), "T") for problem in error.value.problems]


@pytest.mark.parametrize(
    "text",
    [
        CSV,
        CSV.replace(";", ","),
        "\ufeff" + CSV,
        CSV.replace("\n", "\r\n"),
        CSV.replace("\n", "\n\n"),
        CSV.replace("N06AB03", ' "N06AB03" '[1:-1]).replace("000123", " 000123 "),
        "ddd_per_pack;varenr;atc\n31.25;000123;N06AB03\n;456;N05BB01\n",
        CSV.rstrip("\n"),
    ],
)
def test_a_table_is_read_by_its_header(tmp_path, text):
    table = read_lookup(TABLE, write(tmp_path, text))
    assert table == {("000123",): ("N06AB03", "31.25"), ("456",): ("N05BB01", None)}
    assert pickle.loads(pickle.dumps(table)) == table


def test_a_quoted_cell_may_hold_the_delimiter(tmp_path):
    lookup = Lookup(name="names", key="id", gives=("name",))
    path = write(tmp_path, 'id,name\n1,"a, b"\n2;3,c\n')
    assert read_lookup(lookup, path) == {("1",): ("a, b",), ("2;3",): ("c",)}


def test_every_fault_of_a_table_is_named_with_its_line(tmp_path):
    text = "varenr;atc;ddd_per_pack\n1;A;1\n;B;2\n1;C;3\n2;D\n3;E;4;5\n1;F;6\n"
    assert problems(tmp_path, text) == [
        "T line 3 column varenr: the key is empty; fill it in",
        "T line 4: has the key of line 2 again; keep one of them",
        "T line 5: has 2 fields, the header 3; mend the line",
        "T line 6: has 4 fields, the header 3; mend the line",
        "T line 7: has the key of line 2 again; keep one of them",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["T: is empty; begin with a header line that names varenr, atc, ddd_per_pack"]),
        (
            "varenr;ATC\n1;2\n",
            [
                "T line 1: the header has no column atc, ddd_per_pack; begin with a header line "
                "that names varenr, atc, ddd_per_pack",
            ],
        ),
        (
            "varenr;atc;atc;ddd_per_pack\n",
            ["T line 1: the column 'atc' occurs twice; remove one"],
        ),
    ],
)
def test_a_header_that_does_not_fit_is_refused(tmp_path, text, expected):
    assert problems(tmp_path, text) == expected


@pytest.mark.parametrize("row", ['1;"A;1', '1;"A"B;1'])
def test_a_broken_quote_does_not_swallow_lines(tmp_path, row):
    (problem,) = problems(tmp_path, f"varenr;atc;ddd_per_pack\n{row}\n2;A;1\n")
    assert re.fullmatch(r"T line \d: is no CSV: .*; mend the line", problem)


def test_a_file_that_is_not_there_or_no_utf8_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no such file"):
        read_lookup(TABLE, tmp_path / "none.csv")
    path = tmp_path / "latin.csv"
    path.write_bytes("varenr;atc;ddd_per_pack\n1;Ø;1\n".encode("latin-1"))
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        read_lookup(TABLE, path)


def test_lookups_and_files_are_matched_by_name_all_at_once(tmp_path):
    with pytest.raises(ConfigError) as error:
        read_lookups(SOURCE, {"product": write(tmp_path, CSV)})
    first, second = map(str, error.value.problems)
    assert first == "--lookup product: source plain has no lookup 'product'; known: products"
    assert "needs the lookup 'products' (varenr → atc, ddd_per_pack)" in second


def test_a_lookup_that_is_not_required_may_be_left_out():
    optional = TABLE.model_copy(update={"required": False})
    source = SOURCE.model_copy(update={"lookups": (optional,)})
    assert read_lookups(source, {}) == {}


def with_table(folder, rows, source: Source = SOURCE):
    tables = read_lookups(source, {"products": write(folder, CSV)})
    return parse_file("\n".join([HEAD, *rows]), source, tables)


def test_looked_up_columns_are_as_good_as_delivered_ones(tmp_path):
    row = only(with_table(tmp_path, ["P1;2012-02-25;000123;2"]))
    assert (row["atc"], row["ddd"]) == ("N06AB03", Decimal("62.5"))
    assert row["product_number"] == "000123"


@pytest.mark.parametrize("number", ["123", "000123", " 0123 "])
def test_product_numbers_are_compared_at_their_full_width(tmp_path, number):
    assert only(with_table(tmp_path, [f"P1;2012-02-25;{number};1"]))["atc"] == "N06AB03"


def test_two_keys_that_are_the_same_product_number_are_refused(tmp_path):
    path = write(tmp_path, CSV + "00456;N05BB01;1\n")
    with pytest.raises(ConfigError, match="line 4: has the key of line 3 again"):
        read_lookups(SOURCE, {"products": path})


def test_an_empty_cell_is_unknown_and_an_unmatched_key_rejects_the_line(tmp_path):
    rows = ["P1;2012-02-25;456;2", "P1;2012-02-25;789;2", "P1;2012-02-25;;2", "P1;x;789;2"]
    parsed = with_table(tmp_path, rows)
    assert parsed.accepted.select(["atc", "ddd"]).to_pylist() == [{"atc": "N05BB01", "ddd": None}]
    assert parsed.noted == {"ddd_missing": 1}
    assert rejections(parsed) == [(line, "varenr", "products_unmatched") for line in (3, 4, 5)]


def test_an_unmatched_key_of_a_lookup_that_is_not_required_is_unknown_and_counted(tmp_path):
    lookup = Lookup(name="products", key="varenr", gives=("ddd_per_pack",), required=False)
    source = SOURCE.model_copy(update={"lookups": (lookup,)})
    text = f"{HEAD};atc\nP1;2012-02-25;000123;2;N06AB03\nP1;2012-02-25;9;2;N06AB03"
    path = write(tmp_path, "varenr,ddd_per_pack\n123,31.25\n")
    tables = read_lookups(source, {"products": path})
    parsed = parse_file(text, source, tables)
    assert parsed.accepted["ddd"].to_pylist() == [Decimal("62.5"), None]
    assert parsed.noted == {"products_unmatched": 1, "ddd_missing": 1}
    assert parse_file(text, source).noted == {"products_unmatched": 2, "ddd_missing": 2}


def test_looked_up_values_obey_the_same_rules_with_a_point(tmp_path):
    path = write(tmp_path, "varenr;atc;ddd_per_pack\n1;n06ab03;1,5\n2;N06AB3;1.5\n3;N06AB03;1.5\n")
    tables = read_lookups(SOURCE, {"products": path})
    rows = [f"P1;2012-02-25;{number};1" for number in (1, 2, 3)]
    parsed = parse_file("\n".join([HEAD, *rows]), SOURCE, tables)
    assert rejections(parsed) == [(2, "ddd_per_pack", "ddd_malformed"), (3, "atc", "atc_malformed")]
    assert only_ddd(parsed) == [Decimal("1.5")]


def only_ddd(parsed):
    return parsed.accepted["ddd"].to_pylist()


def test_a_lookup_may_be_keyed_by_what_another_gives(tmp_path):
    source = plain(
        columns=PLAIN["columns"] | {"ddd": "ddd"},
        lookups=[
            {"name": "strengths", "key": "name", "gives": ["strength"]},
            {"name": "doses", "key": "strength", "gives": ["ddd"]},
        ],
    )
    one = write(tmp_path, "name;strength\nA;5 mg\nB;10 mg\n", "one.csv")
    two = write(tmp_path, "strength;ddd\n5 mg;1\n", "two.csv")
    tables = read_lookups(source, {"strengths": one, "doses": two})
    rows = ["P1;N06AB03;2012-02-25;A", "P1;N06AB03;2012-02-25;B", "P1;N06AB03;2012-02-25;C"]
    parsed = parse_file("\n".join(["id;atc;day;name", *rows]), source, tables)
    assert parsed.accepted["ddd"].to_pylist() == [1]
    assert rejections(parsed) == [
        (3, "strength", "doses_unmatched"),
        (4, "name", "strengths_unmatched"),
    ]


def test_further_columns_are_left_aside_with_one_warning(tmp_path):
    text = "name;varenr;form;atc;ddd_per_pack;\nX;000123;tablet;N06AB03;31.25;\n"
    told = []
    path = write(tmp_path, text)
    tables = read_lookups(SOURCE, {"products": path}, told.append)
    assert tables == {"products": {("000123",): ("N06AB03", "31.25")}}
    assert told == [f"{path}: 2 columns are not one of the lookup 'products': name, form; ignored"]


BY_TWO = {"name": "doses", "key": ["varenr", "year"], "gives": ["ddd"], "required": False}


@pytest.mark.parametrize("keys", [["varenr", "year"], ["year", "varenr"]])
def test_a_lookup_may_be_keyed_by_several_columns(tmp_path, keys):
    source = plain(
        columns=PLAIN["columns"] | {"ddd": "ddd", "product_number": "varenr"},
        product_number_width=6,
        lookups=[BY_TWO | {"key": keys}],
    )
    path = write(tmp_path, "year,ddd,varenr\n2012,1,000123\n2013,2,123\n2012,,456\n")
    tables = read_lookups(source, {"doses": path})
    rows = ["123;2012", "000123; 2013 ", "456;2012", "456;2013", "123;", ";2012"]
    text = "\n".join(["id;atc;day;varenr;year", *(f"P1;N;2012-02-25;{row}" for row in rows)])
    parsed = parse_file(text, source, tables)
    assert only_ddd(parsed) == [1, 2, None, None, None, None]
    assert (parsed.noted["doses_unmatched"], parsed.noted["ddd_missing"]) == (3, 4)


def test_each_of_several_keys_is_needed(tmp_path):
    lookup = Lookup(**BY_TWO)
    assert problems(tmp_path, "varenr;year;ddd\n1;2012;1\n;2012;1\n1;;1\n1;2012;2\n", lookup) == [
        "T line 3 column varenr: the key is empty; fill it in",
        "T line 4 column year: the key is empty; fill it in",
        "T line 5: has the key of line 2 again; keep one of them",
    ]
    assert problems(tmp_path, "varenr;ddd\n", lookup) == [
        "T line 1: the header has no column year; begin with a header line that names varenr, "
        "year, ddd"
    ]
