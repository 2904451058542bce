"""A registry that was recoded to a later ATC index: the paper's study gives the same bytes."""

from __future__ import annotations

import json

import pytest

from ldn_spark.delivery.source.sources import load_source
from ldn_spark.errors import QualityGateError
from ldn_spark.ingest.ingest import ingest
from ldn_spark.runs.pipeline import run_study
from ldn_spark.study.atc.stated_versions import stated_versions
from ldn_spark.study.load import load_study
from ldn_spark.synthetic.registry import simulate

# the transforms that translate are shown on both engines in tests/spec and tests/generative
pytestmark = pytest.mark.only_engine("sail")
RECODED = {b"N03AX12": b"N02BF01", b"N03AX16": b"N02BF02"}
RESULTS = ("estimates.csv", "attrition.csv", "curves.csv")


@pytest.fixture(scope="module")
def root(spark, tmp_path_factory):
    """The same registry three times: as it was, recoded, and recoded and declared."""
    root = tmp_path_factory.mktemp("recoded")
    simulate(spark, root / "delivery", people=6_000, seed=3, starters=500)
    (root / "recoded").mkdir()
    for file in (root / "delivery").glob("*.txt"):
        content = file.read_bytes()
        for old, new in RECODED.items():
            content = content.replace(old, new)
        (root / "recoded" / file.name).write_bytes(content)
    norpd = load_source("norpd")
    ingest(spark, root / "plain", [root / "delivery"], norpd)
    ingest(spark, root / "silent", [root / "recoded"], norpd)
    ingest(spark, root / "told", [root / "recoded"], norpd.model_copy(update={"atc_version": 2024}))
    return root


def run(spark, root, lake, *stated, study="ldn_2013"):
    said = stated_versions(stated)
    wanted = load_study(study)
    return run_study(spark, wanted, root / lake, root / "out" / lake, engine="test", stated=said)


def test_the_same_bytes(spark, root):
    plain = run(spark, root, "plain")
    for lake, stated in (("told", []), ("silent", ["2024"]), ("silent", ["at_dispensing"])):
        folder = run(spark, root, lake, *stated)
        for name in RESULTS:
            assert (folder / name).read_bytes() == (plain / name).read_bytes(), (lake, name)
        assert folder.name[-8:] != plain.name[-8:], "another key: read in another way"
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        read_as = manifest["input"]["atc_codes"]["read_as"]
        assert {one["delivered"] for one in read_as} == {"N02BF01", "N02BF02"}
        assert min(one["dispensings"] for one in read_as) > 100
    assert run(spark, root, "plain", "2013").name[-8:] == plain.name[-8:], "the study's own index"


def test_a_sister_study_does_not_take_them_for_analgesics(spark, root):
    folders = [run(spark, root, lake, study="ldn_opioids") for lake in ("plain", "told")]
    first, second = ((folder / "estimates.csv").read_bytes() for folder in folders)
    assert first == second


def test_silence_stops_the_run(spark, root):
    for study in ("ldn_2013", "ldn_opioids"):
        with pytest.raises(QualityGateError) as caught:
            run(spark, root, "silent", study=study)
        (problem,) = caught.value.problems
        assert "N02BF01 (gabapentin, in the index from 2023 on)" in problem.what
        assert "--atc-version 2023" in problem.mend
