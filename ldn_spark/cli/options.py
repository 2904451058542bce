"""The options that several commands and jobs share: said once, so that they mean the same."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ldn_spark.cli.completions import study_names
from ldn_spark.cli.paths import text_path

Engine = Annotated[
    str | None,
    typer.Option("--engine", help="`sail` (embedded, no Java) or `spark`; Sail where installed."),
]
LogFormat = Annotated[
    str,
    typer.Option(
        "--log-format", help="`auto` (a bar in a terminal, else lines), `text` or `json`."
    ),
]
LakeFolder = Annotated[
    Path,
    typer.Option(
        "--lake",
        envvar="LDN_LAKE",
        callback=text_path,
        help="The lake: a folder of Delta tables.",
    ),
]
ShareGroup = Annotated[
    bool,
    typer.Option(
        "--share-group",
        help="Let your group read what is written (0750, 0640); else you alone can (0700, 0600).",
    ),
]
AsOf = Annotated[int | None, typer.Option("--as-of", help="An earlier version of the lake.")]
Codelists = Annotated[
    list[str] | None,
    typer.Option(
        "--codelist",
        metavar="NAME=FILE",
        help="Replace a codelist of the study for this run; may be repeated.",
    ),
]
AtcVersions = Annotated[
    list[str] | None,
    typer.Option(
        "--atc-version",
        metavar="YEAR",
        help="The ATC index of the delivered codes, where the files do not declare it: a year, "
        "`at_dispensing`, or FILE=YEAR; may be repeated.",
    ),
]
StudyName = Annotated[
    str,
    typer.Argument(help="A name in conf/studies, or a YAML file.", autocompletion=study_names),
]
ResultsFolder = Annotated[
    Path, typer.Option("--out", callback=text_path, help="Results go to `OUT/<study>/<run>`.")
]
Published = Annotated[
    str | None,
    typer.Option(
        "--published",
        metavar="FILE",
        help="Hold these published values against the computed ones: a CSV, or the name of a study "
        "that comes with some.",
    ),
]
