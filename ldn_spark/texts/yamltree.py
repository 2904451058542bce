r"""YAML as a tree of plain values that know their lines.

Read is what a JSON document could hold, written as YAML 1.2: keys, lists, texts, decimal numbers,
true, false and null; anchors, aliases and merge keys as ways to write less. Everything that means
one thing here and another there is refused with the mend: hexadecimal and octal numbers, numbers
with leading zeros, tags, directives, keys that are no text, keys that occur twice. A date is a
text like any other; who wants a date reads it as one.

What a file can cost is bounded before anything is built: its size, its depth, its values when all
aliases are written out, the length of a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from ldn_spark.errors import ConfigError, Problem
from ldn_spark.shown import counted, numbered
from ldn_spark.texts.text_files import read_text

MAX_BYTES = 256 << 10
MAX_DEPTH = 50
MAX_VALUES = 50_000
MAX_DIGITS = 18
MAX_TEXT = 10_000
_INTEGER = re.compile(r"[-+]?(0|[1-9]\d*)", re.ASCII)
_DECIMAL = re.compile(r"[-+]?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][-+]?\d{1,2})?", re.ASCII)
_LIKE_A_NUMBER = re.compile(
    r"[-+]?(\d[\d_]*(\.\d*)?(e[-+]?\d+)?|\.\d+(e[-+]?\d+)?|0[xob][\da-f_]+|\.inf|\.nan)",
    re.ASCII | re.IGNORECASE,
)
_CONSTANTS = {"": None, "~": None} | {
    spelling: value
    for name, value in (("null", None), ("true", True), ("false", False))
    for spelling in (name, name.capitalize(), name.upper())
}
_MERGE = "<<"
_DIRECTIVE = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*%")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(slots=True)
class Node:
    """A value with the place where it stands.

    Attributes:
        line, column: of its beginning, counted from 1.
        value: None, bool, int, float, str, a list of nodes or a dict of nodes; `UNREADABLE` where
            a problem has been told already.
        key_lines: of a dict, the line of every key.
        size: how many values it holds when every alias is written out, itself included.
        height: how many values lie within each other, itself included.
        text: as a plain scalar is written in the file.
    """

    line: int
    column: int
    value: Any
    size: int = 1
    height: int = 1
    text: str = ""
    key_lines: dict[str, int] | None = None


class _Unreadable:
    """Stands for a value whose problem has been told."""

    def __repr__(self) -> str:
        return "unreadable"


UNREADABLE = _Unreadable()


def plain(node: Node) -> Any:
    """The values alone: dict, tuple and scalars."""
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return tuple(plain(child) for child in node.value)
    return node.value


def read_tree(path: Path) -> tuple[Node, list[Problem]]:
    """The document of a YAML file, and the problems of single values in it.

    Raises:
        ConfigError: the file is missing, cannot be read, is no YAML, or is larger, deeper or
            longer than any file of settings.
    """
    text = read_text(path, max_bytes=MAX_BYTES)
    if found := _DIRECTIVE.match(text):
        where = _place(path, text.count("\n", 0, found.end()), 0)
        raise ConfigError(
            Problem(where, "begins with a directive", "leave out the lines before ---")
        )
    builder = _Builder(path, YAML(typ="safe", pure=True).parse(text))
    try:
        return builder.document(), builder.problems
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = _sentence(error.problem or error.context or "cannot be understood")
        where = _place(path, mark.line, mark.column) if mark else str(path)
    except YAMLError as error:
        what, where = _sentence(str(error)), f"{path} after line {builder.line}"
    except (ValueError, OverflowError):  # of chr()
        what = "an escape stands for no character"
        where = f"{path} after line {builder.line}"
    raise ConfigError(Problem(where, f"is not valid YAML: {what}", "check indentation and quotes"))


def _place(path: Path, line: int, column: int) -> str:
    return f"{path} line {line + 1}, column {column + 1}"


def _sentence(text: str) -> str:
    """The library's message on one line of bearable length."""
    return " ".join(text.split())[:120]


