"""`ldn simulate`: a registry delivery invented, with what is true of it."""

from __future__ import annotations

from pathlib import Path

import typer

from ldn_spark.cli.beginning import begin
from ldn_spark.cli.compare import study_named_by
from ldn_spark.cli.options import (
    Engine,
    FirstYear,
    InventedFolder,
    LastYear,
    LogFormat,
    NullEffect,
    People,
    PublishedToPrint,
    Seed,
    ShareGroup,
    Starters,
    StudyToPrint,
)
from ldn_spark.cli.reporters import progress_shown


def simulate(
    out: InventedFolder,
    people: People,
    seed: Seed,
    first_year: FirstYear,
    last_year: LastYear,
    starters: Starters,
    null_effect: NullEffect,
    published: PublishedToPrint,
    study: StudyToPrint,
    share_group: ShareGroup,
    engine: Engine,
    log_format: LogFormat,
) -> None:
    """Invent a registry delivery with a planted effect; the truth is written beside it."""
    name = begin(engine, out, share_group=share_group)

    from ldn_spark.engine.sessions import open_engine
    from ldn_spark.synthetic.registry import simulate as simulate_registry

    if published is not None:
        from ldn_spark.papers.reading import find_published

        _simulate_published(find_published(published), study, out, people, seed, name, log_format)
        return
    with progress_shown(log_format), open_engine(name) as spark:
        simulate_registry(
            spark,
            out,
            people=people,
            seed=seed,
            first_year=first_year,
            last_year=last_year,
            starters=starters,
            null_effect=null_effect,
        )
    typer.echo(f"The truth about this registry is in {out / 'truth.json'}")
    typer.echo(str(out))


def _simulate_published(
    published: Path,
    study: str | None,
    out: Path,
    people: int,
    seed: int,
    engine: str,
    log_format: str,
) -> None:
    """The cohort of a published table, among people who resemble it."""
    from ldn_spark.engine.sessions import open_engine
    from ldn_spark.papers.replicate.delivery import simulate_published
    from ldn_spark.study.load import load_study

    definition = load_study(study or study_named_by(published)).definition
    with progress_shown(log_format), open_engine(engine) as spark:
        simulate_published(
            spark,
            out,
            published=published,
            study=definition,
            people=people,
            seed=seed,
        )
    typer.echo(str(out))
