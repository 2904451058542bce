"""A delivery, a lake and results in an object store: the same bytes as on a disk, or one sentence.

The store is moto's, which enforces conditional writes. It lives in this machine's network, or in
that of this process where an earlier test has left it.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from importlib.util import find_spec

import pytest

from ldn_spark.errors import ConflictError
from ldn_spark.lake.versions import LakeVersion, publish_version, read_version
from ldn_spark.places.files import files_below
from ldn_spark.places.place import as_place
from tests.integration.commands import ldn

pytestmark = [
    pytest.mark.own_engine,
    pytest.mark.skipif(not find_spec("pysail"), reason="the embedded engine is tried"),
    pytest.mark.skipif(not find_spec("moto"), reason="the store is moto's"),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """The URL of a bucket in a store of its own, which all libraries are told of."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("store") / "log"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with log.open("w") as stream, pytest.MonkeyPatch.context() as patch:
        server = subprocess.Popen(command, stdout=stream, stderr=stream)
        for name, text in {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "canary-of-a-secret",
            "AWS_REGION": "us-east-1",
        }.items():
            patch.setenv(name, text)
        try:
            _wait_for(port, server)
            import s3fs

            s3fs.S3FileSystem(skip_instance_cache=True).mkdir("registry")
            yield "s3://registry"
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(10)


def _wait_for(port, server):
    until = time.monotonic() + 30
    while time.monotonic() < until and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the store does not answer")


def refused(code, *arguments, **environment):
    """What a command says that ends with this code: one line."""
    main = "from ldn_spark.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", main, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "canary-of-a-secret" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    return line


def contents(folder):
    """Name: bytes of every result file; the manifest holds times."""
    found = {str(path.relative_to(folder)): path.read_bytes() for path in files_below(folder)}
    return {name: content for name, content in found.items() if name != "manifest.json"}


@pytest.fixture(scope="module")
def in_store(store, every_command):
    """The study of `every_command`, from a delivery to its results, in a store."""
    delivery, lake, out = (as_place(f"{store}/{name}") for name in ("delivery", "lake", "out"))
    for file in every_command.delivery.iterdir():
        (delivery / file.name).write_bytes(file.read_bytes())
    ldn("ingest", delivery, "--lake", lake)
    done = ldn("run", "ldn_2013", "--lake", lake, "--out", out)
    run = as_place(done.stdout.splitlines()[-1])
    ldn("compare", run)
    return delivery, lake, run


def test_results_are_those_of_a_disk(in_store, every_command):
    _, _, run = in_store
    (local,) = (every_command.out / "ldn_2013").glob("2*")
    assert contents(run) == contents(local)
    assert ldn("show", run.parent).stdout == ldn("show", local).stdout
    assert (run.parent / "latest").read_text().strip() == run.name


def test_what_is_there_already_serves_and_changes_nothing(in_store):
    delivery, lake, run = in_store

    def held():
        files = {str(path): path.stat().st_size for path in files_below(lake)}
        return {
            path: size
            for path, size in files.items()
            if not {"_leases", "_ledger"} & set(path.split("/"))
        }

    before = held()
    assert "(noop)" in ldn("ingest", delivery, "--lake", lake).stdout
    again = ["run", "ldn_2013", "--lake", lake, "--out", run.parent.parent, "--drift", "nightly"]
    assert ldn(*again).stdout.split()[-1] == str(run)
    assert held() == before
    assert "One run." in (run.parent / "drift.html").read_text()
    assert "Nothing moved." in ldn("drift", run, run, "--ledger", lake).stdout
    assert not [path for path in before if "_staging" in path]


def test_of_two_ingests_one_publishes_a_version(store):
    root, ends = as_place(f"{store}/contested"), []

    def publish(persons):
        version = LakeVersion(1, {}, (), persons, 0, 0, 0)
        try:
            publish_version(root, version)
            ends.append(persons)
        except ConflictError:
            ends.append(None)

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (won,) = [end for end in ends if end is not None]
    assert len(ends) == 4
    assert read_version(root).persons == won


def test_what_is_wrong_with_a_store_is_one_sentence(store, in_store, tmp_path):
    _, lake, _ = in_store
    run = ["run", "ldn_2013", "--out", tmp_path / "out", "--lake"]
    assert "there is no such bucket" in refused(30, *run, "s3://another/lake")
    assert "there is no lake" in refused(10, *run, f"{store}/empty")
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "HOME": str(tmp_path)}
    nobody |= {"AWS_EC2_METADATA_DISABLED": "true"}
    assert "there are no credentials" in refused(30, *run, lake, **nobody)


def test_a_table_that_is_gone_is_never_no_rows(in_store, store):
    """The embedded engine reads a path that is not there as no rows."""
    _, lake, _ = in_store
    gone = as_place(f"{store}/gone")
    for path in files_below(lake):
        name = str(path).removeprefix(f"{lake}/")
        if name.startswith(("_versions", "persons")):
            (gone / name).write_bytes(path.read_bytes())
    told = refused(40, "run", "ldn_2013", "--lake", gone, "--out", f"{store}/out_of_gone")
    assert "gone/dispensing" in told
    assert "the table is not there" in told


def test_versions_persons_and_the_lake_leave_a_store(in_store, tmp_path):
    delivery, lake, _ = in_store
    (one, *_) = sorted(delivery.glob("dispensings_*.txt"))
    who = one.read_bytes().splitlines()[1].split(b";")[0]
    (tmp_path / "who").write_bytes(who)
    later = delivery.parent / "later" / "dispensings_2014.txt"
    lines = one.read_bytes().splitlines()
    later.write_bytes(lines[0] + b"\n" + lines[2].replace(b"2012.", b"2015.") + b"\n")
    ldn("ingest", later, "--lake", lake)
    assert "version 2 stays" in ldn("prune", lake, "--keep-versions", 1, "--apply").stdout
    ldn("verify", lake)
    erase = ["erase", lake, "--pseudonyms", tmp_path / "who", "--apply"]
    assert "1 in the lake, 0 unknown" in ldn(*erase).stdout
    ldn("verify", lake)
    assert ldn("prune", lake, "--apply").stdout.startswith("Nothing to remove: version 3 stays")
    assert who not in b"".join(file.read_bytes() for file in files_below(lake))
    ldn("erase", lake, "--all", "--apply")
    assert files_below(lake) == []
    assert b'"state": "done"' in (lake.parent / "lake.erased.json").read_bytes()
