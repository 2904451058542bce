"""The jobs of spark-submit are the commands of `ldn`: the same options, calls and results."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

import pytest
import typer

from ldn_spark.cli import options
from ldn_spark.cli.app import app, run
from ldn_spark.cli.ingest import ingest
from ldn_spark.cli.interrupts import INTERRUPTED, TERMINATED
from ldn_spark.cli.job import run_as_job
from ldn_spark.cli.options import add_command
from ldn_spark.cli.quality import quality
from ldn_spark.cli.simulate import simulate
from ldn_spark.cli.stages import ONLY_PUBLISHED, cohort, measure, publish, summarise
from ldn_spark.cli.study import run_study
from ldn_spark.errors import LdnSparkError
from ldn_spark.ingest.ingest import MAX_REJECTED_SHARE
from ldn_spark.lake.versions import publish_version, read_version

JOBS = Path(__file__).resolve().parents[2] / "jobs"
STAGES = [cohort, measure, summarise, publish]
COMMANDS = {"ingest": ingest, "simulate": simulate, "study": run_study, "quality": quality}

pytestmark = [
    pytest.mark.own_engine,
    pytest.mark.skipif(not find_spec("pysail"), reason="these jobs are tried on Sail"),
]


def test_every_job_is_a_command_or_a_stage():
    """A job's file does nothing by itself: it names what is run."""
    known = {**COMMANDS, **{stage.__name__: stage for stage in STAGES}}
    assert {path.stem for path in JOBS.glob("*.py")} == set(known)
    for name, command in known.items():
        tree = ast.parse((JOBS / f"{name}.py").read_text())
        calls = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Call)]
        assert calls == [f"run_job({command.__name__})"]
        assert any(
            node.module == command.__module__ and node.names[0].name == command.__name__
            for node in tree.body
            if isinstance(node, ast.ImportFrom)
        )


OF_A_STAGE = {"run_id", "again"}
DIFFERENT = {
    **{name: set() for name in COMMANDS},
    **{stage.__name__: {*ONLY_PUBLISHED, *OF_A_STAGE, "studies"} for stage in STAGES},
    "cohort": {*ONLY_PUBLISHED, *OF_A_STAGE},
    "publish": {*OF_A_STAGE, "studies"},
}
"""The options of each job that its command does not have, or the other way round."""


DECLARED = ("opts", "required", "default", "help", "metavar", "envvar", "min", "max")


def declared(function):
    """What is declared of the options of a command, by their names."""
    commands = typer.Typer(add_completion=False)
    add_command(commands, function)
    found = {}
    for one in typer.main.get_command(commands).params:
        typed = one.type_descriptor
        here = [typed.annotation, typed.parameter_info.callback]
        found[one.name] = here + [getattr(one, key) for key in DECLARED]
    return found


@pytest.mark.parametrize("job", DIFFERENT)
def test_a_job_has_the_options_of_its_command(job):
    """With the same names, types, defaults and help; what differs is named, and no more."""
    stages = {stage.__name__: stage for stage in STAGES}
    commands = {one.name or one.callback.__name__: one.callback for one in app.registered_commands}
    own = declared({**COMMANDS, **stages}[job])
    whole = declared(commands["run" if job in {*stages, "study"} else job])
    assert {name for name in {*own, *whole} if own.get(name) != whole.get(name)} == DIFFERENT[job]
    assert not ({"out", "published"} & DIFFERENT[job] & set(own)), "left out, not another"


def test_options_stand_in_the_table_alone():
    """Every parameter of every command is an option of the table, and a default is declared there.

    The same name may stand for several options of the table only where their help differs.
    """
    table = {id(one) for one in vars(options).values()}
    for command in [one.callback for one in app.registered_commands] + STAGES:
        for one in inspect.signature(command, eval_str=True).parameters.values():
            assert id(one.annotation) in table, f"{command.__name__}: {one.name}"
    helped = [get_args(one)[-1].help for one in vars(options).values() if get_args(one)[1:]]
    assert len(helped) == len(set(helped))
    assert f"; {MAX_REJECTED_SHARE}." in get_args(options.MaxRejectedShare)[-1].help


def test_every_option_for_a_lake_is_read_from_the_environment_too():
    commands = {function.__name__: function for function in STAGES}
    commands |= {one.callback.__name__: one.callback for one in app.registered_commands}
    of_lakes = {
        name: dict(zip(DECLARED, options["lake"][2:], strict=True))["envvar"]
        for name, options in ((name, declared(one)) for name, one in commands.items())
        if "lake" in options
    }
    assert set(of_lakes) >= {"check", "ingest", "run_study", "plan", "quality", "publish"}
    assert set(of_lakes.values()) == {"LDN_LAKE"}


