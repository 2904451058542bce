"""What the codes of a study find, counted by hand."""

from __future__ import annotations

from ldn_spark.quality.hits import Exposed, find_hits
from ldn_spark.study.atc.occurrences import Occurrence
from ldn_spark.study.atc.translation import Move, Part
from tests.registers import study_like

OUTCOMES = [
    {
        "id": "all", "label": "All", "role": "total", "may_be_empty": True,
        "atc": ["N03A", "N06AB03"],
    },
    {"id": "none", "label": "None", "role": "main", "may_be_empty": True, "atc": ["C10"]},
]  # fmt: skip
ELIGIBILITY = [
    {
        "id": "opioid",
        "label": "An opioid",
        "keep_if": {
            "any": [
                {"dispensed": {"atc": ["N02A"], "at_least": 1, "counting": "each_dispense",
                               "days": [-365, -1]}},
                {"dispensed": {"atc": ["N07BC"], "at_least": 1, "counting": "each_dispense",
                               "period": ["2011-01-01", "2011-12-31"]}},
            ]
        },
    }
]  # fmt: skip
STUDY = study_like(
    outcomes=OUTCOMES,
    eligibility=ELIGIBILITY,
    figures={
        "curve_contrast": {"comparator": "LDNx1", "exposed": "LDNx4+"},
        "curve_outcomes": ["all"],
    },
)
BY_CODE_AND_YEAR = {
    ("N03AX09", 2011): 1000,  # before the windows: 2012 to 2014
    ("N03AX09", 2012): 5,
    ("N03AX12", 2014): 10,
    ("N03AX12", 2015): 1000,
    ("N03", 2013): 1000,  # a shorter code is not under N03A
    ("N03AX16", 2013): 1000,  # which is read as N02BF02
    ("N06AB03", 2013): 20,
    ("N06AB04", 2013): 1000,
    ("N02AA01", 2011): 7,  # 365 days before 2013: 2012 and 2013 only
    ("N07BC51", 2011): 8,
    ("N07BC51", 2012): 1000,
}
PART = Part(declared=None, index=2013, moves=(Move("N03AX16", "N02BF02"),))
OCCURRENCES = [
    Occurrence(PART, year, code, number) for (code, year), number in BY_CODE_AND_YEAR.items()
]
EXPOSED = [
    Exposed("N07BB04", "971001", 30),
    Exposed("N07BB04", "990000", 4),
    Exposed("N07BB04", None, 2),
]


def found(products=("971001", "971002")):
    return find_hits(STUDY.definition, products, OCCURRENCES, EXPOSED)


def test_every_code_is_counted_in_the_years_a_run_reads():
    assert [(h.part, h.id, h.code, h.years, h.dispensings) for h in found()] == [
        ("exposure", "LDN", "N07BB04", (2013, 2013), 30 + 4 + 2),
        ("product", "ldn_products", "971001", (2013, 2013), 30),
        ("product", "ldn_products", "971002", (2013, 2013), 0),
        ("product", "ldn_products", "990000", (2013, 2013), 4),
        ("condition", "opioid", "N02A", (2012, 2013), 0),
        ("condition", "opioid", "N07BC", (2011, 2011), 8),
        ("outcome", "all", "", (2012, 2014), 5 + 10 + 20),
        ("outcome", "all", "N03A", (2012, 2014), 5 + 10),
        ("outcome", "all", "N06AB03", (2012, 2014), 20),
        ("outcome", "none", "", (2012, 2014), 0),
        ("outcome", "none", "C10", (2012, 2014), 0),
    ]


def test_what_is_asked_for_and_not_there():
    assert [(h.id, h.code) for h in found() if h.is_empty] == [
        ("ldn_products", "971002"), ("opioid", "N02A"), ("none", ""), ("none", "C10"),
    ]  # fmt: skip
    assert [h.code for h in found() if not h.asked] == ["990000"]


def test_a_study_of_every_product_lists_none():
    assert not [h for h in found(products=None) if h.part == "product"]
