"""`ldn concepts`: the ATC code of every drug of the OMOP vocabularies, for an ingest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ldn_spark.cli.options import (
    Choices,
    Ddds,
    LogFormat,
    LookupToWrite,
    VocabularyFolder,
)
from ldn_spark.errors import Problem, UsageError
from ldn_spark.shown import counted, numbered

if TYPE_CHECKING:
    from ldn_spark.delivery.omop.vocabulary import DrugCodes


def concepts(
    vocabulary: VocabularyFolder,
    out: LookupToWrite,
    ddd: Ddds,
    choices: Choices,
    log_format: LogFormat,
) -> None:
    """Write the ATC code of every drug concept, for `ldn ingest --source omop --lookup`.

    A drug under several ATC codes gets the nearest one. Where several are equally near it is left
    out and listed in FILE.ambiguous.csv: keep the line you mean and give the list as --choices.
    """
    from ldn_spark.cli.reporters import progress_shown
    from ldn_spark.delivery.omop.concepts import (
        ambiguous_file,
        read_choices,
        read_ddds,
        write_lookup,
    )
    from ldn_spark.delivery.omop.vocabulary import find_drug_codes

    if choices is not None and choices.resolve() == ambiguous_file(out).resolve():
        what = "is where the drugs without a clear code will be listed"
        raise UsageError(Problem(str(choices), what, "save your choices under another name"))
    chosen = {} if choices is None else read_choices(choices)
    ddds = {} if ddd is None else read_ddds(ddd)
    with progress_shown(log_format):
        found = find_drug_codes(vocabulary, choices=chosen)
    _show(found, write_lookup(out, found, ddds), ambiguous_file(out))
    typer.echo(str(out))


def _show(found: DrugCodes, with_ddd: int, listed: Path) -> None:
    mapped = found.atc.num_rows
    typer.echo(
        f"{numbered(found.drugs, 'standard drug')}: {numbered(mapped, 'has', 'have')} an ATC code, "
        f"{counted(found.nearest)} of them the nearest of several and {counted(found.chosen)} "
        "by your choice."
    )
    if found.ambiguous:
        drugs = len({one.concept_id for one in found.ambiguous})
        typer.echo(
            f"{numbered(drugs, 'has', 'have')} several codes equally near and "
            f"{'is' if drugs == 1 else 'are'} left out: see {listed}"
        )
    typer.echo(f"{numbered(found.without, 'is', 'are')} under no ATC code.")
    if found.release:
        typer.echo(f"The codes are of {found.release}: declare its year as atc_version.")
    typer.echo(f"A DDD per unit is known of {numbered(with_ddd, 'drug')}.")
