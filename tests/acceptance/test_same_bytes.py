"""The same bytes on both engines, with any number of partitions, and at every rerun."""

from __future__ import annotations

import hashlib

import pytest

from ldn_spark.delivery.source.sources import load_source
from ldn_spark.ingest.ingest import ingest
from ldn_spark.runs.pipeline import run_study
from ldn_spark.study.load import load_study
from ldn_spark.synthetic.registry import simulate
from tests.acceptance.conftest import is_embedded

_BY_ENGINE = pytest.StashKey[dict]()


def digests(folder):
    """Every result file with its SHA-256; the manifest says when and on what, so it differs."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }


def compare(request, spark, what, found):
    """Hold what this engine found against what the other one did, once both have run."""
    seen = request.config.stash.setdefault(_BY_ENGINE, {})
    seen[what, is_embedded(spark)] = found
    if (what, not is_embedded(spark)) not in seen:
        pytest.skip("compared when the other engine has run")
    assert found == seen[what, not is_embedded(spark)]


def test_the_engines_agree_on_the_sample(request, spark, sample_run):
    found = digests(sample_run)
    assert {"estimates.csv", "report.html", "tables/table1.csv", "figures/figure2.png"} <= set(
        found
    )
    compare(request, spark, "sample", found)


def test_the_engines_agree_on_a_simulated_registry(request, spark, tmp_path):
    simulate(spark, tmp_path / "delivery", people=4_000, seed=3, starters=300)
    ingest(spark, tmp_path / "lake", [tmp_path / "delivery"], load_source("norpd"))
    folder = run_study(
        spark, load_study("ldn_2013"), tmp_path / "lake", tmp_path / "out", engine="test"
    )
    found = digests(tmp_path / "delivery") | digests(folder)
    assert "dispensings_2013.txt" in found
    compare(request, spark, "simulated", found)


@pytest.mark.parametrize("partitions", [1, 7, 64])
def test_partitions_change_nothing(
    spark, sample_lake, sample_study, sample_run, tmp_path, partitions
):
    before = spark.conf.get("spark.sql.shuffle.partitions")
    spark.conf.set("spark.sql.shuffle.partitions", str(partitions))
    try:
        again = run_study(spark, sample_study, sample_lake[0], tmp_path, engine="test")
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", before)
    assert digests(again) == digests(sample_run)
    assert again.name[-8:] == sample_run.name[-8:], "same key, same numbers"
