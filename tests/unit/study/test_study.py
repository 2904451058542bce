"""Study files and codelists: what is refused, and with which words."""

from __future__ import annotations

import re

import pytest

from ldn_spark.errors import ConfigError, UsageError
from ldn_spark.study.codelists import read_codelist
from ldn_spark.study.codes import parse_atc, prefix_end, shortest_prefixes
from ldn_spark.study.load import load_study
from ldn_spark.texts.documents import conf_folder

TEXT = (conf_folder() / "studies" / "ldn_2013.yaml").read_text(encoding="utf-8")


def study_file(tmp_path, old, new, *, count=1):
    assert old in TEXT, "the text to replace has gone from the study file"
    path = tmp_path / "study.yaml"
    path.write_text(TEXT.replace(old, new, count), encoding="utf-8")
    return path


BAD = [
    ("power: 0.8", "powr: 0.8", r"line \d+: statistics\.powr: unknown key; did you mean 'power'\?"),
    ("power: 0.8", "powr: 0.8", r"statistics\.power: this key is missing"),
    (
        "atc: [N07BB04]",
        "atc: [N07BB4]",
        r"line \d+: exposure\.atc\[0\]: 'N07BB4' is not an ATC code",
    ),
    ("atc: [N05CF]", "atc: [n05cf]", r"outcomes\[8\]\.atc\[0\]: 'n05cf' is not an ATC code"),
    (
        "before: [-365, -1]",
        "before: [-365, 0]",
        r"windows: the windows overlap: before ends on day 0",
    ),
    ("before: [-365, -1]", "before: [-1, -365]", r"windows\.before: the window ends"),
    ("before: [-365, -1]", "before: [-365]", r"a window has a first and a last day"),
    ("at_least: 4,", "at_least: 5,", r"strata: the strata have a gap before 'LDNx4\+'"),
    ("at_least: 4,", "at_least: 3,", r"strata: the strata have an overlap before 'LDNx4\+'"),
    ("at_most: null", "at_most: 9", r"strata: the strata have a gap after 'LDNx4\+'"),
    (
        "comparator: LDNx1, exposed: LDNx2-3",
        "comparator: LDNx9, exposed: LDNx2-3",
        r"there is no stratum 'LDNx9'",
    ),
    ("id: N05B,", "id: N05A,", r"outcome 'N05A' occurs twice"),
    ("tango", "tanga", r"statistics\.paired_proportion_interval: "),
    ("confidence_level: 0.95", "confidence_level: 95", r"statistics\.confidence_level: "),
    ("first: 2013-01-01", "first: 2014-01-01", r"the index period ends before it begins"),
    ("curve_outcomes: [N03A", "curve_outcomes: [N03", r"there is no outcome 'N03'"),
    ("id: ldn_2013", "id: [ldn_2013", r"line \d+, column \d+: is not valid YAML"),
    ("washout_days: none", "washout_days: -3", r"washout_days"),
    ("counting_window: [0, 364]", "counting_window: [-5, 364]", r"exposure is counted from"),
    ("rule: first_in_period", "rule: first_after_washout", r"needs a number of days"),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD, ids=[new for _, new, _ in BAD])
def test_a_wrong_study_file_names_line_key_and_fault(tmp_path, old, new, message):
    path = study_file(tmp_path, old, new)
    with pytest.raises(ConfigError) as caught:
        load_study(str(path))
    assert re.search(message, str(caught.value)), str(caught.value)
    assert str(path) in str(caught.value)


def test_the_line_is_the_right_one(tmp_path):
    path = study_file(tmp_path, "atc: [N07BB04]", "atc: [N07BB4]")
    line = next(
        number
        for number, text in enumerate(path.read_text().splitlines(), start=1)
        if "N07BB4]" in text
    )
    with pytest.raises(ConfigError, match=f"line {line}: "):
        load_study(str(path))


def test_all_problems_of_a_file_at_once(tmp_path):
    path = study_file(tmp_path, "power: 0.8", "powr: 0.8")
    text = path.read_text().replace("N07BB04", "N7")
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_study(str(path))
    assert len(caught.value.problems) == 3


def test_an_unknown_study_names_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'ldn_2013'"):
        load_study("ldn_2031")


