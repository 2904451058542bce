"""Hold every result file of two checkouts against each other: the same bytes, or named.

    python benchmarks/same_bytes.py OLD NEW LAKE SCRATCH

OLD and NEW are folders of checkouts whose `.venv` is installed; OLD made the lake. The shipped
studies are run by both on copies of it, one after the other; periods of conditions that lie before
an extract that begins in 2012 are moved into it. All files but manifest.json, which holds times,
are compared.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import shutil
import subprocess
import sys
from pathlib import Path

from many import EARLIER, SISTERS

from ldn_spark.texts.documents import conf_folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name in ("old", "new", "lake", "scratch"):
        parser.add_argument(name, type=Path)
    given = parser.parse_args()
    studies = [_within_the_extract(name, given.scratch / "studies") for name in SISTERS]
    differ = 0
    for study in studies:
        old, new = (
            _results(checkout, study, given.lake, given.scratch / side)
            for side, checkout in (("old", given.old), ("new", given.new))
        )
        names = sorted({_below(path, root) for root in (old, new) for path in _files(root)})
        wrong = [name for name in names if not _is_same(old / name, new / name)]
        differ += len(wrong)
        print(
            f"{study.stem}: {len(names)} files, {len(wrong)} differ {' '.join(wrong)}", flush=True
        )
    sys.exit(1 if differ else 0)


def _within_the_extract(name: str, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    text = (conf_folder() / "studies" / f"{name}.yaml").read_text(encoding="utf-8")
    for before, instead in EARLIER.items():
        text = text.replace(before, instead)
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def _results(checkout: Path, study: Path, lake: Path, scratch: Path) -> Path:
    """The folder of a study's results, by the software of a checkout."""
    own = scratch / "lake"
    if not own.is_dir():
        shutil.copytree(lake, own, ignore=shutil.ignore_patterns("runs", "_ledger"))
    command = [checkout / ".venv" / "bin" / "ldn", "run", study, "--lake", own]
    done = subprocess.run(
        [*command, "--out", scratch / "out"],
        env=os.environ | {"PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{checkout}, {study.stem}: exit {done.returncode}\n{done.stderr}")
    return Path(done.stdout.split()[-1])


def _files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file() and path.name != "manifest.json"]


def _below(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _is_same(one: Path, other: Path) -> bool:
    return one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False)


if __name__ == "__main__":
    main()
