"""Date formats: what can be declared, what it reads and what not, and what is refused."""

from __future__ import annotations

from datetime import date

import pytest

from ldn_spark.delivery.source.date_formats import DateFormatError, date_format
from ldn_spark.delivery.source.month_names import month_of
from ldn_spark.delivery.source.sources import load_source
from ldn_spark.errors import ConfigError

DAY = date(2013, 1, 2)


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        ("yyyy-MM-dd", ["2013-01-02"], ["2013-1-2", "2013-01-02 ", "13-01-02", "２０１３-01-02"]),
        ("d.M.yyyy", ["2.1.2013", "02.01.2013"], ["002.1.2013", "2.1.13", "2-1-2013"]),
        ("d/M/yyyy", ["2/1/2013", "02/1/2013"], ["2/13/2013", "0/1/2013"]),
        ("M/d/yyyy", ["1/2/2013"], ["13/2/2013"]),
        ("ddMMMyyyy", ["02JAN2013", "02jan2013", "02Jan2013"], ["2JAN2013", "02JAM2013"]),
        ("dd-MMM-yyyy", ["02-Jan-2013", "02-jan.-2013"], ["02-01-2013", "02-2013-2013"]),
        ("dd.MMM.yyyy", ["02.jan.2013", "02.jan..2013"], ["02.jan 2013"]),
        ("d. MMM yyyy", ["2. januar 2013", "02. jan. 2013"], ["2 januar 2013"]),
        ("MMM d, yyyy", ["January 2, 2013", "Jan 02, 2013"], ["January 32, 2013"]),
        (
            "yyyy-MM-dd HH:mm:ss",
            ["2013-01-02 00:00:00", "2013-01-02 23:59:60"],
            ["2013-01-02", "2013-01-02 24:00:00", "2013-01-02 0:00:00", "2013-01-02 00:60:00"],
        ),
        ("dd/MM/yyyy HH:mm", ["02/01/2013 10:30"], ["02/01/2013 10:30:00"]),
        (
            "yyyy-MM-dd'T'HH:mm:ssX",
            ["2013-01-02T00:00:00Z", "2013-01-02T23:30:00-01:00", "2013-01-02T00:30:00+0530"],
            ["2013-01-02 00:00:00Z", "2013-01-02T00:00:00", "2013-01-02T00:00:00UTC"],
        ),
        ("yyyy-MM-ddTHH:mm:ss.SX", ["2013-01-02T00:00:00.123456+02"], ["2013-01-02T00:00:00Z"]),
        (
            "yyyy-MM-dd'T'HH:mm:ss[.S][X]",
            ["2013-01-02T01:02:03", "2013-01-02T01:02:03.5", "2013-01-02T01:02:03.000000+01:00"],
            ["2013-01-02", "2013-01-02T01:02:03."],
        ),
        ("yyyyMMdd[HHmmss]", ["20130102", "20130102235959"], ["2013010223", "201301"]),
        ("yyyyMMddHHmmssSSS", ["20130102235959123"], ["2013010223595912"]),
        ("M/d/yyyy h:mm:ss a", ["1/2/2013 12:00:00 AM", "1/2/2013 1:05:00 p.m."], ["1/2/2013"]),
        ("yyyy'年'M'月'd", ["2013年1月2"], ["2013-1-2"]),
        ("yyyy''MM''dd", ["2013'01'02"], ["2013-01-02"]),
        ("dd (MM) yyyy.", ["02 (01) 2013."], ["02 (01) 2013"]),
    ],
)
def test_what_a_format_reads(form, good, bad):
    read = date_format(form).day
    assert {text: read(text) for text in good} == dict.fromkeys(good, DAY)
    assert {text: read(text) for text in bad} == dict.fromkeys(bad)


def test_a_day_that_is_not_in_the_calendar_is_none():
    assert date_format("d.M.yyyy").day("30.2.2012") is None
    assert date_format("ddMMMyyyy").day("29FEB2012") == date(2012, 2, 29)
    assert date_format("ddMMMyyyy").day("29FEB2013") is None
    assert date_format("dd.MM.yyyy").day("01.01.0000") is None


