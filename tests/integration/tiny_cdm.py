"""A CDM of forty people and the vocabularies it needs, small enough to be counted by hand.

Persons 1 to 10 collect low dose naltrexone (concept 1001) once in 2013, persons 11 to 20 twice,
persons 21 to 24 naltrexone 50 mg (1002, the same ATC code), the others none.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ATC = {
    901: "N07BB04",
    902: "N05BA01",
    903: "N06AB03",
    904: "N05CF01",
    905: "A01AD05",
    906: "B01AC06",
}
DRUGS = {
    1001: "naltrexone 4.5 MG Oral Capsule",
    1002: "naltrexone 50 MG Oral Tablet",
    2001: "diazepam 5 MG Oral Tablet",
    2002: "fluoxetine 20 MG Oral Capsule",
    2003: "zopiclone 7.5 MG Oral Tablet",
    2004: "aspirin",
    3001: "thyroglobulin",
}
LINKS = ((901, 1001), (901, 1002), (902, 2001), (903, 2002), (904, 2003), (905, 2004), (906, 2004))
DDDS = "concept_id,ddd_per_unit\n2001,0.5\n2002,1\n"
INDEX, SECOND = "2013-03-01", "2013-06-01"
EARLIER, LATER = "2012-09-01", "2013-09-01"


def write_table(folder: Path, name: str, rows: list[dict], delimiter: str = ",") -> None:
    """A table of the CDM or of the vocabularies; its columns are those of the first row."""
    lines = [delimiter.join(rows[0])]
    lines += [delimiter.join(str(value) for value in row.values()) for row in rows]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_vocabularies(folder: Path) -> Path:
    """CONCEPT.csv and CONCEPT_ANCESTOR.csv as Athena delivers them."""
    folder.mkdir(parents=True)

    def concept(number: int, name: str, vocabulary: str, kind: str, standard: str) -> dict:
        return {
            "concept_id": number,
            "concept_name": name,
            "domain_id": "Drug",
            "vocabulary_id": vocabulary,
            "concept_class_id": kind,
            "standard_concept": standard,
            "concept_code": name if vocabulary == "ATC" else f"r{number}",
        }

    concepts = [concept(number, code, "ATC", "ATC 5th", "C") for number, code in ATC.items()]
    concepts += [concept(n, name, "RxNorm", "Clinical Drug", "S") for n, name in DRUGS.items()]
    write_table(folder, "CONCEPT.csv", concepts, "\t")
    ancestors = [
        {"ancestor_concept_id": a, "descendant_concept_id": d, "min_levels_of_separation": 1}
        for a, d in LINKS
    ]
    write_table(folder, "CONCEPT_ANCESTOR.csv", ancestors, "\t")
    return folder


def exposures() -> Iterator[tuple[int, int, str, object]]:
    """Person, drug concept, day and quantity of every drug exposure."""
    for person in range(1, 25):
        yield person, 1001 if person <= 20 else 1002, INDEX, 30
    for person in range(11, 21):
        yield person, 1001, SECOND, 30
    # diazepam 5 mg, half a DDD a tablet. LDN×1: 4 × 20 tablets before, 6 × 40 after;
    # LDN×2+: 8 × 20 before, 4 × 20 after
    yield from ((person, 2001, EARLIER, "20") for person in (1, 2, 3, 4, *range(11, 19)))
    yield from ((person, 2001, LATER, "40.0") for person in range(1, 7))
    yield from ((person, 2001, LATER, 20) for person in range(11, 15))
    # fluoxetine: how much the first was is not known
    yield 1, 2002, EARLIER, ""
    yield 1, 2002, LATER, 30
    # zopiclone, of which no DDD is known
    yield from ((person, 2003, EARLIER, 10) for person in (1, 2, *range(11, 16)))
    yield from ((person, 2003, LATER, 10) for person in (1, 1, 11))
    yield from ((person, 2001, INDEX, 20) for person in range(25, 41))
    # several codes equally near, no code at all, and twice not mapped
    yield 30, 2004, INDEX, 1
    yield 31, 3001, INDEX, 1
    yield 32, 0, INDEX, 1
    yield 33, 0, INDEX, 1
    yield 34, 2001, "01-MAR-2013", 1


LINES, UNMATCHED = 89, 4
ACCEPTED = LINES - UNMATCHED - 1
WITHOUT_DDD = 34 + 1 + 10  # naltrexone, one of fluoxetine, zopiclone


def periods() -> Iterator[tuple[int, str, str]]:
    """Person, first and last day of every observation period."""
    yield from ((person, "2010-01-01", "2014-12-31") for person in range(7, 41))
    yield from ((1, "2010-01-01", "2012-06-30"), (1, "2012-06-01", "2014-12-31"))  # overlapping
    yield from ((2, "2012-01-01", "2014-12-31"), (2, "2010-01-01", "2011-12-31"))  # adjacent
    yield from ((3, "2010-01-01", "2010-12-31"), (3, "2012-01-01", "2014-12-31"))  # apart
    yield 4, "2014-12-31", "2010-01-01"  # reversed
    yield 5, "2010-01-01", ""  # still open
    yield 6, "2013-03-01", "2013-03-01"  # one day


def write_cdm(folder: Path, *, upper: bool = False, delimiter: str = ",") -> Path:
    """The four tables; person 20 is missing in PERSON, person 10 has died, 3 has no gender."""
    folder.mkdir(parents=True)

    def write(name: str, rows: list[dict]) -> None:
        write_table(folder, f"{name.upper() if upper else name}.csv", rows, delimiter)

    keys = ("person_id", "drug_concept_id", "drug_exposure_start_date", "quantity")
    write(
        "drug_exposure",
        [
            {"drug_exposure_id": number, **dict(zip(keys, row, strict=True)), "sig": ""}
            for number, row in enumerate(exposures(), start=1)
        ],
    )
    genders = {3: 0}
    write(
        "person",
        [
            {
                "person_id": person,
                "gender_concept_id": genders.get(person, 8532 if person % 2 else 8507),
                "year_of_birth": 1963,
            }
            for person in range(1, 41)
            if person != 20
        ],
    )
    write("death", [{"person_id": 10, "death_date": "2014-02-01"}])
    write(
        "observation_period",
        [
            {
                "observation_period_id": number,
                "person_id": person,
                "observation_period_start_date": first,
                "observation_period_end_date": last,
            }
            for number, (person, first, last) in enumerate(periods(), start=1)
        ],
    )
    return folder


STUDY = """\
id: ldn_cdm
title: Sedatives and antidepressants before and after starting low dose naltrexone, in a CDM
reference: none
atc_version: 2024
exposure:
  name: low dose naltrexone
  abbreviation: LDN
  atc: [N07BB04]
  products: ldn_concepts
  index_event: {first: 2013-01-01, last: 2013-12-31, rule: first_in_period, washout_days: none}
