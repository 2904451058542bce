"""No sentence, caption or reason says what the numbers do not: generated studies and persons.

Each kind of claim has a checker that counts the persons again. A phrase that no checker knows is
caught where it is of a kind (`nobody`, `first dispense`, `one year before`, `N =`, `%`).
"""

from __future__ import annotations

import csv
import io
import re
from fractions import Fraction

import pytest

from ldn_spark.reporting.cautions import cautions
from ldn_spark.reporting.cells import View
from ldn_spark.reporting.facts import facts
from ldn_spark.reporting.figures.forest import main_contrast
from ldn_spark.reporting.figures.registry import FIGURES, figure_ids
from ldn_spark.reporting.findings import key_findings
from ldn_spark.reporting.methods import methods
from ldn_spark.reporting.paragraphs import results_paragraphs
from ldn_spark.reporting.summarised_result import summarised_result_csv
from ldn_spark.reporting.tables import all_tables
from ldn_spark.reporting.wording import length
from ldn_spark.study.definition import OVERALL
from tests.unit.reporting.claim_worlds import knows_doses, mean, users, world
from tests.unit.reporting.paper_like import plain
from tests.unit.reporting.reasons import CHECKS, is_true

SEEDS = range(60)
NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


@pytest.fixture(scope="module", params=SEEDS)
def invented(request):
    return world(request.param)


@pytest.fixture(scope="module")
def texts(invented):
    """Every sentence of a report but those of the tables' cells, by where it stands."""
    study, results = invented.study, invented.results
    found = {f"results.md {label}": text for label, text in results_paragraphs(study, results)}
    for subgroup in ("", *(group.id for group in study.subgroups)):
        for table in all_tables(study, results, subgroup=subgroup):
            labels = [label for row in table.rows() for label in (row.label,)]
            parts = (table.title, table.caption, *table.notes, *labels)
            found[f"{table.id} {subgroup}"] = " ".join(parts)
    for name in figure_ids(study, results):
        found[name] = " ".join(FIGURES[name].legend(study, results))
    for number, finding in enumerate(key_findings(study, results)):
        found[f"finding {number}"] = " ".join((finding.text, *finding.items))
    for fact in facts(study, results):
        found[f"tile {fact.label}"] = f"{fact.number} {fact.label} {fact.reading}"
    found |= {f"methods {heading}": text for heading, text in methods(study)}
    found |= {f"warning {n}": text for n, text in enumerate(cautions(study, results))}
    return {where: plain(text) for where, text in found.items()}


def test_reasons_are_true(invented):
    missing = [one for one in invented.results.estimates if one.value is None]
    false = {
        (one.table, one.stratum, one.outcome, one.quantity): one.reason
        for one in missing
        if not is_true(invented, one)
    }
    assert not false


def test_shares_are_of_the_known(invented):
    for stratum in (OVERALL, *(level.id for level in invented.study.strata.levels)):
        people = invented.of(stratum)
        sexes = [one.sex for one in people if one.sex]
        ages = [one.age for one in people if one.age is not None]
        get = View(invented.results)
        share, women, age = (
            get.value("cohort", stratum, "", name) for name in ("women_share", "women", "age_mean")
        )
        assert share == (sexes.count("F") / len(sexes) if sexes else None)
        assert age == (pytest.approx(sum(ages) / len(ages)) if ages else None)
        assert women == (None if people and not sexes else sexes.count("F"))
        for outcome in invented.study.outcomes:
            for place, when in enumerate(("before", "after")):
                dose = get.value("ddd", stratum, outcome.id, f"mean_{when}")
                if people and not knows_doses(people, outcome.id, [place]):
                    assert dose is None


def test_sizes_and_levels(invented, texts):
    """`Many, two or more dispenses (N = 5)`: the size, and the words for the level."""
    for where, text in texts.items():
        subgroup = "women" if where.endswith(" women") else ""
        for level in invented.study.strata.levels:
            size = len(invented.of(level.id, subgroup))
            pattern = rf"{level.label}, ([a-z0-9 ]+) \(N = (\d+)\)"
            for words, number in re.findall(pattern, text):
                assert int(number) == size, where
                assert _range(words) == (level.at_least, level.at_most), where
            for number in re.findall(rf"{level.label} \(N = (\d+)\)", text):
                assert int(number) == size, where
        assert len(re.findall(r"N = ", text)) == len(re.findall(r"\(N = \d+\)", text))


