"""The table of ATC alterations, and what a code of one index is in another: cases by hand."""

from __future__ import annotations

import pytest

from ldn_spark.errors import ConfigError, UsageError
from ldn_spark.study.atc.alterations import Alteration, read_alterations
from ldn_spark.study.atc.history import AtcHistory
from ldn_spark.study.atc.stated_versions import StatedVersions, stated_versions
from ldn_spark.study.atc.translation import UNTRANSLATED, Move, Part, Translation, translate
from ldn_spark.study.atc.uses import alterations_to_read, codes_apart, relevant_alterations, uses_of
from ldn_spark.study.load import load_study

HEADER = "previous_code,new_code,year,substance,kind,decision\n"


def read(tmp_path, text):
    path = tmp_path / "who.csv"
    path.write_text(text, encoding="utf-8")
    return read_alterations(path).rows


def row(previous, new, year, kind="", decision=""):
    return Alteration(
        previous, new, year, split="split" in kind, joined="joined" in kind, decision=decision
    )


# --- the file -----------------------------------------------------------------------------------

TABLES = {
    "plain": (HEADER + "N03AX12,N02BF01,2023,gabapentin,,\n", [("N03AX12", "N02BF01", 2023, 0, 0)]),
    "the list as WHO heads it": (
        "Previous ATC code;Substance name;New ATC code;Year changed\n"
        "N03AX12;gabapentin;N02BF01;2023\n",
        [("N03AX12", "N02BF01", 2023, 0, 0)],
    ),
    "small letters and blanks": (
        HEADER + " n03ax12 , n02bf01 ,2023,,,\n",
        [("N03AX12", "N02BF01", 2023, 0, 0)],
    ),
    "a footnote is a note that we cannot read": (
        HEADER + "L01BA01,L04AX03 2),2017,,,\nB02BD09,B02BD041),2017,,,\n",
        [("L01BA01", "L04AX03", 2017, 1, 1), ("B02BD09", "B02BD04", 2017, 1, 1)],
    ),
    "a footnote with its kind": (
        HEADER + "R06AA02 1),R06AA11,2022,,split,\n",
        [("R06AA02", "R06AA11", 2022, 1, 0)],
    ),
    "kinds": (
        HEADER + "A01AA01,A01AB01,2010,,split joined,\nA01AA02,A01AB02,2010,,joined,\n",
        [("A01AA01", "A01AB01", 2010, 1, 1), ("A01AA02", "A01AB02", 2010, 0, 1)],
    ),
    "a group": (HEADER + "N07XX,L04AX,2019,,,\n", [("N07XX", "L04AX", 2019, 0, 0)]),
    "deleted without a successor": (HEADER + "A01AA01,deleted,2010,,,\n", []),
    "said twice": (
        HEADER + "N03AX12,N02BF01,2023,,,\nN03AX12,N02BF01,2023,,,\n",
        [("N03AX12", "N02BF01", 2023, 0, 0)],
    ),
    "comments, a header and nothing else": ("# none\n" + HEADER, []),
    "an empty file": ("", []),
}


@pytest.mark.parametrize("case", TABLES)
def test_a_table(tmp_path, case):
    text, expected = TABLES[case]
    found = read(tmp_path, text)
    assert [(r.previous, r.new, r.year, int(r.split), int(r.joined)) for r in found] == expected


WRONG = {
    "N03AX2,N02BF01,2023,,,": "line 2 column previous_code: 'N03AX2' is not an ATC code; write",
    "N03AX12,,2023,,,": "line 2 column new_code: '' is not an ATC code",
    "N03AX12,N02BF,2023,,,": "line 2: N03AX12 and N02BF are codes of different levels; write one",
    "N03AX12,N03AX12,2023,,,": "line 2: N03AX12 becomes itself; remove the line",
    "N03AX12,N02BF01,23,,,": "line 2 column year: '23' is not the year of an ATC index; write",
    "N03AX12,N02BF01,,,,": "line 2 column year: '' is not the year",
    "N03AX12,N02BF01,2023,,moved,": "line 2 column kind: 'kind' is neither split nor joined",
    "N03AX12,N02BF01,2023,,,maybe": "line 2 column decision: 'decision' is neither move nor stay",
}


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_line(tmp_path, line):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, HEADER + line + "\n")
    assert f"who.csv {WRONG[line]}" in str(caught.value)


