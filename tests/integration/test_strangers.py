"""Nobody else on the machine can use the engine of a command, from the first moment on.

The other user is a process that changes to a user number of its own, which needs root: elsewhere
these tests are skipped, and say so. The door itself is tried with processes of any user.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ldn_spark.engine.closed_door import Door, can_be_shut
from ldn_spark.errors import EngineError
from tests.unit.delivery.deliveries import GOOD, HEADER

STRANGER, FURTHER_GROUP = 54321, 54322
MAIN = "from ldn_spark.cli import main; main()"
WITH_THREAD = f"""
import threading, time
threading.Thread(target=time.sleep, args=(999,), daemon=True).start()
{MAIN}
"""
"""`ldn` in a process that has threads already, and so cannot leave the machine's network."""
UNDEFENDED = """
import time
from pysail.spark import SparkConnectServer
server = SparkConnectServer(ip="127.0.0.1", port=0)
server.start(background=True)
time.sleep(2.5)
"""

SLOW_TO_SHUT = """
import time
from pysail.spark import SparkConnectServer
from ldn_spark.errors import EngineError
from ldn_spark.engine.closed_door import Door, one_descriptor_more
server = SparkConnectServer(ip="127.0.0.1", port=0)
try:
    with one_descriptor_more() as descriptor:
        server.start(background=True)
        time.sleep(2)
        Door(server.listening_address[1], descriptor)
except EngineError as error:
    print(error)
time.sleep(1)
"""
"""An engine whose door takes so long that the stranger is always faster."""


def may_act_as_another() -> bool:
    """Whether this process may become another user, and make networks and enter them."""
    if os.geteuid() != 0 or shutil.which("nsenter") is None:
        return False
    return subprocess.run(["unshare", "--net", "true"], check=False).returncode == 0


needs_root = pytest.mark.skipif(
    not may_act_as_another(), reason="only root may act as another user, and not everywhere"
)
needs_filter = pytest.mark.skipif(not can_be_shut(), reason="no socket filters on this machine")