def _range(words: str) -> tuple[int, int | None]:
    def number(word):
        return NUMBERS.index(word) if word in NUMBERS else int(word)

    if words == "any number of dispenses":
        return 0, None
    if found := re.fullmatch(r"(\w+) or more dispenses", words):
        return number(found[1]), None
    if found := re.fullmatch(r"at most (\w+) dispenses?", words):
        return 0, number(found[1])
    if found := re.fullmatch(r"(\w+) (?:or|to) (\w+) dispenses", words):
        return number(found[1]), number(found[2])
    found = re.fullmatch(r"(\w+) (dispenses?)", words)
    assert found, words
    assert (found[2] == "dispense") == (number(found[1]) < 2)
    return number(found[1]), number(found[1])


def test_windows(invented, texts):
    """`one year before the index date` of a window that is a year and ends the day before it."""
    study = invented.study
    before, after = study.windows.before, study.windows.after
    event = study.exposure.index_event
    spans = r"((?:one|two|three|\d+) (?:days?|years?))"
    known = {(w.first, w.last) for w in (before, after, study.strata.counting_window)}
    for where, text in texts.items():
        for span in re.findall(rf"{spans} before(?! it| the index date are)", text):
            assert before.last == -1, where
            assert span == length(before), where
        for span in re.findall(rf"{spans} (?:before and )?after the index date", text):
            assert after.first == 0, where
            assert span == length(after), where
        for span in re.findall(rf"in the {spans} before (?:it|the index date)", text):
            number = 1 if span.startswith("one") else int(span.split()[0])
            assert number == event.washout_days, where
        for first, last in re.findall(r"days (−?\d+) (?:to|and) (−?\d+)", text):
            assert (_day(first), _day(last)) in known, where
        for one in re.findall(r"(?<!\w)day (−?\d+)(?! is| \(|\))", text):
            assert (_day(one), _day(one)) in known | {(0, 0)}, where
        assert not re.search(r"days −?\d+ to −?\d+ before", text), where


def _day(text: str) -> int:
    return int(text.replace("−", "-"))


def test_index_date(invented, texts):
    """`first dispense` is said with its period, and with its wash-out where the rule has one."""
    event = invented.study.exposure.index_event
    counting, index = invented.study.strata.counting_window, invented.study.strata.index_dispense
    for where, text in texts.items():
        for rest in re.findall(r"first dispense(.{0,90})", text):
            assert rest.startswith(" of LDN from 2013-01-01 to 2013-12-31"), where
            assert (" with no LDN in the " in rest) == (event.rule == "first_after_washout"), where
        said = re.findall(r"the index dispense (included|not counted)", text)
        meant = {"counted": "included", "not_counted": "not counted"}[index]
        assert set(said) <= ({meant} if counting.first == 0 else set()), where
        assert ("cumulated away from the index date" in text) <= (
            invented.study.windows.before.last == -1 and invented.study.windows.after.first == 0
        )


def test_users_in_words(invented, texts):
    """`One from 2 (40.0%) to 3 (60.0%), +20.0 percentage points`: counted again."""
    for outcome in invented.study.outcomes:
        text = texts[f"results.md {outcome.label}"]
        for level in invented.study.strata.levels:
            people = invented.of(level.id)
            found = re.search(
                rf"(?<!\w){level.label} from (\d+) \(([\d.]+)%\) to (\d+) \(([\d.]+)%\), (\S+) p",
                text,
            )
            if not people:
                assert found is None
                assert text.count(f"{level.label} has no patients") == 2
                continue
            assert found is not None
            counts = [users(people, outcome.id, place) for place in (0, 1)]
            assert [int(found[1]), int(found[3])] == counts
            for share, number in zip((found[2], found[4]), counts, strict=True):
                assert _near(share, Fraction(100 * number, len(people)))
            assert _near(found[5], Fraction(100 * (counts[1] - counts[0]), len(people)))
            _check_means(invented, outcome.id, level, text)


def _check_means(invented, outcome, level, text):
    people = invented.of(level.id)
    known = all(knows_doses(invented.of(OVERALL), outcome, [place]) for place in (0, 1))
    assert known or "Doses are not known" in text or "Doses cannot be compared" in text
    known = known and "Doses are not known" not in text
    head = "Mean dose in DDD per patient: " if known else "dispenses per patient: "
    means = text.split(head)[1]
    found = re.search(rf"(?<!\w){level.label} from ([\d.]+) to ([\d.]+), (\S+)", means)
    if known and not all(knows_doses(people, outcome, [place]) for place in (0, 1)):
        reason = r"(in the window (before|after) )?(no DDD|the DDDs)"
        assert re.search(rf"{level.label} \({reason}", means)
        return
    assert found is not None
    first = 2 if known else 0
    expected = [mean(people, outcome, first + place) for place in (0, 1)]
    for said, value in zip(found.groups(), (*expected, expected[1] - expected[0]), strict=True):
        assert _near(said, value)


