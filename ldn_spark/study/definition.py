"""What a study asks: everything that decides a number, and nothing else."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from ldn_spark.study.codes import AtcCode, shortest_prefixes
from ldn_spark.study.criteria import Criterion
from ldn_spark.study.documents import Document
from ldn_spark.study.windows import DayWindowPair

OVERALL = "overall"
"""The name of all strata taken together, and of the whole cohort among the subgroups."""


def _check_id(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_+\-]*", text) or text == OVERALL:
        raise ValueError(
            f"'{text}' is not a usable id; begin with a letter, then letters, digits, _, + and -"
        )
    return text


Id = Annotated[str, AfterValidator(_check_id)]
Prefixes = Annotated[tuple[AtcCode, ...], Field(min_length=1)]
Returns = Literal["cancel", "no_dispense", "as_dispense"]
"""What a line of a returned medicine does; `transforms.returns` says it in full."""


class IndexEvent(Document):
    """Which exposure dispensing is a person's index date.

    `first_in_period` takes the first one in the period; a wash-out then excludes persons with an
    exposure in the days before it. `first_after_washout` takes the first one in the period that
    has a clean wash-out before it: order is data.
    """

    first: date
    last: date
    rule: Literal["first_in_period", "first_after_washout"]
    washout_days: Annotated[int, Field(gt=0)] | Literal["none", "ever"]

    @model_validator(mode="after")
    def _check(self) -> IndexEvent:
        if self.first > self.last:
            raise ValueError("the index period ends before it begins; swap 'first' and 'last'")
        if self.rule == "first_after_washout" and self.washout_days in ("none", "ever"):
            raise ValueError(
                "'first_after_washout' needs a number of days; set 'washout_days' or use "
                "'first_in_period'"
            )
        return self


class Exposure(Document):
    """The drug whose start is studied: ATC codes, narrowed to product numbers where given."""

    name: str
    abbreviation: str
    atc: Prefixes
    products: str | None = Field(description="codelist of product numbers; null = every product")
    index_event: IndexEvent


class EligibilityStep(Document):
    """One condition for staying in the cohort; applied in the order of the file."""

    id: Id
    label: str
    keep_if: Criterion


class Windows(Document):
    """The observation windows in days from the index date, both ends included."""

    before: DayWindowPair
    after: DayWindowPair

    @model_validator(mode="after")
    def _check(self) -> Windows:
        if self.before.last >= self.after.first:
            raise ValueError(
                f"the windows overlap: before ends on day {self.before.last}, after begins on day "
                f"{self.after.first}; end 'before' on day -1 and begin 'after' on day 0"
            )
        return self


class Level(Document):
    """One stratum: persons with `at_least` to `at_most` exposure dispenses; null = no limit."""

    id: Id
    label: str
    at_least: Annotated[int, Field(ge=0)]
    at_most: int | None


class Strata(Document):
    """How persons are stratified by the number of exposure dispenses after the index date."""

    counting_window: DayWindowPair
    index_dispense: Literal["counted", "not_counted"]
    same_day: Literal["each_dispense", "one_a_day"]
    levels: Annotated[tuple[Level, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _check(self) -> Strata:
        if self.counting_window.first < 0:
            raise ValueError("exposure is counted from the index date on; begin on day 0 or later")
        lowest = 1 if self.index_dispense == "counted" and self.counting_window.first == 0 else 0
        expected = lowest
        for position, level in enumerate(self.levels):
            if level.at_least != expected:
                fault = "a gap" if level.at_least > expected else "an overlap"
                raise ValueError(
                    f"the strata have {fault} before '{level.id}': it begins at "
                    f"{level.at_least}; begin at {expected}"
                )
            if level.at_most is None:
                if position != len(self.levels) - 1:
                    raise ValueError(f"'{level.id}' has no upper limit; only the last stratum may")
                return self
            if level.at_most < level.at_least:
                raise ValueError(f"'{level.id}' ends before it begins; raise 'at_most'")
            expected = level.at_most + 1
        raise ValueError(
            f"the strata have a gap after '{self.levels[-1].id}'; set its 'at_most' to null"
        )


class Outcome(Document):
    """A union of ATC prefixes whose dispensings are counted and whose DDDs are summed."""

    id: Id
    label: str
    atc: Annotated[Prefixes, AfterValidator(shortest_prefixes)]
    role: Literal["total", "main", "secondary", "additional"] = Field(
        description="total: all examined medicines; main: Tables 2 and 3; secondary: Tables 4 and "
        "5; additional: users in Table 5 only"
    )
    may_be_empty: bool = Field(description="whether finding no dispensing at all is acceptable")


class Subgroup(Document):
    """A part of the cohort in which everything is computed once more."""

    id: Id
    label: str
    keep_if: Criterion


class Contrast(Document):
    """A difference-in-differences: change in the comparator minus change in the exposed."""

    comparator: str
    exposed: str

    @property
    def id(self) -> str:
        """`comparator-exposed`, the name in every result."""
        return f"{self.comparator}-{self.exposed}"


class Statistics(Document):
    """The methods behind the printed columns; all others stand beside them in the estimates."""

    confidence_level: Annotated[float, Field(gt=0.5, lt=1)]
    paired_proportion_interval: Literal[
        "wald", "wald_corrected", "agresti_min", "bonett_price", "newcombe10", "tango"
    ]
    mcnemar: Literal["uncorrected", "corrected", "exact", "mid_p"]
    did_mean_variance: Literal["welch", "pooled"]
    dispersion: Literal["sd", "se"]
    power: Annotated[float, Field(gt=0.5, lt=1)]


class Figures(Document):
    """What the figures show."""

    curve_contrast: Contrast
    curve_outcomes: Annotated[tuple[str, ...], Field(min_length=1)]


class StudyDefinition(Document):
    """A controlled before-after study of one exposure drug."""

    id: Id
    title: str
    reference: str
    atc_version: int
    exposure: Exposure
    returns: Returns = Field(
        description="what a line with negative DDDs or packages does; cancel: it takes back the "
        "latest earlier dispensing of that person and product, or ATC code where it names no "
        "product; no_dispense: its DDDs are subtracted on its day, it is no dispensing; "
        "as_dispense: it counts as a dispensing of negative DDDs"
    )
    eligibility: tuple[EligibilityStep, ...]
    windows: Windows
    strata: Strata
    subgroups: tuple[Subgroup, ...]
    outcomes: Annotated[tuple[Outcome, ...], Field(min_length=1)]
    contrasts: tuple[Contrast, ...]
    statistics: Statistics
    figures: Figures

    @model_validator(mode="after")
    def _check(self) -> StudyDefinition:
        for kind, ids in (
            ("stratum", [level.id for level in self.strata.levels]),
            ("outcome", [outcome.id for outcome in self.outcomes]),
            ("subgroup", [subgroup.id for subgroup in self.subgroups]),
            ("eligibility step", [step.id for step in self.eligibility]),
            ("contrast", [contrast.id for contrast in self.contrasts]),
        ):
            repeated = sorted({name for name in ids if ids.count(name) > 1})
            if repeated:
                raise ValueError(f"{kind} '{repeated[0]}' occurs twice; give each its own id")
        strata = {level.id for level in self.strata.levels}
        for contrast in (*self.contrasts, self.figures.curve_contrast):
            for name in (contrast.comparator, contrast.exposed):
                if name not in strata:
                    raise ValueError(
                        f"contrast {contrast.id}: there is no stratum '{name}'; "
                        f"known: {', '.join(sorted(strata))}"
                    )
            if contrast.comparator == contrast.exposed:
                raise ValueError(f"contrast {contrast.id} compares a stratum with itself")
        known = {outcome.id for outcome in self.outcomes}
        for name in self.figures.curve_outcomes:
            if name not in known:
                raise ValueError(f"figures: there is no outcome '{name}'; check curve_outcomes")
        if [outcome.role for outcome in self.outcomes].count("total") > 1:
            raise ValueError("more than one outcome has the role 'total'; keep one")
        return self

    @property
    def total_outcome(self) -> Outcome | None:
        """The outcome that holds every examined medicine; what the baseline table describes."""
        return next((outcome for outcome in self.outcomes if outcome.role == "total"), None)

    def outcomes_in_role(self, *roles: str) -> tuple[Outcome, ...]:
        """The outcomes of these roles, in the order of the file."""
        return tuple(outcome for outcome in self.outcomes if outcome.role in roles)

    @property
    def outcome_prefixes(self) -> tuple[str, ...]:
        """Every ATC prefix that any outcome needs, none inside another."""
        return shortest_prefixes(code for outcome in self.outcomes for code in outcome.atc)
