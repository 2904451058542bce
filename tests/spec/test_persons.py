"""What files say of persons, merged: the same in any order, at once or one after the other."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest

from ldn_spark.ingest.landing.person_keys import person_keys
from ldn_spark.ingest.landing.statements import LANDED, Statements
from ldn_spark.ingest.writing.merging import (
    as_persons,
    as_statements,
    count_persons,
    fold,
    restated,
    stated,
)
from ldn_spark.lake.arrow import arrow_schema
from ldn_spark.lake.drafts import mapped
from ldn_spark.schemas import PERSON_STATEMENTS

SAID = pa.schema([("sex", pa.string()), ("birth_year", pa.int32()), ("died_on", pa.date32())])
EARLY, LATE = date(2013, 2, 28), date(2014, 12, 31)
FILES = [
    [("P1", 1, "F", 1950, None), ("P2", 1, None, None, LATE), ("P3", 1, "M", 1960, None)],
    [("P1", 2, "M", 1950, None), ("P2", 2, "F", 1970, EARLY), ("P3", 2, "M", 1961, None)],
    [("P1", 3, "F", 1950, None), ("P2", 3, "F", None, None), ("P3", 3, "M", 1960, None)],
]
KNOWN = {  # sex, birth year, day of death, contradictory sex, contradictory birth year
    "P1": (None, 1950, None, True, False),
    "P2": ("F", 1970, EARLY, False, False),
    "P3": ("M", None, None, False, True),
}


def statements(said, slack=0, dispensed=()):
    """What lines say, as it is landed; every line is a block of its own.

    Their days of dispensing are given where the lines are dispensings.
    """
    with TemporaryDirectory() as folder:
        landed = Statements(Path(folder))
        for number, (pseudonym, file_id, *values) in enumerate(said):
            columns = {name: [value] for name, value in zip(SAID.names, values, strict=True)}
            line = pa.table(columns, SAID).add_column(0, "pseudonym", [[pseudonym]])
            if dispensed:
                day = pa.array([dispensed[number]], pa.date32())
                line = line.append_column("dispensed_on", day)
            landed.add(line, file_id, slack, str(number))
        landed.land()
        tables = [mapped(path) for path in Path(folder).iterdir()]
        return pa.concat_tables([LANDED.empty_table(), *tables]).combine_chunks()


def merged(*parts):
    """What is known when all statements are taken together."""
    return as_persons(fold(pa.concat_tables(parts), by_file=False))


def known(persons):
    return {
        row["pseudonym"]: (
            row["sex"],
            row["birth_year"],
            row["died_on"],
            row["sex_conflict"],
            row["birth_year_conflict"],
        )
        for row in persons.to_pylist()
    }


def test_at_once():
    everything = [line for file in FILES for line in file]
    assert known(merged(statements(everything))) == KNOWN


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_one_after_the_other(order):
    first, *others = order
    persons = merged(statements(FILES[first]))
    for number in others:
        persons = merged(restated(persons), statements(FILES[number]))
    assert known(persons) == KNOWN


def test_what_each_file_says_is_kept_and_read_again():
    said = [*FILES[0], *FILES[0], ("P1", 1, "M", 1949, LATE), *FILES[1]]
    kept = as_statements(fold(statements(said), by_file=True))
    assert kept.schema == arrow_schema(PERSON_STATEMENTS)
    (row,) = (row for row in kept.to_pylist() if (row["pseudonym"], row["file_id"]) == ("P1", 1))
    assert row == {
        "person_key": person_keys(pa.array(["P1"]))[0].as_py(),
        "pseudonym": "P1",
        "file_id": 1,
        "sex": "F",
        "sex_high": "M",
        "birth_year_low": 1950,
        "birth_year_high": 1949,
        "died_on": LATE,
        "first_dispensed_on": None,
        "last_dispensed_on": None,
    }
    assert len(kept) == 6
    assert as_persons(fold(stated(kept), by_file=False)).equals(merged(statements(said)))


PERSON = ("P1", 1, "F")
TOGETHER = {
    # what a file of persons says, the days of dispensing, the birth year then, what is noted
    "nothing to see": ((1960, LATE), [EARLY], 1960, []),
    "born in the year of the dispensing": ((2013, None), [EARLY, LATE], 2013, []),
    "born after the first dispensing": ((2014, None), [EARLY, LATE], None, ["after"]),
    "115 years old": ((1898, None), [EARLY], 1898, []),
    "116 years old": ((1897, None), [EARLY], None, ["old"]),
    "116 years old at the last one": ((1898, None), [EARLY, LATE], None, ["old"]),
    "dispensed on the day of death": ((1960, LATE), [EARLY, LATE], 1960, []),
    "dispensed after death": ((1960, EARLY), [EARLY, LATE], 1960, ["dead"]),
    "dead before birth": ((2014, EARLY), [], 2014, ["unborn"]),
    "no birth year": ((None, None), [EARLY], None, []),
    "never dispensed": ((2150, None), [], 2150, []),
}
CODES = {"after": "birth_year_after_dispensing", "old": "age_over_115"}
CODES |= {"dead": "dispensed_after_death", "unborn": "died_before_birth"}


@pytest.mark.parametrize("case", TOGETHER)
def test_what_files_on_persons_say_is_held_against_dispensings_in_any_order(case):
    said, days, born, codes = TOGETHER[case]
    persons = statements([(*PERSON, *said)])
    lines = statements([("P1", 2, None, None, None)] * len(days), dispensed=days)
    at_once = merged(persons, lines)
    for found in (
        at_once,
        merged(restated(merged(persons)), lines),
        merged(restated(merged(lines)), persons),
        merged(restated(at_once), lines, persons),
    ):
        assert found.equals(at_once)
        (row,) = found.to_pylist()
        assert row["birth_year"] == born
        assert not row["birth_year_conflict"]
        assert count_persons(found) == {CODES[code]: 1 for code in codes}


def test_an_age_is_narrowed_down_by_another_dispensing_of_the_year():
    """0 completed years in 2014: born in 2013 or 2014; a dispensing of 2013 leaves 2013."""
    lines = [("P1", 1, None, 2014, None), ("P1", 1, None, None, None)]
    (row,) = merged(statements(lines, slack=1, dispensed=[LATE, EARLY])).to_pylist()
    assert (row["birth_year"], row["birth_year_conflict"]) == (2013, False)


def test_one_line_in_which_a_birth_year_is_possible_does_not_make_it_so_in_others():
    lines = [("P1", 1, None, 2014, None), ("P1", 1, None, None, None)]
    (row,) = merged(statements(lines, dispensed=[LATE, EARLY])).to_pylist()
    assert row["birth_year"] is None


def test_what_was_said_stays_when_a_contradiction_is_merged_again():
    """The years that are possible are kept: what comes later is held against all of them."""
    lines = statements([("P1", 1, None, None, None)], dispensed=[EARLY])
    persons = merged(restated(merged(statements([(*PERSON, 2015, None)]))), lines)
    other = statements([("P1", 3, None, 1960, None)])
    (row,) = merged(restated(persons), other).to_pylist()
    assert (row["birth_year"], row["birth_year_conflict"]) == (None, True)


def test_two_pseudonyms_with_one_key_stay_apart():
    rows = statements([("P1", 1, "F", 1950, None), ("P2", 1, "M", 1960, None)])
    one = rows.set_column(0, "person_key", [[7, 7]])
    assert len(fold(one, by_file=True)) == len(fold(one, by_file=False)) == 2


def test_nobody():
    nobody = LANDED.empty_table()
    assert not len(as_persons(fold(nobody, by_file=False)))
    assert not len(as_statements(fold(nobody, by_file=True)))


@pytest.mark.parametrize(
    ("latest_years", "expected"),
    [
        # 30 completed years in 2013: born 1982 or 1983; said as the later one
        ([1983], 1983),
        # later in the same year 31: the birthday was in between, so 1982
        ([1983, 1982], 1982),
        # 30 in 2013 and 30 in 2014 is one of 1983 (late in the year) alone
        ([1983, 1984], 1983),
        ([1983, 1981], None),
        ([1983, 1985], None),
    ],
)
def test_ages_narrow_the_birth_year_down(latest_years, expected):
    said = [("P1", 1, None, year, None) for year in latest_years]
    (row,) = merged(statements(said, slack=1)).to_pylist()
    assert row["birth_year"] == expected
    assert row["birth_year_conflict"] == (expected is None)
