"""Day windows relative to the index date, and calendar periods."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from ldn_spark.texts.documents import Document, is_from_a_file
from ldn_spark.texts.values import DAY_SCHEMA, DAYS_REACH, Day, DayOffset


class DayWindow(Document):
    """Days from `first` to `last`, both included; day 0 is the index date.

    >>> DayWindow(first=-365, last=-1).days
    365
    """

    first: DayOffset = Field(description="the first day")
    last: DayOffset = Field(description="the last day")

    @model_validator(mode="after")
    def _check(self) -> DayWindow:
        if self.first > self.last:
            raise ValueError(
                f"the window ends (day {self.last}) before it begins (day {self.first}); swap them"
            )
        return self

    @property
    def days(self) -> int:
        """How many days the window holds."""
        return self.last - self.first + 1


class Period(Document):
    """Calendar days from `first` to `last`, both included."""

    first: Day = Field(description="the first day")
    last: Day = Field(description="the last day")

    @model_validator(mode="after")
    def _check(self) -> Period:
        if self.first > self.last:
            raise ValueError("the period ends before it begins; swap 'first' and 'last'")
        return self


def _pair(value: Any, info: ValidationInfo) -> Any:
    """`[first, last]`, as a study file writes a window or a period; a manifest writes both keys."""
    if isinstance(value, list | tuple):
        if len(value) != 2:
            raise ValueError("a window has a first and a last day; write [first, last]")
        return {"first": value[0], "last": value[1]}
    if is_from_a_file(info):
        raise ValueError("a first and a last day belong here; write [first, last]")
    return value


def _pair_schema(item: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"type": "array", "items": item, "minItems": 2, "maxItems": 2})


_OFFSET = {"type": "integer", "minimum": -DAYS_REACH, "maximum": DAYS_REACH}
DayWindowPair = Annotated[DayWindow, BeforeValidator(_pair), _pair_schema(_OFFSET)]
"""`[-365, -1]`."""
PeriodPair = Annotated[Period, BeforeValidator(_pair), _pair_schema(DAY_SCHEMA)]
"""`[2009-01-01, 2010-12-31]`."""
