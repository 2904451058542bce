"""The columns of a block as their different texts: what the rules look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ldn_spark.delivery.files.lines import SplitLines


@dataclass(frozen=True)
class TextColumn:
    """One column.

    Attributes:
        name: the delivered column, or the one of the lookup.
        texts: its different texts.
        indices: which of them each row has, without nulls.
        canonical: whether the texts are canonical rather than as the source declares.
    """

    name: str
    texts: list[str]
    indices: pa.Array
    canonical: bool


def text_columns(lines: SplitLines, names: Sequence[str]) -> dict[str, TextColumn]:
    """The named columns."""
    found = {}
    for name in names:
        raw = flat(lines.columns[name])
        if raw.null_count or not pa.types.is_dictionary(raw.type):
            raw = _decoded(raw).dictionary_encode()
        texts = [text.decode(lines.codec) for text in raw.dictionary.to_pylist()]
        found[name] = TextColumn(name, texts, raw.indices, name in lines.typed)
    return found


def without(column: TextColumn, markers: Sequence[str]) -> tuple[TextColumn, np.ndarray | None]:
    """A column whose fields are empty where they hold a marker; and which rows those are."""
    marked = [text.strip() in markers for text in column.texts] if markers else []
    if not any(marked):
        return column, None
    texts = [
        "" if is_marked else text for text, is_marked in zip(column.texts, marked, strict=True)
    ]
    rows = np.array(marked)[column.indices.to_numpy(zero_copy_only=False)]
    return replace(column, texts=texts), rows


def flat(column: pa.ChunkedArray) -> pa.Array:
    """A column in one piece."""
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _decoded(raw: pa.Array) -> pa.Array:
    """One value per row, the empty one for null."""
    raw = raw.dictionary_decode() if pa.types.is_dictionary(raw.type) else raw
    return raw.fill_null(b"") if raw.null_count else raw


def row_texts(lines: SplitLines, name: str) -> pa.Array:
    """A column decoded, one text per row."""
    raw = _decoded(flat(lines.columns[name]))
    try:
        texts = raw.cast(pa.string())
        if lines.codec == "utf-8" or pc.all(pc.string_is_ascii(texts)).as_py() is not False:
            return texts
    except pa.ArrowInvalid:
        pass
    return pa.array([text.decode(lines.codec) for text in raw.to_pylist()], pa.string())


def combinations(columns: Sequence[TextColumn]) -> tuple[pa.Array, list[tuple[int, ...]]]:
    """Which combination of the columns' texts each row has, and the different combinations."""
    first, *others = columns
    found: list[tuple[int, ...]] = [(number,) for number in range(len(first.texts))]
    indices = first.indices
    for column in others:
        width = max(len(column.texts), 1)
        before = indices.to_numpy(zero_copy_only=False).astype(np.int64)
        codes = pa.array(before * width + column.indices.to_numpy(zero_copy_only=False))
        encoded = codes.dictionary_encode()
        pairs = (divmod(code, width) for code in encoded.dictionary.to_pylist())
        found = [(*found[combined], number) for combined, number in pairs]
        indices = encoded.indices
    return indices, found
