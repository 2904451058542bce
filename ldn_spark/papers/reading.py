"""Read the file of published values: one line per printed number, every problem at once."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, ValidationInfo, field_validator

from ldn_spark.catalogue.quantity import Kind
from ldn_spark.errors import Problem, UsageError
from ldn_spark.papers import quantities
from ldn_spark.papers.values import BOUND, DATE, LONGEST, NUMBER, Published, PublishedValue
from ldn_spark.shown import numbered
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.study.inputs import input_file
from ldn_spark.texts.csv_files import CsvRow, Fault, read_rows, refuse, typed_rows
from ldn_spark.texts.documents import conf_folder

COLUMNS = ("place", "table", "stratum", "outcome", "quantity", "published")
_ENDING = "_published"
_MINUS = str.maketrans({"\N{MINUS SIGN}": "-", "\N{EN DASH}": "-"})
_KNOWN = {
    "stratum": quantities.strata,
    "outcome": quantities.outcomes,
    "quantity": quantities.quantities,
}
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
    rows = read_rows(Path(path), among=",", comments=True)
    problems: list[Problem] = []
    values: dict[tuple[str, ...], PublishedValue] = {}
    for line, row in typed_rows(path, rows, _Row, problems, context=study):
        value = PublishedValue(line, *(getattr(row, name) for name in COLUMNS))
        first = values.setdefault((value.place, *value.key), value)
        if first is not value:
            what = f"{value.name} stands in {value.place} on line {first.line} already"
            problems.append(Problem(f"{path} line {line}", what, "keep one of the two lines"))
    if not values and not problems:
        problems.append(Problem(str(path), "holds no values", "write one line per number"))
    refuse(path, problems)
    file = input_file("published values", "", path, is_given=True)
    return Published(tuple(values.values()), file)


class _Row(CsvRow):
    """A printed number; the study is the context, for the names that it knows."""

    place: str
    table: str
    stratum: str
    outcome: str
    quantity: str
    published: Annotated[str, BeforeValidator(lambda text: text.translate(_MINUS))]

    @field_validator("place")
    @classmethod
    def _is_somewhere(cls, text: str) -> str:
        if not text:
            raise Fault("place is empty", "say where it is printed, as in Table 2 or Text")
        return text

    @field_validator("table")
    @classmethod
    def _is_a_table(cls, text: str) -> str:
        if text not in quantities.TABLES:
            raise _unknown("table", text, quantities.TABLES)
        return text

    @field_validator("stratum", "outcome", "quantity")
    @classmethod
    def _is_a_name(cls, text: str, info: ValidationInfo) -> str:
        if (table := info.data.get("table")) is not None:
            kind = info.field_name or ""
            known = _KNOWN[kind](table, info.context)
            if text not in known:
                raise _unknown(kind, text, known)
        return text

    @field_validator("published")
    @classmethod
    def _is_printed_so(cls, text: str, info: ValidationInfo) -> str:
        table, quantity = (info.data.get(name) for name in ("table", "quantity"))
        if table is None or quantity is None:
            return text
        kind = quantities.kind_of(table, quantity)
        if len(text) > LONGEST:
            what = f"the {quantity} has {numbered(len(text), 'character')}"
            raise Fault(what, f"write at most {LONGEST}: {_EXAMPLES[kind]}")
        if not _well_formed(text, kind):
            what = f"'{text}' is no {quantity}" if text else "published is empty"
            raise Fault(what, _EXAMPLES[kind])
        return text


def _unknown(kind: str, name: str, known: Sequence[str]) -> Fault:
    if known == ("",):
        what = f"this table has no outcomes, but '{name}' is given"
        return Fault(what, "leave the outcome empty")
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    mend = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(known)}"
    return Fault(f"there is no {kind} '{name}'" if name else f"{kind} is empty", mend)


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
