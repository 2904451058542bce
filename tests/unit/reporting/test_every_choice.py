"""Every choice that a study file allows goes through the whole report.

The choices are read from the models: one that is added tomorrow is tried here tomorrow.
"""

from __future__ import annotations

import io
import types
from collections import defaultdict
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel
from rich.console import Console

from ldn_spark.reporting.captions import NUMBERS
from ldn_spark.reporting.console import print_tables
from ldn_spark.reporting.figures import canvas
from ldn_spark.reporting.moments_file import MOMENTS
from ldn_spark.reporting.publication import analyse_moments, make_here
from ldn_spark.study.definition import Outcome, StudyDefinition
from tests.unit.reporting.paper_like import study_named
from tests.unit.reporting.publications import small_publication

GIVEN = "given"
"""Of a key that may be null: that it is not."""
CONDITIONS = [
    {"sex": "F"},
    {"not": {"sex": "M"}},
    {"age": {"at_least": 18, "at_most": None}},
    {"age": {"at_least": None, "at_most": 65}},
    {"observed": {"days": [-365, 364]}},
    {"alive": {"on_day": 364}},
    {
        "any": [
            {
                "dispensed": {
                    "atc": ["N02A"],
                    "reimbursement_icd": ["G35"],
                    "reimbursement_icpc": ["N86"],
                    "at_least": 2,
                    "counting": "each_dispense",
                    "days": [-365, -1],
                }
            },
            {"all": [{"sex": "F"}, {"age": {"at_least": 18, "at_most": 65}}]},
        ]
    },
    {
        "dispensed": {
            "atc": ["N02A"],
            "at_least": 1,
            "counting": "one_a_day",
            "period": ["2012-01-01", "2012-12-31"],
        }
    },
]


def parts(annotation: Any) -> list[Any]:
    """The types that a union, or what is annotated, is made of."""
    if get_origin(annotation) is Annotated:
        return parts(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [part for one in get_args(annotation) for part in parts(one)]
    return [annotation]


def choices(annotation: Any) -> list[Any]:
    """The values that a key can be given, where they can be listed."""
    found: list[Any] = []
    others = []
    for kind in parts(annotation):
        if get_origin(kind) is Literal:
            found += get_args(kind)
        elif kind is bool:
            found += [False, True]
        elif kind is type(None):
            found.append(None)
        else:
            others.append(kind)
    return [*found, GIVEN] if found and others else found


def models(model: type[BaseModel]) -> set[type[BaseModel]]:
    """A model and every one within it."""
    found, left = {model}, [model]
    while left:
        for field in left.pop().model_fields.values():
            kinds = parts(field.annotation)
            while kinds:
                kind = kinds.pop()
                kinds += [part for one in get_args(kind) for part in parts(one)]
                if isinstance(kind, type) and issubclass(kind, BaseModel) and kind not in found:
                    found.add(kind)
                    left.append(kind)
    return found


ALLOWED = {
    (model, name): options
    for model in models(StudyDefinition)
    for name, field in model.model_fields.items()
    if (options := choices(field.annotation))
}


def named(value: Any, options: list[Any]) -> Any:
    """Which choice a value is."""
    known = [option for option in options if type(option) is type(value) and option == value]
    return known[0] if known else GIVEN


def chosen(part: Any) -> set[tuple[type[BaseModel], str, Any]]:
    """Every choice that was made in a study."""
    if isinstance(part, tuple):
        return {choice for one in part for choice in chosen(one)}
    if not isinstance(part, BaseModel):
        return set()
    found = set()
    for name in type(part).model_fields:
        value = getattr(part, name)
        found |= chosen(value)
        if options := ALLOWED.get((type(part), name)):
            found.add((type(part), name, named(value, options)))
    return found


@cache
def studies() -> tuple[StudyDefinition, ...]:
    """So many that each choice occurs; the choices of different keys meet in different ways."""
    number = max(map(len, ALLOWED.values())) + 1
    return tuple(_study(turn) for turn in range(number))


def _study(turn: int) -> StudyDefinition:
    """The study of 2013, with short windows, and each key at another one of its choices."""
    content = study_named("ldn_2013").model_dump(mode="json", by_alias=True)
    content["windows"] = {"before": [-3, -1], "after": [0, 2 + turn]}
    content["figures"]["curve_outcomes"] = ["N05A"]
    by_role = {o["role"]: o for o in content["outcomes"]}
    by_role["main"] = next(o for o in content["outcomes"] if o["id"] == "N05A")
    content["outcomes"] = list(by_role.values())
    content["eligibility"] = [
        {"id": f"step{n}", "label": f"step {n}", "keep_if": keep_if}
        for n, keep_if in enumerate(CONDITIONS)
    ]
    content["subgroups"] = [{"id": "some", "label": "Some", "keep_if": CONDITIONS[turn % 2]}]
    content["exposures"] = [
        {"id": "ssri", "name": "SSRIs", "abbreviation": "SSRI", "atc": ["N06AB"]}
        | {"products": "ldn_products"}
    ]
    model = StudyDefinition.model_validate(content)
    turned = _turned(model, turn)
    event, strata = turned["exposure"]["index_event"], turned["strata"]
    if event["rule"] == "first_after_washout" and event["washout_days"] in ("none", "ever"):
        event["washout_days"] = 90
    strata["levels"][0]["at_least"] = int(strata["index_dispense"] == "counted")
    return StudyDefinition.model_validate(turned)


def _turned(part: Any, turn: int) -> Any:
    """The content of a part with each key at the choice of this turn."""
    if isinstance(part, tuple):
        return [_turned(one, turn) for one in part]
    if not isinstance(part, BaseModel):
        return part
    content = {}
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        options = ALLOWED.get((type(part), name), [])
        free = [one for one in options if one not in (None, GIVEN)]
        if free and value is not None and (type(part), name) != (Outcome, "role"):
            value = free[(turn // 2 if name == "rule" else turn) % len(free)]
        elif options == [None, GIVEN] and name == "products":
            value = value if turn % 2 else None
        content[field.alias or name] = _turned(value, turn)
    return content


def test_every_choice_is_tried():
    tried = {choice for study in studies() for choice in chosen(study)}
    expected = {(*key, option) for key, options in ALLOWED.items() for option in options}
    names = defaultdict(list)
    for model, name, option in expected - tried:
        names[f"{model.__name__}.{name}"].append(option)
    assert not names, "let studies() try these too"


@pytest.mark.parametrize("turn", range(len(studies())))
def test_every_choice_is_printed(monkeypatch, turn):
    monkeypatch.setattr(canvas, "to_svg", lambda figure: b"<svg ></svg>")
    monkeypatch.setattr(canvas, "to_png", lambda figure: b"")
    study = studies()[turn]
    publication = small_publication(study)
    files = make_here(publication)().contents
    printed = io.StringIO()
    results = analyse_moments(publication)
    print_tables(
        Console(file=printed, width=200), results, study, which=tuple(NUMBERS), subgroup=""
    )
    for name, content in [*files.items(), ("ldn show", printed.getvalue().encode())]:
        if name == MOMENTS:  # for programs
            continue
        text = content.decode("utf-8")
        assert "None" not in text.replace("None: earlier use", "").replace("None.", ""), name
        for word in ("first_after_washout", "not_counted", "one_a_day", "no_dispense"):
            assert word not in text, name
