"""Guess how the days of a column are written: a format, or the true reason why not.

Nothing that is said holds a text; years and the shape of texts are told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from ldn_spark.delivery.source.date_formats import DAYS, date_format
from ldn_spark.delivery.source.month_names import month_of

ENOUGH = 0.95
"""The share of a column's texts that must fit, so that some damaged rows do no harm."""
_YEARS = range(1900, 2101)
_LONGEST = 64
_OF_EXTRACTS = range(1980, 2050)
"""The years in which dispensings may lie that numbers stand for."""
_TIME = re.compile(
    r"(?P<between> ?T|[ _]{1,2}|:)(?P<hours>\d{1,2})(?P<mark>[:.])(?P<minutes>\d\d)"
    r"(?:(?P=mark)(?P<seconds>\d\d)(?:(?P<point>[.,])(?P<fraction>\d{1,9}))?)?"
    r"(?P<half> ?[AaPp]\.?[Mm]\.?)?(?P<offset> ?(?:[Zz]|[+-]\d\d(?::?\d\d)?))?",
    re.ASCII,
)
_RUNS = re.compile(r"[0-9]+|[^\W\d_]+|[\W_]+")
_SEPARATOR = re.compile(r"[-./ ,_]{1,3}")
_COMPACT = re.compile(r"(\d{8})( ?T| ?)(\d{4}|\d{6}|\d{9})(Z|[+-]\d{4}|)", re.ASCII)
"""A date and a time of digits alone: 20130102T103000Z."""
_BASE_DATES = {
    date(1899, 12, 30): "Excel",
    date(1960, 1, 1): "SAS, Stata",
    date(1970, 1, 1): "R, Unix",
}
_CLOCKS = (
    ("seconds from 1960-01-01, a SAS datetime", date(1960, 1, 1), 1),
    ("seconds from 1970-01-01, Unix time", date(1970, 1, 1), 1),
    ("seconds from 1582-10-14, an SPSS date", date(1582, 10, 14), 1),
    ("milliseconds from 1960-01-01, a Stata datetime", date(1960, 1, 1), 10**3),
    ("milliseconds from 1970-01-01, Unix time", date(1970, 1, 1), 10**3),
    ("microseconds from 1970-01-01, Unix time", date(1970, 1, 1), 10**6),
    ("nanoseconds from 1970-01-01, Unix time", date(1970, 1, 1), 10**9),
)
_DELIVERED = "have dates delivered, like 2013-01-31"


@dataclass(frozen=True, slots=True)
class DateGuess:
    """How days are written.

    Attributes:
        value: the format; None where it cannot be told or declared.
        why: how it was told, or why it could not be.
        hints: of numbers, what a day 0 would make of them, one sentence each.
        is_of_days: whether the texts cannot be anything else; numbers can.
    """

    value: str | None
    why: str
    hints: tuple[str, ...] = ()
    is_of_days: bool = True


def guess_date_format(texts: Iterable[str]) -> DateGuess:
    """The format in which nearly all texts are days; whole numbers are days from a day 0."""
    counts = Counter(text for text in texts if text)
    if not counts:
        return DateGuess(None, "the column is empty here", is_of_days=False)
    shares = {form: _share(counts, form) for form in _candidates(counts)}
    best = max(shares.values(), default=0.0)
    if best >= ENOUGH:
        return _of_formats([form for form, share in shares.items() if share == best], best)
    return _of_numbers(counts) or _of_half_dates(counts) or _of_several(shares)


def _share(counts: Counter[str], form: str) -> float:
    read = date_format(form).day
    days = sum(n for text, n in counts.items() if (day := read(text)) and day.year in _YEARS)
    return days / counts.total()


