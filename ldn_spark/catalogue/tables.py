"""The records of every quantity, by table and in the order of `estimates.csv`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from ldn_spark.catalogue.quantity import Kind, Quantity, Table
from ldn_spark.study.choices import MCNEMAR, MEAN_VARIANCES, PAIRED_INTERVALS

_AUSTIN = "Austin, Statistics in Medicine 2009;28:3083–3107"
_BLOOM = "Bloom, Evaluation Review 1995;19:547–556"
_STUDENT = "Student, Biometrika 1908;6:1–25"
_HOLM = "Holm, Scandinavian Journal of Statistics 1979;6:65–70"
_HOCHBERG = "Benjamini and Hochberg, Journal of the Royal Statistical Society B 1995;57:289–300"
_FLEISS = "Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions 2003, section 9.3"
_SHARE, _TRENDS = "comparisons.share", "stats.contrasts.trend"
_MEAN, _SD, _SE = (f"stats.moments.Moments.{name}" for name in ("mean", "sd", "se"))


def _count(name: str, unit: str, words: str) -> Quantity:
    return Quantity(name, unit, int, Kind.COUNT, words)


def _share(name: str, words: str, formula: str, by: str = _SHARE) -> Quantity:
    return Quantity(name, "fraction", float, Kind.SHARE, words, formula, computed_by=by)


def _number(
    name: str, unit: str, words: str, formula: str, source: str = "", by: str = ""
) -> Quantity:
    """A statistic; of fractions it is printed in percentage points."""
    kind = Kind.SHARE if unit == "fraction" else Kind.NUMBER
    return Quantity(name, unit, float, kind, words, formula, source, by)


def _p(name: str, words: str, formula: str, source: str, by: str) -> Quantity:
    return Quantity(name, "", float, Kind.P, words, formula, source, by)


def _limits(
    unit: str, words: str, formula: str, source: str, by: str, *, method: str = "", key: str = ""
) -> Iterator[Quantity]:
    """Both limits of an interval, which share a formula: of a method, or of the one chosen."""
    end = f"_{method}" if method else ""
    for name in ("ci_low", "ci_high"):
        limit = _number(name + end, unit, words, formula, source, by)
        yield replace(limit, chosen_by=key)


def _detectable(unit: str, se: str) -> Quantity:
    words = "the true difference that a two-sided test finds with the study's power"
    formula = f"(z(1 − α/2) + z(power)) · {se}"
    by = "stats.contrasts.minimal_detectable_difference"
    return _number("minimal_detectable_difference", unit, words, formula, _BLOOM, by)


_ADJUSTED = (
    _p(
        "p_holm",
        "p adjusted over the outcomes of one table and stratum or contrast",
        "the largest of (m − k + 1) · p₍ₖ₎ up to its own rank, at most 1",
        _HOLM,
        "stats.multiplicity.holm",
    ),
    _p(
        "p_bh",
        "p adjusted over the outcomes of one table and stratum or contrast",
        "the smallest of m · p₍ₖ₎/k from its own rank on, at most 1",
        _HOCHBERG,
        "stats.multiplicity.benjamini_hochberg",
    ),
)

_COHORT = (
    _count("persons", "persons", "persons of the group"),
    _share("share", "its part of the cohort or subgroup", "persons / persons of all strata"),
    _count("women", "persons", "persons who are known to be women"),
    _count("men", "persons", "persons who are known to be men"),
    _share("women_share", "women among the persons of known sex", "women / (women + men)"),
    _count("sex_unknown", "persons", "persons whose sex is not known"),
    _count("age_known", "persons", "persons whose birth year is known"),
    _count("age_unknown", "persons", "persons whose birth year is not known"),
    _count("age_sum", "years", "sum of ages: index year − birth year"),
    _number("age_mean", "years", "mean age", "age_sum / age_known", by=_MEAN),
    _number("age_sd", "years", "standard deviation of age", "√(Σ(age − mean)²/(n − 1))", by=_SD),
    _number("age_se", "years", "standard error of the mean age", "age_sd / √age_known", by=_SE),
    _count("exposure_fills", "dispenses", "dispenses of the exposure in the counting window"),
)

_BEFORE = "of dispenses of the outcome with the role `total` before"
_BASELINE = (
    _number("dispenses_before_mean", "dispenses per person", f"mean {_BEFORE}", "Σx / n", by=_MEAN),
    _number(
        "dispenses_before_sd",
        "dispenses per person",
        f"standard deviation {_BEFORE}",
        "√(Σ(x − x̄)²/(n − 1))",
        by=_SD,
    ),
    _number(
        "dispenses_before_se",
        "dispenses per person",
        f"standard error of the mean {_BEFORE}",
        "dispenses_before_sd / √n",
        by=_SE,
    ),
    _count("users_before", "persons", "users of the outcome with the role `total` before"),
    _share("users_before_share", "their part of the group", "users_before / persons"),
    *(
        _number(
            f"smd_{name}",
            "standard deviations",
            f"standardised mean difference of {of}, comparator − exposed",
            formula,
            _AUSTIN,
            f"stats.contrasts.{function}",
        )
        for name, of, formula, function in (
            ("women", "the share of women", "(p₁ − p₂)/√((p₁(1 − p₁) + p₂(1 − p₂))/2)",
             "smd_of_proportions"),
            ("age", "age", "(x̄₁ − x̄₂)/√((s₁² + s₂²)/2)", "smd_of_means"),
            ("dispenses_before", "dispenses before", "(x̄₁ − x̄₂)/√((s₁² + s₂²)/2)",
             "smd_of_means"),
            ("users_before", "the share of users before",
             "(p₁ − p₂)/√((p₁(1 − p₁) + p₂(1 − p₂))/2)", "smd_of_proportions"),
        )
    ),
)  # fmt: skip

_RELATIVE = "stats.contrasts.relative_change"
_INTERVAL, _TEST = "stats.proportions.INTERVALS", "stats.proportions.MCNEMAR"
_USERS = (
    _count("persons", "persons", "persons of the group, n"),
    _count("both", "persons", "users before and after"),
    _count("before_only", "persons", "users before only, b"),
    _count("after_only", "persons", "users after only, c"),
    _count("neither", "persons", "users in neither period"),
    _count("users_before", "persons", "persons with a dispense before: both + before_only"),
    _count("users_after", "persons", "persons with a dispense after: both + after_only"),
    _share("share_before", "share of users before", "users_before / persons"),
    _share("share_after", "share of users after", "users_after / persons"),
    _share(
        "difference",
        "change in the share of users, after − before",
        "(c − b)/n",
        "stats.proportions.PairedCounts.difference",
    ),
    *_limits(
        "fraction",
        "confidence limits of `difference`",
        "those of the study's `paired_proportion_interval`, below",
        "",
        _INTERVAL,
        key="paired_proportion_interval",
    ),
    replace(
        _p("p", "p of the change in users", "that of the study's `mcnemar`, below", "", _TEST),
        chosen_by="mcnemar",
    ),
    _share(
        "relative_change",
        "change in users relative to those before",
        "(users_after − users_before)/users_before",
        _RELATIVE,
    ),
    _detectable("fraction", "√(b + c − (c − b)²/n)/n"),
    _count("fills_before", "dispenses", "dispenses before"),
    _count("fills_after", "dispenses", "dispenses after"),
    *(
        limit
        for name, chosen in PAIRED_INTERVALS.items()
        for limit in _limits(
            "fraction",
            f"confidence limits of `difference`: {chosen.words}",
            chosen.formula,
            chosen.source,
            _INTERVAL,
            method=name,
        )
    ),
    *(
        _p(f"p_{name}", f"p of the change in users: {chosen.words}", chosen.formula, chosen.source,
           _TEST)
        for name, chosen in MCNEMAR.items()
    ),
    *_ADJUSTED,
)  # fmt: skip


def _paired(unit: str, of: str) -> Iterator[Quantity]:
    """What is said of means before and after; x before, y after, d = y − x of each person."""
    each, t_test = f"{unit} per person", "stats.means.paired_t"
    yield _number("mean_before", each, f"mean {of} before, users or not", "Σx / n", by=_MEAN)
    yield _number("mean_after", each, f"mean {of} after, users or not", "Σy / n", by=_MEAN)
    for when, sign in (("before", "x"), ("after", "y")):
        words, formula = f"standard deviation of {of} {when}", f"√(Σ({sign} − {sign}̄)²/(n − 1))"
        yield _number(f"sd_{when}", each, words, formula, by=_SD)
    words = f"mean change of {of}, after − before"
    yield _number("mean_difference", each, words, "d̄ = Σd / n", by=t_test)
    words = "standard deviation of the change of a person"
    yield _number("sd_difference", each, words, "s = √(Σ(d − d̄)²/(n − 1))", by=_SD)
    yield _number("se_difference", each, "standard error of `mean_difference`", "s/√n", by=t_test)
    words = "confidence limits of `mean_difference`"
    yield from _limits(each, words, "d̄ ± t(n − 1; 1 − α/2) · s/√n", _STUDENT, t_test)
    yield _number("t", "", "statistic of the paired t-test", "d̄/(s/√n)", _STUDENT, t_test)
    yield _number("df", "", "its degrees of freedom", "n − 1", _STUDENT, t_test)
    yield _p("p", "p of the paired t-test", "2 P(T ≥ |t|), T of df", _STUDENT, t_test)
    yield _share("relative_change", f"change of all {of} together", "(Σy − Σx)/Σx", _RELATIVE)
    yield _detectable(each, "se_difference")


_DDD = (
    *(
        Quantity(f"sum_{when}", "DDD", Decimal, Kind.NUMBER, f"sum of all known DDDs {when}, exact")
        for when in ("before", "after")
    ),
    *_paired("DDD", "DDDs"),
    _count("ddd_missing", "dispenses", "dispenses in either window whose DDD is not known"),
    _count("ddd_missing_before", "dispenses", "dispenses before whose DDD is not known"),
    _count("ddd_missing_after", "dispenses", "dispenses after whose DDD is not known"),
    *_ADJUSTED,
)
_DISPENSES = (
    _count("fills_before", "dispenses", "dispenses before"),
    _count("fills_after", "dispenses", "dispenses after"),
    *_paired("dispenses", "dispenses"),
    *_ADJUSTED,
)

_DID_USERS_BY = "stats.contrasts.did_of_proportions"
_SUM_OF_VARIANCES = "√(v₁ + v₂), v = (b + c − (c − b)²/n)/n² of each group"
_OF_ESTIMATE = "confidence limits of `estimate`"
_DID = "difference-in-differences: change in the comparator − change in the exposed"
_DID_USERS = (
    _number("estimate", "fraction", _DID, "difference₁ − difference₂", by=_DID_USERS_BY),
    _number("se", "fraction", "its standard error", _SUM_OF_VARIANCES, by=_DID_USERS_BY),
    *_limits("fraction", _OF_ESTIMATE, "estimate ± z(1 − α/2) · se", "", _DID_USERS_BY),
    _p("p", "p of `estimate`, normal", "2 P(Z ≥ |estimate|/se)", "", _DID_USERS_BY),
    _detectable("fraction", "se"),
    *_ADJUSTED,
)


def _did_of_means(unit: str) -> Iterator[Quantity]:
    each, by, chosen = f"{unit} per person", "stats.means.did_of_means", "`did_mean_variance`"
    yield _number("estimate", each, _DID, "mean_difference₁ − mean_difference₂", by=by)
    for name, words in (("se", "its standard error"), ("df", "its degrees of freedom")):
        formula = f"by the study's {chosen}, as below"
        yield _number(name, each if name == "se" else "", words, formula, by=by)
    key = "did_mean_variance"
    yield from _limits(each, _OF_ESTIMATE, "estimate ± t(df; 1 − α/2) · se", "", by, key=key)
    p = _p("p", "p of `estimate`", "2 P(T ≥ |estimate|/se), T of df", "", by)
    yield replace(p, chosen_by=key)
    yield _detectable(each, "se")
    for name, variance in MEAN_VARIANCES.items():
        words, by = f"{_OF_ESTIMATE}: {variance.words}", "stats.means.VARIANCES"
        formula, source = variance.formula, variance.source
        limits = f"estimate ± t(df; 1 − α/2) · se, {formula}"
        yield from _limits(each, words, limits, source, by, method=name)
        words = f"p of `estimate`: {variance.words}"
        yield _p(f"p_{name}", words, f"2 P(T ≥ |estimate|/se), {formula}", source, by)
    yield from _ADJUSTED


def _trend(unit: str, change: str, by: str) -> Iterator[Quantity]:
    words = "slope of the change over the k strata in their order, per step"
    slope = f"Σ(i − (k + 1)/2) · {change}ᵢ / Σ(i − (k + 1)/2)²"
    se = "√Σ(i − (k + 1)/2)² · vᵢ / Σ(i − (k + 1)/2)², vᵢ the variance of that change"
    yield _number("estimate", unit, words, slope, _FLEISS, by)
    yield _number("se", unit, "its standard error", se, _FLEISS, by)
    yield from _limits(unit, _OF_ESTIMATE, "estimate ± z(1 − α/2) · se", _FLEISS, by)
    yield _p("p", "p of `estimate`, normal", "2 P(Z ≥ |estimate|/se)", _FLEISS, by)
    yield from _ADJUSTED


_PROPORTIONS, _MEANS = f"{_TRENDS}_of_proportions", f"{_TRENDS}_of_means"
_DESIGN = (
    Quantity("patient_months", "months", int, Kind.COUNT, "persons × months of both windows"),
    Quantity("first_observation", "day", int, Kind.DATE, "the first day of any window"),
    Quantity("last_observation", "day", int, Kind.DATE, "the last day of any window"),
)

_OF_STRATUM, _OF_CONTRAST, _OF_ALL = ("stratum",), ("contrast",), ("overall",)
TABLES = (
    Table("cohort", "who the persons of a stratum are", _OF_STRATUM, False, _COHORT),
    Table(
        "baseline",
        "the examined medicines before the exposure, and the balance of two strata",
        ("stratum", "contrast"),
        False,
        _BASELINE,
    ),
    Table("users", "users of an outcome before and after", _OF_STRATUM, True, _USERS),
    Table("ddd", "DDDs of an outcome before and after", _OF_STRATUM, True, _DDD),
    Table("dispenses", "dispenses of an outcome before and after", _OF_STRATUM, True, _DISPENSES),
    Table("did_users", "change in users, two strata", _OF_CONTRAST, True, _DID_USERS),
    Table("did_ddd", "change in DDDs, two strata", _OF_CONTRAST, True, (*_did_of_means("DDD"),)),
    Table(
        "did_dispenses",
        "change in dispenses, two strata",
        _OF_CONTRAST,
        True,
        (*_did_of_means("dispenses"),),
    ),
    Table(
        "trend_users",
        "change in users along the strata",
        _OF_ALL,
        True,
        (*_trend("fraction", "difference", _PROPORTIONS),),
    ),
    Table(
        "trend_ddd",
        "change in DDDs along the strata",
        _OF_ALL,
        True,
        (*_trend("DDD per person", "mean_difference", _MEANS),),
    ),
    Table(
        "trend_dispenses",
        "change in dispenses along the strata",
        _OF_ALL,
        True,
        (*_trend("dispenses per person", "mean_difference", _MEANS),),
    ),
    Table("design", "what the study alone implies", _OF_ALL, False, _DESIGN, in_estimates=False),
)
"""Every table in the order of `estimates.csv`."""
