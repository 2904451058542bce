"""What a disk and a store do differently: whole files, files of their own name only once, stamps.

On a disk a file is written beside its name, forced to the disk and renamed. A store shows a file
when it is whole, and has no renaming; what must be a file of this machine is one for a while.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from glob import has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ldn_spark.places.place import Place, is_url

if TYPE_CHECKING:
    from upath import UPath

Stamp = tuple[int, int | str]
"""The size of a file, and the time of its last change in nanoseconds or the tag of its content."""
_PIECE = 1 << 20
_STREAM_PIECE = 8 << 20
_AT_ONCE = 8


def make_folder(place: Place) -> None:
    """Make a folder and those above it; a store has none to make."""
    if not is_url(place):
        place.mkdir(parents=True, exist_ok=True)


def stamp(place: Place) -> Stamp:
    """Tells a file from what it was before: its size, and its time or its tag in the store."""
    if not is_url(place):
        found = place.stat()
        return found.st_size, found.st_mtime_ns
    told = _store(place).info(place.path)
    tag = told.get("ETag") or told.get("etag") or told.get("md5Hash")
    changed = tag or told.get("modification_time") or told.get("LastModified") or ""
    return int(told["size"]), str(changed)


def put(place: Place, content: bytes) -> None:
    """Write a file whole, in the place of any other; a reader sees the old one or the new one."""
    if is_url(place):
        with _hdfs_draft(place, replace=True) as target:
            _store(place).pipe_file(target, content)
        return
    with _draft_of(place) as draft:
        _write_to_disk(draft, content)
        os.replace(draft, place)


def put_if_absent(place: Place, content: bytes) -> None:
    """Write a file whole, and never over another one: of several writers one wins.

    Raises:
        FileExistsError: there is one.
    """
    if is_url(place):
        with _hdfs_draft(place, replace=False) as target:
            if target == place.path:
                _store(place).pipe_file(target, content, mode="create")
            else:
                _store(place).pipe_file(target, content)
        return
    make_folder(place.parent)
    with _draft_of(place) as draft:
        _write_to_disk(draft, content)
        os.link(draft, place)


@contextmanager
def _draft_of(place: Path) -> Iterator[Path]:
    """A name beside a file, hidden and of this process alone; nothing is left under it."""
    draft = place.with_name(f".{place.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}")
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _write_to_disk(draft: Path, content: bytes) -> None:
    try:
        with draft.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:  # a full disk does not say where it is
        error.filename = error.filename or str(draft.parent)
        raise


@contextmanager
def _hdfs_draft(place: UPath, *, replace: bool) -> Iterator[str]:
    """Where a file is written: under its own name, but in HDFS, which shows half a file, beside."""
    store = _store(place)
    if _is_object_store(place):
        yield place.path
        return
    draft = f"{place.parent.path.rstrip('/')}/.{place.name}.{uuid.uuid4().hex}"
    try:
        yield draft
        _rename_in_hdfs(store, draft, place, replace=replace)
    finally:
        with suppress(FileNotFoundError):
            store.rm_file(draft)


def _rename_in_hdfs(store: Any, draft: str, place: UPath, *, replace: bool) -> None:
    try:
        store.mv(draft, place.path, overwrite=replace)
    except Exception:
        if not replace and place.exists():
            raise FileExistsError(str(place)) from None
        raise


def _is_object_store(place: UPath) -> bool:
    return place.protocol != "hdfs"


def _store(place: UPath) -> Any:
    return place.fs


@contextmanager
def written(place: Place) -> Iterator[Path]:
    """A file of this machine to write to; it is put under its own name when it is whole.

    Yields:
        Where to write; nothing is there yet.
    """
    if not is_url(place):
        with _draft_of(place) as draft:
            yield draft
            os.replace(draft, place)
        return
    with tempfile.TemporaryDirectory(prefix="ldn-put-") as folder:
        draft = Path(folder, "file")
        yield draft
        put_file(draft, place)


def put_file(file: Path, place: UPath) -> None:
    """Put a file of this machine into a store."""
    with _hdfs_draft(place, replace=True) as target:
        _store(place).put_file(str(file), target)


@contextmanager
def local_copy(place: Place) -> Iterator[Path]:
    """A file as one of this machine, for libraries that read no others."""
    if not is_url(place):
        yield place
        return
    with tempfile.TemporaryDirectory(prefix="ldn-get-") as folder:
        copy = Path(folder, place.name)
        _store(place).get_file(place.path, str(copy))
        yield copy


def streamed(place: Place) -> BinaryIO:
    """A file opened to be read from its beginning to its end, in large pieces."""
    if not is_url(place):
        return place.open("rb", buffering=0)
    return _opened_in_store(place, _STREAM_PIECE)


def opened(place: Place) -> BinaryIO:
    """A file opened to be read here and there."""
    if not is_url(place):
        return place.open("rb")
    return _opened_in_store(place, _PIECE)


def _opened_in_store(place: UPath, piece: int) -> BinaryIO:
    if _is_object_store(place):
        return place.open("rb", block_size=piece)
    from ldn_spark.places.hadoop import opened_in_hdfs

    return opened_in_hdfs(place, piece)


def read_range(place: Place, start: int, end: int) -> bytes:
    """The bytes of a file from one to before another."""
    if is_url(place) and _is_object_store(place):
        return bytes(_store(place).cat_file(place.path, start=start, end=end))
    with opened(place) as stream:
        stream.seek(start)
        return stream.read(end - start)


def readable(place: Place) -> Path | BinaryIO:
    """What a library of Arrow's is given to read a file: its path, or the file opened."""
    return opened(place) if is_url(place) else place


