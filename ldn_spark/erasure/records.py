"""Records of erasures: sealed, each chained to the one before, and signed where a key is given.

A signature is HMAC-SHA256 under a key that the user keeps outside the lake. It proves that who has
the key wrote exactly this; the chain, that no record before it was changed or taken away. Neither
proves that a disk has forgotten: a whole disk's key destroyed does.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from ldn_spark.errors import ConfigError, EngineError, Problem, ResultsError
from ldn_spark.lake.sums import NO_FILE
from ldn_spark.places.place import Place
from ldn_spark.texts.sealed import CHECKSUM, is_as_written, sealed

SIGNATURE = "signature"
_SHORTEST_KEY = 16


def read_key(file: Place) -> bytes:
    """The key that records are signed with: the bytes of a file, a line end at its end left out.

    Raises:
        ConfigError: there is none, or it is too short.
    """
    try:
        key = file.read_bytes().rstrip(b"\r\n")
    except (*NO_FILE, PermissionError):
        mend = "make one: head -c 32 /dev/urandom > KEY, and keep it outside the lake"
        raise ConfigError(Problem(str(file), "the key cannot be read", mend)) from None
    if len(key) < _SHORTEST_KEY:
        what = f"a key has at least {_SHORTEST_KEY} bytes, and this one {len(key)}"
        raise ConfigError(Problem(str(file), what, "head -c 32 /dev/urandom > KEY"))
    return key


def signed(content: Mapping[str, Any], key: bytes | None) -> str:
    """A record as it is stored, signed if there is a key."""
    signature = None
    if key is not None:
        signature = {
            "method": "HMAC-SHA256",
            "key_sha256": hashlib.sha256(key).hexdigest(),
            "value": _signature(content, key),
        }
    return json.dumps(sealed({**content, SIGNATURE: signature}), indent=2) + "\n"


def _signature(content: Mapping[str, Any], key: bytes) -> str:
    said = {name: value for name, value in content.items() if name not in (SIGNATURE, CHECKSUM)}
    return hmac.new(key, json.dumps(said, sort_keys=True).encode(), "sha256").hexdigest()


def check_record(file: Place, key: bytes | None) -> dict[str, Any]:
    """A record, seen to be as it was written, and signed with a key if one is given.

    Raises:
        ResultsError: there is none, it is damaged, unsigned, or signed with another key.
    """
    content: dict[str, Any] | None = None
    try:
        content = json.loads(file.read_bytes())
    except (*NO_FILE, ValueError, RecursionError):
        pass
    if not isinstance(content, dict) or not is_as_written(content):
        what = "is no record of an erasure, or is not as it was written"
        raise ResultsError(Problem(str(file), what, "restore it from a copy"))
    if key is not None:
        given = content.get(SIGNATURE)
        if given is None:
            raise ResultsError(Problem(str(file), "is not signed", "leave out --sign-with"))
        if not hmac.compare_digest(given["value"], _signature(content, key)):
            what = "is signed with another key, or was changed"
            raise ResultsError(Problem(str(file), what, "give the key that it was signed with"))
    return content


def last_of_chain(folder: Place) -> str | None:
    """SHA-256 of the newest record in a folder; None for none.

    Raises:
        EngineError: a record is damaged.
    """
    files = sorted(folder.glob("[!.]*.json"), key=str)
    for file in files:
        if not is_as_written(json.loads(file.read_bytes())):
            what = "is damaged: it is not what was written"
            raise EngineError(Problem(str(file), what, "restore it from a backup"))
    return hashlib.sha256(files[-1].read_bytes()).hexdigest() if files else None
