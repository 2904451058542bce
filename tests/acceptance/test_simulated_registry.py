"""An invented registry whose truth is known: the study finds it, and finds nothing where none is.

Bounds are those of chance: an estimate further than four standard errors from the truth happens
once in fifteen thousand; the seeds are fixed, so these tests pass or fail for good.
"""

from __future__ import annotations

import json
import math

import pytest

from ldn_spark.delivery.source.sources import load_source
from ldn_spark.ingest.ingest import ingest
from ldn_spark.runs.pipeline import run_study
from ldn_spark.study.load import load_study
from ldn_spark.synthetic.registry import simulate
from tests.acceptance.test_sample_delivery import estimates

# the engines are shown to be equal in test_same_bytes
pytestmark = pytest.mark.only_engine("sail")
PEOPLE, STARTERS = 18_000, 6_000
CONTRAST = "LDNx1-LDNx4+"


@pytest.fixture(scope="module")
def registry(spark, tmp_path_factory):
    """By kind of effect: the truth, and the estimates of the study."""
    found = {}
    for name, null_effect in (("planted", False), ("null", True)):
        root = tmp_path_factory.mktemp(name)
        simulate(
            spark,
            root / "delivery",
            people=PEOPLE,
            seed=5,
            starters=STARTERS,
            null_effect=null_effect,
        )
        done = ingest(spark, root / "lake", [root / "delivery"], load_source("norpd"))
        truth = json.loads((root / "delivery" / "truth.json").read_text(encoding="utf-8"))
        assert done.version.dispensings == sum(truth["dispensings"].values())
        folder = run_study(
            spark, load_study("ldn_2013"), root / "lake", root / "out", engine="test"
        )
        found[name] = truth, estimates(folder)
    return found


def z_scores(truth, got, measure):
    """How many standard errors each estimated DiD is from the truth; one for every outcome."""
    scores = {}
    for outcome, facts in truth["outcomes"].items():
        estimate, error = (
            got[f"did_{measure}", CONTRAST, outcome, quantity] for quantity in ("estimate", "se")
        )
        assert (estimate["status"], error["status"]) == ("ok", "ok"), outcome
        away = float(estimate["value"]) - facts["difference_in_differences"][f"{measure}_change"]
        scores[outcome] = away / float(error["value"])
    return scores


@pytest.mark.parametrize("kind", ["planted", "null"])
@pytest.mark.parametrize("measure", ["ddd", "users"])
def test_estimates_are_as_near_to_the_truth_as_chance_allows(registry, kind, measure):
    """How often intervals hold the truth: test_coverage_of_the_truth."""
    truth, got = registry[kind]
    scores = z_scores(truth, got, measure)
    assert scores.keys() == truth["outcomes"].keys()
    assert max(map(abs, scores.values())) < 4


def test_a_planted_effect_is_found(registry):
    _, got = registry["planted"]
    for table in ("did_users", "did_ddd"):
        row = {q: float(got[table, CONTRAST, "N03A", q]["value"]) for q in ("estimate", "p")}
        assert row["estimate"] > 0, table
        assert row["p"] < 0.05, table


def test_no_effect_is_found_where_none_was_planted(registry):
    _, got = registry["null"]
    p_values = [
        float(row["value"])
        for (table, stratum, _, quantity), row in got.items()
        if table in ("did_ddd", "did_users")
        and stratum == CONTRAST
        and quantity == "p_holm"
        and row["status"] == "ok"
    ]
    assert len(p_values) >= 26
    assert min(p_values) > 0.001


def test_starters_are_found_in_their_strata(registry):
    truth, got = registry["planted"]
    for stratum, persons in truth["starters"].items():
        assert int(got["cohort", stratum, "", "persons"]["value"]) == persons


def test_a_drift_without_a_control_would_mislead(registry):
    """What the design is for: before-after alone sees the drift, the comparison does not."""
    truth, _ = registry["planted"]
    bias = truth["outcomes"]["all"]["naive_before_after_bias"]["ddd_change"]
    assert bias > 1
    assert math.isclose(
        bias, truth["outcomes"]["all"]["strata"]["LDNx1"]["ddd_change"], rel_tol=1e-9
    )
