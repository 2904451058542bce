"""One ATC code per drug of the OMOP vocabularies: the nearest, the chosen, and none."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ldn_spark.cli import app
from ldn_spark.delivery.omop.concepts import read_choices, read_ddds
from ldn_spark.delivery.omop.vocabulary import Candidate, find_drug_codes
from ldn_spark.errors import ConfigError

CONCEPT_HEADER = [
    "concept_id",
    "concept_name",
    "domain_id",
    "vocabulary_id",
    "concept_class_id",
    "standard_concept",
    "concept_code",
    "valid_start_date",
    "valid_end_date",
    "invalid_reason",
]
ANCESTOR_HEADER = [
    "ancestor_concept_id",
    "descendant_concept_id",
    "min_levels_of_separation",
    "max_levels_of_separation",
]
ATC = {
    21: "N05BA01",
    22: "S01ED01",
    23: "S01ED51",
    24: "A01AD05",
    25: "B01AC06",
    26: "B01AC06",  # a code may belong to two concepts, one of them withdrawn
}
DRUGS = {
    101: "diazepam 5 MG Oral Tablet",
    102: 'timolol 5 MG/ML "eye" drops',  # a quote that means nothing
    103: "aspirin",
    104: "aspirin 75 MG Oral Tablet",
    105: "thyroglobulin",
    106: "timolol",
}
LINKS = [
    (21, 101, 2),
    (21, 101, 3),  # the same pair once more
    (22, 102, 2),
    (23, 102, 3),  # further away
    (24, 103, 1),
    (25, 103, 1),  # equally near
    (25, 104, 1),
    (26, 104, 1),  # equally near, but the same code
    (24, 104, 2),
    (22, 106, 1),
    (23, 106, 1),
    (24, 106, 5),
    (31, 101, 1),  # an ATC code of the fourth level
    (21, 201, 1),  # no standard drug
    (21, 202, 1),  # no drug
    (40, 101, 0),  # an ancestor that is no ATC code
]


def concept_rows():
    def row(number, name, domain, vocabulary, kind, standard, code):
        return [number, name, domain, vocabulary, kind, standard, code, "19700101", "20991231", ""]

    yield from (
        row(number, code, "Drug", "ATC", "ATC 5th", "C", code) for number, code in ATC.items()
    )
    yield row(31, "benzodiazepines", "Drug", "ATC", "ATC 4th", "C", "N05BA")
    yield row(40, "diazepam", "Drug", "RxNorm", "Ingredient", "S", "3322")
    yield from (
        row(number, name, "Drug", "RxNorm", "Clinical Drug", "S", f"r{number}")
        for number, name in DRUGS.items()
    )
    yield row(201, "a product", "Drug", "NDC", "11-digit NDC", "", "0001")
    yield row(202, "a condition", "Condition", "SNOMED", "Disorder", "S", "1")


def write(path, header, rows, delimiter="\t"):
    lines = [header, *([str(field) for field in row] for row in rows)]
    if delimiter == ",":
        lines = [[f'"{one.replace(chr(34), chr(34) * 2)}"' for one in line] for line in lines]
    path.write_text("".join(delimiter.join(line) + "\n" for line in lines), encoding="utf-8")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "vocabulary"
    folder.mkdir()
    write(folder / "CONCEPT.csv", CONCEPT_HEADER, concept_rows())
    write(folder / "CONCEPT_ANCESTOR.csv", ANCESTOR_HEADER, [(*link, 9) for link in LINKS])
    return folder


def codes(found):
    columns = found.atc.to_pydict()
    return dict(zip(columns["drug_concept_id"], columns["atc"], strict=True))


def test_the_nearest_code_is_taken_and_a_tie_is_nobodys(folder):
    found = find_drug_codes(folder)
    assert codes(found) == {101: "N05BA01", 102: "S01ED01", 104: "B01AC06"}
    assert [*codes(found)] == [101, 102, 104]
    assert found.ambiguous == (
        Candidate(103, "aspirin", "A01AD05", 1),
        Candidate(103, "aspirin", "B01AC06", 1),
        Candidate(106, "timolol", "S01ED01", 1),
        Candidate(106, "timolol", "S01ED51", 1),
        Candidate(106, "timolol", "A01AD05", 5),
    )
    # seven standard drugs, the ingredient diazepam (40) and thyroglobulin (105) under no code;
    # 102 and 104 have a nearer code among several
    assert (found.drugs, found.without, found.nearest, found.chosen) == (7, 2, 2, 0)


def test_a_choice_goes_before_the_vocabulary(folder):
    found = find_drug_codes(folder, choices={103: "B01AC06", 102: "S01ED51", 105: "H03AA05"})
    assert codes(found) == {
        101: "N05BA01",
        102: "S01ED51",
        103: "B01AC06",
        104: "B01AC06",
        105: "H03AA05",
    }
    assert {one.concept_id for one in found.ambiguous} == {106}
    assert (found.nearest, found.chosen, found.without) == (1, 3, 1)


@pytest.mark.parametrize("delimiter", ["\t", ","])
def test_names_and_headers_in_either_case(folder, tmp_path, delimiter):
    other = tmp_path / "lower"
    other.mkdir()
    upper = [name.upper() for name in CONCEPT_HEADER]
    write(other / "concept.csv", upper, concept_rows(), delimiter)
    rows = [(*link, 9) for link in reversed(LINKS)]  # the order of lines means nothing
    write(other / "Concept_Ancestor.csv", ANCESTOR_HEADER, rows, delimiter)
    one, two = find_drug_codes(folder), find_drug_codes(other)
    assert codes(one) == codes(two)
    assert one.ambiguous == two.ambiguous
    assert one.ambiguous[0].concept_name == "aspirin"


def test_the_release_is_told_where_the_folder_says_it(folder):
    assert find_drug_codes(folder).release == ""
    rows = [("RxNorm", "RxNorm 20240506"), ("ATC", "ATC 2024-07-02")]
    write(folder / "vocabulary.csv", ["vocabulary_id", "vocabulary_version"], rows)
    assert find_drug_codes(folder).release == "ATC 2024-07-02"


def test_blocks_give_what_the_whole_gives(folder, monkeypatch, reports):
    whole = find_drug_codes(folder)
    monkeypatch.setattr("ldn_spark.delivery.omop.vocabulary._BLOCK_BYTES", 256)
    reports.clear()
    parts = find_drug_codes(folder)
    assert codes(parts) == codes(whole)
    assert parts.ambiguous == whole.ambiguous
    assert len(reports) > 5
    assert all(event.done <= event.total for event in reports)


def _without(folder, number):
    rows = [row for row in concept_rows() if row[0] not in number]
    write(folder / "CONCEPT.csv", CONCEPT_HEADER, rows)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: (f / "CONCEPT.csv").unlink(), "there is no CONCEPT.csv"),
        (lambda f: write(f / "concept.csv", CONCEPT_HEADER, []), "are both there"),
        (lambda f: _without(f, ATC), "holds no ATC code of the fifth level"),
        (lambda f: write(f / "CONCEPT.csv", CONCEPT_HEADER, []), "no ATC code of the fifth level"),
        (lambda f: _without(f, DRUGS), "no standard drug is under an ATC code"),
        (
            lambda f: write(f / "CONCEPT_ANCESTOR.csv", ANCESTOR_HEADER[1:], []),
            "CONCEPT_ANCESTOR.csv line 1: the columns ancestor_concept_id are missing",
        ),
        (
            lambda f: write(f / "CONCEPT_ANCESTOR.csv", ANCESTOR_HEADER, [(1, 2, 3, 4), (1, 2)]),
            "cannot be read as a table",
        ),
        (
            lambda f: write(f / "CONCEPT_ANCESTOR.csv", ANCESTOR_HEADER, [("x", 2, 3, 4)]),
            "cannot be read as a table",
        ),
    ],
)
def test_what_cannot_be_read_is_named(folder, spoil, message):
    spoil(folder)
    with pytest.raises(ConfigError, match=message):
        find_drug_codes(folder)


def listed(tmp_path, text):
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_lists_of_the_user(tmp_path):
    text = "\ufeffconcept_id,atc,concept_name\n103, b01ac06 ,aspirin\n103,B01AC06,again\n"
    assert read_choices(listed(tmp_path, text)) == {103: "B01AC06"}
    text = "name,concept_id,ddd_per_unit\nx,101,0.5\ny,102,\nz,103,2\n"
    assert read_ddds(listed(tmp_path, text)) == {101: Decimal("0.5"), 103: Decimal(2)}


@pytest.mark.parametrize(
    ("read", "text", "messages"),
    [
        (read_choices, "concept,atc\n", ["line 1: the header has no column concept_id"]),
        (
            read_choices,
            "concept_id,atc\n1,N05B\nx,N05BA01\n2,N05BA01\n2,N05BA02\n3,\n",
            [
                "line 2 column atc: 'N05B' is not of the fifth level",
                "line 3 column concept_id: the concept_id is not a number",
                "line 5: concept 2 has another atc further up",
                "line 6 column atc: '' is not an ATC code",
            ],
        ),
        (
            read_ddds,
            'concept_id,ddd_per_unit\n1,"0,5"\n2,-1\n3,0\n4,1e3\n5,.\n',
            [
                f"line {line} column ddd_per_unit: '{text}'"
                for line, text in enumerate(("0,5", "-1", "0", "1e3"), 2)
            ]
            + ["line 6 column ddd_per_unit: '.' is not a number of DDDs"],
        ),
    ],
)
def test_every_wrong_line_is_named(tmp_path, read, text, messages):
    with pytest.raises(ConfigError) as caught:
        read(listed(tmp_path, text))
    said = [str(problem) for problem in caught.value.problems]
    assert len(said) == len(messages)
    for one, message in zip(said, messages, strict=True):
        assert message in one


def test_the_command(folder, tmp_path, capsys):
    out = tmp_path / "made" / "concepts.csv"
    ddd = listed(tmp_path, "concept_id,ddd_per_unit\n101,0.50\n999,1\n")
    assert app.run(["concepts", str(folder), "--out", str(out), "--ddd", str(ddd)]) == 0
    assert out.read_text(encoding="utf-8") == (
        "drug_concept_id,atc,ddd_per_unit\n101,N05BA01,0.50\n102,S01ED01,\n104,B01AC06,\n"
    )
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == str(out)
    assert "7 standard drugs: 3 have an ATC code, 2 of them the nearest of several" in said[0]
    ambiguous = tmp_path / "made" / "concepts.ambiguous.csv"
    assert f"2 have several codes equally near and are left out: see {ambiguous}" in said
    assert "A DDD per unit is known of 1 drug." in said
    lines = ambiguous.read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["concept_id,atc,levels,concept_name", "103,A01AD05,1,aspirin"]

    kept = listed(tmp_path, "\n".join([lines[0], lines[2], lines[4], ""]))
    arguments = ["concepts", str(folder), "--out", str(out), "--choices"]
    assert app.run([*arguments, str(kept)]) == 0
    assert "103,B01AC06," in out.read_text(encoding="utf-8").splitlines()
    assert ambiguous.read_text(encoding="utf-8").splitlines() == lines[:1]
    assert app.run([*arguments, str(ambiguous)]) == 2
    assert "save your choices under another name" in capsys.readouterr().err