def test_help_of_a_job():
    command = [sys.executable, str(JOBS / "simulate.py"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "simulate.py [OPTIONS]" in done.stdout
    assert "--first-year" in done.stdout


def test_a_wrong_call_ends_like_the_command(capsys):
    assert run_as_job(cohort, ["ldn_2013", "--lake", "gone", "--run-id", "r"]) == 10
    assert "there is no lake" in capsys.readouterr().err
    assert run_as_job(cohort, ["ldn_2013", "--bogus"]) == 2


WHERE_NOTHING_CAN_BE_WRITTEN = {
    "a file": ("results", 21, "is no folder"),
    "below a file": ("results/2013", 21, "is no folder"),
    "the runs of the lake": ("lake/runs/mine", 2, "runs of the lake stands there"),
    "a table of the lake": ("lake/dispensings/mine", 2, "dispensings of the lake stands there"),
}


@pytest.mark.parametrize("case", WHERE_NOTHING_CAN_BE_WRITTEN)
def test_a_place_where_nothing_can_be_written_is_said_before_any_engine_starts(
    tmp_path, capsys, monkeypatch, case
):
    place, code, said = WHERE_NOTHING_CAN_BE_WRITTEN[case]
    (tmp_path / "results").write_text("")
    (tmp_path / "lake" / "dispensings" / "_delta_log").mkdir(parents=True)
    monkeypatch.setattr("ldn_spark.engine.sessions.open_engine", None)
    where = ["--lake", str(tmp_path / "lake"), "--out", str(tmp_path / place)]
    assert run_as_job(publish, ["ldn_2013", *where, "--run-id", "r"]) == code
    assert said in capsys.readouterr().err
    assert run(["run", "ldn_2013", *where]) == code
    assert said in capsys.readouterr().err


def test_stages_alone_give_the_files_of_a_run_and_never_mix_two(tmp_path, capsys, monkeypatch):
    lake, out = tmp_path / "lake", tmp_path / "out"
    sail = ["--engine", "sail"]
    assert run_as_job(simulate, [str(tmp_path / "d"), "--people", "3000", *sail]) == 0
    assert run_as_job(ingest, [str(tmp_path / "d"), "--lake", str(lake), *sail]) == 0
    shared = ["--lake", str(lake), *sail]
    of_whole = ["--out", str(out / "whole"), "--published", "ldn_2013"]
    assert run(["run", "ldn_2013", *shared, *of_whole, "--run-id", "whole"]) == 0
    whole = Path(capsys.readouterr().out.splitlines()[-1])
    assert whole.name == "whole"
    mine = [*shared, "--run-id", "r1"]
    assert run_as_job(measure, mine) == 2
    assert "run r1: it has not begun in this lake" in capsys.readouterr().err
    assert run_as_job(cohort, ["ldn_2013", *mine]) == 0

    newer = replace(read_version(lake), number=2, persons=1)
    publish_version(lake, newer)  # what an ingest between two stages leaves
    others = {
        "it is a run of ldn_2013, not of": (measure, ["ldn_ms"]),
        "it reads version 1 of the lake, not 2": (measure, ["--as-of", "2"]),
        "it was begun with no --atc-version, not with --atc-version 2024": (
            summarise,
            ["--atc-version", "2024"],
        ),
    }
    with monkeypatch.context() as patched:
        patched.setattr("ldn_spark.engine.sessions.open_engine", None)
        for said, (stage, more) in others.items():
            assert run_as_job(stage, [*more, *mine]) == 21
            assert f"run r1: {said}" in capsys.readouterr().err
        assert run(["run", "ldn_2013", *mine, "--out", str(out / "parts")]) == 21
        assert "it reads version 1 of the lake, not 2" in capsys.readouterr().err

    assert run_as_job(measure, ["ldn_2013", *mine]) == 0
    assert run_as_job(summarise, mine) == 0
    of_parts = [*mine, "--out", str(out / "parts"), "--published", "ldn_2013"]
    assert run_as_job(publish, [*of_parts, "--drift", "nightly"]) == 0
    assert (out / "parts" / "ldn_2013" / "drift.html").is_file()
    parts = Path(capsys.readouterr().out.splitlines()[-1])
    assert parts.name == "r1"
    names = {path.relative_to(whole) for path in whole.rglob("*") if path.is_file()}
    assert names == {path.relative_to(parts) for path in parts.rglob("*") if path.is_file()}
    for name in names - {Path("manifest.json")}:
        assert (whole / name).read_bytes() == (parts / name).read_bytes(), name

    monkeypatch.setattr("ldn_spark.engine.sessions.open_engine", None)
    for stage, more in [
        (cohort, ["ldn_2013"]),
        (measure, []),
        (summarise, []),
        (publish, ["--out", str(out / "elsewhere")]),
    ]:
        assert run_as_job(stage, [*more, *mine]) == 21
        assert "run r1: it is published, and closed" in capsys.readouterr().err
    assert run_as_job(publish, [*mine, "--out", str(out / "parts")]) == 21
    assert "a run of this name is there already" in capsys.readouterr().err
    assert run_as_job(publish, of_parts) == 0
    assert run(["run", "ldn_2013", *shared, *of_whole, "--as-of", "1"]) == 0
    assert capsys.readouterr().out.splitlines() == [str(parts), str(whole)]


def test_help_keeps_angle_brackets(capsys):
    """Markup would take `<study>` for a tag."""
    brackets = {
        (name, tag)
        for name, command in typer.main.get_command(app).commands.items()
        for option in command.params
        for tag in re.findall(r"<\w+>", option.help or "")
    }
    assert ("run", "<study>") in brackets
    for name, tag in brackets:
        assert run([name, "--help"]) == 0
        assert tag in capsys.readouterr().out


def test_help_names_every_exit_code(capsys):
    assert run(["--help"]) == 0
    said = " ".join(capsys.readouterr().out.replace("│", " ").split())
    codes = {error.exit_code for error in (LdnSparkError, *LdnSparkError.__subclasses__())}
    for code in codes | {0, INTERRUPTED, TERMINATED, 141}:
        assert re.search(rf"(: |· ){code} [a-zA-Z]", said), code
