"""`ldn schema`: what an editor needs to check a settings file of ours as it is typed."""

from __future__ import annotations

from pathlib import Path

import typer

from ldn_spark.cli.options import (
    FileWithSchema,
    SchemaKind,
    SchemaPath,
)


def schema(
    kind: SchemaKind,
    path: SchemaPath,
    into: FileWithSchema,
) -> None:
    """Print the JSON schema of a study or another settings file, for editors that check it."""
    from ldn_spark.delivery.source.sources import Source
    from ldn_spark.drift.thresholds import Thresholds
    from ldn_spark.errors import Problem, UsageError
    from ldn_spark.release.policy import PolicyFile
    from ldn_spark.study.definition import StudyDefinition
    from ldn_spark.study.words import listing
    from ldn_spark.texts.editors import json_schema, schema_file

    models = {
        "study": StudyDefinition,
        "source": Source,
        "thresholds": Thresholds,
        "policy": PolicyFile,
    }
    if kind not in models:
        raise UsageError(Problem("schema", f"there is no '{kind}'", f"use {listing(models, 'or')}"))
    if path and into:
        raise UsageError(Problem("schema", "--path and --into are two things", "give one of them"))
    if into:
        _name_schema(into, kind)
    elif path:
        typer.echo(str(schema_file(kind)))
    else:
        typer.echo(json_schema(models[kind]), nl=False)


def _name_schema(file: Path, kind: str) -> None:
    """Write the line into the file, whole or not at all."""
    from ldn_spark.texts.editors import with_schema_line
    from ldn_spark.texts.text_files import read_text
    from ldn_spark.texts.yamltree import MAX_BYTES

    text = read_text(file, max_bytes=MAX_BYTES)
    real = file.resolve()
    draft = real.with_name(f".{real.name}.new")
    draft.write_text(with_schema_line(text, kind), encoding="utf-8", newline="")
    draft.chmod(real.stat().st_mode & 0o777)
    draft.replace(real)
    typer.echo(str(file))
