"""The parts of a source: its flags, computed columns, lookups and files beside dispensings."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from ldn_spark.delivery.source.patterns import FilePattern
from ldn_spark.study.codes import ATC_PATTERN
from ldn_spark.texts.documents import Document
from ldn_spark.texts.values import LAST_DAY, Day, Delivered, Text, check_delivered

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
FilterValues = Annotated[
    tuple[Annotated[str, Field(max_length=200), AfterValidator(check_delivered)], ...],
    Field(min_length=1, max_length=10_000),
]
"""Texts without blanks around them; an empty one stands for empty fields."""
BirthYear = Annotated[int, Field(ge=1850, le=LAST_DAY.year)]


def _atc_code(text: str) -> str:
    if not ATC_PATTERN.fullmatch(text):
        raise ValueError(f"'{text}' is not an ATC code; write one of any level, like N07BB04")
    return text


AtcCode = Annotated[Text, AfterValidator(_atc_code)]


def _exact_number(given: object) -> object:
    """A number as it is written, exact to six decimals; below a million millions."""
    if isinstance(given, bool) or not isinstance(given, int | float | str | Decimal):
        raise ValueError("is not a number; write one like 1.5")
    try:
        number = Decimal(str(given))
    except InvalidOperation:
        raise ValueError("is not a number; write one like 1.5") from None
    if not number.is_finite() or abs(number) >= 10**12 - 1:
        raise ValueError(f"is out of range; write a number below {10**12 - 1}")
    if number != (exact := number.quantize(Decimal("0.000001"))):
        raise ValueError("has more than six decimals; round it")
    return exact


ExactNumber = Annotated[
    Decimal,
    BeforeValidator(_exact_number),
    WithJsonSchema(
        {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^-?\d*(\d|\.\d+)$"}]}
    ),
]
Markers = Annotated[tuple[Marker, ...], Field(max_length=100)]


_TWO_OR_MORE = {
    "anyOf": [
        {"required": ["multiply"], "properties": {"multiply": {"minItems": 2}}},
        {"required": ["divide"]},
    ]
}


class Amount(Document):
    """An amount that is delivered in parts: their product, their quotient, or one times the other.

    The quotient is the first column divided by each of the others. All is computed exactly and
    rounded once, half to even, to six decimals. It is unknown where a part is, or a divisor is 0.
    """

    model_config = ConfigDict(json_schema_extra=_TWO_OR_MORE)

    multiply: Annotated[tuple[Delivered, ...], Field(min_length=1, max_length=10)] | None = Field(
        default=None, description="the delivered columns of its factors"
    )
    divide: Annotated[tuple[Delivered, ...], Field(min_length=2, max_length=10)] | None = Field(
        default=None, description="a delivered column, and those that it is divided by"
    )

    @model_validator(mode="after")
    def _has_parts(self) -> Amount:
        if self.divide is None and len(self.factors) < 2:
            raise ValueError("has no parts; name two columns or more to multiply or divide")
        return self

    @property
    def factors(self) -> tuple[str, ...]:
        """The columns that are multiplied, the dividend among them."""
        return (*(self.multiply or ()), *(self.divide or ())[:1])

    @property
    def divisors(self) -> tuple[str, ...]:
        """The columns that are divided by."""
        return (self.divide or ())[1:]

    @property
    def parts(self) -> tuple[str, ...]:
        """All columns, the factors first."""
        return (*self.factors, *self.divisors)


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

    ddd: Amount | None = Field(
        default=None, description="the DDDs of a line, as product or quotient of delivered columns"
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


class RowFilter(Document):
    """Which lines are meant: the others are left out, and counted."""

    column: Delivered = Field(description="the delivered or looked-up column that tells them")
    values: FilterValues | None = Field(default=None, description="the values of lines to take")
    not_values: FilterValues | None = Field(
        default=None, description="the values of lines to leave out, in the place of 'values'"
    )

    @model_validator(mode="after")
    def _has_values(self) -> RowFilter:
        if (self.values is None) == (self.not_values is None):
            raise ValueError("needs either 'values' or 'not_values'; write one of them")
        return self

    def takes(self, text: str) -> bool:
        """Whether a line with this text in the column is taken; blanks around it do not count."""
        if self.values is not None:
            return text.strip() in self.values
        return text.strip() not in (self.not_values or ())


def as_filters(given: object) -> object:
    """A single filter is a list of one."""
    return (given,) if isinstance(given, dict | RowFilter) else given


_ManyFilters = Annotated[tuple[RowFilter, ...], Field(max_length=20)]
Filters = Annotated[
    _ManyFilters, BeforeValidator(as_filters, json_schema_input_type=RowFilter | _ManyFilters)
]


class LineConstants(Document):
    """What no column of a file says, because it is the same of all its lines."""

    atc: AtcCode | None = Field(default=None, description="the ATC code of every line")
    dispensed_on: Day | None = Field(default=None, description="the day of every dispensing")
    product_number: Text | None = Field(default=None, description="the product of every line")
    ddd: ExactNumber | None = Field(default=None, description="the DDDs of every line")
    packages: ExactNumber | None = Field(default=None, description="the packages of every line")
    sex: Literal["F", "M"] | None = Field(default=None, description="F (women) or M (men)")
    birth_year: BirthYear | None = Field(default=None, description="the birth year of everybody")
    reimbursement_icd: Text | None = Field(default=None, description="the ICD code of every line")
    reimbursement_icpc: Text | None = Field(default=None, description="the ICPC code of every line")

    @property
    def given(self) -> dict[str, Any]:
        """The values by our name."""
        return _given(self)


class CompanionConstants(Document):
    """What no column of a file beside the dispensings says: it is the same of all its lines."""

    sex: Literal["F", "M"] | None = Field(default=None, description="F (women) or M (men)")
    birth_year: BirthYear | None = Field(default=None, description="the birth year of everybody")
    observed_from: Day | None = Field(default=None, description="the first day of every period")
    observed_to: Day | None = Field(default=None, description="the last day of every period")

    @property
    def given(self) -> dict[str, Any]:
        """The values by our name."""
        return _given(self)


def _given(constants: Document) -> dict[str, Any]:
    return {name: value for name, value in constants if value is not None}


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
    constant: CompanionConstants = Field(
        default=CompanionConstants(), description="our name: the value that every line has"
    )
    where: Filters = Field(default=(), description="which lines are meant; the others are left out")

    @property
    def delivered(self) -> Names:
        """Our name: the delivered column, required and optional ones."""
        return {**self.columns, **self.optional_columns}

    @property
    def used_columns(self) -> tuple[str, ...]:
        """The names that are read where a file holds them, the pseudonym first."""
        names = [self.columns["pseudonym"], *self.delivered.values()]
        return tuple(dict.fromkeys([*names, *(one.column for one in self.where)]))
