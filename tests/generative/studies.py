"""Study files of every kind, as plain documents that the loader reads.

Nothing is taken from the schema: what is new there is not generated before it is written here,
and `kinds` notices that it is missing. Codes, windows and days are few and small, so that what is
asked meets what the generated registers hold.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.generative.dealing import Dealer

MEDICINES = (
    "N03AE01", "N03AX12", "N03AX16", "N05BA01", "N05BB01", "N05CF01", "N06AB04", "N06AB06",
    "N06AX16", "N02AA01", "N02BE01", "A02BC02", "L03AX13",
)  # fmt: skip
EXPOSURES = ("N07BB04", "N07BB05", "N07BC01")
NOWHERE = "V99XX99"
"""A code that no generated register holds."""
PRODUCTS, OTHER_PRODUCTS = ("971001", "971002"), ("971003", "000981")
PRODUCT_LIST = "generated_products"
PERIODS = (
    ("2013-01-01", "2013-12-31"),
    ("2012-12-20", "2013-01-10"),
    ("2012-02-29", "2012-02-29"),
    ("2011-07-01", "2014-06-30"),
    ("2013-03-01", "2013-04-30"),
)
LENGTHS = (1, 7, 30, 365, 730)
ICD, ICPC = ("G35", "G", "K50", "F32.1"), ("N86", "N", "-73", "P")
AGES = (18, 40, 50, 67)
_LEAVES = ("dispensed", "observed", "alive", "age", "sex")
_CONDITIONS = (*_LEAVES, "all", "any", "not")
_DEEPEST = 3


def study_of(dealer: Dealer, number: int) -> dict[str, Any]:
    """The document of one study; the dealer's decks bring every choice up in turn."""
    chance, deal = dealer.chance, dealer.deal
    strata = _strata(dealer)
    names = [level["id"] for level in strata["levels"]]
    outcomes = _outcomes(dealer)
    pairs = [(one, other) for one in names for other in names if one != other]
    contrasts = chance.sample(pairs, deal("contrasts", (0, 1, 2)))
    curve = chance.choice(pairs)
    return {
        "id": f"generated_{number}",
        "title": f"Generated study {number}",
        "reference": "none: invented",
        "atc_version": deal("atc_version", (2009, 2013, 2016)),
        "exposure": _exposure(dealer),
        "returns": deal("returns", ("cancel", "no_dispense", "as_dispense")),
        "eligibility": [
            {"id": f"step{n}", "label": f"Step {n}", "keep_if": _condition(dealer, "eligibility")}
            for n in range(deal("eligibility", (0, 1, 1, 2)))
        ],
        "windows": _windows(dealer),
        "strata": strata,
        "subgroups": [
            {"id": f"part{n}", "label": f"Part {n}", "keep_if": _condition(dealer, "subgroups")}
            for n in range(deal("subgroups", (0, 1, 1, 2)))
        ],
        "outcomes": outcomes,
        "contrasts": [_contrast(pair) for pair in contrasts],
        "statistics": _statistics(dealer),
        **_designs(number),
        **_exposures(number),
        "figures": {
            "curve_contrast": _contrast(curve),
            "curve_outcomes": [
                one["id"] for one in chance.sample(outcomes, chance.randint(1, len(outcomes)))
            ],
        },
    }


def _contrast(pair: tuple[str, str]) -> dict[str, str]:
    return dict(zip(("comparator", "exposed"), pair, strict=True))


def _exposure(dealer: Dealer) -> dict[str, Any]:
    first, last = dealer.deal("period", PERIODS)
    rule = dealer.deal("rule", ("first_in_period", "first_in_period", "first_after_washout"))
    days = (1, 30, 200, 365)
    washout = dealer.deal("days of wash-out", days)
    if rule == "first_in_period":
        washout = dealer.deal("wash-out", ("none", "ever", "ever", *days))
    return {
        "name": "invented drug",
        "abbreviation": "ID",
        "atc": dealer.deal(
            "exposure",
            [["N07BB04"], ["N07BB"], ["N07BB04", "N07BC01"], ["N07"], ["N07BB", "N07BB04"]],
        ),
        "products": dealer.deal("products", (PRODUCT_LIST, None)),
        "index_event": {"first": first, "last": last, "rule": rule, "washout_days": washout},
    }


