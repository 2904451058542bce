"""A network of this process alone, so that no other user can reach the embedded engine.

The engine listens on the loopback interface and asks nobody for a name. In a network namespace of
its own that interface is another one: only this process, and those it starts, can connect.

A process with the right to make one (root) takes a network namespace alone and keeps all rights. A
process without any rights takes a user namespace with it, in which it is the same user and holds
no rights either: files are as accessible as before, those of further groups included. A process
with some other rights would lose them in a user namespace, so it takes none.

Linux only: see unshare(2), user_namespaces(7), network_namespaces(7), netdevice(7).
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterable
from pathlib import Path

_NEW_USER, _NEW_NET = 0x10000000, 0x40000000
_SYS_ADMIN = 1 << 21
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_INTERFACE = struct.Struct("16sH14x")
_CAPABILITY_VERSION_3 = 0x20080522
_state = {"alone": False}


def is_alone() -> bool:
    """Whether this process has left the machine's network."""
    return _state["alone"]


def leave_network(places: Iterable[Path] = ()) -> bool:
    """Move this process into a network of its own, with nothing but a loopback interface.

    To be called before any other thread is there: those that are would stay behind. A copy of
    the process tries it first, because half of it cannot be taken back.

    Args:
        places: folders that must be as accessible afterwards as before.

    Returns:
        Whether it did; False where the machine does not allow it, or where threads are there.
    """
    if is_alone():
        return True
    try:
        wanted = _namespaces()
        if not wanted or not _works_in_a_copy(wanted, [str(place) for place in places]):
            return False
        _enter(wanted)
    except (OSError, AttributeError, ValueError):  # no such call, no /proc: not this machine
        return False
    _state["alone"] = True
    return True


def loopback_is_up() -> bool:
    """Whether this process can reach itself by the loopback interface."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        return bool(_loopback_flags(asked) & _IFF_UP)


def _namespaces() -> int:
    """Which namespaces to ask for; 0 for none."""
    if len(os.listdir("/proc/self/task")) > 1:
        return 0
    held = _capabilities()
    if held & _SYS_ADMIN:
        return _NEW_NET
    return 0 if held else _NEW_NET | _NEW_USER


def _capabilities() -> int:
    """The rights beyond those of a plain user that are in force, as bits."""
    with open("/proc/self/status", encoding="utf-8", errors="replace") as status:
        for line in status:
            if line.startswith("CapEff:"):
                return int(line.split()[1], 16)
    raise ValueError("no CapEff in /proc/self/status")


def _works_in_a_copy(wanted: int, places: list[str]) -> bool:
    """Whether a copy of this process can move, reach itself, and access the places as before."""
    before = _accesses(places)
    copy = os.fork()
    if copy == 0:
        works = False
        try:
            _enter(wanted)
            with socket.create_server(("127.0.0.1", 0)) as server:
                socket.create_connection(server.getsockname(), timeout=1).close()
            works = _accesses(places) == before
        finally:
            os._exit(0 if works else 1)
    return os.waitpid(copy, 0)[1] == 0


def _accesses(places: list[str]) -> list[bool]:
    kinds = (os.R_OK, os.W_OK, os.X_OK)
    return [os.access(place, kind, effective_ids=True) for place in places for kind in kinds]


def _enter(wanted: int) -> None:
    user, group = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(wanted) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    if wanted & _NEW_USER:
        _say("setgroups", "deny")
        _say("uid_map", f"{user} {user} 1")
        _say("gid_map", f"{group} {group} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        flags = _loopback_flags(asked) | _IFF_UP
        fcntl.ioctl(asked, _SIOCSIFFLAGS, _INTERFACE.pack(b"lo", flags))
    if wanted & _NEW_USER:
        _drop_capabilities(libc)


def _say(name: str, text: str) -> None:
    with open(f"/proc/self/{name}", "w", encoding="utf-8") as file:
        file.write(text)


def _loopback_flags(asked: socket.socket) -> int:
    answer = fcntl.ioctl(asked, _SIOCGIFFLAGS, _INTERFACE.pack(b"lo", 0))
    return _INTERFACE.unpack(answer)[1]


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    """Give up the rights that come with a user namespace: a read-only file stays read-only."""
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    if libc.capset(header, bytes(24)) != 0:
        raise OSError(ctypes.get_errno(), "capset")