def test_all_wrong_lines_at_once(tmp_path):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, HEADER + "x,N02BF01,2023,,,\nN03AX12,N02BF01,2023,,,\nN03AX16,y,2023,,,\n")
    places = [problem.where.partition(" line ")[2] for problem in caught.value.problems]
    assert places == ["2", "4"]


def test_a_header_without_the_columns(tmp_path):
    with pytest.raises(ConfigError, match="the header has no column new_code, year"):
        read(tmp_path, "previous_code,to\nN03AX12,N02BF01\n")


# --- what a code of one index is in another -----------------------------------------------------

GABAPENTIN = row("N03AX12", "N02BF01", 2023)
CHAIN = [row("A01AA01", "B01AA01", 2010), row("B01AA01", "C01AA01", 2015)]
# X01AA01 was one substance until 2004, and another one from 2012 on
REUSED = [row("X01AA01", "Y01AA01", 2005), row("W01AA01", "X01AA01", 2012)]
SPLIT = [row("A01AA01", "B01AA01", 2010, "split")]
TWO_WAYS = [row("A01AA01", "B01AA01", 2010), row("A01AA01", "C01AA01", 2010)]
MERGED = [row("A01AA01", "C01AA01", 2010), row("B01AA01", "C01AA01", 2010)]
JOINED = [row("A01AA01", "C01AA01", 2010, "joined")]
SWAPPED = [row("A01AA01", "B01AA01", 2010), row("B01AA01", "A01AA01", 2010)]
GROUP = [
    row("N07XX", "L04AX", 2019),
    row("N07XX09", "M01AX01", 2019),
    row("L04AX05", "G01AA01", 2021),
]
AGAIN = [row("A01AA01", "B01AA01", 2010), row("A01AA01", "C01AA01", 2015)]

CASES = [
    # rows, code, index of the data, index asked for, what it is there
    ([GABAPENTIN], "N02BF01", 2024, 2013, {"N03AX12"}),
    ([GABAPENTIN], "N02BF01", 2023, 2022, {"N03AX12"}),
    ([GABAPENTIN], "N03AX12", 2022, 2023, {"N02BF01"}),
    ([GABAPENTIN], "N03AX12", 2013, 2022, {"N03AX12"}),
    ([GABAPENTIN], "N02BF01", 2023, 2024, {"N02BF01"}),
    ([GABAPENTIN], "N03AX09", 2024, 2013, {"N03AX09"}),
    ([GABAPENTIN], "N02BF", 2024, 2013, {"N02BF"}),  # coarser than the alteration
    # a code that is not in force in the index it is said of: the nearest index that has it
    ([GABAPENTIN], "N03AX12", 2024, 2013, {"N03AX12"}),
    ([GABAPENTIN], "N03AX12", 2024, 2023, {"N02BF01"}),
    ([GABAPENTIN], "N02BF01", 2013, 2014, {"N03AX12"}),
    (CHAIN, "A01AA01", 2009, 2015, {"C01AA01"}),
    (CHAIN, "A01AA01", 2009, 2014, {"B01AA01"}),
    (CHAIN, "C01AA01", 2020, 2000, {"A01AA01"}),
    (CHAIN, "C01AA01", 2020, 2010, {"B01AA01"}),
    (CHAIN, "B01AA01", 2012, 2009, {"A01AA01"}),
    (REUSED, "X01AA01", 2004, 2020, {"Y01AA01"}),
    (REUSED, "X01AA01", 2013, 2000, {"W01AA01"}),
    (REUSED, "X01AA01", 2020, 2012, {"X01AA01"}),
    (REUSED, "X01AA01", 2008, 2020, {"Y01AA01"}),  # lingers between its two meanings
    (REUSED, "Y01AA01", 2020, 2004, {"X01AA01"}),
    (SPLIT, "A01AA01", 2009, 2010, {"A01AA01", "B01AA01"}),
    (SPLIT, "A01AA01", 2010, 2009, {"A01AA01"}),
    (SPLIT, "B01AA01", 2010, 2009, {"A01AA01"}),
    (TWO_WAYS, "A01AA01", 2009, 2010, {"B01AA01", "C01AA01"}),
    (TWO_WAYS, "B01AA01", 2010, 2009, {"A01AA01"}),
    (MERGED, "C01AA01", 2010, 2009, {"A01AA01", "B01AA01"}),
    (JOINED, "C01AA01", 2010, 2009, {"A01AA01", "C01AA01"}),
    (JOINED, "A01AA01", 2009, 2010, {"C01AA01"}),
    (SWAPPED, "A01AA01", 2009, 2010, {"B01AA01"}),
    (SWAPPED, "A01AA01", 2010, 2009, {"B01AA01"}),
    (GROUP, "N07XX04", 2018, 2019, {"L04AX04"}),
    (GROUP, "N07XX", 2018, 2019, {"L04AX"}),
    (GROUP, "N07XX09", 2018, 2019, {"M01AX01"}),  # the longer row decides
    (GROUP, "N07XX05", 2018, 2021, {"G01AA01"}),
    (GROUP, "L04AX04", 2021, 2013, {"N07XX04"}),
    (GROUP, "M01AX01", 2021, 2013, {"N07XX09"}),
    (GROUP, "G01AA01", 2021, 2013, {"N07XX05"}),
    (GROUP, "N07X", 2018, 2019, {"N07X"}),
    (AGAIN, "A01AA01", 2009, 2020, {"B01AA01", "C01AA01"}),  # the first must have been a split
    (AGAIN, "A01AA01", 2012, 2020, {"C01AA01"}),
    (AGAIN, "A01AA01", 2012, 2009, {"A01AA01"}),
    # decided in the table
    ([row("A01AA01", "B01AA01", 2010, "split", "move")], "A01AA01", 2009, 2010, {"B01AA01"}),
    ([row("A01AA01", "B01AA01", 2010, "split", "stay")], "A01AA01", 2009, 2010, {"A01AA01"}),
    ([row("A01AA01", "C01AA01", 2010, "joined", "move")], "C01AA01", 2010, 2009, {"A01AA01"}),
    ([row("A01AA01", "C01AA01", 2010, "joined", "stay")], "C01AA01", 2010, 2009, {"C01AA01"}),
    (
        [row("A01AA01", "B01AA01", 2010, "", "move"), row("A01AA01", "C01AA01", 2010)],
        "C01AA01",
        2010,
        2009,
        {"A01AA01"},
    ),
]


