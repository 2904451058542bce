"""Every code of an account has its explanation, and every explanation its code."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldn_spark.delivery.reasons import NOTED, REASONS, REJECTED, REPAIRED, explain
from ldn_spark.delivery.source.sources import Source
from ldn_spark.transforms.repeated import LINE_KEY_CONFLICT, REPEATED_LINE
from tests.unit.delivery.deliveries import parse, parse_file

SOURCE = Source.model_validate(
    {
        "id": "all",
        "title": "Every column there is",
        "format": "text",
        "files": ["*"],
        "decimal_mark": ",",
        "date_format": "yyyy-MM-dd",
        "sex_codes": {"1": "M", "2": "F"},
        "product_number_width": 6,
        "columns": {"pseudonym": "id", "dispensed_on": "day", "atc": "atc"},
        "optional_columns": {
            **{"product_number": "vnr", "ddd": "ddd", "packages": "packs", "sex": "sex"},
            **{"reimbursement_icd": "icd", "reimbursement_icpc": "icpc", "birth_year": "born"},
            **{"death_year": "dy", "death_month": "dm", "died_in": "din", "died_on": "died"},
        },
        "no_id": {"column": "flag", "values": ["1"]},
        "missing_values": {"columns": {"icd": ["NA"]}},
        "lookups": [{"name": "table", "key": "key", "gives": ["x"], "required": False}],
        "observation_periods": {
            "files": ["*"],
            "columns": {"pseudonym": "id", "observed_from": "from"},
            "optional_columns": {"observed_to": "to"},
        },
    }
)
TODAY = date(2199, 12, 31)
GOOD = {"id": "P1", "day": "2012-02-25", "atc": "N06AB03", "vnr": "000123", "ddd": "1", "key": ""}
GOOD |= {"packs": "1", "sex": "1", "born": "1951"}
WRONG = {
    "no_id": {"flag": "1"},
    "pseudonym_missing": {"id": ""},
    "pseudonym_invisible": {"id": "\u200b"},
    "pseudonym_partly_invisible": {"id": "P1\u200b"},
    "pseudonym_trimmed": {"id": "P1 "},
    "repeated_header": {"id": "id"},
    "date_missing": {"day": ""},
    "date_malformed": {"day": "x"},
    "date_out_of_range": {"day": "1800-01-01"},
    "date_trimmed": {"day": "2012-02-25 "},
    "atc_missing": {"atc": ""},
    "atc_malformed": {"atc": "?"},
    "atc_trimmed": {"atc": " N"},
    "atc_upper": {"atc": "n"},
    "product_number_malformed": {"vnr": "x"},
    "missing_marker": {"icd": "NA"},
    "product_number_missing": {"vnr": ""},
    "product_number_trimmed": {"vnr": "000123 "},
    "product_number_padded": {"vnr": "1"},
    "sex_unknown": {"sex": ""},
    "sex_trimmed": {"sex": " 1"},
    "birth_year_unknown": {"born": ""},
    "birth_year_trimmed": {"born": " 1951"},
    "birth_year_after_dispensing": {"born": "2013"},
    "age_over_115": {"born": "1890"},
    "death_year_unknown": {"dy": "x"},
    "death_year_trimmed": {"dy": " 2013"},
    "death_month_unknown": {"dy": "2013", "dm": "x"},
    "death_month_trimmed": {"dy": "2013", "dm": " 1"},
    "died_on_unknown": {"died": "x"},
    "died_on_trimmed": {"din": " 201301"},
    "dispensed_after_death": {"died": "2012-02-24"},
    "ddd_huge": {"ddd": "10001"},
    "date_in_future": {"day": "2200-01-01", "born": "2100"},
    "died_on_in_future": {"died": "2200-01-01"},
}
for amount, name in (("ddd", "ddd"), ("packs", "packages")):
    faults = {"malformed": "x", "too_large": "9" * 13, "missing": "", "negative": "-1", "zero": "0"}
    faults |= {"trimmed": " 1", "rounded": "0,0000001"}
    WRONG |= {f"{name}_{fault}": {amount: text} for fault, text in faults.items()}
for column, name in (("icd", "reimbursement_icd"), ("icpc", "reimbursement_icpc")):
    WRONG |= {f"{name}_trimmed": {column: " A"}, f"{name}_upper": {column: "a"}}
LINES = {
    "nul_byte": "\0",
    "stray_carriage_return": "x\rx",
    "blank_line": "",
    "encoding": "\udcff",
    "quoted_line_end": '"',
    "unbalanced_quote": '"x"x',
    "too_few_fields": "x",
    "too_many_fields": ";" * 50,
}
PERIODS = {
    "observed_from_missing": ";",
    "observed_from_malformed": "x;",
    "observed_from_out_of_range": "1800-01-01;",
    "observed_from_trimmed": "2012-01-01 ;",
    "observed_to_malformed": "2012-01-01;x",
    "observed_to_out_of_range": "2012-01-01;1800-01-01",
    "observed_to_open": "2012-01-01;9999-12-31",
    "observed_to_trimmed": "2012-01-01; 2012-01-01",
    "period_reversed": "2012-01-02;2012-01-01",
    "observed_from_in_future": "2200-01-01;",
    "observed_to_in_future": "2012-01-01;2200-01-01",
}
OTHERS = {  # produced with other columns, or by another step
    "product_number_upper": "a text without a width",
    "birth_year_in_future": "persons delivered beside dispensings",
    "age_unknown": "computed birth years",
    "age_trimmed": "computed birth years",
    "ddd_divisor_zero": "DDDs as a quotient",
    "line_key_missing": "lines told apart by their key",
    REPEATED_LINE: "lines told apart by their key",
    LINE_KEY_CONFLICT: "lines told apart by their key",
}


def codes(parsed):
    return {*parsed.rejected["reason"].to_pylist(), *parsed.repaired, *parsed.noted}


def dispensing(**fields):
    row = dict.fromkeys([*SOURCE.used_columns], "") | GOOD | fields
    return ";".join(row), ";".join(row.values())


def account(line):
    header, good = dispensing()
    data = f"{line}\n{good}\n".encode("utf-8", "surrogateescape")
    return codes(parse(data, SOURCE, tuple(header.split(";")), today=TODAY))


def test_a_good_line_has_no_code_but_the_lookup_that_matches_nothing():
    assert account(dispensing()[1]) == {"table_unmatched"}


@pytest.mark.parametrize("code", WRONG)
def test_what_is_wrong_with_a_field_has_its_code(code):
    expected = {"table_unmatched", code}
    found = account(dispensing(**WRONG[code])[1])
    assert found >= expected
    assert found <= expected | {"ddd_zero", "packages_zero"}  # what rounds to nothing is noted too


@pytest.mark.parametrize("code", LINES)
def test_what_is_wrong_with_a_line_has_its_code(code):
    assert account(LINES[code]) == {"table_unmatched", code}


@pytest.mark.parametrize("code", PERIODS)
def test_what_is_wrong_with_a_period_has_its_code(code):
    text = f"id;from;to\nP1;{PERIODS[code]}"
    parsed = parse_file(text, SOURCE, kind="observation_periods", today=TODAY)
    assert codes(parsed) == {code}


def test_the_codes_that_occur_are_those_that_are_explained():
    assert {*WRONG, *LINES, *PERIODS, *OTHERS} == set(REASONS)
    assert len(REASONS) == len(REJECTED) + len(REPAIRED) + len(NOTED)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(list(GOOD)), st.text("01289-. ,;PN", max_size=10)))
def test_whatever_a_line_holds_its_codes_are_explained(fields):
    for code in account(dispensing(**fields)[1]):
        assert explain(code)


def test_an_explanation_is_a_sentence_without_a_value():
    for text in [*REASONS.values(), explain("table_unmatched")]:
        assert text[0].islower()
        assert not text.endswith(".")
    with pytest.raises(KeyError):
        explain("no_such_code")
