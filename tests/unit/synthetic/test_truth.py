"""The stated truth against what is drawn, and how often a study's intervals cover it."""

import numpy as np
import pytest

from ldn_spark.synthetic.calendar import Calendar
from ldn_spark.synthetic.exposure import Exposed
from ldn_spark.synthetic.formulary import Catalogue, load_medicines
from ldn_spark.synthetic.people import STRATA
from ldn_spark.synthetic.starters import StarterModel, dispense_examined
from ldn_spark.synthetic.truth import OUTCOMES, expected_outcomes

CALENDAR = Calendar(2012, 2014)
CATALOGUE = Catalogue(load_medicines())
PLANTED = StarterModel.load(CATALOGUE, null_effect=False)
NULL = StarterModel.load(CATALOGUE, null_effect=True)
MEDICINE = np.repeat(np.arange(len(CATALOGUE.medicines)), CATALOGUE.products)


def observe(seed, model, size):
    """DDD before and after of `size` starters per stratum: {outcome: (stratum, 2, starter)}."""
    count = 3 * size
    role = np.repeat([1, 2, 3], size)
    index = CALENDAR.number(CALENDAR.dates()[366]) + np.arange(count) * 13 % 365
    exposed = Exposed(np.arange(count), role, index, np.zeros(count, dtype=bool))
    rows = dispense_examined(seed, 0, exposed, model, CATALOGUE, CALENDAR)
    day = rows.day - index[rows.person]
    atc = np.array([medicine.atc for medicine in CATALOGUE.medicines])[MEDICINE[rows.product]]
    ddd = CATALOGUE.tail_ddd[rows.tail]
    observed = {}
    for outcome, codes in OUTCOMES.items():
        inside = np.any([np.char.startswith(atc, code) for code in codes], axis=0)
        windows = ((day >= -365) & (day <= -1), (day >= 0) & (day <= 364))
        sums = [
            np.bincount(rows.person[inside & w], ddd[inside & w], minlength=count) for w in windows
        ]
        observed[outcome] = np.array(sums).reshape(2, 3, size).transpose(1, 0, 2)
    return observed


def estimate(values):
    """Mean and standard error of per-starter values."""
    return values.mean(), values.std(ddof=1) / np.sqrt(len(values))


@pytest.mark.parametrize("model", [PLANTED, NULL], ids=["planted", "null"])
def test_every_stated_expectation_is_what_many_starters_show(model):
    expected = expected_outcomes(model, CATALOGUE)
    distances = []
    for outcome, sums in observe(11, model, 20_000).items():
        for stratum, (before, after) in zip(STRATA, sums, strict=True):
            truth = expected[outcome]["strata"][stratum]
            pairs = {
                "ddd_before": before,
                "ddd_after": after,
                "ddd_change": after - before,
                "users_before": 1.0 * (before > 0),
                "users_after": 1.0 * (after > 0),
                "users_change": 1.0 * (after > 0) - 1.0 * (before > 0),
            }
            for key, values in pairs.items():
                mean, error = estimate(values)
                distances.append((mean - truth[key]) / error)
    assert np.abs(distances).max() < 4.5
    assert np.std(distances) < 1.4


def test_a_null_effect_changes_nothing_at_all():
    for outcome in expected_outcomes(NULL, CATALOGUE).values():
        for stratum in outcome["strata"].values():
            assert stratum["ddd_change"] == 0
            assert stratum["users_change"] == 0
        assert set(outcome["difference_in_differences"].values()) == {0}
        assert set(outcome["naive_before_after_bias"].values()) == {0}


def test_trends_are_parallel_so_the_contrast_is_the_effect():
    expected = expected_outcomes(PLANTED, CATALOGUE)
    for name in ("N03A", "N05A", "N06A", "all"):
        contrast = expected[name]["difference_in_differences"]
        assert contrast["ddd_change"] > 0
        assert contrast["users_change"] > 0
        strata = expected[name]["strata"]
        assert strata["LDNx1"] == strata["LDNx2-3"]
        naive = expected[name]["naive_before_after_bias"]["ddd_change"]
        change = strata["LDNx4+"]["ddd_change"]
        assert change == pytest.approx(naive - contrast["ddd_change"])
    for name in ("N05B", "N05C", "N06B"):
        assert set(expected[name]["difference_in_differences"].values()) == {0}


def test_the_start_resembles_the_published_cohort():
    before = expected_outcomes(PLANTED, CATALOGUE)
    published = {  # users, per cent; mean DDD: the three strata taken together, about
        "all": (57.5, 223),
        "N03A": (15, 43),
        "N05A": (5, 3.3),
        "N05B": (20, 21),
        "N05C": (30, 73),
        "N06A": (28, 78),
        "N06B": (1.2, 5.4),
    }
    for outcome, (users, ddd) in published.items():
        start = before[outcome]["strata"]["LDNx1"]
        assert 100 * start["users_before"] == pytest.approx(users, rel=0.1)
        assert start["ddd_before"] == pytest.approx(ddd, rel=0.5 if ddd < 10 else 0.2)


def test_a_95_per_cent_interval_covers_the_truth_at_its_rate():
    truth = expected_outcomes(PLANTED, CATALOGUE)
    covered = {
        (outcome, kind): 0 for outcome in ("all", "N03A", "N06A") for kind in ("ddd", "users")
    }
    repeats = 200
    for seed in range(repeats):
        sums = observe(seed, PLANTED, 500)
        for outcome, kind in covered:
            values = sums[outcome] if kind == "ddd" else 1.0 * (sums[outcome] > 0)
            (once, once_error), _, (many, many_error) = (
                estimate(after - before) for before, after in values
            )
            target = truth[outcome]["difference_in_differences"][f"{kind}_change"]
            half = 1.96 * np.hypot(once_error, many_error)
            covered[outcome, kind] += abs(once - many - target) <= half
    assert all(0.90 * repeats <= hits <= 0.99 * repeats for hits in covered.values()), covered
