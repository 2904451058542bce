"""The lightest safe pattern of random tables against complete enumeration, and what it costs.

`python benchmarks/release.py --problems 300` solves tables that are small enough to list every
world of; a disagreement is printed and ends with exit code 1. `--moments FILE --policy NAME` solves
the linked cells of a finished run and prints time, memory and weight.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from ldn_spark.estimates.groups import groups_of
from ldn_spark.release.pattern import find_pattern
from ldn_spark.release.policy import load_policy
from ldn_spark.release.units import problem_of
from ldn_spark.release.worlds import check_worlds, worlds_json
from ldn_spark.reporting.moments_file import read_moments
from ldn_spark.study.definition import OVERALL
from tests.reference_release import faults
from tests.unit.release.problems import Enumeration, random_problem

KEY = b"benchmark"


def random_tables(problems: int, first: int) -> int:
    """How many of the tables are not solved as by enumeration."""
    wrong, spent = 0, [0.0, 0.0]
    for seed in range(first, first + problems):
        problem = random_problem(seed)
        begun = time.process_time()
        pattern = find_pattern(problem, key=KEY)
        solved = time.process_time()
        enumeration = Enumeration(problem)
        lightest = enumeration.lightest()
        spent[0] += solved - begun
        spent[1] += time.process_time() - solved
        told = faults(worlds_json(problem, pattern))
        if pattern.weight != lightest or told or not enumeration.is_safe(pattern.hidden):
            wrong += 1
            print(f"seed {seed}: {pattern.weight}, by enumeration {lightest}; {told[:3]}")
    print(f"{problems} tables, {wrong} wrong; CPU s: solver {spent[0]:.1f}, lists {spent[1]:.1f}")
    return wrong


def of_a_run(file: Path, policy: str) -> None:
    """Time, memory and weight of the pattern of a run."""
    found = read_moments(file.read_bytes(), str(file))
    study, moments = found.study, found.moments
    parts = {
        part: groups_of(study, part, moments["cohort_moments"], moments["design_moments"])
        for part in (OVERALL, *(one.id for one in study.subgroups))
    }
    begun = time.process_time()
    problem = problem_of(study, parts, found.attrition, load_policy(policy))
    pattern = find_pattern(problem, key=KEY)
    spent = time.process_time() - begun
    assert not check_worlds(problem, pattern.hidden, pattern.worlds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    persons = sum(one.persons for one in parts[OVERALL])
    print(
        f"{persons:,} persons, {len(problem.units)} units, {len(problem.sensitive)} sensitive: "
        f"{spent:.1f} CPU s, {peak} MiB, {pattern.rounds} rounds, {len(pattern.cuts)} cuts, "
        f"{100 * pattern.share:.1f} % of the weight hidden, optimal: {pattern.is_optimal}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--moments", type=Path)
    parser.add_argument("--policy", default="norway_register")
    asked = parser.parse_args()
    if asked.moments:
        of_a_run(asked.moments, asked.policy)
    elif random_tables(asked.problems, asked.first):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
