"""The same bytes on both engines, with any number of partitions, and at every rerun."""

from __future__ import annotations

import hashlib

import pytest

from ldn_spark.pipeline import run_study

_BY_ENGINE = pytest.StashKey[dict]()


def digests(folder):
    """Every result file with its SHA-256; the manifest says when and on what, so it differs."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }


def test_the_engines_agree_to_the_byte(request, spark, sample_run):
    seen = request.config.stash.setdefault(_BY_ENGINE, {})
    seen[request.node.callspec.params["spark"]] = digests(sample_run)
    if len(seen) < 2:
        pytest.skip("compared when the other engine has run")
    one, other = seen.values()
    assert one == other
    assert {"estimates.csv", "report.html", "tables/table1.csv"} <= set(one)


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
