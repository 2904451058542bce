"""The examples of schedules can be read by what reads them, and call what is there."""

from __future__ import annotations

import ast
import configparser
import re
import shlex
from pathlib import Path

import pytest
import typer
from ruamel.yaml import YAML

from ldn_spark.cli.app import app
from ldn_spark.errors import LdnSparkError

PROJECT = Path(__file__).parents[2]
SCHEDULES = PROJECT / "docs" / "schedules"
CODES = {kind.exit_code for kind in LdnSparkError.__subclasses__()} - {30, 40}
FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
"""The bounds of the five fields of a time of cron."""


def require_job(command):
    """A call of submit.sh names a job that is there, and options of submit.sh or of the job."""
    words = shlex.split(command.partition(";")[0].partition(" 2>>")[0])
    at = next(n for n, word in enumerate(words) if word.endswith("scripts/submit.sh"))
    given = words[at + 1 :]
    job = given[given.index("--job") + 1] if "--job" in given else "study"
    assert (PROJECT / "jobs" / f"{job}.py").is_file()
    known = (PROJECT / "scripts" / "submit.sh").read_text()
    known += (PROJECT / "ldn_spark" / "cli" / "options.py").read_text()
    for word in given:
        if word.startswith("--"):
            assert f'"{word}"' in known or f"{word})" in known, word


def require_command(command):
    """A call of ldn names a command that is there, and options that it has."""
    words = shlex.split(command.partition(" 2>>")[0])
    name, *given = words[next(n for n, word in enumerate(words) if word.endswith("bin/ldn")) + 1 :]
    found = typer.main.get_command(app).commands[name]
    known = {option for one in found.params for option in one.opts}
    assert {word for word in given if word.startswith("--")} <= known


def require_call(command):
    """A call of submit.sh, or of ldn."""
    (require_job if "scripts/submit.sh" in command else require_command)(command)


def test_the_dag_of_airflow():
    """Its names are read without Airflow, and its tasks call what is there."""
    tree = ast.parse((SCHEDULES / "airflow_dag.py").read_text())
    named = [node for node in tree.body if isinstance(node, ast.Assign)]
    names = {}
    exec(compile(ast.Module(named, []), "names", "exec"), names)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    operators = [one for one in calls if ast.unparse(one.func) == "PythonOperator"]
    given = [{one.arg: ast.unparse(one.value) for one in call.keywords} for call in operators]
    assert [one["op_args"] for one in given] == ["INGEST", "STUDY"]
    assert {one["python_callable"] for one in given} == {"submit"}
    for name in ("INGEST", "STUDY"):
        words = ["scripts/submit.sh", *names["MASTER"], *names[name], "--log-format", "json"]
        require_job(shlex.join(words))
    assert names["TRY_AGAIN"] == {20, 30, 40}
    (dag,) = (one for one in calls if ast.unparse(one.func) == "DAG")
    options = {one.arg: one.value for one in dag.keywords}
    cron_time(options["schedule"].value)
    assert options["max_active_runs"].value == 1


def test_the_application_of_kubernetes():
    found = YAML(typ="safe", pure=True).load(SCHEDULES / "spark_application.yaml")
    assert found["kind"] == "ScheduledSparkApplication"
    cron_time(found["spec"]["schedule"])
    application = found["spec"]["template"]
    job = application["mainApplicationFile"].removeprefix("local:///opt/ldn/")
    assert (PROJECT / job).is_file()
    require_job(f"scripts/submit.sh {shlex.join(application['arguments'])}")
    assert application["restartPolicy"]["type"] == "Never"
    shipped = dict(
        line.split()[:2]
        for name in ("common", "kubernetes")
        for line in (PROJECT / "conf" / "spark" / f"{name}.conf").read_text().splitlines()
        if line and not line.startswith("#")
    )
    for key, value in application["sparkConf"].items():
        assert shipped[key] == value, key
    requires = (PROJECT / "setup.cfg").read_text()
    assert f"pyspark[connect]=={application['sparkVersion']}" in requires


def test_the_timer_of_systemd():
    units = {}
    for name in ("service", "timer"):
        units[name] = configparser.ConfigParser(strict=False, interpolation=None)
        units[name].optionxform = str
        units[name].read(SCHEDULES / f"ldn-nightly.{name}", encoding="utf-8")
    assert units["timer"]["Timer"]["Unit"] == "ldn-nightly.service"
    date, time = units["timer"]["Timer"]["OnCalendar"].split()
    assert re.fullmatch(r"\*-\*-\*", date)
    assert re.fullmatch(r"\d\d:\d\d:\d\d", time)
    text = (SCHEDULES / "ldn-nightly.service").read_text()
    commands = re.findall("^ExecStart=(.+)$", text, re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        require_call(command)
    never = units["service"]["Service"]["RestartPreventExitStatus"].split()
    assert set(map(int, never)) == {*CODES, 1, 143} - {20}


def test_the_lines_of_cron():
    lines = (SCHEDULES / "crontab").read_text().splitlines()
    jobs = [line for line in lines if line and line[0] not in "#" and "=" not in line.split()[0]]
    assert len(jobs) == 3
    for line in jobs:
        *fields, command = line.split(maxsplit=5)
        cron_time(" ".join(fields))
        assert "%" not in command  # which cron takes for a line end
        require_call(command)


def cron_time(text):
    """Five fields, each a star or numbers within bounds."""
    fields = text.split()
    assert len(fields) == 5
    for field, (low, high) in zip(fields, FIELDS, strict=True):
        for part in field.split(","):
            numbers = re.fullmatch(r"(?:\*|(\d+)(?:-(\d+))?)(?:/(\d+))?", part)
            assert numbers, part
            assert all(low <= int(n) <= high for n in numbers.groups()[:2] if n)


def test_a_time_that_is_none_is_refused():
    for wrong in ("30 2 * *", "60 2 * * *", "30 24 * * *", "a 2 * * *"):
        with pytest.raises(AssertionError):
            cron_time(wrong)
