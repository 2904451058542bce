"""What stands out, in sentences: the list a person reads first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ldn_spark.quality.amounts import DDD_RULES, MISSING_SHARE, PRESENCE_RULES, Rule
from ldn_spark.quality.assessment import Assessment, StudyQuality
from ldn_spark.quality.atc import AtcRow
from ldn_spark.quality.masking import shown, shown_union
from ldn_spark.quality.volume import Month
from ldn_spark.reporting.quality.numbers import printed, share
from ldn_spark.shown import counted, numbered

REJECTED_SHARE = 0.05
_MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence, and the part of the report that tells more."""

    text: str
    part: str


def findings(found: Assessment) -> tuple[Finding, ...]:
    """Everything that a person should look at, in the order of the report."""
    return (
        *_files(found),
        *_months(found.months),
        *_amounts(found),
        *_people(found),
        *(finding for study in found.studies for finding in _study(study)),
        *_repeated(found),
    )


def _files(found: Assessment) -> Iterator[Finding]:
    for file in found.files:
        if file.rejected > REJECTED_SHARE * file.lines:
            percent = share(file.rejected, file.lines, 1)
            yield Finding(
                f"{file.name}: {percent} % of the lines are rejected "
                f"({counted(file.rejected)} of {counted(file.lines)}).",
                "files",
            )
        if not file.lines:
            yield Finding(f"{file.name}: holds no line.", "files")


def _months(months: Sequence[Month]) -> Iterator[Finding]:
    for flag, says in (
        ("gap", "No dispensing at all in"),
        ("low", "Fewer than half of the usual dispensings in"),
        ("high", "More than twice the usual dispensings in"),
    ):
        named = [month.name for month in months if month.flag == flag]
        if named:
            yield Finding(f"{says} {_list(named)}.", "months")


def _amounts(found: Assessment) -> Iterator[Finding]:
    whole = found.whole
    if whole is None:
        yield Finding("The lake holds no dispensing.", "months")
        return
    if whole.share(whole.ddd_missing) > MISSING_SHARE:
        percent = share(whole.ddd_missing, whole.dispensings, 1)
        yield Finding(f"{percent} % of the dispensings have no DDD.", "ddd")
    for rules, says in (
        (DDD_RULES, "DDDs that do not look right"),
        (PRESENCE_RULES, "dispensings in a part of the extract only: new, withdrawn or recoded"),
    ):
        rows = flagged_codes(found.atc, rules)
        if rows:
            codes = numbered(len(rows), "code has", "codes have")
            yield Finding(f"{codes} {says}: {_list([row.atc for row in rows])}.", "ddd")


def flagged_codes(rows: Sequence[AtcRow], rules: Sequence[Rule]) -> list[AtcRow]:
    """The delivered codes to which one of the rules applies, the most dispensed first.

    Those of which nothing but a huge line is to be said come last: among millions of lines there
    is always one.
    """
    wanted = {rule.id for rule in rules}
    found = [(row, wanted.intersection(row.flags)) for row in rows if row.kind == "code"]
    ordered = sorted(
        (flags == {"ddd_huge"}, -row.amounts.dispensings, row.atc, row)
        for row, flags in found
        if flags
    )
    return [row for *_, row in ordered]


def _people(found: Assessment) -> Iterator[Finding]:
    people = found.people
    if found.nobodies:
        ids, lines = _list([*found.nobodies]), sum(found.nobodies.values())
        yield Finding(
            f"{numbered(lines, 'line has', 'lines have')} a pseudonym that looks like nobody's "
            f"({ids}); each counts as one person until the source declares it as no_id.",
            "people",
        )
    for number, what in (
        (people.sex_conflicts, "contradictory sexes"),
        (people.birth_year_conflicts, "contradictory birth years"),
        (people.birth_year_impossible, "a birth year that cannot be beside their dispensings"),
    ):
        if number:
            yield Finding(
                f"{_persons(shown(number))} {what}, kept as unknown.",
                "people",
            )
    if people.dispensed_after_death:
        persons = _persons(shown(people.dispensed_after_death))
        yield Finding(f"{persons} a dispensing after the day of death.", "people")


def _persons(number: str) -> str:
    return f"{printed(number)} persons have"


def _study(study: StudyQuality) -> Iterator[Finding]:
    covered = study.coverage
    if not covered.persons:
        yield Finding(f"{study.id}: nobody has an index date.", "studies")
    if covered.uncovered:
        parts = (covered.short_before, covered.short_after, covered.over_a_gap)
        number = shown_union(covered.uncovered, parts, covered.persons)
        yield Finding(
            f"{study.id}: {printed(number)} of {printed(shown(covered.persons))} persons have days "
            "around their index date that the extract does not cover.",
            "studies",
        )
    for problem in study.uncovered:
        yield Finding(f"{study.id}: {problem}.", "studies")
    empty = [
        f"{hits.id} {hits.code}".strip()
        for hits in study.hits
        if hits.is_empty and (hits.code or hits.part != "outcome")
    ]
    if empty:
        codes = numbered(len(empty), "code finds", "codes find")
        yield Finding(f"{study.id}: {codes} nothing: {_list(empty)}.", "studies")


def _repeated(found: Assessment) -> Iterator[Finding]:
    repeats = sum(row.repeats for row in found.repeated or ())
    if repeats:
        across = sum(row.across_files for row in found.repeated or ())
        are = numbered(repeats, "dispensing is", "dispensings are")
        yield Finding(
            f"{are} like another one in everything but the file"
            + (f"; {counted(across)} of them span files." if across else "."),
            "repeated",
        )


def _list(names: Sequence[str]) -> str:
    """The first few names and how many more.

    >>> _list(["a", "b"]), _list(list("abcdefgh"))
    ('a, b', 'a, b, c, d, e, f and 2 more')
    """
    more = len(names) - _MOST_NAMED
    text = ", ".join(names[:_MOST_NAMED])
    return f"{text} and {counted(more)} more" if more > 0 else text
