"""What was measured: raw numbers as JSON in benchmarks/results, tables in benchmarks/RESULTS.md."""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
KEPT = HERE / "results"
PAGE = HERE / "RESULTS.md"
OURS = ("sail", "spark")
NAMES = {
    "sail": "`ldn run`, embedded",
    "spark": "`ldn run`, Spark local[2]",
    "duckdb_raw": "DuckDB, raw extract",
    "duckdb_lake": "DuckDB, our clustered files",
    "polars_raw": "Polars, raw extract",
    "polars_lake": "Polars, our clustered files",
}
MIB, MB = 2**20, 1e6


def environment(engines: list[str]) -> dict[str, Any]:
    """Where a measurement is taken: processor, memory, versions, how busy it was; no names."""
    packages = ("pysail", "pyspark", "delta-spark", "pyarrow", "duckdb", "polars")
    found = {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
        **{name: _version(name) for name in packages},
    }
    if "spark" in engines:
        said = subprocess.run(["java", "-version"], capture_output=True, text=True).stderr
        found["java"] = re.search(r'"(.+?)"', said)[1]
    return found


def _processor() -> str:
    text = Path("/proc/cpuinfo").read_text()
    found = re.search(r"model name\s*:\s*(.+)", text)
    return found[1] if found else platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "-"


def medians(taken: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Per contestant the median of every measure."""
    return {
        name: {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        for name, runs in taken["runs"].items()
    }


def table(taken: dict[str, Any]) -> str:
    """One size as Markdown: a row per contestant, and the ratio of ours to each peer."""
    middle = medians(taken)
    peers = [name for name in middle if name not in OURS]
    asked = "first-ever LDN users, every year looked at" if taken["first_ever"] else "as published"
    lines = [
        f"## {taken['dispensings']:,} dispensings",
        f"The LDN study ({asked}); lake of {taken['lake_bytes'] / MB:,.0f} MB; median of "
        f"{len(next(iter(taken['runs'].values())))} after a warm-up, in turns, warm page cache. "
        "All contestants find the same moments.",
        "",
        "| | wall, s (least – most) | processor, s | peak memory, MiB | read, MB | shuffled, MB | "
        + " | ".join(f"÷ {NAMES[peer]}" for peer in peers)
        + " |",
        "|---|" + "---|" * (5 + len(peers)),
    ]
    for name, cost in middle.items():
        walls = [run["wall"] for run in taken["runs"][name]]
        shuffled = taken["shuffled"].get(name)
        ratios = [
            f"{cost['wall'] / middle[peer]['wall']:.2f}" if name in OURS else "" for peer in peers
        ]
        cells = [
            NAMES[name],
            f"{cost['wall']:.2f} ({min(walls):.2f} – {max(walls):.2f})",
            f"{cost['cpu']:.2f}",
            f"{cost['peak'] / MIB:,.0f}",
            f"{cost['read'] / MB:,.0f}",
            "" if shuffled is None else _shuffled(shuffled, taken["lake_bytes"]),
            *ratios,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", where(taken)])


def _shuffled(shuffled: int, lake: int) -> str:
    return f"{shuffled / MB:.2f} ({100 * shuffled / lake:.2g} % of the lake)"


def where(taken: dict[str, Any]) -> str:
    said = ", ".join(f"{name} {value}" for name, value in taken["environment"].items())
    return f"`{taken['command']}` on {said}."


def keep(taken: dict[str, Any]) -> None:
    """Write the raw numbers, and the table between its markers in RESULTS.md."""
    KEPT.mkdir(exist_ok=True)
    text = json.dumps(taken, indent=1, ensure_ascii=False) + "\n"
    (KEPT / f"{taken['size']}.json").write_text(text, encoding="utf-8")
    put(taken["size"], table(taken))


def put(name: str, section: str) -> None:
    """Replace the part of RESULTS.md between the markers of this name; append it at first."""
    page = PAGE.read_text(encoding="utf-8")
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    block = f"{begin}\n{section}\n{end}"
    if begin in page:
        before, rest = page.split(begin, 1)
        page = before + block + rest.split(end, 1)[1]
    else:
        page = page.rstrip("\n") + f"\n\n{block}\n"
    PAGE.write_text(page, encoding="utf-8")
