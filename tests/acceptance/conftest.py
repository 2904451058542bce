"""What several acceptance tests need: the sample delivery, and what an engine made of it."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from ldn_spark.delivery.source.sources import load_source
from ldn_spark.ingest.ingest import ingest
from ldn_spark.runs.pipeline import run_study
from ldn_spark.study.load import load_study

DATA = Path(__file__).parent / "data" / "sample_delivery"


@pytest.fixture(scope="session")
def delivery(tmp_path_factory):
    """The sample's yearly files, unpacked."""
    folder = tmp_path_factory.mktemp("delivery")
    for packed in sorted(DATA.glob("*.txt.gz")):
        (folder / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    return folder


@pytest.fixture(scope="session")
def sample_study():
    """The paper's study with the sample's product numbers."""
    return load_study("ldn_2013", {"ldn_products": DATA / "ldn_products.txt"})


@pytest.fixture(scope="session")
def sample_lake(spark, delivery, tmp_path_factory):
    """The sample in a lake of this engine, and the ingest's report."""
    lake = tmp_path_factory.mktemp("sample") / "lake"
    return lake, ingest(spark, lake, [delivery], load_source("norpd"))


@pytest.fixture(scope="session")
def sample_run(spark, sample_lake, sample_study, tmp_path_factory):
    """The folder of the study's run on the sample."""
    out = tmp_path_factory.mktemp("results")
    return run_study(spark, sample_study, sample_lake[0], out, engine="test")


def is_embedded(spark) -> bool:
    """Whether a session is Sail's: it speaks Spark Connect."""
    return "connect" in type(spark).__module__
