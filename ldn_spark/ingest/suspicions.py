"""Warn of markers that look like nobody or like nothing; no other text is shown."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ldn_spark.delivery.source.sources import Source
from ldn_spark.delivery.values.erased import ERASED
from ldn_spark.delivery.values.markers import is_word
from ldn_spark.lake.versions import FileRecord
from ldn_spark.shown import counted, numbered

_FEW_LINES = 3
"""From so many lines on a number like 0 is suspicious; a word always is."""
_NAMED_FILES = 3


def suspicions(files: Iterable[FileRecord], source: Source) -> list[str]:
    """What a source file should declare: missing values, pseudonyms of nobody, other filters."""
    files = list(files)
    empty = [
        file.name
        for file in files
        if 0 < file.lines == file.left_out and ERASED not in file.left_out_by_column
    ]
    left = [f"{named_files(empty)}: 'where' leaves out every line"] if empty else []
    return [*left, *_marked_columns(files), *_nobodies(files, source)]


def suspicious_ids(files: Iterable[FileRecord]) -> dict[str, int]:
    """Pseudonyms that look like nobody's, with their accepted lines in all files."""
    lines: Counter[str] = Counter()
    for file in files:
        if not file.is_replaced:
            lines.update(file.nobodies)
    return {
        text: number
        for text, number in sorted(lines.items())
        if is_word(text) or number >= _FEW_LINES
    }


def warn_of_nobodies(files: Iterable[FileRecord]) -> list[str]:
    """The sentence about pseudonyms that look like nobody's, for a study of a lake that has any."""
    if not (ids := suspicious_ids(files)):
        return []
    told = ", ".join(f"{text} ({numbered(lines, 'line')})" for text, lines in ids.items())
    if len(ids) == 1:
        return [f"a pseudonym looks like nobody's and counts as one person: {told}"]
    return [f"pseudonyms look like nobody's, and each counts as one person: {told}"]


def _marked_columns(files: Iterable[FileRecord]) -> Iterator[str]:
    """One sentence on all of them; numbers are to be declared of their own column only."""
    fields: dict[str, Counter[str]] = {}
    names: dict[str, list[str]] = {}
    for file in files:
        for column, markers in file.markers.items():
            fields.setdefault(column, Counter()).update(markers)
            names.setdefault(column, []).append(file.name)
    if not fields:
        return
    words = sorted({text for markers in fields.values() for text in markers if is_word(text)})
    columns = {
        column: sorted({*words, *markers})
        for column, markers in sorted(fields.items())
        if not all(map(is_word, markers))
    }
    declared = words if not columns else {"values": words, "columns": columns}
    told = "; ".join(
        f"{column} in {named_files(names[column])} ({_counted(markers)})"
        for column, markers in sorted(fields.items())
    )
    yield f"fields look like missing markers: {told}; declare missing_values: {_yaml(declared)}"


def _counted(markers: Counter[str]) -> str:
    return ", ".join(f"{text} {counted(count)}" for text, count in sorted(markers.items()))


def _nobodies(files: Iterable[FileRecord], source: Source) -> Iterator[str]:
    if not (ids := suspicious_ids(files)):
        return
    told = ", ".join(f"{text} ({numbered(count, 'line')})" for text, count in ids.items())
    flag = {"column": source.columns["pseudonym"], "values": [*ids]}
    what = numbered(len(ids), "pseudonym looks", "pseudonyms look")
    yield (
        f"{what} like nobody's, each taken for a person: {told}; where nobody is meant, "
        f"declare no_id: {_yaml(flag)}"
    )


def _yaml(value: object) -> str:
    """A value to copy into a source file."""
    return json.dumps(value, ensure_ascii=False)


def named_files(names: Sequence[str]) -> str:
    """The first few names of files, and how many others there are."""
    more = len(names) - _NAMED_FILES
    return ", ".join(names[:_NAMED_FILES]) + (
        f" and {numbered(more, 'more file')}" if more > 0 else ""
    )
