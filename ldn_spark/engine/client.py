"""The client of the embedded engine: one connection, by no proxy, with an end to every wait.

Imported late: it loads PySpark's client.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import grpc
from pyspark.sql.connect.client import DefaultChannelBuilder
from pyspark.sql.connect.client.retries import DefaultPolicy
from pyspark.sql.connect.session import SparkSession

from ldn_spark.engine.closed_door import no_connection
from ldn_spark.engine.limits import address_space_limit
from ldn_spark.errors import EngineError, Problem

CONNECT_SECONDS = 20.0
"""How long our own client may take to connect; it takes milliseconds."""
PATIENCE_SECONDS = 60.0
"""How long the engine may be asked without any of its threads doing anything."""
PATIENCE_IF_LIMITED = 10.0
"""The same where the address space is limited: a thread that cannot be made is then the reason."""
LOOK_SECONDS = 1.0
GAVE_UP = Problem(
    "--engine sail",
    "the engine stopped answering: it was asked, and none of its threads did anything",
    "see that the machine lets it have memory and threads (ulimit -v, ulimit -u)",
)
_RETRIES = 3
_OPTIONS = [
    ("grpc.enable_http_proxy", 0),  # http_proxy and its like are for other machines
    ("grpc.client_idle_timeout_ms", 2**31 - 1),  # one connection: the door is shut behind it
]


class _Calls(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Knows how many calls wait for an answer."""

    def __init__(self) -> None:
        self.under_way = 0
        self._lock = threading.Lock()

    def _count(self, step: int) -> None:
        with self._lock:
            self.under_way += step

    def intercept_unary_unary(self, continuation: Callable, details: Any, request: Any) -> Any:
        self._count(1)
        try:
            return continuation(details, request)
        finally:
            self._count(-1)

    def intercept_unary_stream(self, continuation: Callable, details: Any, request: Any) -> Any:
        self._count(1)
        call = continuation(details, request)
        call.add_done_callback(lambda _: self._count(-1))
        return call


class EngineClient(DefaultChannelBuilder):
    """Makes the one channel to the engine, and the session that speaks by it."""

    def __init__(self, port: int) -> None:
        super().__init__(f"sc://127.0.0.1:{port}", channelOptions=_OPTIONS)
        self._calls = _Calls()
        self.add_interceptor(self._calls)
        self._channel: grpc.Channel | None = None
        self._session: SparkSession | None = None
        self._ended = threading.Event()
        self.gave_up = False

    @property
    def token(self) -> None:
        """None: a token in the environment belongs to another server."""
        return

    def toChannel(self) -> grpc.Channel:
        """The channel, made at the first call."""
        if self._channel is None:
            self._channel = super().toChannel()
        return self._channel

    def connect(self, shut: Callable[[float], None]) -> SparkSession:
        """The session, when our client has connected and the door is shut behind it.

        Args:
            shut: shuts the door; is told until when it may take, by the monotonic clock.

        Raises:
            EngineError: the engine could not be reached in time, or a stranger was faster.
        """
        deadline = time.monotonic() + CONNECT_SECONDS
        ready = grpc.channel_ready_future(self.toChannel())
        try:
            shut(deadline)
            ready.result(timeout=max(deadline - time.monotonic(), 0.1))
        except grpc.FutureTimeoutError:
            raise EngineError(no_connection()) from None
        finally:
            ready.cancel()
        self._session = session = SparkSession.builder.channelBuilder(self).create()
        session.client.set_retry_policies([DefaultPolicy(max_retries=_RETRIES)])
        threading.Thread(target=self._watch, daemon=True).start()
        return session

    def end(self, *, release: bool) -> None:
        """Stop watching; release the session and close the channel, if nothing is under way.

        A channel that is closed under a call of another thread may take the process down.
        """
        self._ended.set()
        if not release:
            return
        if self._session is not None:
            self._session.stop()
        if self._channel is not None:
            self._channel.close()

    def _watch(self) -> None:
        """Give up on an engine that is asked and does nothing: the calls that wait are ended.

        The engine lives in this process. A thread of it that was lost, or could not be made for
        want of address space, leaves a call without an answer for ever.
        """
        patience = PATIENCE_IF_LIMITED if address_space_limit() else PATIENCE_SECONDS
        seen, last = _work_done(), time.monotonic()
        while not self._ended.wait(LOOK_SECONDS):
            done = _work_done()
            if self._calls.under_way == 0 or any(seen.get(key, -1) < n for key, n in done.items()):
                last = time.monotonic()
            elif time.monotonic() - last > patience and self._channel is not None:
                self.gave_up = True
                self._channel.close()
                return
            seen = done


def _work_done() -> dict[str, int]:
    """What the threads that are not Python's have computed, and the bytes moved to and from disks.

    Returns:
        Clock ticks by thread, and bytes under a name of their own; more of any is work done.
    """
    ours = {
        str(thread.native_id)
        for thread in threading.enumerate()
        if not isinstance(thread, threading._DummyThread)
    }
    done = {}
    for task in set(os.listdir("/proc/self/task")) - ours:
        try:
            with open(f"/proc/self/task/{task}/stat", encoding="utf-8", errors="replace") as stat:
                fields = stat.read().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        done[task] = int(fields[11]) + int(fields[12])
    with open("/proc/self/io", encoding="utf-8") as table:
        counted = dict(line.split(": ") for line in table)
    done["disk"] = int(counted["read_bytes"]) + int(counted["write_bytes"])
    return done
