"""What of a delivery looks like nobody or like nothing, in sentences; only markers are shown."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator

from ldn_spark.io.lake import FileRecord
from ldn_spark.io.markers import is_word
from ldn_spark.io.sources import Source

_FEW_LINES = 3
"""From so many lines on a number like 0 is suspicious; a word always is."""
_NAMED_FILES = 3


def suspicions(files: Iterable[FileRecord], source: Source) -> list[str]:
    """What a source file should declare: missing values, pseudonyms of nobody, other filters."""
    files = list(files)
    empty = [file.name for file in files if 0 < file.lines == file.left_out]
    left = [f"{_files(empty)}: 'where' leaves out every line"] if empty else []
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


def _marked_columns(files: Iterable[FileRecord]) -> Iterator[str]:
    fields: dict[str, Counter[str]] = {}
    names: dict[str, list[str]] = {}
    for file in files:
        for column, markers in file.markers.items():
            fields.setdefault(column, Counter()).update(markers)
            names.setdefault(column, []).append(file.name)
    for column, markers in sorted(fields.items()):
        number = markers.total()
        what = "1 field looks" if number == 1 else f"{number:,} fields look"
        told = ", ".join(f"{text} {count:,}" for text, count in sorted(markers.items()))
        yield (
            f"{_files(names[column])} column {column}: {what} like a missing marker ({told}); "
            f"declare missing_values: {json.dumps(sorted(markers), ensure_ascii=False)} in the "
            "source file"
        )


def _nobodies(files: Iterable[FileRecord], source: Source) -> Iterator[str]:
    if not (ids := suspicious_ids(files)):
        return
    told = ", ".join(f"{text} ({lines:,} lines)" for text, lines in ids.items())
    flag = f"column: {source.columns['pseudonym']}, values: {json.dumps([*ids])}"
    one = len(ids) == 1
    yield (
        f"{'a pseudonym looks' if one else 'pseudonyms look'} like nobody's: {told}; every one "
        f"counts as one person; where they stand for nobody, declare no_id: {{{flag}}} in the "
        "source file"
    )


def _files(names: list[str]) -> str:
    more = len(names) - _NAMED_FILES
    return ", ".join(names[:_NAMED_FILES]) + (f" and {more} more files" if more > 0 else "")
