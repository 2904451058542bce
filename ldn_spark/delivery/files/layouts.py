"""Tell of which kind a delivered file is, by the columns that a source expects of each kind."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from ldn_spark.delivery.files.blocks import DISPENSINGS, DeliveredFile
from ldn_spark.delivery.files.unpacking import PACKED_SUFFIXES
from ldn_spark.delivery.source.declared import Companion
from ldn_spark.delivery.source.sources import Source
from ldn_spark.errors import DeliveryError, Problem
from ldn_spark.shown import counted, numbered
from ldn_spark.study.codes import ATC_PATTERN

_NAMED_COLUMNS = 20
_OF_DIGITS = re.compile(r"[+-]?[\d.,/: -]+")


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of one kind of file.

    Attributes:
        source: the source's id.
        kind: `dispensings`, or a companion's name.
        files: patterns of its files.
        required: delivered columns without which a file cannot be read.
        used: every column that is read where it is there, the required ones among them.
        known: those, and the ones that are known and not needed.
        identifiers: columns that are compared as they are written.
    """

    source: str
    kind: str
    files: tuple[str, ...]
    required: tuple[str, ...]
    used: tuple[str, ...]
    known: frozenset[str]
    identifiers: tuple[str, ...]

    @property
    def title(self) -> str:
        """The layout as messages name it."""
        return f"source {self.source}" + f" ({self.kind})" * (self.kind != DISPENSINGS)

    def fits_name(self, path: Path) -> bool:
        """Whether a file is named like one of the patterns, with or without a packed suffix."""
        names = [path.name]
        names += [path.name.removesuffix(end) for end in PACKED_SUFFIXES if path.suffix == end]
        return any(_fits(name, self.files) for name in names)

    def folder_of(self, path: Path) -> Path | None:
        """The folder around a file that is named like one of the patterns; None for none."""
        return next((one for one in path.parents if _fits(one.name, self.files)), None)


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(name, Path(pattern).name) for pattern in patterns)


def layouts_of(source: Source) -> tuple[Layout, ...]:
    """The layouts of a source, the dispensings first."""
    required = {*source.columns.values(), *source.line_key, *source.lookup_keys}
    required |= {*source.computed.ddd.parts} if source.computed.ddd else set()
    required |= {one.column for one in source.where}
    required |= {source.computed.birth_year.age} if source.computed.birth_year else set()
    required |= {source.no_id.column} if source.no_id and not source.no_id.optional else set()
    used = source.used_columns
    dispensings = Layout(
        source=source.id,
        kind=DISPENSINGS,
        files=source.files,
        required=tuple(name for name in used if name in required),
        used=used,
        known=frozenset({*used, *source.ignored_columns, *source.looked_up}),
        identifiers=(source.columns["pseudonym"], *source.line_key),
    )
    companions = source.companions.items()
    return (dispensings, *(_companion(source.id, kind, section) for kind, section in companions))


def _companion(source: str, kind: str, section: Companion) -> Layout:
    used = section.used_columns
    required = {*section.columns.values(), *(one.column for one in section.where)}
    return Layout(
        source=source,
        kind=kind,
        files=section.files,
        required=tuple(name for name in used if name in required),
        used=used,
        known=frozenset({*used, *section.ignored_columns}),
        identifiers=(section.columns["pseudonym"],),
    )


def layout_of(path: Path, header: Sequence[str], layouts: Sequence[Layout]) -> Layout:
    """The layout that a file has: by its name where only one kind is named so, else by its header.

    A part of a folder of Parquet may be named by its folder.

    The columns that only one kind requires decide before those that several know; of the kinds
    that remain, one that the file has wholly, with the most columns.

    Raises:
        DeliveryError: two kinds fit alike.
    """
    named = [layout for layout in layouts if layout.fits_name(path)]
    named = named or [layout for layout in layouts if layout.folder_of(path)] or list(layouts)
    columns = set(header)

    def rank(layout: Layout) -> tuple[int, bool, int, int]:
        others = {name for other in named if other is not layout for name in other.known}
        own = len(columns & {*layout.required} - others)
        whole = columns >= {*layout.required}
        return own, whole, len(layout.required) * whole, len(columns & {*layout.used})

    best = max(named, key=rank)
    alike = [layout for layout in named if rank(layout) == rank(best)]
    if len(alike) > 1 and columns >= {*best.required}:
        kinds = " and ".join(layout.kind for layout in alike)
        mend = f"give them patterns of their own under 'files' of source {best.source}"
        raise DeliveryError(Problem(str(path), f"fits {kinds} alike", mend))
    return best


def mentions_columns(text: str, layouts: Sequence[Layout]) -> bool:
    """Whether a first line names any column of the source, in any spelling."""
    text = text.lower()
    return any(name.lower() in text for layout in layouts for name in layout.used)


def header_problems(where: str, header: Sequence[str], layout: Layout) -> Iterator[Problem]:
    """What keeps a file with these columns from being read, all of it."""
    there = _columns_there(header, layout)
    delivered = {name.lower(): name for name in header}
    for name in layout.used:
        close = delivered.get(name.lower())
        if name in header or (close is None and name not in layout.required):
            continue
        what = f"the column '{name}' is missing"
        if close is not None:
            yield Problem(where, what, f"the file has '{close}': spell it alike")
        else:
            mend = f"add the column, or name the right one in {layout.title}"
            yield Problem(where, what, mend + there)
            there = ""
    for name, times in sorted(Counter(header).items()):
        if times > 1 and name in layout.known:
            yield Problem(where, f"the column '{name}' occurs twice", "remove one of them")


def _columns_there(header: Sequence[str], layout: Layout) -> str:
    """The names of a file's columns; nothing where its first line may be something else."""
    names = list(dict.fromkeys(name for name in header if name))
    if not {*names} & {*layout.used} or any(is_value(name) for name in names):
        return ""
    more = f" and {len(names) - _NAMED_COLUMNS} more" if len(names) > _NAMED_COLUMNS else ""
    return f"; the file has {', '.join(names[:_NAMED_COLUMNS])}{more}"


def unknown_columns(files: Sequence[DeliveredFile], layouts: Sequence[Layout]) -> list[str]:
    """One warning for all columns of all files that their source does not know; none for none."""
    known = {layout.kind: layout.known for layout in layouts}
    found: dict[str, list[str]] = {}
    for file in files:
        for column in dict.fromkeys(file.header):
            if column and column not in known[file.kind]:
                found.setdefault(column, []).append(file.name)
    if not found:
        return []
    told = [f"{column} ({_in_files(names, files)})" for column, names in found.items()]
    more = f" and {len(told) - _NAMED_COLUMNS} more" if len(told) > _NAMED_COLUMNS else ""
    are = numbered(len(told), "column is", "columns are")
    ignored = "is ignored" if len(told) == 1 else "are ignored"
    return [
        f"{are} not known to source {layouts[0].source} and {ignored}: "
        f"{', '.join(told[:_NAMED_COLUMNS])}{more}"
    ]


def _in_files(names: Sequence[str], files: Sequence[DeliveredFile]) -> str:
    """In which files a column is: the first by its name, and how many others."""
    if len(names) == 1:
        return names[0]
    if len(names) == len(files):
        return f"all {numbered(len(files), 'file')}"
    return f"{names[0]} and {counted(len(names) - 1)} more"


def is_value(name: str) -> bool:
    """Whether a field of a first line is a value rather than the name of a column."""
    name = name.strip()
    if _OF_DIGITS.fullmatch(name) and any(map(str.isdigit, name)):
        return True
    return len(name) == 7 and bool(ATC_PATTERN.fullmatch(name.upper()))