def _of_formats(forms: Sequence[str], share: float) -> DateGuess:
    if len(forms) > 1 and not forms[0].startswith("yyyy"):  # after a year comes the month
        what = f"looks like {' or '.join(forms)}: ambiguous, as no number here is a day beyond 12"
        return DateGuess(None, f"{what}; a larger part of the extract or the registry tells")
    why = "all that is there" if share == 1 else f"{share:.1%} of what is there"
    if date_format(forms[0]).has_time:
        why += "; a time stands behind the date, and is dropped"
    return DateGuess(forms[0], why)


def _candidates(counts: Counter[str]) -> Iterator[str]:
    """Formats that the shapes of the texts allow, each once; the usual order of parts first."""
    halves = [(text, *_halves(text)) for text, _ in counts.most_common(2000)]
    yield from dict.fromkeys(filter(None, (_compact_format(text) for text, *_ in halves[:20])))
    shapes: Counter[tuple[str, ...]] = Counter()
    for text, day, _ in halves:
        shapes[_shape(day)] += counts[text]
    seen: set[str] = set()
    for shape, _ in shapes.most_common(6):
        if not shape:
            continue
        alike = [(day, time) for _, day, time in halves if _shape(day) == shape]
        days, times = zip(*alike, strict=True)
        behind = _time_format(times)
        found = [form + behind for form in _date_formats(shape, days)]
        yield from (form for form in found if form not in seen)
        seen |= {*found}


def _compact_format(text: str) -> str:
    """The format of digits alone with a time behind the date; empty for another text."""
    if not (match := _COMPACT.fullmatch(text)):
        return ""
    time = {4: "HHmm", 6: "HHmmss", 9: "HHmmssSSS"}[len(match[3])]
    return f"yyyyMMdd{match[2].replace('T', chr(39) + 'T' + chr(39))}{time}{'X' * bool(match[4])}"


def _halves(text: str) -> tuple[str, re.Match[str] | None]:
    """A date, and the time behind it."""
    for match in _TIME.finditer(text) if len(text) <= _LONGEST else ():
        if match.end() == len(text) and match.start():
            return text[: match.start()], match
    return text, None


def _shape(day: str) -> tuple[str, ...]:
    """What a date consists of: `9` for a short number, `9999` for a long one, `A`, separators."""
    runs = _RUNS.findall(day[: _LONGEST + 1])
    if len(runs) > 7 or len(day) > _LONGEST:
        return ()
    shape = []
    for run in runs:
        if run.isdecimal():
            shape.append("9" if len(run) < 3 else "9" * len(run))
        elif run.isalpha():
            shape.append("A")
        elif _SEPARATOR.fullmatch(run):
            shape.append(run)
        else:
            return ()
    return tuple(shape)


def _time_format(times: Sequence[re.Match[str] | None]) -> str:
    """The format of the times behind dates; what some of them lack stands in brackets."""
    found = [time for time in times if time]
    if not found:
        return ""
    first = found[0]
    half = bool(first["half"])
    hours = "hh" if half else "HH"
    hours = hours if all(len(time["hours"]) == 2 for time in found) else hours[0]
    between = first["between"].replace("T", "'T'")
    clock = f"{between}{hours}{first['mark']}mm"
    fraction = _maybe([time["fraction"] for time in found if time["seconds"]], "S")
    point = next((time["point"] for time in found if time["point"]), "")
    fraction = fraction.replace("S", f"{point}S")
    clock += _maybe([time["seconds"] for time in found], f"{first['mark']}ss{fraction}")
    for part, letter in (("half", "a"), ("offset", "X")):
        said = next((time[part] for time in found if time[part]), "")
        clock += _maybe([time[part] for time in found], " " * said.startswith(" ") + letter)
    return clock if len(found) == len(times) else f"[{clock}]"


def _maybe(values: Sequence[str | None], form: str) -> str:
    """A part of a format: none has it, all have it, or some have."""
    there = sum(value is not None for value in values)
    return "" if not there else form if there == len(values) else f"[{form}]"


