"""The commands: arguments in, steps called, one clear answer out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ldn_spark import __version__
from ldn_spark.cli.beginning import begin, begin_in_lake
from ldn_spark.cli.check import check
from ldn_spark.cli.compare import audit, compare, study_named_by
from ldn_spark.cli.completions import source_names
from ldn_spark.cli.concepts import concepts
from ldn_spark.cli.finished import RUN_HELP, tell_of_run
from ldn_spark.cli.inspect import inspect
from ldn_spark.cli.interrupts import INTERRUPTED, STOPPED, interrupted_code
from ldn_spark.cli.named_files import named_files
from ldn_spark.cli.options import (
    AsOf,
    AtcVersions,
    Codelists,
    Engine,
    LakeFolder,
    LogFormat,
    Published,
    ResultsFolder,
    ShareGroup,
    StudyName,
)
from ldn_spark.cli.paths import text_path
from ldn_spark.cli.quality import quality
from ldn_spark.cli.reporters import log_error, open_reporter
from ldn_spark.cli.schema import schema
from ldn_spark.errors import LdnSparkError, Problem

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
results · 10 delivery turned away · 11 nothing to work on · 12 data contradict the study ·
20 another process was faster · 21 output exists · 30 out of memory, disk or rights · 40 engine
failed · 130 Ctrl-C · 141 the reader of standard output is gone · 143 SIGTERM.""",
)

NO_THREAD = "can't start new thread"
"""What Python says where the machine has no memory, or no number, for another thread."""


def run(arguments: list[str] | None = None, commands: typer.Typer = app, name: str = "ldn") -> int:
    """Run a command line; the exit code. User errors become messages, bugs keep tracebacks."""
    arguments = sys.argv[1:] if arguments is None else arguments
    log_format = "json" if _asks_for_json(arguments) else "text"
    try:
        result = commands(args=arguments, standalone_mode=False, prog_name=name)
        if result == INTERRUPTED:  # Typer hears Ctrl-C itself
            raise KeyboardInterrupt
        return result if isinstance(result, int) else 0
    except LdnSparkError as error:
        messages = [str(problem) for problem in error.problems]
        log_error(log_format, error.exit_code, type(error).__name__, messages)
        return error.exit_code
    except UnicodeEncodeError as error:
        if not any("\ud800" <= letter <= "\udfff" for letter in error.object):
            raise
        what, mend = "is no name in UTF-8, and cannot be handed to the engine", "rename it"
        log_error(log_format, 2, "UsageError", [str(Problem(error.object, what, mend))])
        return 2
    except (OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or "out of memory"
        where = getattr(error, "filename", None) or "this machine"
        log_error(log_format, 30, "ResourceError", [str(Problem(str(where), reason))])
        return 30
    except (Exception, KeyboardInterrupt) as error:
        # Typer carries its own copy of click's exceptions, so they are told by what they can do
        if hasattr(error, "show") and hasattr(error, "exit_code"):
            error.show()
            return error.exit_code
        if isinstance(error, KeyboardInterrupt) or type(error).__name__ == "Abort":
            log_error(log_format, interrupted_code(), "Interrupted", [STOPPED])
            return interrupted_code()
        if str(error) == NO_THREAD:
            what, mend = "has no memory or no number for another thread", "see ulimit -v and -u"
            log_error(log_format, 30, "ResourceError", [str(Problem("this machine", what, mend))])
            return 30
        raise


def _asks_for_json(arguments: list[str]) -> bool:
    joined = " ".join(arguments)
    return "--log-format json" in joined or "--log-format=json" in joined


@app.callback(invoke_without_command=True)
def _global(
    version: Annotated[bool, typer.Option("--version", help="Say the version and stop.")] = False,
) -> None:
    if version:
        typer.echo(f"ldn_spark {__version__}")
        raise typer.Exit


@app.command()
def simulate(
    out: Annotated[
        Path, typer.Argument(help="The folder to write the delivery to.", callback=text_path)
    ],
    people: Annotated[int, typer.Option(help="How many people; nationwide is 5300000.")] = 200_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    first_year: Annotated[int, typer.Option(help="Sister studies look back to 2009.")] = 2012,
    last_year: Annotated[int, typer.Option(help="Two years after need 2015.")] = 2014,
    starters: Annotated[
        int | None,
        typer.Option(help="How many start LDN in 2013; 11,247 per 5.3 million when not given."),
    ] = None,
    null_effect: Annotated[
        bool, typer.Option("--null-effect", help="Plant no effect at all.")
    ] = False,
    published: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Build the cohort so that the study prints these published values: a CSV, or the "
            "name of a study that comes with some.",
        ),
    ] = None,
    study: Annotated[
        str | None,
        typer.Option(help="With --published: the study; FILE names it when not given."),
    ] = None,
    share_group: ShareGroup = False,
    engine: Engine = None,
    log_format: LogFormat = "auto",
) -> None:
    """Invent a registry delivery with a planted effect; the truth is written beside it."""
    name = begin(engine, out, share_group=share_group)

    from ldn_spark.io.engines import open_engine
    from ldn_spark.synthetic.registry import simulate as simulate_registry

    if published is not None:
        from ldn_spark.published.reading import find_published

        _simulate_published(find_published(published), study, out, people, seed, name, log_format)
        return
    with open_reporter(log_format) as report, open_engine(name) as spark:
        simulate_registry(
            spark,
            out,
            people=people,
            seed=seed,
            first_year=first_year,
            last_year=last_year,
            starters=starters,
            null_effect=null_effect,
            report=report,
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
    from ldn_spark.io.engines import open_engine
    from ldn_spark.study.load import load_study
    from ldn_spark.synthetic.calibration.delivery import simulate_published

    definition = load_study(study or study_named_by(published)).definition
    with open_reporter(log_format) as report, open_engine(engine) as spark:
        simulate_published(
            spark,
            out,
            published=published,
            study=definition,
            people=people,
            seed=seed,
            report=report,
        )
    typer.echo(str(out))


@app.command()
def ingest(
    delivery: Annotated[list[str], typer.Argument(help="Files, folders or globs.")],
    lake: LakeFolder,
    source: Annotated[
        str,
        typer.Option(
            help="The layout: a name in conf/sources, or a YAML file.",
            autocompletion=source_names,
        ),
    ] = "norpd",
    max_rejected_share: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Refuse a delivery with more rejected lines; 0.5."),
    ] = None,
    lookup: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FILE", help="The file of a lookup of the source; may be repeated."
        ),
    ] = None,
    replaces: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHAT",
            help="What a corrected delivery replaces: days FIRST..LAST, `line_key`, `nothing`, or "
            "the name of a file taken in before; may be repeated.",
        ),
    ] = None,
    memory: Annotated[
        float, typer.Option(min=0.25, help="GiB that the work may take, whatever the delivery.")
    ] = 4.0,
    share_group: ShareGroup = False,
    engine: Engine = None,
    log_format: LogFormat = "auto",
) -> None:
    """Take a delivery into the lake; every line ends as accepted or as rejected with a reason."""
    name = begin_in_lake(engine, lake, *delivery, share_group=share_group)

    from ldn_spark.cli.views import show_ingest
    from ldn_spark.io.engines import opening_engine
    from ldn_spark.io.ingest import MAX_REJECTED_SHARE
    from ldn_spark.io.ingest import ingest as take_in
    from ldn_spark.io.sources import load_source

    layout = load_source(source)
    share = MAX_REJECTED_SHARE if max_rejected_share is None else max_rejected_share
    with open_reporter(log_format) as report, opening_engine(name) as session:
        done = take_in(
            session,
            lake,
            delivery,
            layout,
            max_rejected_share=share,
            lookups=named_files(lookup, "--lookup"),
            replaces=replaces or (),
            memory=int(memory * (1 << 30)),
            report=report,
        )
    show_ingest(done)


