"""Find the files that a delivery names, and tell what else a folder holds."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from ldn_spark.delivery.files.deltatables import is_delta
from ldn_spark.delivery.files.file_kinds import no_file
from ldn_spark.delivery.files.foreign import BEGIN
from ldn_spark.delivery.files.layouts import Layout, layouts_of, mentions_columns
from ldn_spark.delivery.files.readers import reader_of
from ldn_spark.delivery.source.sources import Source
from ldn_spark.errors import DeliveryError, LdnSparkError, Problem
from ldn_spark.places.files import in_store_like, opened
from ldn_spark.places.place import Place, as_place, is_url_text
from ldn_spark.shown import shown

_ARCHIVES = ("*.zip", "*.7z", "*.rar", "*.tar", "*.tgz", "*.tar.*")


def find_files(delivery: Sequence[str | Place], source: Source) -> tuple[list[Place], list[str]]:
    """The files that a delivery names: files, folders (the source's patterns apply) and globs.

    A folder may hold other things too (a list of product numbers, a letter): a file in it that
    names none of the source's columns is left aside, with a warning. A file that is named itself,
    or by a glob, is never left aside. A Delta table is a file; a folder of Parquet, with its
    partition folders, is the files in it. Nothing is opened that is no file: a pipe would be
    waited for without an end.

    Returns:
        Absolute paths, each once, sorted; and the warnings.

    Raises:
        DeliveryError: something named does not exist or holds no file, or something that is named
            like a delivered file is none; all at once.
    """
    found: set[Place] = set()
    problems, warnings = [], []
    layouts = layouts_of(source)
    for item in map(str, delivery):
        matches = _matches(item)
        if not matches:
            what = "matches no file" if glob.has_magic(item) else "no such file or folder"
            problems.append(Problem(item, what, "check the path"))
        for path in matches:
            if path.is_file() or is_delta(path):
                found.add(path.resolve())
                continue
            if what := no_file(path):
                problems.append(Problem(str(path), what, "have it delivered as a file"))
                continue
            try:
                here, notes = _in_folder(path, source, layouts)
            except DeliveryError as error:
                problems += error.problems
                continue
            found |= {file.resolve() for file in here}
            warnings += notes
            if not here:
                patterns = dict.fromkeys(file for layout in layouts for file in layout.files)
                wanted = f"{' or '.join(patterns)} with the columns of source {source.id}"
                what = f"the folder holds no file like {wanted}"
                problems.append(Problem(str(path), what, "check the folder"))
    if problems:
        raise DeliveryError(problems)
    return sorted(found), list(map(shown, warnings))


def _matches(item: str) -> list[Place]:
    """What an argument names: itself, or what is like it."""
    if is_url_text(item):
        place = as_place(item)
        return [place] if place.exists() else in_store_like(place)
    return [Path(item)] if Path(item).exists() else [*map(Path, glob.glob(item))]


def _in_folder(
    folder: Place, source: Source, layouts: Sequence[Layout]
) -> tuple[set[Place], list[str]]:
    """What a folder holds that is named like a kind and has its columns; the warnings.

    Raises:
        DeliveryError: something in it is named like a kind and is no file, or a link to nothing.
    """
    suffixes = ("", *reader_of(source.format).suffixes_added)
    patterns = {pattern + suffix for one in layouts for pattern in one.files for suffix in suffixes}
    named = {path for pattern in patterns for path in folder.glob(pattern)}
    here = set(_data_files(folder, named, source))
    if problems := list(_not_delivered(named | here)):
        raise DeliveryError(problems)
    foreign = {file for file in here if not _is_known(file, source, layouts)}
    archives = {file for pattern in _ARCHIVES for file in folder.glob(pattern)} - here
    warnings = [
        f"{file.name}: has no column of source {source.id}, left aside" for file in sorted(foreign)
    ]
    warnings += [
        f"{file.name}: is packed and not looked into; if it belongs to the delivery, unpack it"
        for file in sorted(archives)
    ]
    looked_at = archives | {folder / path.relative_to(folder).parts[0] for path in here}
    left = [path for path in sorted(folder.iterdir()) if path not in looked_at]
    warnings += _left_aside(left, source, layouts)
    return here - foreign, warnings


def _not_delivered(paths: set[Place]) -> Iterator[Problem]:
    """What is named like a delivered file and is none: left out, a year would be missing."""
    for path in sorted(path for path in paths if not path.name.startswith(".")):
        if not path.exists():
            yield Problem(str(path), "is a link to something that is not there", "check the link")
        elif what := no_file(path):
            mend = "have it delivered as a file, or take it out of the folder"
            yield Problem(str(path), what, mend)


def _left_aside(paths: Sequence[Place], source: Source, layouts: Sequence[Layout]) -> Iterator[str]:
    """What looks like a part of a delivery and is not taken: a file `2013.TXT`, a folder `2013`."""
    patterns = dict.fromkeys(pattern for layout in layouts for pattern in layout.files)
    like = " or ".join(patterns)
    for path in paths:
        if path.name.startswith("."):
            continue
        if path.is_file() and _has_required_columns(path, source, layouts):
            what = f"has the columns of source {source.id}, but is not named like {like}"
            yield f"{path.name}: {what}, left aside; if it belongs to the delivery, name it too"
        elif path.is_dir() and any(any(path.glob(pattern)) for pattern in patterns):
            what = f"is a folder with files like {like} and not looked into"
            yield f"{path.name}: {what}; if it belongs to the delivery, name it too"
        elif path.is_dir() and any(map(path.match, patterns)):
            what = "is a folder and not looked into"
            yield f"{path.name}: {what}; if it belongs to the delivery, name its files too"
        elif what := no_file(path):
            yield f"{path.name}: {what}; left aside"


def _has_required_columns(path: Place, source: Source, layouts: Sequence[Layout]) -> bool:
    try:
        text = _header_text(path, source).lower()
    except (LdnSparkError, OSError):
        return False
    return any(all(name.lower() in text for name in one.required) for one in layouts)


def _data_files(folder: Place, named: set[Place], source: Source) -> Iterator[Place]:
    """The files, folders of Parquet taken apart; Delta tables whole."""
    named = {path for path in named if not path.name.startswith(".")}
    tables = {path for path in named if is_delta(path)}
    yield from tables
    yield from reader_of(source.format).within(folder, named - tables)


def _is_known(path: Place, source: Source, layouts: Sequence[Layout]) -> bool:
    """Whether a file names any column of the source; a broken one is no stranger, a letter is."""
    try:
        return mentions_columns(_header_text(path, source), layouts)
    except DeliveryError:
        if path.is_dir():
            return True
    with opened(path) as stream:
        begin = stream.read(BEGIN)
    return reader_of(source.format).is_meant(path, begin)


def _header_text(path: Place, source: Source) -> str:
    return reader_of("delta" if path.is_dir() else source.format).header(path, source)
