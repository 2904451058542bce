"""The benchmark kit: what it measures is true, and the peers do the study they claim to do."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

KIT = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def kit(monkeypatch):
    monkeypatch.syspath_prepend(str(KIT))


def test_the_meter_counts_the_whole_tree_to_the_end(kit, tmp_path):
    pytest.importorskip("psutil")
    from meter import measure

    (tmp_path / "data").write_bytes(bytes(3_000_000))
    # the command ends at once; what it leaves behind holds 200 MB, reads 3 MB and computes
    left_behind = (
        f"held = bytearray(b'1') * 200_000_000; open({str(tmp_path / 'data')!r}, 'rb').read()\n"
        "import time; began = time.process_time()\n"
        "while time.process_time() - began < 0.3: pass"
    )
    command = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {left_behind!r}])"
    cost = measure([sys.executable, "-c", command + "; print('done')"])
    assert cost.output == "done\n"
    assert cost.cpu > 0.3
    assert cost.read > 3_000_000
    assert cost.peak > 200_000_000


def test_a_command_that_fails_is_no_measurement(kit):
    pytest.importorskip("psutil")
    from meter import CommandFailed, measure

    with pytest.raises(CommandFailed, match="no such luck"):
        measure([sys.executable, "-c", "raise SystemExit('no such luck')"])


def test_a_section_is_put_once_and_replaced_after_that(kit, monkeypatch, tmp_path):
    import results

    monkeypatch.setattr(results, "PAGE", tmp_path / "RESULTS.md")
    results.PAGE.write_text("# Measured\nbefore\n")
    results.put("1m", "first")
    results.put("15m", "other")
    results.put("1m", "second")
    assert results.PAGE.read_text() == (
        "# Measured\nbefore\n\n<!-- 1m -->\nsecond\n<!-- end of 1m -->\n\n"
        "<!-- 15m -->\nother\n<!-- end of 15m -->\n"
    )


INDEX = date(2013, 3, 1)
LDN, OTHER_NALTREXONE = ("N07BB04", "000971"), ("N07BB04", "971003")
SSRI, CLONAZEPAM, STATIN = ("N06AB03", "1"), ("N03AE01", "2"), ("C10AA01", "3")


EXTRACT = pa.schema(
    [
        ("pseudonym", pa.string()),
        ("sex", pa.string()),
        ("birth_year", pa.int32()),
        ("dispensed_on", pa.date32()),
        ("atc", pa.string()),
        ("product_number", pa.string()),
        ("ddd", pa.decimal128(9, 3)),
    ]
)


def _extract(folder: Path, lines) -> None:
    """A file a month of (pseudonym, day from INDEX, (atc, product), ddd)."""
    folder.mkdir()
    months: dict[str, list[dict]] = {}
    for pseudonym, day, (atc, product), ddd in lines:
        on = INDEX + timedelta(day)
        line = {"pseudonym": pseudonym, "sex": "F", "birth_year": 1963, "dispensed_on": on}
        line |= {"atc": atc, "product_number": product, "ddd": Decimal(ddd)}
        months.setdefault(f"{on:%Y-%m}", []).append(line)
    for month, of_month in months.items():
        pq.write_table(pa.Table.from_pylist(of_month, EXTRACT), folder / f"{month}.parquet")


@pytest.mark.parametrize("peer", ["duckdb", "polars"])
@pytest.mark.parametrize("first_ever", [False, True])
def test_a_peer_does_the_study_by_hand(peer, first_ever, tmp_path):
    pytest.importorskip(peer)
    _extract(
        tmp_path / "raw",
        [
            ("P1", 0, LDN, "9"),
            ("P1", 365, LDN, "9"),  # the day after the counting window: still LDN×1
            *[("P1", day, SSRI, ddd) for day, ddd in ((-366, "1"), (-365, "10"), (-1, "100"))],
            *[("P1", day, SSRI, ddd) for day, ddd in ((0, "0.5"), (364, "2.5"), (365, "7"))],
            ("P1", 5, STATIN, "1000"),
            *[("P2", day, LDN, "9") for day in (0, 364)],  # LDN×2-3
            ("P2", -1, CLONAZEPAM, "4"),
            *[("P3", day, LDN, "9") for day in (-200, 0, 0, 1, 364)],  # LDN×4+, and not first-ever
            ("P3", 1, CLONAZEPAM, "3"),
            ("P4", 0, OTHER_NALTREXONE, "28"),  # nobody of the study
            ("P4", 1, SSRI, "50"),
        ],
    )
    out = tmp_path / "moments.json"
    command = [sys.executable, str(KIT / "peers" / f"{peer}_study.py"), "--out", str(out)]
    command += ["--raw", str(tmp_path / "raw"), *(["--first-ever"] if first_ever else [])]
    subprocess.run(command, check=True)
    found = json.loads(out.read_text())
    persons = {
        row["stratum"]: (row["persons"], row["exposure_dispenses"]) for row in found["cohort"]
    }
    assert persons == {"LDNx1": (1, 1), "LDNx2-3": (1, 2)} | (
        {} if first_ever else {"LDNx4+": (1, 4)}
    )
    assert {row["age_sum"] for row in found["cohort"]} == {50}
    micro = {
        (row["stratum"], row["outcome"]): (row["sum_before"] / 1e6, row["sum_after"] / 1e6)
        for row in found["groups"]
    }
    assert micro[("LDNx1", "ssri")] == micro[("LDNx1", "N06A")] == (10 + 100, 0.5 + 2.5)
    assert micro[("LDNx2-3", "benzo")] == micro[("LDNx2-3", "N03A")] == (4, 0)
    assert {name for _, name in micro} == {"all", "N06A", "ssri", "N03A", "benzo", "bz"}
    ssri = next(row for row in found["groups"] if row["outcome"] == "ssri")
    assert ssri["sum_squares_difference"] == 107 * 10**6 * 107 * 10**6
    assert (ssri["both"], ssri["before_only"], ssri["after_only"]) == (1, 0, 0)
    if not first_ever:
        late = next(
            row for row in found["groups"] if (row["stratum"], row["outcome"]) == ("LDNx4+", "bz")
        )
        assert (late["both"], late["before_only"], late["after_only"]) == (0, 0, 1)
        assert late["sum_after"] == 3 * 10**6
