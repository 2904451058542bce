"""The table of options: each stands here once, with its name, type, default, help and validation.

An option is a type. A command names the options that it takes in its signature, and so do the jobs
of spark-submit, which are commands too: what is called alike means the same everywhere.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import typer

from ldn_spark.cli.completions import source_names, study_names, threshold_names
from ldn_spark.cli.logs import log_format
from ldn_spark.cli.run_names import run_id
from ldn_spark.places.place import as_folder, as_place


@dataclass(frozen=True, slots=True)
class Default:
    """What an option is where it is not given; an option without one must be given."""

    value: Any


def add_command(
    commands: typer.Typer, function: Callable[..., Any], name: str | None = None
) -> None:
    """Make a command of a function whose parameters are options of this table.

    Args:
        commands: where it is added.
        function: is called with every option by name; its docstring is the help.
        name: what the command is called; None for the function's name.
    """
    signature = inspect.signature(function, eval_str=True)
    parameters = [_with_default(one) for one in signature.parameters.values()]
    function.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    commands.command(name=name)(function)


def _with_default(parameter: inspect.Parameter) -> inspect.Parameter:
    """The parameter as Typer wants it: by keyword, with the default that the table declares."""
    declared = [one for one in get_args(parameter.annotation) if isinstance(one, Default)]
    default = declared[0].value if declared else parameter.empty
    return parameter.replace(kind=parameter.KEYWORD_ONLY, default=default)


# of most commands

Engine = Annotated[
    str | None,
    Default(None),
    typer.Option("--engine", help="`sail` (embedded, no Java) or `spark`; Sail where installed."),
]
LogFormat = Annotated[
    str,
    Default("auto"),
    typer.Option(
        "--log-format",
        is_eager=True,  # what else is wrong is said in this format
        callback=log_format,
        help="`auto` (a bar in a terminal, else lines), `text` or `json`.",
    ),
]
LakeFolder = Annotated[
    Path,
    typer.Option(
        "--lake",
        envvar="LDN_LAKE",
        parser=as_folder,
        metavar="PLACE",
        help="The lake: a folder or a URL.",
    ),
]
LakeArgument = Annotated[
    Path,
    typer.Argument(
        metavar="LAKE",
        envvar="LDN_LAKE",
        parser=as_folder,
        help="The lake that is looked at: a folder or a URL.",
    ),
]
ShareGroup = Annotated[
    bool,
    Default(False),
    typer.Option(
        "--share-group",
        help="Let your group read what is written (0750, 0640); else you alone can (0700, 0600).",
    ),
]

# of a study

StudyName = Annotated[
    str,
    typer.Argument(help="A name in conf/studies, or a YAML file.", autocompletion=study_names),
]
StudyNames = Annotated[
    list[str],
    typer.Argument(
        help="Names in conf/studies, YAML files, or folders of them.",
        autocompletion=study_names,
    ),
]
AsOf = Annotated[
    int | None, Default(None), typer.Option("--as-of", help="An earlier version of the lake.")
]
Codelists = Annotated[
    list[str] | None,
    Default(None),
    typer.Option(
        "--codelist",
        metavar="NAME=FILE",
        help="Replace a codelist of the study for this run; may be repeated.",
    ),
]
AtcVersions = Annotated[
    list[str] | None,
    Default(None),
    typer.Option(
        "--atc-version",
        metavar="YEAR",
        help="The ATC index of the delivered codes, where the files do not declare it: a year, "
        "`at_dispensing`, or FILE=YEAR; may be repeated.",
    ),
]
ResultsFolder = Annotated[
    Path,
    typer.Option(
        "--out", parser=as_folder, metavar="PLACE", help="Results go to `OUT/<study>/<run>`."
    ),
]
Published = Annotated[
    str | None,
    Default(None),
    typer.Option(
        "--published",
        metavar="FILE",
        help="Hold these published values against the computed ones: a CSV, or the name of a study "
        "that comes with some.",
    ),
]
RunId = Annotated[
    str,
    typer.Option(
        "--run-id",
        callback=run_id,
        help="Names the run: its tables in the lake, and its folder of results.",
    ),
]
NewRunId = Annotated[
    str | None,
    Default(None),
    typer.Option(
        "--run-id",
        callback=run_id,
        help="Names the run: letters, digits, `.`, `_`, `-`; when not given, the time and its key.",
    ),
]
Again = Annotated[
    bool,
    Default(False),
    typer.Option("--again", help="Run also what is there already, with the same data and all."),
]
StudyNamesOfRun = Annotated[
    list[str] | None,
    Default(None),
    typer.Argument(
        metavar="[STUDIES]...",
        help="As the run was begun with, and those when not given.",
        autocompletion=study_names,
    ),
]
RunOrMoments = Annotated[
    Path,
    typer.Argument(
        metavar="RUN",
        parser=as_place,
        help="A finished run, as for `ldn show`, or a `moments.json` alone.",
    ),
]
IntoFolder = Annotated[
    Path,
    typer.Option("--into", metavar="FOLDER", help="A new folder for the files."),
]
FinishedRun = Annotated[
    Path,
    typer.Argument(
        metavar="RUN",
        parser=as_place,
        help="A finished run: its folder, or OUT, OUT/STUDY or OUT/STUDY/latest for the newest "
        "one.",
    ),
]
OtherRun = Annotated[
    Path,
    typer.Argument(metavar="RUN", parser=as_place, help="A later run, named in the same way."),
]
AllTables = Annotated[
    bool,
    Default(False),
    typer.Option("--all", help="Also Table 5, trends, balance and all contrasts."),
]

# of an export

ExportFormat = Annotated[
    Literal["xlsx", "docx", "latex", "stata", "spss"],
    typer.Option("--format", help="Which program the file is for."),
]
ExportFile = Annotated[
    Path | None,
    Default(None),
    typer.Option(
        "--out",
        parser=as_place,
        metavar="FILE",
        help="A new file; `<study>` with the format's ending in the run's folder when not given.",
    ),
]
WordTemplate = Annotated[
    Path | None,
    Default(None),
    typer.Option(
        "--template",
        parser=as_place,
        metavar="FILE",
        help="With docx: a Word document whose styles, page and headers are taken over.",
    ),
]

# of drift

PreviousRun = Annotated[
    Path | None,
    Default(None),
    typer.Argument(
        metavar="[PREVIOUS]",
        parser=as_place,
        help="The earlier run; the last of its study that ended before RUN when not given.",
    ),
]
ThresholdsFile = Annotated[
    str | None,
    Default(None),
    typer.Option(
        "--thresholds",
        metavar="FILE",
        help="How far numbers may move: a name in conf/thresholds, or a YAML file.",
        autocompletion=threshold_names,
    ),
]
DriftOfRun = Annotated[
    str | None,
    Default(None),
    typer.Option(
        "--drift",
        metavar="FILE",
        help="Hold what is made against the run before it, by these thresholds (a name in "
        "conf/thresholds, or a YAML file), and write drift.html beside the runs.",
        autocompletion=threshold_names,
    ),
]
DriftLedger = Annotated[
    Path | None,
    Default(None),
    typer.Option(
        "--ledger",
        parser=as_folder,
        metavar="LAKE",
        help="Also take runs that the ledger of this lake names, wherever they lie.",
    ),
]
DriftPage = Annotated[
    Path | None,
    Default(None),
    typer.Option(
        "--page",
        parser=as_place,
        metavar="FILE",
        help="Also write a page over all runs of the study there.",
    ),
]
DriftFormat = Annotated[
    Literal["text", "json", "csv"],
    Default("text"),
    typer.Option("--format", help="How what moved is printed."),
]

# of the ledger

OnlyStudy = Annotated[
    str | None, Default(None), typer.Option("--study", metavar="ID", help="Only this study.")
]
OnlyStale = Annotated[
    bool,
    Default(False),
    typer.Option("--stale", help="Studies that were not run on the latest version of the lake."),
]
AsJson = Annotated[bool, Default(False), typer.Option("--json", help="Print it as JSON.")]
Apply = Annotated[
    bool,
    Default(False),
    typer.Option("--apply", help="Do it; without this option it is only said what would be done."),
]
PseudonymsFile = Annotated[
    Path | None,
    Default(None),
    typer.Option(
        "--pseudonyms",
        parser=as_place,
        metavar="FILE",
        help="The persons to erase: a pseudonym a line, or a CSV file with a header.",
    ),
]
PseudonymsColumn = Annotated[
    str | None,
    Default(None),
    typer.Option("--column", help="The column of the pseudonyms, where it is not told by name."),
]
WholeLake = Annotated[
    bool, Default(False), typer.Option("--all", help="Erase the whole lake, with proof.")
]
SignWith = Annotated[
    Path | None,
    Default(None),
    typer.Option(
        "--sign-with",
        parser=as_place,
        metavar="KEY",
        help="A file whose bytes sign the record (HMAC-SHA256); keep it outside the lake.",
    ),
]
Forget = Annotated[
    bool,
    Default(False),
    typer.Option(
        "--forget",
        help="Keep no list of keyed hashes: a later delivery may bring the persons back.",
    ),
]
ErasureRecord = Annotated[
    Path | None,
    Default(None),
    typer.Option(
        "--record",
        parser=as_place,
        metavar="FILE",
        help="With --all: where the record is kept; else LAKE.erased.json beside the lake.",
    ),
]
CheckRecord = Annotated[
    Path | None,
    Default(None),
    typer.Option(
        "--check",
        parser=as_place,
        metavar="RECORD",
        help="Only see whether a record is as it was written, and signed with the key.",
    ),
]
KeepVersions = Annotated[
    int | None,
    Default(None),
    typer.Option("--keep-versions", min=1, metavar="N", help="Keep the newest N; else all."),
]
KeepRuns = Annotated[
    int | None,
    Default(None),
    typer.Option(
        "--keep-runs",
        min=0,
        metavar="N",
        help="Keep the tables of the newest N published runs of every study; else of all.",
    ),
]
AbandonedAfter = Annotated[
    float,
    Default(7.0),
    typer.Option(
        "--abandoned-after",
        min=0.0,
        metavar="DAYS",
        help="Days after which an unfinished run on which nobody works is abandoned.",
    ),
]
AsCsv = Annotated[bool, Default(False), typer.Option("--csv", help="Print it as CSV.")]

# of a delivery

Delivery = Annotated[list[str], typer.Argument(help="Files, folders or globs.")]
DeliveredFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", parser=as_place, help="A delivered file of any kind, packed or not."
    ),
]
SourceName = Annotated[
    str,
    Default("norpd"),
    typer.Option(
        "--source",
        help="The layout: a name in conf/sources, or a YAML file.",
        autocompletion=source_names,
    ),
]
MaxRejectedShare = Annotated[
    float | None,
    Default(None),
    typer.Option(
        "--max-rejected-share",
        min=0,
        max=1,
        help="Refuse a delivery with more rejected lines; 0.5.",
    ),
]
Lookups = Annotated[
    list[str] | None,
    Default(None),
    typer.Option(
        "--lookup",
        metavar="NAME=FILE",
        help="The file of a lookup of the source; may be repeated.",
    ),
]
Replaces = Annotated[
    list[str] | None,
    Default(None),
    typer.Option(
        "--replaces",
        metavar="WHAT",
        help="What a corrected delivery replaces: days FIRST..LAST, `line_key`, `nothing`, or "
        "the name of a file taken in before; may be repeated.",
    ),
]
WouldReplace = Annotated[
    list[str] | None,
    Default(None),
    typer.Option(
        "--replaces", help="With --lake: what the delivery would replace, as `ldn ingest` has."
    ),
]
LakeToCheck = Annotated[
    Path | None,
    Default(None),
    typer.Option(
        "--lake",
        envvar="LDN_LAKE",
        parser=as_folder,
        metavar="PLACE",
        help="Also say which files are in this lake already.",
    ),
]
Memory = Annotated[
    float,
    Default(4.0),
    typer.Option("--memory", min=0.25, help="GiB that the work may take, whatever the delivery."),
]

# of an invented registry

InventedFolder = Annotated[
    Path,
    typer.Argument(help="The folder to write the delivery to.", parser=as_folder, metavar="PLACE"),
]
People = Annotated[
    int,
    Default(200_000),
    typer.Option("--people", help="How many people; nationwide is 5300000."),
]
Seed = Annotated[
    int, Default(1), typer.Option("--seed", help="The same seed gives the same bytes.")
]
FirstYear = Annotated[
    int,
    Default(2012),
    typer.Option("--first-year", help="Sister studies look back to 2009."),
]
LastYear = Annotated[
    int, Default(2014), typer.Option("--last-year", help="Two years after need 2015.")
]
Starters = Annotated[
    int | None,
    Default(None),
    typer.Option(
        "--starters",
        help="How many start LDN in 2013; as many per head as in Norway when not given.",
    ),
]
NullEffect = Annotated[
    bool, Default(False), typer.Option("--null-effect", help="Plant no effect at all.")
]
PublishedToPrint = Annotated[
    str | None,
    Default(None),
    typer.Option(
        "--published",
        metavar="FILE",
        help="Build the cohort so that the study prints these published values: a CSV, or the "
        "name of a study that comes with some.",
    ),
]
StudyToPrint = Annotated[
    str | None,
    Default(None),
    typer.Option("--study", help="With --published: the study; FILE names it when not given."),
]

# of an audit, a quality report, a vocabulary and a schema

PublishedName = Annotated[
    str,
    typer.Argument(
        metavar="NAME|FILE",
        help="The published values: a CSV, or the name of a study that comes with some.",
    ),
]
AuditedStudy = Annotated[
    str | None,
    Default(None),
    typer.Option(
        "--study",
        help="A name in conf/studies, or a YAML file; NAME or the file's when not given.",
    ),
]
AuditFolder = Annotated[
    Path | None,
    Default(None),
    typer.Option("--out", help="Also write audit.csv and audit.html there."),
]
Studies = Annotated[
    list[str] | None,
    Default(None),
    typer.Option(
        "--study",
        help="Hold its windows and codes against the data: a name in conf/studies, or a YAML "
        "file; may be repeated.",
        autocompletion=study_names,
    ),
]
QualityFolder = Annotated[
    Path | None,
    Default(None),
    typer.Option(
        "--out",
        parser=as_folder,
        metavar="PLACE",
        help="The folder to write; LAKE/quality/VERSION when not given.",
    ),
]
RepeatedLines = Annotated[
    bool,
    Default(False),
    typer.Option(
        "--repeated-lines", help="Also count dispensings that are alike; reads all of them."
    ),
]
VocabularyFolder = Annotated[
    Path,
    typer.Argument(metavar="VOCABULARY_FOLDER", help="Holds CONCEPT.csv and CONCEPT_ANCESTOR.csv."),
]
LookupToWrite = Annotated[Path, typer.Option("--out", metavar="FILE", help="The lookup to write.")]
Ddds = Annotated[
    Path | None,
    Default(None),
    typer.Option(
        "--ddd",
        metavar="FILE",
        help="concept_id,ddd_per_unit: DDDs in one unit of quantity; unknown when not given.",
    ),
]
Choices = Annotated[
    Path | None,
    Default(None),
    typer.Option(
        "--choices",
        metavar="FILE",
        help="concept_id,atc: the code you mean where several are equally near.",
    ),
]
SchemaKind = Annotated[
    str,
    Default("study"),
    typer.Argument(help="`study`, `source`, `thresholds` or `policy`."),
]
SchemaPath = Annotated[
    bool,
    Default(False),
    typer.Option("--path", help="Print the absolute path of the schema's file instead."),
]
FileWithSchema = Annotated[
    Path | None,
    Default(None),
    typer.Option(
        "--into",
        metavar="FILE",
        help="Name the schema in the first line of this YAML file, by its absolute address, "
        "so that an editor finds it; for a copied file.",
    ),
]
