"""Whether a lake's codes are of the ATC index they are taken for: what stops, what is told."""

from __future__ import annotations

import pytest

from ldn_spark.study.atc.alterations import Alteration, Alterations
from ldn_spark.study.atc.index_check import IndexCheck
from ldn_spark.study.atc.occurrences import Look, Occurrence, find
from ldn_spark.study.atc.translation import AT_DISPENSING, translate

GABAPENTIN = Alteration("N03AX12", "N02BF01", 2023, "gabapentin", line=3)
PREGABALIN = Alteration("N03AX16", "N02BF02", 2023, "pregabalin", line=4)
METHOTREXATE = Alteration("L01BA01", "L04AX03", 2017, "methotrexate", 5, split=True, joined=True)
NATALIZUMAB = Alteration("L04AA23", "L04AG03", 2024, "natalizumab", line=6)

N03A = Look("outcome N03A", ("N03A",), 2012, 2014)
GABAPRE = Look("outcome gabapre", ("N03AX12", "N03AX16"), 2012, 2014)
L04A = Look("outcome L04A", ("L04A",), 2012, 2014)


def check(declared, codes, *, rows=(GABAPENTIN, PREGABALIN), looks=(N03A,), study_version=2013):
    """The check of one part; `codes` are (code, year, dispensings)."""
    table = Alterations(tuple(rows), "who.csv")
    uses = {look.name: look.prefixes for look in looks}
    translation = translate(study_version, table.rows, uses, {1: declared}, ())
    found = [
        Occurrence(part, year, code, number)
        for code, year, number in codes
        for part in translation.parts
        if part.first_year <= year <= part.last_year
    ]
    return IndexCheck(translation, table, looks, found), found


NEW, OLD = ("N02BF01", 2013, 40), ("N03AX12", 2013, 7)
OTHER = ("N03AX09", 2013, 9)

STOPPED = {
    # case: what is declared, the codes, the study's index, parts of the message (none = no stop)
    "new codes, nothing declared": (
        None,
        [NEW, OTHER],
        2013,
        [
            "the codes are taken as those of the ATC index of 2013, but there are N02BF01 "
            "(gabapentin, in the index from 2023 on) in 40 dispensings; they fit an ATC index of "
            "2023 or later: say which, as in --atc-version 2023, or with atc_version in the source"
        ],
    ),
    "new codes, declared old": (
        2013,
        [NEW],
        2013,
        ["said to be those of the ATC index of 2013", "--atc-version FILE=2023"],
    ),
    "new codes, declared new": (2024, [NEW], 2013, []),
    "new codes in years that nobody looks at": (None, [("N02BF01", 2024, 5)], 2013, []),
    "old codes, nothing declared": (None, [OLD, OTHER], 2013, []),
    "old and new codes, nothing declared": (
        None,
        [NEW, OLD],
        2013,
        ["they are of several years", "say --atc-version at_dispensing"],
    ),
    "old and new codes, each of its day": (AT_DISPENSING, [NEW, OLD], 2013, []),
    "old and new codes, declared new": (2024, [NEW, OLD], 2013, []),
    "old codes, a study of the new index": (
        None,
        [OLD],
        2024,
        ["N03AX12 (gabapentin, in the index until 2022) in 7", "fit an ATC index of 2022 or earl"],
    ),
    "one dispensing": (None, [("N02BF01", 2012, 1)], 2013, ["in 1 dispensing;"]),
    "new codes of no concern": (None, [("L04AG03", 2013, 5)], 2013, []),
}


@pytest.mark.parametrize("case", STOPPED)
def test_what_stops_a_run(case):
    declared, codes, study_version, messages = STOPPED[case]
    rows = (GABAPENTIN, PREGABALIN, NATALIZUMAB)
    problems = check(declared, codes, rows=rows, study_version=study_version)[0].problems()
    assert len(problems) == bool(messages)
    for message in messages:
        assert message in str(problems[0])


def test_many_codes_are_not_all_named():
    rows = [Alteration(f"N03AX{n:02}", f"N02BF{n:02}", 2023, line=n) for n in range(1, 9)]
    codes = [(row.new, 2013, 10) for row in rows]
    (problem,) = check(None, codes, rows=rows)[0].problems()
    assert "N02BF05" in problem.what
    assert "N02BF06" not in problem.what
    assert problem.what.endswith("; and 3 further codes")


