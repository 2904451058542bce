"""Chance that leaves nothing out: choices are dealt from shuffled decks, so that all come up."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any


class Dealer:
    """Seeded draws, of which some are dealt: every option once before any comes again."""

    def __init__(self, seed: int | str) -> None:
        self.chance = random.Random(seed)
        self._decks: dict[tuple[str, tuple[str, ...]], list[Any]] = {}

    def deal(self, name: str, options: Sequence[Any]) -> Any:
        """The next option of a deck; the deck of a name and its options is shuffled anew."""
        deck = self._decks.setdefault((name, tuple(map(str, options))), [])
        if not deck:
            deck += options
            self.chance.shuffle(deck)
        return deck.pop()
