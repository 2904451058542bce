"""Nights of a scheduled study: an unchanged one, one with a small delivery, and one after it."""

from __future__ import annotations

import csv
import io
import shutil

import pytest

from tests.integration.commands import ldn


def bytes_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def ledger(lake):
    return list(csv.DictReader(io.StringIO(ldn("runs", lake, "--csv").stdout)))


def late_lines(delivery, into):
    """All lines of two persons who start the exposure, of persons that nobody knows yet."""
    texts = [file.read_text(encoding="iso-8859-1") for file in sorted(delivery.glob("*.txt"))]
    header, *lines = [line for text in texts for line in text.splitlines(keepends=True)]
    starters = sorted({one.split(";")[0] for one in lines if ";N07BB04;" in one})[:2]
    late = [f"{one[:9]}LATE-{one[9:]}" for one in lines if one.split(";")[0] in starters]
    into.mkdir()
    (into / "late.txt").write_text("".join([header, *late]), encoding="iso-8859-1")


def test_nights_leave_a_ledger_a_page_and_a_lake_of_its_data(every_command, engine, tmp_path):
    if engine != "sail":
        pytest.skip("the commands are the same; the drift is told without an engine")
    lake, out, incoming = tmp_path / "lake", tmp_path / "out", tmp_path / "incoming"
    shutil.copytree(every_command.lake, lake)
    shutil.copytree(every_command.out, out)
    late_lines(every_command.delivery, incoming)
    limits = tmp_path / "limits.yaml"
    limits.write_text("persons: {fall: 0, rise: 0}\nestimates: {lost: 0}\n")
    study = ["run", "ldn_2013", "--lake", lake, "--out", out, "--engine", engine]
    study += ["--drift", limits]
    page, before = out / "ldn_2013" / "drift.html", bytes_of(lake)

    (first,) = (out / "ldn_2013").glob("2*")
    assert ldn(*study).stdout.splitlines() == [str(first)]
    assert "One run." in page.read_text()

    ldn("ingest", incoming, "--lake", lake, "--engine", engine)
    done = ldn(*study, code=12)
    (folder,) = done.stdout.splitlines()
    assert "the run is published" in done.stderr
    assert "late.txt" in page.read_text()
    ldn("prune", lake, "--keep-versions", "1", "--keep-runs", "1", "--apply")
    assert bytes_of(lake) < 1.3 * before

    assert ldn(*study).stdout.splitlines() == [folder]
    assert "All 2 runs of the study" in page.read_text()
    told = [(one["outcome"], one["exit_code"], one["folder"]) for one in ledger(lake)]
    assert told[1:] == [
        ("nothing to do", "0", str(first)),
        ("done", "12", folder),
        ("nothing to do", "0", folder),
    ]
