"""A cohort is drawn at random, its tables are printed, and a cohort is built that prints them."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from ldn_spark.catalogue.quantity import Kind
from ldn_spark.errors import ConfigError
from ldn_spark.papers.quantities import kind_of
from ldn_spark.papers.reading import COLUMNS, find_published, read_published
from ldn_spark.papers.replicate.cohort import Cohort, check, tabulate
from ldn_spark.papers.replicate.keeping import checksum, keep, kept_cohort, kept_file
from ldn_spark.papers.replicate.leaves import find_leaves, membership
from ldn_spark.papers.replicate.solving import solve_cohort
from ldn_spark.papers.values import in_print
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.study.load import load_study

PRINTED = {
    "cohort": ["persons", "women", "age_mean", "age_sd"],
    "baseline": ["dispenses_before_mean", "dispenses_before_sd"],
    "users": ["users_before", "users_after", "difference", "ci_low", "ci_high", "p"],
    "ddd": ["mean_before", "mean_after", "mean_difference", "ci_low", "ci_high", "p"],
    "did_users": ["estimate", "ci_low", "ci_high", "p"],
    "did_ddd": ["estimate", "ci_low", "ci_high"],
}
LIKE = {Kind.COUNT: "1", Kind.SHARE: "1.0", Kind.NUMBER: "1.0", Kind.P: "0.001"}


@pytest.fixture(scope="module")
def ldn():
    return load_study("ldn_2013").definition


@pytest.fixture(scope="module")
def pain(ldn):
    """Another study: two strata, three outcomes of which one holds the others."""
    content = ldn.model_dump(mode="json")
    content["id"] = "pain"
    levels = [("few", 1, 3), ("many", 4, None)]
    content["strata"]["levels"] = [
        {"id": name, "label": name, "at_least": low, "at_most": high} for name, low, high in levels
    ]
    outcomes = [("opioids", "total", "N02A"), ("tramadol", "main", "N02AX02")]
    content["outcomes"] = [
        {"id": name, "label": name, "role": role, "atc": [code], "may_be_empty": True}
        for name, role, code in [*outcomes, ("strong", "main", "N02AA")]
    ]
    content["contrasts"] = [{"comparator": "few", "exposed": "many"}]
    content["figures"] = {"curve_contrast": content["contrasts"][0], "curve_outcomes": ["opioids"]}
    return StudyDefinition.model_validate(content)


def random_cohort(study, sizes, seed):
    random = np.random.default_rng(seed)
    stratum = np.repeat(np.arange(len(sizes)), sizes)
    shape = (sum(sizes), len(find_leaves(study)))
    intensity = random.gamma(1.0, 300.0, shape)
    ever = random.random(shape) < 0.2
    uses = [ever & (random.random(shape) < share) for share in (0.7, 0.75)]
    tenths = [np.where(use, 1 + intensity * random.gamma(4, 0.25, shape), 0) for use in uses]
    dispenses = [np.where(use, 1 + random.poisson(2.0, shape), 0) for use in uses]
    tenths = [
        np.maximum(part.astype(int), fills) for part, fills in zip(tenths, dispenses, strict=True)
    ]
    woman = (random.random(len(stratum)) < 0.6).astype(int)
    age = np.clip(random.normal(50, 12, len(stratum)), 18, 90).astype(int)
    return Cohort(stratum, woman, age, *tenths, *dispenses)


def printed(study, results, path, change=None):
    """Write what a paper would print."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    names = [level.id for level in study.strata.levels]
    for table, quantities in PRINTED.items():
        strata = [one.id for one in study.contrasts] if table.startswith("did") else names
        outcomes = [one.id for one in study.outcomes]
        for stratum in strata:
            for outcome in [""] if table in ("cohort", "baseline") else outcomes:
                for quantity in quantities:
                    kind = kind_of(table, quantity)
                    value = results.value(table, stratum, outcome, quantity)
                    cell = in_print(value, kind, LIKE[kind])
                    cell = (change or {}).get((table, stratum, outcome, quantity), cell)
                    writer.writerow(["Table", table, stratum, outcome, quantity, cell])
    path.write_text(text.getvalue(), encoding="utf-8")
    return read_published(path, study)


@pytest.mark.parametrize("seed", [1, 2, 3, 20, 30, 32])
def test_what_a_cohort_prints_another_is_built_to_print(pain, tmp_path, seed):
    original = random_cohort(pain, (700, 500), seed)
    values = printed(pain, tabulate(original, pain), tmp_path / "published.csv")
    built = solve_cohort(pain, values, seed=seed)
    missed = [
        f"{row.published.name} {row.published.text}: {row.computed}"
        for row in check(built, pain, values).unequal
    ]
    assert missed == []
    assert not np.array_equal(built.before, original.before)


