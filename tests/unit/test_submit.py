"""scripts/submit.sh before and around spark-submit, which a program of the test stands in for."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ldn_spark.cli.ended import code_of, hearing, say_ended
from ldn_spark.cli.logs import log_error
from ldn_spark.engine.jars import DELTA_JARS, S3_JARS, jar_settings, store_settings

PROJECT = Path(__file__).parents[2]
SECRET = "canary-of-a-secret"
STANDS_IN = """#!/usr/bin/env bash
# what spark-submit was told, then what the test wants of it
printf '%s\\n' "$@" >"$SEEN/arguments"
while [ $# -gt 0 ]; do
  [ "$1" = --properties-file ] && cp -p "$2" "$SEEN/spark.conf" && dirname "$2" >"$SEEN/build"
  shift
done
[ -z "${SAYS:-}" ] || printf '%s' "$SAYS" >"$LDN_STATUS"
if [ -n "${WAITS:-}" ]; then
  trap 'sleep 1; ls "$(cat "$SEEN/build")" >"$SEEN/there"; exit 143' TERM
  echo ready
  while :; do sleep 0.1; done
fi
exit "${ENDS:-0}"
"""


@pytest.fixture
def spark_home(tmp_path):
    home = tmp_path / "spark"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "spark-submit").write_text(STANDS_IN)
    (home / "bin" / "spark-submit").chmod(0o755)
    (home / "jars").mkdir()
    for name in (*DELTA_JARS, *S3_JARS):
        (home / "jars" / name).touch()
    return home


def begin(home, *arguments, **environment):
    """A submission under way, in the folder of the test."""
    here = {name: text for name, text in os.environ.items() if not name.startswith("LDN_")}
    here |= {"SPARK_HOME": str(home), "SEEN": str(home), "PYSPARK_PYTHON": sys.executable}
    here |= {"LDN_JARS": str(home / "jars")}
    return subprocess.Popen(
        [PROJECT / "scripts" / "submit.sh", *map(str, arguments)],
        env=here | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=home.parent,
        # a shell's background hears no Ctrl-C, and what is deaf at its start stays so
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def submit(home, *arguments, **environment):
    """Exit code and standard error of a submission."""
    run = begin(home, *arguments, **environment)
    _, told = run.communicate(timeout=60)
    return run.returncode, told


OF_A_CLUSTER = ["--master", "spark://host:7077", "ldn_2013"]
REFUSED = [
    (OF_A_CLUSTER, {}, "LDN_SPARK_SECRET_FILE"),
    (OF_A_CLUSTER, {"LDN_SPARK_SECRET_FILE": "/nowhere"}, "/nowhere: there is no such file"),
    (["--deploy-mode", "cluster", "ldn_2013"], {}, "has none for Python"),
    (["--deploy-mode", "cluster", *OF_A_CLUSTER], {}, "has none for Python"),
    (["--deploy-mode", "edge", "ldn_2013"], {}, "neither client nor cluster"),
    (["--master", "yarn", "ldn_2013"], {"HADOOP_CONF_DIR": ""}, "HADOOP_CONF_DIR is not set"),
    (["--master", "k8s://https://host", "ldn_2013"], {}, "LDN_IMAGE"),
    (["--master", "mesos://host", "ldn_2013"], {}, "is none of local[N]"),
    (["--place", "nowhere", "ldn_2013"], {}, "known: kubernetes local standalone yarn"),
    (["--job", "nothing"], {}, "there is no job 'nothing'"),
    (["--job"], {}, "needs a value"),
    (["--bundle", "nowhere.tar.gz", "ldn_2013"], {}, "scripts/bundle.sh makes one"),
]


@pytest.mark.parametrize(("arguments", "environment", "told"), REFUSED)
def test_what_is_missing_is_one_sentence_before_spark_starts(
    spark_home, arguments, environment, told
):
    code, said = submit(spark_home, *arguments, **environment)
    assert (code, len(said.splitlines())) == (2, 1), said
    assert said.startswith("error: ")
    assert told in said
    assert not (spark_home / "arguments").exists()


def test_a_secret_goes_by_a_file_of_its_owner_alone(spark_home, tmp_path):
    (tmp_path / "secret").write_text(SECRET + "\n")
    code, said = submit(spark_home, *OF_A_CLUSTER, LDN_SPARK_SECRET_FILE=str(tmp_path / "secret"))
    assert (code, said) == (0, "")
    settings = (spark_home / "spark.conf").read_text()
    assert f"spark.authenticate.secret {SECRET}" in settings
    assert (spark_home / "spark.conf").stat().st_mode & 0o077 == 0
    assert SECRET not in (spark_home / "arguments").read_text()
    assert "spark.databricks.delta.snapshotPartitions         2" in settings


@pytest.mark.parametrize(
    ("places", "with_s3"),
    [
        (["--lake", "lake", "--out", "out"], False),
        (["--lake", "s3://registry/lake", "--out", "out"], True),
        (["--lake=S3A://registry/lake", "--out", "out"], True),
    ],
)
def test_the_jars_are_those_of_the_places(spark_home, places, with_s3):
    assert submit(spark_home, "ldn_2013", *places)[0] == 0
    settings = (spark_home / "spark.conf").read_text()
    assert DELTA_JARS[0] in settings
    assert ("hadoop-aws" in settings) == with_s3


def test_a_signal_is_handed_on_and_files_are_deleted_after(spark_home):
    for number, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
        run = begin(spark_home, "ldn_2013", "--lake", "lake", "--out", "out", WAITS="1")
        assert run.stdout.readline() == "ready\n"
        run.send_signal(number)
        _, told = run.communicate(timeout=120)
        assert (run.returncode, "have ended" in told) == (code, True), told
        assert "ldn_spark.zip" in (spark_home / "there").read_text().split()
        assert not Path((spark_home / "build").read_text().strip()).exists()


@pytest.mark.parametrize(
    ("says", "ends", "expected"),
    [
        ({"code": 10, "problems": ["a.txt: is empty"]}, "1", (10, "error: a.txt: is empty")),
        ({"code": 0, "problems": []}, "0", (0, "")),
        ({"code": 12, "problems": []}, "0", (12, "")),
        (None, "0", (40, "did not say how it ended")),
        (None, "1", (1, "")),
    ],
)
def test_a_cluster_s_exit_code_is_the_driver_s_own(spark_home, tmp_path, says, ends, expected):
    given = ["--master", "yarn", "--deploy-mode", "cluster", "--status", tmp_path / "ended.json"]
    environment = {"HADOOP_CONF_DIR": "/etc/hadoop", "ENDS": ends}
    environment |= {"SAYS": json.dumps(says)} if says else {}
    of_job = ["ldn_2013", "--lake", "s3://r/lake", "--out", "s3://r/out"]
    code, told = submit(spark_home, *given, *of_job, **environment)
    assert code == expected[0], told
    assert expected[1] in told


def test_a_job_says_how_it_ended(tmp_path, monkeypatch, capsys):
    place = tmp_path / "ldn_2013" / "nightly.status.json"
    monkeypatch.setenv("LDN_STATUS", str(place))
    with hearing() as heard:
        log_error(10, "DeliveryError", ["a.txt: is empty", "b.txt: is no text"])
    say_ended("study", 10, heard.problems, datetime(2026, 1, 1, tzinfo=UTC))
    said = json.loads(place.read_text())
    assert (said["code"], said["problems"]) == (10, ["a.txt: is empty", "b.txt: is no text"])
    assert code_of(str(place), 1) == 10
    monkeypatch.setenv("LDN_STATUS", "ftp://nowhere/x")
    say_ended("study", 0, [], datetime(2026, 1, 1, tzinfo=UTC))
    assert "cannot be written" in capsys.readouterr().err


def test_spark_is_told_of_a_store_without_its_keys(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    assert store_settings([]) == {}
    settings = store_settings(["s3"])
    assert settings["spark.hadoop.fs.s3a.connection.ssl.enabled"] == "false"
    assert SECRET not in str(settings)
    monkeypatch.setenv("LDN_JARS", "/nowhere")
    fetched = jar_settings(["s3"])
    assert "org.apache.hadoop:hadoop-aws:3.5.0" in fetched["spark.jars.packages"]
    assert "software.amazon.awssdk:bundle" in fetched["spark.jars.excludes"]