returns: cancel
eligibility: []
windows: {before: [-365, -1], after: [0, 364]}
strata:
  counting_window: [0, 364]
  index_dispense: counted
  same_day: each_dispense
  levels:
    - {id: LDNx1, label: LDN×1, at_least: 1, at_most: 1}
    - {id: LDNx2+, label: LDN×2+, at_least: 2, at_most: null}
subgroups:
  - {id: women, label: Women, keep_if: {sex: F}}
outcomes:
  - {id: all, label: All, role: total, may_be_empty: false, atc: [N05, N06]}
  - {id: N05B, label: Anxiolytics (N05B), role: main, may_be_empty: true, atc: [N05B]}
  - {id: N05C, label: Hypnotics (N05C), role: main, may_be_empty: true, atc: [N05C]}
  - {id: N06A, label: Antidepressants (N06A), role: main, may_be_empty: true, atc: [N06A]}
contrasts:
  - {comparator: LDNx1, exposed: LDNx2+}
statistics:
  confidence_level: 0.95
  paired_proportion_interval: tango
  mcnemar: uncorrected
  did_mean_variance: welch
  dispersion: sd
  power: 0.8
figures:
  curve_contrast: {comparator: LDNx1, exposed: LDNx2+}
  curve_outcomes: [N05B, N05C]
"""
CODELIST = "concept_id,concept_name\n1001,naltrexone 4.5 MG Oral Capsule\n"