def test_the_day_is_the_one_that_is_written_whatever_the_offset():
    read = date_format("yyyy-MM-dd'T'HH:mm:ssX").day
    for written in ("2013-01-02T00:00:00+14:00", "2013-01-02T23:59:59-12:00"):
        assert read(written) == DAY


def test_a_time_is_known_to_be_one():
    assert date_format("yyyy-MM-dd[ HH:mm]").has_time
    assert not date_format("yyyy'T'MM.dd").has_time


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("yyyy.dd", "names no month"),
        ("MM.yyyy", "names no day"),
        ("dd.MM", "names no year"),
        ("", "names no year"),
        ("yyyy-MM-dd MM", "names two months"),
        ("yyyy-MM-dd d", "names two days"),
        ("yyyy-mm-dd", "names no month; mm are minutes, write MM"),
        ("YYYY-MM-DD", "'YYYY' and 'DD' mean nothing; did you mean 'yyyy-MM-dd'?"),
        ("%Y-%m-%d", "did you mean 'yyyy-MM-dd'?"),
        ("%d.%m.%Y", "did you mean 'dd.MM.yyyy'?"),
        ("DD/MM/YYYY hh:mm", "did you mean 'dd/MM/yyyy hh:mm'?"),
        ("dd.MM.yy", "years of two digits, which do not tell their century; have them"),
        ("DATE9.", "mean nothing; known are yyyy; MM, M or MMM"),
        ("EEE yyyy-MM-dd", "'EEE' mean nothing"),
        ("yyyy-MM-dd foo", "'f' and 'oo' mean nothing"),
        ("yyyy-MM-dd HH:mm Q", "'Q' mean nothing"),
        ("yyyyMd", "does not tell where 'yyyy' ends and 'M' begins"),
        ("dMyyyy", "does not tell where 'd' ends and 'M' begins"),
        ("yyyyMMdd1H", "does not tell where '1' ends and 'H' begins"),
        ("yyyyMMddSHH", "does not tell where 'dd' ends and 'S' begins"),
        ("yyyy-MM-dd HH:mm HH", "has 'HH' twice"),
        ("yyyy[-MM-dd]", "puts 'MM' into brackets"),
        ("yyyy-MM-dd[ HH", "a bracket has no other"),
        ("yyyy-MM-dd] [HH", "a bracket has no other"),
        ("yyyy-MM-dd'T", "an apostrophe without another"),
        ("yyyy-MM-dd" + "." * 60, "longer than 64 characters"),
    ],
)
def test_what_says_less_or_more_than_a_day_is_refused(form, told):
    with pytest.raises(DateFormatError) as caught:
        date_format(form)
    assert told in str(caught.value)
    assert "; " in str(caught.value), "there is no mend"


def test_a_source_file_names_the_line_and_the_key(tmp_path):
    from ldn_spark.texts.documents import conf_folder

    text = (conf_folder() / "sources" / "canonical.yaml").read_text(encoding="utf-8")
    path = tmp_path / "s.yaml"
    path.write_text(text.replace("date_format: yyyy-MM-dd", "date_format: yyyy-MM-DD"))
    line = text.splitlines().index("date_format: yyyy-MM-dd") + 1
    with pytest.raises(ConfigError) as caught:
        load_source(str(path))
    said = str(caught.value)
    assert f"s.yaml line {line}: date_format: " in said
    assert "'DD' mean nothing; did you mean 'yyyy-MM-dd'? known are yyyy;" in said


@pytest.mark.parametrize(
    "names",
    [
        "jan feb mar apr may jun jul aug sep oct nov dec",
        "Januar Februar Mars April Mai Juni Juli August September Oktober November Desember",
        "jan. feb. mars apr. mai juni juli aug. sept. okt. nov. des.",
        "januari februari mars april maj juni juli augusti september oktober november december",
        "JAN FEB MAR APR MAJ JUN JUL AUG SEP OKT NOV DEC",
        "januar februar marts april maj juni juli august september oktober november december",
        "tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu",
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    ],
)
def test_names_of_months(names):
    assert [month_of(name) for name in names.split()] == list(range(1, 13))


def test_what_is_no_name_of_a_month():
    assert [month_of(name) for name in ("", ".", "man", "janu", "Q1", "1")] == [None] * 6