def _windows(dealer: Dealer) -> dict[str, list[int]]:
    chance = dealer.chance
    long, far = (dealer.deal(f"length {side}", LENGTHS) for side in ("before", "after"))
    gap = chance.choice((1, 5, 30))
    shapes = {
        "touching": ([-long, -1], [0, far - 1]),
        "a gap before": ([-long - gap, -1 - gap], [0, far]),
        "a gap after": ([-long, -1], [gap, gap + far]),
        "gaps on both sides": ([-long - gap, -gap - 1], [gap, gap + far]),
        "the index date is before": ([-long, gap], [gap + 1, gap + far]),
        "after begins early": ([-long - gap, -gap - 1], [-gap, far]),
        "both before": ([-long - far - gap, -far - gap - 1], [-far - gap, -gap]),
        "both after": ([gap, gap + long], [gap + long + 1, gap + long + far]),
    }
    before, after = shapes[dealer.deal("windows", tuple(shapes))]
    return {"before": before, "after": after}


def _designs(number: int) -> dict[str, list[dict[str, Any]]]:
    """Further pairs of windows of every other study; the others do not have the key."""
    dealer = Dealer(number)
    designs = [
        {"id": f"design{n}", "label": f"Design {n}", **_windows(dealer)}
        for n in range((0, 1, 0, 2)[number % 4])
    ]
    return {"designs": designs} if designs else {}


def _exposures(number: int) -> dict[str, Any]:
    """Two other drugs of every third study, with and without a list of products."""
    drugs = (
        {"abbreviation": "D1", "atc": ["N07BB", "N07BC01"], "products": PRODUCT_LIST},
        {"abbreviation": "D2", "atc": ["N07BB05", "N07BC"], "products": None},
        {"abbreviation": "D3", "atc": ["N07BC01"]},
    )
    chosen = drugs[number % 2 : 2 + number % 2] if number % 3 == 1 else ()
    exposures = [
        {"id": f"other{n}", "name": f"other drug {n}", **drug} for n, drug in enumerate(chosen)
    ]
    return {"exposures": exposures} if exposures else {}


def _strata(dealer: Dealer) -> dict[str, Any]:
    deal = dealer.deal
    window = deal("counting window", ([0, 364], [0, 0], [1, 30], [0, 30], [30, 400], [0, 730]))
    counted = deal("index dispense", ("counted", "not_counted"))
    at_least = 1 if counted == "counted" and window[0] == 0 else 0
    levels, number = [], deal("levels", (2, 3, 4))
    for position in range(number):
        last = position == number - 1
        at_most = None if last else at_least + dealer.chance.choice((0, 0, 1))
        name = f"x{at_least}+" if last else f"x{at_least}-{at_most}"
        levels.append(
            {"id": name, "label": f"Drug {name}", "at_least": at_least, "at_most": at_most}
        )
        at_least = 0 if last else at_most + 1
    return {
        "counting_window": window,
        "index_dispense": counted,
        "same_day": deal("same day", ("each_dispense", "one_a_day")),
        "levels": levels,
    }


def _outcomes(dealer: Dealer) -> list[dict[str, Any]]:
    total = dealer.deal("with a total", (True, True, False))
    roles = ["total"] * total + [
        dealer.deal("role", ("main", "secondary", "additional")) for _ in range(2)
    ]
    outcomes = []
    for number, role in enumerate(roles):
        codes = _codes(dealer, "outcome", dealer.chance.choice((1, 1, 2, 3)))
        may_be_empty = dealer.deal("may be empty", (True, False))
        if dealer.deal("found", (*[True] * 7, False)):
            codes = codes if role != "total" else [*codes, "N05", "N06"]
        else:
            codes = [NOWHERE]
        outcomes.append(
            {
                "id": f"out{number}", "label": f"Outcome {number}", "role": role,
                "may_be_empty": may_be_empty, "atc": codes,
            }
        )  # fmt: skip
    return outcomes