def test_a_row_that_contradicts_the_others_is_dropped_and_no_other(pain, tmp_path):
    """Tramadol cannot exceed all opioids; its row gives way, everything else is met."""
    original = random_cohort(pain, (700, 500), 4)
    too_much = {("ddd", "few", "tramadol", f"mean_{w}"): "900.0" for w in ("before", "after")}
    values = printed(pain, tabulate(original, pain), tmp_path / "published.csv", too_much)
    compared = check(solve_cohort(pain, values), pain, values)
    missed = {row.published.key[:3] for row in compared.rows if row.computed != row.published.text}
    assert missed == {("ddd", "few", "tramadol")}


def test_the_same_seed_builds_the_same_cohort(pain, tmp_path):
    values = printed(pain, tabulate(random_cohort(pain, (300, 300), 5), pain), tmp_path / "p.csv")
    one, same, other = (solve_cohort(pain, values, seed=seed) for seed in (7, 7, 8))
    assert np.array_equal(one.before, same.before)
    assert np.array_equal(one.age, same.age)
    assert not np.array_equal(one.before, other.before)


def test_users_and_dispenses_agree(pain, tmp_path):
    values = printed(pain, tabulate(random_cohort(pain, (300, 300), 6), pain), tmp_path / "p.csv")
    cohort = solve_cohort(pain, values)
    for tenths, dispenses in (
        (cohort.before, cohort.dispenses_before),
        (cohort.after, cohort.dispenses_after),
    ):
        assert ((tenths > 0) == (dispenses > 0)).all()
        assert (dispenses <= tenths).all(), "every dispense has a tenth of a DDD or more"


def test_what_is_not_printed_is_free(pain, tmp_path):
    """Users of an outcome alone, no dispenses, no ages: the rest is made up and nobody stumbles."""
    original = tabulate(random_cohort(pain, (200, 200), 10), pain)
    path = tmp_path / "p.csv"
    printed(pain, original, path)
    lines = [
        line
        for line in path.read_text(encoding="utf-8").splitlines()
        if "baseline" not in line and "age" not in line and not line.startswith("Table,ddd,few,tr")
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    values = read_published(path, pain)
    assert check(solve_cohort(pain, values), pain, values).unequal == ()


def test_dispenses_must_suit_the_users(pain, tmp_path):
    few = {("baseline", "few", "", "dispenses_before_mean"): "0.1"}
    original = tabulate(random_cohort(pain, (200, 200), 11), pain)
    values = printed(pain, original, tmp_path / "p.csv", few)
    with pytest.raises(ConfigError, match="dispenses before in few do not suit its users"):
        solve_cohort(pain, values)


def test_persons_must_be_printed(pain, tmp_path):
    path = tmp_path / "published.csv"
    path.write_text(",".join(COLUMNS) + "\nTable 2,ddd,few,opioids,mean_before,10.0\n")
    with pytest.raises(ConfigError, match="persons of few are not printed"):
        solve_cohort(pain, read_published(path, pain))


def test_every_outcome_is_a_union_of_disjoint_leaves(ldn):
    leaves = find_leaves(ldn)
    member = membership(ldn, leaves)
    codes = ["N03AE01", "N03AX09", "N03AX12", "N03AX16", "N03AF01", "N05AN01", "N05AH03", "N05BA01"]
    codes += ["N05BB01", "N05CD02", "N05CF01", "N05CH01", "N06AA09", "N06AG02", "N06BA04"]
    for code in codes:
        holding = [number for number, leaf in enumerate(leaves) if leaf.holds(code)]
        assert len(holding) == 1, code
        for outcome, inside in zip(ldn.outcomes, member, strict=True):
            assert inside[holding[0]] == code.startswith(tuple(outcome.atc)), (code, outcome.id)
    assert not any(leaf.holds("N02AA01") for leaf in leaves)


def test_the_kept_cohort_belongs_to_the_published_values(ldn):
    values = read_published(find_published("ldn_2013"), ldn)
    cohort = kept_cohort(ldn, values)
    assert cohort is not None, "run python -m ldn_spark.papers.replicate.keeping ldn_2013"
    compared = check(cohort, ldn, values)
    assert compared.total == {"equal": 515, "impossible": 27}
    assert kept_file("ldn_2013").stat().st_size < 2_000_000


def test_a_cohort_kept_for_other_values_is_not_used(pain, tmp_path):
    original = random_cohort(pain, (60, 50), 9)
    values = printed(pain, tabulate(original, pain), tmp_path / "p.csv")
    keep(original, kept_file("pain", tmp_path), checksum(pain, values))
    found = kept_cohort(pain, values, tmp_path)
    assert found is not None
    assert np.array_equal(found.after, original.after)
    changed = {("cohort", "few", "", "women"): "1"}
    others = printed(pain, tabulate(original, pain), tmp_path / "q.csv", changed)
    assert kept_cohort(pain, others, tmp_path) is None
