"""Phrases that come from the study definition: windows, strata, exposure, contrasts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ldn_spark.reporting.cells import View
from ldn_spark.reporting.formats import MINUS, NO_BREAK, count, fixed, pretty
from ldn_spark.study.definition import Contrast, Level, StudyDefinition
from ldn_spark.study.windows import DayWindow

_NUMBERS = [
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]

ABBREVIATIONS = {
    "ATC": "Anatomical Therapeutic Chemical classification",
    "CI": "confidence interval",
    "DDD": "defined daily dose",
    "SD": "standard deviation",
    "SE": "standard error",
    "SMD": "standardised mean difference",
}


def number_word(number: int) -> str:
    """A small number as a word.

    >>> number_word(3), number_word(40)
    ('three', '40')
    """
    return _NUMBERS[number] if 0 <= number < len(_NUMBERS) else str(number)


def times(number: int) -> str:
    """How often, in words.

    >>> times(1), times(2), times(4)
    ('once', 'twice', 'four times')
    """
    named = {0: "never", 1: "once", 2: "twice"}
    return named.get(number) or f"{number_word(number)} times"


def how_often(level: Level) -> str:
    """How often persons of a stratum collected the exposure drug: `two or three times`."""
    if level.at_most is None:
        return f"{number_word(level.at_least)} or more times"
    if level.at_most == level.at_least:
        return times(level.at_least)
    joint = "or" if level.at_most == level.at_least + 1 else "to"
    return f"{number_word(level.at_least)} {joint} {number_word(level.at_most)} times"


def day(number: int) -> str:
    """A day relative to the index date, with a true minus sign."""
    return pretty(str(number))


def days(window: DayWindow) -> str:
    """A window as its two ends: `days −365 to −1`."""
    return f"days {day(window.first)} to {day(window.last)}"


def length(window: DayWindow) -> str:
    """How long a window is: `one year` or `180 days`."""
    years, rest = divmod(window.days, 365)
    if years == 1 and rest <= 1:
        return "one year"
    if years > 1 and rest <= (years + 3) // 4:
        return f"{number_word(years)} years"
    return f"{window.days} days"


def before_and_after(study: StudyDefinition) -> str:
    """Both windows around the first dispense, in words."""
    before, after = study.windows.before, study.windows.after
    first = f"the first dispense of {study.exposure.abbreviation}"
    if length(before) == length(after):
        spans = f"{length(before)} before and after {first}"
    else:
        spans = f"{length(before)} before and {length(after)} after {first}"
    return f"{spans} ({days(before)} and {days(after)}; day 0 is the index date)"


def strata_sentence(study: StudyDefinition, view: View) -> str:
    """The strata with their sizes, as under the paper's tables."""
    drug, levels = study.exposure.abbreviation, study.strata.levels
    parts = [
        f"{level.label} ({patients(view, level.id)}) "
        + (f"collected {drug} " if number == 0 else "")
        + how_often(level)
        for number, level in enumerate(levels)
    ]
    groups = f"{number_word(len(levels)).capitalize()} patient group{'s' * (len(levels) > 1)}"
    window = days(study.strata.counting_window)
    return f"{groups} by the number of {drug} dispenses on {window}: {listing(parts)}."


def patients(view: View, stratum: str) -> str:
    """The size of a stratum: `N = 3 590`, on one line."""
    size = count(view.count("cohort", stratum, "", "persons"))
    return f"N{NO_BREAK}={NO_BREAK}{size}"


def abbreviations(study: StudyDefinition, *names: str) -> str:
    """What the abbreviations stand for, the exposure drug first."""
    known = {study.exposure.abbreviation: study.exposure.name, **ABBREVIATIONS}
    wanted = (study.exposure.abbreviation, *names)
    return " ".join(f"{name}: {known[name]}." for name in wanted if known[name] != name)


def contrast_label(study: StudyDefinition, contrast: Contrast) -> str:
    """`LDN×1 − LDN×4+`: comparator minus exposed."""
    return (
        f"{stratum_label(study, contrast.comparator)} {MINUS} "
        f"{stratum_label(study, contrast.exposed)}"
    )


def stratum_label(study: StudyDefinition, stratum: str) -> str:
    """The printed name of a stratum."""
    return next(level.label for level in study.strata.levels if level.id == stratum)


def confidence(study: StudyDefinition) -> str:
    """`95% CI`."""
    text = fixed(study.statistics.confidence_level, 3, scale=100).rstrip("0").rstrip(".")
    return f"{text}% CI"


def percent_text(share: float) -> str:
    """A share of the study file as it is spoken of: `80%`."""
    return fixed(share, 3, scale=100).rstrip("0").rstrip(".") + "%"


def listing(parts: Sequence[str] | Iterable[str], joint: str = "and") -> str:
    """`a, b and c`.

    >>> listing(["a", "b", "c"]), listing(["a"]), listing([])
    ('a, b and c', 'a', '')
    """
    parts = list(parts)
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {joint} {parts[-1]}"


def sentence_case(text: str) -> str:
    """The first letter large, the others as they are."""
    return text[:1].upper() + text[1:]
