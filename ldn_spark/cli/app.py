"""The commands: arguments in, steps called, one clear answer out."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ldn_spark import __version__
from ldn_spark.cli.check import check
from ldn_spark.cli.compare import audit, compare
from ldn_spark.cli.concepts import concepts
from ldn_spark.cli.diff import diff
from ldn_spark.cli.drift import drift
from ldn_spark.cli.erase import erase
from ldn_spark.cli.export import export
from ldn_spark.cli.failures import failure_of
from ldn_spark.cli.ingest import ingest
from ldn_spark.cli.inspect import inspect
from ldn_spark.cli.interrupts import INTERRUPTED
from ldn_spark.cli.logs import heard, log_error, says_json
from ldn_spark.cli.options import AllTables, FinishedRun, add_command
from ldn_spark.cli.prune import prune
from ldn_spark.cli.quality import quality
from ldn_spark.cli.republish import republish
from ldn_spark.cli.runs import runs
from ldn_spark.cli.schema import schema
from ldn_spark.cli.simulate import simulate
from ldn_spark.cli.study import plan, run_study
from ldn_spark.cli.verify import verify

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="""From a prescription registry extract to the tables of a controlled before–after study.

Try it: `ldn simulate delivery --people 200000 --seed 1`, then
`ldn ingest delivery --lake lake`, `ldn run ldn_2013 --lake lake --out results` and
`ldn show results`.

Exit codes: 0 done or nothing to do · 2 wrong command · 3 wrong study, source or codelist, damaged
results · 10 delivery turned away · 11 nothing to work on · 12 data contradict the study, or runs
differ, or drift above thresholds · 20 another process was faster · 21 output exists · 30 out of
memory, disk or rights · 40 engine failed · 130 Ctrl-C · 141 the reader of standard output is gone ·
143 SIGTERM.""",
)


def run(arguments: list[str] | None = None, commands: typer.Typer = app, name: str = "ldn") -> int:
    """Run a command line; the exit code. User errors become messages, bugs keep tracebacks."""
    arguments = sys.argv[1:] if arguments is None else arguments
    with heard():
        return _run(arguments, commands, name)


def _run(arguments: list[str], commands: typer.Typer, name: str) -> int:
    try:
        result = commands(args=arguments, standalone_mode=False, prog_name=name)
        if result == INTERRUPTED:  # Typer hears Ctrl-C itself
            raise KeyboardInterrupt
        return result if isinstance(result, int) else 0
    except (Exception, KeyboardInterrupt) as error:
        # Typer carries its own copy of click's exceptions, so they are told by what they can do
        if hasattr(error, "show") and hasattr(error, "exit_code"):
            if says_json():
                log_error(error.exit_code, "UsageError", [error.format_message()])
            else:
                error.show()
            return error.exit_code
        if (failure := failure_of(error)) is None:
            raise
        log_error(failure.exit_code, failure.kind, failure.messages)
        return failure.exit_code


@app.callback(invoke_without_command=True)
def _global(
    version: Annotated[bool, typer.Option("--version", help="Say the version and stop.")] = False,
) -> None:
    if version:
        typer.echo(f"ldn_spark {__version__}")
        raise typer.Exit


def show(
    folder: FinishedRun,
    everything: AllTables,
) -> None:
    """Print the tables of a finished run."""
    from ldn_spark.cli.views import show_run

    show_run(folder, everything=everything)


for _command in (simulate, ingest):
    add_command(app, _command)
add_command(app, run_study, "run")
for _command in (
    show,
    export,
    republish,
    plan,
    diff,
    drift,
    compare,
    audit,
    concepts,
    check,
    quality,
    inspect,
    verify,
    runs,
    prune,
    erase,
    schema,
):
    add_command(app, _command)