def test_a_code_that_is_not_told():
    """Of an L04AX03 of 2024 nobody knows whether it was one in 2013."""
    codes = [("L04AX03", 2013, 6)]
    (problem,) = check(2024, codes, rows=[METHOTREXATE], looks=[L04A])[0].problems()
    assert problem.where == "who.csv line 5"
    assert "L04AX03, 6 dispensings, may be any of L01BA01, L04AX03" in problem.what
    assert "'decision'" in problem.mend
    either = Look("outcome either", ("L01BA01", "L04A"), 2012, 2014)
    assert check(2024, codes, rows=[METHOTREXATE], looks=[either])[0].problems() == []
    assert check(None, codes, rows=[METHOTREXATE], looks=[L04A])[0].problems() == []
    assert check(2016, codes, rows=[METHOTREXATE], looks=[L04A])[0].problems() == []


@pytest.mark.parametrize(("decision", "read_as"), [("stay", []), ("move", ["L01BA01"])])
def test_a_decided_code(decision, read_as):
    decided = Alteration("L01BA01", "L04AX03", 2017, "mtx", 5, True, True, decision)
    checked, _ = check(2024, [("L04AX03", 2013, 6)], rows=[decided], looks=[L04A])
    assert checked.problems() == []
    assert [one.read_as for one in checked.read_as()] == read_as
    said = [str(warning) for warning in checked.warnings()]
    assert said == (
        [
            "who.csv line 5: L04AX03, 6 dispensings, may in part be what L01BA01 → L04AX03 (2017) "
            "altered; it is left as it is, by the decision of that line"
        ]
        if decision == "stay"
        else []
    )


def test_what_is_told_of_codes_that_do_not_fit():
    checked, _ = check(2012, [NEW, OLD])
    assert checked.problems() == []
    (warning,) = checked.warnings()
    assert str(warning) == (
        "codes: N02BF01 (gabapentin, in the index from 2023 on) in 40 dispensings is not in the "
        "ATC index of 2012 that it is said of; it is read in the index that has it"
    )


def test_a_coarse_code_is_told():
    checked, _ = check(2024, [("N02BF", 2013, 4), ("N02", 2013, 3), ("N02BA", 2013, 2)])
    assert [warning.what.partition(",")[0] for warning in checked.warnings()] == ["N02", "N02BF"]
    assert check(2013, [("N02BF", 2013, 4)])[0].warnings() == []


def test_a_study_that_asks_for_a_code_of_another_index():
    checked, _ = check(2024, [NEW], looks=[GABAPRE], study_version=2024)
    said = [str(warning) for warning in checked.warnings()]
    assert said[0] == (
        "outcome gabapre: N03AX12 is not in the ATC index of 2024, but in those until 2022; "
        "correct the code or atc_version in the study file"
    )
    assert len(said) == 2


def test_what_was_read_as_what():
    codes = [("N02BF01", 2012, 40), ("N02BF01", 2014, 2), ("N02BF02", 2013, 5), OTHER]
    codes += [("N02BF01", 2016, 100)]  # nobody looks there
    checked, found = check(2024, codes, looks=[N03A, GABAPRE])
    assert [
        (one.delivered, one.read_as, one.substance, one.dispensings) for one in checked.read_as()
    ] == [
        ("N02BF01", "N03AX12", "gabapentin", 42),
        ("N02BF02", "N03AX16", "pregabalin", 5),
    ]
    assert checked.read_as()[0].alterations == (GABAPENTIN,)
    assert find(N03A, found).by_code == (("N03A", 42 + 5 + 9),)
    assert find(GABAPRE, found).by_code == (("N03AX12", 42), ("N03AX16", 5))
    assert find(GABAPRE, found).codes_found == 2
    assert find(L04A, found).by_code == (("L04A", 0),)


def test_a_chain_is_told_whole():
    rows = [
        Alteration("N03AX12", "N02BF01", 2015, "gabapentin", 3),
        Alteration("N02BF01", "N02BG01", 2023, "gabapentin", 4),
    ]
    checked, _ = check(2024, [("N02BG01", 2013, 5)], rows=rows)
    (one,) = checked.read_as()
    assert (one.read_as, one.substance) == ("N03AX12", "gabapentin")
    assert [row.line for row in one.alterations] == [4, 3]
