"""A registry of which the study prints the paper: from delivered text to the comparison."""

from __future__ import annotations

import json
from collections import defaultdict

import pytest

from ldn_spark.delivery.source.sources import load_source
from ldn_spark.errors import OutputExistsError, UsageError
from ldn_spark.ingest.ingest import ingest
from ldn_spark.papers.compare.comparison import compare
from ldn_spark.papers.reading import find_published, read_published
from ldn_spark.papers.replicate.cohort import check
from ldn_spark.papers.replicate.delivery import simulate_published
from ldn_spark.papers.replicate.solving import solve_cohort
from ldn_spark.reporting.result_files import load_results
from ldn_spark.runs.pipeline import run_study
from ldn_spark.study.load import load_study

# the engines are shown to be equal in test_same_bytes
pytestmark = pytest.mark.only_engine("sail")
PEOPLE, SEED = 23_000, 11
STUDY, PUBLISHED = "ldn_2013", find_published("ldn_2013")
IMPOSSIBLE = {
    ("ddd", "LDNx1", "N05A", "relative_change"),
    ("users", "LDNx1", "N06A", "relative_change"),
    ("users", "LDNx4+", "N06A", "relative_change"),
    ("did_ddd", "LDNx1-LDNx4+", "all", "p"),
    ("did_ddd", "LDNx1-LDNx4+", "N05A", "p"),
    ("did_users", "LDNx1-LDNx4+", "bz", "p"),
    ("design", "overall", "", "patient_months"),
    ("design", "overall", "", "first_observation"),
    ("design", "overall", "", "last_observation"),
} | {
    ("ddd", stratum, "zhyp", quantity)
    for stratum in ("LDNx1", "LDNx2-3", "LDNx4+")
    for quantity in ("mean_before", "mean_after", "mean_difference", "ci_low", "ci_high", "p")
}


def simulate(spark, folder, **changed):
    arguments = {"published": PUBLISHED, "people": PEOPLE, "seed": SEED} | changed
    simulate_published(spark, folder, study=load_study(STUDY).definition, **arguments)


@pytest.fixture(scope="module")
def root(spark, tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    simulate(spark, folder / "delivery")
    return folder


@pytest.fixture(scope="module")
def comparison(spark, root):
    study = load_study(STUDY)
    ingest(spark, root / "lake", [root / "delivery"], load_source("norpd"))
    folder = run_study(spark, study, root / "lake", root / "out", engine="test")
    results = load_results(folder, study.definition)
    return compare(read_published(PUBLISHED, study.definition), results, study.definition)


@pytest.fixture(scope="module")
def naltrexone(root):
    """By person, the dates and product numbers of every dispensing of naltrexone."""
    found = defaultdict(list)
    for file in sorted((root / "delivery").glob("*.txt")):
        for line in file.read_text(encoding="iso-8859-1").splitlines()[1:]:
            person, _, _, _, _, day, atc, product, *_ = line.split(";")
            if atc == "N07BB04":
                found[person].append((day, product))
    return {person: sorted(lines) for person, lines in found.items()}


def test_the_study_prints_the_paper(comparison):
    differing = [
        f"{row.published.name} {row.published.text}: {row.computed}"
        for row in comparison.rows
        if row.verdict == "differs"
    ]
    assert differing == []
    assert comparison.total == {"equal": 515, "impossible": 27}


def test_what_no_data_can_print_is_not_forced(comparison):
    assert {row.published.key for row in comparison.unequal} == IMPOSSIBLE


def test_the_truth_says_what_is_met(root):
    truth = json.loads((root / "delivery" / "truth.json").read_text(encoding="utf-8"))
    assert truth["people"] == {"all": PEOPLE, "cohort": 11247}
    assert truth["starters"] == {"LDNx1": 3590, "LDNx2-3": 2554, "LDNx4+": 5103}
    assert (truth["published_values"]["all"], truth["published_values"]["met"]) == (542, 515)
    assert len(truth["published_values"]["not_met"]) == 27
    for file in truth["files"]:
        lines = (root / "delivery" / file["name"]).read_bytes().count(b"\n")
        assert lines == file["dispensings"] + 1


def test_the_background_holds_everybody_who_must_not_count(naltrexone):
    products = set(load_study(STUDY).exposure_products)
    years = [
        {day[:4] for day, product in lines if product in products} for lines in naltrexone.values()
    ]
    assert sum("2013" in found and "2012" not in found for found in years) == 11247
    assert sum("2013" in found for found in years) == 11247
    assert sum(found == {"2012"} for found in years) >= 5, "stopped before"
    assert sum(found == {"2014"} for found in years) >= 20, "started later"
    assert any(not found for found in years), "naltrexone 50 mg alone"


def test_the_same_again_writes_nothing(spark, root):
    def state():
        return {file: file.stat().st_mtime_ns for file in (root / "delivery").iterdir()}

    before = state()
    simulate(spark, root / "delivery")
    assert state() == before


def test_a_seed_decides_every_byte(spark, root, tmp_path):
    def content(folder):
        return [file.read_bytes() for file in sorted(folder.iterdir())]

    simulate(spark, tmp_path / "same")
    assert content(tmp_path / "same") == content(root / "delivery")
    simulate(spark, tmp_path / "other", seed=SEED + 1)
    assert content(tmp_path / "other") != content(root / "delivery")


def test_another_simulation_is_not_overwritten(spark, root):
    with pytest.raises(OutputExistsError, match="holds another simulation"):
        simulate(spark, root / "delivery", seed=SEED + 1)


def test_a_country_must_be_larger_than_the_cohort(spark, tmp_path):
    with pytest.raises(UsageError, match="too few for a cohort of 11247"):
        simulate(spark, tmp_path / "delivery", people=12_000)
    assert not (tmp_path / "delivery").exists()


def test_the_paper_is_solved_anew_as_well():
    """The kept cohort is a convenience: another seed, solved here, prints as much."""
    study = load_study(STUDY).definition
    values = read_published(PUBLISHED, study)
    compared = check(solve_cohort(study, values, seed=2), study, values)
    assert compared.total == {"equal": 515, "impossible": 27}
