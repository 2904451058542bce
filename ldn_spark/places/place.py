"""A place as a user names it: a path or a URL, made absolute once, at the door."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote, urlsplit

from ldn_spark.errors import Problem, UsageError
from ldn_spark.places.stores import STORES, Store

if TYPE_CHECKING:
    from typing_extensions import TypeIs
    from upath import UPath

    Place: TypeAlias = Path | UPath
else:
    Place = Path

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+):(?P<slashes>/+)", re.ASCII)
_PLAIN = re.compile(r"[\w./@:-]*", re.ASCII)
_HERE = ("", "localhost")


def as_place(text: str | Path) -> Place:
    """What a user names, as an absolute place; nothing is looked for there.

    Args:
        text: a path, relative to the folder that the process works in, or a URL.

    Raises:
        UsageError: the URL is of a scheme that is not supported, or holds what it should not, or
            its library is not installed.

    >>> as_place("/data/lake"), as_place("file:///data/my%20lake")
    (PosixPath('/data/lake'), PosixPath('/data/my lake'))
    """
    text = str(text)
    found = _URL.match(text)
    if not found:
        return _absolute(Path(text))
    scheme = found["scheme"].lower()
    if scheme == "file":
        return _of_this_machine(text)
    scheme = {"s3a": "s3", "s3n": "s3", "abfs": "abfss"}.get(scheme, scheme)
    store = STORES.get(scheme)
    if store is None:
        *some, last = ("file://", *(f"{one}://" for one in STORES))
        what = f"'{found['scheme']}:' is no place that is read or written here"
        mend = f"use a path, or a URL that begins with {', '.join(some)} or {last}"
        raise UsageError(Problem(_without_secret(text), what, mend))
    return _in_store(f"{scheme}://{text[found.end() :]}", text, found["slashes"], store)


def as_folder(text: str | Path) -> Place:
    """The same of a folder of ours, whose name every library must be able to read.

    Raises:
        UsageError: as `as_place`; or its name is not UTF-8.
    """
    if any("\ud800" <= character <= "\udfff" for character in str(text)):
        what = "the path is not UTF-8"
        raise UsageError(Problem(str(text), what, "give the folder another name"))
    return as_place(text)


def _absolute(path: Path) -> Path:
    """A path from the root on; one that goes up is resolved, because URLs go up by text alone."""
    return path.resolve() if ".." in path.parts else path.absolute()


def _of_this_machine(text: str) -> Path:
    url = urlsplit(text)
    if url.netloc.lower() not in _HERE:
        mend = "write file:/// and the path"
        raise UsageError(Problem(text, f"'{url.netloc}' is another machine", mend))
    return _absolute(Path(unquote(url.path)))


def _in_store(url: str, text: str, slashes: str, store: Store) -> Place:
    scheme, _, rest = url.partition("://")
    host, _, key = rest.partition("/")
    user = host.rpartition("@")[0]
    shown = _without_secret(text)
    if ":" in user or (user and not store.has_user):
        what, mend = "holds a name or a secret before '@'", f"give it by {store.credentials}"
        raise UsageError(Problem(shown, what, mend))
    if len(slashes) != 2 or not host:
        what = f"does not name {store.container}"
        raise UsageError(Problem(shown, what, f"write it like {store.example}"))
    parts = [part for part in key.split("/") if part]
    if {".", ".."} & set(parts):
        raise UsageError(Problem(shown, "holds '.' or '..'", "write the whole URL"))
    if find_spec(store.module) is None or find_spec("upath") is None:
        what = f"the libraries that read {scheme}:// are not installed"
        mend = f"pip install 'ldn-spark[{store.extra}]'"
        raise UsageError(Problem(shown, what, mend))
    if scheme == "hdfs":
        import ldn_spark.places.hadoop  # noqa: F401
    from upath import UPath

    options: dict[str, Any] = {"use_listings_cache": False} if store.lists_from_memory else {}
    place: UPath = UPath(f"{scheme}://{'/'.join([host, *parts])}", **options)
    return place


def _without_secret(text: str) -> str:
    """A URL without what stands before its '@'."""
    return re.sub(r"://[^/]*@", "://…@", text)


def is_url(place: Place) -> TypeIs[UPath]:
    """Whether a place lies in a store, and not on a disk of this machine.

    >>> is_url(Path("/data/lake"))
    False
    """
    return not isinstance(place, PurePath)


def is_url_text(text: str) -> bool:
    """The same of a place's text, which no path's text is taken for.

    >>> is_url_text("s3://bucket/lake"), is_url_text(str(Path("/data/a://b")))
    (True, False)
    """
    return "://" in text


def any_url(places: Iterable[Place | str | None]) -> bool:
    """Whether any of some places lies in a store."""
    return any(is_url_text(str(place)) for place in places if place is not None)


def back(text: str) -> Place:
    """A place from its text, as a task was given it.

    >>> back("/data/lake")
    PosixPath('/data/lake')
    """
    return as_place(text) if is_url_text(text) else Path(text)


def require_plain(place: Place) -> None:
    """See that every engine can name a place in a store: Sail 0.7.2 loses others.

    Raises:
        UsageError: its URL holds a blank or a letter beyond ASCII.
    """
    if is_url(place) and not _PLAIN.fullmatch(str(place)):
        what = "the URL of a lake may hold letters of ASCII, digits and . _ - / @ : alone"
        raise UsageError(Problem(str(place), what, "choose another one"))


def is_within(place: Place, other: Place) -> bool:
    """Whether a place is another one, or lies in it."""
    if isinstance(place, Path) and isinstance(other, Path):
        return place.resolve().is_relative_to(other.resolve())
    inner, outer = (f"{str(one).rstrip('/')}/" for one in (place, other))
    return is_url(place) and is_url(other) and inner.startswith(outer)
