"""Make the rules of a source: which delivered columns give one of ours, and how."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

from ldn_spark.delivery.files.blocks import DISPENSINGS
from ldn_spark.delivery.source.declared import Computed, Names, RowFilter
from ldn_spark.delivery.source.sources import Source
from ldn_spark.delivery.values.amounts import Number, amount_rule, compute, factor_rule, read_number
from ldn_spark.delivery.values.days import (
    BIRTH_YEARS,
    PERIOD_END_YEARS,
    age_rule,
    birth_year_rule,
    born_on_rule,
    date_rule,
    death_month_rule,
    death_year_rule,
    died_by,
    died_in_rule,
    died_on_rule,
    open_end_rule,
    read_day,
)
from ldn_spark.delivery.values.fields import (
    Field,
    Rule,
    atc_rule,
    product_number_rule,
    sex_rule,
    text_rule,
)
from ldn_spark.delivery.values.lookups import LookupTable, key_reader

FROM = "observed_from"
CANONICAL_NUMBER = read_number(".", None)
_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True)
class Input:
    """A delivered or looked-up column that a value comes from.

    Attributes:
        column: its name.
        rule: reads a text as the source declares it.
        canonical_rule: reads canonical text: decimals with a point, yyyy-MM-dd.
        optional: whether there is a value without it.
    """

    column: str
    rule: Rule
    canonical_rule: Rule
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One column of ours.

    Attributes:
        name: our name.
        inputs: what it comes from.
        combine: makes one value of several inputs' values; None with one input.
    """

    name: str
    inputs: tuple[Input, ...]
    combine: Callable[..., Field] | None = None

    @property
    def needs(self) -> set[str]:
        """The columns without which there is no value."""
        return {one.column for one in self.inputs if not one.optional}


@dataclass(frozen=True, slots=True)
class LookupStep:
    """The columns of a lookup.

    Attributes:
        keys: the columns that are matched.
        gives: the columns it gives.
        table: its content.
        compared: how each delivered key is written in the table.
        unmatched: what becomes of a row whose key is not there.
    """

    keys: tuple[str, ...]
    gives: tuple[str, ...]
    table: LookupTable
    compared: tuple[Callable[[str], str], ...]
    unmatched: Field


@dataclass(frozen=True, slots=True)
class Flag:
    """The column that says of a row that no person is known of it."""

    column: str
    rule: Rule


@dataclass(frozen=True)
class Rules:
    """How the rows of one kind of file become values.

    The rules remember the texts they have seen: keep them from block to block.

    Attributes:
        kind: dispensings, or a companion of theirs.
        pseudonym: the delivered column of the pseudonym.
        steps: every column of ours but the pseudonym, in the order of their reasons.
        lookups: the source's lookups, in their order.
        no_id: the flag of dispensings that no person is known of, in a column of its own.
        constants: our columns that are the same in every row.
        filters: which rows are meant.
        nobody: the pseudonyms that stand for nobody, where the pseudonym itself is the flag.
    """

    kind: str
    pseudonym: str
    steps: tuple[Step, ...]
    lookups: tuple[LookupStep, ...] = ()
    no_id: Flag | None = None
    nobody: tuple[str, ...] = ()
    constants: Mapping[str, Any] = field(default_factory=dict)
    filters: tuple[RowFilter, ...] = ()


def rules_of(
    source: Source, lookups: Mapping[str, LookupTable] | None = None, kind: str = DISPENSINGS
) -> Rules:
    """The rules of a source.

    Args:
        source: the declared layout.
        lookups: the content of its lookups by name; one that is not there matches nothing.
        kind: which of its files: `dispensings`, `persons`, `deaths` or `observation_periods`.
    """
    section = source if kind == DISPENSINGS else source.companions[kind]
    is_main = kind == DISPENSINGS
    return Rules(
        kind,
        section.columns["pseudonym"],
        tuple(_steps(source, kind, section.delivered)),
        tuple(_lookup_steps(source, lookups or {})) if is_main else (),
        _no_id(source) if is_main else None,
        _nobody(source),
        section.constant.given,
        section.where,
    )


