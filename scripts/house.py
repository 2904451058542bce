"""The picture of the house in DEVELOPERS.md, drawn from the imports: rooms, floors, who uses whom.

A room is a folder of the package, or a module that lies loose in it. It stands one floor above the
highest room that it imports from. Run `python scripts/house.py DEVELOPERS.md` after a move.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import grimp

PACKAGE = "ldn_spark"
BEGIN, END = "<!-- the house: scripts/house.py -->", "<!-- the house ends -->"
_ROOF = "__main__"
Uses = Mapping[str, frozenset[str]]


def rooms() -> dict[str, frozenset[str]]:
    """Every room, and the rooms that it imports from."""
    graph = grimp.build_graph(PACKAGE, cache_dir=None)
    found = {}
    for room in graph.find_children(PACKAGE):
        modules = {room} | graph.find_descendants(room)
        used = {_room(one) for module in modules for one in _imported(graph, module)}
        found[_room(room)] = frozenset(used - {_room(room), PACKAGE, _ROOF})
    found.pop(_ROOF, None)
    return found


def _imported(graph: grimp.ImportGraph, module: str) -> set[str]:
    return graph.find_modules_directly_imported_by(module)


def _room(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def parts_of(room: str) -> list[str]:
    """The folders within a room, in the order of their names."""
    folder = Path(PACKAGE, room)
    return sorted(one.parent.name for one in folder.glob("*/__init__.py"))


def floors(uses: Uses) -> dict[str, int]:
    """On which floor every room stands; the ground floor is 1.

    >>> floors({"a": frozenset({"b", "c"}), "b": frozenset({"c"}), "c": frozenset()})
    {'c': 1, 'b': 2, 'a': 3}
    """
    found: dict[str, int] = {}
    while len(found) < len(uses):
        ready = [room for room in uses if room not in found and uses[room] <= found.keys()]
        if not ready:
            raise ValueError(f"rooms import each other in a circle: {sorted({*uses} - {*found})}")
        found |= {room: 1 + max((found[one] for one in uses[room]), default=0) for room in ready}
    return found


def picture(uses: Uses) -> str:
    """Floors as rows of boxes, the top floor first, and a table of who imports from whom."""
    at = floors(uses)
    lines: list[str] = []
    for floor in range(max(at.values()), 0, -1):
        here = sorted(room for room in uses if at[room] == floor)
        lines += _row(floor, here)
    return "\n".join(["```", *lines, "", *_table(uses, at), "```"])


def _row(floor: int, here: list[str]) -> Iterator[str]:
    texts = [[room, " ".join(parts_of(room))] for room in here]
    if not any(within for _, within in texts):
        texts = [[room] for room, _ in texts]
    wide = [max(map(len, text)) + 2 for text in texts]
    yield "   " + " ".join(f"┌{'─' * width}┐" for width in wide)
    for number in range(len(texts[0])):
        cells = (f"│{text[number].center(w)}│" for text, w in zip(texts, wide, strict=True))
        yield (f"{floor:2} " if not number else "   ") + " ".join(cells)
    yield "   " + " ".join(f"└{'─' * width}┘" for width in wide)


def _table(uses: Uses, at: Mapping[str, int]) -> Iterator[str]:
    """A row per room, a column per room: a point where the row imports from the column."""
    order = sorted(uses, key=lambda room: (-at[room], room))
    longest = max(map(len, order))
    yield f"{'imports from':>{longest + 3}} " + "".join(f"{n:3}" for n, _ in enumerate(order, 1))
    for number, room in enumerate(order, 1):
        marks = "".join(
            "  ●" if one in uses[room] else "  ╲" if one == room else "  ·" for one in order
        )
        yield f"{number:2} {room:{longest}} {marks}".rstrip()


def renewed(page: str) -> str:
    """A page whose picture is drawn anew.

    Raises:
        ValueError: it has no place for one.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page needs the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{picture(rooms())}\n{END}{after}"


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8")
