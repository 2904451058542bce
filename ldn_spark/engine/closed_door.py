"""The door of the embedded engine's server, shut behind our own client.

Where this process shares its network with others (`own_network`), any of them may connect to the
engine, which asks nobody for a name. A filter on the listening socket turns packets away before
the engine sees them; connections inherit the filter that stands when they are made (socket(7):
SO_ATTACH_FILTER, SO_LOCK_FILTER). In this order:

1. The engine listens, and this process may not open another file descriptor meanwhile
   (`one_descriptor_more`), so that the engine can accept nobody. The socket takes headers only from
   now on: connections can be made, but whatever they send is cut off. Who had connected before is
   a stranger; the socket is closed before the engine could hear him.
2. Our client connects. The listening socket takes nothing any more, and that is locked. What our
   client's connection sends is let through: it sends again what was cut off, 0.2 s later.
3. Any other connection is a stranger's. None of them has said a word to the engine.

A stranger ends the work, because nothing tells an accident from an attack.
"""

from __future__ import annotations

import ctypes
import os
import resource
import select
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from ldn_spark.errors import EngineError, Problem

_SO_ATTACH_FILTER, _SO_DETACH_FILTER, _SO_LOCK_FILTER = 26, 27, 44
_BPF_RETURN = 0x06
_NOTHING, _HEADERS = 0, 1
"""How many bytes a filter lets through; TCP's header always comes along when it is not 0."""
_ESTABLISHED, _TIME_WAIT, _LISTEN = 1, 6, 10
_IPV4_IN_IPV6 = "".join(f"{number:08X}" for number in struct.unpack("=3I", bytes(10) + b"\xff\xff"))
_LOOK_SECONDS = 0.0005

STRANGER = Problem(
    "--engine sail",
    "another process of this machine connected to the engine before this one did, and was cut off",
    "run it again, or use --engine spark (docs/security.md)",
)
OPEN_DOOR = (
    "other users of this machine can connect to the embedded engine while it works, because this "
    "system allows neither a network namespace nor a socket filter: use --engine spark where you "
    "do not trust them (docs/security.md)"
)


@dataclass(frozen=True, slots=True)
class _Connection:
    """One line of the kernel's table of TCP sockets; a port stands with its address."""

    local: str
    remote: str
    state: int
    inode: str


def can_be_shut() -> bool:
    """Whether sockets can be filtered and found here; tried on a socket of no use."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            _let_through(server.fileno(), _NOTHING)
            _lock(server.fileno())
            with socket.socket() as client:
                client.setblocking(False)
                client.connect_ex(server.getsockname())
                time.sleep(_LOOK_SECONDS)
                is_closed = client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
                is_closed &= _is_waiting(client)
            return is_closed and _listening(server.getsockname()[1]) is not None
    except (OSError, ValueError):
        return False


def _is_waiting(client: socket.socket) -> bool:
    try:
        client.getpeername()
    except OSError:
        return True
    return False


@contextmanager
def one_descriptor_more() -> Iterator[int]:
    """Let this process open one file descriptor, and no second, while the block runs.

    A server that opens its listening socket in the block cannot accept a connection in it:
    accept(2) asks for a descriptor before it takes a connection from the queue.

    Yields:
        The number that the descriptor will have.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(map(int, os.listdir("/proc/self/fd")))
    fillers = []
    try:
        while not fillers or fillers[-1] <= highest:
            fillers.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        last = fillers.pop()
        os.close(last)
        resource.setrlimit(resource.RLIMIT_NOFILE, (last + 1, hard))
        yield last
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for filler in fillers:
            os.close(filler)


