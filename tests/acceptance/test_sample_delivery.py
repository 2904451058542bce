"""A delivery made by others, with results computed by others, from files to estimates."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from tests.acceptance.conftest import DATA

EXACT = {
    "persons",
    "women",
    "age_sum",
    "exposure_fills",
    "both",
    "before_only",
    "after_only",
    "neither",
    "fills_before",
    "fills_after",
    "sum_before",
    "sum_after",
}


def estimates(folder: Path) -> dict[tuple[str, str, str, str], dict[str, str]]:
    with (folder / "estimates.csv").open(encoding="utf-8", newline="") as stream:
        return {
            (row["table"], row["stratum"], row["outcome"], row["quantity"]): row
            for row in csv.DictReader(stream)
        }


def expected() -> dict[tuple[str, str, str, str], str]:
    with (DATA / "expected.csv").open(encoding="utf-8", newline="") as stream:
        return {
            (row["table"], row["stratum"], row["outcome"], row["quantity"]): row["value"]
            for row in csv.DictReader(stream)
        }


def test_every_line_is_accepted(sample_lake):
    _, done = sample_lake
    assert done.version.dispensings == 54_321
    assert done.version.persons == 3_950
    assert done.version.rejected == 0


def test_every_expected_value(sample_run):
    got, wanted = estimates(sample_run), expected()
    assert len(wanted) == 648
    for key, value in wanted.items():
        assert got[key]["status"] == "ok", key
        if key[3] in EXACT:
            assert Decimal(got[key]["value"]) == Decimal(value), key
        else:
            assert float(got[key]["value"]) == pytest.approx(float(value), rel=1e-9, abs=1e-12), key


def test_what_has_no_expected_value_is_not_estimable(sample_run):
    got, wanted = estimates(sample_run), expected()
    tables = {key[0] for key in wanted}
    quantities = {(key[0], key[3]) for key in wanted}
    outcomes = {key[2] for key in wanted}
    for key, row in got.items():
        asked = key[0] in tables and key[2] in outcomes and (key[0], key[3]) in quantities
        asked = asked and key[1] in {"LDNx1", "LDNx2-3", "LDNx4+", "LDNx1-LDNx4+"}
        if asked and key not in wanted:
            assert row["status"] == "not_estimable", key
            assert row["reason"], key
