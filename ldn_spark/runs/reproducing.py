"""Tell how a run is made again: the command, and the files that it reads beside the lake."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ldn_spark.study.atc.stated_versions import OPTION
from ldn_spark.study.inputs import InputFile

if TYPE_CHECKING:
    from ldn_spark.runs.run import Asked


def command(run: Asked, published: InputFile | None = None) -> str:
    """The command that gives the same files again, whatever the lake takes in later.

    `LAKE` and `OUT` stand for two folders, and a file for one of that name; the engine does not
    matter. What the files must hold is said by `inputs`.
    """
    (study,) = (one for one in run.study.files if one.kind == "study file")
    arguments = ["ldn", "run", study.file if study.is_given else study.file.rsplit(".", 1)[0]]
    arguments += ["--lake", "LAKE", "--out", "OUT", "--as-of", str(run.version.number)]
    for one in run.study.files:
        if one.kind == "codelist" and one.is_given:
            arguments += ["--codelist", f"{one.name}={one.file}"]
    for text in run.stated.texts:
        arguments += [OPTION, text]
    if published is not None:
        arguments += ["--published", published.file]
    return shlex.join(arguments)


def inputs(run: Asked, published: InputFile | None = None) -> list[dict[str, Any]]:
    """Study, codelists and published values, with the SHA-256 of each file."""
    return [asdict(one) for one in (*run.study.files, *([published] if published else ()))]
