"""The keys of a source: everything that it declares of a register's files."""

from __future__ import annotations

import codecs
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from ldn_spark.delivery.source.date_formats import DAYS, date_format
from ldn_spark.delivery.source.declared import (
    Columns,
    Companion,
    Computed,
    FilePatterns,
    Filters,
    LineColumns,
    LineConstants,
    Lookup,
    Markers,
    MissingValues,
    Names,
    NoIdentity,
    as_missing_values,
)
from ldn_spark.delivery.source.formats import FormatName
from ldn_spark.delivery.source.quoting import Quoting
from ldn_spark.texts.documents import Document
from ldn_spark.texts.values import (
    DAY_SCHEMA,
    LAST_DAY,
    Delivered,
    IndexYear,
    Name,
    Text,
    Title,
    between,
)

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
BaseDate = Annotated[date, between(date(1500, 1, 1), LAST_DAY), WithJsonSchema(DAY_SCHEMA)]
"""SPSS counts from 1582, spreadsheets from 1899."""


class SourceKeys(Document):
    """What a source declares, whether or not it agrees with itself."""

    id: Name = Field(description="its name in the lake; that of its file as a rule")
    title: Title = Field(description="the register, for people")
    format: FormatName = Field(description="of the files; text files may be packed (.gz, .zst)")
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
    constant: LineConstants = Field(
        default=LineConstants(), description="our name: the value that every line has"
    )
    where: Filters = Field(default=(), description="which lines are meant; the others are left out")
    lookups: tuple[Lookup, ...] = Field(
        default=(), max_length=50, description="small CSVs that add columns: --lookup NAME=FILE"
    )
    persons: Companion | None = Field(default=None, description="files of what persons are")
    deaths: Companion | None = Field(default=None, description="files of when persons died")
    observation_periods: Companion | None = Field(
        default=None, description="files of when persons were observed"
    )

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
        names += self.computed.ddd.parts if self.computed.ddd else ()
        names += [self.computed.birth_year.age] if self.computed.birth_year else []
        names += [self.no_id.column] if self.no_id else []
        names += [*self.lookup_keys, *(one.column for one in self.where)]
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