@app.command(name="run")
def run_study(
    study: StudyName,
    lake: LakeFolder,
    out: ResultsFolder,
    engine: Engine = None,
    as_of: AsOf = None,
    codelist: Codelists = None,
    atc_version: AtcVersions = None,
    published: Published = None,
    share_group: ShareGroup = False,
    log_format: LogFormat = "auto",
) -> None:
    """Run a study; the last line on standard output is the folder of its results."""
    from ldn_spark.reporting.aside import making_aside

    with making_aside() as aside:  # first of all: it loads while the rest is loaded
        name = begin_in_lake(engine, lake, out, share_group=share_group)

        from ldn_spark.io.engines import open_engine
        from ldn_spark.io.lake import read_version
        from ldn_spark.pipeline import run_study as run_pipeline
        from ldn_spark.published.reading import find_published
        from ldn_spark.study.load import load_study
        from ldn_spark.study.stated_versions import stated_versions

        wanted, stated = load_study(study, named_files(codelist)), stated_versions(atc_version)
        values = None if published is None else find_published(published)
        read_version(lake, as_of)  # say so before an engine is started for nothing
        aside.prepare(wanted.definition)
        with (
            open_reporter(log_format) as report,
            open_engine(name, app_name=f"ldn: {wanted.definition.id}") as spark,
        ):
            folder = run_pipeline(
                spark,
                wanted,
                lake,
                out,
                engine=name,
                as_of=as_of,
                stated=stated,
                published=values,
                aside=aside,
                report=report,
            )
    tell_of_run(folder)


@app.command()
def show(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help=RUN_HELP)],
    everything: Annotated[
        bool, typer.Option("--all", help="Also Table 5, trends, balance and all contrasts.")
    ] = False,
) -> None:
    """Print the tables of a finished run."""
    from ldn_spark.cli.views import show_run

    show_run(folder, everything=everything)


@app.command()
def plan(
    study: StudyName,
    lake: LakeFolder,
    engine: Engine = None,
    as_of: AsOf = None,
    codelist: Codelists = None,
    atc_version: AtcVersions = None,
) -> None:
    """Say what a run would read and what each outcome's codes find; run nothing."""
    name = begin(engine, lake)

    from ldn_spark.cli.views import show_plan
    from ldn_spark.io.engines import open_engine
    from ldn_spark.io.lake import Lake, read_version
    from ldn_spark.plan import plan_study
    from ldn_spark.run import translation_of
    from ldn_spark.study.load import load_study
    from ldn_spark.study.stated_versions import stated_versions

    wanted, stated = load_study(study, named_files(codelist)), stated_versions(atc_version)
    version = read_version(lake, as_of)
    translation = translation_of(wanted, version, stated)
    with open_engine(name) as spark:
        planned = plan_study(Lake(spark, lake), version, wanted, translation)
    show_plan(wanted, version, planned)
    planned.found.require_no_problem()


app.command()(compare)
app.command()(audit)
app.command()(concepts)
app.command()(check)
app.command()(quality)
app.command()(inspect)
app.command()(schema)
