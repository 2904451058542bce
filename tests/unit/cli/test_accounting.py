"""The account of a delivery on a terminal: every reason at any width; columns much unknown."""

from __future__ import annotations

import re

import pytest

from ldn_spark.cli.accounting import accounting
from ldn_spark.delivery.reasons import NOTED, REJECTED, REPAIRED, explain
from ldn_spark.ingest.unread import KNOWN_COLUMNS, unread_warnings
from ldn_spark.lake.versions import FileRecord
from ldn_spark.shown import counted


def record(name="a.csv", lines=100, rejected=None, repaired=None, noted=None, **fields):
    rejected = rejected or {}
    turned_away = sum(rejected.values())
    reasons = (rejected, repaired or {}, noted or {})
    accepted = lines - turned_away
    return FileRecord(1, name, 1, "", "s", lines, accepted, turned_away, *reasons[:2],
                      noted_by_reason=reasons[2], **fields)  # fmt: skip


@pytest.mark.parametrize("width", [60, 80, 110, 200])
def test_every_reason_is_shown_whole_at_any_width(width):
    """Rejections, repairs and notes with their lines, and what each note means."""
    reasons = ({why: 1_000 + n for n, why in enumerate(some)} for some in (REJECTED, REPAIRED))
    noted = {why: 2_000 + n for n, why in enumerate([*NOTED, "table_unmatched"])}
    files = [record(lines=10**6, rejected=next(reasons), repaired=next(reasons), noted=noted)]
    files.append(record("b.csv", 2))
    lines = accounting(files, width)
    assert max(map(len, lines)) <= width
    text = re.sub(r"[ \n]+", " ", "\n".join(lines))
    for file in files:
        for some in (file.rejected_by_reason, file.repaired_by_reason, file.noted_by_reason):
            for reason, number in some.items():
                assert re.search(rf"\b{reason} {counted(number)}\b", text)
    for reason in noted:
        assert f"{reason}: {explain(reason)}" in text
    assert re.search(r"\bb\.csv 2 2 0\b", text)
    assert re.search(rf"\ball files 1\u202f000\u202f002 {counted(files[0].accepted + 2)} ", text)


def test_a_long_name_is_cut_and_its_counts_stand_below():
    name = "dispensings_of_a_whole_year_" + "x" * 60 + ".csv"
    _, _, *lines = accounting([record(name)], 60)
    assert max(map(len, lines)) <= 60
    assert re.fullmatch(rf"{name} +100 +100 +0", "".join(lines))
    assert re.fullmatch(r"\S+ +100 +100 +0", lines[-1])


def test_left_out_lines_have_a_column_where_there_are_any():
    assert accounting([record(left_out_by_column={"setting": 7})], 80)[0].endswith("left out")
    assert "left out" not in accounting([record()], 80)[0]


@pytest.mark.parametrize(
    ("noted", "known", "told"),
    [
        ({"sex_unknown": 11}, {"sex": 89}, "11 % of sex (11 of 100 values): the sex is not one"),
        ({"sex_unknown": 10}, {"sex": 90}, None),
        ({"sex_unknown": 100}, {}, "100 % of sex (100 of 100 values)"),
        ({"ddd_missing": 6, "ddd_divisor_zero": 5}, {"ddd": 89}, "11 % of ddd (11 of 100 values)"),
        ({"died_on_unknown": 1}, {"died_on": 5}, "17 % of died_on (1 of 6 values)"),  # 94 alive
        ({"death_month_unknown": 2}, {"died_on": 5}, "40 % of died_on (2 of 5 values)"),
        ({"table_unmatched": 11}, {}, "11 % of table_unmatched (11 of 100 values): the lookup"),
        ({"table_unmatched": 10}, {}, None),
        ({"ddd_zero": 100, "ddd_huge": 100}, {"ddd": 100}, None),
        ({"observed_to_open": 100, "missing_marker": 100}, {}, None),
    ],
)
def test_a_column_of_which_more_than_a_tenth_is_unknown(noted, known, told):
    warnings = unread_warnings([record(noted=noted, known_by_column=known)])
    assert len(warnings) == bool(told)
    assert not told or warnings[0].startswith(f"a.csv: {told}")


def test_files_with_the_same_trouble_are_named_together():
    bad = [record(f"{n}.csv", noted={"sex_unknown": 50}, known_by_column={"sex": 50})
           for n in range(5)]  # fmt: skip
    good = record("good.csv", noted={"sex_unknown": 1}, known_by_column={"sex": 99})
    (told,) = unread_warnings([good, *bad])
    assert told.startswith("0.csv, 1.csv, 2.csv and 2 more files: 50 % of sex (250 of 500 values)")


def test_every_note_of_something_unknown_is_of_a_column():
    unknown = {why for why in NOTED if why.endswith(("_unknown", "_missing"))}
    for reason in unknown:
        assert unread_warnings([record(noted={reason: 100}, known_by_column={})]), reason
    assert set(KNOWN_COLUMNS) >= {"ddd", "sex", "birth_year", "died_on"}
