"""The tables of a quality report, as they stand in its CSVs.

Numbers are plain ASCII in full precision. Persons who are fewer than `FEWEST_SHOWN` stand as `<5`
here already, so nothing that is made of a sheet can show them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ldn_spark.quality.assessment import Assessment, FileAccount, StudyQuality
from ldn_spark.quality.atc import AtcRow
from ldn_spark.quality.hits import Hits
from ldn_spark.quality.masking import is_small, shown, shown_part, shown_union, shown_whole
from ldn_spark.quality.volume import month_name
from ldn_spark.reporting.quality.numbers import ddd, decimal_text, share

QUALITY_HTML = "quality.html"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in the CSV, its header in print, and whether it holds numbers."""

    name: str
    header: str
    number: bool = True


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of texts; its id is the name of its CSV."""

    id: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]

    def only(self, *names: str) -> Sheet:
        """The named columns, in the order named."""
        known = [column.name for column in self.columns]
        at = [known.index(name) for name in names]
        return replace(
            self,
            columns=tuple(self.columns[number] for number in at),
            rows=tuple(tuple(row[number] for number in at) for row in self.rows),
        )

    def where(self, name: str, keep: Callable[[str], bool]) -> Sheet:
        """The rows whose text in a column is to be kept."""
        at = [column.name for column in self.columns].index(name)
        return replace(self, rows=tuple(row for row in self.rows if keep(row[at])))

    def __bool__(self) -> bool:
        return bool(self.rows)


def all_sheets(found: Assessment) -> tuple[Sheet, ...]:
    """Every table of the report, in the order of its parts."""
    sheets = [
        accounting_sheet(found),
        months_sheet(found),
        atc_sheet(found.atc),
        persons_sheet(found),
        coverage_sheet(found.studies, found),
        codes_sheet(found.studies),
    ]
    if found.repeated is not None:
        sheets.append(repeated_sheet(found))
    return tuple(sheets)


_ACCOUNTING = (
    Column("file_id", "Id"),
    Column("file", "File", number=False),
    Column("holds", "Holds", number=False),
    Column("source", "Source", number=False),
    Column("count_of", "Count of", number=False),
    Column("reason", "Reason", number=False),
    Column("lines", "Lines"),
    Column("explanation", "In words", number=False),
)


def accounting_sheet(found: Assessment) -> Sheet:
    """Lines per file, kind and reason: lines = accepted + rejected + left out."""
    rows = (
        (str(file.file_id), file.name, file.kind, file.source, kind, reason, str(lines),
         explain(found, reason))
        for file in found.files
        for kind, reason, lines in _counts(file)
    )  # fmt: skip
    return Sheet("accounting", _ACCOUNTING, tuple(rows))


def _counts(file: FileAccount) -> Iterator[tuple[str, str, int]]:
    yield "lines", "", file.lines
    yield "accepted", "", file.accepted
    yield "rejected", "", file.rejected
    yield from _reasons(file, "rejected")
    yield "repaired", "", file.repaired
    yield from _reasons(file, "repaired")
    yield from _reasons(file, "noted")
    if file.left_out:
        yield "left out", "", file.left_out
    if file.superseded:
        yield "replaced", "", file.superseded


def _reasons(file: FileAccount, wanted: str) -> Iterator[tuple[str, str, int]]:
    for (kind, reason), lines in file.reasons.items():
        if kind == wanted:
            yield kind, reason, lines


def explain(found: Assessment, reason: str) -> str:
    """A reason in words; a code that nobody explained is at least legible."""
    return found.explanations.get(reason, reason.replace("_", " "))


_MONTHS = (
    Column("month", "Month", number=False),
    Column("dispensings", "Dispensings"),
    Column("usual", "Median around it"),
    Column("percent_of_usual", "% of the median"),
    Column("flag", "Remark", number=False),
)


def months_sheet(found: Assessment) -> Sheet:
    """Dispensings month by month."""
    rows = []
    for month in found.months:
        usual = "" if month.usual is None else decimal_text(month.usual, 1)
        percent = "" if not month.usual else decimal_text(100 * month.dispensings / month.usual, 1)
        rows.append((month.name, str(month.dispensings), usual, percent, month.flag))
    return Sheet("months", _MONTHS, tuple(rows))


_ATC = (
    Column("atc", "Code", number=False),
    Column("level", "Level"),
    Column("kind", "Kind", number=False),
    Column("codes", "Codes"),
    Column("dispensings", "Dispensings"),
    Column("ddd_missing", "No DDD"),
    Column("missing_percent", "No DDD, %"),
    Column("ddd_zero", "Zero"),
    Column("ddd_negative", "Returns"),
    Column("ddd_huge", "Huge"),
    Column("ddd_mean", "Mean DDD"),
    Column("ddd_smallest", "Smallest"),
    Column("ddd_largest", "Largest"),
    Column("first_month", "First", number=False),
    Column("last_month", "Last", number=False),
    Column("flags", "Remarks", number=False),
)


def atc_sheet(rows: Sequence[AtcRow]) -> Sheet:
    """DDDs per ATC code and group of codes."""
    return Sheet("atc", _ATC, tuple(map(_atc_row, rows)))


def _atc_row(row: AtcRow) -> tuple[str, ...]:
    amounts = row.amounts
    counts = (amounts.ddd_zero, amounts.ddd_negative, amounts.ddd_huge)
    return (
        row.atc,
        str(row.level),
        row.kind,
        str(row.codes),
        str(amounts.dispensings),
        str(amounts.ddd_missing),
        share(amounts.ddd_missing, amounts.dispensings),
        *map(str, counts),
        "" if amounts.mean is None else decimal_text(amounts.mean, 3),
        ddd(amounts.low),
        ddd(amounts.high),
        month_name(amounts.first),
        month_name(amounts.last),
        " ".join(row.flags),
    )


_PERSONS = (
    Column("of", "Of", number=False),
    Column("persons", "Persons"),
    Column("percent", "%"),
    Column("explanation", "In words", number=False),
)


def _where_any(name: str, number: int, words: str) -> list[tuple[str, int, str]]:
    return [(name, number, words)] if number else []


def persons_sheet(found: Assessment) -> Sheet:
    """Persons, and what is not known of them."""
    people = found.people
    parts = (
        ("all", people.persons, "persons in the register"),
        ("sex_contradictory", people.sex_conflicts, "both sexes were delivered; kept as unknown"),
        ("sex_missing", people.sex_missing, "no sex was delivered"),
        (
            "birth_year_contradictory",
            people.birth_year_conflicts,
            "birth years that exclude each other were delivered; kept as unknown",
        ),
        *_where_any(
            "birth_year_impossible",
            people.birth_year_impossible,
            "the birth year is after a dispensing, or more than 115 years before one; kept as "
            "unknown",
        ),
        ("birth_year_missing", people.birth_year_missing, "no birth year was delivered"),
        ("died", people.died, "a day of death was delivered"),
        *_where_any(
            "dispensed_after_death",
            people.dispensed_after_death,
            "a dispensing is after the day of death",
        ),
    )
    return Sheet(
        "persons",
        _PERSONS,
        tuple(
            (name, shown(number), "" if is_small(number) else share(number, people.persons), words)
            for name, number, words in parts
        ),
    )


_COVERAGE = (
    Column("study", "Study", number=False),
    Column("first_day", "From day"),
    Column("last_day", "To day"),
    Column("extract_first", "Extract from", number=False),
    Column("extract_last", "to", number=False),
    Column("first_index_date", "First index date", number=False),
    Column("last_index_date", "Last index date", number=False),
    Column("persons", "Persons"),
    Column("short_before", "Begins too late"),
    Column("short_after", "Ends too early"),
    Column("over_a_gap", "Month missing"),
    Column("uncovered", "Not covered"),
    Column("observed", "Observed throughout"),
    Column("not_observed", "Not observed throughout"),
)


def coverage_sheet(studies: Sequence[StudyQuality], found: Assessment) -> Sheet:
    """Whether the extract covers the days around every index date, per study."""
    return Sheet("coverage", _COVERAGE, tuple(_coverage_row(study, found) for study in studies))


def _coverage_row(study: StudyQuality, found: Assessment) -> tuple[str, ...]:
    covered, extract = study.coverage, found.extract
    parts = (covered.short_before, covered.short_after, covered.over_a_gap)
    seen, unseen = "", ""
    if covered.observed is not None:
        seen = shown_part(covered.observed, covered.persons)
        unseen = shown_part(covered.persons - covered.observed, covered.persons)
    of_somebody = not is_small(covered.persons)
    dates = (covered.first_index, covered.last_index)
    return (
        study.id,
        *map(str, covered.days),
        *((extract.first.isoformat(), extract.last.isoformat()) if extract else ("", "")),
        *(day.isoformat() if day and of_somebody else "" for day in dates),
        shown(covered.persons),
        *(shown_part(part, covered.persons) for part in parts),
        shown_union(covered.uncovered, parts, covered.persons),
        seen,
        unseen,
    )


_CODES = (
    Column("study", "Study", number=False),
    Column("part", "Asked for by", number=False),
    Column("id", "Id", number=False),
    Column("code", "Code", number=False),
    Column("first_year", "From", number=False),
    Column("last_year", "To", number=False),
    Column("dispensings", "Dispensings"),
    Column("remark", "Remark", number=False),
)
NOTHING_FOUND, NOT_LISTED = "finds nothing", "not in the codelist"


def codes_sheet(studies: Sequence[StudyQuality]) -> Sheet:
    """What every code of every study finds."""
    rows = tuple(_code_row(study.id, hits, study.hits) for study in studies for hits in study.hits)
    return Sheet("codes", _CODES, rows)


def _code_row(study: str, hits: Hits, others: Sequence[Hits]) -> tuple[str, ...]:
    parts = [one.dispensings for one in others if _is_part(one, hits)]
    number = shown_whole(hits.dispensings, parts)
    remark = NOTHING_FOUND if hits.is_empty else "" if hits.asked else NOT_LISTED
    return study, hits.part, hits.id, hits.code, *map(str, hits.years), number, remark


def _is_part(one: Hits, whole: Hits) -> bool:
    """Whether a number is a part of another one: a code of its outcome, a product of its code."""
    if whole.part == "exposure":
        return one.part == "product"
    return not whole.code and bool(one.code) and (one.part, one.id) == (whole.part, whole.id)


_REPEATED = (
    Column("year", "Year", number=False),
    Column("dispensings", "Dispensings"),
    Column("repeats", "Repeats"),
    Column("repeats_percent", "%"),
    Column("across_files", "In more than one file"),
)


def repeated_sheet(found: Assessment) -> Sheet:
    """Dispensings that are like another one."""
    rows = (
        (str(row.year), str(row.dispensings), str(row.repeats),
         share(row.repeats, row.dispensings, 3), str(row.across_files))
        for row in found.repeated or ()
    )  # fmt: skip
    return Sheet("repeated_lines", _REPEATED, tuple(rows))
