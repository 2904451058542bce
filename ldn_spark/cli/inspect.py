"""`ldn inspect`: a source file proposed from a delivered file."""

from __future__ import annotations

import typer

from ldn_spark.cli.options import (
    DeliveredFile,
)


def inspect(
    file: DeliveredFile,
) -> None:
    """Look at the beginning of a file and propose a source file for it on standard output.

    Every guess carries its reason; what cannot be told is left to fill in. No value of a row is
    shown. Try it: `ldn inspect FILE > conf/sources/our_register.yaml`.
    """
    from ldn_spark.delivery.guess.inspection import read_sample
    from ldn_spark.delivery.guess.presets import known_sources
    from ldn_spark.delivery.guess.proposal import propose

    typer.echo(propose(read_sample(file), known_sources()), nl=False)
