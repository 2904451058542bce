"""Find what contradicts itself in a source: columns named twice or not at all, misfit keys."""

from __future__ import annotations

from collections.abc import Iterator

from ldn_spark.delivery.source.date_formats import DAYS
from ldn_spark.delivery.source.declared import Companion
from ldn_spark.delivery.source.keys import SourceKeys

Fault = tuple[tuple[str | int, ...], str]
"""Where in the source something stands, and `fault; mend`."""

REQUIRED_COLUMNS = ("pseudonym", "atc", "dispensed_on")
OPTIONAL_COLUMNS = (
    "sex",
    "birth_year",
    "product_number",
    "ddd",
    "packages",
    "reimbursement_icd",
    "reimbursement_icpc",
    "born_on",
    "death_year",
    "death_month",
    "died_in",
    "died_on",
)
PERSON_COLUMNS = (
    "pseudonym",
    "sex",
    "birth_year",
    "born_on",
    "death_year",
    "death_month",
    "died_in",
    "died_on",
)
PERIOD_COLUMNS = ("pseudonym", "observed_from", "observed_to")


def contradictions(source: SourceKeys) -> Iterator[Fault]:
    """Everything that contradicts itself, with the key where it does."""
    problems = [
        *_column_problems(source),
        *_lookup_problems(source),
        *_companion_problems(source),
        *_value_problems(source),
    ]
    yield from problems or (*_marker_problems(source), *_filter_problems(source))


def _column_problems(source: SourceKeys) -> Iterator[Fault]:
    constants = source.constant.given
    missing = [name for name in REQUIRED_COLUMNS if name not in {**source.columns, **constants}]
    if missing:
        yield ("columns",), f"'columns' does not say where {', '.join(missing)} stand; add them"
    known = (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS)
    for name in source.delivered:
        if name not in known:
            yield _place(source, name), f"there is no column '{name}'; known: {', '.join(known)}"
    for name in ("ddd", "birth_year"):
        if name in source.delivered and getattr(source.computed, name):
            yield ("computed", name), f"'{name}' is both delivered and computed; keep one"
    for name in constants:
        if name in source.delivered or getattr(source.computed, name, None):
            yield ("constant", name), f"'{name}' is both delivered and constant; keep one"
    width, number = source.product_number_width, source.constant.product_number
    if width and number and not (number.isascii() and number.isdigit() and len(number) == width):
        key = ("constant", "product_number")
        yield key, f"the constant product number is not {width} digits; write zeros before it"
    if "born_on" in source.delivered and (
        "birth_year" in {**source.delivered, **constants} or source.computed.birth_year
    ):
        yield _place(source, "born_on"), "'born_on' and 'birth_year' say the same; keep one"


def _lookup_problems(source: SourceKeys) -> Iterator[Fault]:
    given = [name for lookup in source.lookups for name in lookup.gives]
    for name in sorted({name for name in given if given.count(name) > 1}):
        yield ("lookups",), f"two lookups give '{name}'; rename one of them"
    names = [lookup.name for lookup in source.lookups]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield ("lookups",), f"two lookups are called '{name}'; rename one of them"
    pseudonym = source.columns.get("pseudonym")
    for name in sorted({pseudonym, *source.line_key} & source.looked_up):
        yield ("lookups",), f"'{name}' cannot be looked up; name the delivered column"
    for number, lookup in enumerate(source.lookups):
        key = ("lookups", number)
        if pseudonym in lookup.keys:
            what = f"the lookup '{lookup.name}' is by the pseudonym"
            yield key, f"{what}; deliver what is known of persons as 'persons'"
        if len(set(lookup.keys)) < len(lookup.keys):
            yield key, f"the lookup '{lookup.name}' has a key twice; keep one"
        if set(lookup.keys) & set(lookup.gives):
            yield key, f"the lookup '{lookup.name}' gives its own key; take it out of 'gives'"


def _companion_problems(source: SourceKeys) -> Iterator[Fault]:
    for section, needed, allowed in (
        ("persons", ("pseudonym",), PERSON_COLUMNS),
        ("deaths", ("pseudonym",), PERSON_COLUMNS),
        ("observation_periods", PERIOD_COLUMNS[:2], PERIOD_COLUMNS),
    ):
        companion: Companion | None = getattr(source, section)
        if companion is None:
            continue
        constants = companion.constant.given
        for name in needed:
            if name not in {**companion.columns, **constants}:
                what = f"'{section}' does not say where {name} stands"
                yield (section, "columns"), f"{what}; add it to its columns"
        for name in companion.delivered:
            if name not in allowed:
                what = f"'{section}' has no column '{name}'"
                yield (section, *_place(companion, name)), f"{what}; known: {', '.join(allowed)}"
        for name in constants:
            if name in companion.delivered:
                what = f"'{name}' of '{section}' is both delivered and constant"
                yield (section, "constant", name), f"{what}; keep one"
            if name not in allowed:
                what = f"'{section}' has no constant '{name}'"
                yield (section, "constant", name), f"{what}; known: {', '.join(allowed[1:])}"
        if {"birth_year", "born_on"} <= {*companion.delivered, *constants}:
            what = f"'born_on' and 'birth_year' of '{section}' say the same"
            yield (section, *_place(companion, "born_on")), f"{what}; keep one"


def _value_problems(source: SourceKeys) -> Iterator[Fault]:
    if source.date_format == DAYS and source.base_date is None:
        what = f"the date format '{DAYS}' needs 'base_date', the date of day 0"
        yield ("date_format",), f"{what}; add it"
    if source.date_format != DAYS and source.base_date is not None:
        yield ("base_date",), f"'base_date' is for the date format '{DAYS}'; leave it out"
    if source.quote == source.delimiter:
        yield ("quote",), "'quote' and 'delimiter' are the same; change one of them"
    if source.quoted_line_ends and (source.quote is None or source.format != "text"):
        yield ("quoted_line_ends",), "'quoted_line_ends' is for text with a 'quote'; leave it out"
    if source.thousands_mark == source.decimal_mark:
        what = "'thousands_mark' and 'decimal_mark' are the same"
        yield ("thousands_mark",), f"{what}; change one of them"


def _marker_problems(source: SourceKeys) -> Iterator[Fault]:
    """Of a source whose columns are well declared."""
    used = {*source.used_columns, *source.looked_up}
    used |= {name for one in source.companions.values() for name in one.used_columns}
    for name in source.missing_values.columns:
        if name not in used:
            what = f"'missing_values' names the column '{name}', which is not read"
            yield ("missing_values", "columns", name), f"{what}; mend it"
    sexes = {one.delivered.get("sex") for one in (source, *source.companions.values())}
    markers = {text for name in sexes if name for text in source.missing_values.of(name)}
    for text in sorted(markers & source.sex_codes.keys()):
        yield ("sex_codes", text), f"'{text}' is a code of a sex and a missing value; keep one"


def _filter_problems(source: SourceKeys) -> Iterator[Fault]:
    """Of a source whose columns are well declared."""
    sections = {(): source} | {(name,): one for name, one in source.companions.items()}
    for path, section in sections.items():
        columns, key = [one.column for one in section.where], (*path, "where")
        if section.columns["pseudonym"] in columns:
            yield key, "'where' cannot be by the pseudonym; flag it with 'no_id'"
        for name in sorted({name for name in columns if columns.count(name) > 1}):
            yield key, f"'where' names the column '{name}' twice; write one filter"


def _place(section: SourceKeys | Companion, name: str) -> tuple[str, str]:
    """Where a column of ours is named."""
    key = "optional_columns" if name in section.optional_columns else "columns"
    return (key, name)
