"""Draw cost against size from the raw numbers in benchmarks/results: cost.svg and cost.png there.

    python benchmarks/plot.py

Medians; wall and processor seconds and peak memory of everybody, one point a measured size.
"""

from __future__ import annotations

import json

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import results

PANELS = (
    ("wall", 1, "wall, s"),
    ("cpu", 1, "processor, s"),
    ("peak", results.MIB, "peak memory, MiB"),
)
LOOKS = {
    "sail": {"color": "#0072B2", "marker": "o", "linewidth": 2.2},
    "spark": {"color": "#D55E00", "marker": "o", "linewidth": 2.2},
    "duckdb_raw": {"color": "#444444", "marker": "s"},
    "duckdb_lake": {"color": "#444444", "marker": "s", "linestyle": ":"},
    "polars_raw": {"color": "#CC79A7", "marker": "^"},
    "polars_lake": {"color": "#CC79A7", "marker": "^", "linestyle": ":"},
}
"""Colours of Okabe and Ito; ours thick, peers on our clustered files dotted."""


def main() -> None:
    """One panel per measure, logarithmic on both axes."""
    taken = sorted(
        (json.loads(file.read_text()) for file in results.KEPT.glob("[0-9]*.json")),  # no ingest
        key=lambda one: one["dispensings"],
    )
    plt.rcParams |= {"svg.hashsalt": "ldn", "svg.fonttype": "none", "font.size": 9}
    figure, axes = plt.subplots(1, len(PANELS), figsize=(11, 3.8), layout="constrained")
    for axis, (measure, unit, label) in zip(axes, PANELS, strict=True):
        for name, look in LOOKS.items():
            points = [
                (one["dispensings"] / 1e6, results.medians(one)[name][measure] / unit)
                for one in taken
                if name in one["runs"]
            ]
            if points:
                sizes, costs = zip(*points, strict=True)
                plain = results.NAMES[name].replace("`", "")
                axis.plot(sizes, costs, label=plain, markersize=5, **look)
        axis.set(xscale="log", yscale="log", xlabel="dispensings, million", ylabel=label)
        axis.grid(alpha=0.3, which="both", linewidth=0.5)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    for ending, extra in (("svg", {"metadata": {"Date": None}}), ("png", {"dpi": 150})):
        figure.savefig(results.KEPT / f"cost.{ending}", **extra)


if __name__ == "__main__":
    main()