@pytest.mark.parametrize(("rows", "code", "index", "asked", "expected"), CASES)
def test_a_code_in_another_index(rows, code, index, asked, expected):
    assert set(AtcHistory(rows).read(code, index, asked)) == expected


@pytest.mark.parametrize(
    ("rows", "code", "year", "expected"),
    [
        ([GABAPENTIN], "N02BF01", 2013, (2023, 9999)),
        ([GABAPENTIN], "N03AX12", 2024, (0, 2022)),
        ([GABAPENTIN], "N03AX09", 2024, (0, 9999)),
        (CHAIN, "B01AA01", 2000, (2010, 2014)),
        (REUSED, "X01AA01", 2004, (0, 2004)),
        (REUSED, "X01AA01", 2011, (0, 2004)),
        (REUSED, "X01AA01", 2012, (2012, 9999)),
        (SPLIT, "A01AA01", 2012, (0, 9999)),
        (JOINED, "C01AA01", 2000, (0, 9999)),
        (SWAPPED, "A01AA01", 2012, (2010, 9999)),
    ],
)
def test_when_a_code_is_in_force(rows, code, year, expected):
    assert AtcHistory(rows).in_force(code, year) == expected


# --- what matters to a study --------------------------------------------------------------------

RELEVANT = [
    # the codes of the study, the table, the rows that matter
    (["N03A"], [GABAPENTIN], [GABAPENTIN]),
    (["N02B"], [GABAPENTIN], [GABAPENTIN]),
    (["N02BF01", "N03AX12"], [GABAPENTIN], []),  # one outcome holds both
    (["N06A"], [GABAPENTIN], []),
    (["N03AX1"], [], []),
    (["A01A"], CHAIN, CHAIN),  # B01AA01 -> C01AA01 belongs to the way from A01AA01
    (["C01A"], CHAIN, CHAIN),
    (["N07XX04"], GROUP, GROUP),  # a part of the group that moves
    (["A01AA"], [row("A01AA01", "A01AA02", 2010)], []),
]


@pytest.mark.parametrize(("codes", "rows", "expected"), RELEVANT)
def test_the_rows_that_matter(codes, rows, expected):
    assert relevant_alterations(rows, _study(codes)) == tuple(expected)


