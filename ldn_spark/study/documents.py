"""Read a YAML document into a pydantic model, with every mistake named by file, line and key."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

from ldn_spark.errors import ConfigError, Problem

Model = TypeVar("Model", bound="Document")
CONF_ENV = "LDN_CONF"


class Document(BaseModel):
    """A piece of a configuration file: unknown keys refused, nothing changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def content_hash(model: BaseModel, *more: Any) -> str:
    """SHA-256 of a document's content; layout, comments and key order do not count."""
    content = [model.model_dump(mode="json"), *more]
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def read_document(path: Path, model: type[Model]) -> Model:
    """Read and validate one YAML file.

    Raises:
        ConfigError: the file is missing, is no YAML, or does not fit the model; all problems at
            once, each with its line.
    """
    tree = _read_yaml(path)
    try:
        return model.model_validate(_plain(tree))
    except ValidationError as error:
        raise ConfigError(_problems(path, tree, model, error)) from None


def _read_yaml(path: Path) -> CommentedMap:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(Problem(str(path), "no such file", "check the path")) from None
    except UnicodeDecodeError:
        raise ConfigError(Problem(str(path), "is not UTF-8 text", "save it as UTF-8")) from None
    except OSError as error:
        raise ConfigError(Problem(str(path), error.strerror or "cannot be read")) from None
    try:
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path} line {mark.line + 1}, column {mark.column + 1}" if mark else str(path)
        raise ConfigError(
            Problem(where, f"is not valid YAML: {error.problem}", "check indentation and quotes")
        ) from None
    if not isinstance(tree, CommentedMap):
        raise ConfigError(Problem(str(path), "holds no keys", "write `key: value` lines"))
    return tree


def _plain(node: Any) -> Any:
    """YAML containers as plain dict and list; scalars stay as they are."""
    if isinstance(node, CommentedMap):
        return {key: _plain(value) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [_plain(value) for value in node]
    return node


def _problems(
    path: Path, tree: CommentedMap, model: type[BaseModel], error: ValidationError
) -> Iterable[Problem]:
    faults = error.errors(include_url=False)
    for fault in faults:
        here = fault["loc"]
        below = [o for o in faults if len(o["loc"]) > len(here) and o["loc"][: len(here)] == here]
        if fault["type"] == "too_short" and below:
            continue  # pydantic counts the items that failed as missing too
        keys = _keys_of(tree, fault["loc"], is_missing=fault["type"] == "missing")
        line = _line(tree, keys)
        where = f"{path} line {line}: {_dotted(keys)}" if keys else f"{path} line {line}"
        if fault["type"] == "extra_forbidden":
            yield Problem(where, "unknown key", _closest(str(keys[-1]), _known_keys(model)))
        elif fault["type"] == "missing":
            yield Problem(where, "this key is missing", "add it; nothing has a hidden default")
        else:
            message = fault["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
            message = message[:1].lower() + message[1:] if message[:2].istitle() else message
            what, _, mend = message.partition("; ")
            yield Problem(where, what, mend)


def _keys_of(tree: Any, loc: tuple[int | str, ...], *, is_missing: bool) -> list[int | str]:
    """The keys of the file on pydantic's path, without the names of types it puts in between."""
    keys: list[int | str] = []
    node = tree
    for step in loc:
        if _holds(node, step):
            node = node[step]
        elif not (is_missing and step == loc[-1]):
            continue
        keys.append(step)
    return keys


def _holds(node: Any, step: int | str) -> bool:
    if isinstance(node, CommentedSeq):
        return isinstance(step, int) and step < len(node)
    return isinstance(node, CommentedMap) and step in node


def _line(tree: Any, keys: list[int | str]) -> int:
    """The line of the deepest key of the path that exists, counted from 1."""
    node, line = tree, 1
    for key in keys:
        if not _holds(node, key):
            break
        at = node.lc.key(key) if isinstance(node, CommentedMap) else node.lc.item(key)
        node, line = node[key], at[0] + 1
    return line


def _dotted(keys: list[int | str]) -> str:
    """A path as people write it: `outcomes[2].atc[0]`."""
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else str(key)
    return text


def _known_keys(model: type[BaseModel], seen: frozenset[type] = frozenset()) -> set[str]:
    """Every key that occurs anywhere in a model."""
    schema = model.model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    return {key for part in parts for key in part.get("properties", {})}


def _closest(key: str, known: set[str]) -> str:
    match = difflib.get_close_matches(key, sorted(known), n=1)
    return f"did you mean '{match[0]}'?" if match else "remove it"


def conf_folder() -> Path:
    """The folder of studies, codelists and sources.

    `$LDN_CONF` where it is set; else `conf` beside the package (a checkout) or inside it (an
    installation).
    """
    import os

    if os.environ.get(CONF_ENV):
        return Path(os.environ[CONF_ENV])
    package = Path(__file__).resolve().parents[1]
    beside = package.parent / "conf"
    return beside if beside.is_dir() else package / "conf"


def find_document(name: str, folder: str) -> Path:
    """A document by path, or by name in `conf/<folder>`.

    Raises:
        ConfigError: neither exists; the message lists the names that do.
    """
    path = Path(name)
    if path.suffix in {".yaml", ".yml"} or path.is_file():
        if not path.is_file() and (conf_folder() / folder / path.name).is_file():
            return conf_folder() / folder / path.name
        return path
    found = conf_folder() / folder / f"{name}.yaml"
    if found.is_file():
        return found
    known = sorted(file.stem for file in (conf_folder() / folder).glob("*.yaml"))
    close = difflib.get_close_matches(name, known, n=1)
    mend = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(known) or 'none'}"
    raise ConfigError(
        Problem(name, f"no {folder[:-1] if folder != 'studies' else 'study'} of that name", mend)
    )
