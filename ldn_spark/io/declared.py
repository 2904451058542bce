"""The parts of a source: its flags, computed columns, lookups and files beside dispensings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ldn_spark.study.documents import Document

Names = dict[str, str]
Marker = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class Product(Document):
    """An amount that is delivered as its factors: the product of these columns."""

    multiply: Annotated[tuple[str, ...], Field(min_length=2)]


class Age(Document):
    """A birth year that is delivered as an age on the day of dispensing.

    `year_difference`: year of dispensing − year of birth, so the birth year is exact.
    `completed_years`: birthdays so far, so it is one of two years, narrowed down by every further
    dispensing; the later one where both remain.
    """

    age: str
    counted_as: Literal["year_difference", "completed_years"]


class Computed(Document):
    """What stands in no delivered column and is computed from others."""

    ddd: Product | None = None
    birth_year: Age | None = None


class MissingValues(Document):
    """Texts that stand for nothing: a field that holds one of them is treated as an empty one.

    A text is compared without the blanks around it, exactly as it is written here; a number or a
    date of a typed column as it is written canonically (-9, 1900-01-01).
    """

    values: tuple[Marker, ...] = Field(default=(), description="in every column")
    columns: dict[str, tuple[Marker, ...]] = Field(
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

    column: str
    values: Annotated[tuple[str, ...], Field(min_length=1)]
    optional: bool = Field(
        default=False, description="whether files without the column are read: they flag no line"
    )


class Lookup(Document):
    """A small CSV that the user supplies: more columns, by the value of a delivered one.

    `--lookup NAME=FILE` gives the file. Its column `key` is matched with the delivered column
    `key`; the columns it `gives` can be used as if they had been delivered.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    key: str
    gives: Annotated[tuple[str, ...], Field(min_length=1)]
    required: bool = Field(default=True, description="whether an unmatched row is rejected")


class Companion(Document):
    """Files beside the dispensings: what is known of persons, or when they were observed."""

    files: Annotated[tuple[str, ...], Field(min_length=1)]
    columns: Names
    optional_columns: Names = Field(default={})
    ignored_columns: tuple[str, ...] = ()

    @property
    def delivered(self) -> Names:
        """Our name: the delivered column, required and optional ones."""
        return {**self.columns, **self.optional_columns}

    @property
    def used_columns(self) -> tuple[str, ...]:
        """The names that are read where a file holds them, the pseudonym first."""
        return tuple(dict.fromkeys((self.columns["pseudonym"], *self.delivered.values())))
