"""The proof of a pattern as a file: for every sensitive number two worlds that show the same.

Whoever reads it needs neither a solver nor this software: whole numbers are added and compared.
The file holds what is hidden and is as restricted as the moments.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ldn_spark.release.attacker import Side
from ldn_spark.release.linked import Linked, World, faults, value_of
from ldn_spark.release.pattern import SIDES, Pattern
from ldn_spark.texts.restricted import RESTRICTED
from ldn_spark.texts.sealed import sealed

WORLDS = "worlds.json"


def worlds_json(problem: Linked, pattern: Pattern) -> bytes:
    """The problem, what is hidden, and the worlds as differences from the truth.

    The same problem and pattern give the same bytes. A world is stored once, however many numbers
    it is the proof of.
    """
    kept: dict[tuple[tuple[str, int], ...], int] = {}
    proofs = []
    for one in problem.sensitive:
        for side in SIDES:
            changes = _changes(problem, pattern.worlds[one.name, side])
            number = kept.setdefault(changes, len(kept))
            proofs.append({"sensitive": one.name, "side": side, "world": number})
    content = {
        "restricted": RESTRICTED,
        "variables": [
            {"name": one.name, "truth": one.truth, "low": one.low, "high": one.high}
            for one in problem.variables
        ],
        "relations": [
            {"form": dict(one.form), "low": one.low, "high": one.high} for one in problem.relations
        ],
        "units": [
            {"name": one.name, "hidden": one.name in pattern.hidden, "cells": list(one.cells)}
            for one in problem.units
        ],
        "sensitive": [
            {"name": one.name, "form": dict(one.form), "low": one.low, "high": one.high}
            for one in problem.sensitive
        ],
        "worlds": [dict(changes) for changes in kept],
        "proofs": proofs,
    }
    return json.dumps(sealed(content), ensure_ascii=False, separators=(",", ":")).encode()


def _changes(problem: Linked, world: World) -> tuple[tuple[str, int], ...]:
    truth = problem.truth
    return tuple((name, world[name] - truth[name]) for name in truth if world[name] != truth[name])


def check_worlds(
    problem: Linked, hidden: frozenset[str], worlds: Mapping[tuple[str, Side], World]
) -> list[str]:
    """What is wrong with the proof of a pattern; nothing where it holds. No solver is asked."""
    shown = sorted(set(problem.unit) - hidden)
    wrong = []
    checked: dict[int, list[str]] = {}
    for one in problem.sensitive:
        for side in SIDES:
            world: Any = worlds.get((one.name, side))
            if world is None:
                wrong.append(f"{one.name}: there is no world for its {side} side")
                continue
            value = value_of(one.form, world)
            if not (value <= one.low if side == "low" else value >= one.high):
                wrong.append(f"{one.name}: the world for its {side} side does not reach it")
            if id(world) not in checked:
                checked[id(world)] = faults(problem, shown, world)
            wrong += [f"{one.name}: {fault}" for fault in checked[id(world)]]
    return wrong
