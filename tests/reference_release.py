"""The proof of a pattern looked at without a solver, and without anything of the package.

A number that must stay open is safe when two worlds hold all that everybody knows, show the same
wherever something is shown, and have the number at most as low and at least as high as it must stay
possible.
"""

from __future__ import annotations

import json


def faults(content):
    """What is wrong with the bytes of a `worlds.json`."""
    proof = json.loads(content)
    truth = {one["name"]: one["truth"] for one in proof["variables"]}
    shown = [cell for unit in proof["units"] if not unit["hidden"] for cell in unit["cells"]]
    proved = {(one["sensitive"], one["side"]): one["world"] for one in proof["proofs"]}
    wrong = []
    for number, changes in enumerate(proof["worlds"]):
        world = truth | {name: truth[name] + change for name, change in changes.items()}
        for one in proof["variables"]:
            if not one["low"] <= world[one["name"]] <= one["high"]:
                wrong.append(f"world {number}: {one['name']}")
        for at, one in enumerate(proof["relations"]):
            if not is_between(one, value(one["form"], world)):
                wrong.append(f"world {number}: relation {at}")
        wrong += [f"world {number}: shows {c}" for c in shown if value(c, world) != value(c, truth)]
    for one in proof["sensitive"]:
        for side in ("low", "high"):
            at = proved.get((one["name"], side))
            if at is None:
                wrong.append(f"{one['name']}: nothing proves its {side} side")
                continue
            found = value(one["form"], truth) + value(one["form"], proof["worlds"][at], 0)
            if found > one["low"] if side == "low" else found < one["high"]:
                wrong.append(f"{one['name']}: its {side} side is not reached")
    return wrong


def value(form, world, otherwise=None):
    return sum(
        factor * (world[name] if otherwise is None else world.get(name, otherwise))
        for name, factor in form.items()
    )


def is_between(one, number):
    above = one["low"] is None or number >= one["low"]
    return above and (one["high"] is None or number <= one["high"])
