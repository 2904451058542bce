"""The `ldn` command as a person uses it: what it prints, what it leaves, how it fails."""

from __future__ import annotations

import hashlib
import html
import io
import json
import logging
import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import pytest

from ldn_spark.cli.app import run
from ldn_spark.cli.logs import heard, log_format, log_warnings
from ldn_spark.cli.reporters import progress_shown
from ldn_spark.progress import Progress, report
from ldn_spark.runs.folder import new_run_folder
from ldn_spark.texts.documents import conf_folder

HEADER = (
    "PasientLopeNr;PasientKjonn;PasientFodtAr;ATCKode;Varenr;Varenavn;UtleveringsDato;"
    "OrdinasjonAntallDDD"
)
CANARY = "CANARY4711"

pytestmark = [
    pytest.mark.own_engine,
    pytest.mark.skipif(not find_spec("pysail"), reason="the command defaults to Sail"),
]


def line(person="P1", atc="N07BB04", product="980123", day="2013.03.01", ddd="30,0"):
    return f"{person};2;1960;{atc};{product};x;{day};{ddd}"


@pytest.fixture
def delivery(tmp_path):
    """Three starters: one in each stratum; the first uses antidepressants."""
    lines = [HEADER, line(), line(atc="N06AB03", day="2013.02.01")]
    lines += [line("P2", day=f"2013.0{month}.01") for month in (3, 5)]
    lines += [line("P3", day=f"2013.0{month}.01") for month in (3, 4, 5, 6)]
    path = tmp_path / "dispensings.txt"
    path.write_text("\n".join(lines) + "\n", encoding="iso-8859-1")
    (tmp_path / "ldn.txt").write_text("980123\n")
    return path