def _date_formats(shape: tuple[str, ...], days: Sequence[str]) -> Iterator[str]:
    """Formats of dates of one shape, the usual order of its parts first."""
    if shape == ("9" * 8,):
        yield from ("yyyyMMdd", "ddMMyyyy", "MMddyyyy")
        return
    parts = [at for at, part in enumerate(shape) if part[0] in "9A"]
    if len(parts) != 3:
        return
    runs = [_RUNS.findall(day) for day in days]
    kinds = [shape[at] for at in parts]
    padded = [all(len(run[at]) == 2 for run in runs) for at in parts]
    for names in _orders(kinds, shape):
        letters = list(shape)
        for at, name, whole in zip(parts, names, padded, strict=True):
            month = "MMM" if shape[at] == "A" else "MM" if whole else "M"
            letters[at] = {"y": "yyyy", "m": month, "d": "dd" if whole else "d"}[name]
        try:
            yield date_format("".join(letters)).text
        except ValueError:  # parts that touch without all their digits
            continue


def _orders(kinds: Sequence[str], shape: Sequence[str]) -> Sequence[str]:
    """The orders of year, month and day in which parts of these kinds may stand."""
    match [kind if kind in ("A", "9999") else "9" * (kind == "9") for kind in kinds]:
        case ["9999", "9", "9"]:
            return ("ymd", "ydm")
        case ["9", "9", "9999"]:
            return ("dmy",) if shape[1].startswith(".") else ("dmy", "mdy")
        case ["9", "A", "9999"]:
            return ("dmy",)
        case ["A", "9", "9999"]:
            return ("mdy",)
        case ["9999", "A", "9"]:
            return ("ymd",)
    return ()


def _of_numbers(counts: Counter[str]) -> DateGuess | None:
    """What numbers may be; None where the texts are none."""
    numbers = {text: n for text, n in counts.items() if _fits(r"[+-]?\d{1,20}([.,]\d*)?", text)}
    if sum(numbers.values()) < ENOUGH * counts.total():
        return None
    if any(mark in text for text in numbers for mark in ".,"):
        what = "numbers with decimals, as programs count days and parts of days"
        return DateGuess(None, f"{what}; {_DELIVERED}", is_of_days=False)
    lengths = {len(text) for text in numbers}
    if told := _of_digits(numbers) if len(lengths) == 1 else "":
        return DateGuess(None, told, is_of_days=False)
    values = [*map(int, numbers)]
    low, high = min(values), max(values)
    clocks = [what for what, base, unit in _CLOCKS if _spans(low, high, base, unit * 86_400)]
    if clocks and low > 10**7:
        what = f"numbers that may be {' or '.join(clocks)}"
        return DateGuess(None, f"{what}, which is not read; {_DELIVERED}", is_of_days=False)
    hints = tuple(
        f"{base} ({program}) would make them fall in {span}"
        for base, program in _BASE_DATES.items()
        if (span := _spans(low, high, base, 1))
    )
    if low < -(10**6) or high > 10**6:
        return DateGuess(None, f"numbers that are no days; {_DELIVERED}", is_of_days=False)
    why = "whole numbers: days from a day 0, as Excel, SAS or a registry counts them?"
    return DateGuess(DAYS, why, hints, is_of_days=False)


def _of_digits(numbers: Mapping[str, int]) -> str:
    """What digits of one length are that are no whole date; empty for none of them."""
    if _mostly(numbers, _is_month):
        return f"years and months (yyyyMM) without days; {_DELIVERED}"
    if _mostly(numbers, _is_short):
        return f"dates with years of two digits, which do not tell their century; {_DELIVERED}"
    if _mostly(numbers, lambda text: len(text) == 4 and int(text) in _OF_EXTRACTS):
        return f"years without months and days; {_DELIVERED}"
    if _mostly(numbers, _is_day_of_year):
        return f"years and numbers of days in them (yyyyDDD); {_DELIVERED}"
    return ""


