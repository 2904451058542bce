from __future__ import annotations

import re

import pytest

from ldn_spark.errors import ConfigError
from ldn_spark.estimates.analysis import analyse
from ldn_spark.papers import quantities
from ldn_spark.papers.reading import COLUMNS, read_published
from tests.unit.papers.honest import small_study
from tests.unit.papers.registry import PAPER, paper_study

HEADER = ",".join(COLUMNS)


@pytest.fixture(scope="module")
def study():
    return small_study()


def write(path, *lines, header=HEADER):
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def problems(path, study):
    with pytest.raises(ConfigError) as caught:
        read_published(path, study)
    return [str(problem) for problem in caught.value.problems]


def test_the_papers_values_are_read_in_order():
    published = read_published(PAPER, paper_study())
    assert len(published.values) == 542
    first = published.values[0]
    assert (first.line, first.place, first.text) == (2, "Table 2", "225.8")
    assert first.key == ("ddd", "LDNx1", "all", "mean_before")


def test_every_problem_is_named_with_its_line_and_mend(tmp_path, study):
    path = write(
        tmp_path / "p.csv",
        "Table 2,dd,few,psy,mean_before,1.0",
        "Table 2,ddd,fwe,psy,mean_before,1.0",
        "Table 2,ddd,few,psi,mean_before,1.0",
        "Table 2,ddd,few,psy,mean_befor,1.0",
        "Table 2,ddd,few,psy,mean_before,1 234",
        "Table 2,ddd,few,psy,p,0.04*",
        "Table 3,users,few,psy,users_before,12.5",
        "Table 1,cohort,few,psy,persons,12",
        "Text,design,overall,,first_observation,2012-02-30",
        ",ddd,few,psy,mean_after,",
        f"Table 2,users,few,psy,users_before,{'9' * 5000}",
        "Table 2,ddd,few,psy,mean_after,١٢",
    )
    found = problems(path, study)
    assert [re.search(r"line (\d+) column", text)[1] for text in found] == [
        "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "11", "12", "13",
    ]  # fmt: skip
    for number, piece in enumerate(
        (
            "no table 'dd'; did you mean 'ddd'?",
            "no stratum 'fwe'; did you mean 'few'?",
            "no outcome 'psi'; did you mean 'psy'?",
            "no quantity 'mean_befor'; did you mean 'mean_before'?",
            "'1 234' is no mean_before; write a number",
            "'0.04*' is no p; write 0.004, <0.001 or >0.05",
            "'12.5' is no users_before; write digits alone",
            "this table has no outcomes, but 'psy' is given; leave the outcome empty",
            "'2012-02-30' is no first_observation; write year-month-day",
            "place is empty",
            "published is empty",
            "users_before has 5\u202f000 characters; write at most 20",
            "'١٢' is no mean_after",
        )
    ):
        assert piece in found[number]


def test_a_value_stands_once_in_a_place_but_may_be_repeated_elsewhere(tmp_path, study):
    line = "ddd,few,psy,mean_before,1.0"
    twice = write(tmp_path / "twice.csv", f"Table 2,{line}", "", f"Table 2,{line}")
    (text,) = problems(twice, study)
    assert "line 4: ddd few psy mean_before stands in Table 2 on line 2 already" in text
    elsewhere = write(tmp_path / "abstract.csv", f"Table 2,{line}", f"Abstract,{line}")
    assert len(read_published(elsewhere, study).values) == 2


def test_further_columns_comments_and_printed_minus_signs_are_taken(tmp_path, study):
    path = write(
        tmp_path / "p.csv",
        "# from the supplement",
        "Table 2,ddd,few,psy,mean_difference,−3.3,checked twice",
        header=HEADER + ",note",
    )
    (value,) = read_published(path, study).values
    assert (value.text, value.line) == ("-3.3", 3)


@pytest.mark.parametrize(
    ("content", "piece"),
    [
        (None, "no such file"),
        (b"", "is empty; begin with a header line that names place, table"),
        (b"table,stratum\n", "the header has no column place, outcome"),
        (HEADER.encode() + b"\n", "holds no values"),
        (b"\xff\xfe", "is not UTF-8"),
    ],
)
def test_what_is_no_such_file_says_so(tmp_path, study, content, piece):
    path = tmp_path / "p.csv"
    if content is not None:
        path.write_bytes(content)
    assert piece in problems(path, study)[0]


def test_every_estimate_of_an_analysis_can_be_published():
    study = paper_study()
    empty = analyse(study, cohort_moments=[], design_moments=[], daily_moments=[], attrition=[])
    for estimate in empty.estimates:
        assert estimate.quantity in quantities.quantities(estimate.table, study), estimate
        assert estimate.stratum in quantities.strata(estimate.table, study), estimate
        assert estimate.outcome in quantities.outcomes(estimate.table, study), estimate
