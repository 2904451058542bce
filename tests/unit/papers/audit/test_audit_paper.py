"""The audit of the paper: what arithmetic can show of it, and nothing else."""

from __future__ import annotations

import re

import pytest

from ldn_spark.papers.audit.auditing import audit

ROW = ("mean_before", "mean_after", "mean_difference", "ci_low", "ci_high", "p")
STRATA = ("LDNx1", "LDNx2-3", "LDNx4+")
DID = "LDNx1-LDNx4+"
IMPOSSIBLE = {
    *(("ddd", stratum, "zhyp", name) for stratum in STRATA for name in ROW),
    ("did_ddd", DID, "all", "p"),
    ("did_ddd", DID, "N05A", "p"),
    ("did_users", DID, "bz", "p"),
    ("users", "LDNx4+", "N06A", "relative_change"),
    ("users", "LDNx1", "N06A", "relative_change"),
    ("ddd", "LDNx1", "N05A", "relative_change"),
    ("design", "overall", "", "patient_months"),
    ("design", "overall", "", "first_observation"),
    ("design", "overall", "", "last_observation"),
}


@pytest.fixture(scope="module")
def findings(published, study):
    return audit(published, study)


def test_exactly_27_cells_are_impossible(findings):
    assert {key for found in findings for key in found.cells} == IMPOSSIBLE
    assert sum(len(found.cells) for found in findings) == 27


def test_nothing_else_is_a_contradiction(findings):
    assert [found.severity for found in findings] == ["impossible"] * 12 + ["note"] * 2


@pytest.mark.parametrize(
    ("subject", "recomputed"),
    [
        ("design overall", "11247 x 24 = 269928"),
        ("ddd LDNx1 zhyp", "at most 76.15 and 81.75"),
        ("users LDNx4+ N06A", "-10.9 %"),
        ("users LDNx1 N06A", "-0.6 %"),
        ("ddd LDNx1 N05A", "30.4 to 32.8 %"),
        ("did_users LDNx1-LDNx4+ bz", "0.0337 (normal)"),
        ("did_ddd LDNx1-LDNx4+ all", "0.0198 to 0.0201 (pooled)"),
        ("did_ddd LDNx1-LDNx4+ N05A", "0.0042 to 0.0047 (Welch)"),
    ],
)
def test_a_contradiction_says_what_could_have_been_printed(findings, subject, recomputed):
    assert any(f.subject == subject and recomputed in f.recomputed for f in findings)


def test_the_pooled_variance_does_not_even_give_the_interval_of_antipsychotics(findings):
    (found,) = [f for f in findings if f.subject == f"did_ddd {DID} N05A"]
    assert "not even the interval: pooled" in found.explanation


def test_one_row_alone_tells_the_intervals_of_paired_proportions_apart(findings):
    (found,) = [f for f in findings if f.check == "methods"]
    assert found.subject == "users LDNx1 N05C"
    assert "Only tango with the uncorrected McNemar test gives all 21 rows" in found.explanation
    limits = dict(re.findall(r"(\w+) -0\.\d+, (2\.\d+)", found.recomputed))
    assert limits.pop("tango") == "2.052"
    assert set(limits) == {"wald", "wald_corrected", "agresti_min", "bonett_price", "newcombe10"}
    assert set(limits.values()) <= {"2.046", "2.047", "2.048"}


def test_the_smallest_p_in_print_is_below_half_a_thousandth(findings):
    (found,) = [f for f in findings if f.check == "smallest_p"]
    assert f"did_users {DID} N06A at most 0.00098" in found.recomputed
    assert not found.cells
