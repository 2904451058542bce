"""Put what is wrong with the values of a document into words: place, fault and mend of each."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from ldn_spark.errors import Problem
from ldn_spark.shown import counted, numbered
from ldn_spark.texts.yamltree import UNREADABLE, Node

Key = int | str
Faults = Iterator[tuple[tuple[Key, ...], str]]
"""What a check of a part finds: the path below the part, and `fault; mend`."""
_SHOWN = 40
_WANTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "a text",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "`key: value` lines",
    "model_type": "`key: value` lines",
    "model_attributes_type": "`key: value` lines",
}
_LIMITS = {
    "greater_than": ("too small", "more than", "gt"),
    "greater_than_equal": ("too small", "at least", "ge"),
    "less_than": ("too large", "less than", "lt"),
    "less_than_equal": ("too large", "at most", "le"),
}


class Contradictions(ValueError):
    """Several things at once that are wrong with a part of a document.

    A check of a whole part raises it with the path below the part, which may be empty, and the
    message `fault; mend` of each.
    """

    def __init__(self, found: Sequence[tuple[tuple[Key, ...], str]]) -> None:
        super().__init__("\n".join(message for _, message in found))
        self.found = tuple(found)


def refuse(found: Iterable[tuple[tuple[Key, ...], str]]) -> None:
    """Raise what a check found, if anything."""
    if contradictions := tuple(found):
        raise Contradictions(contradictions)


def problems_of(
    path: Path, tree: Node, model: type[BaseModel], error: ValidationError
) -> Iterator[Problem]:
    """Every problem that pydantic found, once for each key, in the order of the model."""
    for keys, faults in _by_key(tree, error).items():
        for below, what, mend in _told(faults, tree, keys, model):
            whole = (*keys, *below)
            line = _line(tree, whole)
            where = f"{path} line {line}: {_dotted(whole)}" if whole else f"{path} line {line}"
            yield Problem(where, what, mend)


def _by_key(tree: Node, error: ValidationError) -> dict[tuple[Key, ...], list[Mapping[str, Any]]]:
    """The faults of each key; a value that may be of several kinds has one of each kind."""
    faults = error.errors(include_url=False)
    grouped: dict[tuple[Key, ...], list[Mapping[str, Any]]] = {}
    for fault in faults:
        here = fault["loc"]
        below = [o for o in faults if len(o["loc"]) > len(here) and o["loc"][: len(here)] == here]
        if fault["type"] == "too_short" and below:
            continue  # pydantic counts the items that failed as missing too
        if fault["input"] is not UNREADABLE:
            keys = _keys_of(tree, here, is_missing=fault["type"] == "missing")
            grouped.setdefault(keys, []).append(fault)
    return grouped


def _told(
    faults: Sequence[Mapping[str, Any]], tree: Node, keys: tuple[Key, ...], model: type[BaseModel]
) -> Iterator[tuple[tuple[Key, ...], str, str]]:
    """Path below the key, fault and mend."""
    first = faults[0]
    if first["type"] == "extra_forbidden":
        yield (), "unknown key", _closest(str(keys[-1]), _known_keys(model))
    elif first["type"] == "missing":
        yield (), "this key is missing", "add it; nothing has a hidden default"
    elif all(_is_of_the_wrong_kind(fault) for fault in faults):
        yield (), *_wrong_kind(faults, _node(tree, keys))
    else:
        fault = next(fault for fault in faults if not _is_of_the_wrong_kind(fault))
        raised = fault.get("ctx", {}).get("error")
        if isinstance(raised, Contradictions):
            for below, message in raised.found:
                yield below, *_parted(message)
        else:
            yield (), *_wrong_value(fault)


def _is_of_the_wrong_kind(fault: Mapping[str, Any]) -> bool:
    return fault["type"] in _WANTED or fault["type"] == "literal_error"


def _wrong_kind(faults: Sequence[Mapping[str, Any]], node: Node) -> tuple[str, str]:
    """A text where a number belongs, a word that is none of the known ones."""
    value = faults[0]["input"]
    choices = [fault["ctx"]["expected"] for fault in faults if fault["type"] == "literal_error"]
    wanted = [_WANTED[fault["type"]] for fault in faults if fault["type"] in _WANTED]
    known = [word for text in choices for word in text.replace(" or ", ", ").split(", ")]
    if isinstance(value, str) and known:
        close = difflib.get_close_matches(repr(value), known, n=1)
        if close:
            return f"{_shown(value, node)} is not known here", f"did you mean {close[0]}?"
    what = f"{_shown(value, node)} stands where {' or '.join([*wanted, *choices])} belongs"
    return what, _mend_of_kind(faults, node, [*wanted, *choices])


def _mend_of_kind(faults: Sequence[Mapping[str, Any]], node: Node, allowed: Sequence[str]) -> str:
    is_scalar = node.text != "" and not isinstance(node.value, list | dict)
    kinds = {fault["type"] for fault in faults}
    if "tuple_type" in kinds and is_scalar and "string_type" not in kinds:
        return f"write a list: [{_cut(node.text)}]"
    if "string_type" in kinds and is_scalar:
        return f'write it in quotes: "{_cut(node.text)}"'
    return f"write {' or '.join(allowed)}"


def _wrong_value(fault: Mapping[str, Any]) -> tuple[str, str]:
    """A value of the right kind that cannot be."""
    kind, context = fault["type"], fault.get("ctx", {})
    if kind in _LIMITS:
        size, words, name = _LIMITS[kind]
        return f"{_shown(fault['input'])} is {size}", f"write {words} {context[name]}"
    if kind in ("too_short", "too_long"):
        least = kind == "too_short"
        limit = _number(context["min_length" if least else "max_length"])
        return f"holds too {'few' if least else 'many'} entries", (
            f"write at {'least' if least else 'most'} {limit}"
        )
    if kind == "string_too_short":
        return "is empty", "fill it in"
    if kind == "string_too_long":
        length = f"{numbered(len(fault['input']), 'character')}"
        return f"has {length}", f"write at most {_number(context['max_length'])}"
    return _parted(fault["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, "))


def _parted(message: str) -> tuple[str, str]:
    """`fault; mend`, begun with a small letter."""
    message = message[:1].lower() + message[1:] if message[:2].istitle() else message
    what, _, mend = message.partition("; ")
    return what, mend


def _number(value: Any) -> str:
    return counted(value) if isinstance(value, int) else str(value)


def _shown(value: Any, node: Node | None = None) -> str:
    """A value of a document, as its author wrote it."""
    if isinstance(value, dict):
        return "a part with keys"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return node.text if node and node.text else "nothing"
    if isinstance(value, str):
        return f"the text '{_cut(value)}'"
    return _cut(node.text) if node and node.text else str(value).lower()


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _keys_of(tree: Node, loc: tuple[Key, ...], *, is_missing: bool) -> tuple[Key, ...]:
    """The keys of the file on pydantic's path, without the names of types it puts in between."""
    keys: list[Key] = []
    node = tree
    for step in loc:
        if _holds(node, step):
            node = node.value[step]
        elif not (is_missing and step == loc[-1]):
            continue
        keys.append(step)
    return tuple(keys)


