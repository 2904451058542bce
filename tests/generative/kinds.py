"""Every kind of thing that a study file can say, read from the schema itself.

A kind is a path through the models of `study.definition`: a field that can be given
(`windows.before.first`), a value that it can have (`returns=cancel`), an empty list
(`eligibility=empty`), what a condition asks (`condition.age.at_least`) and where it stands
(`eligibility[].keep_if: any`, `condition.not: dispensed`). Whatever is added to the schema is a
new kind, which no generated study has until the generator makes it.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ldn_spark.study.criteria import Criterion
from ldn_spark.study.definition import StudyDefinition

EVERY = object()
"""Stands for a value of which everything is wanted that it can be."""
CONDITION = "condition"

Place = tuple[str | int, ...]
"""Keys and positions that lead to a value in a study's document."""


@dataclass(frozen=True, slots=True)
class Found:
    """A kind that occurs in a study, and where.

    Attributes:
        kind: its name.
        place: of the value.
        what: `choice`, `number`, `day`, `null`, `list`, `part`, `condition` or `text`.
        others: of a choice the other values that it could have.
    """

    kind: str
    place: Place
    what: str
    others: tuple[Any, ...] = ()


def all_kinds(
    study: type[BaseModel] = StudyDefinition, condition: type[BaseModel] = Criterion
) -> list[Found]:
    """Every kind of the schema, in its order; the places are of no study."""
    return [*_walk(study, "", EVERY, ()), *_fields(condition, CONDITION, EVERY, ())]


def kinds_in(study: StudyDefinition) -> list[Found]:
    """The kinds of one study with their places, as often as they occur."""
    return list(_walk(StudyDefinition, "", study, ()))


def _walk(kind: Any, path: str, value: Any, place: Place) -> Iterator[Found]:
    """What a value of a type says, or can say."""
    if isinstance(kind, type) and issubclass(kind, Criterion):
        yield from _condition(path, value, place)
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from _fields(kind, path, value, place)
    elif get_origin(kind) is tuple:
        yield from _items(kind, path, value, place)
    elif get_origin(kind) is Literal:
        for one in get_args(kind):
            if value is EVERY or value == one:
                others = tuple(other for other in get_args(kind) if other != one)
                yield Found(f"{path}={one}", place, "choice", others)
    elif kind is bool:
        for one in (True, False):
            if value is EVERY or value == one:
                yield Found(f"{path}={str(one).lower()}", place, "choice", (not one,))
    else:
        what = {int: "number", float: "number", date: "day"}.get(_plain(kind), "text")
        yield Found(path, place, what)


def _plain(kind: Any) -> Any:
    """A type without what is said about its bounds."""
    while hasattr(kind, "__metadata__"):
        kind = kind.__origin__
    return kind


def _fields(kind: type[BaseModel], path: str, value: Any, place: Place) -> Iterator[Found]:
    for name, field in kind.model_fields.items():
        key = field.alias or name
        own = value if value is EVERY else getattr(value, name)
        if not field.is_required() and own is not EVERY and own == field.default:
            continue  # not given
        inner = f"{path}.{key}" if path else key
        if get_origin(_plain(field.annotation)) is tuple and not _has_a_least_length(field):
            yield from _empty(inner, own, (*place, key), is_default=not field.is_required())
        yield from _arms(field.annotation, inner, own, (*place, key), null=field.is_required())


def _has_a_least_length(field: FieldInfo) -> bool:
    return any(getattr(bound, "min_length", None) for bound in field.metadata)


def _empty(path: str, value: Any, place: Place, *, is_default: bool) -> Iterator[Found]:
    """That a list may be empty, where it has to be written out."""
    if not is_default and (value is EVERY or not value):
        yield Found(f"{path}=empty", place, "list")


def _arms(kind: Any, path: str, value: Any, place: Place, *, null: bool) -> Iterator[Found]:
    """What the types of a union can say; `null` where it has to be written out."""
    kind = _plain(kind)
    if get_origin(kind) not in (Union, types.UnionType):
        yield from _walk(kind, path, value, place)
        return
    arms = [_plain(arm) for arm in get_args(kind)]
    if null and type(None) in arms and (value is EVERY or value is None):
        yield Found(f"{path}=null", place, "null")
    for arm in arms:
        if arm is not type(None) and (value is EVERY or _fits(arm, value)):
            yield from _walk(arm, path, value, place)


def _fits(arm: Any, value: Any) -> bool:
    if get_origin(arm) is Literal:
        return value in get_args(arm)
    return isinstance(value, get_origin(arm) or arm)


def _items(kind: Any, path: str, value: Any, place: Place) -> Iterator[Found]:
    (item, *_) = get_args(kind)
    if value is not EVERY and not value:
        return
    yield Found(path, place, "list")
    for position, one in enumerate([EVERY] if value is EVERY else value):
        yield from _arms(item, f"{path}[]", one, (*place, position), null=True)


def _condition(path: str, value: Any, place: Place) -> Iterator[Found]:
    """Which condition stands here; what it asks is told once for all places."""
    for name, field in Criterion.model_fields.items():
        if value is EVERY or getattr(value, name) is not None:
            yield Found(f"{path}: {field.alias or name}", place, "condition")
    if value is not EVERY:
        yield from _fields(Criterion, CONDITION, value, place)
