"""The picture of the house is drawn of the imports as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def house(monkeypatch):
    monkeypatch.syspath_prepend(str(PROJECT / "scripts"))
    monkeypatch.chdir(PROJECT)
    import house

    return house


def test_the_picture_is_that_of_the_imports(house):
    page = (PROJECT / "DEVELOPERS.md").read_text(encoding="utf-8")
    assert house.renewed(page) == page, "python scripts/house.py DEVELOPERS.md"
    with pytest.raises(ValueError, match="needs the lines"):
        house.renewed("a page without marks")


def test_a_circle_has_no_floors(house):
    uses = {"a": frozenset({"b"}), "b": frozenset({"a"}), "c": frozenset()}
    with pytest.raises(ValueError, match=r"circle: \['a', 'b'\]"):
        house.floors(uses)
