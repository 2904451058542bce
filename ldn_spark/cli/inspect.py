"""`ldn inspect`: a source file proposed from a delivered file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def inspect(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A delivered file of any kind, packed or not.")
    ],
) -> None:
    """Look at the beginning of a file and propose a source file for it on standard output.

    Every guess carries its reason; what cannot be told is left to fill in. No value of a row is
    shown. Try it: `ldn inspect FILE > conf/sources/our_register.yaml`.
    """
    from ldn_spark.io.inspection import read_sample
    from ldn_spark.io.presets import known_sources
    from ldn_spark.io.proposal import propose

    typer.echo(propose(read_sample(file), known_sources()), nl=False)
