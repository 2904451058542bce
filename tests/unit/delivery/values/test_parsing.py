"""What becomes of delivered lines: accepted, mended or turned away, each for a stated reason."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.delivery.deliveries import GOOD, like, line, only, parse, rejections

ENCODINGS = ["iso-8859-1", "windows-1252", "utf-8"]


def test_a_good_line_becomes_a_row():
    parsed = parse(GOOD + "\n")
    assert only(parsed) == {
        "pseudonym": "P1",
        "sex": "F",
        "birth_year": 1951,
        "died_on": None,
        "atc": "N05BB01",
        "product_number": "058719",
        "dispensed_on": date(2012, 2, 25),
        "ddd": Decimal("62.500000"),
        "packages": None,
        "reimbursement_icd": None,
        "reimbursement_icpc": None,
        "line_key": None,
        "line": None,
        "year": 2012,
    }
    assert (parsed.repaired_rows, parsed.repaired, parsed.noted) == (0, {}, {})


def test_a_row_with_two_mendings_is_one_mended_row():
    parsed = parse("\n".join([line(atc=" n05bb01", ddd=" 1"), GOOD, line(product="1")]))
    assert parsed.repaired_rows == 2
    assert parsed.repaired == {
        "atc_trimmed": 1,
        "atc_upper": 1,
        "ddd_trimmed": 1,
        "product_number_padded": 1,
    }


def test_what_is_mended_or_noted_of_a_rejected_line_is_not_counted():
    parsed = parse("\n".join([line(atc=" n05bb01", ddd="-1", date="x"), GOOD]))
    assert rejections(parsed) == [(2, "UtleveringsDato", "date_malformed")]
    assert (parsed.repaired_rows, parsed.repaired, parsed.noted) == (0, {}, {})


def test_the_first_fault_of_a_line_is_its_reason():
    parsed = parse(line(pseudonym="", date="x", atc="?", ddd="x"))
    assert rejections(parsed) == [(2, "PasientLopeNr", "pseudonym_missing")]
    parsed = parse(line(atc="?", ddd="x"))
    assert rejections(parsed) == [(2, "ATCKode", "atc_malformed")]


def test_every_kind_of_fault_in_one_block():
    lines = [GOOD, "x", GOOD.replace("Navn", "a\0"), line(atc="?"), '"', GOOD + ";", line(ddd="x")]
    parsed = parse("\n".join(lines))
    assert [(at, why) for at, _, why in rejections(parsed)] == [
        (3, "too_few_fields"),
        (4, "nul_byte"),
        (5, "atc_malformed"),
        (6, "quoted_line_end"),
        (7, "too_many_fields"),
        (8, "ddd_malformed"),
    ]
    assert parsed.accepted.num_rows == 1


def test_quoted_fields_may_hold_delimiters_and_doubled_quotes():
    parsed = parse('"P1";"2";"1951";"N05BB01";"058719";"a;""b""";"2012.02.25";"62,5"\n' + GOOD)
    assert parsed.rejected.num_rows == 0
    assert parsed.accepted.slice(0, 1).equals(parsed.accepted.slice(1, 1))


def test_a_quote_inside_a_field_is_an_ordinary_character():
    assert parse(GOOD.replace("Navn", '5" slange') + "\n").accepted.num_rows == 1


def test_quotes_may_be_switched_off():
    assert parse(GOOD.replace("Navn", '"Na"vn'), like(quote=None)).accepted.num_rows == 1


def test_bytes_that_windows_does_not_define_reject_their_line():
    good = GOOD.encode()
    undefined = good.replace(b"Navn", b"\x81")
    parsed = parse(b"\n".join([good, undefined, good]), like(encoding="windows-1252"))
    assert rejections(parsed) == [(3, None, "encoding")]


def test_a_block_without_lines_has_the_same_columns():
    parsed = parse(b"")
    assert parsed.accepted.schema == parse(GOOD).accepted.schema
    assert (parsed.accepted.num_rows, parsed.rejected.num_rows) == (0, 0)


FIELDS = ["P1", "2", "1951", "N05BB01", "058719", "2012.02.25", "62,5", "", " ", "x", "ø"]
CHARACTERS = [";", ";", ";", '"', "\r", "\0", "\r\n", "\n", "\n"]
PIECES = st.sampled_from([*FIELDS, *CHARACTERS, GOOD, GOOD + "\n"])


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=40), st.sampled_from(ENCODINGS))
def test_every_line_is_accepted_or_rejected_once(pieces, encoding):
    source = like(encoding=encoding)
    data = "".join(pieces).encode(encoding)
    total = data.count(b"\n") + bool(data and not data.endswith(b"\n"))
    parsed = parse(data, source)
    assert parsed.accepted.num_rows + parsed.rejected.num_rows == total
    numbers = parsed.rejected["line"].to_pylist()
    assert len(set(numbers)) == len(numbers)
    assert all(2 <= number < 2 + total for number in numbers)


@settings(max_examples=100, deadline=None)
@given(st.lists(PIECES, max_size=40))
def test_a_bad_line_before_and_after_changes_nothing(pieces):
    data = "".join(pieces).encode("latin-1")
    data += b"\n" if data and not data.endswith(b"\n") else b""
    alone = parse(data)
    between = parse(b'"\n' + data + b"\0\n")
    assert between.accepted.equals(alone.accepted)
    assert between.rejected.num_rows == alone.rejected.num_rows + 2


def test_reasons_never_hold_a_value():
    lines = [line(**{name: "SECRET7"}) for name in ("atc", "product", "date", "ddd")]
    parsed = parse("\n".join([*lines, "SECRET7", "SECRET7;" + GOOD]))
    assert parsed.rejected.num_rows == 6
    assert "SECRET7" not in str(parsed.rejected.to_pylist())
    assert dataclasses.asdict(parsed)["noted"] == {}