def _holds(node: Node, step: Key) -> bool:
    if isinstance(node.value, list):
        return isinstance(step, int) and step < len(node.value)
    return isinstance(node.value, dict) and step in node.value


def _node(tree: Node, keys: Sequence[Key]) -> Node:
    """The deepest node of a path that exists."""
    node = tree
    for key in keys:
        if not _holds(node, key):
            break
        node = node.value[key]
    return node


def _line(tree: Node, keys: Sequence[Key]) -> int:
    """The line of the deepest key of the path that exists, counted from 1."""
    node, line = tree, 1
    for key in keys:
        if not _holds(node, key):
            break
        parent, node = node, node.value[key]
        line = parent.key_lines[str(key)] if parent.key_lines else node.line
    return line


def _dotted(keys: Sequence[Key]) -> str:
    """A path as people write it: `outcomes[2].atc[0]`."""
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else str(key)
    return text


@cache
def _known_keys(model: type[BaseModel]) -> frozenset[str]:
    """Every key that occurs anywhere in a model."""
    schema = model.model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    return frozenset(key for part in parts for key in part.get("properties", {}))


def _closest(key: str, known: Iterable[str]) -> str:
    match = difflib.get_close_matches(key, sorted(known), n=1)
    return f"did you mean '{match[0]}'?" if match else "remove it"
