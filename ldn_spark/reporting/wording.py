"""Phrases that come from the study definition: windows, strata, exposure, contrasts."""

from __future__ import annotations

from ldn_spark.reporting.cells import View
from ldn_spark.reporting.formats import MINUS, NO_BREAK, fixed
from ldn_spark.shown import counted
from ldn_spark.study.definition import Contrast, Level, StudyDefinition
from ldn_spark.study.windows import DayWindow
from ldn_spark.study.words import days, number_word, so_many_days

ABBREVIATIONS = {
    "ATC": "Anatomical Therapeutic Chemical classification",
    "CI": "confidence interval",
    "DDD": "defined daily dose",
    "SD": "standard deviation",
    "SE": "standard error",
    "SMD": "standardised mean difference",
}


def dispenses_of(level: Level) -> str:
    """How many exposure dispenses make a stratum: `two or three dispenses`."""
    low, high = level.at_least, level.at_most
    if high is None:
        return f"{number_word(low)} or more dispenses" if low else "any number of dispenses"
    if low == high:
        return f"{number_word(low)} {_dispenses(low)}"
    if low == 0:
        return f"at most {number_word(high)} {_dispenses(high)}"
    joint = "or" if high == low + 1 else "to"
    return f"{number_word(low)} {joint} {number_word(high)} dispenses"


def _dispenses(number: int) -> str:
    return "dispense" if number < 2 else "dispenses"


def length(window: DayWindow) -> str:
    """How long a window is: `one year` or `180 days`."""
    years, rest = divmod(window.days, 365)
    if years == 1 and rest <= 1:
        return "one year"
    if years > 1 and rest <= (years + 3) // 4:
        return f"{number_word(years)} years"
    return so_many_days(window.days)


def touch_index_date(study: StudyDefinition) -> bool:
    """Whether the windows end the day before the index date and begin on it."""
    return study.windows.before.last == -1 and study.windows.after.first == 0


def before_and_after(study: StudyDefinition) -> str:
    """Both windows, in words: as spans of time only where they touch the index date."""
    before, after = study.windows.before, study.windows.after
    if not touch_index_date(study):
        return f"before ({days(before)}) and after ({days(after)}; day 0 is the index date)"
    spans = f"{length(before)} before and {length(after)} after the index date"
    if length(before) == length(after):
        spans = f"{length(before)} before and after the index date"
    return f"{spans} ({days(before)} and {days(after)}; day 0 is the index date)"


def in_the_window_before(study: StudyDefinition) -> str:
    """When the window before lies: `one year before the index date`, or its days."""
    before = study.windows.before
    if before.last == -1:
        return f"{length(before)} before the index date"
    return f"on {days(before)}"


def index_dispense(study: StudyDefinition) -> str:
    """Which dispense makes the index date, by the rule of the study."""
    drug, event = study.exposure.abbreviation, study.exposure.index_event
    first = f"the first dispense of {drug} from {event.first.isoformat()} to"
    first = f"{first} {event.last.isoformat()}"
    if event.rule == "first_in_period":
        return first
    washout = event.washout_days
    assert isinstance(washout, int)
    return f"{first} with no {drug} in the {so_many_days(washout)} before it"


def counted_on(study: StudyDefinition) -> str:
    """When and how exposure dispenses are counted."""
    strata = study.strata
    index = "included" if strata.index_dispense == "counted" else "not counted"
    where = f"{days(strata.counting_window)}"
    if strata.counting_window.first <= 0:
        where += f", the index dispense {index}"
    if strata.same_day == "one_a_day":
        return f"{where}, several dispenses on one day count once"
    return f"{where}, several dispenses on one day count separately"


def strata_sentence(study: StudyDefinition, view: View) -> str:
    """The strata with their sizes, as under the paper's tables."""
    drug, levels = study.exposure.abbreviation, study.strata.levels
    parts = [
        f"{level.label}, {dispenses_of(level)} ({patients(view, level.id)})" for level in levels
    ]
    groups = f"{number_word(len(levels)).capitalize()} patient group{'s' * (len(levels) > 1)}"
    return f"{groups} by the number of {drug} dispenses ({counted_on(study)}): {'; '.join(parts)}."


def patients(view: View, stratum: str) -> str:
    """The size of a stratum: `N = 3 590`, on one line."""
    size = counted(view.count("cohort", stratum, "", "persons"))
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


def sentence_case(text: str) -> str:
    """The first letter large, the others as they are."""
    return text[:1].upper() + text[1:]
