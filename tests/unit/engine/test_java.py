"""A Java machine that Spark could not use, by a program of that name which only pretends."""

import os
import stat
import tempfile

import pytest

from ldn_spark.cli.app import run
from ldn_spark.engine.java import require_java, starting_spark
from ldn_spark.errors import EngineError

SAYS = "echo 'openjdk version \"{}\" 2025-04-15' >&2"
HEAP = "echo 'Error occurred during initialization of VM' >&2; exit 1"
RESERVE = "echo 'Could not reserve enough space for 2097152KB object heap'; exit 1"
FAKES = {
    "17": (SAYS.format("17.0.15"), None),
    "21 with options": (f"echo 'Picked up _JAVA_OPTIONS: -Xss8m'; {SAYS.format('21')}", None),
    "25": (SAYS.format("25"), None),
    "1.8": (SAYS.format("1.8.0_442"), "is Java 8; Spark needs 17 or later; install Java 17"),
    "11": (SAYS.format("11.0.26"), "is Java 11; Spark needs 17 or later; install Java 17"),
    "heap": (RESERVE, "cannot start with a heap of 2g: Could not reserve enough space"),
    "memory": ("echo 'Invalid maximum heap size: -Xmx2g'; exit 1", "set LDN_DRIVER_MEMORY"),
    "crash": (HEAP, "cannot start: Error occurred during initialization of VM"),
    "silent": ("exit 0", "cannot start: it said nothing; install Java 17"),
    "signal": ("kill -9 $$", "cannot start: it said nothing"),
    "escape": ("printf '\\033[31mno\\n'; exit 3", r"cannot start: \x1b[31mno"),
}


def fake(folder, script, mode=0o755):
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\n{script}\n")
    java.chmod(mode)
    return java


@pytest.mark.parametrize("home", [False, True], ids=["PATH", "JAVA_HOME"])
@pytest.mark.parametrize(("script", "told"), FAKES.values(), ids=FAKES)
def test_what_java_says_decides(tmp_path, monkeypatch, script, told, home):
    java = fake(tmp_path / "java", script)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    if home:
        monkeypatch.setenv("JAVA_HOME", str(java.parent.parent))
    else:
        monkeypatch.setenv("PATH", f"{java.parent}:{os.environ['PATH']}")
    if told is None:
        require_java("2g")
        return
    with pytest.raises(EngineError) as caught:
        require_java("2g")
    assert told in str(caught.value)
    assert str(java.parent.parent) in str(caught.value)


@pytest.mark.parametrize("memory", ["lots", "", "2", "-2g", "100m", "2gb", "²g", "1.5g"])
def test_a_heap_that_cannot_be(memory):
    with pytest.raises(EngineError, match=r"LDN_DRIVER_MEMORY: .*write 512m or more"):
        require_java(memory)


def no_java(folder, monkeypatch):
    monkeypatch.setenv("PATH", str(folder))
    return "no Java was found"


def empty_home(folder, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(folder))
    return "holds no bin/java"


def no_program(folder, monkeypatch):
    java = fake(folder / "java", "", mode=stat.S_IRUSR)
    monkeypatch.setenv("JAVA_HOME", str(java.parent.parent))
    return "cannot be started: Permission denied"


def no_such_interpreter(folder, monkeypatch):
    java = fake(folder / "java", "")
    java.write_text("#!/no/such/program\n")
    monkeypatch.setenv("JAVA_HOME", str(java.parent.parent))
    return "cannot be started: No such file"


def too_old(folder, monkeypatch):
    java = fake(folder / "java", SAYS.format("11"))
    monkeypatch.setenv("JAVA_HOME", str(java.parent.parent))
    return "is Java 11"


def ends_later(folder, monkeypatch):
    """It tells a good version and fails as soon as Spark starts it."""
    java = fake(folder / "java", f'case "$*" in *-version) {SAYS.format("17")};; *) exit 1;; esac')
    monkeypatch.setenv("JAVA_HOME", str(java.parent.parent))
    return "Java ended before Spark was up"


@pytest.mark.parametrize(
    "broken", [no_java, empty_home, no_program, no_such_interpreter, too_old, ends_later]
)
def test_the_command_ends_with_a_sentence(tmp_path, monkeypatch, capfd, broken):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    told = broken(tmp_path, monkeypatch)
    code = run(["simulate", str(tmp_path / "out"), "--people", "3000", "--engine", "spark"])
    said = capfd.readouterr().err
    assert code == 40
    assert told in said
    assert "Traceback" not in said
    assert not list(tmp_path.glob("ldn-spark-*")), "the scratch folder is taken away"


def test_other_faults_of_the_start_name_what_to_look_at():
    said = r"Spark does not start: Connection refused; .*JAVA_HOME"
    with pytest.raises(EngineError, match=said), starting_spark():
        raise ConnectionRefusedError("Connection refused\nand more")
