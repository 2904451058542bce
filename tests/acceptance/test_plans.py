"""What a cluster would move: no stage shuffles rows of registry size, and no scan is added.

Joins are broadcast only where the code asks for it (`autoBroadcastJoinThreshold` is -1), so a plan
made from a small lake is the plan of a large one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from ldn_spark import schemas
from ldn_spark.estimates.analysis import NEEDED_SUMS
from ldn_spark.lake.run_tables import read_run_table
from ldn_spark.lake.versions import Lake
from ldn_spark.study.load import load_study
from ldn_spark.study.reach import condition_looks
from ldn_spark.transforms import in_order
from tests.registers import one_set

STUDIES = ("ldn_2013", "ldn_opioids", "ldn_ms", "ldn_ibd", "ldn_ra", "ldn_thyroid")
pytestmark = pytest.mark.only_engine("spark")


@dataclass
class Node:
    """One line of a plan, and what stands under it."""

    text: str
    children: list[Node]

    def scans(self) -> list[Node]:
        if "FileScan" in self.text:
            return [self]
        return [scan for child in self.children for scan in child.scans()]


def planned(frame) -> Node:
    """The physical plan as a tree, before anything is executed."""
    text = frame._jdf.queryExecution().executedPlan().toString()
    root = Node("root", [])
    open_at = {-1: root}
    for line in text.splitlines():
        if not line.strip():
            continue
        told = re.match(r"^((?:[:| ]  )*)(?:[:+]- )?(.*)$", line)
        depth = len(told[1]) // 3 + bool(re.match(r"^(?:[:| ]  )*[:+]- ", line))
        node = Node(told[2], [])
        open_at[depth] = node
        open_at[depth - 1].children.append(node)
    return root


def registry_scans(plan: Node, lake: Lake) -> list[Node]:
    """Scans of the registry's own tables, not of the run's."""
    registry = re.compile(rf"{re.escape(str(lake.root))}/(dispensings|persons)\b")
    return [scan for scan in plan.scans() if registry.search(scan.text)]


def shuffled(plan: Node, lake: Lake, *, small: tuple[str, ...]) -> list[str]:
    """Shuffles that registry rows reach without having been cut to the study's.

    A join with a broadcast side cuts them. So does a scan whose pushed filters name a code of
    `small`: those rows are the study's own drug.
    """
    found = []

    def walk(node: Node, shuffle: str) -> None:
        if node.text.startswith("Exchange"):
            shuffle = node.text
        if node.text.startswith("BroadcastHashJoin"):
            shuffle = ""
        if node.text.startswith("BroadcastExchange"):
            shuffle = node.text  # a broadcast of the registry is worse than a shuffle
        if shuffle and node in registry and not any(code in node.text for code in small):
            found.append(shuffle)
        for child in node.children:
            walk(child, shuffle)

    registry = registry_scans(plan, lake)
    walk(plan, "")
    return found


@pytest.fixture
def hints_alone(spark):
    """Spark broadcasts where it is told to, however small a table is."""
    before = spark.conf.get("spark.sql.autoBroadcastJoinThreshold")
    spark.conf.set("spark.sql.autoBroadcastJoinThreshold", "-1")
    yield
    spark.conf.set("spark.sql.autoBroadcastJoinThreshold", before)


@pytest.fixture
def frames(spark, sample_lake, sample_run, hints_alone):
    """A function: study -> the frames of its stages that read the registry, by name.

    As of a lake without returns, which the sample is, unless told what returns do.
    """
    lake = Lake(spark, sample_lake[0])
    version = lake.version()
    assert not version.may_hold_returns
    tables = lake.root / "runs" / sample_run.name

    def make(name, returns="as_dispense"):
        study = load_study(name)
        dispensings = lake.read(schemas.DISPENSINGS, version)
        events, cohort = (
            read_run_table(spark, tables, table) for table in (schemas.INDEX_EVENTS, schemas.COHORT)
        )
        sets = one_set(study, returns=returns)

        def registry(table):
            return lake.read(table, version)

        return study, {
            "index events": in_order.find_index_events(sets, dispensings),
            "candidates": in_order.find_candidates(sets, events, registry, ()),
            "cut": in_order.measure(sets, dispensings, cohort),
        }

    return lake, make


@pytest.mark.parametrize("returns", ["as_dispense", "no_dispense", "cancel"])
@pytest.mark.parametrize("name", STUDIES)
def test_no_stage_shuffles_the_registry(frames, name, returns):
    lake, make = frames
    study, by_stage = make(name, returns)
    for stage, frame in by_stage.items():
        small = study.definition.exposure.atc if stage == "index events" else ()
        assert shuffled(planned(frame), lake, small=small) == [], (name, stage)


@pytest.mark.parametrize("returns", ["as_dispense", "no_dispense", "cancel"])
@pytest.mark.parametrize("name", STUDIES)
def test_no_scan_is_added(frames, name, returns):
    """One for the exposure, one for all conditions, one of persons, one for outcomes."""
    lake, make = frames
    study, by_stage = make(name, returns)
    asks = any(condition_looks(study.definition))
    scans = {stage: len(registry_scans(planned(frame), lake)) for stage, frame in by_stage.items()}
    assert scans == {"index events": 1, "candidates": 1 + asks, "cut": 1}


def test_years_and_codes_reach_the_files(frames):
    lake, make = frames
    _, by_stage = make("ldn_2013")
    (scan,) = registry_scans(planned(by_stage["cut"]), lake)
    assert "GreaterThanOrEqual(atc,N03A)" in scan.text
    # Delta has chosen the files of the years when the plan is made, so their number is known
    assert files_of(by_stage["cut"]) == files_in(lake, range(2012, 2015))
    assert files_of(by_stage["index events"]) == files_in(lake, range(2013, 2015))


def files_of(frame) -> set[str]:
    """The files of the registry that a frame reads, by their names."""
    return {Path(path).name for path in frame.inputFiles() if "/dispensings/" in path}


def files_in(lake, years) -> set[str]:
    return {
        path.name
        for year in years
        for path in (lake.root / "dispensings" / f"year={year}").glob("*.parquet")
    }


def test_a_cohort_is_read_in_one_task_and_not_shuffled(spark, sample_lake, sample_run):
    tables = sample_lake[0] / "runs" / sample_run.name
    study = load_study("ldn_2013")
    cohort, cut, outcomes = (
        read_run_table(spark, tables, table)
        for table in (schemas.COHORT, schemas.COHORT_DISPENSINGS, schemas.PERSON_OUTCOMES)
    )
    frames = (
        in_order.sum_outcomes(one_set(study), cut),
        *in_order.summarise(one_set(study), cohort, cut, outcomes, NEEDED_SUMS).values(),
    )
    for frame in frames:
        assert moved(planned(frame)) == []
    assert len(moved(planned(cut.repartition(2, "person_key")))) == 1


def moved(plan: Node) -> list[Node]:
    """The shuffles that rows of any table reach."""
    here = [plan] if plan.text.startswith("Exchange") and plan.scans() else []
    return here + [node for child in plan.children for node in moved(child)]


def test_what_would_be_caught(spark, frames):
    """The rules find a registry that is shuffled, broadcast or read twice."""
    lake, _ = frames
    dispensings = lake.read(schemas.DISPENSINGS, lake.version())
    persons = lake.read(schemas.PERSONS, lake.version())
    grouped = planned(dispensings.groupBy("person_key").count())
    assert len(shuffled(grouped, lake, small=())) == 1
    joined = planned(dispensings.join(persons, on="person_key", how="inner"))
    assert len(shuffled(joined, lake, small=())) == 2
    from pyspark.sql import functions as F

    broadcast = planned(dispensings.join(F.broadcast(persons), on="person_key", how="inner"))
    assert len(shuffled(broadcast, lake, small=())) == 1
    twice = planned(dispensings.select("atc").union(dispensings.select("atc")))
    assert len(registry_scans(twice, lake)) == 2
