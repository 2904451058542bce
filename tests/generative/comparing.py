"""What a run found held against what the reference model says, value for value."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from ldn_spark.estimates.results import NOT_ESTIMABLE, Results
from ldn_spark.study.definition import OVERALL, StudyDefinition
from ldn_spark.study.ids import STUDY
from tests.generative.engine import Computed, computed, refused
from tests.generative.examples import Example
from tests.reference_model import MICRO
from tests.reference_sums import STEPS

_KEYS = {
    "candidates": ("person_key",),
    "cohort": ("person_key",),
    "person_outcomes": ("design", "person_key", "outcome"),
    "cohort_moments": ("subgroup", "fills"),
    "design_moments": ("design", "subgroup", "fills", "outcome", "measure"),
    "daily_moments": ("subgroup", "stratum", "outcome", "day"),
}
_CHECKED = 4
"""Every fourth study, and every one that is to be refused, is checked before it is run."""


def disagreements(spark, example: Example) -> list[str]:
    """What differs between engine and model; nothing where they agree."""
    different = disagreements_together(spark, [example])
    if example.expected["refused"] or example.number % _CHECKED == 0:
        different += refusals(spark, example)
    return different


def disagreements_together(
    spark, examples: Sequence[Example], part_lines: int | None = None
) -> list[str]:
    """What differs where studies of one world are run together; nothing where all agree."""
    found = computed(spark, [one.study for one in examples], examples[0].world, part_lines)
    return [
        f"study {number}, {exposure}, {text}" if len(examples) > 1 or exposure != STUDY else text
        for number, (example, by_exposure) in enumerate(zip(examples, found, strict=True))
        for exposure, of in by_exposure.items()
        for text in _differences(example.of_exposure(exposure), of)
    ]


def _differences(example: Example, found: Computed) -> Iterator[str]:
    yield from _tables(example, found)
    yield from _results(example, found)


def _tables(example: Example, found: Computed) -> Iterator[str]:
    if found.attrition != example.expected["attrition"]:
        yield f"attrition: {found.attrition}, expected {example.expected['attrition']}"
    if (found.results is None) != (not example.expected["cohort"]):
        yield f"the cohort has {len(example.expected['cohort'])} persons, which the run denies"
    for name, keys in _KEYS.items():
        if name == "daily_moments" and not found.has_curves:
            if found.tables[name]:
                yield "there are day-by-day sums that nobody asked for"
        elif name in found.tables:
            rows = {tuple(row[key] for key in keys): row for row in found.tables[name]}
            if len(rows) != len(found.tables[name]):
                yield f"{name}: a key occurs twice"
            yield from _table(name, keys, rows, example.expected[name])


def _table(name: str, keys: tuple[str, ...], rows: Any, expected: Any) -> Iterator[str]:
    """Rows against the model's, by key; a row of zeros may be left out."""
    expected = {key if isinstance(key, tuple) else (key,): row for key, row in expected.items()}
    for key in sorted({*rows, *expected}, key=str):
        got, wanted = rows.get(key), expected.get(key)
        if name == "daily_moments":
            nothing = (0,) * len(STEPS)
            got = tuple(int(got[one]) for one in STEPS) if got else nothing
            same = got == (wanted or nothing)
        elif got is None:
            same = name.endswith("_moments") and _is_nothing(wanted)
        elif wanted is None:
            same = False
        else:
            names = [one for one in got if one not in (*keys, "set")]
            same = all(got[one] == wanted[one] for one in names)
            got = {one: got[one] for one in names if got[one] != wanted.get(one)}
            wanted = {one: wanted[one] for one in got}
        if not same:
            yield f"{name} {key}: {got}, expected {wanted}"


def _is_nothing(row: dict[str, int]) -> bool:
    return not any(value for name, value in row.items() if name != "neither")


