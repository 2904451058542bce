"""`ldn export`: the tables of a finished run as a file of Excel, Word, LaTeX, Stata or SPSS."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import typer

from ldn_spark.cli.options import ExportFile, ExportFormat, FinishedRun, WordTemplate


def export(run: FinishedRun, form: ExportFormat, out: ExportFile, template: WordTemplate) -> None:
    """Write the tables of a run as `xlsx`, `docx` or `latex`, its estimates as `stata` or `spss`.

    Reads the run's own files alone, each held against its checksum; no lake is read and no engine
    started. The same run gives the same bytes. The file is restricted, as the run is, and says so.
    """
    from ldn_spark.cli.finished import open_finished
    from ldn_spark.engine.rights import keep_from_others, may_be_read_by_group
    from ldn_spark.invented import SENTENCE
    from ldn_spark.places.stores import prepare_stores, require_stores
    from ldn_spark.reporting.office.kinds import KINDS
    from ldn_spark.reporting.office.run_tables import Export
    from ldn_spark.texts.restricted import RESTRICTED

    kind = KINDS[form]
    named = [place for place in (out, template) if place is not None]
    prepare_stores([run, *named])
    require_stores(named)
    _require_usable(form, out, template)
    found, results = open_finished(run)
    made = found.manifest
    target = out or found.folder / f"{found.study.id}{kind.ending}"
    _require_absent(target)
    write = kind.write
    if template is not None:
        write = partial(write, template=_read(template), name=str(template))
    content = write(Export(found.study, results, made.study.hash, made.software.ldn_spark))
    keep_from_others(share_group=may_be_read_by_group(found.folder))
    _put(target, content)
    typer.echo(RESTRICTED, err=True)
    if results.invented:
        typer.echo(SENTENCE, err=True)
    typer.echo(str(target))


def _require_usable(form: str, out: Path | None, template: Path | None) -> None:
    """Say what does not go together, before anything is read."""
    from ldn_spark.errors import Problem, UsageError
    from ldn_spark.reporting.office.kinds import KINDS

    if template is not None and form != "docx":
        what = f"a template is of Word, and the format is {form}"
        raise UsageError(Problem("--template", what, "leave it out, or say --format docx"))
    if out is None:
        return
    others = {one.ending: name for name, one in KINDS.items() if name != form}
    if (other := others.get(out.suffix.lower())) is not None:
        what = f"ends in {out.suffix}, which is the format {other}, and the format is {form}"
        raise UsageError(Problem(f"--out {out}", what, f"end it in {KINDS[form].ending}"))


def _require_absent(target: Path) -> None:
    """Say that a file could not be new, or that what would hold it is no folder."""
    from ldn_spark.errors import OutputExistsError, Problem
    from ldn_spark.places.place import is_url

    mend = "choose another file with --out"
    if target.exists():
        what = "is a folder" if target.is_dir() else "is there already"
        raise OutputExistsError(Problem(str(target), what, mend))
    if not is_url(target):
        near = next(one for one in target.absolute().parents if one.exists())
        if not near.is_dir():
            raise OutputExistsError(Problem(str(near), "is no folder", mend))


def _read(template: Path) -> bytes:
    from ldn_spark.errors import Problem, UsageError

    if not template.is_file():
        what = "is a folder" if template.is_dir() else "no such file"
        raise UsageError(Problem(str(template), what, "name a Word document (.docx)"))
    return template.read_bytes()


def _put(target: Path, content: bytes) -> None:
    """Write the file whole or not at all, and never over another one."""
    from ldn_spark.places.files import put_if_absent

    try:
        put_if_absent(target, content)
    except FileExistsError:
        _require_absent(target)
        raise
    except OSError as error:  # it names a draft that is gone
        error.filename = str(target)
        raise
