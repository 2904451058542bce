"""Guess which columns of a file are ours: by known sources, by usual names, by content."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ldn_spark.delivery.guess.date_guesses import ENOUGH, DateGuess, guess_date_format
from ldn_spark.delivery.guess.guesses import Guess, holds_numbers, holds_years, share_of_atc_codes
from ldn_spark.delivery.guess.inspection import Sample
from ldn_spark.delivery.guess.presets import Match, sections_of
from ldn_spark.delivery.guess.usual_names import AGES, alike, usual_columns
from ldn_spark.delivery.source.checks import OPTIONAL_COLUMNS, REQUIRED_COLUMNS
from ldn_spark.delivery.source.sources import Source

_MANY = 100
"""Rows among which a person should come twice."""


@dataclass
class Columns:
    """What the columns of a file are taken for.

    Attributes:
        sample: the file's beginning.
        columns: our name: the delivered column, and why.
        ignored: columns that a known source does not need.
        unknown: the other columns, and what is known of them.
        factors: the columns that the amount in DDDs is computed of, and why.
        computed: how it is.
        age: the column of an age and how it is counted, and why.
        no_id: the flag of dispensings that no person is known of, and why.
        width: of product numbers, as the source has it that knows the column.
    """

    sample: Sample
    columns: dict[str, Guess] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    unknown: dict[str, str] = field(default_factory=dict)
    factors: Guess = field(default_factory=lambda: Guess(None, ""))
    computed: dict[str, list[str]] = field(default_factory=dict)
    age: Guess = field(default_factory=lambda: Guess(None, ""))
    no_id: Guess = field(default_factory=lambda: Guess(None, ""))
    width: Guess = field(default_factory=lambda: Guess(None, ""))
    _days: dict[str, DateGuess] = field(default_factory=dict)

    def texts(self, name: str) -> list[str]:
        """The texts of the column that is taken for one of ours; none where there is none."""
        guess = self.columns.get(name)
        return self.sample.texts[guess.value] if guess else []

    @property
    def used(self) -> list[str]:
        """The delivered columns that something is made of."""
        names = [guess.value for guess in self.columns.values()]
        names += self.factors.value or ()
        return [*names, self.age.value[0]] if self.age.value else names

    def days(self, delivered: str) -> DateGuess:
        """How the days of a delivered column are written, if it holds any."""
        if delivered not in self._days:
            self._days[delivered] = guess_date_format(self.sample.texts[delivered])
        return self._days[delivered]

    def holds_days(self, delivered: str) -> bool:
        """Whether a delivered column cannot hold anything but days."""
        return "date" in self.sample.types.get(delivered, "") or self.days(delivered).is_of_days


def guess_columns(sample: Sample, matches: Sequence[Match]) -> Columns:
    """Columns by the names that sources know, the most alike source first; then by usual names.

    What neither names is told by what it holds, where one column alone does.
    """
    found = Columns(sample)
    left = {alike(name): name for name in sample.header}
    sources = list({match.source.id: match.source for match in matches}.values())
    for source in sources:
        _as_named_by(found, source, left)
        _computed(found, source, left)
    _as_usually_named(found, left)
    _by_content(found, left)
    if "born_on" in found.columns and "birth_year" in found.columns:
        left["born_on"] = found.columns.pop("born_on").value
    ignored = {alike(name) for source in sources for name in source.ignored_columns}
    used = {guess.value for guess in found.columns.values()}
    used |= {*(found.factors.value or ()), *(found.age.value or ())}
    used |= {found.no_id.value["column"]} if found.no_id.value else set()
    rest = [name for name in dict.fromkeys(sample.header) if name and name not in used]
    found.ignored = [name for name in rest if alike(name) in ignored]
    found.unknown = {name: _remark(found, name) for name in rest if name not in found.ignored}
    return found


def _as_named_by(found: Columns, source: Source, left: dict[str, str]) -> None:
    for section in sections_of(source):
        for ours, theirs in section.delivered.items():
            known = ours in (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS)
            if known and ours not in found.columns and alike(theirs) in left:
                name = left.pop(alike(theirs))
                found.columns[ours] = Guess(name, f"so called by source {source.id}")
                if ours == "product_number":
                    found.width = Guess(source.product_number_width, f"source {source.id}")


def _computed(found: Columns, source: Source, left: dict[str, str]) -> None:
    """What a source computes from columns that are all here."""
    here = {alike(name): name for name in found.sample.header}
    computed, why = source.computed, f"as source {source.id} has it"
    factors = [here.get(alike(name)) for name in computed.ddd.parts] if computed.ddd else []
    wanted = "ddd" not in found.columns and not found.factors.value
    if factors and wanted and None not in factors:
        found.factors = Guess(factors, why)
        ways = {"multiply": computed.ddd.multiply, "divide": computed.ddd.divide}
        found.computed = {
            way: [here[alike(name)] for name in names] for way, names in ways.items() if names
        }
        for name in factors:
            left.pop(alike(name), None)
    if source.no_id and not found.no_id.value and alike(source.no_id.column) in left:
        flag = {"column": left.pop(alike(source.no_id.column)), "values": [*source.no_id.values]}
        found.no_id = Guess(flag, why)
    if computed.birth_year and not found.age.value:
        name = alike(computed.birth_year.age)
        if name in left and not {"birth_year", "born_on"} & found.columns.keys():
            found.age = Guess((left.pop(name), computed.birth_year.counted_as), why)


def _as_usually_named(found: Columns, left: dict[str, str]) -> None:
    """Columns that users of many registers call so, and that hold what the name says."""
    taken = {"ddd"} if found.factors.value else set()
    taken |= {"birth_year", "born_on"} if found.age.value else set()
    for ours in (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS):
        if ours in found.columns or ours in taken:
            continue
        for name in usual_columns(ours, [*left.values()]):
            if name and _holds(found, ours, name):
                left.pop(alike(name), None)
                found.columns[ours] = Guess(name, f"usually so called{_doubt(found, ours, name)}")
                break


def _holds(found: Columns, ours: str, name: str) -> bool:
    """Whether a column holds what one of ours does."""
    texts = found.sample.texts[name]
    fits: dict[str, Callable[[Sequence[str]], bool]] = {
        "atc": lambda texts: share_of_atc_codes(texts) >= ENOUGH / 2,
        "birth_year": holds_years,
        "death_year": holds_years,
        "ddd": holds_numbers,
        "packages": holds_numbers,
        "dispensed_on": _holds_digits,
        "born_on": _holds_digits,
        "died_on": _holds_digits,
    }
    return not any(texts) or ours not in fits or fits[ours](texts)


def _holds_digits(texts: Sequence[str]) -> bool:
    """Whether most of what a column holds has a digit in it, as days have."""
    texts = [text for text in texts if text]
    return 2 * sum(any(map(str.isdigit, text)) for text in texts) >= len(texts)


def _doubt(found: Columns, ours: str, name: str) -> str:
    """What speaks against a pseudonym: no person comes twice."""
    texts = [text for text in found.sample.texts[name] if text]
    if ours == "pseudonym" and len(texts) >= _MANY and len({*texts}) == len(texts):
        return "; but every row has another one: does it number the rows?"
    return ""


def _by_content(found: Columns, left: dict[str, str]) -> None:
    """Columns that only look like codes or days, where one alone does."""
    texts = found.sample.texts
    for ours, why, fits in (
        ("atc", "holds ATC codes", lambda name: share_of_atc_codes(texts[name]) >= ENOUGH),
        ("dispensed_on", "the only one of days", found.holds_days),
    ):
        if ours not in found.columns:
            here = [key for key, name in left.items() if name and fits(name)]
            if len(here) == 1:
                found.columns[ours] = Guess(left.pop(here[0]), why)


def _remark(found: Columns, name: str) -> str:
    """What is known of a column that is not read."""
    if alike(name) in AGES and "birth_year" not in found.columns:
        return "an age? 'computed: {birth_year: {age: …, counted_as: …}}' makes birth years of it"
    for ours in (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS):
        if ours not in found.columns and name in usual_columns(ours, [name]):
            return f"named like {ours}, but does not hold such values"
    return ""


def columns_of_days(found: Columns) -> Iterator[str]:
    """The delivered columns that may hold the day of dispensing, where none is told."""
    used = {guess.value for guess in found.columns.values()}
    for name in found.unknown:
        if name not in used and found.holds_days(name):
            yield name