def _steps(source: Source, kind: str, columns: Names) -> Iterator[Step]:
    """The steps of the columns that a kind of file may deliver, in the order of their reasons."""
    computed = source.computed if kind == DISPENSINGS else Computed()
    read = read_number(source.decimal_mark, source.thousands_mark)
    rules = _rules_by_column(source, read)
    for name, pair in rules.items():
        if name in columns and name == "death_year":
            parts = [Input(columns[name], *pair)]
            if "death_month" in columns:
                parts.append(Input(columns["death_month"], *rules["death_month"], optional=True))
            yield Step("died_by", tuple(parts), _kept(died_by))
        elif name in columns and name != "death_month":
            value = "birth_year" if name == "born_on" else name
            yield Step(value, (Input(columns[name], *pair),))
        elif name == "ddd" and computed.ddd:
            factor = _pair(factor_rule("ddd", read), factor_rule("ddd", CANONICAL_NUMBER))
            inputs = tuple(Input(column, *factor) for column in computed.ddd.parts)
            factors = len(computed.ddd.factors)
            yield Step("ddd", inputs, _kept(partial(compute, "ddd", factors)))
        elif name == "birth_year" and computed.birth_year:
            yield Step("age", (Input(computed.birth_year.age, *_pair(age_rule)),))


def _rules_by_column(source: Source, read: Number) -> dict[str, tuple[Rule, Rule]]:
    """Each column's rule for text as the source declares it, and for canonical text."""
    day, iso_day = read_day(source), read_day(source, canonical=True)
    birthday = read_day(source, years=BIRTH_YEARS)
    iso_birthday = read_day(source, canonical=True, years=BIRTH_YEARS)
    end = read_day(source, years=PERIOD_END_YEARS)
    iso_end = read_day(source, canonical=True, years=PERIOD_END_YEARS)
    canonical = CANONICAL_NUMBER
    return {
        "dispensed_on": _pair(date_rule("date", day), date_rule("date", iso_day)),
        "atc": _pair(atc_rule),
        "product_number": _pair(product_number_rule(source.product_number_width)),
        "ddd": _pair(amount_rule("ddd", read), amount_rule("ddd", canonical)),
        "packages": _pair(amount_rule("packages", read), amount_rule("packages", canonical)),
        "sex": _pair(sex_rule(source)),
        "birth_year": _pair(birth_year_rule),
        "born_on": _pair(born_on_rule(birthday), born_on_rule(iso_birthday)),
        "reimbursement_icd": _pair(text_rule("reimbursement_icd")),
        "reimbursement_icpc": _pair(text_rule("reimbursement_icpc")),
        "death_year": _pair(death_year_rule),
        "death_month": _pair(death_month_rule),
        "died_in": _pair(died_in_rule),
        "died_on": _pair(died_on_rule(day), died_on_rule(iso_day)),
        "observed_from": _pair(date_rule(FROM, day), date_rule(FROM, iso_day)),
        "observed_to": _pair(open_end_rule(end), open_end_rule(iso_end)),
    }


def _pair(rule: Rule, canonical_rule: Rule | None = None) -> tuple[Rule, Rule]:
    kept = _kept(rule)
    return kept, _kept(canonical_rule) if canonical_rule else kept


def _lookup_steps(source: Source, tables: Mapping[str, LookupTable]) -> Iterator[LookupStep]:
    for lookup in source.lookups:
        reason = f"{lookup.name}_unmatched"
        unmatched = Field(None, rejected=reason) if lookup.required else Field(None, noted=reason)
        table = tables.get(lookup.name, {})
        compared = tuple(key_reader(source, column) for column in lookup.keys)
        yield LookupStep(lookup.keys, lookup.gives, table, compared, unmatched)


def _nobody(source: Source) -> tuple[str, ...]:
    """The pseudonyms that stand for nobody."""
    flag = source.no_id
    return flag.values if flag and flag.column == source.columns["pseudonym"] else ()


def _no_id(source: Source) -> Flag | None:
    if not (flag := source.no_id) or _nobody(source):
        return None
    known, unknown = Field(None), Field(None, rejected="no_id")
    return Flag(flag.column, lambda text: unknown if text.strip() in flag.values else known)


def _kept(rule: Callable[..., Field]) -> Callable[..., Field]:
    return lru_cache(_REMEMBERED)(rule)
