"""Persons who were erased: known again by a keyed hash of their pseudonym, and by nothing else."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

ERASED = "erased persons"
"""Stands in the account of a file where otherwise the column does that leaves lines out."""


@dataclass(frozen=True, slots=True)
class Erased:
    """The persons whose lines are left out.

    Attributes:
        key: of the hashes, of this lake alone.
        digests: HMAC-SHA256 of each pseudonym.
    """

    key: bytes
    digests: frozenset[bytes]

    def find(self, pseudonyms: pa.Array | pa.ChunkedArray) -> np.ndarray:
        """Which rows are of one of them.

        Args:
            pseudonyms: without blanks around them.
        """
        if isinstance(pseudonyms, pa.ChunkedArray):
            pseudonyms = pseudonyms.combine_chunks()
        encoded = pseudonyms.dictionary_encode()
        texts = encoded.dictionary.to_pylist()
        found = np.array([digest(self.key, text) in self.digests for text in texts], bool)
        rows: np.ndarray = found[encoded.indices.to_numpy(zero_copy_only=False)]
        return rows


def digest(key: bytes, pseudonym: str) -> bytes:
    """What stands for a pseudonym in a list of erased persons."""
    return hmac.digest(key, pseudonym.encode(), "sha256")
