"""Doses of which nothing was delivered are not 0; dispenses are compared all the same."""

from __future__ import annotations

import math

import pytest

from ldn_spark.study.definition import OVERALL
from tests.unit.estimates.few_persons import analysed, moments

CONTRAST = "LDNx1-LDNx4+"
REASON = "no DDD was delivered"


# dispenses 3 -> 1, 0 -> 2, 1 -> 1, 0 -> 0: changes -2, +2, 0, 0
UNKNOWN = [(3, 1, 0, 0, 3, 1), (0, 2, 0, 0, 0, 2), (1, 1, 0, 0, 1, 1), (0, 0, 0, 0, 0, 0)]
# dispenses 0 -> 1, 0 -> 3, 0 -> 0, 2 -> 2: changes 1, 3, 0, 0
UNKNOWN_TOO = [(0, 1, 0, 0, 0, 1), (0, 3, 0, 0, 0, 3), (0, 0, 0, 0, 0, 0), (2, 2, 0, 0, 2, 2)]
# one dispense of three has no DDD
PARTLY = [(1, 2, 30, 50, 0, 1), (0, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0)]


def statuses(results, outcome):
    """Of every number of DDDs of an outcome: its status and reason."""
    return {
        (e.table, e.stratum, e.quantity): (e.value is None, e.reason)
        for e in results.estimates
        if e.outcome == outcome and e.table in ("ddd", "did_ddd", "trend_ddd")
    }


def test_no_number_of_an_outcome_without_any_ddd():
    groups = [
        moments("LDNx1", "N05A", UNKNOWN),
        moments("LDNx4+", "N05A", UNKNOWN_TOO),
        moments("LDNx1", "N05A", UNKNOWN[:1] + [(0,) * 6] * 3, "women"),
        moments("LDNx1", "N06A", PARTLY),
        moments("LDNx1", "all", [tuple(map(sum, zip(*p))) for p in zip(UNKNOWN, PARTLY)]),  # noqa: B905
        moments("LDNx4+", "all", UNKNOWN_TOO),
    ]
    results = analysed(groups)
    unknown = statuses(results, "N05A")
    assert len(unknown) > 100
    missing = {key: one for key, one in unknown.items() if key[2].startswith("ddd_missing")}
    assert {one for key, one in unknown.items() if key not in missing} == {(True, REASON)}
    assert results.value("ddd", "LDNx1", "N05A", "ddd_missing") == 4 + 2 + 2
    assert results.value("ddd", OVERALL, "N05A", "ddd_missing") == 8 + 8
    assert results.value("ddd", "women/LDNx1", "N05A", "ddd_missing") == 4

    # known in part: counted and told; in a stratum where it was never used it is a true 0
    assert results.value("ddd", "LDNx1", "N06A", "mean_before") == 30 / 4
    assert results.value("ddd", "LDNx1", "N06A", "ddd_missing") == 1
    assert results.value("ddd", "LDNx4+", "N06A", "mean_before") == 0
    assert results.value("ddd", "LDNx1", "all", "mean_before") == 30 / 4
    # the cohort knows some, but all of this stratum's are unknown, and so are its contrasts
    assert results.estimate("ddd", "LDNx4+", "all", "mean_before").reason == REASON
    for table, stratum in (("did_ddd", CONTRAST), ("trend_ddd", OVERALL)):
        found = results.estimate(table, stratum, "all", "estimate")
        assert (found.value, found.reason) == (None, "no DDD was delivered for a group")
    # nobody used it
    assert results.value("ddd", OVERALL, "N06B", "mean_before") == 0
    assert {point.outcome for point in results.curves} == {"N06A", "N06B"}
    p_values = [results.estimate("did_ddd", CONTRAST, one, "p_holm") for one in ("N06A", "N05A")]
    assert p_values[0].value is not None
    assert p_values[1].reason == REASON


def test_a_study_without_any_ddd_has_none_of_unused_outcomes_either():
    groups = [
        moments(stratum, outcome, people)
        for stratum, people in (("LDNx1", UNKNOWN), ("LDNx4+", UNKNOWN_TOO))
        for outcome in ("N05A", "all")
    ]
    results = analysed(groups)
    for outcome in ("all", "N05A", "N06A", "N06B"):
        for (_, _, quantity), (is_missing, reason) in statuses(results, outcome).items():
            assert is_missing == (not quantity.startswith("ddd_missing"))
            assert reason == (REASON if is_missing else "")
    assert results.curves == ()
    assert results.value("users", "LDNx1", "N05A", "users_before") == 2


