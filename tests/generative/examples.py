"""Examples: a generated study, loaded as every study is, and a world that it is asked of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from ldn_spark.study.definition import StudyDefinition
from ldn_spark.study.ids import STUDY
from ldn_spark.study.load import Study, load_study
from ldn_spark.texts.documents import FROM_A_FILE
from tests.generative.dealing import Dealer
from tests.generative.studies import PRODUCT_LIST, PRODUCTS, study_of
from tests.generative.worlds import WAYS, Row, World, world_of
from tests.reference_sums import answer

Answer = dict[str, Any]
_WORLDS, _ENOUGH = 5, 6
"""So many worlds are drawn for a study, and so many persons in its cohort are enough."""


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

    def of_exposure(self, exposure: str) -> Example:
        """The example of a further exposure alone, or of the study's own."""
        if exposure == STUDY:
            return self
        return replace(
            self,
            study=self.study.by_exposure[exposure],
            expected=self.expected["others"][exposure],
        )

    def altered(self, folder: Path, document: dict[str, Any]) -> Example:
        """The example with another study of the same world."""
        study = loaded(folder, document, self.world)
        expected = answered(study.definition, self.world.register, self.world.persons)
        return replace(self, document=document, study=study, expected=expected)

    def inhabited(self, folder: Path, world: World) -> Example:
        """The example in another world."""
        study = loaded(folder, self.document, world)
        expected = answered(study.definition, world.register, world.persons)
        return replace(self, study=study, world=world, expected=expected)


def together(first: Example, others: Iterable[Example], folder: Path) -> list[Example]:
    """Studies that are asked of the world of the first, whose codes are of its study's index."""
    found = [first]
    for one in others:
        document = one.document | {"atc_version": first.document["atc_version"]}
        found.append(replace(one, document=document).inhabited(folder, first.world))
    return found


def examples(seed: int, number: int, folder: Path) -> Iterator[Example]:
    """As many examples as asked for; the same seed gives the same ones, whatever their number."""
    dealer = Dealer(seed)
    ways = ("undeclared",) * len(WAYS) + WAYS
    for position in range(number):
        document = study_of(dealer, position)
        way = dealer.deal("way", ways)
        definition = StudyDefinition.model_validate(document, context=FROM_A_FILE)
        world, expected = _inhabited_world(f"{seed}-{position}", definition, way)
        study = loaded(folder, document, world)
        yield Example(position, document, study, world, way, expected)


def _inhabited_world(seed: str, study: StudyDefinition, way: str) -> tuple[World, Answer]:
    """Of a few worlds the one with the most persons in the cohort; the first with enough."""
    tries = []
    for again in range(_WORLDS):
        world = world_of(Random(f"{seed}-{again}"), study, way)
        tries.append((world, answered(study, world.register, world.persons)))
        if len(tries[-1][1]["cohort"]) >= _ENOUGH:
            break
    return max(tries, key=lambda one: len(one[1]["cohort"]))


def loaded(folder: Path, document: dict[str, Any], world: World) -> Study:
    """A study read from a file by the loader, with its codelist and the world's alterations."""
    path, products, moved = (folder / name for name in ("study.yaml", "products.csv", "moved.csv"))
    path.write_text(json.dumps(document, indent=1))  # JSON is YAML
    products.write_text("\n".join(PRODUCTS) + "\n")
    rows = [",".join(map(str, row)) for row in world.alterations]
    moved.write_text("\n".join(["previous_code,new_code,year", *rows]) + "\n")
    lists = {"atc_alterations": moved}
    drugs = [document["exposure"], *document.get("exposures", ())]
    if any(drug.get("products") for drug in drugs):
        lists[PRODUCT_LIST] = products
    return load_study(str(path), lists)


def answered(study: StudyDefinition, register: list[Row], persons: dict[int, Row]) -> Answer:
    """What the reference model says of a study and a register; of other exposures in `others`."""
    products = None if study.exposure.products is None else PRODUCTS
    others = {
        one.id: answered(study.as_exposure(one.id), register, persons) for one in study.exposures
    }
    return {**answer(study, products, register, persons), "others": others}
