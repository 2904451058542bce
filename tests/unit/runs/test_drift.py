"""`ldn drift` on folders of runs: the run before, why, exit codes, and the page of all runs."""

from __future__ import annotations

import json
import re
import shutil
import stat
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from ldn_spark.cli.app import run as ldn
from ldn_spark.cli.drift_check import require_no_drift, thresholds_of
from ldn_spark.drift.dispensed import REGISTRY, Dispensed, registry_csv
from ldn_spark.errors import DriftError
from ldn_spark.lake.ledger import write_entry
from ldn_spark.reporting.result_files import attrition_csv, estimates_csv
from ldn_spark.runs.folder import write_manifest
from ldn_spark.texts.sealed import sealed
from tests.unit.lake.test_ledger import VERSION, entry
from tests.unit.runs.run_folders import manifest_of

DISPENSED = (Dispensed(2013, "N03AX09", 40, Decimal(2000), 0),)
KEPT = {"persons", "estimate", "difference", "mean_difference", "ci_low", "ci_high"}
FILES = [
    {"name": "first.txt", "sha256": "ab" * 32, "lines": 9, "version": 1},
    {"name": "late.txt", "sha256": "cd" * 32, "lines": 1, "version": 2},
]


@pytest.fixture
def run(tmp_path, definition, results):
    """Write the run of a day of November; more persons from one day to the next."""

    def write(day, *, persons=100, dispensed=DISPENSED, version=1, hash="0f" * 32, **study):
        folder = tmp_path / "out" / definition.id / f"night-{day:02d}"
        folder.mkdir(parents=True)
        few = replace(results, estimates=tuple(e for e in results.estimates if e.quantity in KEPT))
        (folder / "estimates.csv").write_bytes(estimates_csv(few).encode())
        (folder / "attrition.csv").write_bytes(attrition_csv(results).encode())
        if dispensed:
            (folder / REGISTRY).write_bytes(registry_csv(dispensed).encode())
        said = manifest_of(definition, folder.name)
        said["study"] |= {"hash": hash}
        said["study"]["definition"] |= study
        data = {"dispensings": 1000, "persons": persons, "last_dispensed_on": "2014-06-30"}
        said["input"] = {**data, "lake_version": version, "files": FILES[:version]}
        write_manifest(folder, said, ())
        at = json.loads((folder / "manifest.json").read_text())
        at.pop("sha256")
        at["ended"] = f"2026-11-{day:02d}T03:00:00+00:00"
        (folder / "manifest.json").write_text(json.dumps(sealed(at)))
        return folder

    return write


