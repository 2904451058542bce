"""What every spark-submit job shares: it is a command of `ldn`, or a stage, that ends otherwise."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NoReturn

import typer

from ldn_spark.cli.app import run
from ldn_spark.cli.ended import hearing, say_ended
from ldn_spark.cli.interrupts import hear_signals, leave
from ldn_spark.cli.options import add_command

_SECONDS_BETWEEN_LOOKS = 2.0


def run_job(command: Callable[..., Any]) -> NoReturn:
    """Run a command as a job: with its options, and with Spark and log lines unless it is told.

    A killed spark-submit does not signal its Python driver, so the driver watches its parent and
    goes when it has gone.
    """
    hear_signals()
    _leave_with_parent()

    def run_and_say() -> int:
        began = datetime.now(UTC)
        with hearing() as heard:
            try:
                code = run_as_job(command, sys.argv[1:])
            except BaseException as error:
                say_ended(command.__name__, 1, [type(error).__name__], began)
                raise
        say_ended(command.__name__, code, heard.problems, began)
        return code

    leave(run_and_say)


def run_as_job(command: Callable[..., Any], arguments: list[str]) -> int:
    """The exit code of a job with these arguments."""
    job = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    add_command(job, command)
    defaults = ["--engine", "spark", "--log-format", "text"]
    return run([*defaults, *arguments], job, os.path.basename(sys.argv[0]))


def _leave_with_parent() -> None:
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        sys.stderr.write("spark-submit is gone; the driver stops\n")
        os._exit(143)

    threading.Thread(target=watch, daemon=True).start()
