"""The parts of a source: its flags, computed columns, lookups and files beside dispensings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema

from ldn_spark.io.patterns import FilePattern
from ldn_spark.study.documents import Document
from ldn_spark.study.values import Delivered, check_delivered

MEANINGS = {
    "pseudonym": "tells persons apart",
    "atc": "ATC code",
    "dispensed_on": "day of dispensing",
    "sex": "sex, in the words of 'sex_codes'",
    "birth_year": "year of birth",
    "product_number": "number of the product (in Norway varenummer)",
    "ddd": "defined daily doses of the line",
    "packages": "number of packages of the line",
    "reimbursement_icd": "ICD-10 code of the reimbursement",
    "reimbursement_icpc": "ICPC-2 code of the reimbursement",
    "born_on": "day of birth, in the place of 'birth_year'",
    "death_year": "year of death",
    "death_month": "month of death, beside 'death_year'",
    "died_in": "month of death as yyyyMM",
    "died_on": "day of death",
    "observed_from": "first day of the observation",
    "observed_to": "last day of the observation; empty: still observed",
}
"""Our names of columns."""


def _names_schema(ours: Sequence[str]) -> WithJsonSchema:
    """Columns by our name, each with what it means."""
    delivered = {"type": "string", "minLength": 1, "maxLength": 200}
    keys = {name: delivered | {"description": MEANINGS[name]} for name in ours}
    return WithJsonSchema({"type": "object", "properties": keys, "additionalProperties": False})


Names = dict[str, Delivered]
LineColumns = Annotated[
    Names, _names_schema([name for name in MEANINGS if not name.startswith("observed_")])
]
"""Our name: the column that a file of dispensings has for it."""
CompanionColumns = Annotated[
    Names,
    _names_schema(
        ["pseudonym", "sex", "birth_year"]
        + [name for name in MEANINGS if name.startswith(("born", "death", "died", "observed"))]
    ),
]
"""Our name: the column that a file beside the dispensings has for it."""
Columns = Annotated[tuple[Delivered, ...], Field(max_length=1_000)]
"""Delivered columns."""
FilePatterns = Annotated[tuple[FilePattern, ...], Field(min_length=1, max_length=100)]
Marker = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(check_delivered),
]
"""A text that stands for a missing value."""
Markers = Annotated[tuple[Marker, ...], Field(max_length=100)]


class Product(Document):
    """An amount that is delivered as its factors: the product of these columns."""

    multiply: Annotated[tuple[Delivered, ...], Field(min_length=2, max_length=10)] = Field(
        description="the delivered columns of its factors, two or more"
    )


class Age(Document):
    """A birth year that is delivered as an age on the day of dispensing.

    `year_difference`: year of dispensing − year of birth, so the birth year is exact.
    `completed_years`: birthdays so far, so it is one of two years, narrowed down by every further
    dispensing; the later one where both remain.
    """

    age: Delivered = Field(description="the delivered column of the age")
    counted_as: Literal["year_difference", "completed_years"] = Field(
        description="year_difference: year of dispensing - year of birth; completed_years: "
        "birthdays so far"
    )


class Computed(Document):
    """What stands in no delivered column and is computed from others."""

    ddd: Product | None = Field(
        default=None, description="the DDDs of a line, as a product of delivered columns"
    )
    birth_year: Age | None = Field(
        default=None, description="the year of birth, from an age on the day of dispensing"
    )


class MissingValues(Document):
    """Texts that stand for nothing: a field that holds one of them is treated as an empty one.

    A text is compared without the blanks around it, exactly as it is written here; a number or a
    date of a typed column as it is written canonically (-9, 1900-01-01).
    """

    values: Markers = Field(default=(), description="in every column")
    columns: dict[Delivered, Markers] = Field(
        default={}, description="in a delivered column, in the place of 'values'"
    )

    def of(self, column: str) -> tuple[str, ...]:
        """The markers of a delivered column."""
        return self.columns.get(column, self.values)


def as_missing_values(given: object) -> object:
    """A list of texts is meant for every column."""
    if isinstance(given, list | tuple):
        return {"values": given}
    if not isinstance(given, dict | MissingValues):
        raise ValueError('is no list; write it like ["NA", "NULL"]')
    return given


class NoIdentity(Document):
    """The flag of dispensings that no person is known of; such lines are rejected as `no_id`.

    The flag may be the pseudonym's own column: then the values stand for nobody in the files
    beside the dispensings too.
    """

    column: Delivered = Field(description="the delivered column of the flag")
    values: Annotated[tuple[Delivered, ...], Field(min_length=1, max_length=1_000)] = Field(
        description="the values that say so, as texts"
    )
    optional: bool = Field(
        default=False, description="whether files without the column are read: they flag no line"
    )


LookupName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]


class Lookup(Document):
    """A small CSV that the user supplies: more columns, by the value of a delivered one.

    `--lookup NAME=FILE` gives the file. Its column `key` is matched with the delivered column
    `key`, or each of several with its own; the columns it `gives` can be used as if they had been
    delivered.
    """

    name: LookupName = Field(description="its name in --lookup NAME=FILE")
    key: Delivered | Annotated[tuple[Delivered, ...], Field(min_length=1, max_length=10)] = Field(
        description="the column that is looked up, in both files; or a list of several"
    )
    gives: Annotated[tuple[Delivered, ...], Field(min_length=1, max_length=100)] = Field(
        description="its further columns, to be used as if they had been delivered"
    )
    required: bool = Field(default=True, description="whether an unmatched row is rejected")

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that the row is found by."""
        return (self.key,) if isinstance(self.key, str) else self.key


class Companion(Document):
    """Files beside the dispensings: what is known of persons, or when they were observed."""

    files: FilePatterns = Field(description="their names: patterns like persons*.csv")
    columns: CompanionColumns = Field(description="our name: the delivered column; all are needed")
    optional_columns: CompanionColumns = Field(
        default={}, description="our name: the delivered column, where a file has it"
    )
    ignored_columns: Columns = Field(
        default=(), description="delivered columns that are known and not needed"
    )

    @property
    def delivered(self) -> Names:
        """Our name: the delivered column, required and optional ones."""
        return {**self.columns, **self.optional_columns}

    @property
    def used_columns(self) -> tuple[str, ...]:
        """The names that are read where a file holds them, the pseudonym first."""
        return tuple(dict.fromkeys((self.columns["pseudonym"], *self.delivered.values())))
