"""Fields as they should not arrive: each is accepted, mended or turned away, and counted.

The names of the tests begin with the number of the bad input: encodings, numbers, dates, amounts,
ATC codes, product numbers, births, deaths, columns, broken lines, pseudonyms, sizes.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from ldn_spark.delivery.source.sources import load_source
from tests.unit.delivery.deliveries import (
    GOOD,
    HEADER,
    like,
    line,
    only,
    parse,
    parse_file,
    rejections,
)

NBSP, NARROW = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"
DDD, DATE, ATC = "OrdinasjonAntallDDD", "UtleveringsDato", "ATCKode"


def three(**fields):
    """A good line, the odd one and a good one: the neighbours are never touched."""
    return "\n".join([GOOD, line(**fields), GOOD, ""])


@pytest.mark.parametrize("encoding", ["iso-8859-1", "windows-1252", "utf-8", "utf-16"])
def test_b01_names_are_the_same_in_every_declared_encoding(encoding):
    source = like(encoding=encoding)
    data = line(pseudonym="PÆØÅ", name="Østradiol") + "\n"
    assert only(parse(data, source))["pseudonym"] == "PÆØÅ"


def test_b01_other_bytes_than_declared_are_rejected_and_never_replaced():
    latin = line(name="Bø").encode("latin-1")
    parsed = parse(b"\n".join([GOOD.encode(), latin, GOOD.encode()]), like(encoding="utf-8"))
    assert rejections(parsed) == [(3, None, "encoding")]
    assert "\N{REPLACEMENT CHARACTER}" not in str(parsed.accepted.to_pylist())


@pytest.mark.parametrize(
    ("decimal_mark", "thousands_mark", "text", "value"),
    [
        (",", None, "1,5", "1.5"),
        (",", None, ",140", "0.14"),
        (",", None, "1,000", "1"),
        (",", None, "+2", "2"),
        (",", None, "1.234,5", None),
        (",", None, "1 234", None),
        (",", None, f"1{NBSP}234", None),
        (",", None, "1.5", None),
        (",", None, "1e2", None),
        (",", None, "1E2", None),
        (",", None, "1,5,0", None),
        (",", None, "1,", None),
        (",", None, ",", None),
        (",", None, "62,5 DDD", None),
        (",", None, "\N{MINUS SIGN}1", None),
        (",", None, "\N{ARABIC-INDIC DIGIT ONE}", None),
        (",", None, "NaN", None),
        (".", None, "1.5", "1.5"),
        (".", None, "1,5", None),
        (".", None, ".140", "0.14"),
        (".", ",", "1,000", "1000"),
        (".", ",", ",140", None),
        (",", ".", "1.234,5", "1234.5"),
        (",", ".", "12.345.678", "12345678"),
        (",", ".", "1234,5", "1234.5"),
        (",", ".", "1.23,5", None),
        (",", ".", "1.2345", None),
        (",", ".", "12345.678", None),
        (",", ".", "1,234.5", None),
        (",", ".", "1..234", None),
        (",", ".", ".234", None),
        (",", ".", "1 234", None),
        (",", " ", "1 234,5", "1234.5"),
        (",", " ", f"1{NBSP}234,5", "1234.5"),
        (",", " ", f"1{NARROW}234{NARROW}567", "1234567"),
        (",", " ", f"1{NARROW}234{NBSP}567", None),
        (",", " ", "12 34", None),
        (",", " ", "1  234", None),
    ],
)
@pytest.mark.parametrize("column", ["ddd", "packages"])
def test_b02_a_number_has_one_reading_or_none(decimal_mark, thousands_mark, text, value, column):
    source = like(decimal_mark=decimal_mark, thousands_mark=thousands_mark, encoding="utf-8")
    good = GOOD.replace("62,5", "1")
    delivered = {"ddd": DDD, "packages": "OrdinasjonAntallPakninger"}[column]
    header = (*HEADER[:-1], delivered)
    odd = f"{good.rpartition(';')[0]};{text}"
    parsed = parse("\n".join([good, odd, good]), source, header)
    if value is None:
        assert rejections(parsed) == [(3, delivered, f"{column}_malformed")]
        assert parsed.accepted.num_rows == 2
    else:
        assert parsed.accepted[column].to_pylist() == [1, Decimal(value), 1]
        assert parsed.repaired == {}


@pytest.mark.parametrize("blank", [" ", NBSP, NARROW, "\t", f" {NBSP}"])
@pytest.mark.parametrize(
    ("field", "column", "value", "repair"),
    [
        ("ddd", "ddd", Decimal("62.5"), "ddd_trimmed"),
        ("date", "dispensed_on", date(2012, 2, 25), "date_trimmed"),
        ("atc", "atc", "N05BB01", "atc_trimmed"),
        ("product", "product_number", "058719", "product_number_trimmed"),
        ("sex", "sex", "F", "sex_trimmed"),
        ("birth_year", "birth_year", 1951, "birth_year_trimmed"),
        ("pseudonym", "pseudonym", "P1", "pseudonym_trimmed"),
    ],
)
def test_b02_blanks_around_a_value_are_taken_off_and_counted(field, column, value, repair, blank):
    text = dict(zip(("ddd", "date", "atc"), ("62,5", "2012.02.25", "N05BB01"), strict=True))
    text |= {"product": "058719", "sex": "2", "birth_year": "1951", "pseudonym": "P1"}
    parsed = parse(line(**{field: blank + text[field] + blank}), like(encoding="utf-8"))
    assert only(parsed)[column] == value
    assert (parsed.repaired, parsed.repaired_rows) == ({repair: 1}, 1)


def test_b02_a_blank_amount_is_unknown_and_counted_not_zero():
    parsed = parse(line(ddd="  ") + "\n" + line(ddd=""))
    assert parsed.accepted["ddd"].to_pylist() == [None, None]
    assert (parsed.noted, parsed.repaired) == ({"ddd_missing": 2}, {})


EXCEL = {"date_format": "days", "base_date": date(1899, 12, 30)}


@pytest.mark.parametrize(
    ("declared", "text", "day"),
    [
        ({}, "2012.02.29", date(2012, 2, 29)),
        ({}, "40968", "date_malformed"),
        ({}, "01-FEB-2012", "date_malformed"),
        ({}, "1/2/2012", "date_malformed"),
        ({}, "29.02.2012", "date_malformed"),
        ({}, "2012-2-9", "date_malformed"),
        ({}, "2012", "date_malformed"),
        ({}, "2012.02.30", "date_malformed"),
        ({}, "2012.13.01", "date_malformed"),
        ({}, "2012.02.25 00:00:00", "date_malformed"),
        ({}, "1899.12.31", "date_out_of_range"),
        ({}, "1900.01.01", date(1900, 1, 1)),
        ({}, "2200.12.31", date(2200, 12, 31)),
        ({}, "2201.01.01", "date_out_of_range"),
        ({}, "0000.00.00", "date_malformed"),
        ({}, "", "date_missing"),
        ({"date_format": "yyyy-MM-dd"}, "2012-02-30", "date_malformed"),
        ({"date_format": "yyyy-MM-dd"}, "2012-2-9", "date_malformed"),
        ({"date_format": "dd.MM.yyyy"}, "29.02.2012", date(2012, 2, 29)),
        ({"date_format": "dd.MM.yyyy"}, "29.02.2013", "date_malformed"),
        ({"date_format": "dd/MM/yyyy"}, "1/2/2012", "date_malformed"),
        ({"date_format": "yyyyMMdd"}, "20120229", date(2012, 2, 29)),
        (EXCEL, "40968", date(2012, 2, 29)),
        (EXCEL, "40968.0", "date_malformed"),
        (EXCEL, "40 968", "date_malformed"),
        (EXCEL, "+40968", "date_malformed"),
        (EXCEL, "4,1E4", "date_malformed"),
        (EXCEL, "2012.02.29", "date_malformed"),
        (EXCEL, "-40968", "date_out_of_range"),
        (EXCEL, "9" * 5000, "date_out_of_range"),
        (EXCEL, "2958466", "date_out_of_range"),
        ({"date_format": "days", "base_date": date(2012, 1, 1)}, "0", date(2012, 1, 1)),
        ({"date_format": "days", "base_date": date(2012, 1, 1)}, "-366", date(2010, 12, 31)),
        ({"date_format": "days", "base_date": date(2012, 1, 1)}, "59", date(2012, 2, 29)),
    ],
)
def test_b03_only_the_declared_date_format_is_read(declared, text, day):
    parsed = parse(line(date=text, birth_year=""), like(**declared))
    if isinstance(day, str):
        assert rejections(parsed) == [(2, DATE, day)]
    else:
        assert only(parsed)["dispensed_on"] == day
        assert only(parsed)["year"] == day.year


@pytest.mark.parametrize(
    ("text", "value", "note"),
    [
        ("-12,5", "-12.5", "ddd_negative"),
        ("-0,0000001", "0", "ddd_zero"),
        ("0", "0", "ddd_zero"),
        ("-0", "0", "ddd_zero"),
        ("", None, "ddd_missing"),
        ("10000", "10000", None),
        ("10000,000001", "10000.000001", "ddd_huge"),
        ("1000000000", "1000000000", "ddd_huge"),
        ("-1000000000", "-1000000000", "ddd_negative"),
        ("999999999998,999999", "999999999998.999999", "ddd_huge"),
    ],
)
def test_b04_returns_zeros_unknown_and_huge_amounts_are_kept_and_noted(text, value, note):
    parsed = parse(line(ddd=text))
    assert only(parsed)["ddd"] == (None if value is None else Decimal(value))
    assert parsed.noted == ({note: 1} if note else {})


@pytest.mark.parametrize("text", ["1000000000000", "-1000000000000", "9" * 400, "999999999999"])
def test_b04_an_amount_beyond_a_million_millions_is_rejected(text):
    assert rejections(parse(three(ddd=text))) == [(3, DDD, "ddd_too_large")]


@pytest.mark.parametrize(
    ("text", "value", "rounded"),
    [
        ("0,1234565", "0.123456", 1),
        ("0,1234575", "0.123458", 1),
        ("0,12345650000000000000000000000000000000001", "0.123457", 1),
        ("0,123456" + "0" * 60, "0.123456", 0),
        ("-0,1234565", "-0.123456", 1),
    ],
)
def test_b04_more_than_six_decimals_are_rounded_half_to_even_and_counted(text, value, rounded):
    parsed = parse(line(ddd=text))
    assert only(parsed)["ddd"] == Decimal(value)
    assert parsed.repaired == ({"ddd_rounded": 1} if rounded else {})


@pytest.mark.parametrize(
    ("text", "code", "repaired"),
    [
        ("N06AB03", "N06AB03", {}),
        (" n06ab03 ", "N06AB03", {"atc_trimmed": 1, "atc_upper": 1}),
        (f"{NBSP}N06AB03{NBSP}", "N06AB03", {"atc_trimmed": 1}),
        ("N06AB", "N06AB", {}),
        ("N06A", "N06A", {}),
        ("N06", "N06", {}),
        ("N", "N", {}),
    ],
)
def test_b05_an_atc_code_keeps_its_level(text, code, repaired):
    parsed = parse(line(atc=text))
    assert only(parsed)["atc"] == code
    assert parsed.repaired == repaired


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("N06AB3", "atc_malformed"),
        ("N06AB033", "atc_malformed"),
        ("N0", "atc_malformed"),
        ("N06 AB03", "atc_malformed"),
        (f"N06{NBSP}AB03", "atc_malformed"),
        ("N06AB0\N{ARABIC-INDIC DIGIT THREE}", "atc_malformed"),
        ("\N{CYRILLIC CAPITAL LETTER EN}06AB03", "atc_malformed"),
        ("06AB03", "atc_malformed"),
        ("ukjent", "atc_malformed"),
        ("", "atc_missing"),
        (NBSP, "atc_missing"),
    ],
)
def test_b05_anything_else_is_no_atc_code(text, reason):
    parsed = parse(three(atc=text), like(encoding="utf-8"))
    assert rejections(parsed) == [(3, ATC, reason)]


@pytest.mark.parametrize(
    ("width", "text", "value", "repaired"),
    [
        (6, "000123", "000123", {}),
        (6, "123", "000123", {"product_number_padded": 1}),
        (6, "", None, {}),
        (None, "000123", "000123", {}),
        (None, "123", "123", {}),
        (None, "0002-0800-01", "0002-0800-01", {}),
        (None, " ab12 ", "AB12", {"product_number_trimmed": 1, "product_number_upper": 1}),
        (None, "1.2.3", "1.2.3", {}),
        (None, " ", None, {}),
    ],
)
def test_b06_a_product_number_is_text(width, text, value, repaired):
    parsed = parse(line(product=text), like(product_number_width=width))
    assert only(parsed)["product_number"] == value
    assert parsed.repaired == repaired
    assert parsed.noted == ({} if value else {"product_number_missing": 1})


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (6, "123.0"),
        (6, "123,0"),
        (6, "1.23E+05"),
        (6, "1234567"),
        (6, "12a"),
        (6, "-12"),
        (6, "\N{ARABIC-INDIC DIGIT ONE}"),
        (None, "123.0"),
        (None, "123,00"),
        (None, "1.23E+05"),
    ],
)
def test_b06_a_number_that_went_through_decimals_is_rejected(width, text):
    parsed = parse(three(product=text), like(product_number_width=width, encoding="utf-8"))
    assert rejections(parsed) == [(3, "Varenr", "product_number_malformed")]


@pytest.mark.parametrize(
    ("text", "year", "note"),
    [
        ("1951", 1951, None),
        ("2012", 2012, None),
        ("2013", None, "birth_year_after_dispensing"),
        ("1897", 1897, None),
        ("1896", None, "age_over_115"),
        ("1850", None, "age_over_115"),
        ("1849", None, "birth_year_unknown"),
        ("51", None, "birth_year_unknown"),
        ("1951,0", None, "birth_year_unknown"),
        ("-1951", None, "birth_year_unknown"),
        ("9999", None, "birth_year_unknown"),
        ("", None, "birth_year_unknown"),
    ],
)
def test_b07_an_impossible_birth_year_is_unknown_and_counted(text, year, note):
    parsed = parse(line(birth_year=text))
    assert only(parsed)["birth_year"] == year
    assert parsed.noted == ({note: 1} if note else {})


@pytest.mark.parametrize(
    ("died_on", "day", "note"),
    [
        ("2012.02.24", date(2012, 2, 24), "dispensed_after_death"),
        ("2012.02.25", date(2012, 2, 25), None),
        ("2012.02.26", date(2012, 2, 26), None),
        ("", None, None),
        ("2012", None, "died_on_unknown"),
        ("0000.00.00", None, "died_on_unknown"),
    ],
)
def test_b08_a_dispensing_on_the_day_of_death_is_in_order(died_on, day, note):
    source = like(optional_columns={"died_on": "DodsDato"})
    parsed = parse(f"{GOOD};{died_on}", source, (*HEADER, "DodsDato"))
    assert only(parsed)["died_on"] == day
    assert parsed.noted == ({note: 1} if note else {})


@pytest.mark.parametrize(
    ("year", "month", "day", "note"),
    [
        ("2013", "2", date(2013, 2, 28), None),
        ("2012", "02", date(2012, 2, 29), None),
        ("2012", "12", date(2012, 12, 31), None),
        ("2012", "1", date(2012, 1, 31), "dispensed_after_death"),
        ("2013", "", date(2013, 12, 31), None),
        ("", "", None, None),
        ("", "5", None, None),
        ("2013", "13", date(2013, 12, 31), "death_month_unknown"),
        ("2013", "x", date(2013, 12, 31), "death_month_unknown"),
        ("x", "1", None, "death_year_unknown"),
        ("0213", "1", None, "death_year_unknown"),
    ],
)
def test_b08_of_a_month_or_a_year_of_death_the_last_day_counts(year, month, day, note):
    header = (*HEADER, "PasientDodsAr", "PasientDodsMnd")
    parsed = parse(f"{GOOD};{year};{month}", header=header)
    assert only(parsed)["died_on"] == day
    assert parsed.noted == ({note: 1} if note else {})


@pytest.mark.parametrize(
    ("text", "day", "note"),
    [
        ("2013-02", date(2013, 2, 28), None),
        ("201212", date(2012, 12, 31), None),
        ("2012.01", date(2012, 1, 31), "dispensed_after_death"),
        ("2013-13", None, "died_on_unknown"),
        ("02-2013", None, "died_on_unknown"),
        ("2013", None, "died_on_unknown"),
        ("", None, None),
    ],
)
def test_b08_a_month_of_death_in_one_column(text, day, note):
    source = like(optional_columns={"died_in": "DodsArManed"})
    parsed = parse(f"{GOOD};{text}", source, (*HEADER, "DodsArManed"))
    assert only(parsed)["died_on"] == day
    assert parsed.noted == ({note: 1} if note else {})


def test_b08_a_day_of_death_says_more_than_a_month_and_that_more_than_a_year():
    columns = {"died_on": "D", "died_in": "M", "death_year": "Y"}
    source, header = like(optional_columns=columns), (*HEADER, "D", "M", "Y")
    ends = ["2013.05.02;201306;2014", ";201306;2014", ";;2014", ";;"]
    parsed = parse("\n".join(f"{GOOD};{end}" for end in ends), source, header)
    days = [date(2013, 5, 2), date(2013, 6, 30), date(2014, 12, 31), None]
    assert parsed.accepted["died_on"].to_pylist() == days


def test_b12_columns_are_found_by_name_in_any_order_and_others_are_left_aside():
    order = [7, 3, 0, 6, 5, 4, 2, 1]
    header = ("Ekstra", *(HEADER[place] for place in order))
    text = ";".join(["xx", *(GOOD.split(";")[place] for place in order)])
    assert only(parse(text, header=header)) == only(parse(GOOD))


def test_b12_two_files_with_the_columns_in_other_orders_give_the_same_rows():
    header = HEADER[::-1]
    text = ";".join(GOOD.split(";")[::-1])
    assert parse(text, header=header).accepted.equals(parse(GOOD).accepted)


def test_b12_a_header_in_the_middle_of_a_file_is_rejected_as_such():
    parsed = parse("\n".join([GOOD, ";".join(HEADER), GOOD]))
    assert rejections(parsed) == [(3, "PasientLopeNr", "repeated_header")]


def test_b12_an_optional_column_that_is_not_there_is_unknown_without_a_note():
    parsed = parse(GOOD)
    assert only(parsed)["packages"] is None
    assert parsed.noted == {}


BROKEN = [
    ("P1;2;1951", "too_few_fields"),
    (GOOD + ";x", "too_many_fields"),
    (GOOD + ";", "too_many_fields"),
    (line(name='"Navn'), "unbalanced_quote"),
    (line(name='"Na"vn'), "unbalanced_quote"),
    (line(name="Na\x00vn"), "nul_byte"),
    (line(name="Na\rvn"), "stray_carriage_return"),
    ("", "blank_line"),
    (line(name="Na;vn"), "too_many_fields"),
]


@pytest.mark.parametrize(("odd", "reason"), BROKEN)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("position", [0, 1, 2])
def test_b16_a_broken_line_is_named_and_its_neighbours_stay(odd, reason, end, position):
    lines = [line(pseudonym="P1"), line(pseudonym="P2")]
    lines.insert(position, odd)
    parsed = parse(end.join(lines) + end, first_line=10)
    assert rejections(parsed) == [(10 + position, None, reason)]
    assert parsed.accepted["pseudonym"].to_pylist() == ["P1", "P2"]


def test_b16_a_line_break_inside_quotes_is_two_broken_lines():
    parsed = parse(three(name='"Na\nvn"'))
    assert rejections(parsed) == [(3, None, "quoted_line_end"), (4, None, "too_few_fields")]
    assert parsed.accepted.num_rows == 2


def test_b16_a_delimiter_inside_quotes_is_part_of_the_field():
    assert only(parse(line(pseudonym='"P;1"')))["pseudonym"] == "P;1"


def test_b16_all_broken_lines_of_a_block_are_accounted_for():
    lines = [odd for odd, _ in BROKEN]
    parsed = parse("\n".join([GOOD, *lines, GOOD]))
    assert [reason for _, _, reason in rejections(parsed)] == [reason for _, reason in BROKEN]
    assert parsed.accepted.num_rows == 2


@pytest.mark.parametrize(
    "pseudonym",
    [
        "P1",
        "p1",
        "\N{CYRILLIC CAPITAL LETTER ER}1",
        "P\N{FULLWIDTH DIGIT ONE}",
        "0012",
        "12",
        "12.0",
        "18446744073709551616",
        "1e5",
        "NULL",
        "NA",
        "P 1",
    ],
)
def test_b19_a_pseudonym_is_compared_as_it_is_written(pseudonym):
    source = like(encoding="utf-8")
    assert only(parse(line(pseudonym=pseudonym), source))["pseudonym"] == pseudonym


@pytest.mark.parametrize("text", ["P1 ", " P1", f"P1{NBSP}"])
def test_b19_blanks_around_a_pseudonym_are_taken_off_and_counted(text):
    parsed = parse(line(pseudonym=text))
    assert (only(parsed)["pseudonym"], parsed.repaired) == ("P1", {"pseudonym_trimmed": 1})


@pytest.mark.parametrize("text", ["", " ", NBSP])
def test_b19_no_pseudonym_is_rejected_not_grouped(text):
    assert rejections(parse(three(pseudonym=text))) == [(3, "PasientLopeNr", "pseudonym_missing")]


@pytest.mark.parametrize(
    ("text", "rejected"),
    [
        *((text, True) for text in ("\x07", "\x1b\x7f", "\x85\x01")),  # control characters
        *((text, True) for text in ("\u200b", "\ufeff", "\u00ad", "\u2060\u200d")),  # no width
        *((text, True) for text in ("\u2800", "\u3164", "\u200b \u200b", f"\u200b{NBSP}\u200b")),
        *((text, False) for text in ("P1\u200b", "\ufeffP1", "P\t1", "P1\ufe0f", "\x1b[2J")),
    ],
)
def test_b19_a_pseudonym_without_anything_to_see_is_rejected_others_are_noted(text, rejected):
    parsed = parse(three(pseudonym=text), like(encoding="utf-8"))
    turned_away = [(3, "PasientLopeNr", "pseudonym_invisible")]
    assert rejections(parsed) == turned_away * rejected
    assert parsed.noted == ({} if rejected else {"pseudonym_partly_invisible": 1})


def test_days_after_the_day_of_the_ingest_are_noted_and_kept():
    rows = "\n".join(line(date=day) for day in ("2012.02.25", "2012.02.26", "2013.01.01"))
    assert parse(rows, today=date(2012, 2, 25)).noted == {"date_in_future": 2}
    assert parse(rows, today=date(2013, 1, 1)).noted == {}
    people = "pseudonym,birth_year,died_on\na,2012,2012-02-26\nb,2013,\n"
    found = parse_file(people, load_source("canonical"), kind="persons", today=date(2012, 2, 25))
    assert found.noted == {"birth_year_in_future": 1, "died_on_in_future": 1}
    assert found.accepted.num_rows == 2


@pytest.mark.parametrize(
    ("odd", "further"),
    [
        (GOOD, 0),
        (f"{GOOD}\r{GOOD}", 1),
        ("\r".join([GOOD] * 11), 10),
        (f"{GOOD}\r{GOOD}\r", 1),
        (f"\r\r{GOOD}", 0),
        (line(name="to\rlinjer"), 0),  # a text, and one record
        (line(name='"a;b"') + "\r" + line(name='"a;b"'), 1),
        ("x\ry\rz", 0),
    ],
)
def test_records_that_are_lost_with_their_line_are_counted(odd, further):
    parsed = parse("\n".join([GOOD, odd, GOOD, ""]))
    assert parsed.further == further
    assert parsed.accepted.num_rows + parsed.rejected.num_rows == 3


def test_b20_five_hundred_columns():
    header = (*HEADER, *(f"Ekstra{number}" for number in range(500)))
    text = GOOD + ";x" * 500
    assert only(parse(text, header=header)) == only(parse(GOOD))
    short = parse(f"{text}\n{text[:-2]}\n", header=header)
    assert rejections(short) == [(3, None, "too_few_fields")]


def test_b20_a_field_of_ten_megabytes():
    huge = "x" * (10 << 20)
    parsed = parse("\n".join([GOOD, line(name=huge), line(ddd=huge), line(ddd="9" * len(huge))]))
    assert rejections(parsed) == [(4, DDD, "ddd_malformed"), (5, DDD, "ddd_too_large")]
    assert parsed.accepted.num_rows == 2


def test_b17_a_line_without_its_key_is_rejected():
    source = like(line_key=["A", "B"])
    rows = [f"{GOOD};1;", f"{GOOD};;2", f"{GOOD}; ;", line(date="x") + ";;"]
    parsed = parse("\n".join(rows), source, (*HEADER, "A", "B"))
    assert rejections(parsed) == [(4, "A", "line_key_missing"), (5, DATE, "date_malformed")]
    assert parsed.accepted.num_rows == 2