def test_unknown_ddds_are_counted(invented, texts):
    """`of 2 of 5 dispenses before` in words; `2 (2 before, 0 after)` under every dose's table."""
    shown = {"table2 ": ("total", "main"), "table4 ": ("secondary",), "did_ddd ": None}
    for outcome in invented.study.outcomes:
        filled = [one.filled[outcome.id] for one in invented.persons]
        sums = [sum(one[place] for one in filled) for place in range(6)]
        text = texts[f"results.md {outcome.label}"]
        expected = [
            (str(sums[4 + place]), str(sums[place]), when)
            for place, when in enumerate(("before", "after"))
            if sums[4 + place] and "Mean dose" in text
        ]
        assert re.findall(r"of (\d+) of (\d+) dispenses (before|after)", text) == expected
        note = f"{outcome.label} {sums[4] + sums[5]} ({sums[4]} before, {sums[5]} after)"
        for where, roles in shown.items():
            if where in texts and (roles is None or outcome.role in roles):
                assert (note in texts[where]) == (sums[4] + sums[5] > 0), where


def _near(said: str, value: Fraction) -> bool:
    """Whether a printed number is the value, rounded at its last digit."""
    text = said.replace("−", "-").rstrip(",")
    digits = len(text.partition(".")[2])
    return abs(Fraction(text) - value) <= Fraction(1, 2 * 10**digits) + Fraction(1, 10**9)


def test_the_cohort_in_words(invented, texts):
    text = texts["finding 0"]
    persons = invented.persons
    said = re.match(r"(\d+) patients? (was|were) included: (.+?)\.", text)
    assert int(said[1]) == len(persons)
    assert (said[2] == "was") == (len(persons) == 1)
    sizes = [int(number) for number in re.findall(r"(\d+) (?:One|None|Many)", said[3])]
    assert sizes == [len(invented.of(level.id)) for level in invented.study.strata.levels]
    known = [one.sex for one in persons if one.sex]
    shares = re.findall(r"([\d.]+)% were women", text)
    assert len(shares) == bool(known)
    if known:
        assert _near(shares[0], Fraction(100 * known.count("F"), len(known)))
    partly = 0 < len(known) < len(persons)
    assert (f"of the {len(known)} whose sex is known" in text.lower()) == partly
    assert ("sex of no patient is known" in text) == (persons != () and not known)


def test_unknown_attributes_are_counted(invented, texts):
    persons = invented.persons
    sexes, ages = (sum(getattr(one, name) is None for one in persons) for name in ("sex", "age"))
    for where in ("table1 ", "balance "):
        for what, number in (("Sex", sexes), ("Age", ages)):
            said = re.findall(rf"{what} is unknown for (all )?(\d+) patients?", texts[where])
            expected = [("all " if number == len(persons) else "", str(number))] if number else []
            assert said == expected
            parts = re.findall(rf"{what} is unknown for \d+ patients? \(([^)]+)\)", texts[where])
            if parts:
                assert sum(map(int, re.findall(r"(\d+)", parts[0]))) == number


def test_percentages_of_the_strata_add_up(invented):
    table = all_tables(invented.study, invented.results)[0]
    cells = {row.key: row.cells for row in table.rows()}
    shares = [float(cell.parts[1]) for cell in cells["n"] if cell.parts[1]]
    if invented.persons:
        assert sum(shares) == pytest.approx(100, abs=0.2)
    for level, cell in zip(invented.study.strata.levels, cells["women"], strict=True):
        people = invented.of(level.id)
        if people and not any(one.sex for one in people):
            assert cell.text == "–"


def test_outcomes_that_differ(invented, texts):
    alpha = round(1 - invented.study.statistics.confidence_level, 12)
    contrast = main_contrast(invented.study)
    for text in texts.values():
        assert not re.search(r"\b0 of 0\b", text)
        for said in re.findall(r"Change in the (.+?) \(.*?\): (\d+) of (\d+) outcomes?", text):
            unit = {"share of users": "users", "mean dose": "ddd"}.get(said[0], "dispenses")
            found = [
                invented.results.value(f"did_{unit}", contrast.id, outcome.id, "p")
                for outcome in invented.study.outcomes
            ]
            tested = [p for p in found if p is not None]
            assert [int(said[1]), int(said[2])] == [sum(p < alpha for p in tested), len(tested)]


