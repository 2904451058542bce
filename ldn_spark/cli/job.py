"""What every spark-submit job shares: its arguments, its session, and how it ends."""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ldn_spark.cli.interrupts import STOPPED, hear_signals, interrupted_code, leave
from ldn_spark.cli.named_files import named_files
from ldn_spark.cli.reporters import log_error, open_reporter
from ldn_spark.errors import LdnSparkError
from ldn_spark.io.engines import ENGINES, open_engine
from ldn_spark.io.faults import translated_faults
from ldn_spark.io.lake import Lake
from ldn_spark.run import Run
from ldn_spark.study.load import load_study
from ldn_spark.study.stated_versions import OPTION, stated_versions

_SECONDS_BETWEEN_LOOKS = 2.0


def job_parser(description: str | None) -> argparse.ArgumentParser:
    """A parser with what every job takes."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", choices=ENGINES, default="spark", help="default: spark")
    parser.add_argument("--log-format", default="text", help="auto, text or json")
    return parser


def stage_parser(description: str | None) -> argparse.ArgumentParser:
    """A parser for one stage of a run."""
    parser = job_parser(description)
    parser.add_argument("study", help="a name in conf/studies, or a YAML file")
    parser.add_argument("--lake", type=Path, required=True, help="the lake")
    parser.add_argument("--run-id", required=True, help="names the tables of the run")
    parser.add_argument("--as-of", type=int, help="an earlier version of the lake")
    parser.add_argument("--codelist", action="append", metavar="NAME=FILE", default=[])
    parser.add_argument(OPTION, action="append", metavar="YEAR", default=[])
    return parser


@contextmanager
def open_run(args: argparse.Namespace, app_name: str) -> Iterator[Run]:
    """The run that a stage belongs to, on a session of its own."""
    study = load_study(args.study, named_files(args.codelist))
    with open_engine(args.engine, app_name=app_name) as spark:
        lake = Lake(spark, args.lake)
        stated = stated_versions(args.atc_version)
        run = Run(spark, study, lake, lake.version(args.as_of), args.run_id, stated)
        with translated_faults("running a stage", args.lake):
            yield run


def run_job(main: Callable[[argparse.Namespace], None], parser: argparse.ArgumentParser) -> None:
    """Run a job: user errors end in messages and their exit code, bugs keep their traceback.

    A killed spark-submit does not signal its Python driver, so the driver watches its parent and
    goes when it has gone.
    """
    hear_signals()
    args = parser.parse_args()
    _leave_with_parent()

    def code() -> int:
        try:
            main(args)
        except LdnSparkError as error:
            messages = [str(problem) for problem in error.problems]
            log_error(args.log_format, error.exit_code, type(error).__name__, messages)
            return error.exit_code
        except KeyboardInterrupt:
            log_error(args.log_format, interrupted_code(), "Interrupted", [STOPPED])
            return interrupted_code()
        return 0

    leave(code)


def _leave_with_parent() -> None:
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        sys.stderr.write("spark-submit is gone; the driver stops\n")
        os._exit(143)

    threading.Thread(target=watch, daemon=True).start()


__all__ = ["job_parser", "named_files", "open_reporter", "open_run", "run_job", "stage_parser"]