def _study(*codes):
    definition = load_study("ldn_2013").definition
    first = definition.outcomes[0]
    outcomes = [
        first.model_copy(update={"id": f"o{number}", "atc": tuple(asked)})
        for number, asked in enumerate(codes)
    ]
    return definition.model_copy(update={"outcomes": tuple(outcomes), "returns": "no_dispense"})


def translated(codes, rows, versions, study_version=2013):
    study = _study(*codes)
    rows = relevant_alterations(rows, study)
    return translate(study_version, rows, uses_of(study), versions, codes_apart(study))


def moves(translation):
    return [
        (part.declared, part.file_ids, [(m.delivered, m.read_as) for m in part.moves])
        for part in translation.parts
    ]


TO_GABAPENTIN = [("N02BF01", "N03AX12")]

TRANSLATIONS = {
    "no file": ([["N03A"]], [GABAPENTIN], {}, [(None, None, [])]),
    "nothing is declared": ([["N03A"]], [GABAPENTIN], {1: None}, [(None, None, [])]),
    "the study's own index": ([["N03A"]], [GABAPENTIN], {1: 2013}, [(2013, None, [])]),
    "a later index": ([["N03A"]], [GABAPENTIN], {1: 2024}, [(2024, None, TO_GABAPENTIN)]),
    "files of several indices": (
        [["N03A"]],
        [GABAPENTIN],
        {1: 2013, 2: 2024, 3: 2024, 4: None},
        [(2013, (1,), []), (2024, (2, 3), TO_GABAPENTIN), (None, (4,), [])],
    ),
    "codes that are the same to the study": (
        [["N02BF01", "N03AX12"]],
        [GABAPENTIN],
        {1: 2024},
        [(2024, None, [])],
    ),
    "a group, and exceptions from it": (
        [["N07XX"], ["L04A"]],
        GROUP,
        {1: 2021},
        [
            (
                2021,
                None,
                [
                    ("G01AA01", "N07XX05"),
                    ("L04AX09", "L04AX09"),  # N07XX09 became something else
                    ("M01AX01", "N07XX09"),
                    ("L04AX", "N07XX"),
                ],
            )
        ],
    ),
    "a code that is not told is left": (
        [["A01A"], ["B01A"], ["C01A"]],
        [row("A01AA01", "C01AA01", 2020), row("B01AA01", "C01AA01", 2020)],
        {1: 2024},
        [(2024, None, [])],
    ),
}


@pytest.mark.parametrize("case", TRANSLATIONS)
def test_a_translation(case):
    codes, rows, versions, expected = TRANSLATIONS[case]
    assert moves(translated(codes, rows, versions)) == expected


def test_codes_of_the_year_of_dispensing():
    found = translated([["N03A"], ["N02B"]], [GABAPENTIN], {1: "at_dispensing"}, 2024)
    assert [(part.first_year, part.last_year, part.index) for part in found.parts] == [
        (0, 2022, 2022),
        (2023, 9999, 2024),
    ]
    # a code that lingers is read alike in both
    assert {part.moves for part in found.parts} == {(Move("N03AX12", "N02BF01"),)}
    asked = found.asked_for(["N02B"])
    assert [(part.first_year, part.last_year) for part in asked.parts] == [(0, 9999)]


def test_a_code_that_was_reused_depends_on_the_year_of_dispensing():
    found = translated([["W01A"], ["X01A"], ["Y01A"]], REUSED, {1: "at_dispensing"}, 2004)
    by_year = {part.first_year: part for part in found.parts}
    assert [by_year[year].read("X01AA01") for year in (0, 2005, 2012)] == [
        "X01AA01",
        "X01AA01",
        "W01AA01",
    ]


@pytest.mark.parametrize(
    ("asked", "delivered"),
    [
        (["N03A"], ("N02BF01", "N03A")),
        (["N03AX12"], ("N02BF01", "N03AX12")),
        (["N02B"], ("N02B",)),  # N02BF01 is cut out, and read as something else
        (["N06A"], ("N06A",)),
        (["N03AX09"], ("N03AX09",)),
    ],
)
def test_where_asked_codes_stand_in_the_lake(asked, delivered):
    found = translated([["N03A"], ["N02B"]], [GABAPENTIN], {1: 2024}).asked_for(asked)
    assert found.delivered == delivered
    assert bool(found.parts) == (asked[0] not in ("N06A", "N03AX09"))


