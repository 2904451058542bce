"""Generated studies by the thousand: every answer of an engine held against the reference model.

    python benchmarks/studies.py --examples 2000 --seed 1
    python benchmarks/studies.py --examples 60 --engine spark

The generator is that of tests/generative; the suite takes sixty of its studies. Printed are how
often every kind was generated, what never decided anything, and every disagreement, made small.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ldn_spark.engine.sessions import ENGINES, open_engine
from tests.generative.comparing import disagreements
from tests.generative.examples import Example, examples
from tests.generative.mattering import Mattering
from tests.generative.shrinking import printable, shrunk

EVERY = 30
"""Seconds between two words on how far it is."""
SHOWN = 5
"""So many differences of a study are printed."""


def main() -> int:
    arguments = _arguments()
    seen, wrong, began = Mattering(), 0, time.monotonic()
    told = began
    with tempfile.TemporaryDirectory() as name, open_engine(arguments.engine) as spark:
        folder = Path(name)
        for example in examples(arguments.seed, arguments.examples, folder):
            seen.take(example)
            if found := _compared(spark, example):
                wrong += 1
                _show(spark, example, found, folder)
            if time.monotonic() - told > EVERY:
                told = time.monotonic()
                done = f"{example.number + 1} of {arguments.examples} studies"
                print(f"{done}, {wrong} disagree, {told - began:.0f} s", flush=True)
    for kind, number in sorted(seen.generated.items()):
        print(f"{number:6} {kind}")
    print(f"never generated: {', '.join(seen.missing) or 'nothing'}")
    print(f"never decided anything: {', '.join(seen.idle) or 'nothing'}")
    print(f"{arguments.examples} studies on {arguments.engine}, {wrong} disagree")
    return 1 if wrong or seen.missing else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--examples", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", choices=ENGINES, default="sail")
    return parser.parse_args()


def _compared(spark, example: Example) -> list[str]:
    """What differs; an error that no study should meet is one of the differences."""
    try:
        return disagreements(spark, example)
    except Exception as error:  # noqa: BLE001 - whatever an engine raises is a finding
        return [f"{type(error).__name__}: {str(error)[:500]}"]


def _show(spark, example: Example, found: list[str], folder: Path) -> None:
    print(f"--- study {example.number}: {len(found)} differences")
    print(*found[:SHOWN], sep="\n")
    parts = _parts(found)
    small = shrunk(example, folder, lambda one: not parts.isdisjoint(_parts(_compared(spark, one))))
    print("made small:", *_compared(spark, small)[:SHOWN], sep="\n")
    print(printable(small), flush=True)


def _parts(found: list[str]) -> set[str]:
    """The tables that differ, or the names of errors."""
    return {text.split()[0] for text in found}


if __name__ == "__main__":
    sys.exit(main())
