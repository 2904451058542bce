"""The files that a run is made from beside the lake, so that it can be made again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that a person gave, or that comes with the project, as it was when it was read.

    Attributes:
        kind: what it is: `study file`, `codelist`, `published values`.
        name: of a codelist its name; empty else.
        file: its name without the folder: a path says nothing on another machine.
        sha256: of its bytes.
        is_given: whether the command line names it; one of the project's own is found by name.
    """

    kind: str
    name: str
    file: str
    sha256: str
    is_given: bool


def input_file(kind: str, name: str, path: Path, *, is_given: bool) -> InputFile:
    """A file that has been read just now."""
    sha256 = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return InputFile(kind, name, Path(path).name, sha256, is_given)