def test_who_fell_or_rose(invented, texts):
    contrast = main_contrast(invented.study)
    for where, text in texts.items():
        moved = re.findall(r"(One|None|Many) (fell|rose|did not change)(?! more| less)", text)
        compared = re.findall(r"(One|None|Many) (fell|rose) (more|less)", text)
        if not (moved or compared):
            continue
        assert where.startswith("tile")
        unit = 0 if "percentage" in where else 2 if "DDD" in where else None
        labels = {level.label: level.id for level in invented.study.strata.levels}

        def change(label, unit=unit, labels=labels):
            people = invented.of(labels[label])
            if unit == 0:
                gain = users(people, "all", 1) - users(people, "all", 0)
                return Fraction(gain, len(people))
            first = unit or 0
            return mean(people, "all", first + 1) - mean(people, "all", first)

        for label, verb in moved:
            sign = (change(label) > 0) - (change(label) < 0)
            assert sign == {"fell": -1, "rose": 1, "did not change": 0}[verb], where
        for label, verb, how in compared:
            other = next(
                level.label
                for level in invented.study.strata.levels
                if level.id in (contrast.comparator, contrast.exposed) and level.label != label
            )
            mine, theirs = change(label), change(other)
            assert (mine < 0, theirs < 0) == ((verb == "fell"),) * 2, where
            assert (abs(mine) > abs(theirs)) == (how == "more"), where


def test_grammar(texts):
    """What no sentence may hold, whatever the numbers are."""
    faults = (
        r"(?<![\d.])1 (patients|persons|outcomes|dispenses|days)\b|one (days|years|dispenses)\b",
        r"\b(no|0) (to|or) (one|two|more)\b|\bnever\b|None collected|collected \w+ (once|twice)",
        r"nan|None (?:patient|outcome)s?\b|\{|\}|  |\.\.|not estimable \(\)|\(\)|: \.",
    )
    for where, text in texts.items():
        for fault in faults:
            assert not re.search(fault, text), (where, re.search(fault, text))
        for claim in re.findall(r"(?:nobody|everybody)[^).;,]*", text):
            assert any(claim.strip() in reason for reason in CHECKS), (where, claim)


def test_figures_show_something(invented):
    names = figure_ids(invented.study, invented.results)
    assert ("figure2" in names) == any(point.difference for point in invented.results.curves)
    tested = [e for e in invented.results.estimates if e.table.startswith("did_")]
    assert ("figure3" in names) <= any(
        e.quantity == "ci_low" and e.value is not None for e in tested
    )


def test_warnings_are_what_is_so(invented):
    study, results = invented.study, invented.results
    said = " | ".join(cautions(study, results))
    for subgroup, where in [("", ""), *((g.id, " of the subgroup Women") for g in study.subgroups)]:
        sizes = {level.label: len(invented.of(level.id, subgroup)) for level in study.strata.levels}
        for label, size in sizes.items():
            few = re.findall(rf"the stratum {label}{where} has (\d+) patients?, fewer than 5", said)
            assert few == ([str(size)] if 0 < size < 5 else [])
        empty = re.search(rf"the strat(?:um|a) ((?:One|None|Many|, | and )+){where} ha\w+ no", said)
        named = set(re.findall("One|None|Many", empty[1])) if empty else set()
        assert named == {label for label, size in sizes.items() if size == 0}
    tested = [e for e in results.estimates if e.table.startswith("did_") and e.quantity == "p"]
    plain_contrasts = {contrast.id for contrast in study.contrasts}
    whole = [e for e in tested if e.stratum in plain_contrasts]
    assert ("no contrast is estimable" in said) == (
        bool(whole) and all(e.value is None for e in whole)
    )
    unused = [
        outcome.label
        for outcome in study.outcomes
        if invented.persons and not any(sum(p.filled[outcome.id][:2]) for p in invented.persons)
    ]
    assert ("no patient was dispensed" in said or "was dispensed any" in said) == bool(unused)


def test_the_layout_of_omopgenerics_holds_every_world(invented):
    text = summarised_result_csv(
        invented.results,
        invented.study,
        provenance={"source": "norpd"},
        study_hash="0f" * 32,
        software_version="0.1.0",
    )
    rows = list(csv.DictReader(io.StringIO(text)))
    sex = [r for r in rows if r["variable_name"] == "sex" and r["variable_level"] != "Unknown"]
    known = {one.sex for one in invented.persons} - {None}
    for row in sex:
        whole = row["strata_level"] == OVERALL and row["group_name"] == "cohort_name"
        if whole and row["estimate_name"] == "count":
            assert (row["estimate_value"] != "") == (bool(known) or not invented.persons), row