class Door:
    """The listening socket of a server in this process, which has accepted nobody yet.

    Args:
        port: where the server listens, on 127.0.0.1.
        descriptor: the listening socket's, where it is known; looked for otherwise.

    Raises:
        EngineError: a stranger connected before the door was narrowed. The socket is closed.
        OSError: the socket cannot be found or filtered.
    """

    def __init__(self, port: int, descriptor: int | None = None) -> None:
        self._address = _hex_address(port)
        found = _listening(port) if descriptor is None else descriptor
        if found is None:
            raise OSError(f"nothing listens on port {port}")
        self._listener = found
        _let_through(self._listener, _HEADERS)
        waiting = select.poll()
        waiting.register(self._listener, select.POLLIN)
        if waiting.poll(0):
            _end_listening(self._listener)
            raise EngineError(STRANGER)

    def shut_behind(self, deadline: float) -> None:
        """Wait until a client of this process has connected, and let nobody else in.

        Args:
            deadline: when to give up, by the monotonic clock.

        Raises:
            EngineError: a stranger connected too, or our client did not.
        """
        while (ours := self._our_connection()) is None:
            if time.monotonic() > deadline:
                raise EngineError(no_connection())
            time.sleep(_LOOK_SECONDS)
        _let_through(self._listener, _NOTHING)
        _lock(self._listener)
        remote, accepted = ours
        self._refuse_strangers(ours=remote)
        with _borrowed(accepted) as inside:
            inside.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)

    def _our_connection(self) -> tuple[str, int] | None:
        """Our client's address and the descriptor of the server's end, when both are there."""
        ours, connections = _own_sockets(), _connections()
        clients = {
            one.local
            for one in connections
            if one.remote == self._address and one.state == _ESTABLISHED and one.inode in ours
        }
        for one in connections:
            if one.local == self._address and one.remote in clients and one.inode in ours:
                return one.remote, ours[one.inode]
        return None

    def _refuse_strangers(self, ours: str) -> None:
        """Silence and report who is connected beside our client, which has the address `ours`."""
        strangers = [
            one
            for one in _connections()
            if one.local == self._address
            and one.state not in (_LISTEN, _TIME_WAIT)
            and one.remote != ours
        ]
        if not strangers:
            return
        sockets = _own_sockets()
        for stranger in strangers:
            if stranger.inode in sockets:
                _let_through(sockets[stranger.inode], _NOTHING)
        raise EngineError(STRANGER)


def no_connection() -> Problem:
    """What to say when the engine cannot be reached in time."""
    return Problem(
        "--engine sail",
        "the engine in this process could not be reached by the loopback interface (127.0.0.1)",
        "see that it is up (ip link set lo up) and not filtered",
    )


def _hex_address(port: int) -> str:
    """127.0.0.1 and a port, as the kernel's table writes them."""
    (number,) = struct.unpack("=I", socket.inet_aton("127.0.0.1"))
    return f"{number:08X}:{port:04X}"


def _connections() -> list[_Connection]:
    """The TCP sockets of this network; gRPC's client takes one of IPv6, with an address of IPv4."""
    found = []
    for name in ("tcp", "tcp6"):
        with suppress(FileNotFoundError), open(f"/proc/self/net/{name}", encoding="utf-8") as table:
            next(table)
            rows = [line.split(maxsplit=10) for line in table]
            found += [
                _Connection(_plain(row[1]), _plain(row[2]), int(row[3], 16), row[9]) for row in rows
            ]
    return found


def _plain(address: str) -> str:
    return address.removeprefix(_IPV4_IN_IPV6)


def _own_sockets() -> dict[str, int]:
    """The descriptor of every socket of this process, by inode."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except OSError:  # closed meanwhile
            continue
        if target.startswith("socket:["):
            found[target[8:-1]] = int(name)
    return found


def _listening(port: int) -> int | None:
    """The descriptor that listens on a port of 127.0.0.1."""
    address, ours = _hex_address(port), _own_sockets()
    for one in _connections():
        if one.local == address and one.state == _LISTEN and one.inode in ours:
            return ours[one.inode]
    return None


@contextmanager
def _borrowed(descriptor: int) -> Iterator[socket.socket]:
    """The socket of a descriptor that stays open; takes no further descriptor."""
    borrowed = socket.socket(fileno=descriptor)
    try:
        yield borrowed
    finally:
        borrowed.detach()


def _let_through(descriptor: int, length: int) -> None:
    """Filter what arrives at a socket by one instruction: keep `length` bytes of every packet."""
    instruction = ctypes.create_string_buffer(struct.pack("=HBBI", _BPF_RETURN, 0, 0, length))
    program = struct.pack("@HP", 1, ctypes.addressof(instruction))
    with _borrowed(descriptor) as filtered:
        filtered.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


def _lock(descriptor: int) -> None:
    """Let nobody take the filter off again, this process included."""
    with _borrowed(descriptor) as filtered:
        filtered.setsockopt(socket.SOL_SOCKET, _SO_LOCK_FILTER, 1)


def _end_listening(descriptor: int) -> None:
    """Close a listening socket to everybody; connections nobody has accepted are reset."""
    with _borrowed(descriptor) as listening:
        listening.shutdown(socket.SHUT_RDWR)
