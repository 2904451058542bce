"""What the commands print: accounting, plan and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Table

from ldn_spark.cli.consoles import standard_output
from ldn_spark.shown import counted, numbered
from ldn_spark.study.selection import asked_for
from ldn_spark.study.words import listing

if TYPE_CHECKING:
    from rich.console import Console

    from ldn_spark.ingest.ingest import IngestReport
    from ldn_spark.lake.versions import FileRecord, LakeVersion
    from ldn_spark.runs.plan import Plan
    from ldn_spark.study.load import Study


def show_ingest(done: IngestReport) -> None:
    """The account of an ingest: every line of every file."""
    console = standard_output()
    for name in done.known:
        console.print(f"{name}: already in the lake, nothing changed", markup=False)
    if done.files:
        print_accounting(console, done.files)
    for problem in done.examples:
        console.print(f"  rejected: {problem}", markup=False)
    for warning in done.warnings:
        console.print(f"warning: {warning}", markup=False)
    print_noted(console, done.version.noted)
    version = done.version
    if version.replaced and done.files:
        gone = version.files[-1].version
        told = f"Replaced: {version.replaced} (lake version {gone - 1} still has it)."
        console.print(told, markup=False)
    console.print(
        f"The lake is at version {version.number}: {numbered(version.persons, 'person')}, "
        f"{numbered(version.dispensings, 'dispensing')}, "
        f"{version.first_dispensed_on or 'no date'} to "
        f"{version.last_dispensed_on or 'no date'} ({done.status})."
    )
    show_mark(console, version)
    if done.files:
        console.print("What the data are like: ldn quality --lake LAKE --study STUDY")


def show_mark(console: Console, version: LakeVersion) -> None:
    """Say of a lake of invented data that it is one."""
    from ldn_spark.invented import SENTENCE

    if version.invented:
        console.print(SENTENCE)


def print_noted(console: Console, noted: Mapping[str, int]) -> None:
    """What does not fit together in what is said of persons, by all files together."""
    from ldn_spark.delivery.reasons import OF_PERSONS

    for code, number in noted.items():
        told = f"warning: {code}, {numbered(number, 'person')}: {OF_PERSONS[code]}"
        console.print(told, markup=False)


def print_accounting(console: Console, files: Sequence[FileRecord]) -> None:
    """What became of the lines of every file, and of all of them."""
    from ldn_spark.cli.accounting import accounting

    for line in accounting(files, console.width):
        console.print(line, markup=False, soft_wrap=True)


def show_plan(study: Study, version: LakeVersion, plan: Plan) -> None:
    """What a run would read and find."""
    console = standard_output()
    definition = study.definition
    console.print(f"[bold]{escape(definition.title)}[/]  (study {study.hash[:12]})")
    console.print(
        f"Lake version {version.number}: {numbered(version.persons, 'person')}, "
        f"{numbered(version.dispensings, 'dispensing')}, {version.first_dispensed_on} to "
        f"{version.last_dispensed_on}."
    )
    show_mark(console, version)
    console.print(
        f"Years read for the exposure: {plan.exposure_years}; outcomes: {plan.outcome_years}."
    )
    if asked := asked_for(definition):
        console.print(f"Conditions also ask for: {listing(sorted(asked))}.")
    found = plan.found
    console.print(
        f"Exposure {', '.join(definition.exposure.atc)}: {numbered(found.exposure, 'dispensing')} "
        f"in the index period, {counted(found.products)} of them the exposure's products."
    )
    if plan.others:
        console.print(_exposures_found(study, plan))
    console.print(_outcomes_found(plan))
    if found.read_as:
        console.print(_codes_read_as_others(study, plan))
    for warning in plan.warnings:
        console.print(f"warning: {warning}", markup=False)


def _exposures_found(study: Study, plan: Plan) -> Table:
    """What every further exposure finds in the index period."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("other exposure", overflow="fold")
    table.add_column("codes asked for", overflow="fold")
    table.add_column("dispensings", justify="right")
    table.add_column("of its products", justify="right")
    table.add_column("")
    for exposure, found in plan.others.items():
        codes = ", ".join(study.others[exposure].definition.exposure.atc)
        remark = "" if found.products else "finds nothing: its cohort would be empty"
        table.add_row(exposure, codes, counted(found.atc), counted(found.products), remark)
    return table


def _outcomes_found(plan: Plan) -> Table:
    """What every outcome finds; beside each code its dispensings, where there are several."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, justify in (
        ("outcome", "left"),
        ("codes asked for", "left"),
        ("codes found", "right"),
        ("dispensings", "right"),
        ("", "left"),
    ):
        table.add_column(name, justify=justify, overflow="fold")
    for row in plan.found.outcomes:
        found, remark = row.found, ""
        if found.dispensings == 0:
            remark = "finds nothing"
            if not row.may_be_empty:
                remark = "[red]finds nothing: a run would stop[/]"
        several = len(found.by_code) > 1
        codes = [f"{code} {counted(number)}" if several else code for code, number in found.by_code]
        numbers = (counted(found.codes_found), counted(found.dispensings))
        table.add_row(row.id, ", ".join(codes), *numbers, remark)
    return table


def _codes_read_as_others(study: Study, plan: Plan) -> Table:
    """The delivered codes that are read as others in the study's ATC index."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("delivered")
    table.add_column(f"in the ATC index of {study.definition.atc_version}")
    table.add_column("substance", overflow="fold")
    table.add_column("dispensings", justify="right")
    for one in plan.found.read_as:
        table.add_row(one.delivered, one.read_as, one.substance, counted(one.dispensings))
    return table


def show_run(folder: Path, *, everything: bool) -> None:
    """The tables of a finished run."""
    from ldn_spark.cli.finished import open_finished
    from ldn_spark.reporting.captions import NUMBERS
    from ldn_spark.reporting.console import DEFAULT_TABLES, print_tables

    run, results = open_finished(folder)
    which = tuple(NUMBERS) if everything else DEFAULT_TABLES
    for subgroup in ("", *(group.id for group in run.study.subgroups)):
        print_tables(standard_output(), results, run.study, which=which, subgroup=subgroup)
