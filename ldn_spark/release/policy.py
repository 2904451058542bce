"""The rules of a data holder for what may leave: one file each, with no hidden defaults.

A file in `conf/policies` states every key. A project's own file names one of them in `extends` and
states what it tightens; a key that would loosen the rule is refused.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, RootModel, ValidationError, create_model, model_validator

from ldn_spark.errors import ConfigError, Problem
from ldn_spark.release.tightening import loosened
from ldn_spark.texts.documents import Document, content_hash, find_document, read_document
from ldn_spark.texts.values import MANY, Label, Name, Title
from ldn_spark.texts.yamltree import read_tree

Mode = Literal["suppress", "round_consistent", "round_nearest", "midpoint6"]
Share = Annotated[float, Field(ge=0, le=1)]
Persons = Annotated[int, Field(ge=1, le=1000)]
Decimals = Annotated[int, Field(ge=0, le=6)]
Weight = Annotated[float, Field(ge=0, le=1000)]
Format = Literal["png", "pdf", "svg"]
FileType = Literal["csv", "md", "html", "png", "json", "docx", "xlsx"]


class Dominance(Document):
    """When a sum of amounts tells too much of its largest contributors."""

    nk: tuple[Annotated[int, Field(ge=1, le=2)], Share] | None = Field(
        description="[n, share]: the n largest may not make up more than the share; null = no rule"
    )
    p_percent: Annotated[float, Field(ge=0, le=100)] = Field(
        description="what all but the two largest add must be at least this % of the largest"
    )
    negative: Literal["hide", "review"] = Field(
        description="a sum of which a person's amount is below 0, for which neither rule is made"
    )


class DecimalPlaces(Document):
    """Decimals of what is released."""

    mean: Decimals = Field(description="of means and their differences")
    sd: Decimals = Field(description="of standard deviations and errors")
    percent: Decimals = Field(description="of shares in per cent")
    p: Decimals = Field(description="of p-values")
    relative: Decimals = Field(description="of relative changes in per cent")


class Rounding(Document):
    """How counts and doses are rounded."""

    base: Annotated[int, Field(ge=1, le=100)] = Field(description="of counts, in rounding modes")
    ddd_significant: Annotated[int, Field(ge=1, le=15)] = Field(
        description="significant digits of sums of doses, in rounding modes"
    )


class Curves(Document):
    """What of the curves may be released."""

    fewest_dispensers: Persons = Field(description="persons in every period of every stratum")
    grids: Annotated[tuple[Literal[7, 14, 28, 91], ...], Field(min_length=1)] = Field(
        description="days of the periods that may be used; the whole window is tried last"
    )
    band: Literal["recomputed", "none"] = Field(description="the band at the ends of periods")


class Figures(Document):
    """What of the figures may be released."""

    formats: tuple[Format, ...] = Field(description="file formats")
    max_dpi: Annotated[int, Field(ge=50, le=1200)] = Field(description="the finest resolution")
    svg: Literal["never", "released_values_only"] = Field(
        description="whether vector graphics, which hold what they draw, may leave"
    )


class Files(Document):
    """What files a release may hold."""

    max_rows: Annotated[int, Field(ge=1, le=MANY)] = Field(description="of a CSV file")
    max_bytes: Annotated[int, Field(ge=1, le=10**12)] = Field(description="of any file")
    types: Annotated[tuple[FileType, ...], Field(min_length=1)] = Field(
        description="endings of files"
    )


class Weights(Document):
    """How much each kind of number is missed when it is hidden."""

    total: Weight = Field(description="of the outcome that is all of them together")
    main: Weight = Field(description="of main outcomes")
    secondary: Weight = Field(description="of secondary outcomes")
    additional: Weight = Field(description="of other outcomes")
    overall: Weight = Field(description="all strata together, beside a stratum")
    users: Weight = Field(description="of users in a window")
    pair: Weight = Field(description="of the persons who began or stopped, with interval and p")
    dose: Weight = Field(description="of a sum of doses in a window, and its mean")
    spread: Weight = Field(description="of standard deviations of doses, with interval and p")


class Rules(Document):
    """What a policy says."""

    mode: Mode = Field(description="how small counts are protected")
    threshold: Annotated[int, Field(ge=2, le=1000)] = Field(
        description="a number of persons from 1 to one less is small"
    )
    confirmed_by: Label | None = Field(
        description="what states the threshold: a rule book, or a delivery contract with its "
        "number and date; null = not confirmed, and nothing is released"
    )
    zeros: Literal["shown", "small"] = Field(description="whether 0 is small too")
    complements: Literal["small", "free"] = Field(
        description="persons without use, and outside of a subgroup"
    )
    nested_differences: Literal["small", "free"] = Field(
        description="persons of an outcome who have none of one within it, and of two at once"
    )
    discordant: Literal["small", "free"] = Field(
        description="persons who began and who stopped, as numbers of their own"
    )
    keep_possible: Literal["class", "beyond"] = Field(
        description="what must stay possible of a small number: every small one, or one more too"
    )
    attacker: Literal["integer", "real"] = Field(
        description="whether who reads the release knows that persons are whole"
    )
    contributors: Persons = Field(description="the fewest users behind a dose")
    dominance: Dominance = Field(description="when a sum tells too much of one person")
    dose_interval: Share = Field(description="share by which a hidden sum stays open, both ways")
    min_group: Persons = Field(description="strata and subgroups of fewer are hidden whole")
    percent: Literal["from_released"] = Field(description="what shares are made of")
    decimals: DecimalPlaces = Field(description="of what is released")
    round: Rounding = Field(description="of counts and doses")
    curves: Curves = Field(description="what of the curves may leave")
    figures: Figures = Field(description="what of the figures may leave")
    files: Files = Field(description="what files may leave")
    ledger: Literal["required", "none"] = Field(
        description="whether earlier releases are held against this one"
    )
    four_eyes: bool = Field(description="whether another person than the runner approves")
    max_hidden_weight: Share = Field(description="a release that hides a larger share is refused")
    weights: Weights = Field(description="how much each kind of number is missed")
    mark: Annotated[str, Field(min_length=1, max_length=5)] = Field(
        description="what stands where a number is hidden"
    )


class Policy(Rules):
    """The rules of one data holder, or of one project under them."""

    id: Name = Field(description="its name, that of the file")
    title: Title = Field(description="whose rules these are, in a line")
    source: Title = Field(description="where the rules are stated")

    @model_validator(mode="after")
    def _check(self) -> Policy:
        if self.mode == "round_consistent" and self.round.base < self.threshold:
            raise ValueError(
                f"round.base is {self.round.base}, below the threshold {self.threshold}, so small "
                "numbers would be told; write the threshold or more"
            )
        if self.mode == "midpoint6" and self.threshold > 8:
            raise ValueError("midpoint6 protects numbers up to 7; take another mode")
        return self

    @property
    def hash(self) -> str:
        """SHA-256 of what it says."""
        return content_hash(self)

    def is_small(self, persons: int) -> bool:
        """Whether a number of persons may not be told."""
        return (0 if self.zeros == "small" else 1) <= persons < self.threshold

    def require_confirmed(self) -> None:
        """Refuse a threshold that no rule book or contract states.

        Raises:
            ConfigError: `confirmed_by` is null.
        """
        if self.confirmed_by is None:
            what = f"nobody has confirmed the threshold {self.threshold}"
            mend = (
                f"ask the data holder; write a policy with `extends: {self.id}` and `confirmed_by: "
                "the contract, its number and date`"
            )
            raise ConfigError(Problem(f"policy {self.id}: confirmed_by", what, mend))


def _own(name: str) -> tuple[Any, Any]:
    field = Rules.model_fields[name]
    annotation = field.rebuild_annotation()
    return (annotation | None, Field(None, description=field.description))


_OWN: dict[str, Any] = {name: _own(name) for name in Rules.model_fields}
_Tightened: type[Document] = create_model(
    "Tightened",
    __base__=Document,
    extends=(Name, Field(description="the policy of the data holder")),
    id=(Name, Field(description="its name")),
    title=(Title, Field(description="whose rules these are, in a line")),
    source=(Title | None, Field(None, description="where the rules are stated")),
    **_OWN,
)


def load_policy(name_or_path: str) -> Policy:
    """A policy by name (`ssb`) or path; one that extends another is laid over it.

    Raises:
        ConfigError: there is none, its file is wrong, or it loosens what it extends.
    """
    path = find_document(name_or_path, "policies")
    tree, _ = read_tree(path)
    if not isinstance(tree.value, dict) or "extends" not in tree.value:
        return read_document(path, Policy)
    own = read_document(path, _Tightened)
    stated = own.model_dump(exclude_unset=True)
    base = load_policy(stated.pop("extends"))
    rules = {name: stated[name] for name in Rules.model_fields if name in stated}
    if loose := loosened(base.model_dump(), rules):
        mend = f"state what is tighter, or have an exception approved for it ({base.id} holds)"
        found = [(f"{path}: {key}", f"is looser than {base.id}: {why}") for key, why in loose]
        raise ConfigError([Problem(where, what, mend) for where, what in found])
    try:
        return Policy.model_validate({**base.model_dump(), **stated})
    except ValidationError as error:
        said = [str(one["ctx"]["error"]).partition("; ") for one in error.errors()]
        raise ConfigError([Problem(str(path), what, mend) for what, _, mend in said]) from None


class PolicyFile(RootModel[Policy | _Tightened]):
    """What a file in `conf/policies`, or a project's own, may say."""
