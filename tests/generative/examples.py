"""Examples: a generated study, loaded as every study is, and a world that it is asked of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from ldn_spark.study.load import Study, load_study
from tests.generative.dealing import Dealer
from tests.generative.studies import PRODUCT_LIST, PRODUCTS, study_of
from tests.generative.worlds import WAYS, World, world_of
from tests.reference_sums import answer

_WORLDS = 3
"""As many are drawn for a study; the one with the most persons in the cohort is taken."""


@dataclass(frozen=True)
class Example:
    """A study and what it is asked of.

    Attributes:
        number: in the order of their making.
        document: what the study file says.
        study: as it was loaded.
        world: register and persons.
        way: how the delivered codes are declared, one of `WAYS`.
        expected: what the reference model says, by table.
    """

    number: int
    document: dict[str, Any]
    study: Study
    world: World
    way: str
    expected: dict[str, Any]

    def altered(self, folder: Path, document: dict[str, Any]) -> Example:
        """The example with another study of the same world."""
        study = loaded(folder, document, self.world)
        return replace(
            self, document=document, study=study, expected=expected_of(study, self.world)
        )

    def inhabited(self, folder: Path, world: World) -> Example:
        """The example in another world."""
        study = loaded(folder, self.document, world)
        return replace(self, study=study, world=world, expected=expected_of(study, world))


def examples(seed: int, number: int, folder: Path) -> Iterator[Example]:
    """As many examples as asked for; the same seed gives the same ones, whatever their number."""
    dealer = Dealer(seed)
    ways = ("undeclared",) * len(WAYS) + WAYS
    for position in range(number):
        document = study_of(dealer, position)
        way = dealer.deal("way", ways)
        study = loaded(folder, document, None)
        tries = []
        for again in range(_WORLDS):
            world = world_of(Random(f"{seed}-{position}-{again}"), study.definition, way)
            tries.append((world, expected_of(study, world)))
        world, expected = max(tries, key=lambda one: len(one[1]["cohort"]))
        study = loaded(folder, document, world)
        yield Example(position, document, study, world, way, expected)


def loaded(folder: Path, document: dict[str, Any], world: World | None) -> Study:
    """A study read from a file by the loader, with its codelist and the world's alterations."""
    path, products, moved = (folder / name for name in ("study.yaml", "products.csv", "moved.csv"))
    path.write_text(json.dumps(document, indent=1))  # JSON is YAML
    products.write_text("\n".join(PRODUCTS) + "\n")
    rows = [",".join(map(str, row)) for row in (world.alterations if world else ())]
    moved.write_text("\n".join(["previous_code,new_code,year", *rows]) + "\n")
    lists = {"atc_alterations": moved}
    if document["exposure"]["products"] is not None:
        lists[PRODUCT_LIST] = products
    return load_study(str(path), lists)


def expected_of(study: Study, world: World) -> dict[str, Any]:
    """What the reference model says of a study and a world."""
    definition, products = study.definition, study.exposure_products
    return answer(definition, products, world.register, world.persons)