def test_the_hash_counts_what_decides_and_nothing_else(tmp_path):
    same = study_file(tmp_path, "# Every key", "# EVERY key")
    assert load_study(str(same)).hash == load_study("ldn_2013").hash
    other = study_file(tmp_path, "power: 0.8", "power: 0.9")
    assert load_study(str(other)).hash != load_study("ldn_2013").hash


def test_the_codes_of_a_codelist_count_in_the_hash(tmp_path):
    numbers = tmp_path / "numbers.txt"
    numbers.write_text("980123\n000981\n")
    replaced = load_study("ldn_2013", {"ldn_products": numbers})
    assert replaced.exposure_products == ("000981", "980123")
    assert replaced.hash != load_study("ldn_2013").hash
    numbers.write_text("# a comment\n000981\n\n980123\n980123\n")
    assert load_study("ldn_2013", {"ldn_products": numbers}).hash == replaced.hash


def test_a_codelist_that_the_study_does_not_use(tmp_path):
    with pytest.raises(UsageError, match="uses no codelist 'ldn'; it uses: ldn_products"):
        load_study("ldn_2013", {"ldn": tmp_path / "x"})


BAD_LISTS = {
    "code\n00098\n": r"line 2 column code: product number '00098' is not six digits; keep",
    "12345a\n": r"line 1: product number '12345a' is not six digits",
    "981\n": r"line 1: product number '981'",
    "varenr\n000981\n": "the header has no column code; begin with a header line that names code",
    "code,include\n000981,maybe\n": "line 2 column include: 'include' is neither yes nor no",
    "code\n": "holds no product number",
    "": "holds no product number",
    "code,include\n000981,no\n": "holds no product number",
    "concept_id\n1714319\n01\n": "line 3 column concept_id: concept_id '01' is not the number",
    "concept_id\n123.0\n": "line 2 column concept_id: concept_id '123.0' is not the number",
}


def test_a_list_of_omop_concepts(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("codelist_name,concept_id,include\nldn,1714319,\nldn,99,no\nldn,5,yes\n")
    assert read_codelist("list", path).codes == ("1714319", "5")


@pytest.mark.parametrize(("text", "message"), BAD_LISTS.items())
def test_a_wrong_codelist(tmp_path, text, message):
    path = tmp_path / "list.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_codelist("list", path)


def test_all_bad_lines_of_a_codelist_at_once(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("code\n1\n000981\n2\n")
    with pytest.raises(ConfigError) as caught:
        read_codelist("list", path)
    assert [problem.where for problem in caught.value.problems] == [
        f"{path} line 2 column code",
        f"{path} line 4 column code",
    ]


def test_a_missing_codelist(tmp_path):
    with pytest.raises(ConfigError, match="no file"):
        read_codelist("list", tmp_path / "gone.csv")


@pytest.mark.parametrize("code", ["N", "N06", "N06A", "N06AB", "N06AB03"])
def test_codes_of_every_level(code):
    assert parse_atc(code) == code
    assert code < code + "Z" < prefix_end(code)


@pytest.mark.parametrize("code", ["", "n06ab", "N6AB", "N06AB3", " N06AB", "N06AB03X", "06AB"])
def test_malformed_codes(code):
    with pytest.raises(ValueError, match="is not an ATC code"):
        parse_atc(code)


def test_nested_codes_count_once():
    assert shortest_prefixes(["N05BA", "N05B", "N05BA01", "N06"]) == ("N05B", "N06")


@pytest.mark.parametrize("path", sorted((conf_folder() / "studies").glob("*.yaml")), ids=str)
def test_every_study_of_the_project_loads(path):
    study = load_study(path.stem)
    assert study.definition.id == path.stem


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("study", "studies/study.schema.json"),
        ("source", "sources/source.schema.json"),
        ("thresholds", "thresholds/thresholds.schema.json"),
        ("policy", "policies/policy.schema.json"),
    ],
)
def test_the_schemas_for_editors_are_up_to_date(kind, path, capsys):
    from ldn_spark.cli.app import run

    assert run(["schema", kind]) == 0
    assert capsys.readouterr().out == (conf_folder() / path).read_text(encoding="utf-8")
