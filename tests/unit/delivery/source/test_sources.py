"""How a register's layout is declared, and what is refused."""

from __future__ import annotations

import re

import pytest
from ruamel.yaml import YAML

from ldn_spark.delivery.source.sources import Source, load_source
from ldn_spark.delivery.values.days import date_rule, read_day
from ldn_spark.errors import ConfigError
from ldn_spark.texts.documents import conf_folder

LOOKUP = "id: norpd\nlookups: [{{name: {}, key: {}, gives: [{}]}}]"
TWO_LOOKUPS = "id: norpd\nlookups: [" + ", ".join(["{name: a, key: k, gives: [x]}"] * 2) + "]"
PERSONS = "id: norpd\npersons: {{files: [p], columns: {{{}}}}}"
TEXT = (conf_folder() / "sources" / "norpd.yaml").read_text(encoding="utf-8")


def load(folder, old="", new=""):
    path = folder / "s.yaml"
    path.write_text(TEXT.replace(old, new), encoding="utf-8")
    return load_source(str(path))


def test_the_norwegian_register_is_declared():
    source = load_source("norpd")
    assert (source.encoding, source.delimiter, source.decimal_mark) == ("iso-8859-1", ";", ",")
    assert source.sex_codes == {"1": "M", "2": "F"}


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("encoding: iso-8859-1", "encoding: klingon", "is not an encoding"),
        ('delimiter: ";"', 'delimiter: ";;"', "delimiter"),
        ('decimal_mark: ","', 'decimal_mark: "x"', "decimal_mark"),
        ("date_format: yyyy.MM.dd", "date_format: yyyy.dd", "is not a date format"),
        ("  atc: ATCKode\n", "", "atc"),
        ("  atc: ATCKode\n", "  atc: ATCKode\n  attc: X\n", "attc"),
        ("id: norpd", "id: norpd\nencodign: x", "unknown key"),
        ('delimiter: ";"', "delimiter: ø", "delimiter"),
        ('delimiter: ";"', "delimiter: '\"'", "'quote' and 'delimiter' are the same"),
        ("thousands_mark: null", 'thousands_mark: ","', "are the same; change one of them"),
        ("date_format: yyyy.MM.dd", "date_format: days", "needs 'base_date'"),
        ("id: norpd", "id: norpd\nbase_date: 2000-01-01", "'base_date' is for the date format"),
        ("id: norpd", "id: norpd\ncomputed: {ddd: {multiply: [a, b]}}", "both delivered and comp"),
        ("id: norpd", "id: norpd\ncomputed: {ddd: {multiply: [a]}}", "multiply"),
        ("  ddd: O", "  born_on: Fodt\n  ddd: O", "'born_on' and 'birth_year' say the same"),
        ("id: norpd", "id: norpd\nmissing_values: NA", r"is no list; write it like \["),
        ("id: norpd", "id: norpd\nmissing_values: [null]", r"missing_values\[0\]"),
        ("id: norpd", "id: norpd\nmissing_values: [' ']", "missing_values"),
        ("id: norpd", "id: norpd\nmissing_values: ['2']", "'2' is a code of a sex and a missing"),
        (
            "id: norpd",
            "id: norpd\nmissing_values: {columns: {Varnr: [NA]}}",
            "'missing_values' names the column 'Varnr', which is not read",
        ),
        ("id: norpd", LOOKUP.format("A", "k", "x"), "name"),
        ("id: norpd", LOOKUP.format("a", "PasientLopeNr", "x"), "is by the pseudonym"),
        ("id: norpd", LOOKUP.format("a", "k", "PasientLopeNr"), "cannot be looked up"),
        ("id: norpd", LOOKUP.format("a", "k", "k"), "gives its own key"),
        ("id: norpd", LOOKUP.format("a", "[k, k]", "x"), "has a key twice"),
        ("id: norpd", LOOKUP.format("a", "[k, PasientLopeNr]", "x"), "is by the pseudonym"),
        ("id: norpd", LOOKUP.format("a", "[l, k]", "k"), "gives its own key"),
        ("id: norpd", LOOKUP.format("a", "[]", "x"), "key"),
        ("id: norpd", TWO_LOOKUPS, "two lookups give 'x'"),
        ("id: norpd", TWO_LOOKUPS, "two lookups are called 'a'"),
        ("id: norpd", PERSONS.format("sex: x"), "'persons' does not say where pseudonym stands"),
        ("id: norpd", PERSONS.format("pseudonym: x, atc: y"), "'persons' has no column 'atc'"),
        (
            "id: norpd",
            PERSONS.format("pseudonym: x, sex: y").replace("persons", "observation_periods"),
            "does not say where observed_from stands",
        ),
    ],
)
def test_a_wrong_layout_is_refused(tmp_path, old, new, what):
    with pytest.raises(ConfigError, match=what):
        load(tmp_path, old, new)


def test_an_unknown_name_lists_those_that_exist():
    with pytest.raises(ConfigError, match="norpd"):
        load_source("nordp")


@pytest.mark.parametrize(
    ("date_format", "good", "bad"),
    [
        ("yyyy.MM.dd", "2012.02.29", "2012-02-29"),
        ("dd.MM.yyyy", "29.02.2012", "2012.02.29"),
        ("yyyyMMdd", "20120229", "2012229"),
        ("yyyy-MM-dd", "2012-02-29", "2012-02-30"),
        ("MM/dd/yyyy", "02/29/2012", "29/02/2012"),
    ],
)
def test_dates_are_read_in_the_declared_format_only(tmp_path, date_format, good, bad):
    rule = date_rule("date", read_day(load(tmp_path, "yyyy.MM.dd", date_format)))
    assert rule(good).value.isoformat() == "2012-02-29"
    assert rule(bad).rejected == "date_malformed"


def test_a_source_says_which_columns_of_a_file_are_read():
    source = load_source("spdr")
    read = ("LopNr", "KON", "ATC", "EDATUM", "ANTAL", "VARUNR", "forpddd", "ALDER")
    assert source.used_columns == read
    given = source.model_validate(
        source.model_dump() | {"lookups": [{"name": "a", "key": "LNAMN", "gives": ["forpddd"]}]}
    )
    assert given.used_columns == (*(name for name in read if name != "forpddd"), "LNAMN")
    assert source.deaths.used_columns == ("LopNr", "DODSDAT")


def test_what_the_documentation_shows_can_be_declared():
    """Every line of the example stands for itself, in a source that does not say the same."""
    page = (conf_folder().parent / "docs" / "from_files_to_lake.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"### What is often needed\n```yaml\n(.*?)```", page, re.DOTALL)
    base = load_source("canonical").model_dump()
    for name in ("atc", "ddd"):
        del base["columns"][name]
    base |= {"optional_columns": {"birth_year": "birth_year"}, "constant": {"atc": "N07BB04"}}
    lines = [line for line in example.splitlines() if not line.startswith(" ")]
    assert len(lines) == 8
    for line in lines:
        Source.model_validate(base | YAML(typ="safe", pure=True).load(line))
