"""The date format that texts tell: the one that reads them all, or the true reason why none."""

from __future__ import annotations

import datetime as dt
import random

import pytest

from ldn_spark.delivery.guess.date_guesses import guess_date_format
from ldn_spark.delivery.source.date_formats import date_format

random.seed(20130102)
MOMENTS = [
    dt.datetime(2012, 1, 1) + dt.timedelta(seconds=random.randrange(3 * 365 * 86_400))
    for _ in range(300)
]


def unpadded(form):
    return lambda at: form.format(d=at.day, m=at.month, y=at.year, h=at.hour)


SHAPES = [
    ("%Y-%m-%d", "yyyy-MM-dd"),
    ("%Y.%m.%d", "yyyy.MM.dd"),
    ("%Y/%m/%d", "yyyy/MM/dd"),
    ("%Y%m%d", "yyyyMMdd"),
    ("%d.%m.%Y", "dd.MM.yyyy"),
    ("%d/%m/%Y", "dd/MM/yyyy"),
    ("%m/%d/%Y", "MM/dd/yyyy"),
    ("%d-%m-%Y", "dd-MM-yyyy"),
    ("%d%m%Y", "ddMMyyyy"),
    ("%m%d%Y", "MMddyyyy"),
    ("%d %m %Y", "dd MM yyyy"),
    (unpadded("{d}.{m}.{y}"), "d.M.yyyy"),
    (unpadded("{d}. {m}. {y}"), "d. M. yyyy"),
    (unpadded("{m}/{d}/{y}"), "M/d/yyyy"),
    (unpadded("{y}-{m}-{d}"), "yyyy-M-d"),
    ("%d%b%Y", "ddMMMyyyy"),
    ("%d-%b-%Y", "dd-MMM-yyyy"),
    ("%d %B %Y", "dd MMM yyyy"),
    ("%B %d, %Y", "MMM dd, yyyy"),
    ("%Y-%b-%d", "yyyy-MMM-dd"),
    ("%d%b%Y:%H:%M:%S", "ddMMMyyyy:HH:mm:ss"),
    ("%Y-%m-%d %H:%M", "yyyy-MM-dd HH:mm"),
    ("%Y-%m-%d %H:%M:%S", "yyyy-MM-dd HH:mm:ss"),
    ("%Y-%m-%d %H:%M:%S.%f", "yyyy-MM-dd HH:mm:ss.S"),
    ("%Y-%m-%d 00:00:00,000", "yyyy-MM-dd HH:mm:ss,S"),
    ("%Y-%m-%dT%H:%M:%SZ", "yyyy-MM-dd'T'HH:mm:ssX"),
    ("%Y-%m-%dT%H:%M:%S.%f+01:00", "yyyy-MM-dd'T'HH:mm:ss.SX"),
    ("%Y-%m-%d %H:%M:%S +0100", "yyyy-MM-dd HH:mm:ss X"),
    ("%d/%m/%Y %H:%M", "dd/MM/yyyy HH:mm"),
    ("%d.%m.%Y %H.%M", "dd.MM.yyyy HH.mm"),
    ("%m/%d/%Y %I:%M:%S %p", "MM/dd/yyyy hh:mm:ss a"),
    (unpadded("{m}/{d}/{y} {h}:05"), "M/d/yyyy H:mm"),
    ("%Y%m%d%H%M%S", "yyyyMMddHHmmss"),
    ("%Y%m%dT%H%M%SZ", "yyyyMMdd'T'HHmmssX"),
    ("%Y%m%d %H:%M:%S", "yyyyMMdd HH:mm:ss"),
    (lambda at: str(at.date()) if at.day % 2 else str(at), "yyyy-MM-dd[ HH:mm:ss]"),
    (
        lambda at: at.replace(microsecond=at.day % 2).isoformat(),
        "yyyy-MM-dd'T'HH:mm:ss[.S]",
    ),
    (unpadded("{d}.{m}.{y}."), "d.M.yyyy."),
]


@pytest.mark.parametrize(("written", "form"), SHAPES)
def test_the_format_that_reads_every_text(written, form):
    write = written if callable(written) else lambda at: at.strftime(written)
    texts = [write(at) for at in MOMENTS]
    guess = guess_date_format([*texts, ""])
    assert (guess.value, guess.is_of_days) == (form, True)
    assert guess.why.startswith("all that is there")
    assert ("a time stands behind the date" in guess.why) == date_format(form).has_time
    assert [date_format(form).day(text) for text in texts] == [at.date() for at in MOMENTS]