def ldn(capsys, *arguments):
    """Exit code, standard output and standard error of a call."""
    code = run([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_from_files_to_tables(capsys, delivery, tmp_path):
    lake, out = tmp_path / "lake", tmp_path / "out"
    code, said, _ = ldn(capsys, "ingest", delivery, "--source", "norpd", "--lake", lake)
    assert code == 0
    assert "3 persons, 8 dispensings" in said

    code, said, _ = ldn(capsys, "ingest", delivery, "--lake", lake)
    assert code == 0
    assert "already in the lake" in said
    assert "(noop)" in said

    replace = f"ldn_products={tmp_path / 'ldn.txt'}"
    code, said, _ = ldn(capsys, "plan", "ldn_2013", "--lake", lake, "--codelist", replace)
    assert code == 0
    assert "7 dispensings in the index period, 7 of them" in said.replace("\n", " ")

    arguments = ("run", "ldn_2013", "--lake", lake, "--out", out, "--codelist", replace)
    code, said, warned = ldn(capsys, *arguments)
    assert code == 0
    folder = tmp_path / said.splitlines()[-1]
    assert "warning: outcome N05C" in warned

    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["released"] is False
    assert {entry["path"] for entry in manifest["outputs"]} == {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    assert (out / "ldn_2013" / "latest").read_text().strip() == folder.name

    code, said, _ = ldn(capsys, "show", folder)
    assert code == 0
    assert "Table 1." in said
    assert "Table 4." in said


def test_the_atc_version_of_a_lake_is_said(capsys, delivery, tmp_path):
    """A recoded lake stops plan and run with the mend; said, both go through."""
    with delivery.open("a", encoding="iso-8859-1") as stream:
        stream.write(line(atc="N02BF01", day="2013.02.02") + "\n")
    lake = tmp_path / "lake"
    ldn(capsys, "ingest", delivery, "--lake", lake)
    replace = f"ldn_products={tmp_path / 'ldn.txt'}"
    arguments = ["ldn_2013", "--lake", lake, "--codelist", replace]
    for command in (["plan"], ["run", "--out", tmp_path / "out"]):
        code, said, warned = ldn(capsys, *command, *arguments)
        assert code == 12
        assert "say which, as in --atc-version 2023" in warned.replace("\n", " ")
        assert ("outcome" in said) == (command == ["plan"]), "the plan is shown all the same"
        code, said, _ = ldn(capsys, *command, *arguments, "--atc-version", "2024")
        assert code == 0
        assert ("N02BF01" in said) == (command == ["plan"])
    code, _, warned = ldn(capsys, "plan", *arguments, "--atc-version", "24")
    assert (code, "'24' is neither a year nor NAME=YEAR" in warned) == (2, True)


def test_the_printed_command_makes_the_same_files_again(capsys, monkeypatch, delivery, tmp_path):
    """With every option, from files of odd names, after the lake has taken in more."""
    lake = tmp_path / "lake"
    ldn(capsys, "ingest", delivery, "--lake", lake)
    study = (conf_folder() / "studies" / "ldn_2013.yaml").read_text(encoding="utf-8")
    (tmp_path / "my study.yaml").write_text(study, encoding="utf-8")
    values = "place,table,stratum,outcome,quantity,published\nTable 1,cohort,LDNx1,,persons,2\n"
    (tmp_path / "it's printed.csv").write_text(values)
    monkeypatch.chdir(tmp_path)
    code, said, _ = ldn(
        capsys, "run", tmp_path / "my study.yaml", "--lake", lake, "--out", "one",
        "--codelist", f"ldn_products={tmp_path / 'ldn.txt'}",
        "--atc-version", "dispensings.txt=2013",
        "--published", "it's printed.csv",
    )  # fmt: skip
    assert code == 0
    first = tmp_path / said.splitlines()[-1]

    later = delivery.with_name("later.txt")
    later.write_text("\n".join([HEADER, line("P9", day="2014.03.01")]) + "\n")
    ldn(capsys, "ingest", later, "--lake", lake)
    report = (first / "report.html").read_text(encoding="utf-8")
    command = html.unescape(re.search("<pre[^>]*><code>(ldn run .*)</code></pre>", report)[1])
    assert json.loads((first / "manifest.json").read_text())["command"] == command
    places = {"LAKE": str(lake), "OUT": "two"}
    code, said, _ = ldn(capsys, *(places.get(one, one) for one in shlex.split(command)[1:]))
    assert code == 0
    second = tmp_path / said.splitlines()[-1]
    assert first.name[-8:] == second.name[-8:], "the key of what is computed"
    files = [path.relative_to(first) for path in first.rglob("*") if path.is_file()]
    assert Path("compare.csv") in files
    for name in files:
        same = (first / name).read_bytes() == (second / name).read_bytes()
        assert same or name.name == "manifest.json", name

    for name in ("my study.yaml", "ldn.txt", "it's printed.csv"):
        digest = hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
        assert f'{html.escape(name)}, SHA-256 <span class="hash">{digest}' in report.replace(
            "&#39;", "&#x27;"
        )


def test_no_value_of_a_row_leaves_the_lake(capsys, caplog, delivery, tmp_path):
    """A canary in every field: rejected or accepted, it stands in no message and no result."""
    bad = [f"{CANARY};2;1960;{CANARY};980123;x;2013.03.01;30,0", f"{CANARY};2;1960"]
    good = [line(CANARY), line(CANARY, atc="N06AB03", day="2013.02.01", ddd="4711,123456")]
    with delivery.open("a", encoding="iso-8859-1") as stream:
        stream.write("\n".join([*bad, *good]) + "\n")
    lake, out = tmp_path / "lake", tmp_path / "out"
    caplog.set_level(logging.DEBUG)
    said = ldn(capsys, "ingest", delivery, "--lake", lake)
    assert "atc_malformed 1" in said[1].replace("\n", "")
    replace = f"ldn_products={tmp_path / 'ldn.txt'}"
    said += ldn(capsys, "run", "ldn_2013", "--lake", lake, "--out", out, "--codelist", replace)
    assert CANARY not in "".join(map(str, said))
    assert {"ldn_spark.progress"} <= {record.name for record in caplog.records}
    assert not [record for record in caplog.records if CANARY in repr(vars(record))]
    for path in out.rglob("*"):
        assert not path.is_file() or CANARY.encode() not in path.read_bytes(), path.name
    for log in lake.rglob("_delta_log/*.json"):
        assert CANARY not in log.read_text(), log


WRONG = {
    "no such command": (["bogus"], 2, "No such command"),
    "no such study": (["run", "ldn_2031", "--lake", "l", "--out", "o"], 3, "mean 'ldn_2013'"),
    "no such lake": (["run", "ldn_2013", "--lake", "l", "--out", "o"], 10, "there is no lake"),
    "no such codelist": (
        ["run", "ldn_2013", "--lake", "l", "--out", "o", "--codelist", "x=y"], 2, "no codelist 'x'",
    ),
    "not NAME=FILE": (
        ["run", "ldn_2013", "--lake", "l", "--out", "o", "--codelist", "x"], 2, "not NAME=FILE",
    ),
    "two files of a name": (
        ["run", "ldn_2013", "--lake", "l", "--out", "o", *["--codelist", "x=y"] * 2], 2, "twice",
    ),
    "no such delivery": (["ingest", "gone", "--lake", "l"], 10, "no such file or folder"),
    "a glob that matches nothing": (["ingest", "*.gone", "--lake", "l"], 10, "matches no file"),
    "no such source": (["ingest", "x", "--lake", "l", "--source", "nopd"], 3, "mean 'norpd'"),
    "no such engine": (["simulate", "d", "--engine", "duck"], 2, "there is no engine 'duck'"),
    "not a run": (["show", "gone"], 2, "there is no such folder"),
    "no published file": (["audit", "gone.csv"], 2, "no such file"),
    "no such schema": (["schema", "lake"], 2, "use study, source, thresholds or policy"),
    "no such log format": (["simulate", "d", "--log-format", "xml"], 2, "there is no 'xml'"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_call_is_one_clear_message(capsys, tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    arguments, code, message = WRONG[case]
    got, said, warned = ldn(capsys, *arguments)
    assert got == code
    assert message in (said + warned).replace("\n", " ")
    assert "Traceback" not in said + warned
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


JSON = {
    "a user error": (["ingest", "gone", "--lake", "l"], 10, "error", "DeliveryError"),
    "a missing option": (["ingest", "gone"], 2, "error", "UsageError"),
    "a value that is no text": (["run", "x", "--lake", "\udcff"], 2, "error", "UsageError"),
    "a check": (["check", "gone"], 10, "error", "DeliveryError"),
}


@pytest.mark.parametrize("case", JSON)
def test_all_of_standard_error_as_json(capsys, tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    arguments, code, level, event = JSON[case]
    for option in (["--log-format", "json"], ["--log-format=json"]):
        got, _, warned = ldn(capsys, *arguments, *option)
        assert got == code
        found = [json.loads(line) for line in warned.splitlines()]
        assert (found[-1]["level"], found[-1]["event"]) == (level, event)
        assert found[-1]["exit_code"] == code
        assert found[-1]["problems"]
    got, _, warned = ldn(capsys, *arguments, "--log-format", "json", "--log-format", "text")
    assert got == code
    assert not warned.startswith("{"), "the last one counts"
    assert not logging.getLogger("ldn_spark.cli").handlers


def test_warnings_as_json(capsys):
    with heard():
        log_format("json")
        log_warnings(["two things"])
        log_format("text")
        log_warnings(["two things"])
    event, line = capsys.readouterr().err.splitlines()
    event = json.loads(event)
    assert event.pop("ts")
    assert event == {"level": "warning", "event": "warning", "message": "two things"}
    assert line == "warning: two things"


def test_nobody_in_the_cohort(capsys, delivery, tmp_path):
    lake, study = tmp_path / "lake", tmp_path / "study.yaml"
    condition = "{id: old, label: Old, keep_if: {age: {at_least: 130, at_most: null}}}"
    content = (conf_folder() / "studies" / "ldn_2013.yaml").read_text(encoding="utf-8")
    study.write_text(content.replace("eligibility: []", f"eligibility: [{condition}]"), "utf-8")
    ldn(capsys, "ingest", delivery, "--lake", lake)
    replace = f"ldn_products={tmp_path / 'ldn.txt'}"
    arguments = ("run", study, "--lake", lake, "--out", tmp_path / "out", "--codelist", replace)
    code, _, warned = ldn(capsys, *arguments)
    assert code == 11
    assert "nobody is left after the step" in warned.replace("\n", " ")
    assert not (tmp_path / "out").exists()


def test_product_numbers_of_another_register(capsys, delivery, tmp_path):
    lake = tmp_path / "lake"
    ldn(capsys, "ingest", delivery, "--lake", lake)
    for arguments in (["run", "--out", tmp_path / "out"], ["plan"]):
        code, _, warned = ldn(capsys, arguments[0], "ldn_2013", "--lake", lake, *arguments[1:])
        assert code == 12
        said = warned.replace("\n", " ")
        assert "codelist ldn_products: none of its 3 product numbers is dispensed" in said
        assert "--codelist ldn_products=FILE" in said
    assert not (tmp_path / "out").exists()


def test_version_and_help(capsys):
    assert ldn(capsys, "--version")[1].startswith("ldn_spark ")
    code, said, _ = ldn(capsys, "run", "--help")
    assert code == 0
    assert "--as-of" in said


def test_a_run_folder_appears_whole_or_not_at_all(tmp_path):
    def fail_half_way():
        with new_run_folder(tmp_path / "study", "one") as (draft, _):
            (draft / "half").write_text("written")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        fail_half_way()
    assert list((tmp_path / "study").iterdir()) == []
    with new_run_folder(tmp_path / "study", "one") as (draft, final):
        (draft / "whole").write_text("written")
        assert not final.exists()
    assert (final / "whole").is_file()


STAGES = [
    Progress("parsing lines", 1, 4, "blocks", {"rejected": 2}),
    Progress("parsing lines", 2, 4, "blocks"),  # too soon after the first
    Progress("parsing lines", 4, 4, "blocks", {"rejected": 2}),
    Progress("finding the cohort", 1, 5, "stages"),
    Progress("writing dispensings", 984_000_000, 984_000_000, "rows", {"rejected": 10**9}),
]


def test_progress_as_a_line_for_every_stage(capsys):
    with progress_shown("text"):
        for progress in STAGES:
            report(progress)
    lines = capsys.readouterr().err.splitlines()
    assert [line.rpartition(", ")[0] for line in lines] == [
        "parsing lines: 4 of 4 blocks (rejected 2)",
        "finding the cohort: step 2 of 5",
        "writing dispensings: 984.0 of 984.0 million rows (rejected 1\u202f000\u202f000\u202f000)",
    ]


def test_progress_as_json(capsys):
    with progress_shown("json"):
        for progress in STAGES[:3]:
            report(progress)
    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [event["done"] for event in events] == [1, 4]
    assert events[0]["rejected"] == 2


@pytest.mark.parametrize("width", [80, 140])
def test_progress_as_bars_that_fit_a_terminal(monkeypatch, width):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv("COLUMNS", str(width))
    stream = Terminal()
    with progress_shown("auto", stream):
        for progress in STAGES:
            report(progress)
    shown = [line.rstrip() for line in re.split(r"[\r\n]", stream.getvalue())]
    lines = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line).rstrip() for line in shown]
    last = lines[-4:-1]
    assert [line.split()[0] for line in last] == ["parsing", "finding", "writing"]
    for text in ("4 of 4 blocks", "step 2 of 5", "984.0 of 984.0 million rows"):
        assert any(text in line for line in last)
    assert max(map(len, lines)) <= width
    assert "of 100 " not in "".join(lines), "no total is shown before it is known"
    assert ("rejected 1\u202f000\u202f000\u202f000" in "".join(last)) == (width == 140)
