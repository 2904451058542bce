"""Which software this is: its version, and the checksum of its source."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.resources
from functools import cache
from importlib.resources.abc import Traversable

from ldn_spark import __version__


def software() -> dict[str, str]:
    """Version and source: two builds of a version differ where their source does."""
    return {"ldn_spark": __version__, "source_sha256": source_hash()}


def drawn_with() -> dict[str, str | None]:
    """The libraries that decide of the bytes of results: of the engines none does."""
    return {name: installed(name) for name in ("numpy", "scipy", "matplotlib")}


@cache
def installed(package: str) -> str | None:
    """The version of a package; None where it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


@cache
def source_hash() -> str:
    """SHA-256 of the package's source files, in the order of their paths."""
    digest = hashlib.sha256()
    for name, content in sorted(_sources(importlib.resources.files("ldn_spark"), "")):
        digest.update(name.encode() + b"\0" + content + b"\0")
    return digest.hexdigest()


def _sources(folder: Traversable, path: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        name = f"{path}/{entry.name}"
        if entry.is_dir() and entry.name != "conf":
            found += _sources(entry, name)
        elif entry.name.endswith(".py"):
            found.append((name, entry.read_bytes()))
    return found
