"""Person keys against the published test vectors of XXH64 and a plain reading of its text."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldn_spark.ingest.landing.person_keys import _PRIMES, SEED, person_keys

MASK = (1 << 64) - 1
P1, P2, P3, P4, P5 = _PRIMES


def rotate(number, by):
    return (number << by | number >> (64 - by)) & MASK


def add(lane, word):
    return rotate((lane + word * P2) & MASK, 31) * P1 & MASK


def word(data, at, width):
    return int.from_bytes(data[at : at + width], "little")


def xxh64(data, seed=SEED):
    """One text after the other, with Python's integers."""
    at = 0
    if len(data) < 32:
        total = seed + P5
    else:
        lanes = [seed + P1 + P2, seed + P2, seed, seed - P1]
        lanes = [lane & MASK for lane in lanes]
        while at + 32 <= len(data):
            lanes = [add(lane, word(data, at + 8 * n, 8)) for n, lane in enumerate(lanes)]
            at += 32
        total = sum(rotate(lane, by) for lane, by in zip(lanes, (1, 7, 12, 18), strict=True))
        for lane in lanes:
            total = ((total & MASK ^ add(0, lane)) * P1 + P4) & MASK
    total = (total + len(data)) & MASK
    while at + 8 <= len(data):
        total = (rotate(total ^ add(0, word(data, at, 8)), 27) * P1 + P4) & MASK
        at += 8
    if at + 4 <= len(data):
        total = (rotate(total ^ word(data, at, 4) * P1 & MASK, 23) * P2 + P3) & MASK
        at += 4
    for octet in data[at:]:
        total = rotate(total ^ octet * P5 & MASK, 11) * P1 & MASK
    for shift, prime in ((33, P2), (29, P3), (32, 1)):
        total = (total ^ total >> shift) * prime & MASK
    return total - (1 << 64) if total >> 63 else total


def test_the_plain_reading_gives_published_hashes():
    """Of the empty text with seed 0, and of 'abc': the XXH64 documentation."""
    assert xxh64(b"", 0) & MASK == 0xEF46DB3751D8E999
    assert xxh64(b"abc", 0) & MASK == 0x44BC2CF5AD770999


@given(st.lists(st.text(max_size=90), max_size=30))
def test_columns_are_hashed_like_single_texts(texts):
    expected = [xxh64(text.encode()) for text in texts]
    assert person_keys(pa.array(texts, pa.string())).to_pylist() == expected


@pytest.mark.parametrize("length", [*range(1, 10), 11, 31, 32, 33, 40, 63, 64, 71])
def test_texts_of_one_length(length):
    texts = [f"{number:>{length}}"[-length:] for number in range(50)]
    assert person_keys(pa.array(texts)).to_pylist() == [xxh64(text.encode()) for text in texts]


def test_slices_and_chunks():
    texts = [f"P{number}" for number in range(1000)]
    whole = person_keys(pa.array(texts)).to_pylist()
    assert person_keys(pa.array(texts)[17:930]).to_pylist() == whole[17:930]
    chunked = pa.chunked_array([pa.array(texts[:5]), pa.array(texts[5:])])
    assert person_keys(chunked).to_pylist() == whole
    assert person_keys(pa.array([], pa.string())).to_pylist() == []
