"""Person keys: the 64-bit xxHash of a pseudonym, equal to what the engines' `xxhash64` gives.

The tasks that parse lines hash whole columns at once. Source of the algorithm: the specification
of XXH64 (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md), with Spark's seed 42.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

SEED = 42
_STRIPE = 32
_PRIMES = (
    0x9E3779B185EBCA87,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
)
_P1, _P2, _P3, _P4, _P5 = map(np.uint64, _PRIMES)


def person_keys(pseudonyms: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The keys of pseudonyms.

    Args:
        pseudonyms: UTF-8 texts, none of them null.

    Returns:
        As many signed 64-bit integers.

    >>> person_keys(pa.array(["abc", ""])).to_pylist()
    [1423657621850124518, -7444071767201028348]
    """
    if isinstance(pseudonyms, pa.ChunkedArray):
        pseudonyms = pseudonyms.combine_chunks()
    texts = pseudonyms.cast(pa.large_string())
    count = len(texts)
    if not count:
        return pa.array([], pa.int64())
    _, offsets, content = texts.buffers()
    ends = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + count + 1]
    octets = np.frombuffer(content or b"", np.uint8)
    lengths = np.diff(ends)
    keys = np.empty(count, np.int64)
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        if len(rows) == count:  # all of one length, as pseudonyms usually are: they lie in a row
            square = octets[ends[0] : ends[-1]].reshape(count, length)
        else:
            square = octets[ends[rows][:, None] + np.arange(length)]
        keys[rows] = _hash_rows(square)
    return pa.array(keys)


def _hash_rows(texts: np.ndarray) -> np.ndarray:
    """XXH64 of each row of an (n, length) array of octets, as signed integers."""
    count, length = texts.shape
    seed, at = np.uint64(SEED), 0
    with np.errstate(over="ignore"):
        if length < _STRIPE:
            total = np.full(count, seed + _P5)
        else:
            starts = (seed + _P1 + _P2, seed + _P2, seed, seed - _P1)
            lanes = [np.full(count, start) for start in starts]
            while at + _STRIPE <= length:
                for number in range(4):
                    lanes[number] = _round(lanes[number], _words(texts, at + 8 * number, 8))
                at += _STRIPE
            turned = zip(lanes, (1, 7, 12, 18), strict=True)
            total = np.add.reduce([_rotate(lane, by) for lane, by in turned])
            for lane in lanes:
                total = (total ^ _round(np.uint64(0), lane)) * _P1 + _P4
        total += np.uint64(length)
        while at + 8 <= length:
            word = _round(np.uint64(0), _words(texts, at, 8))
            total = _rotate(total ^ word, 27) * _P1 + _P4
            at += 8
        if at + 4 <= length:
            total = _rotate(total ^ (_words(texts, at, 4) * _P1), 23) * _P2 + _P3
            at += 4
        for column in range(at, length):
            octet = texts[:, column].astype(np.uint64)
            total = _rotate(total ^ (octet * _P5), 11) * _P1
        for shift, prime in ((33, _P2), (29, _P3), (32, np.uint64(1))):
            total = (total ^ (total >> np.uint64(shift))) * prime
    return total.view(np.int64)


def _words(texts: np.ndarray, at: int, width: int) -> np.ndarray:
    """The little-endian number in `width` columns of each row."""
    columns = np.ascontiguousarray(texts[:, at : at + width])
    return columns.view(f"<u{width}")[:, 0].astype(np.uint64)


def _round(lane: np.ndarray | np.uint64, word: np.ndarray) -> np.ndarray:
    return _rotate(lane + word * _P2, 31) * _P1


def _rotate(number: np.ndarray, by: int) -> np.ndarray:
    return (number << np.uint64(by)) | (number >> np.uint64(64 - by))
