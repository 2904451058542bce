"""A disagreement made small: persons, lines and parts of the study that it does not need go."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ldn_spark.errors import ConfigError
from tests.generative.examples import Example

_PARTS = ("eligibility", "subgroups", "outcomes", "contrasts")


def shrunk(
    example: Example, folder: Path, disagrees: Callable[[Example], bool], tries: int = 150
) -> Example:
    """The smallest example found that still disagrees."""
    candidates = _smaller(example, folder)
    for _ in range(tries):
        smaller = next(candidates, None)
        if smaller is None:
            break
        if disagrees(smaller):
            example, candidates = smaller, _smaller(smaller, folder)
    return example


def _smaller(example: Example, folder: Path) -> Iterator[Example]:
    """Examples with less, the largest steps first."""
    persons = sorted(example.world.persons)
    for gone in _chunks(persons):
        yield example.inhabited(folder, example.world.without_persons(gone))
    for document in _smaller_documents(example.document):
        try:
            yield example.altered(folder, document)
        except (ValidationError, ConfigError):
            continue
    for gone in _chunks(list(range(len(example.world.register)))):
        yield example.inhabited(folder, example.world.without_lines(gone))


def _chunks(things: list[Any]) -> Iterator[set[Any]]:
    """Halves, quarters and so on, down to single ones; never all."""
    size = len(things) // 2
    while size >= 1:
        for first in range(0, len(things), size):
            yield set(things[first : first + size])
        size //= 2


def _smaller_documents(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for part in _PARTS:
        for position in range(len(document[part])):
            smaller = copy.deepcopy(document)
            del smaller[part][position]
            ids = [outcome["id"] for outcome in smaller["outcomes"]]
            curves = [one for one in smaller["figures"]["curve_outcomes"] if one in ids]
            smaller["figures"]["curve_outcomes"] = curves or ids[:1]
            yield smaller
    for part in ("eligibility", "subgroups"):
        for position, step in enumerate(document[part]):
            for inner in _inner(step["keep_if"]):
                smaller = copy.deepcopy(document)
                smaller[part][position]["keep_if"] = inner
                yield smaller


def _inner(condition: dict[str, Any]) -> list[dict[str, Any]]:
    """The conditions that one is made of."""
    found = [*condition.get("all", ()), *condition.get("any", ())]
    return [*found, condition["not"]] if "not" in condition else found


def printable(example: Example) -> str:
    """A study and its world as text; the persons are invented."""
    world = example.world
    lines = [
        f"study: {json.dumps(example.document)}",
        f"codes: {example.way}, alterations {world.alterations}",
        *(f"person {key}: {row}" for key, row in sorted(world.persons.items())),
    ]
    for row, delivered in zip(world.register, world.delivered, strict=True):
        told = {key: str(value) for key, value in row.items() if value is not None}
        if delivered["atc"] != row["atc"]:
            told["delivered as"] = delivered["atc"]
        lines.append(f"line: {told}")
    return "\n".join(lines)
