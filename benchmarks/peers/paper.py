"""What both peers know of the study: codes, dates, files. They share nothing with the project."""

from __future__ import annotations

import argparse
import json
from datetime import date, timedelta
from pathlib import Path

EXPOSURE = "N07BB04"
PRODUCTS = ("000971", "971001", "971002")
GROUPS = ("N03A", "N05A", "N05B", "N05C", "N06A", "N06B")
STRATA = {"LDNx1": (1, 1), "LDNx2-3": (2, 3), "LDNx4+": (4, 10**9)}
OUTCOMES = {
    "all": GROUPS,
    **{group: (group,) for group in GROUPS},
    "benzo": ("N05BA", "N05CD", "N03AE01"),
    "zhyp": ("N05CF",),
    "tca": ("N06AA",),
    "ssri": ("N06AB",),
    "otherad": ("N06AX",),
    "lamo": ("N03AX09",),
    "gabapre": ("N03AX12", "N03AX16"),
    "lith": ("N05AN",),
    "bz": ("N05BA", "N05CD", "N03AE01", "N05CF"),
}
COHORT_MOMENTS = (
    "persons",
    "women",
    "men",
    "age_known",
    "age_sum",
    "age_sum_squares",
    "exposure_dispenses",
)
GROUP_MOMENTS = (
    "both",
    "before_only",
    "after_only",
    "dispenses_before",
    "dispenses_after",
    "sum_before",
    "sum_after",
    "sum_squares_before",
    "sum_squares_after",
    "sum_squares_difference",
)
PAIRS = [(code, outcome) for outcome, codes in OUTCOMES.items() for code in codes]


def arguments(what: str) -> argparse.Namespace:
    """`--raw FOLDER` or `--lake FOLDER`, `--first-ever` and `--out FILE`."""
    parser = argparse.ArgumentParser(description=what)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--raw", type=Path, help="Parquet, a file a month, named yyyy-MM.parquet")
    where.add_argument("--lake", type=Path, help="the project's lake: its clustered files")
    parser.add_argument("--year", type=int, default=2013, help="in which LDN starts")
    parser.add_argument("--first-ever", action="store_true", help="no LDN in any year before")
    parser.add_argument("--out", type=Path, required=True, help="the moments as JSON")
    return parser.parse_args()


def index_period(given: argparse.Namespace) -> tuple[date, date]:
    """First and last day; the windows are 365 days before the index date and 365 from it on."""
    return date(given.year, 1, 1), date(given.year, 12, 31)


def exposure_files(given: argparse.Namespace) -> list[str]:
    """The files that can hold an exposure that decides index date, stratum or wash-out."""
    first, last = index_period(given)
    return _files(given, None if given.first_ever else first, last + timedelta(364))


def outcome_files(given: argparse.Namespace) -> list[str]:
    """The files that any window can reach."""
    first, last = index_period(given)
    return _files(given, first - timedelta(365), last + timedelta(364))


def persons_files(given: argparse.Namespace) -> list[str]:
    """The files of the lake's persons; the raw extract says sex and birth year on every line."""
    return lake_files(given.lake, "persons")


def _files(given: argparse.Namespace, first: date | None, last: date) -> list[str]:
    if given.raw:
        months = ("" if first is None else f"{first:%Y-%m}", f"{last:%Y-%m}")
        return [str(p) for p in sorted(given.raw.iterdir()) if months[0] <= p.stem <= months[1]]
    years = range(0 if first is None else first.year, last.year + 1)
    named = [
        (int(path.split("year=")[1][:4]), path) for path in lake_files(given.lake, "dispensings")
    ]
    return [path for year, path in named if year in years]


def lake_files(lake: Path, table: str) -> list[str]:
    """The Parquet files of a table in the newest version that the lake shows."""
    newest = max((lake / "_versions").glob("[0-9]*.json"))
    return active_files(lake / table, json.loads(newest.read_text())["tables"][table])


def active_files(table: Path, version: int = 10**9) -> list[str]:
    """The Parquet files that make up a Delta table at a version; its log must be whole."""
    active: dict[str, None] = {}
    for commit in sorted((table / "_delta_log").glob("[0-9]*.json")):
        if int(commit.stem) > version:
            break
        for line in commit.open():
            action = json.loads(line)
            if "add" in action:
                active[action["add"]["path"]] = None
            elif "remove" in action:
                active.pop(action["remove"]["path"], None)
    return sorted(str(table / path) for path in active)


def write(out: Path, cohort: list[dict], groups: list[dict]) -> None:
    """One row per stratum, and per stratum and outcome; whole numbers all."""
    for rows in (cohort, groups):
        for row in rows:
            row.update({k: int(v) for k, v in row.items() if k not in ("stratum", "outcome")})
    out.write_text(json.dumps({"cohort": cohort, "groups": groups}, default=str))
