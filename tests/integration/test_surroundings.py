"""A hostile environment of the embedded engine: proxies, no loopback, limits, a lost engine."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import threading
import time

import grpc
import pytest

from ldn_spark.engine import client as engine_client
from ldn_spark.engine import limits
from ldn_spark.engine.client import EngineClient
from ldn_spark.errors import EngineError, ResourceError
from tests.integration.test_strangers import MAIN, WITH_THREAD, needs_root
from tests.unit.delivery.deliveries import GOOD, HEADER

PROXIES = ("http_proxy", "https_proxy", "grpc_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY")


@pytest.fixture(scope="module")
def delivery(tmp_path_factory):
    file = tmp_path_factory.mktemp("delivery") / "a.txt"
    file.write_text("\n".join([";".join(HEADER), GOOD, ""]))
    return file


def check(code, delivery, *, before=(), **environment):
    """What `ldn check` did; it starts an engine and asks it."""
    return subprocess.run(
        [*before, sys.executable, "-c", code, "check", str(delivery), "--engine", "sail"],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | environment,
        check=False,
    )


@pytest.mark.parametrize("code", [MAIN, WITH_THREAD], ids=["own network", "shared network"])
def test_no_proxy_sees_what_is_said_to_the_engine(delivery, code):
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        done = check(code, delivery, no_proxy="", **dict.fromkeys(PROXIES, address))
        assert done.returncode == 0, done.stderr
        proxy.settimeout(0.1)
        with pytest.raises(TimeoutError):
            proxy.accept()


@needs_root
def test_without_a_loopback_interface(delivery):
    alone = ["unshare", "--net"]
    done = check(WITH_THREAD, delivery, before=alone)
    assert done.returncode == 40, done.stderr
    assert "loopback" in done.stderr
    assert "Traceback" not in done.stderr
    done = check(MAIN, delivery, before=alone)  # its own network has one
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", ["as", "data"])
def test_too_little_address_space_is_said_at_once(delivery, kind):
    """The limit is set by another program: a copy of this process may be larger than it."""
    done = check(MAIN, delivery, before=["prlimit", f"--{kind}={2 << 30}"])
    assert done.returncode == 30, done.stderr
    assert "ulimit -v unlimited" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("address_space", "data", "is_enough"),
    [(None, None, True), (64, None, True), (2, None, False), (None, 2, False), (64, 2, False)],
)
def test_what_limits_are_enough(monkeypatch, address_space, data, is_enough):
    found = {resource.RLIMIT_AS: address_space, resource.RLIMIT_DATA: data}
    unlimited = resource.RLIM_INFINITY

    def limit(kind):
        return (unlimited if found[kind] is None else found[kind] << 30, unlimited)

    monkeypatch.setattr(limits.resource, "getrlimit", limit)
    monkeypatch.setattr(limits.os, "sched_getaffinity", lambda _: {0, 1})
    if is_enough:
        limits.require_address_space()
    else:
        with pytest.raises(ResourceError, match=r"2\.0 GiB"):
            limits.require_address_space()


@pytest.fixture
def dumb_server():
    """Something that listens and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_an_engine_that_cannot_be_reached_in_time(monkeypatch, dumb_server):
    monkeypatch.setattr(engine_client, "CONNECT_SECONDS", 0.5)
    client = EngineClient(dumb_server.getsockname()[1])
    with pytest.raises(EngineError, match="could not be reached"):
        client.connect(lambda deadline: None)
    client.end(release=False)


def test_an_engine_that_is_asked_and_does_nothing_is_given_up(monkeypatch, dumb_server):
    monkeypatch.setattr(engine_client, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(engine_client, "PATIENCE_IF_LIMITED", 0.2)
    monkeypatch.setattr(engine_client, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(engine_client, "_work_done", lambda: {"1": 7})
    client = EngineClient(dumb_server.getsockname()[1])
    ask = client.toChannel().unary_stream("/ask")
    watch = threading.Thread(target=client._watch, daemon=True)
    watch.start()
    time.sleep(0.5)  # nobody asks: nothing is given up
    assert watch.is_alive()
    with pytest.raises(grpc.RpcError):
        list(ask(b"", wait_for_ready=True, timeout=20))
    watch.join(5)
    assert client.gave_up


def test_an_engine_at_work_is_not_given_up(monkeypatch, dumb_server):
    done = iter(range(1_000_000))
    monkeypatch.setattr(engine_client, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(engine_client, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(engine_client, "_work_done", lambda: {"1": next(done), "2": 5})
    client = EngineClient(dumb_server.getsockname()[1])
    threading.Thread(target=client._watch, daemon=True).start()
    with pytest.raises(grpc.RpcError) as ended:
        list(client.toChannel().unary_stream("/ask")(b"", wait_for_ready=True, timeout=1))
    assert ended.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert not client.gave_up
    client.end(release=False)
