"""Read the file of published values: one line per printed number, every problem at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from ldn_spark.csv_files import read_rows
from ldn_spark.errors import ConfigError, Problem, UsageError
from ldn_spark.published import quantities
from ldn_spark.published.quantities import Kind
from ldn_spark.published.values import BOUND, DATE, LONGEST, NUMBER, Published, PublishedValue
from ldn_spark.shown import counted
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.study.documents import conf_folder
from ldn_spark.study.inputs import input_file

COLUMNS = ("place", "table", "stratum", "outcome", "quantity", "published")
_ENDING = "_published"
_MINUS = str.maketrans({"\N{MINUS SIGN}": "-", "\N{EN DASH}": "-"})
_EXAMPLES = {
    Kind.COUNT: "write digits alone, as in 1143",
    Kind.SHARE: "write per cent without a sign, as in 5.3 or -21",
    Kind.NUMBER: "write a number with a decimal point, as in -3.3",
    Kind.P: "write 0.004, <0.001 or >0.05",
    Kind.DATE: "write year-month-day, as in 2012-01-01",
}


def find_published(name_or_path: str) -> Path:
    """A file of published values: by path, or `STUDY_published.csv` in conf/studies by either name.

    Raises:
        UsageError: there is none; the message names the studies that have some.
    """
    path = Path(name_or_path)
    if path.is_file():
        return path
    folder = conf_folder() / "studies"
    name = path.name.removesuffix(".csv").removesuffix(_ENDING)
    if (folder / f"{name}{_ENDING}.csv").is_file() and path.name == name_or_path:
        return folder / f"{name}{_ENDING}.csv"
    if path.suffix == ".csv" or path.name != name_or_path:
        raise UsageError(Problem(name_or_path, "no such file", "check the path"))
    known = sorted(file.stem.removesuffix(_ENDING) for file in folder.glob(f"*{_ENDING}.csv"))
    mend = f"give a file of them; studies that come with some: {', '.join(known) or 'none'}"
    raise UsageError(Problem(f"study {name}", "no published values come with it", mend))


def read_published(path: Path, study: StudyDefinition) -> Published:
    """Read what a paper prints.

    A UTF-8 CSV with the columns place, table, stratum, outcome, quantity, published (more may
    follow): where it is printed, the name of the estimate as in `docs/estimates.md`, and the
    number exactly as printed, per cent without a sign, p as `0.004`, `<0.001` or `>0.05`. Lines
    that are empty or begin with # are passed over.

    Raises:
        ConfigError: the file is missing or empty, a name is unknown, a number is malformed, or a
            value stands twice in the same place; all problems at once, each with its line.
    """
    rows = list(_rows(path))
    problems: list[Problem] = []
    values: dict[tuple[str, ...], PublishedValue] = {}
    for line, fields in rows:
        where = f"{path} line {line}"
        faults = list(_faults(where, fields, study))
        problems += faults
        if not faults:
            value = PublishedValue(line, *fields)
            first = values.setdefault((value.place, *value.key), value)
            if first is not value:
                what = f"{value.name} stands in {value.place} on line {first.line} already"
                problems.append(Problem(where, what, "keep one of the two lines"))
    if problems:
        raise ConfigError(problems)
    file = input_file("published values", "", path, is_given=True)
    return Published(tuple(values.values()), file)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line number and the six fields of every line."""
    lines = read_rows(Path(path), among=",", comments=True)
    if not lines or lines[0].fields[: len(COLUMNS)] != COLUMNS:
        line = lines[0].line if lines else 1
        mend = f"begin with the header {','.join(COLUMNS)}"
        raise ConfigError(Problem(f"{path} line {line}", "is not a file of published values", mend))
    if len(lines) == 1:
        raise ConfigError(Problem(str(path), "holds no values", "write one line per number"))
    for row in lines[1:]:
        fields = (*row.fields, *[""] * len(COLUMNS))[: len(COLUMNS)]
        yield row.line, [*fields[:-1], fields[-1].translate(_MINUS)]


def _faults(where: str, fields: Sequence[str], study: StudyDefinition) -> Iterator[Problem]:
    """What is wrong with one line."""
    place, table, stratum, outcome, quantity, text = fields
    if not place:
        yield Problem(where, "place is empty", "say where it is printed, as in Table 2 or Text")
    if table not in quantities.TABLES:
        yield _unknown(where, "table", table, quantities.TABLES)
        return
    for kind, name, known in (
        ("stratum", stratum, quantities.strata(table, study)),
        ("outcome", outcome, quantities.outcomes(table, study)),
        ("quantity", quantity, quantities.quantities(table, study)),
    ):
        if name not in known:
            yield _unknown(where, kind, name, known)
    if quantity in quantities.quantities(table, study):
        kind = quantities.kind_of(table, quantity)
        if len(text) > LONGEST:
            what = f"the {quantity} has {counted(len(text))} characters"
            yield Problem(where, what, f"write at most {LONGEST}: {_EXAMPLES[kind]}")
        elif not _well_formed(text, kind):
            what = f"'{text}' is no {quantity}" if text else "published is empty"
            yield Problem(where, what, _EXAMPLES[kind])


def _unknown(where: str, kind: str, name: str, known: Sequence[str]) -> Problem:
    if known == ("",):
        what = f"this table has no outcomes, but '{name}' is given"
        return Problem(where, what, "leave the outcome empty")
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    mend = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(known)}"
    return Problem(where, f"there is no {kind} '{name}'" if name else f"{kind} is empty", mend)


def _well_formed(text: str, kind: Kind) -> bool:
    if kind is Kind.DATE:
        return bool(DATE.fullmatch(text)) and _is_date(text)
    if kind is Kind.COUNT:
        return text.isascii() and text.isdigit()
    if kind is Kind.P:
        number = text[1:] if BOUND.fullmatch(text) else text
        return bool(NUMBER.fullmatch(number)) and 0 <= float(number) <= 1
    return bool(NUMBER.fullmatch(text))


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