class _Builder:
    """Builds the tree from the parser's events."""

    def __init__(self, path: Path, events: Iterator[Event]) -> None:
        self._path, self._events = path, events
        self._anchors: dict[str, Node | None] = {}
        self._values = 0
        self.problems: list[Problem] = []
        self.line = 1

    def document(self) -> Node:
        """The one document of the stream."""
        event = self._next()
        while isinstance(event, StreamStartEvent | DocumentStartEvent):
            event = self._next()
        if isinstance(event, StreamEndEvent):
            raise ConfigError(Problem(str(self._path), "is empty", "write `key: value` lines"))
        root = self._node(event, 1)
        end = self._next()
        while isinstance(end, DocumentEndEvent):
            end = self._next()
        if not isinstance(end, StreamEndEvent):
            self._stop(end, "holds a second document", "put it into a file of its own")
        return root

    def _next(self) -> Event:
        event = next(self._events)
        self.line = event.start_mark.line + 1
        return event

    def _where(self, event: Event) -> str:
        return _place(self._path, event.start_mark.line, event.start_mark.column)

    def _stop(self, event: Event, what: str, mend: str) -> NoReturn:
        raise ConfigError(Problem(self._where(event), what, mend))

    def _tell(self, event: Event, what: str, mend: str) -> None:
        self.problems.append(Problem(self._where(event), what, mend))

    def _count(self, event: Event, number: int) -> None:
        self._values += number
        if self._values > MAX_VALUES:
            what = (
                f"more than {counted(MAX_VALUES)} values stand here when every alias is written out"
            )
            self._stop(event, what, "write less, or fewer aliases")

    def _node(self, event: Event, depth: int) -> Node:
        self._check_depth(event, depth)
        if isinstance(event, AliasEvent):
            return self._aliased(event, depth)
        assert isinstance(event, NodeEvent), "a value is an alias, a scalar or a collection"
        self._count(event, 1)
        node = Node(event.start_mark.line + 1, event.start_mark.column + 1, None)
        if event.anchor:
            self._anchors[event.anchor] = None  # not to be used before it ends
        if isinstance(event, MappingStartEvent):
            self._fill_mapping(node, depth)
        elif isinstance(event, SequenceStartEvent):
            self._fill_sequence(node, depth)
        elif isinstance(event, ScalarEvent):
            self._fill_scalar(node, event)
        if tag := getattr(event, "tag", None):
            self._tell(event, f"has the tag {str(tag)[:40]}", "leave the tag out")
            node.value = UNREADABLE
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _check_depth(self, event: Event, depth: int) -> None:
        if depth > MAX_DEPTH:
            self._stop(event, f"is nested more than {MAX_DEPTH} deep", "close the brackets before")

    def _aliased(self, event: NodeEvent, depth: int) -> Node:
        if event.anchor not in self._anchors:
            self._stop(event, f"there is no anchor &{event.anchor} before", "write it out")
        found = self._anchors[event.anchor]
        if found is None:
            self._stop(event, f"the alias *{event.anchor} stands for itself", "write it out")
        self._count(event, found.size)
        self._check_depth(event, depth + found.height - 1)
        return found

    def _fill_sequence(self, node: Node, depth: int) -> None:
        node.value = []
        while not isinstance(event := self._next(), SequenceEndEvent):
            child = self._node(event, depth + 1)
            node.value.append(child)
            node.size += child.size
            node.height = max(node.height, child.height + 1)

    def _fill_mapping(self, node: Node, depth: int) -> None:
        own: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        lines: dict[str, int] = {}
        while not isinstance(event := self._next(), MappingEndEvent):
            if not isinstance(event, ScalarEvent) or _SURROGATE.search(event.value):
                self._stop(event, "a key is no text", "write `key: value`")
            key = self._key(event, own)
            child = self._node(self._next(), depth + 1)
            node.size += child.size
            node.height = max(node.height, child.height + 1)
            if key == _MERGE and event.style is None:
                self._merge(event, child, merged, lines)
            elif key is not None:
                own[key] = child
                lines[key] = event.start_mark.line + 1
        node.value, node.key_lines = merged | own, lines

    def _key(self, event: ScalarEvent, seen: dict[str, Node]) -> str | None:
        """The key; None after a problem that has been told."""
        key: str = event.value
        if event.style is None and key != _MERGE and not isinstance(self._resolved(key), str):
            what = f"the key {key or 'that is empty'} is no text"
            self._tell(event, what, f'write it in quotes: "{key}"' if key else "name it")
        elif key in seen:
            self._tell(event, f"the key '{key[:60]}' occurs twice", "keep one of them")
        else:
            return key
        return None

    def _merge(
        self, event: Event, child: Node, merged: dict[str, Node], lines: dict[str, int]
    ) -> None:
        """Take over the keys of an aliased mapping, or of several; the first one wins."""
        for source in child.value if isinstance(child.value, list) else [child]:
            if not isinstance(source.value, dict):
                self._tell(event, "<< merges something that has no keys", "write *anchor")
                return
            for key, node in source.value.items():
                merged.setdefault(key, node)
                lines.setdefault(key, node.line)

    def _fill_scalar(self, node: Node, event: ScalarEvent) -> None:
        node.text = event.value
        if len(event.value) > MAX_TEXT:
            what = f"is a text of more than {counted(MAX_TEXT)} characters"
            self._tell(event, what, "shorten it")
            node.value = UNREADABLE
        elif _SURROGATE.search(event.value):
            mend = "write the character itself, or \\U with eight digits"
            self._tell(event, "holds half of a character", mend)
            node.value = UNREADABLE
        elif event.style is not None:  # quoted, or a block
            node.value = event.value
        else:
            node.value = self._resolved(event.value)
            if node.value is UNREADABLE:
                what, mend = _no_number(event.value)
                self._tell(event, what, mend)

    @staticmethod
    def _resolved(text: str) -> Any:
        """What a plain scalar stands for."""
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if len(text) <= MAX_DIGITS + 1 and _INTEGER.fullmatch(text):
            return int(text)
        if len(text) <= MAX_DIGITS + 6 and _DECIMAL.fullmatch(text):
            return float(text)
        return UNREADABLE if _LIKE_A_NUMBER.fullmatch(text) else text


def _no_number(text: str) -> tuple[str, str]:
    """Why something that looks like a number is not read as one, and what to write."""
    if len(text) > MAX_DIGITS:
        what = f"is a number of {numbered(len(text), 'character')}"
        return what, f"write at most {MAX_DIGITS} digits"
    mend = f'write a plain decimal number, or "{text}" where it is a text'
    return f"{text} is not a number that everyone reads alike", mend