def _of_half_dates(counts: Counter[str]) -> DateGuess | None:
    """Texts that are nearly dates, and what they lack."""
    for what, fits in (
        ("dates with years of two digits, which do not tell their century", _is_short),
        ("years and months without days", _is_month),
        ("weeks or quarters of years", lambda t: _fits(r"\d{4}[- ]?[WwQqKkUu]\d{1,2}(-?\d)?", t)),
        ("times of day without a date", lambda t: _fits(r"\d{1,2}:\d\d(:\d\d\S*)?", t)),
        ("dates of which year, month and day are all zero", lambda t: _fits(r"[0\W]{6,}", t)),
    ):
        if _mostly(counts, fits):
            return DateGuess(
                None, f"{what}; {_DELIVERED}", is_of_days=fits in (_is_short, _is_month)
            )
    return None


def _of_several(shares: dict[str, float]) -> DateGuess:
    """That no format fits enough, and which fit some."""
    some = sorted(((share, form) for form, share in shares.items() if share > 0), reverse=True)[:3]
    if not some:
        return DateGuess(None, "no format that is read fits", is_of_days=False)
    told = ", ".join(f"{form} fits {share:.1%}" for share, form in some)
    return DateGuess(None, f"no format fits {ENOUGH:.0%} of what is there: {told}")


def _mostly(counts: Mapping[str, int], fits: Callable[[str], bool]) -> bool:
    found = sum(n for text, n in counts.items() if fits(text))
    return found >= ENOUGH * sum(counts.values())


def _fits(pattern: str, text: str) -> bool:
    return bool(re.fullmatch(pattern, text, re.ASCII))


def _is_month(text: str) -> bool:
    """Whether a text is a year and a month: 201301, 2013-01, 01.2013, jan 2013."""
    match = re.fullmatch(r"(?P<y>\d{4})[-./ M]?(?P<m>\d\d)|(?P<n>\d\d?)[-./ ](?P<z>\d{4})", text)
    if match:
        return int(match["y"] or match["z"]) in _YEARS and 1 <= int(match["m"] or match["n"]) <= 12
    named = re.fullmatch(r"([^\W\d_]+\.?)[-./ ]*\d{4}|\d{4}[-./ ]*([^\W\d_]+\.?)", text)
    return bool(named and month_of(named[1] or named[2]))


def _is_short(text: str) -> bool:
    """Whether a text is a date with a year of two digits, in any order, a time behind it or not."""
    runs = _RUNS.findall(_halves(text)[0][:_LONGEST])
    parts = [run for run in runs if run.isalnum()]
    if len(runs) == 1 and _fits(r"\d{6}", runs[0]):
        parts = [runs[0][at : at + 2] for at in (0, 2, 4)]
    if len(parts) != 3:
        return False
    named = [month_of(part) for part in parts]
    for year, month, day in ((2, 1, 0), (0, 1, 2), (2, 0, 1)):
        short = [part.isdecimal() and len(part) <= 2 for part in parts]
        number = named[month] or (int(parts[month]) if short[month] else 0)
        if short[year] and short[day] and len(parts[year]) == 2 and number in range(1, 13):
            try:
                date(2000 + int(parts[year]), number, int(parts[day]))
            except ValueError:
                continue
            return True
    return False


def _is_day_of_year(text: str) -> bool:
    return _fits(r"\d{7}", text) and int(text[:4]) in _OF_EXTRACTS and 1 <= int(text[4:]) <= 366


def _spans(low: int, high: int, base: date, a_day: int) -> str:
    """The years from the lowest to the highest number, where dispensings may lie in them."""
    try:
        first, last = (base + timedelta(days=number // a_day) for number in (low, high))
    except OverflowError:
        return ""
    if first.year not in _OF_EXTRACTS or last.year not in _OF_EXTRACTS:
        return ""
    return f"{first.year}" if first.year == last.year else f"{first.year} to {last.year}"