def files_below(place: Place) -> list[Place]:
    """Every file in a folder and in those below, in the order of their names."""
    if not is_url(place):
        return sorted(path for path in place.rglob("*") if path.is_file())
    if not place.exists():
        return []
    root = place.path.rstrip("/")
    found = sorted(name for name in _store(place).find(root) if name != root)
    return [place / name.removeprefix(root).lstrip("/") for name in found]


def sizes_below(place: Place) -> dict[Place, int]:
    """The same files with their sizes; a store is asked once for all of them."""
    if not is_url(place):
        return {file: file.lstat().st_size for file in files_below(place)}
    if not place.exists():
        return {}
    root = place.path.rstrip("/")
    found = _store(place).find(root, detail=True)
    return {
        place / name.removeprefix(root).lstrip("/"): int(told["size"])
        for name, told in sorted(found.items())
        if name != root
    }


def changed_at(place: Place) -> float:
    """When a file was last written, in seconds since 1970; 0 where a store does not say."""
    if not is_url(place):
        return place.stat().st_mtime
    told = _store(place).info(place.path)
    changed = told.get("LastModified") or told.get("last_modified") or told.get("mtime")
    if changed is None and (milliseconds := told.get("modification_time")) is not None:
        changed = milliseconds / 1000 if isinstance(milliseconds, int) else milliseconds
    if isinstance(changed, datetime):
        return changed.timestamp()
    return float(changed or 0)


def remove_empty_folders(place: Place) -> None:
    """Remove the folders below a folder that hold nothing; a store has none."""
    if not is_url(place) and place.is_dir():
        for folder in sorted((one for one in place.rglob("*") if one.is_dir()), reverse=True):
            with suppress(OSError):  # it holds something
                folder.rmdir()


def in_store_like(pattern: UPath) -> list[UPath]:
    """The files and folders of a store whose names are like a pattern, which may have folders."""
    fixed = next((one for one in pattern.parents if not has_magic(str(one))), None)
    if fixed is None or not has_magic(str(pattern)):
        return []
    return sorted(fixed.glob(pattern.path.removeprefix(fixed.path).lstrip("/")))


def has_file(place: Place, pattern: str) -> bool:
    """Whether a folder holds a file of a name like this; it may not be there itself."""
    return next(iter(place.glob(pattern)), None) is not None


def delete_tree(place: Place) -> None:
    """Delete a folder and all that is in it, if it is there."""
    if not is_url(place):
        shutil.rmtree(place, ignore_errors=True)
        return
    with suppress(FileNotFoundError):
        _store(place).rm(place.path, recursive=True)


def delete(place: Place) -> None:
    """Delete a file, if it is there."""
    if not is_url(place):
        place.unlink(missing_ok=True)
        return
    with suppress(FileNotFoundError):
        _store(place).rm_file(place.path)


def upload(folder: Path, place: UPath, *, last: str) -> None:
    """Put the files of a folder of this machine into a store.

    Args:
        folder: what is put.
        place: the folder in the store.
        last: the file that is put when all others are there, and never over another one.

    Raises:
        FileExistsError: that file is there already.
    """
    from concurrent.futures import ThreadPoolExecutor

    files = [path for path in folder.rglob("*") if path.is_file() and path != folder / last]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda path: put_file(path, place / _below(path, folder)), files))
    put_if_absent(place / last, (folder / last).read_bytes())


def _below(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()
