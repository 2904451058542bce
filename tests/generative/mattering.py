"""Whether a kind that was generated decided anything, told by the reference model alone.

A value decides where another one in its place changes the answer: another choice; a limit or an
edge one further or one nearer; a condition that everybody meets, or nobody. So a study whose
windows no dispensing comes near, or whose condition everybody meets, does not count as a test.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from pydantic import ValidationError

from ldn_spark.estimates.analysis import analyse
from ldn_spark.reporting.tables import all_tables
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.texts.documents import FROM_A_FILE
from tests.generative.examples import Answer, Example, answered
from tests.generative.kinds import Found, all_kinds, kinds_in
from tests.generative.relations import RELATIONS
from tests.generative.studies import NOWHERE, PRODUCT_LIST
from tests.generative.worlds import UNDELIVERED, WAYS
from tests.reference_sums import rows_of

NO_NUMBER = {
    "id", "title", "reference", "exposure.name", "exposure.abbreviation", "eligibility[].id",
    "eligibility[].label", "strata.levels[].id", "strata.levels[].label", "subgroups[].id",
    "subgroups[].label", "outcomes[].id", "outcomes[].label", "designs[].id", "designs[].label",
    "exposures[].id", "exposures[].name", "exposures[].abbreviation",
}  # fmt: skip
"""Names, which decide no number."""
NO_OTHER = {
    "strata.levels",
    "strata.levels[].at_most=null",
    "eligibility=empty",
    "subgroups=empty",
    "contrasts=empty",
}
"""Kinds that nothing stands beside that could be left out or put in another's place."""
_PRINTED = ("statistics", "contrasts", "figures.curve_contrast", "outcomes[].role")
"""What decides estimates and tables; the engine's sums are the same."""
_PARTS = ("exposure", "conditions", "outcomes")
"""Parts of a study that each look at lines of their own: for `returns` and codes all count."""
_EVERYBODY = {"any": [{"sex": "F"}, {"not": {"sex": "F"}}]}
_NOBODY = {"all": [{"sex": "F"}, {"not": {"sex": "F"}}]}
_TRIES = 3
"""So many times in one study a kind is tried."""


def wanted() -> set[str]:
    """Everything that must have decided something: kinds, each way that its value could differ."""
    marks = {f"codes: {way}" for way in WAYS[2:]} | {f"codes in {part}" for part in _PARTS}
    marks |= {f"undelivered: {name}" for name in UNDELIVERED}
    for found in all_kinds():
        if found.kind not in NO_NUMBER | NO_OTHER:
            marks |= {mark for shown in _marks(found) for mark in shown}
    return marks


def _marks(found: Found) -> tuple[tuple[str, ...], ...]:
    """What other values of a kind would show: for every way to differ its marks."""
    kind = found.kind
    if found.what in ("number", "day") and kind != "atc_version":
        return (f"{kind} more",), (f"{kind} less",)
    if found.what == "condition":
        return (f"{kind} keeps",), (f"{kind} excludes",)
    if found.what == "choice" and kind.startswith("returns"):
        return tuple(
            tuple(f"{kind}, not {other}, in {part}" for part in _PARTS) for other in found.others
        )
    if found.what == "choice" and not kind.startswith(_PRINTED):
        return tuple((f"{kind}, not {other}",) for other in found.others)
    return ((kind,),)


class Mattering:
    """Counts kinds, and keeps those that have decided something."""

    def __init__(self) -> None:
        self.generated: Counter[str] = Counter()
        self.decided: set[str] = set()

    def take(self, example: Example) -> None:
        """Look at one example."""
        found = kinds_in(example.study.definition)
        self.generated.update({one.kind for one in found})
        self.generated[f"codes: {example.way}"] += 1
        self._take_undelivered(example)
        study = example.study.definition
        self.generated.update(name for name, holds in RELATIONS.items() if holds(study))
        if example.world.delivered is not example.world.register:
            self._take_codes(example)
        tries: Counter[str] = Counter()
        for one in found:
            if one.kind in NO_NUMBER | NO_OTHER or one.kind == "atc_version":
                continue
            for marks, other in _others(one, _at(example.document, one.place)):
                if self.decided.issuperset(marks) or tries[marks[0]] >= _TRIES:
                    continue
                tries[marks[0]] += 1
                if changed := _changed(example, one.place, other):
                    self.decided |= _decided(example, changed, marks)

    def _take_undelivered(self, example: Example) -> None:
        """What was not delivered is not the same as what nobody has."""
        study, world = example.study.definition, example.world
        nothing = {"periods": [], "died_on": None}
        for name, (key, missing) in UNDELIVERED.items():
            if all(person[key] == missing for person in world.persons.values()):
                self.generated[f"undelivered: {name}"] += 1
                people = {who: row | {key: nothing[key]} for who, row in world.persons.items()}
                if answered(study, world.register, people) != example.expected:
                    self.decided.add(f"undelivered: {name}")

    def _take_codes(self, example: Example) -> None:
        """Read as they stand, the delivered codes give another answer."""
        world = example.world
        plain = answered(example.study.definition, world.delivered, world.persons)
        if plain != example.expected:
            self.decided |= {f"codes: {example.way}", "atc_version"}
            self.decided |= {f"codes in {part}" for part in _parts(example.expected, plain)}

    @property
    def missing(self) -> list[str]:
        """Kinds that were never generated."""
        kinds = {one.kind for one in all_kinds()} | {f"codes: {way}" for way in WAYS}
        kinds |= {f"undelivered: {name}" for name in UNDELIVERED}
        return sorted((kinds | set(RELATIONS)) - set(self.generated))

    @property
    def idle(self) -> list[str]:
        """What was never seen to decide anything."""
        return sorted(wanted() - self.decided)


