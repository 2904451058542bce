"""Day windows relative to the index date, and calendar periods."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, model_validator

from ldn_spark.study.documents import Document


class DayWindow(Document):
    """Days from `first` to `last`, both included; day 0 is the index date.

    >>> DayWindow(first=-365, last=-1).days
    365
    """

    first: int
    last: int

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

    first: date
    last: date

    @model_validator(mode="after")
    def _check(self) -> Period:
        if self.first > self.last:
            raise ValueError("the period ends before it begins; swap 'first' and 'last'")
        return self


def _pair(value: Any) -> Any:
    """`[first, last]`, as a study file writes a window or a period."""
    if isinstance(value, list | tuple):
        if len(value) != 2:
            raise ValueError("a window has a first and a last day; write [first, last]")
        return {"first": value[0], "last": value[1]}
    return value


DayWindowPair = Annotated[DayWindow, BeforeValidator(_pair)]
PeriodPair = Annotated[Period, BeforeValidator(_pair)]