def _results(example: Example, found: Computed) -> Iterator[str]:
    """The counts and exact sums among the estimates, and which variant is printed."""
    if found.results is None:
        return
    study, expected = example.study.definition, example.expected
    wanted = dict(_estimates(study, expected["sizes"], expected["group_moments"]["main"]))
    for design in study.designs:
        sums = expected["group_moments"][design.id]
        for (table, *key), value in _estimates(study, expected["sizes"], sums):
            if table != "cohort":
                wanted[f"{table}@{design.id}", *key] = value
    for key, value in wanted.items():
        one = found.results.estimate(*key)
        if one is None:
            yield f"there is no estimate {key}"
        elif one.status != NOT_ESTIMABLE and not math.isclose(
            one.value, value, rel_tol=1e-9, abs_tol=1e-12
        ):
            yield f"estimate {key}: {one.value}, expected {float(value)}"
    yield from _printed(study, found.results)
    curves = {point.outcome for point in found.results.curves}
    if not curves <= set(study.figures.curve_outcomes):
        yield f"curves of {curves}"


def _estimates(study: StudyDefinition, sizes: Any, sums: Any) -> Iterator[tuple[Any, Fraction]]:
    for (subgroup, stratum), group in sizes.items():
        name = _named(subgroup, stratum)
        for quantity in ("persons", "women", "men", "age_known", "age_sum"):
            yield ("cohort", name, "", quantity), Fraction(group[quantity])
        yield ("cohort", name, "", "exposure_fills"), Fraction(group["exposure_dispenses"])
    for (subgroup, stratum, outcome), row in sums.items():
        name = _named(subgroup, stratum)
        for quantity in ("both", "before_only", "after_only", "neither"):
            yield ("users", name, outcome, quantity), Fraction(row[quantity])
        for side in ("before", "after"):
            dispenses, ddd = row[f"dispenses_{side}"], Fraction(row[f"sum_{side}"], MICRO)
            yield ("dispenses", name, outcome, f"fills_{side}"), Fraction(dispenses)
            yield ("ddd", name, outcome, f"sum_{side}"), ddd
    for subgroup in (OVERALL, *(group.id for group in study.subgroups)):
        for contrast in study.contrasts:
            pair = contrast.comparator, contrast.exposed
            persons = [sizes[subgroup, stratum]["persons"] for stratum in pair]
            for outcome in study.outcomes if all(persons) else ():
                rows = [sums[subgroup, stratum, outcome.id] for stratum in pair]
                means = [
                    [Fraction(row["sum_after"] - row["sum_before"], n * MICRO),
                     Fraction(row["after_only"] - row["before_only"], n)]
                    for row, n in zip(rows, persons, strict=True)
                ]  # fmt: skip
                for number, table in enumerate(("did_ddd", "did_users")):
                    key = (table, _named(subgroup, contrast.id), outcome.id, "estimate")
                    yield key, means[0][number] - means[1][number]


def _named(subgroup: str, stratum: str) -> str:
    return stratum if subgroup == OVERALL else f"{subgroup}/{stratum}"


def _printed(study: StudyDefinition, results: Results) -> Iterator[str]:
    """The numbers that are printed are those of the method that the study names."""
    methods = study.statistics
    named = {
        ("users", "ci_low"): methods.paired_proportion_interval,
        ("users", "ci_high"): methods.paired_proportion_interval,
        ("users", "p"): methods.mcnemar,
        ("did_ddd", "ci_low"): methods.did_mean_variance,
        ("did_ddd", "p"): methods.did_mean_variance,
    }
    for one in results.estimates:
        method = named.get((one.table, one.quantity))
        if method is not None:
            key = one.table, one.stratum, one.outcome
            other = results.estimate(*key, f"{one.quantity}_{method}")
            if other is None or (other.value, other.status) != (one.value, one.status):
                yield f"{key}: {one.quantity} is not that of {method}"


def refusals(spark, example: Example) -> list[str]:
    """What stops a run before it begins: outcomes and subgroups of which nothing is known."""
    places = {problem.where for problem in refused(spark, example.study, example.world)}
    expected = example.expected["refused"]
    if places == expected:
        return []
    return [f"refused for {sorted(places)}, expected {sorted(expected)}"]
