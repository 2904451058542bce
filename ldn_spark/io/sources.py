"""How a register delivers its files: declared per source, nothing guessed."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from ldn_spark.io.date_formats import DAYS, date_format
from ldn_spark.io.declared import (
    Columns,
    Companion,
    Computed,
    FilePatterns,
    LineColumns,
    Lookup,
    Markers,
    MissingValues,
    Names,
    NoIdentity,
    as_missing_values,
)
from ldn_spark.io.records import Quoting
from ldn_spark.study.documents import Document, find_document, read_document
from ldn_spark.study.faults import refuse
from ldn_spark.study.values import LAST_DAY, Delivered, IndexYear, Name, Text, Title, day_between

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
_ENCODINGS = {"iso8859-1", "cp1252", "utf-8", "ascii", "utf-8-sig", "utf-16"}


def _known_encoding(name: str) -> str:
    try:
        known = codecs.lookup(name).name
    except (LookupError, ValueError):
        known = ""
    if known not in _ENCODINGS:
        raise ValueError(
            f"'{name}' is not an encoding this reads; write utf-8, utf-16, iso-8859-1 or "
            "windows-1252"
        )
    return name


def _known_date_format(text: str) -> str:
    if text != DAYS:
        date_format(text)
    return text


def _one_character(text: str) -> str:
    if len(text) != 1 or not text.isascii() or text in "\0\n\r":
        raise ValueError('is not one ASCII character; write one, as in ";" or "\\t"')
    return text


Character = Annotated[
    str,
    AfterValidator(_one_character),
    WithJsonSchema({"type": "string", "pattern": r"^[\u0001-\u0009\u000b\u000c\u000e-\u007f]$"}),
]
BaseDate = day_between(date(1500, 1, 1), LAST_DAY)
"""SPSS counts from 1582, spreadsheets from 1899."""


class Source(Document):
    """The layout of one register's files."""

    id: Name = Field(description="its name in the lake; that of its file as a rule")
    title: Title = Field(description="the register, for people")
    format: Literal["text", "parquet", "delta", "sas", "spss", "stata"] = Field(
        description="of the files; text files may be packed (.gz, .zst)"
    )
    files: FilePatterns = Field(description="the names of the dispensings: patterns like *.csv")
    encoding: Annotated[Text, AfterValidator(_known_encoding)] = Field(
        default="utf-8", description="of text files: utf-8, utf-16, iso-8859-1 or windows-1252"
    )
    delimiter: Character = Field(default=";", description="between the fields of text files")
    quote: Character | None = Field(
        default='"', description="around fields of text files that hold the delimiter; null = none"
    )
    quoted_line_ends: bool = Field(
        default=False,
        description="whether quoted fields of text files may hold line ends (RFC 4180), so that a "
        "line of the register may be several of the file",
    )
    decimal_mark: Literal[",", "."] = Field(description="of numbers in text files")
    thousands_mark: Literal[",", ".", " "] | None = Field(
        default=None, description="null turns numbers with one away: they can be read in two ways"
    )
    date_format: Annotated[Text, AfterValidator(_known_date_format)] = Field(
        description="how days are written, as in yyyy-MM-dd, d.M.yyyy or ddMMMyyyy; 'days' for "
        "whole days counted from 'base_date'"
    )
    base_date: BaseDate | None = Field(default=None, description="day 0 of the date format 'days'")
    columns: LineColumns = Field(description="our name: the delivered column; all are needed")
    optional_columns: LineColumns = Field(
        default={}, description="our name: the delivered column, where a file has it"
    )
    ignored_columns: Columns = Field(
        default=(), description="delivered columns that are known and not needed"
    )
    computed: Computed = Field(
        default=Computed(), description="what is computed from several delivered columns"
    )
    sex_codes: dict[Delivered, Literal["F", "M"]] = Field(
        max_length=100, description="a delivered sex, in quotes: F (a woman) or M (a man)"
    )
    product_number_width: Annotated[int, Field(ge=1, le=12)] | None = Field(
        default=None, description="digits, padded with zeros from the left; null = kept as text"
    )
    missing_values: Annotated[
        MissingValues,
        BeforeValidator(as_missing_values, json_schema_input_type=Markers | MissingValues),
    ] = Field(
        default=MissingValues(),
        description="texts like NA that stand for an empty field: in every column, or by column",
    )
    no_id: NoIdentity | None = Field(
        default=None, description="how lines of no known person are told"
    )
    line_key: Columns = Field(
        default=(), description="delivered columns that together identify a line for ever"
    )
    repeated_lines: Literal["keep", "reject"] = Field(
        default="keep",
        description="lines of one delivery that are alike in every column we read, and have no "
        "line key: 'keep' counts them as dispensings, 'reject' keeps the first",
    )
    atc_version: IndexYear | Literal["at_dispensing"] | None = Field(
        default=None,
        description="the year of the ATC index that the codes are written in, or at_dispensing "
        "where they are those of the year of dispensing",
    )
    lookups: tuple[Lookup, ...] = Field(
        default=(), max_length=50, description="small CSVs that add columns: --lookup NAME=FILE"
    )
    persons: Companion | None = Field(default=None, description="files of what persons are")
    deaths: Companion | None = Field(default=None, description="files of when persons died")
    observation_periods: Companion | None = Field(
        default=None, description="files of when persons were observed"
    )

    @model_validator(mode="after")
    def _check(self) -> Source:
        problems = (
            *self._column_problems(),
            *self._lookup_problems(),
            *self._companion_problems(),
            *self._value_problems(),
        ) or tuple(self._marker_problems())
        refuse(((), problem) for problem in problems)
        return self

    def _column_problems(self) -> Iterator[str]:
        missing = [name for name in REQUIRED_COLUMNS if name not in self.columns]
        if missing:
            yield f"'columns' does not say where {', '.join(missing)} stand; add them"
        known = (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS)
        for name in self.delivered:
            if name not in known:
                yield f"there is no column '{name}'; known: {', '.join(known)}"
        for name in ("ddd", "birth_year"):
            if name in self.delivered and getattr(self.computed, name):
                yield f"'{name}' is both delivered and computed; keep one"
        if "born_on" in self.delivered and (
            "birth_year" in self.delivered or self.computed.birth_year
        ):
            yield "'born_on' and 'birth_year' say the same; keep one"

    def _lookup_problems(self) -> Iterator[str]:
        given = [name for lookup in self.lookups for name in lookup.gives]
        for name in sorted({name for name in given if given.count(name) > 1}):
            yield f"two lookups give '{name}'; rename one of them"
        names = [lookup.name for lookup in self.lookups]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"two lookups are called '{name}'; rename one of them"
        pseudonym = self.columns.get("pseudonym")
        for name in sorted({pseudonym, *self.line_key} & self.looked_up):
            yield f"'{name}' cannot be looked up; name the delivered column"
        for lookup in self.lookups:
            if pseudonym in lookup.keys:
                what = f"the lookup '{lookup.name}' is by the pseudonym"
                yield f"{what}; deliver what is known of persons as 'persons'"
            if len(set(lookup.keys)) < len(lookup.keys):
                yield f"the lookup '{lookup.name}' has a key twice; keep one"
            if set(lookup.keys) & set(lookup.gives):
                yield f"the lookup '{lookup.name}' gives its own key; take it out of 'gives'"

    def _companion_problems(self) -> Iterator[str]:
        for section, needed, allowed in (
            ("persons", ("pseudonym",), PERSON_COLUMNS),
            ("deaths", ("pseudonym",), PERSON_COLUMNS),
            ("observation_periods", PERIOD_COLUMNS[:2], PERIOD_COLUMNS),
        ):
            companion: Companion | None = getattr(self, section)
            if companion is None:
                continue
            for name in needed:
                if name not in companion.columns:
                    yield f"'{section}' does not say where {name} stands; add it to its columns"
            for name in companion.delivered:
                if name not in allowed:
                    yield f"'{section}' has no column '{name}'; known: {', '.join(allowed)}"
            if {"birth_year", "born_on"} <= companion.delivered.keys():
                yield f"'born_on' and 'birth_year' of '{section}' say the same; keep one"

    def _value_problems(self) -> Iterator[str]:
        if self.date_format == DAYS and self.base_date is None:
            yield f"the date format '{DAYS}' needs 'base_date', the date of day 0; add it"
        if self.date_format != DAYS and self.base_date is not None:
            yield f"'base_date' is for the date format '{DAYS}'; leave it out"
        if self.quote == self.delimiter:
            yield "'quote' and 'delimiter' are the same; change one of them"
        if self.quoted_line_ends and (self.quote is None or self.format != "text"):
            yield "'quoted_line_ends' is for text with a 'quote'; leave it out"
        if self.thousands_mark == self.decimal_mark:
            yield "'thousands_mark' and 'decimal_mark' are the same; change one of them"

    def _marker_problems(self) -> Iterator[str]:
        """Of a source whose columns are well declared."""
        used = {*self.used_columns, *self.looked_up}
        used |= {name for one in self.companions.values() for name in one.used_columns}
        for name in self.missing_values.columns:
            if name not in used:
                yield f"'missing_values' names the column '{name}', which is not read; mend it"
        sexes = {one.delivered.get("sex") for one in (self, *self.companions.values())}
        markers = {text for name in sexes if name for text in self.missing_values.of(name)}
        for text in sorted(markers & self.sex_codes.keys()):
            yield f"'{text}' is a code of a sex and a missing value; keep one"

    @property
    def quoting(self) -> Quoting | None:
        """How fields of text are quoted; None where they are not."""
        return Quoting(self.quote, self.delimiter) if self.quote else None

    @property
    def delivered(self) -> Names:
        """Our name: the delivered column, required and optional ones."""
        return {**self.columns, **self.optional_columns}

    @property
    def looked_up(self) -> frozenset[str]:
        """The columns that lookups give; no file holds them."""
        return frozenset(name for lookup in self.lookups for name in lookup.gives)

    @property
    def lookup_keys(self) -> tuple[str, ...]:
        """The columns that rows of lookups are found by."""
        return tuple(key for lookup in self.lookups for key in lookup.keys)

    @property
    def used_columns(self) -> tuple[str, ...]:
        """The names that are read where a file of dispensings holds them, the pseudonym first."""
        names = [self.columns["pseudonym"], *self.delivered.values(), *self.line_key]
        names += self.computed.ddd.multiply if self.computed.ddd else ()
        names += [self.computed.birth_year.age] if self.computed.birth_year else []
        names += [self.no_id.column] if self.no_id else []
        names += self.lookup_keys
        return tuple(name for name in dict.fromkeys(names) if name not in self.looked_up)

    @property
    def birth_year_slack(self) -> int:
        """How many years earlier than its lines say a person may be born: 1 for completed years."""
        ages = self.computed.birth_year
        return 1 if ages and ages.counted_as == "completed_years" else 0

    @property
    def companions(self) -> dict[str, Companion]:
        """The further kinds of files by name: persons, deaths, observation_periods."""
        kinds = ("persons", "deaths", "observation_periods")
        return {kind: files for kind in kinds if (files := getattr(self, kind)) is not None}

    @property
    def codec(self) -> str:
        """Python's name of the encoding that is parsed: UTF-16 is turned into UTF-8 before."""
        codec = self.delivered_codec
        return "utf-8" if self.format != "text" or codec == "utf-16" else codec

    @property
    def delivered_codec(self) -> str:
        """Python's name of the encoding of delivered text files."""
        return codecs.lookup(self.encoding).name.removesuffix("-sig")


def load_source(name_or_path: str) -> Source:
    """A source by name (`norpd`) or path.

    Raises:
        ConfigError: there is none, or its file is wrong; all problems at once.
    """
    return read_document(find_document(name_or_path, "sources"), Source)