def test_a_cohort_that_was_dispensed_nothing_has_true_zeros():
    results = analysed([])
    assert results.value("ddd", OVERALL, "all", "mean_before") == 0
    assert results.estimate("ddd", OVERALL, "all", "p").reason != REASON


def test_dispenses_by_hand():
    groups = [moments("LDNx1", "N05A", UNKNOWN), moments("LDNx4+", "N05A", UNKNOWN_TOO)]
    results = analysed(groups)

    def get(table, stratum, quantity):
        return results.value(table, stratum, "N05A", quantity)

    one = {name: get("dispenses", "LDNx1", name) for name in ("fills_before", "fills_after")}
    assert one == {"fills_before": 4, "fills_after": 4}
    assert get("dispenses", "LDNx1", "mean_before") == 1
    assert get("dispenses", "LDNx1", "mean_difference") == 0
    assert get("dispenses", "LDNx1", "relative_change") == 0
    # before 3 0 1 0, mean 1: (4 + 1 + 0 + 1) / 3; after 1 2 1 0, mean 1: (0 + 1 + 0 + 1) / 3
    assert get("dispenses", "LDNx1", "sd_before") == pytest.approx(math.sqrt(2))
    assert get("dispenses", "LDNx1", "sd_after") == pytest.approx(math.sqrt(2 / 3))
    assert get("dispenses", "LDNx1", "sd_difference") == pytest.approx(math.sqrt(8 / 3))
    # 1 3 0 0, mean 1: (0 + 4 + 1 + 1) / 3 = 2
    assert get("dispenses", "LDNx4+", "mean_difference") == 1
    assert get("dispenses", "LDNx4+", "se_difference") == pytest.approx(math.sqrt(2 / 4))
    assert get("dispenses", "LDNx4+", "t") == pytest.approx(1 / math.sqrt(0.5))
    assert get("dispenses", OVERALL, "mean_difference") == 0.5
    # change in the comparator - change in the exposed, variances of the means added
    assert get("did_dispenses", CONTRAST, "estimate") == 0 - 1
    assert get("did_dispenses", CONTRAST, "se") == pytest.approx(math.sqrt(8 / 3 / 4 + 2 / 4))
    assert results.estimate("dispenses", "LDNx2-3", "N05A", "mean_before").reason == "no persons"


# dispenses 2 -> 1 and 1 -> 1; no DDD before, all after
NONE_BEFORE = [(2, 1, 0, 20, 2, 0), (1, 1, 0, 40, 1, 0), (0,) * 6, (0,) * 6]
NONE_AFTER = [(1, 2, 20, 0, 0, 2), (1, 1, 40, 0, 0, 1), (0,) * 6, (0,) * 6]
ZERO_AFTER = [(1, 2, 20, 0, 0, 1), (1, 1, 40, 0, 0, 1), (0,) * 6, (0,) * 6]
SOME_BEFORE = [(2, 1, 10, 20, 1, 0), (1, 1, 0, 40, 1, 0), (0,) * 6, (0,) * 6]


@pytest.mark.parametrize(
    ("people", "known", "reason"),
    [
        (NONE_BEFORE, "after", "in the window before no DDD was delivered"),
        (NONE_AFTER, "before", "in the window after no DDD was delivered"),
        (ZERO_AFTER, "before", "in the window after the DDDs of every patient sum to 0"),
        (SOME_BEFORE, "both", ""),
    ],
)
def test_one_window_without_doses(people, known, reason):
    """A window of which every DDD is unknown is not 0; the other one stays known."""
    results = analysed([moments("LDNx1", "N05A", people)])
    for table, stratum in (("ddd", "LDNx1"), ("ddd", OVERALL), ("did_ddd", CONTRAST)):
        found = {e.quantity: e for e in results.estimates if e.outcome == "N05A"
                 and (e.table, e.stratum) == (table, stratum)}  # fmt: skip
        for name, one in found.items():
            of_window = table == "ddd" and name.endswith(("_before", "_after"))
            is_known = known == "both" or name.startswith("ddd_missing")
            is_known |= of_window and name.endswith(known)
            assert (one.value is not None) == is_known, (table, name)
            if not is_known and table == "ddd":
                assert one.reason == reason
            elif not is_known:
                assert one.reason.startswith("in a window ")
    missing = [
        results.value("ddd", "LDNx1", "N05A", f"ddd_missing{when}")
        for when in ("", "_before", "_after")
    ]
    sides = [sum(one[place] for one in people) for place in (4, 5)]
    assert missing == [sum(sides), *sides]
    assert results.value("ddd", "LDNx4+", "N05A", "mean_before") == 0  # nothing was dispensed
    assert ("N05A" in {point.outcome for point in results.curves}) == (known == "both")
