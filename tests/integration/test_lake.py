"""Reading a lake that is not there, and the stage tables of a run."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pyspark.sql import functions as F

from ldn_spark.engine import collect
from ldn_spark.errors import DeliveryError, EmptyInputError, EngineError, UsageError
from ldn_spark.lake.run_tables import read_run_table, write_run_table
from ldn_spark.lake.versions import (
    LakeVersion,
    publish_version,
    read_version,
)
from ldn_spark.schemas import COHORT, Table

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
