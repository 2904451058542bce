"""JSON records that carry a checksum of what they say, so that a damaged one is told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

CHECKSUM = "sha256"


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """A record with the checksum of all that it says."""
    return {**content, CHECKSUM: _checksum(content)}


def is_as_written(content: Mapping[str, Any]) -> bool:
    """Whether what a record says fits its checksum."""
    try:
        return bool(content[CHECKSUM] == _checksum(content))
    except (KeyError, ValueError):  # no checksum, or a number of more digits than Python prints
        return False


def _checksum(content: Mapping[str, Any]) -> str:
    """SHA-256 of what a record says, however it is laid out; of all but the checksum itself."""
    said = {key: value for key, value in content.items() if key != CHECKSUM}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