@contextlib.contextmanager
def stranger():
    """A process of another user that tries to be answered.

    Yields:
        The words that bring a command into the stranger's network, and the list of what the
        stranger says, complete at the end.
    """
    said: list[str] = []
    program = str(Path(__file__).with_name("stranger.py"))
    process = subprocess.Popen(
        [sys.executable, program, str(STRANGER)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "ready\n"
        yield ["nsenter", f"--net=/proc/{process.pid}/ns/net"], said
    finally:
        time.sleep(0.5)
        process.send_signal(signal.SIGKILL)
        said += process.communicate()[0].splitlines()


def python(code, *arguments, before=(), **environment):
    """What a program did: its code, and what it said."""
    return subprocess.run(
        [*before, sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | environment,
        check=False,
    )


@pytest.fixture(scope="module")
def delivery(tmp_path_factory):
    file = tmp_path_factory.mktemp("delivery") / "a.txt"
    file.write_text("\n".join([";".join(HEADER), GOOD, ""]))
    return file


@needs_root
def test_the_stranger_is_answered_by_an_engine_without_a_door():
    with stranger() as (beside, said):
        python(UNDEFENDED, before=beside)
    assert any(line.startswith("answered") for line in said), said


@needs_root
def test_no_stranger_sees_an_engine_in_a_network_of_its_own(delivery, tmp_path):
    lake = tmp_path / "lake"
    with stranger() as (beside, said):
        for command in (["ingest", delivery], ["plan", "ldn_2013"]):
            done = python(MAIN, *command, "--lake", lake, "--engine", "sail", before=beside)
            assert done.returncode == (12 if command[0] == "plan" else 0), done.stderr
    assert said == []


@needs_root
@needs_filter
def test_no_stranger_is_answered_where_the_network_is_shared(delivery, tmp_path):
    lake = tmp_path / "lake"
    with stranger() as (beside, said):
        for command in (["ingest", delivery], ["quality"]):
            done = python(WITH_THREAD, *command, "--lake", lake, "--engine", "sail", before=beside)
            assert done.returncode in (0, 40), done.stderr
            assert done.returncode == 0 or "another process" in done.stderr
            assert "Traceback" not in done.stderr
            if done.returncode == 40:  # the stranger was faster: there is no lake to look at
                break
    assert any(line.startswith("tried") for line in said), said
    assert not any(line.startswith("answered") for line in said), said


@needs_root
@needs_filter
def test_a_faster_stranger_is_not_answered_either():
    with stranger() as (beside, said):
        done = python(SLOW_TO_SHUT, before=beside)
        assert done.returncode == 0, done.stderr
        assert "another process" in done.stdout
    assert {line.split()[0] for line in said} == {"tried"}


@pytest.fixture
def server():
    """A socket that listens in this process, as the engine's does."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5)
        yield listening


@contextlib.contextmanager
def connected(server):
    """Another process that connects to the server and sends a word."""
    code = """
import socket, sys, time
client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
client.sendall(b"word")
print("connected", flush=True)
time.sleep(60)
"""
    port = str(server.getsockname()[1])
    process = subprocess.Popen([sys.executable, "-c", code, port], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"connected\n"
        yield
    finally:
        process.kill()
        process.communicate()


@needs_filter
def test_a_stranger_who_was_first_ends_the_work(server):
    with connected(server), pytest.raises(EngineError, match="another process"):
        Door(server.getsockname()[1])


@needs_filter
def test_a_stranger_beside_our_client_is_never_heard(server):
    door = Door(server.getsockname()[1])
    with connected(server):
        theirs, _ = server.accept()
        with socket.create_connection(server.getsockname()) as client:
            client.sendall(b"ours")
            ours, _ = server.accept()
            with pytest.raises(EngineError, match="another process"):
                door.shut_behind(time.monotonic() + 5)
            theirs.settimeout(0.7)  # longer than it takes to send a packet again
            with pytest.raises(TimeoutError):
                theirs.recv(4)
            ours.close()
        theirs.close()


@needs_filter
def test_a_shut_door_lets_through_our_client_alone(server):
    door = Door(server.getsockname()[1])
    with socket.create_connection(server.getsockname()) as client:
        client.sendall(b"ours")
        inside, _ = server.accept()
        inside.settimeout(5)
        door.shut_behind(time.monotonic() + 5)
        assert inside.recv(4) == b"ours"
        with pytest.raises(TimeoutError):
            socket.create_connection(server.getsockname(), timeout=0.3)
        for option, value in ((26, bytes(16)), (27, 0)):  # attach another filter; take it off
            with pytest.raises(PermissionError):
                server.setsockopt(socket.SOL_SOCKET, option, value)
        inside.close()


@needs_filter
def test_no_client_of_ours_is_waited_for_until_the_deadline_only(server):
    with pytest.raises(EngineError, match="could not be reached"):
        Door(server.getsockname()[1]).shut_behind(time.monotonic() + 0.1)


AS_A_USER = """
import ctypes, json, os, pathlib, shutil, sys
import encodings.idna  # later it cannot be read
from ldn_spark.engine import own_network

root, user, group, further = pathlib.Path(sys.argv[1]), *map(int, sys.argv[2:])
os.setgroups([further]); os.setgid(group); os.setuid(user)
ctypes.CDLL(None).prctl(4, 1)  # as after a login: PR_SET_DUMPABLE, or /proc/self is root's
before = os.readlink("/proc/self/ns/net")
print(json.dumps({
    "left": own_network.leave_network([root]),
    "moved": os.readlink("/proc/self/ns/net") != before,
    "user": os.getuid(),
    "further group's file": (root / "group.txt").read_text(),
    "closed file": os.access(root / "closed.txt", os.R_OK),
    "own read-only file": os.access(root / "own.txt", os.W_OK),
}))
made = root / "shared" / "made"
made.mkdir(mode=0o750)
(made / "file").write_text("x")
os.chmod(made, 0o2750)
shutil.move(made, root / "shared" / "moved")
"""


@needs_root
def test_files_are_as_accessible_in_a_network_of_its_own_to_a_plain_user():
    import tempfile

    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        root = Path(name)
        root.chmod(0o755)
        for file, user, group, mode in (
            ("group.txt", 0, FURTHER_GROUP, 0o640),
            ("closed.txt", 0, 0, 0o640),
            ("own.txt", STRANGER, STRANGER, 0o400),
        ):
            path = root / file
            path.write_text("seen")
            os.chown(path, user, group)
            path.chmod(mode)
        shared = root / "shared"
        shared.mkdir()
        os.chown(shared, 0, FURTHER_GROUP)
        shared.chmod(0o2770)
        done = python(AS_A_USER, root, STRANGER, STRANGER, FURTHER_GROUP)
        if done.returncode == 0 and not json.loads(done.stdout)["left"]:
            pytest.skip("this machine allows no user namespaces to plain users")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == {
            "left": True,
            "moved": True,
            "user": STRANGER,
            "further group's file": "seen",
            "closed file": False,
            "own read-only file": False,
        }
        moved = (shared / "moved").stat()
        assert (moved.st_uid, moved.st_gid) == (STRANGER, FURTHER_GROUP)
        assert moved.st_mode & 0o7777 == 0o2750
        assert (shared / "moved" / "file").stat().st_gid == FURTHER_GROUP