def _others(found: Found, value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Other values for a place, each with the marks that it shows if it makes a difference."""
    marks = _marks(found)
    others: tuple[list[Any], ...]
    if found.what == "number":
        step = 0.04 if isinstance(value, float) else 1
        others = [min(value + step, 0.995) if step < 1 else value + step], [value - step]
    elif found.what == "day":
        day, one = date.fromisoformat(value), timedelta(days=1)
        others = [(day + one).isoformat()], [(day - one).isoformat()]
    elif found.what == "condition":
        others = [_NOBODY], [_EVERYBODY]
    elif found.what == "choice" and not found.kind.startswith(_PRINTED):
        others = tuple([other] for other in found.others)
    elif found.what == "choice":
        others = (list(found.others),)
    elif found.what == "null":
        others = ([PRODUCT_LIST] if found.place[0] == "exposure" else [0, 45, 150],)
    else:
        others = ([[], value[:-1]] if found.what == "list" else _other_texts(found),)
    for shown, values in zip(marks, others, strict=True):
        for other in values:
            yield shown, other


def _other_texts(found: Found) -> list[Any]:
    if found.kind in ("exposure.products", "exposures[].products"):
        return [None]
    if "reimbursement" in found.kind:
        return ["ZZ99"]
    if ".atc" in found.kind:
        return [NOWHERE]
    if found.kind.endswith((".comparator", ".exposed")):
        return ["x0-0", "x1-1", "x2-2", "x1-2", "x2+", "x3+"]
    return ["out0", "out1", "out2"]


def _changed(example: Example, place: tuple[Any, ...], other: Any) -> StudyDefinition | None:
    """The study with another value at a place; None where that is no study."""
    document = copy.deepcopy(example.document)
    inner = _at(document, place[:-1])
    inner[_key(inner, place[-1])] = other
    if place[0] == "strata":
        _close_gaps(document["strata"], place)
    try:
        return StudyDefinition.model_validate(document, context=FROM_A_FILE)
    except ValidationError:
        return None


def _close_gaps(strata: dict[str, Any], place: tuple[Any, ...]) -> None:
    """Strata leave no gap: where one ends later the next begins later."""
    levels, key = strata["levels"], place[-1]
    if key == "index_dispense" and strata["counting_window"][0] == 0:
        levels[0]["at_least"] = int(strata["index_dispense"] == "counted")
    elif key in ("at_most", "at_least"):
        position = place[2]
        if key == "at_most" and position + 1 < len(levels):
            levels[position + 1]["at_least"] = levels[position]["at_most"] + 1
        if key == "at_least" and position > 0:
            levels[position - 1]["at_most"] = levels[position]["at_least"] - 1


def _at(document: Any, place: tuple[Any, ...]) -> Any:
    for step in place:
        document = document[_key(document, step)]
    return document


def _key(document: Any, step: Any) -> Any:
    """A window is written as a pair."""
    is_pair = isinstance(document, list) and isinstance(step, str)
    return ("first", "last").index(step) if is_pair else step


def _decided(example: Example, changed: StudyDefinition, marks: tuple[str, ...]) -> set[str]:
    """The marks that a changed study shows: those of the parts in which its answer is another."""
    if marks[0].startswith(_PRINTED):
        differs = _printed(changed, example) != _printed(example.study.definition, example)
        return set(marks) if differs else set()
    other = answered(changed, example.world.register, example.world.persons)
    if len(marks) == 1:
        return set(marks) if other != example.expected else set()
    return {marks[_PARTS.index(part)] for part in _parts(example.expected, other)}


def _parts(one: Answer, other: Answer) -> set[str]:
    """Which of `_PARTS` an answer differs from another in, persons with the same start alone."""
    found = set()
    names = [name for name, _, _ in one["attrition"]]
    before_conditions = sum(name in ("exposure_product", "washout") for name in names)
    for key in {*one["candidates"], *other["candidates"]}:
        mine, theirs = (answer["candidates"].get(key) for answer in (one, other))
        if not (mine and theirs) or any(mine[name] != theirs[name] for name in _START):
            found.add("exposure")
        elif min(mine["steps_passed"], theirs["steps_passed"]) < before_conditions:
            continue  # out by products or wash-out, at least in one of the two
        elif any(mine[name] != theirs[name] for name in ("subgroups", "steps_passed")):
            found.add("conditions")
        elif _outcomes(one, key) != _outcomes(other, key):
            found.add("outcomes")
    return found


_START = ("index_date", "exposure_dispenses", "atc_records", "product_records")


def _outcomes(answer: Answer, key: int) -> dict[tuple[str, str], Any]:
    sums = answer["person_outcomes"].items()
    return {(design, outcome): row for (design, person, outcome), row in sums if person == key}


def _printed(study: StudyDefinition, example: Example) -> tuple[Any, ...]:
    """Estimates and tables of the sums that the model found."""
    results = analyse(study, **rows_of(example.expected), attrition=())
    return results.estimates, results.curves, all_tables(study, results)
