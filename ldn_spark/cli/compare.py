"""`ldn compare` and `ldn audit`: a published study against a run, and against itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ldn_spark.cli.finished import open_finished
from ldn_spark.cli.options import (
    AuditedStudy,
    AuditFolder,
    FinishedRun,
    Published,
    PublishedName,
)

if TYPE_CHECKING:
    from markupsafe import Markup


def compare(
    folder: FinishedRun,
    published: Published,
) -> None:
    """Hold every published value against the one a run computed, rounded as it is printed.

    Writes compare.csv and compare.html into the folder of the run, unless the run wrote the first
    itself. Without `--published` the values are those that come with the study. A difference is no
    failure: the exit code is 0.
    """
    from ldn_spark.cli.consoles import standard_output
    from ldn_spark.engine.rights import keep_from_others, may_be_read_by_group
    from ldn_spark.invented import SENTENCE
    from ldn_spark.papers.compare.comparison import compare as compare_with
    from ldn_spark.papers.compare.console import print_comparison
    from ldn_spark.papers.compare.files import COMPARE_CSV, COMPARE_HTML, compare_csv, compare_html
    from ldn_spark.papers.reading import find_published, read_published

    run, results = open_finished(folder)
    keep_from_others(share_group=may_be_read_by_group(run.folder))
    values = read_published(find_published(published or run.study.id), run.study)
    found = compare_with(values, results, run.study)
    title = f"Published and computed: {run.study.reference}"
    if any(one.path == COMPARE_CSV for one in run.manifest.outputs):
        typer.echo(f"the run's own {COMPARE_CSV} is kept, with its checksum", err=True)
    else:
        _write(run.folder / COMPARE_CSV, compare_csv(found))
        section = compare_html(found, title, invented=results.invented)
        links = {"← Report of the run": "report.html", "As CSV": COMPARE_CSV}
        page = _page(section, run.study.title, title, links, restricted=True)
        _write(run.folder / COMPARE_HTML, page)
    print_comparison(standard_output(), found)
    if results.invented:
        typer.echo(SENTENCE)


def audit(
    published: PublishedName,
    study: AuditedStudy,
    out: AuditFolder,
) -> None:
    """Look for contradictions within a published table; needs no patient data and no run.

    The exit code is 0 whatever is found.
    """
    from ldn_spark.cli.consoles import standard_output
    from ldn_spark.papers.audit.auditing import audit as look_for_contradictions
    from ldn_spark.papers.compare.console import print_audit
    from ldn_spark.papers.compare.files import AUDIT_CSV, AUDIT_HTML, audit_csv, audit_html
    from ldn_spark.papers.reading import find_published, read_published
    from ldn_spark.study.definition import StudyDefinition
    from ldn_spark.texts.documents import find_document, read_document

    file = find_published(published)
    name = study or study_named_by(file)
    definition = read_document(find_document(name, "studies"), StudyDefinition)
    findings = look_for_contradictions(read_published(file, definition), definition)
    if out is not None:
        title = f"Audit: {definition.reference}"
        out.mkdir(parents=True, exist_ok=True)
        _write(out / AUDIT_CSV, audit_csv(findings))
        links = {"As CSV": AUDIT_CSV}
        _write(out / AUDIT_HTML, _page(audit_html(findings, title), definition.title, title, links))
    print_audit(standard_output(), findings)


def study_named_by(published: Path) -> str:
    """The study that a file of published values is named after: `STUDY_published.csv`.

    Raises:
        UsageError: no study has that name.
    """
    from ldn_spark.errors import ConfigError, Problem, UsageError
    from ldn_spark.texts.documents import find_document

    name = published.stem.removesuffix("_published")
    try:
        find_document(name, "studies")
    except ConfigError:
        what = "the file's name does not say which study it belongs to"
        raise UsageError(Problem(str(published), what, "say it with --study NAME")) from None
    return name


def _page(
    section: Markup, heading: str, title: str, links: dict[str, str], *, restricted: bool = False
) -> str:
    from ldn_spark.papers.compare.files import page
    from ldn_spark.texts.pages import style
    from ldn_spark.texts.restricted import marked_page

    made = page(
        section,
        heading=heading,
        title=title,
        style=style("reporting/report.css"),
        links=links,
        restricted=restricted,
    )
    return marked_page(made) if restricted else made


def _write(path: Path, text: str) -> None:
    from ldn_spark.places.files import put

    put(path, text.encode())
