"""Make what editors need to check a file of ours as it is typed: a JSON schema, its place.

An editor finds the schema by the first line of a file. That of a file in `conf` names its
neighbour; a copy elsewhere needs the schema's absolute address, which needs no network.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ldn_spark.texts.documents import packaged_conf

FOLDERS = {
    "study": "studies",
    "source": "sources",
    "thresholds": "thresholds",
    "policy": "policies",
}
"""Where the files of a kind, and their schema, lie in `conf`."""
_DIALECT = "http://json-schema.org/draft-07/schema#"
_LINE = re.compile(r"^#[ \t]*yaml-language-server:[ \t]*\$schema=.*$", re.MULTILINE)


def json_schema(model: type[BaseModel]) -> str:
    """The JSON schema of what a file may say, as text.

    It has no titles: an editor would show the name of a class above what is said of a key.
    """
    schema = {"$schema": _DIALECT} | _without_titles(model.model_json_schema())
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _without_titles(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_titles(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_titles(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))  # a key of a file may be called `title`
    }


def schema_file(kind: str) -> Path:
    """The absolute path of the schema that belongs to this version, of a kind in `FOLDERS`."""
    return packaged_conf() / FOLDERS[kind] / f"{kind}.schema.json"


def schema_line(kind: str) -> str:
    """The line by which an editor finds the schema from anywhere; blanks are escaped."""
    return f"# yaml-language-server: $schema={schema_file(kind).as_uri()}"


def with_schema_line(text: str, kind: str) -> str:
    """The text of a file with the line in the place of an older one, or at its beginning.

    >>> with_schema_line("id: a\\n", "study").splitlines()[1]
    'id: a'
    """
    line, end = schema_line(kind), "\r\n" if "\r\n" in text else "\n"
    found = _LINE.search(text)
    if not found:
        return f"{line}{end}{text}"
    return text[: found.start()] + line + text[found.end() - found[0].endswith("\r") :]
