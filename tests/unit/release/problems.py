"""Problems small enough for complete enumeration: the references, and random ones."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path

import numpy as np

from ldn_spark.release.linked import (
    Linked,
    Relation,
    Sensitive,
    Unit,
    Variable,
    minus,
    plus,
    sum_of,
)

DATA = Path(__file__).parent / "data"
REFERENCES = {path.stem: json.loads(path.read_text()) for path in sorted(DATA.glob("?_*.json"))}


def _sensitive(reference, forms):
    return tuple(
        Sensitive(one["name"], forms[one["name"]], one["low"], one["high"])
        for one in reference["sensitive"]
    )


def nested_strata():
    """Users of an outcome and of one nested in it; the sizes are public."""
    reference, sizes = REFERENCES["1_nested_strata"], {"A": 12, "B": 10, "C": 14}
    cells = reference["cells"]
    names = [f"{what} {s}" for s in sizes for what in ("parent", "child")]
    variables = tuple(Variable(name, cells[name], 0, sizes[name[-1]]) for name in names)
    nested = tuple(Relation({f"parent {s}": 1, f"child {s}": -1}, 0, None) for s in sizes)
    forms = {name: {name: 1} for name in names}
    forms |= {f"{w} overall": sum_of(f"{w} {s}" for s in sizes) for w in ("parent", "child")}
    units = tuple(Unit(name, (forms[name],), 1) for name in cells)
    # "no parent B" is the size less the parents; a size is a variable without a choice
    known = tuple(Variable(f"size {s}", n, n, n) for s, n in sizes.items())
    for s in (*sizes, "overall"):
        size = sum_of(f"size {one}" for one in (sizes if s == "overall" else [s]))
        forms[f"no parent {s}"] = minus(size, forms[f"parent {s}"])
        forms[f"parent without child {s}"] = minus(forms[f"parent {s}"], forms[f"child {s}"])
    return Linked(variables + known, nested, units, _sensitive(reference, forms))


def paired_counts():
    """Persons by their use before and after, in two strata of public size."""
    reference, sizes = REFERENCES["2_paired_counts"], {"A": 11, "B": 13}
    cells, kinds = reference["cells"], ("both", "before_only", "after_only", "neither")
    names = [f"{kind} {s}" for s in sizes for kind in kinds]
    variables = tuple(Variable(name, cells[name], 0, sizes[name[-1]]) for name in names)
    whole = tuple(Relation(sum_of(f"{kind} {s}" for kind in kinds), n, n) for s, n in sizes.items())
    forms = {name: {name: 1} for name in names}
    for s in sizes:
        forms[f"users_before {s}"] = sum_of([f"both {s}", f"before_only {s}"])
        forms[f"users_after {s}"] = sum_of([f"both {s}", f"after_only {s}"])
        forms[f"no user before {s}"] = sum_of([f"neither {s}", f"after_only {s}"])
        forms[f"no user after {s}"] = sum_of([f"neither {s}", f"before_only {s}"])
    for what in {name.rpartition(" ")[0] for name in forms}:
        forms[f"{what} overall"] = plus(*(forms[f"{what} {s}"] for s in sizes))
    units = tuple(Unit(name, (forms[name],), 1) for name in cells)
    return Linked(variables, whole, units, _sensitive(reference, forms))


def second_release():
    """Persons and users of a longer index period, after a first release."""
    reference = REFERENCES["3_second_release"]
    cells, strata = reference["cells"], "ABC"
    old = {"persons": {"A": 20, "B": 15, "C": 30}, "users": {"A": 8, "B": 6, "C": 11}}
    variables, relations, forms = [], [], {}
    for s in strata:
        for what in ("persons", "users"):
            name, before = f"{what} {s}", old[what][s]
            variables.append(
                Variable(name, cells[name], before, before + (9 if what == "persons" else 10))
            )
            forms[name] = {name: 1}
            variables.append(Variable(f"old {name}", before, before, before))
        more = {f"persons {s}": 1, f"users {s}": -1}
        relations.append(Relation(more, 0, None))
        relations.append(Relation(more, old["persons"][s] - old["users"][s], None))
    for what in ("persons", "users"):
        forms[f"{what} overall"] = sum_of(f"{what} {s}" for s in strata)
        for s in (*strata, "overall"):
            before = sum_of(f"old {what} {one}" for one in (strata if s == "overall" else s))
            forms[f"new {what} {s}"] = minus(forms[f"{what} {s}"], before)
    for s in (*strata, "overall"):
        forms[f"new non-users {s}"] = minus(forms[f"new persons {s}"], forms[f"new users {s}"])
    units = tuple(Unit(name, (forms[name],), 1) for name in cells)
    return Linked(tuple(variables), tuple(relations), units, _sensitive(reference, forms))


PROBLEMS = {
    "1_nested_strata": nested_strata,
    "2_paired_counts": paired_counts,
    "3_second_release": second_release,
}


def random_problem(seed):
    """A few strata and outcomes, some nested, with units of one or two cells and of any weight."""
    draw = random.Random(seed)
    strata = "ABC"[: draw.randint(1, 3)]
    threshold = draw.choice((2, 3, 3, 4))
    paired = draw.random() < 0.3 and len(strata) < 3
    variables, relations, forms = [], [], {}
    for s in strata:
        size = draw.randint(3, 7 if len(strata) < 3 else 5)
        if paired:
            left, kinds = size, ("both", "before", "after", "neither")
            for kind in kinds:
                truth = left if kind == "neither" else draw.randint(0, left)
                left -= truth
                variables.append(Variable(f"{kind} {s}", truth, 0, size))
            relations.append(Relation(sum_of(f"{kind} {s}" for kind in kinds), size, size))
            forms[f"ub {s}"] = sum_of([f"both {s}", f"before {s}"])
            forms[f"ua {s}"] = sum_of([f"both {s}", f"after {s}"])
            forms[f"b {s}"], forms[f"c {s}"] = {f"before {s}": 1}, {f"after {s}": 1}
        else:
            parent = draw.randint(0, size)
            child = draw.randint(0, parent)
            variables.append(Variable(f"parent {s}", parent, 0, size))
            variables.append(Variable(f"child {s}", child, 0, size))
            relations.append(Relation({f"parent {s}": 1, f"child {s}": -1}, 0, None))
            forms[f"parent {s}"], forms[f"child {s}"] = {f"parent {s}": 1}, {f"child {s}": 1}
    whats = sorted({name.partition(" ")[0] for name in forms})
    if len(strata) > 1:
        for what in whats:
            forms[f"{what} overall"] = plus(*(forms[f"{what} {s}"] for s in strata))
    cells, sensitive = dict(forms), dict(forms)
    if not paired:
        for s in (*strata, *(["overall"] if len(strata) > 1 else [])):
            sensitive[f"without {s}"] = minus(forms[f"parent {s}"], forms[f"child {s}"])
    units, columns = [], sorted({name.partition(" ")[2] for name in cells})
    for column in columns:
        if paired:
            units += [
                Unit(f"{w} {column}", (cells[f"{w} {column}"],), draw.randint(1, 5))
                for w in ("ub", "ua")
            ]
            pair = (cells[f"b {column}"], cells[f"c {column}"])
            needs = (f"ub {column}", f"ua {column}")
            units.append(Unit(f"pair {column}", pair, draw.randint(1, 5), needs))
        else:
            units += [
                Unit(f"{w} {column}", (cells[f"{w} {column}"],), draw.randint(1, 5)) for w in whats
            ]
    truth = {one.name: one.truth for one in variables}
    asked = []
    for name, form in sensitive.items():
        value = sum(factor * truth[each] for each, factor in form.items())
        if 0 < value < threshold:
            asked.append(Sensitive(name, form, 1, threshold - 1))
    return Linked(tuple(variables), tuple(relations), tuple(units), tuple(asked))


def _linked_by_relations(problem):
    """Names of variables, those together that a relation holds together."""
    parts = [{one.name} for one in problem.variables]
    for relation in problem.relations:
        met = [part for part in parts if part & set(relation.form)]
        parts = [part for part in parts if part not in met] + [set().union(*met)]
    order = [one.name for one in problem.variables]
    return [sorted(part, key=order.index) for part in parts]


def _worlds_of(problem, names):
    """All worlds of a few variables that hold their relations."""
    by_name = {one.name: one for one in problem.variables}
    ranges = [range(by_name[name].low, by_name[name].high + 1) for name in names]
    table = np.array(list(itertools.product(*ranges)))
    for relation in problem.relations:
        if set(relation.form) <= set(names):
            value = sum(f * table[:, names.index(name)] for name, f in relation.form.items())
            low = -np.inf if relation.low is None else relation.low
            high = np.inf if relation.high is None else relation.high
            table = table[(value >= low) & (value <= high)]
    return names, table


class Enumeration:
    """All worlds of a problem, listed; nothing is shared with the solver."""

    def __init__(self, problem):
        self.problem = problem
        parts = [_worlds_of(problem, names) for names in _linked_by_relations(problem)]
        names = [name for of, _ in parts for name in of]
        picks = np.indices([len(table) for _, table in parts]).reshape(len(parts), -1)
        worlds = np.concatenate(
            [table[pick] for (_, table), pick in zip(parts, picks, strict=True)], axis=1
        )

        def of(form, table):
            return sum(factor * table[:, names.index(name)] for name, factor in form.items())

        truth = np.array([[problem.truth[name] for name in names]])
        self.same = {
            unit.name: np.all([of(cell, worlds) == of(cell, truth) for cell in unit.cells], axis=0)
            for unit in problem.units
        }
        self.sensitive = [(of(one.form, worlds), one.low, one.high) for one in problem.sensitive]
        self.size = len(worlds)

    def is_safe(self, hidden):
        """Whether worlds remain on both sides of every sensitive number."""
        ok = np.ones(self.size, bool)
        for name, same in self.same.items():
            if name not in hidden:
                ok &= same
        return all(
            value[ok].min() <= low and value[ok].max() >= high
            for value, low, high in self.sensitive
        )

    def lightest(self):
        """The weight of the lightest safe pattern; None where none is safe."""
        units = self.problem.units
        best = None
        for chosen in itertools.product((False, True), repeat=len(units)):
            hidden = {one.name for one, is_hidden in zip(units, chosen, strict=True) if is_hidden}
            if any(one.name not in hidden and hidden & set(one.needs) for one in units):
                continue
            weight = sum(one.weight for one in units if one.name in hidden)
            if (best is None or weight < best) and self.is_safe(hidden):
                best = weight
        return best
