"""What is pruned, what stays, and a lake that can be read whenever a prune is interrupted."""

from __future__ import annotations

import json
import os
import shutil

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from ldn_spark.cli.app import run as ldn
from ldn_spark.errors import ConflictError, EngineError
from ldn_spark.lake import pruning
from ldn_spark.lake.checking import require_whole
from ldn_spark.lake.pruning import prune
from ldn_spark.lake.readers import READERS, present, reading
from ldn_spark.lake.recording import with_sums
from ldn_spark.lake.retention import DAY, Keep, plan_prune
from ldn_spark.lake.small_files import only_one, put_if_absent
from ldn_spark.lake.sums import sum_file
from ldn_spark.lake.verify import verify_lake
from ldn_spark.lake.versions import (
    Lake,
    LakeVersion,
    known_versions,
    only_writer,
    publish_version,
    read_version,
)
from ldn_spark.places.files import sizes_below
from ldn_spark.texts.sealed import sealed

VERSIONS = 4
NOW = 2_000_000_000.0
TABLES = ("dispensings", "persons")


def run(lake, name, version=1, days=0.0, study="a", published=True, bound=True):
    """A run of so many days ago, with a table."""
    folder = lake / "runs" / name
    (folder / "cohort" / "1").mkdir(parents=True)
    (folder / "cohort" / "1" / "rows.parquet").write_bytes(b"rows")
    files = {"cohort/1/rows.parquet": str(sum_file(folder / "cohort" / "1" / "rows.parquet"))}
    put_if_absent(folder / "cohort.json", json.dumps(sealed({"files": files})).encode())
    if bound:
        said = sealed({"studies": [{"id": study}], "lake_version": version})
        put_if_absent(folder / "run.json", json.dumps(said).encode())
    if published:
        said = sealed({"folders": {study: f"/out/{name}"}})
        put_if_absent(folder / "published.json", json.dumps(said).encode())
    for file in folder.glob("*.json"):
        os.utime(file, (NOW - days * DAY, NOW - days * DAY))
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A lake of several versions: one table is written anew each time, the other extended."""
    lake = tmp_path_factory.mktemp("pruned") / "lake"
    before = None
    for number in range(1, VERSIONS + 1):
        rows = pa.table({"year": [2011 + number], "atc": ["N02AA01"], "ddd": [number]})
        write_deltalake(lake / "dispensings", rows, partition_by=["year"], mode="append")
        write_deltalake(lake / "persons", rows, mode="overwrite")
        draft = LakeVersion(number, dict.fromkeys(TABLES, number - 1), (), 1, 1, 0, 0, layout=2)
        before = with_sums(Lake(None, lake), draft, before)
        publish_version(lake, before)
    return lake


@pytest.fixture
def lake(made, tmp_path):
    return shutil.copytree(made, tmp_path / "lake")


def held(lake):
    """Every file but the records of prunes, locks and what libraries name by chance."""
    files = (str(file.relative_to(lake)) for file in sizes_below(lake))
    return {name for name in files if not name.startswith("_pruned") and "_lock" not in name}


def rows(lake, number):
    """What the tables of a version hold, as another library reads them."""
    version = read_version(lake, number).tables
    tables = {
        t: DeltaTable(str(lake / t), version=at).to_pyarrow_table() for t, at in version.items()
    }
    return {name: sorted(map(str, table.to_pylist())) for name, table in tables.items()}


def require_good(lake):
    assert not verify_lake(lake).problems
    for number in known_versions(lake):
        require_whole(lake, read_version(lake, number))


def test_what_goes_and_what_stays(lake):
    before = {number: rows(lake, number) for number in (3, 4)}
    (lake / "_staging" / "killed").mkdir(parents=True)
    (lake / "_staging" / "killed" / "rows.arrow").write_bytes(b"pseudonyms")
    (lake / "quality" / "1").mkdir(parents=True)
    (lake / "quality" / "1" / "quality.html").write_bytes(b"page")
    (lake / "persons" / ".draft").write_bytes(b"half")
    names = held(lake)
    planned = plan_prune(lake, Keep(2), NOW)
    assert held(lake) == names
    assert planned == prune(lake, Keep(2), NOW)
    assert known_versions(lake) == [3, 4]
    require_good(lake)
    assert {number: rows(lake, number) for number in (3, 4)} == before
    assert {one.kind for one in planned.going} == {"versions", "data", "log", "quality", "rests"}
    left = held(lake)
    assert not {name for name in left if "_staging" in name or "quality" in name or "draft" in name}
    assert len([name for name in left if name.endswith(".parquet") and "persons/part" in name]) == 2
    assert len([name for name in left if "persons/_delta_log/0" in name]) == 3  # with a checkpoint
    (record,) = (lake / "_pruned").glob("*.json")
    assert json.loads(record.read_text())["versions"] == [1, 2]
    assert not prune(lake, Keep(2), NOW).going


def test_further_versions_and_prunes_build_on_a_checkpoint(lake):
    prune(lake, Keep(2), NOW)
    before = read_version(lake)
    more = pa.table({"year": [2020], "atc": ["A"], "ddd": [9]})
    for table in TABLES:
        write_deltalake(lake / table, more, mode="append")
    draft = LakeVersion(5, dict.fromkeys(TABLES, 4), (), 1, 1, 0, 0, layout=2)
    publish_version(lake, with_sums(Lake(None, lake), draft, before))
    require_good(lake)
    content = rows(lake, 5)
    prune(lake, Keep(1), NOW)
    require_good(lake)
    assert known_versions(lake) == [5]
    assert rows(lake, 5) == content


def test_damage_behind_a_checkpoint_is_found(lake):
    prune(lake, Keep(2), NOW)
    for file in (lake / "persons" / "_delta_log").glob("*[0-9].checkpoint.parquet"):
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    (problem,) = verify_lake(lake).problems
    assert "checkpoint" in problem.where
    with pytest.raises(EngineError, match="checkpoint"):
        prune(lake, Keep(1), NOW)


class KilledError(BaseException):
    """What no handler of ours takes."""


def test_killed_at_every_step(made, tmp_path, monkeypatch):
    def copied(name):
        lake = shutil.copytree(made, tmp_path / name)
        (lake / "_staging").mkdir()
        (lake / "_staging" / "rows.arrow").write_bytes(b"pseudonyms")
        run(lake, "old", days=9)
        run(lake, "new")
        return lake

    keep = Keep(1, runs=1)
    whole = copied("whole")
    steps = []
    monkeypatch.setattr(pruning, "reached", steps.append)
    prune(whole, keep, NOW)
    assert len(steps) > 9
    latest = rows(whole, VERSIONS)
    for at in range(len(steps)):
        lake = copied(f"killed-{at}")
        left = list(range(at + 1))

        def kill(_, left=left):
            left.pop()
            if not left:
                raise KilledError

        monkeypatch.setattr(pruning, "reached", kill)
        with pytest.raises(KilledError):
            prune(lake, keep, NOW)
        require_good(lake)
        assert rows(lake, VERSIONS) == latest
        monkeypatch.setattr(pruning, "reached", lambda _: None)
        prune(lake, keep, NOW)
        require_good(lake)
        assert held(lake) == held(whole)
        assert not prune(lake, keep, NOW).going


@pytest.mark.parametrize(
    ("made_of", "keep", "goes"),
    [
        ({"published": False, "days": 8}, Keep(), True),
        ({"published": False, "days": 8}, Keep(abandoned_after=9), False),
        ({"published": False, "bound": False, "days": 8}, Keep(), True),
        ({"published": False, "days": 6}, Keep(1), False),
        ({"days": 900}, Keep(1), False),
        ({"days": 900}, Keep(runs=2), True),
        ({"days": 900, "study": "b"}, Keep(runs=2), False),
        ({"days": 900, "study": "b"}, Keep(runs=0), True),
        ({"days": 900, "bound": False}, Keep(), True),
    ],
)
def test_which_runs_go(lake, made_of, keep, goes):
    run(lake, "other", days=5)
    run(lake, "another", days=4)
    run(lake, "this", **made_of)
    found = {one.place.name for one in prune(lake, keep, NOW).runs}
    assert ("this" in found) == goes
    assert (lake / "runs" / "this").exists() != goes


def test_what_is_worked_on_stays(lake):
    unfinished = run(lake, "unfinished", version=2, days=1, published=False)
    held_run = run(lake, "held", version=3, days=90, published=False)
    with only_one(held_run, None), reading(lake, 1):
        plan = prune(lake, Keep(1), NOW)
        assert known_versions(lake) == [1, 2, 3, 4]
        assert not plan.runs
        assert {"version 1 stays: it is being read"} <= set(plan.stays)
    assert not list((lake / READERS).glob("*"))
    shutil.rmtree(unfinished)
    shutil.rmtree(held_run)
    prune(lake, Keep(1), NOW)
    assert known_versions(lake) == [4]


def test_a_reader_who_comes_meanwhile_loses_nothing(lake, monkeypatch):
    readers = []

    def come(step):
        if step == "version" and not readers:
            readers.append(present(lake, 2))
            readers[0].__enter__()

    monkeypatch.setattr(pruning, "reached", come)
    with pytest.raises(ConflictError, match="begun to read"):
        prune(lake, Keep(1), NOW)
    readers[0].__exit__(None, None, None)
    assert known_versions(lake) == [1, 2, 3, 4]
    require_good(lake)
    prune(lake, Keep(1), NOW)
    with pytest.raises(ConflictError, match="version 2 was pruned meanwhile"), reading(lake, 2):
        pass


def test_old_commits_stay_while_somebody_reads(lake):
    with reading(lake, 4) as version:
        prune(lake, Keep(1), NOW)
        require_whole(lake, version)  # by the record as it was before
    assert len(list((lake / "persons" / "_delta_log").glob("*.json"))) == VERSIONS
    require_good(lake)
    prune(lake, Keep(1), NOW)
    assert len(list((lake / "persons" / "_delta_log").glob("*.json"))) == 1
    require_good(lake)


def test_the_command(lake, capsys):
    names = held(lake)
    assert ldn(["prune", str(lake), "--keep-versions", "2"]) == 0
    told = capsys.readouterr().out
    assert "versions  1-2 " in told
    assert "do it with --apply" in told
    assert held(lake) == names
    with only_writer(lake):
        assert ldn(["prune", str(lake), "--apply"]) == 20
    with present(lake):
        assert ldn(["prune", str(lake), "--apply"]) == 20
    assert ldn(["prune", str(lake), "--keep-versions", "0"]) == 2
    assert ldn(["prune", str(lake.parent / "none")]) == 10
    capsys.readouterr()
    assert ldn(["prune", str(lake), "--keep-versions", "2", "--apply", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["versions"], said["kept_versions"]) == ([1, 2], [3, 4])
    assert said["bytes"] == sum(one["bytes"] for one in said["going"]) > 0
    assert ldn(["verify", str(lake)]) == 0
    (lake / "_versions" / "00000003.json").write_text("{}")
    assert ldn(["prune", str(lake), "--keep-versions", "1"]) == 40
