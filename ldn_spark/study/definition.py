"""A study definition states everything that decides a number, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Protocol, TypeVar

from pydantic import (
    AfterValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from ldn_spark.study import choices
from ldn_spark.study.codes import shortest_prefixes
from ldn_spark.study.criteria import Criterion
from ldn_spark.study.exposures import Exposure as Exposure
from ldn_spark.study.exposures import IndexEvent as IndexEvent
from ldn_spark.study.exposures import OtherExposures, Prefixes, renamed
from ldn_spark.study.ids import MAIN as MAIN
from ldn_spark.study.ids import OVERALL as OVERALL
from ldn_spark.study.ids import STUDY as STUDY
from ldn_spark.study.ids import DesignId, Id
from ldn_spark.study.windows import DayWindowPair
from ldn_spark.texts.documents import Document
from ldn_spark.texts.faults import Faults, refuse
from ldn_spark.texts.values import IndexYear, Label, Name, Title, ZeroOrMore

Returns = Literal["cancel", "no_dispense", "as_dispense"]
"""What a line of a returned medicine does; `transforms.returns` says it in full."""


class EligibilityStep(Document):
    """One condition for staying in the cohort; applied in the order of the file."""

    id: Id = Field(description="its name in attrition.csv")
    label: Label = Field(description="its name in the flow diagram")
    keep_if: Criterion = Field(description="who stays")


class Windows(Document):
    """The observation windows in days from the index date, both ends included."""

    before: DayWindowPair = Field(description="[first, last] day before, as in [-365, -1]")
    after: DayWindowPair = Field(description="[first, last] day after, as in [0, 364]")

    @model_validator(mode="after")
    def _check(self) -> Windows:
        if self.before.last >= self.after.first:
            raise ValueError(
                f"the windows overlap: before ends on day {self.before.last}, after begins on day "
                f"{self.after.first}; end 'before' on day -1 and begin 'after' on day 0"
            )
        return self


class Design(Windows):
    """Another pair of windows, in which everything is measured and compared once more."""

    id: DesignId = Field(description="its name in results")
    label: Label = Field(description="its name in tables and figures")


class Level(Document):
    """One stratum: persons with `at_least` to `at_most` exposure dispenses; null = no limit."""

    id: Id = Field(description="its name in contrasts and results")
    label: Label = Field(description="its name in tables and figures")
    at_least: ZeroOrMore = Field(description="the fewest exposure dispenses")
    at_most: ZeroOrMore | None = Field(description="the most exposure dispenses; null = no limit")


class Strata(Document):
    """How persons are stratified by the number of exposure dispenses after the index date."""

    counting_window: DayWindowPair = Field(
        description="the days [first, last] from the index date in which exposure dispenses are "
        "counted"
    )
    index_dispense: Literal["counted", "not_counted"] = Field(
        description="whether the dispense of the index date is one of them"
    )
    same_day: Literal["each_dispense", "one_a_day"] = Field(
        description="each_dispense: every line counts; one_a_day: every day with a line counts once"
    )
    levels: tuple[Level, ...] = Field(
        min_length=1, max_length=50, description="the strata, from the fewest dispenses on, no gaps"
    )

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

    def level_of(self, dispenses: int) -> Level:
        """The stratum of a person with so many exposure dispenses.

        Raises:
            ValueError: there is none, which no number of dispenses that is counted has.
        """
        reached = [level for level in self.levels if level.at_least <= dispenses]
        if not reached:
            raise ValueError(f"no stratum has {dispenses} dispenses")
        return reached[-1]  # the strata have neither gaps nor an end


class Outcome(Document):
    """A union of ATC prefixes whose dispensings are counted and whose DDDs are summed."""

    id: Id = Field(description="its name in results")
    label: Label = Field(description="its name in tables and figures")
    atc: Annotated[Prefixes, AfterValidator(shortest_prefixes)] = Field(
        description="ATC codes or beginnings of them; a dispensing counts once"
    )
    role: Literal["total", "main", "secondary", "additional"] = Field(
        description="total: all examined medicines; main: Tables 2 and 3; secondary: Tables 4 and "
        "5; additional: users in Table 5 only"
    )
    may_be_empty: bool = Field(description="whether finding no dispensing at all is acceptable")


class Subgroup(Document):
    """A part of the cohort in which everything is computed once more."""

    id: Id = Field(description="its name in results")
    label: Label = Field(description="its name in tables and figures")
    keep_if: Criterion = Field(description="who belongs to it")


class Contrast(Document):
    """A difference-in-differences: change in the comparator minus change in the exposed."""

    comparator: Name = Field(description="the id of the stratum that is compared with")
    exposed: Name = Field(description="the id of the stratum that is compared")

    @property
    def id(self) -> str:
        """`comparator-exposed`, the name in every result."""
        return f"{self.comparator}-{self.exposed}"


class Statistics(Document):
    """The methods behind the printed columns; all others stand beside them in the estimates."""

    confidence_level: Annotated[float, Field(gt=0.5, le=0.9999)] = Field(
        description="of every interval: 0.95"
    )
    paired_proportion_interval: choices.PairedInterval = Field(
        description="the printed interval of the change in the share of users"
    )
    mcnemar: choices.McNemar = Field(description="the printed variant of McNemar's test")
    did_mean_variance: choices.MeanVariance = Field(
        description="the variance of the difference-in-differences of means"
    )
    dispersion: choices.Dispersion = Field(
        description="what stands in brackets after a mean: standard deviation or standard error"
    )
    power: Annotated[float, Field(gt=0.5, le=0.9999)] = Field(
        description="of the minimal detectable difference: 0.8"
    )


class Figures(Document):
    """What the figures show."""

    curve_contrast: Contrast = Field(description="the two strata that the curves compare")
    curve_outcomes: tuple[Name, ...] = Field(
        min_length=1, max_length=100, description="the ids of the outcomes that have a curve"
    )


class _WithId(Protocol):
    @property
    def id(self) -> str: ...


def _later_ones(names: Sequence[str]) -> list[int]:
    """The positions of names that occur before."""
    return [position for position, name in enumerate(names) if name in names[:position]]


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


Labelled = TypeVar("Labelled", EligibilityStep, Design, Level, Subgroup)


def _relabelled(parts: Sequence[Labelled], drug: str, other: str) -> tuple[Labelled, ...]:
    """Parts with the abbreviation of another drug where their labels name one."""
    return tuple(
        part.model_copy(update={"label": renamed(part.label, drug, other)}) for part in parts
    )


class StudyDefinition(Document):
    """A controlled before-after study of one exposure drug."""

    id: Id = Field(description="its name in paths and results; that of its file as a rule")
    title: Title = Field(description="what stands above its report")
    reference: Title = Field(description="the paper or protocol that it follows")
    atc_version: IndexYear = Field(description="the year of the ATC index that its codes are of")
    exposure: Exposure = Field(description="the drug whose start is studied")
    returns: Returns = Field(
        description="what a line with negative DDDs or packages does; cancel: it takes back the "
        "latest earlier dispensing of that person and product, or ATC code where it names no "
        "product; no_dispense: its DDDs are subtracted on its day, it is no dispensing; "
        "as_dispense: it counts as a dispensing of negative DDDs"
    )
    eligibility: tuple[EligibilityStep, ...] = Field(
        max_length=100, description="conditions for staying in the cohort, in order; may be []"
    )
    windows: Windows = Field(description="the days before and after the index date")
    designs: tuple[Design, ...] = Field(
        default=(),
        max_length=100,
        description="other pairs of windows, in which all is measured and compared again; without "
        "it, the pair under `windows` alone",
    )
    exposures: OtherExposures = Field(
        default=(),
        description="other drugs, for which the same study is done with a cohort of their own: "
        "all else is the study's; without it, the drug under `exposure` alone",
    )
    strata: Strata = Field(description="how persons are grouped by their exposure dispenses")
    subgroups: tuple[Subgroup, ...] = Field(
        max_length=50, description="parts of the cohort in which all is computed again; may be []"
    )
    outcomes: tuple[Outcome, ...] = Field(
        min_length=1, max_length=500, description="what is measured before and after"
    )
    contrasts: tuple[Contrast, ...] = Field(
        max_length=500, description="the pairs of strata for the difference-in-differences"
    )
    statistics: Statistics = Field(description="the methods behind the printed columns")
    figures: Figures = Field(description="what the figures show")

    @model_validator(mode="after")
    def _check(self) -> StudyDefinition:
        refuse([*self._repeated(), *self._unknown()])
        return self

    def _repeated(self) -> Faults:
        lists: tuple[tuple[str, tuple[str, ...], Sequence[_WithId]], ...] = (
            ("stratum", ("strata", "levels"), self.strata.levels),
            ("outcome", ("outcomes",), self.outcomes),
            ("design", ("designs",), self.designs),
            ("exposure", ("exposures",), self.exposures),
            ("subgroup", ("subgroups",), self.subgroups),
            ("eligibility step", ("eligibility",), self.eligibility),
            ("contrast", ("contrasts",), self.contrasts),
        )
        for kind, key, parts in lists:
            for position in _later_ones([part.id for part in parts]):
                what = f"{kind} '{parts[position].id}' occurs twice"
                yield (*key, position), f"{what}; give each its own id"
        yield from self._shared_folders()
        yield from self._same_drugs()
        totals = [n for n, outcome in enumerate(self.outcomes) if outcome.role == "total"]
        for position in totals[1:]:
            yield ("outcomes", position), "more than one outcome has the role 'total'; keep one"

    def _shared_folders(self) -> Faults:
        """Subgroups, designs and exposures have a folder of tables each."""
        of: dict[str, str] = {group.id: "subgroup" for group in self.subgroups}
        lists: tuple[tuple[str, str, Sequence[_WithId]], ...] = (
            ("designs", "design", self.designs),
            ("exposures", "exposure", self.exposures),
        )
        for key, kind, parts in lists:
            for position, part in enumerate(parts):
                if of.setdefault(part.id, kind) != kind:
                    what = f"'{part.id}' is the id of a {of[part.id]} and of {_a(kind)}"
                    yield (key, position), f"{what}; give each its own id"

    def _same_drugs(self) -> Faults:
        """Each row of a table of exposures is another drug, and says which."""
        own = "the study's own exposure"
        drugs, names = {self.exposure.drug: own}, {self.exposure.abbreviation: own}
        for position, one in enumerate(self.exposures):
            mine = f"exposure '{one.id}'"
            if (other := drugs.setdefault(one.drug, mine)) != mine:
                what = f"{mine} has the codes of {other}"
                yield ("exposures", position), f"{what}; leave one of them out"
            if (other := names.setdefault(one.abbreviation, mine)) != mine:
                what = f"'{one.abbreviation}' is the abbreviation of {other}, too"
                yield ("exposures", position, "abbreviation"), f"{what}; give each its own"

    def _unknown(self) -> Faults:
        strata = {level.id for level in self.strata.levels}
        named: list[tuple[tuple[str | int, ...], Contrast]] = [
            (("contrasts", n), contrast) for n, contrast in enumerate(self.contrasts)
        ]
        named.append((("figures", "curve_contrast"), self.figures.curve_contrast))
        for key, contrast in named:
            for name in sorted({contrast.comparator, contrast.exposed} - strata):
                what = f"contrast {contrast.id}: there is no stratum '{name}'"
                yield key, f"{what}; known: {', '.join(sorted(strata))}"
            if contrast.comparator == contrast.exposed:
                what = f"contrast {contrast.id} compares a stratum with itself"
                yield key, f"{what}; name two strata"
        known = {outcome.id for outcome in self.outcomes}
        for position, name in enumerate(self.figures.curve_outcomes):
            if name not in known:
                what = f"figures: there is no outcome '{name}'"
                yield ("figures", "curve_outcomes", position), f"{what}; check curve_outcomes"

    @model_serializer(mode="wrap")
    def _without_new_keys(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A study without a key that came later is what it was, and so is its hash."""
        content: dict[str, Any] = serialise(self)
        for key in ("designs", "exposures"):
            if not getattr(self, key):
                content.pop(key, None)
        return content

    @property
    def windows_by_design(self) -> dict[str, Windows]:
        """Every pair of windows by the id of its design, the study's own pair first."""
        return {MAIN: self.windows, **{design.id: design for design in self.designs}}

    def as_design(self, design: str) -> StudyDefinition:
        """The study with the windows of one of its designs as its own, and no other design."""
        windows = self.windows_by_design[design]
        return self.model_copy(update={"windows": windows, "designs": ()})

    def as_exposure(self, exposure: str) -> StudyDefinition:
        """The study with one of its exposures as its own, and no other exposure.

        Labels that name the drug by its abbreviation, as `LDN×1` does, name the other one.

        Raises:
            KeyError: it has no such exposure.
        """
        alone = self.model_copy(update={"exposures": ()})
        if exposure == STUDY:
            return alone
        drug = {one.id: one for one in self.exposures}[exposure].in_place_of(self.exposure)
        names = self.exposure.abbreviation, drug.abbreviation
        levels = _relabelled(self.strata.levels, *names)
        return alone.model_copy(
            update={
                "exposure": drug,
                "strata": self.strata.model_copy(update={"levels": levels}),
                "eligibility": _relabelled(self.eligibility, *names),
                "subgroups": _relabelled(self.subgroups, *names),
                "designs": _relabelled(self.designs, *names),
            }
        )

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