def _codes(dealer: Dealer, use: str, number: int) -> list[str]:
    """Beginnings of the medicines' codes, at every level."""
    return [
        dealer.chance.choice(MEDICINES)[: dealer.deal(f"level of {use}", (1, 3, 4, 5, 7, 7))]
        for _ in range(number)
    ]


def _condition(dealer: Dealer, stands_in: str, depth: int = 1) -> dict[str, Any]:
    kinds = _CONDITIONS if depth < _DEEPEST else _LEAVES
    kind = dealer.deal(f"condition in {stands_in}", kinds)
    if kind in ("all", "any"):
        number = dealer.deal(f"conditions of {kind}", (1, 2, 2, 3)) if depth < 2 else 2
        return {kind: [_condition(dealer, kind, depth + 1) for _ in range(number)]}
    if kind == "not":
        return {kind: _condition(dealer, kind, depth + 1)}
    makers = {
        "dispensed": _dispensed,
        "observed": _observed,
        "alive": _alive,
        "age": _age,
        "sex": _sex,
    }
    return {kind: makers[kind](dealer)}


def _observed(dealer: Dealer) -> dict[str, list[int]]:
    return {
        "days": dealer.deal(
            "observed", ([-365, -1], [0, 364], [-30, 30], [0, 0], [-1, 0], [1, 90], [-400, -200])
        )
    }


def _alive(dealer: Dealer) -> dict[str, int]:
    return {"on_day": dealer.deal("alive", (0, 30, 364, -10, 700))}


def _sex(dealer: Dealer) -> str:
    return dealer.deal("sex", ("F", "M"))


def _age(dealer: Dealer) -> dict[str, int | None]:
    low, high = sorted(dealer.chance.sample(AGES, 2))
    at_least, at_most = dealer.deal("age", ((low, high), (low, None), (None, high), (low, low)))
    return {"at_least": at_least, "at_most": at_most}


def _dispensed(dealer: Dealer) -> dict[str, Any]:
    chance, deal = dealer.chance, dealer.deal
    asked = deal("asked", (("atc",), ("atc",), ("icd",), ("icpc",), ("icd", "icpc"),
                           ("atc", "icd"), ("atc", "icd", "icpc")))  # fmt: skip
    leaf: dict[str, Any] = {}
    if "atc" in asked:
        leaf["atc"] = _codes(dealer, "condition", chance.choice((1, 2)))
        if deal("the exposure in a condition", (False, False, False, True)):
            leaf["atc"].append("N07BB")
    if "icd" in asked:
        leaf["reimbursement_icd"] = chance.sample(ICD, chance.choice((1, 2)))
    if "icpc" in asked:
        leaf["reimbursement_icpc"] = chance.sample(ICPC, chance.choice((1, 2)))
    leaf["at_least"] = deal("at least", (1, 1, 2, 3))
    leaf["counting"] = deal("counting", ("each_dispense", "one_a_day"))
    if deal("when", ("days", "days", "period")) == "days":
        first = chance.choice((-400, -365, -30, -1, 0, 1))
        leaf["days"] = [first, first + dealer.deal("length of days", (0, 29, 364))]
    else:
        begin = date(2012, 1, 1) + timedelta(days=chance.choice((0, 59, 200, 366)))
        end = begin + timedelta(days=deal("length of period", (0, 30, 365, 800)))
        leaf["period"] = [begin.isoformat(), end.isoformat()]
    return leaf


def _statistics(dealer: Dealer) -> dict[str, Any]:
    options = {
        "confidence_level": (0.95, 0.9, 0.99),
        "paired_proportion_interval": (
            "wald", "wald_corrected", "agresti_min", "bonett_price", "newcombe10", "tango",
        ),
        "mcnemar": ("uncorrected", "corrected", "exact", "mid_p"),
        "did_mean_variance": ("welch", "pooled"),
        "dispersion": ("sd", "se"),
        "power": (0.8, 0.9),
    }  # fmt: skip
    return {name: dealer.deal(name, values) for name, values in options.items()}
