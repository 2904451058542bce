"""Codes as ranges that an engine pushes down: which codes fall under which prefixes."""

from __future__ import annotations

import pytest

from ldn_spark.engine.collect import rows
from ldn_spark.transforms.codes import begins_with_any

CODES = ("N", "N03", "N03A", "N03AX09", "N03B", "N05A", "N05AH03", "N05BA01", "N05CF", "N06A", None)


@pytest.mark.parametrize(
    ("prefixes", "expected"),
    [
        (["N03A"], {"N03A", "N03AX09"}),
        (["N05B", "N05A"], {"N05A", "N05AH03", "N05BA01"}),  # neighbours: one range
        (["N05A", "N05"], {"N05A", "N05AH03", "N05BA01", "N05CF"}),  # one inside the other
        (["N03AX09", "N05CF", "N06B"], {"N03AX09", "N05CF"}),
        (["N"], set(CODES) - {None}),
    ],
)
def test_a_code_falls_under_the_prefixes_it_begins_with(spark, prefixes, expected):
    codes = spark.createDataFrame([(code,) for code in CODES], "atc string")
    found = rows(codes.where(begins_with_any("atc", prefixes)))
    assert {row["atc"] for row in found} == expected


def test_a_study_may_name_hundreds_of_codes(spark):
    # every other code, so that no two are neighbours: N05AA00, N05AA02, ...
    named = [f"N05A{letter}{number:02d}" for letter in "ABCDEF" for number in range(0, 100, 2)]
    others = [f"N05A{letter}{number:02d}" for letter in "ABCDEF" for number in range(1, 100, 2)]
    codes = spark.createDataFrame([(code,) for code in named + others], "atc string")
    found = rows(codes.where(begins_with_any("atc", named)))
    assert sorted(row["atc"] for row in found) == sorted(named)
