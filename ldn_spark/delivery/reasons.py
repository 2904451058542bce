"""Explain every code in the account of a delivery, in one sentence each.

A code names what is at fault, mended or noted; none holds a value. A lookup of a source adds its
own, `<its name>_unmatched`.
"""

from __future__ import annotations

from ldn_spark.shown import counted

_TOO_LARGE = counted(10**12 - 1)
LEFT_OUT = "left_out"
"""Of lines that are neither accepted nor rejected: the source does not mean them."""
_UNMATCHED = "_unmatched"
_OF_LINES = {
    "nul_byte": "the line holds a NUL byte",
    "stray_carriage_return": "the line holds a carriage return that does not end it",
    "blank_line": "the line is empty",
    "encoding": "the line is no text in the encoding that the source declares",
    "unbalanced_quote": "a quoted field does not end before a delimiter or the end of the line",
    "quoted_line_end": "a quoted field is still open at the end of the line",
    "too_few_fields": "the line has fewer fields than the header",
    "too_many_fields": "the line has more fields than the header",
    "repeated_header": "the line is the header again",
    "repeated_line": "the line was delivered before, with the same content",
    "line_key_conflict": "another line with the same line key has other content",
}
REJECTED = {
    **_OF_LINES,
    "no_id": "the line is flagged as a dispensing that no person is known of",
    "pseudonym_missing": "there is no pseudonym",
    "pseudonym_invisible": "the pseudonym holds nothing that can be seen: control characters, or "
    "characters without a width",
    "date_missing": "there is no date of dispensing",
    "date_malformed": "the date of dispensing is not a day in the declared format",
    "date_out_of_range": "the date of dispensing is not in the years 1900 to 2200",
    "atc_missing": "there is no ATC code",
    "atc_malformed": "the ATC code is not of the form of any level, like N, N06, N06A, N06AB03",
    "product_number_malformed": "the product number has other characters than digits, or too many "
    "digits, or went through a number with decimals",
    "ddd_malformed": "the DDDs, or a factor of them, are not a number as the source declares",
    "ddd_too_large": f"the DDDs are {_TOO_LARGE} or more",
    "packages_malformed": "the number of packages is not a number as the source declares",
    "packages_too_large": f"the number of packages is {_TOO_LARGE} or more",
    "line_key_missing": "the columns that identify the line are empty",
    "observed_from_missing": "there is no first day of the period",
    "observed_from_malformed": "the period's first day is not a day in the declared format",
    "observed_from_out_of_range": "the period's first day is not in the years 1900 to 2200",
    "observed_to_malformed": "the period's last day is not a day in the declared format",
    "observed_to_out_of_range": "the period's last day is before the year 1900",
    "period_reversed": "the period ends before it begins",
}
"""Why a line was turned away; the first fault counts."""
_TRIMMED = "blanks around {} were taken off"
_UPPER = "{} was made upper case"
_ROUNDED = "{} had more than six decimals and were rounded half to even"
REPAIRED = {
    "pseudonym_trimmed": _TRIMMED.format("the pseudonym"),
    "date_trimmed": _TRIMMED.format("the date of dispensing"),
    "atc_trimmed": _TRIMMED.format("the ATC code"),
    "atc_upper": _UPPER.format("the ATC code"),
    "product_number_trimmed": _TRIMMED.format("the product number"),
    "product_number_upper": _UPPER.format("the product number"),
    "product_number_padded": "the product number was filled up with zeros from the left",
    "ddd_trimmed": _TRIMMED.format("the DDDs, or a factor of them,"),
    "ddd_rounded": _ROUNDED.format("the DDDs"),
    "packages_trimmed": _TRIMMED.format("the number of packages"),
    "packages_rounded": _ROUNDED.format("the packages"),
    "sex_trimmed": _TRIMMED.format("the sex"),
    "birth_year_trimmed": _TRIMMED.format("the birth year"),
    "age_trimmed": _TRIMMED.format("the age"),
    "reimbursement_icd_trimmed": _TRIMMED.format("the ICD code of the reimbursement"),
    "reimbursement_icd_upper": _UPPER.format("the ICD code of the reimbursement"),
    "reimbursement_icpc_trimmed": _TRIMMED.format("the ICPC code of the reimbursement"),
    "reimbursement_icpc_upper": _UPPER.format("the ICPC code of the reimbursement"),
    "death_year_trimmed": _TRIMMED.format("the year of death"),
    "death_month_trimmed": _TRIMMED.format("the month of death"),
    "died_on_trimmed": _TRIMMED.format("the day or month of death"),
    "observed_from_trimmed": _TRIMMED.format("the period's first day"),
    "observed_to_trimmed": _TRIMMED.format("the period's last day"),
}
"""What was mended in an accepted line."""
NOTED = {
    "missing_marker": "a field holds a text that the source declares as a missing value",
    "pseudonym_partly_invisible": "the pseudonym holds a character that cannot be seen: it is "
    "another person than without it",
    "product_number_missing": "there is no product number",
    "ddd_missing": "the DDDs, or a factor of them, are not delivered: unknown, not 0",
    "ddd_divisor_zero": "a divisor of the DDDs is 0: unknown",
    "ddd_negative": "the DDDs are negative: a return, which is kept and netted",
    "ddd_zero": "the DDDs are 0",
    "ddd_huge": f"the DDDs are more than {counted(10_000)}: 27 years of one drug",
    "packages_missing": "the number of packages is not delivered: unknown",
    "packages_negative": "the number of packages is negative: a return",
    "packages_zero": "the number of packages is 0",
    "sex_unknown": "the sex is not one of the source's codes: unknown",
    "birth_year_unknown": "there is no birth year, or none from 1850 on: unknown",
    "birth_year_after_dispensing": "the birth year is after the year of dispensing: unknown",
    "age_unknown": "there is no age, or none from 0 to 125 whole years: birth year unknown",
    "age_over_115": "the age at dispensing would be more than 115 years: birth year unknown",
    "death_year_unknown": "the year of death is no year: unknown",
    "death_month_unknown": "the month of death is no month: the year's last day is taken",
    "died_on_unknown": "the day or month of death is none in the declared format: unknown",
    "observed_to_open": "the period's last day is after the year 2200: it is still open",
    "dispensed_after_death": "the dispensing is after the day of death",
    "date_in_future": "the date of dispensing is after the day of the ingest",
    "birth_year_in_future": "the birth year is after the year of the ingest",
    "died_on_in_future": "the day of death is after the day of the ingest",
    "observed_from_in_future": "the period's first day is after the day of the ingest",
    "observed_to_in_future": "the period's last day is after the day of the ingest",
}
"""What a person may want to know of an accepted line."""
OF_PERSONS = {
    "sex_conflict": "different sexes are said of the person: unknown",
    "birth_year_conflict": "different birth years are said of the person: unknown",
    "birth_year_after_dispensing": "the birth year is after a dispensing of the person: unknown",
    "age_over_115": "the age at a dispensing would be more than 115 years: birth year unknown",
    "died_before_birth": "the day of death is before the birth year",
    "dispensed_after_death": "the person has a dispensing after the day of death",
}
"""What does not fit together in what all files say of a person, in whatever order they came."""
REASONS = {**REJECTED, **REPAIRED, **NOTED}


_MENDS = {
    "quoted_line_end": "where fields hold line ends, declare quoted_line_ends: true in the source "
    "file",
    "encoding": "declare the encoding that the file has in its source file",
}


def mend_of(reason: str, is_marked: bool) -> str:
    """What to do about a rejected line; empty where only the file can tell.

    Args:
        reason: why it is rejected.
        is_marked: whether the column at fault holds texts that look like missing values.
    """
    if is_marked:
        return "looks like a missing marker: declare missing_values in the source file"
    return _MENDS.get(reason, "")


def is_unmatched(code: str) -> bool:
    """Whether a code says of a lookup that it does not hold the key of a line.

    >>> is_unmatched("ddd_table_unmatched"), is_unmatched("sex_unknown")
    (True, False)
    """
    return code.endswith(_UNMATCHED)


def explain(code: str) -> str:
    """The meaning of a code.

    >>> explain("blank_line")
    'the line is empty'
    >>> explain("ddd_table_unmatched")
    "the lookup 'ddd_table' does not hold the line's key"
    """
    if is_unmatched(code):
        return f"the lookup '{code.removesuffix(_UNMATCHED)}' does not hold the line's key"
    return REASONS[code]
