"""Read a YAML document into a pydantic model, with every mistake named by file, line and key."""

from __future__ import annotations

import difflib
import hashlib
import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo

from ldn_spark.errors import ConfigError, Problem
from ldn_spark.texts.faults import problems_of
from ldn_spark.texts.yamltree import plain, read_tree

Model = TypeVar("Model", bound="Document")
CONF_ENV = "LDN_CONF"
_ONE = {"studies": "study", "policies": "policy"}
FROM_A_FILE = {"from": "a file"}
"""The context of a validation of what a file says."""


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

    Nothing is taken for something else: a number where a text belongs is refused, and a text where
    a number belongs.

    Raises:
        ConfigError: the file is missing, is no YAML, or does not fit the model; all problems at
            once, each with its line.
    """
    tree, problems = read_tree(path)
    if not isinstance(tree.value, dict):
        raise ConfigError(Problem(str(path), "holds no keys", "write `key: value` lines"))
    try:
        document = model.model_validate(plain(tree), strict=True, context=FROM_A_FILE)
    except ValidationError as error:
        problems += problems_of(path, tree, model, error)
    if problems:
        raise ConfigError(problems)
    return document


def is_from_a_file(info: ValidationInfo) -> bool:
    """Whether a document is read from a file that people write, not from a manifest of ours."""
    return info.context is FROM_A_FILE


def conf_folder() -> Path:
    """The folder of studies, codelists and sources.

    `$LDN_CONF` where it is set; else `conf` beside the package (a checkout) or inside it (an
    installation).
    """
    import os

    if os.environ.get(CONF_ENV):
        return Path(os.environ[CONF_ENV])
    return packaged_conf()


def packaged_conf() -> Path:
    """The `conf` that belongs to this version, whatever `$LDN_CONF` says."""
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
    raise ConfigError(Problem(name, f"no {_ONE.get(folder, folder[:-1])} of that name", mend))
