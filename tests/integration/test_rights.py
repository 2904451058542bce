"""What is written is for the user alone, or for the group that is asked for, whatever the umask."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ldn_spark.engine import rights
from tests.integration.commands import ldn
from tests.unit.delivery.deliveries import GOOD, HEADER

PRIVATE = {"folders": {0o700}, "files": {0o600}}
SHARED = {"folders": {0o750}, "files": {0o640}}


def modes(root: Path) -> dict[str, set[int]]:
    """The rights of everything below a folder, and of itself."""
    paths = [root, *root.rglob("*")]
    assert len(paths) > 1
    found = {"folders": set(), "files": set()}
    for path in paths:
        kind = "folders" if path.is_dir() else "files"
        found[kind].add(stat.S_IMODE(path.lstat().st_mode))
    return found


def test_every_file_of_every_command(every_command):
    for root in (every_command.delivery, every_command.lake, every_command.out):
        assert modes(root) == PRIVATE
    for name in ("dispensings/_delta_log", "_versions", "runs", "quality"):
        assert (every_command.lake / name).is_dir()
    assert list(every_command.out.rglob("compare.csv"))


def test_every_file_of_what_is_shared_with_the_group(tmp_path, engine):
    delivery, lake = tmp_path / "delivery", tmp_path / "lake"
    options = ["--share-group", "--engine", engine]
    ldn("simulate", delivery, "--people", "4000", *options)
    ldn("ingest", delivery, "--lake", lake, *options)
    run = ["ldn_2013", "--lake", lake, "--run-id", "r", *options]
    ldn(*run, job="cohort")
    for root in (delivery, lake, lake / "runs" / "r"):
        assert modes(root) == SHARED


def test_a_folder_that_was_there_keeps_its_rights_and_passes_on_its_group(tmp_path):
    delivery, lake = tmp_path / "a.txt", tmp_path / "lake"
    delivery.write_text("\n".join([";".join(HEADER), GOOD, ""]))
    lake.mkdir()
    lake.chmod(0o2755)
    ldn("ingest", delivery, "--lake", lake, "--share-group", "--engine", "sail", umask=0o077)
    assert stat.S_IMODE(lake.stat().st_mode) == 0o2755
    assert modes(lake / "dispensings") == {"folders": {0o2750}, "files": {0o640}}


@pytest.fixture
def chosen(monkeypatch):
    """Let a command choose, and undo it."""
    before = os.umask(0)
    os.umask(before)
    monkeypatch.setattr(rights, "_chosen", [])

    def choose(share_group):
        rights.keep_from_others(share_group=share_group)

    yield choose
    os.umask(before)


@pytest.mark.parametrize(
    ("lake", "table", "share_group", "said"),
    [
        (0o755, 0o755, False, "chmod -R go= "),
        (0o755, 0o700, False, None),
        (0o700, 0o755, False, None),
        (0o750, 0o750, True, None),
        (0o755, 0o755, True, "chmod -R o= "),
        (0o700, 0o700, True, "chmod -R g+rX "),
        (0o750, 0o700, True, "chmod -R g+rX "),
    ],
)
def test_a_lake_with_other_rights_is_told(tmp_path, chosen, lake, table, share_group, said):
    chosen(share_group)
    root = tmp_path / "lake"
    (root / "persons").mkdir(parents=True)
    (root / "persons").chmod(table)
    root.chmod(lake)
    found = list(rights.rights_warnings(root))
    assert [said in text for text in found] == ([True] if said else []), found