SERIAL = "whole numbers: days from a day 0, as Excel, SAS or a registry counts them?"
SECONDS = int((dt.datetime(2013, 1, 2) - dt.datetime(1960, 1, 1)).total_seconds())


@pytest.mark.parametrize(
    ("texts", "form", "why"),
    [
        (["03/04/2013"], None, "looks like dd/MM/yyyy or MM/dd/yyyy: ambiguous, as no number"),
        (["3/4/2013"], None, "looks like d/M/yyyy or M/d/yyyy: ambiguous"),
        (["03042013"], None, "looks like ddMMyyyy or MMddyyyy: ambiguous"),
        (["03-04-2013 10:00"], None, "looks like dd-MM-yyyy HH:mm or MM-dd-yyyy HH:mm"),
        (["03/04/2013", "13/04/2013"], "dd/MM/yyyy", "all that is there"),
        (["03.04.2013"], "dd.MM.yyyy", "all that is there"),
        (["2013-03-04"], "yyyy-MM-dd", "all that is there"),
        (["2013-01-02"] * 99 + ["x"], "yyyy-MM-dd", "99.0% of what is there"),
        (["02.01.13"], None, "dates with years of two digits"),
        (["1/2/13 10:30"], None, "dates with years of two digits"),
        (["130102", "130131"], None, "dates with years of two digits"),
        (["02JAN13", "31-Dec-12"], None, "dates with years of two digits"),
        (["201301", "201212"], None, "years and months (yyyyMM) without days"),
        (["2013-01", "01/2013", "jan 2013", "2013M01"], None, "years and months without days"),
        (["2013", "2012"], None, "years without months and days"),
        (["2013W01", "2013-W01-3", "2013Q1"], None, "weeks or quarters"),
        (["2013002", "2013365"], None, "years and numbers of days in them"),
        (["10:30", "10:30:00"], None, "times of day without a date"),
        (["0000-00-00"], None, "dates of which year, month and day are all zero"),
        (["41276", "41641"], "days", SERIAL),
        (["-10", "4807"], "days", SERIAL),
        (["41276.4375", "41276,5"], None, "numbers with decimals, as programs count days and"),
        ([str(SECONDS)], None, "numbers that may be seconds from 1960-01-01, a SAS datetime or"),
        ([f"{SECONDS}000"], None, "numbers that may be milliseconds from 1960-01-01, a Stata"),
        (["1357084800"], None, "seconds from 1970-01-01, Unix time"),
        (["13576204800"], None, "seconds from 1582-10-14, an SPSS date"),
        (["1357084800000000"], None, "microseconds from 1970-01-01"),
        (["123456789"], None, "numbers that are no days"),
        (["9" * 5000], None, "no format that is read fits"),
        (["2013-01-02"] * 3 + ["02.01.2013"] * 2, None, "yyyy-MM-dd fits 60.0%, dd.MM.yyyy fits"),
        (["hello", "x"], None, "no format that is read fits"),
        (["2013-02-30"], None, "no format that is read fits"),
        (["[2013]'01'02", "2013\x1301\x1302"], None, "no format that is read fits"),
        ([], None, "the column is empty here"),
        (["", ""], None, "the column is empty here"),
    ],
)
def test_the_true_reason(texts, form, why):
    guess = guess_date_format(texts)
    assert guess.value == form
    assert why in guess.why


def test_numbers_name_the_days_0_that_make_dispensings_of_them():
    assert guess_date_format(["41276", "41641"]).hints == (
        "1899-12-30 (Excel) would make them fall in 2013 to 2014",
    )
    sas = guess_date_format(["19360"]).hints
    assert [hint[:10] for hint in sas] == ["1960-01-01", "1970-01-01", "1970-01-01"][:2]
    assert guess_date_format(["-10", "4807"]).hints == ()


@pytest.mark.parametrize("texts", [["41276"], ["130102"], ["N05BB01"], ["12,5"], ["10:30"], ["0"]])
def test_what_can_be_something_else_is_not_taken_for_days(texts):
    assert not guess_date_format(texts).is_of_days