def test_a_part_of_a_group_that_moved():
    found = translated([["N07XX04"]], GROUP, {1: 2021}).asked_for(["N07XX04"])
    assert found.delivered == ("L04AX04", "N07XX04")


def test_nothing_to_translate():
    asked = UNTRANSLATED.asked_for(["N03A"])
    assert (asked.delivered, asked.parts) == (("N03A",), ())
    assert UNTRANSLATED.is_empty
    assert not Translation(2013, (), (Part(2024, 2024, moves=(Move("A", "B"),)),)).is_empty


# --- the hash -----------------------------------------------------------------------------------


def with_table(tmp_path, text, study="ldn_2013"):
    path = tmp_path / "who.csv"
    path.write_text(HEADER + text, encoding="utf-8")
    return load_study(study, {"atc_alterations": path})


def test_only_rows_that_touch_the_study_change_its_hash(tmp_path):
    both = "N03AX12,N02BF01,2023,gabapentin,,\nN03AX16,N02BF02,2023,pregabalin,,\n"
    usual = load_study("ldn_2013")
    turned = "N03AX16,N02BF02,2023,other name,,\nC10AA01,C10AA02,2020,,,\nN03AX12,N02BF01,2023,,,\n"
    assert with_table(tmp_path, both).hash == usual.hash
    assert with_table(tmp_path, turned).hash == usual.hash
    assert with_table(tmp_path, both.replace("2023", "2022")).hash != usual.hash
    assert with_table(tmp_path, "").hash != usual.hash
    untouched = load_study("ldn_thyroid").hash
    assert with_table(tmp_path, both, "ldn_thyroid").hash == untouched
    assert with_table(tmp_path, "", "ldn_thyroid").hash == untouched


def test_what_matters_to_returns_alone_is_read_and_not_hashed(tmp_path):
    alike = "N05AA01,N05AX99,2020,chlorpromazine,,\n"
    study, usual = with_table(tmp_path, alike), with_table(tmp_path, "")
    assert study.hash == usual.hash
    assert study.alterations.rows == ()
    assert [row.new for row in study.to_read] == ["N05AX99"]
    others = study.definition.model_copy(update={"returns": "no_dispense"})
    assert alterations_to_read(study.to_read, others) == ()


def test_the_table_of_the_project_is_for_its_studies():
    table = read_alterations()
    used = {
        row
        for name in ("ldn_2013", "ldn_ms", "ldn_ibd", "ldn_ra", "ldn_opioids", "ldn_thyroid")
        for row in load_study(name).alterations.rows
    }
    assert used == set(table.rows)


# --- what a run says of the codes ---------------------------------------------------------------

FILES = {1: ("a_2012.txt", None), 2: ("b_2024.txt", 2024), 3: ("c_2012.txt", None)}

STATED = [
    ([], {1: None, 2: 2024, 3: None}),
    (["2013"], {1: 2013, 2: 2024, 3: 2013}),
    (["at_dispensing"], {1: "at_dispensing", 2: 2024, 3: "at_dispensing"}),
    (["*_2012.txt=2012"], {1: 2012, 2: 2024, 3: 2012}),
    (["2013", "b*=2023", "c_2012.txt=2012"], {1: 2013, 2: 2023, 3: 2012}),
    (["*=2013", "a*=2012"], {1: 2012, 2: 2013, 3: 2013}),
]


@pytest.mark.parametrize(("given", "expected"), STATED)
def test_stated_versions(given, expected):
    stated = stated_versions(given)
    assert stated.versions(FILES) == expected
    assert stated_versions(stated.texts) == stated


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["24"], "'24' is neither a year nor NAME=YEAR"),
        (["=2024"], "'=2024' is neither"),
        (["a="], "'a=' is neither"),
        (["latest"], "'latest' is neither"),
        (["2013", "2024"], "both 2013 and 2024; say one of them"),
        (["z*=2024"], "no file of the lake is called z*"),
    ],
)
def test_a_wrong_statement(given, message):
    with pytest.raises(UsageError) as caught:
        stated_versions(given).versions(FILES)
    assert message in str(caught.value)


def test_a_year_for_files_that_declare_another():
    declared = {1: ("a.txt", 2013)}
    assert StatedVersions(2013).versions(declared) == {1: 2013}
    with pytest.raises(UsageError, match=r"declares its ATC version \(2013\); 2024 is for"):
        StatedVersions(2024).versions(declared)
    assert stated_versions(["a.txt=2024"]).versions(declared) == {1: 2024}