@pytest.fixture
def limits(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("persons: {fall: 0, rise: 5}\n")
    return str(file)


def test_the_first_run_has_nothing_to_be_compared_with(run, limits, capsys):
    folder = run(1)
    assert ldn(["drift", str(folder), "--thresholds", limits]) == 0
    assert "No earlier run of ldn_2013 is there" in capsys.readouterr().out


def test_what_moved_and_why(run, limits, capsys):
    run(1, persons=1)
    run(2)
    newest = run(3, persons=106, version=2, title="Another", hash="1f" * 32)
    assert ldn(["drift", str(newest.parent)]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "earlier 2026-11-02 03:00 UTC night-02" in out
    for said in (
        "study hash: 0f0f0f0f → 1f1f1f1f",
        "study file: other title",
        "lake version: 1 → 2",
        "files taken in: late.txt (1 line, version 2)",
        "persons 100 106 +6 (+6.00 %)",
    ):
        assert said in out
    assert ldn(["drift", str(newest), "--thresholds", limits]) == 12
    assert "1 number is above the thresholds." in capsys.readouterr().out
    assert ldn(["drift", str(newest), str(newest.parent / "night-01")]) == 0
    assert "night-01" in capsys.readouterr().out
    assert ldn(["drift", str(newest), "--thresholds", limits, "--format", "json"]) == 12
    assert json.loads(capsys.readouterr().out)["above"] == 1


def test_equal_runs_and_an_older_one(run, limits, capsys):
    older, newer = run(1), run(2)
    assert ldn(["drift", str(newer), "--thresholds", limits]) == 0
    out = capsys.readouterr().out
    assert "Study, data and software are the same." in out
    assert "Nothing moved." in out
    assert "Nothing is above its threshold." in out
    assert ldn(["drift", str(older)]) == 0
    assert "No earlier run" in capsys.readouterr().out


def test_what_cannot_be_compared(run, definition, tmp_path, capsys):
    run(1, persons=None, dispensed=())
    newest = run(2)
    assert ldn(["drift", str(newest)]) == 0
    out = capsys.readouterr().out
    assert "not compared: DDDs by year and code: run night-01 does not say them" in out
    assert "not compared: lines and persons of the registry: run night-01" in out
    other = tmp_path / "other"
    shutil.copytree(newest, other)
    said = json.loads((other / "manifest.json").read_text())
    said.pop("sha256")
    said["study"]["id"] = "another"
    (other / "manifest.json").write_text(json.dumps(sealed(said)))
    assert ldn(["drift", str(newest), str(other)]) == 2
    assert "the runs are of two studies, another and ldn_2013" in capsys.readouterr().err
    assert ldn(["drift", str(tmp_path / "none")]) == 2
    (tmp_path / "runs" / "begun").mkdir(parents=True)
    assert ldn(["drift", str(tmp_path / "runs" / "begun")]) == 3
    assert "holds no finished run" in capsys.readouterr().err


def test_damaged_runs_are_left_out(run, capsys):
    run(1)
    (run(2) / "estimates.csv").write_text("more")
    (run(3) / "manifest.json").write_text("{")
    newest = run(4)
    assert ldn(["drift", str(newest)]) == 0
    found = capsys.readouterr()
    assert "night-01" in found.out
    assert found.err.count("the run is left out") == 2
    (newest / REGISTRY).write_text("more")
    assert ldn(["drift", str(newest)]) == 3


def test_runs_that_the_ledger_names(run, tmp_path, definition, capsys):
    from ldn_spark.lake.versions import publish_version

    lake, newest = tmp_path / "lake", run(3)
    elsewhere = tmp_path / "elsewhere" / "night-02"
    shutil.copytree(run(2), elsewhere)
    shutil.rmtree(newest.parent / "night-02")
    publish_version(lake, VERSION)
    for day, folder in enumerate((elsewhere, tmp_path / "gone")):
        one = entry(day=day, study=definition.id)
        studies = [one.studies[0].model_copy(update={"folder": str(folder)})]
        assert write_entry(lake, one.model_copy(update={"studies": studies}))
    assert ldn(["drift", str(newest), "--ledger", str(lake)]) == 0
    found = capsys.readouterr()
    assert "night-02" in found.out
    assert f"1 run that the ledger names is not there any more: {tmp_path / 'gone'}" in found.err


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.figures, self.ids, self.labels = set(), [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.add(tag)
        self.ids += [given["id"]] if "id" in given else []
        self.labels += given.get("aria-labelledby", "").split()
        self.figures += [given] if tag == "svg" else []


def test_the_page_of_all_runs(run, tmp_path, limits, capsys):
    run(1, version=1)
    run(2, version=2)
    run(3, version=2, hash="1f" * 32, title="<script>alert(1)</script>")
    place = tmp_path / "pages" / "drift.html"
    newest = run(4, version=2, persons=120, hash="1f" * 32, title="<script>alert(1)</script>")
    arguments = ["drift", str(newest), "--thresholds", limits, "--page", str(place)]
    assert ldn(arguments) == 12
    assert capsys.readouterr().out.splitlines()[-1] == str(place)
    text = place.read_text()
    assert text.startswith("<!-- Restricted: not disclosure-controlled; do not pass on. -->")
    assert "All 4 runs of the study" in text
    page = Page(text)
    assert not {"script", "link", "img", "iframe"} & page.tags
    assert "&lt;script&gt;alert(1)" in text
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"|"http://www.w3.org[^"]*"', "", text)
    assert len(page.figures) > 10
    assert all(given["role"] == "img" for given in page.figures)
    assert len(set(page.ids)) == len(page.ids)
    assert set(page.labels) <= set(page.ids)
    assert 'class="above"' in text
    assert text.count("above its threshold</b>") == 1, "the persons' figure says it in words"
    assert ldn(arguments) == 12
    assert place.read_text() == text, "the same runs give the same bytes"
    assert ldn(["drift", str(newest), "--page", str(tmp_path)]) == 21
    assert f"{tmp_path}: is a folder" in capsys.readouterr().err


def test_a_scheduled_run_writes_the_page_and_is_told(run, limits, caplog):
    first, name = run(1), thresholds_of(limits)
    page = first.parent / "drift.html"
    require_no_drift(name, [], [first])
    assert page.is_file()
    second = run(2, persons=120)
    with pytest.raises(DriftError) as caught:
        require_no_drift(name, [second], [])
    assert caught.value.exit_code == 12
    said = str(caught.value)
    assert (
        f"study ldn_2013: 1 number is above the thresholds of {limits}: persons 100 → 120" in said
    )
    assert "the run is published" in said
    assert "All 2 runs" in page.read_text()
    assert stat.S_IMODE(page.stat().st_mode) & stat.S_IRWXO == 0
    require_no_drift(name, [run(3, persons=120)], [])
