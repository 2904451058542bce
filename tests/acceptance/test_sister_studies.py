"""The five sister studies on one registry that holds such patients: nothing but their files."""

from __future__ import annotations

import pytest

from ldn_spark.delivery.source.sources import load_source
from ldn_spark.ingest.ingest import ingest
from ldn_spark.runs.pipeline import Wanted, run_studies, run_study
from ldn_spark.study.load import load_study
from ldn_spark.synthetic.registry import simulate
from tests.acceptance.test_same_bytes import digests
from tests.acceptance.test_sample_delivery import estimates

STUDIES = {
    "ldn_opioids": "prior_opioid",
    "ldn_ms": "multiple_sclerosis",
    "ldn_ibd": "ibd",
    "ldn_ra": "arthritis",
    "ldn_thyroid": "hypothyroidism",
}

# what eligibility does is shown on both engines in tests/spec and tests/generative
pytestmark = pytest.mark.only_engine("sail")


@pytest.fixture(scope="module")
def lake(spark, tmp_path_factory):
    root = tmp_path_factory.mktemp("sisters")
    simulate(
        spark,
        root / "delivery",
        people=14_000,
        seed=11,
        first_year=2009,
        last_year=2015,
        starters=4_000,
    )
    ingest(spark, root / "lake", [root / "delivery"], load_source("norpd"))
    return root / "lake"


@pytest.fixture(scope="module")
def together(spark, lake, tmp_path_factory):
    """The folder of each study's results, of one run of all of them."""
    wanted = [Wanted(load_study(name)) for name in STUDIES]
    folders = run_studies(spark, wanted, lake, tmp_path_factory.mktemp("out"), engine="test")
    return dict(zip(STUDIES, folders, strict=True))


@pytest.mark.parametrize("name", ["ldn_ibd", "ldn_thyroid"])
def test_a_study_among_others_has_the_bytes_that_it_has_alone(
    spark, lake, together, tmp_path, name
):
    alone = run_study(spark, load_study(name), lake, tmp_path, engine="test")
    assert digests(alone) == digests(together[name])
    assert alone.name[-8:] == together[name].name[-8:], "the key is its own"


@pytest.mark.parametrize("name", STUDIES)
def test_a_sister_study_runs(together, name):
    study, folder = load_study(name), together[name]
    got = estimates(folder)
    persons = [
        int(got["cohort", level.id, "", "persons"]["value"])
        for level in study.definition.strata.levels
    ]
    assert min(persons) > 5, "a stratum of the published layout is empty"
    assert sum(persons) < 4_000, "the condition on earlier dispensings excludes somebody"
    attrition = (folder / "attrition.csv").read_text(encoding="utf-8")
    assert attrition.rstrip().endswith(STUDIES[name])
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert study.definition.eligibility[0].label in report
    table1 = (folder / "tables" / "table1.md").read_text(encoding="utf-8")
    assert ("(SE)" in table1) == (study.definition.statistics.dispersion == "se")
    for group in study.definition.subgroups:
        assert (folder / "tables" / group.id / "table2.md").is_file()
        part = int(got["cohort", f"{group.id}/overall", "", "persons"]["value"])
        assert 0 < part < sum(persons)
