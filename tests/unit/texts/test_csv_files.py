"""The one reader of our own CSV files, and everything that reads by it."""

from __future__ import annotations

import re

import pytest

from ldn_spark.delivery.omop.concepts import read_choices, read_ddds
from ldn_spark.delivery.source.declared import Lookup
from ldn_spark.delivery.values.lookups import read_lookup
from ldn_spark.errors import ConfigError
from ldn_spark.papers.reading import read_published
from ldn_spark.shown import numbered
from ldn_spark.study.atc.alterations import read_alterations
from ldn_spark.study.codelists import read_codelist
from ldn_spark.study.load import load_study
from ldn_spark.texts.csv_files import MOST_PROBLEMS, Row, read_rows

LONG = "x" * 200_000


def write(folder, data):
    path = folder / "table.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


@pytest.mark.parametrize(
    "data",
    [
        "a,b\n1,2\n\n3,4\n",
        "\ufeffa;b\r\n1;2\r\n\r\n3;4",
        "a\tb\r 1\t2\r\r3\t4 \r",
        'a,b\n"1","2"\n , \n"3",4\n',
    ],
)
def test_delimiters_line_ends_and_marks(tmp_path, data):
    rows = read_rows(write(tmp_path, data))
    assert rows == [Row(1, ("a", "b")), Row(2, ("1", "2")), Row(4, ("3", "4"))]


def test_a_row_keeps_the_line_that_it_begins_on(tmp_path):
    text = '# a "note\n\na,b\n"two\nlines",1\n#,"\n3,4\n'
    rows = read_rows(write(tmp_path, text), comments=True)
    assert rows == [Row(3, ("a", "b")), Row(4, ("two\nlines", "1")), Row(7, ("3", "4"))]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"a,b\n1,\xf8\n", " line 2: is not UTF-8 text; save it"),
        ("a,b\n1,2".encode("utf-16"), " line 1: is not UTF-8 text"),
        (b"a,b\n\n1,\0\n", " line 3, column 3: holds a NUL"),
        (b'a,b\n1,2\n3,"4\n5,6\n', " line 3: is no CSV: "),
        (b'a,b\n1,"2"x\n', " line 2: is no CSV: "),
    ],
)
def test_what_is_no_csv_is_told_with_its_line(tmp_path, data, told):
    path = write(tmp_path, data)
    with pytest.raises(ConfigError) as caught:
        read_rows(path)
    assert f"{path}{told}" in str(caught.value)


def test_what_is_no_file_is_told(tmp_path):
    for path in (tmp_path, tmp_path / "gone.csv", write(tmp_path, "a") / "below"):
        with pytest.raises(ConfigError, match=str(path)):
            read_rows(path)


def published(path):
    return read_published(path, load_study("ldn_2013").definition)


@pytest.mark.parametrize(
    ("read", "text", "found"),
    [
        (lambda p: read_codelist("l", p).codes, f"term,code\n{LONG},123456\n", ("123456",)),
        (
            lambda p: read_codelist("l", p).codes,
            f"code,x\n{LONG},1\n",
            "line 2 column code",
        ),
        (lambda p: read_codelist("l", p).codes, f"{'1' * 200_000}\n", "line 1: product number"),
        (
            lambda p: read_lookup(Lookup(name="l", key="k", gives=("v",)), p),
            f"k,v\n1,{LONG}\n",
            {("1",): (LONG,)},
        ),
        (read_choices, f"concept_id,atc,n\n1,N05BB01,{LONG}\n", {1: "N05BB01"}),
        (read_choices, f"concept_id,atc\n{'9' * 5000},N05BB01\n", "line 2 column concept_id: the"),
        (read_ddds, f"concept_id,ddd_per_unit\n1,{LONG}\n", "line 2 column ddd"),
        (
            lambda p: read_alterations(p).rows[0].substance,
            f"previous_code,new_code,year,substance\nN05BB01,N05BB02,2013,{LONG}\n",
            LONG,
        ),
        (
            published,
            f"place,table,stratum,outcome,quantity,published\nText,{LONG},,,,\n",
            "line 2 column table: there is no table",
        ),
    ],
)
def test_a_field_of_any_length_is_read_or_told_in_few_words(tmp_path, read, text, found):
    path = write(tmp_path, text)
    if not isinstance(found, str) or found == LONG:
        assert read(path) == found
        return
    with pytest.raises(ConfigError) as caught:
        read(path)
    assert found in str(caught.value)
    assert len(str(caught.value)) < 10_000


def lookup(path):
    return read_lookup(Lookup(name="l", key="k", gives=("v",)), path)


READERS = {
    "codelist": (lambda p: read_codelist("l", p), "code,include", "000981,yes", "98,yes"),
    "lookup": (lookup, "k,v", "1,2", ",2"),
    "choices": (read_choices, "concept_id,atc", "1,N05BB01", "1,N05"),
    "doses": (read_ddds, "concept_id,ddd_per_unit", "1,2.5", "1,x"),
    "alterations": (
        read_alterations,
        "previous_code,new_code,year",
        "N05BB01,N05BB02,2013",
        "N05BB01,N05BB02,13",
    ),
    "published": (
        published,
        "place,table,stratum,outcome,quantity,published",
        "Table 1,cohort,overall,,persons,12",
        "Table 1,cohort,overall,,persons,x",
    ),
}


@pytest.mark.parametrize("kind", READERS)
def test_every_reader_has_the_same_limits(tmp_path, kind):
    """Of header and rows: each column once, as many fields as the header, all problems at once."""
    read, header, good, bad = READERS[kind]
    first, number = header.split(",")[0], len(header.split(","))

    def problems(text):
        with pytest.raises(ConfigError) as caught:
            read(write(tmp_path, text))
        return [str(one).replace(f"{tmp_path / 'table.csv'} ", "") for one in caught.value.problems]

    read(write(tmp_path, f"{header},\n{good},\n{','.join([''] * number)}\n"))
    read(write(tmp_path, f"{header}\n{good},,\n"))
    (told,) = problems(f"{header},{first}\n{good},1\n")
    assert told == f"line 1: the column '{first}' occurs twice; remove one"
    (told,) = problems(f"note,{header.partition(',')[2]}\n{good}\n")
    assert told.startswith(f"line 1: the header has no column {first}; begin with a header line")
    short, long = good.rpartition(",")[0], f"{good},more"
    assert problems(f"{header}\n{short}\n\n{long}\n{bad}\n")[:2] == [
        f"line 2: has {numbered(number - 1, 'field')}, the header {number}; mend the line",
        f"line 4: has {numbered(number + 1, 'field')}, the header {number}; mend the line",
    ]
    (told,) = problems(f"{header}\n{bad}\n")
    assert re.match(rf"line 2 column ({header.replace(',', '|')}): .+; .+", told)
    many = problems("\n".join([header, *[bad] * 250]))
    assert len(many) == MOST_PROBLEMS + 1
    assert many[-1].endswith("has 150 more problems; mend these first")
