"""Reading a lake that is not there, and the stage tables of a run."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pyspark.sql import functions as F

from ldn_spark.delivery.source.sources import load_source
from ldn_spark.engine import collect
from ldn_spark.errors import DeliveryError, EmptyInputError, EngineError, UsageError
from ldn_spark.ingest.arriving import intake
from ldn_spark.ingest.ingest import ingest
from ldn_spark.lake.run_tables import read_run_table, write_run_table
from ldn_spark.lake.versions import (
    Lake,
    LakeVersion,
    publish_version,
    read_version,
)
from ldn_spark.schemas import COHORT, PERSON_STATEMENTS, PERSONS, REJECTED_DISPENSINGS, Table

STEPS = Table(
    "steps",
    "one row per step",
    (("reason_id", "int"), ("step", "string"), ("subjects", "bigint"), ("amount", "decimal(38,0)")),
)


def version(number):
    return LakeVersion(number, {"dispensings": 3}, (), 1, 2, 0, 0, {"2012": 2}, "a", "b")


def test_a_lake_that_is_not_there(tmp_path):
    with pytest.raises(DeliveryError, match="there is no lake"):
        read_version(tmp_path / "none")
    with pytest.raises(EmptyInputError, match="holds no registry yet"):
        read_version(tmp_path)


def test_versions(tmp_path):
    for number in (1, 2):
        publish_version(tmp_path, version(number))
    assert read_version(tmp_path) == version(2)
    assert read_version(tmp_path, 1) == version(1)
    with pytest.raises(UsageError, match="has no version 3; it has versions 1 to 2"):
        read_version(tmp_path, 3)


@pytest.mark.parametrize(
    "content", [b"", b'{"number": 2', b"null", b"[]", b"{}", b"\xff\xfe{}", b"[" * 100_000]
)
def test_a_damaged_version_record(tmp_path, content):
    publish_version(tmp_path, version(1))
    (tmp_path / "_versions" / "00000001.json").write_bytes(content)
    with pytest.raises(EngineError, match="damaged"):
        read_version(tmp_path)


def test_a_run_table_has_exactly_its_schema(spark, tmp_path):
    run = tmp_path / "løp [1] {a,b} *"
    frame = spark.range(3).select(
        F.lit("x").alias("extra"),
        F.col("id").alias("amount"),
        F.lit("step").alias("step"),
        F.col("id").cast("int").alias("subjects"),
        F.col("id").alias("reason_id"),
    )
    for _ in range(2):
        write_run_table(frame, run, STEPS)
    back = read_run_table(spark, run, STEPS)
    assert back.columns == list(STEPS.names)
    assert [kind for _, kind in back.dtypes] == [kind for _, kind in STEPS.columns]
    assert sorted(row["reason_id"] for row in collect.rows(back)) == [0, 1, 2]
    with pytest.raises(UsageError, match="the table cohort is not there"):
        read_run_table(spark, run, COHORT)


def test_collected_values_are_exact(spark):
    frame = spark.range(1).select(F.lit(Decimal("0.100000")).cast("decimal(38,6)").alias("x"))
    assert collect.one(frame) == {"x": Decimal("0.100000")}


def test_what_many_small_deliveries_left_is_put_together(spark, tmp_path, monkeypatch):
    source = load_source("norpd")
    header, counted = ";".join(source.columns.values()), {}
    deliveries = []
    for number in range(4):
        lines = [
            f"P{at};2;1951;N05BB01;058719;2012.0{1 + number}.0{1 + at};{at}" for at in range(5)
        ]
        path = tmp_path / f"{number}.txt"
        path.write_text("\n".join([header, *lines, "P2;2", ""]))
        deliveries.append(path)
    for many in (64, 1):
        monkeypatch.setattr(intake, "_MANY", many)
        root = tmp_path / str(many)
        for path in deliveries:
            version = ingest(spark, root, [path], source).version
        rows = {
            table.name: sorted(map(str, collect.rows(Lake(spark, root).read(table, version))))
            for table in (REJECTED_DISPENSINGS, PERSON_STATEMENTS, PERSONS)
        }
        counted[many] = rows, {name: len(version.sums[name]) for name in rows}
    assert counted[64][0] == counted[1][0]
    assert counted[64][1]["person_statements"] == counted[64][1]["rejected_dispensings"] == 4
    assert max(counted[1][1].values()) <= 3
