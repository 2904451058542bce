"""`estimates.csv` as a data set of Stata or SPSS.

The libraries stamp a file with the time of writing, which is replaced by a fixed one.
"""

from __future__ import annotations

import csv
import io
import math
import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldn_spark.errors import Problem, UsageError
from ldn_spark.reporting.office.run_tables import Export
from ldn_spark.reporting.result_files import ESTIMATE_COLUMNS, estimates_csv
from ldn_spark.texts.restricted import RESTRICTED

if TYPE_CHECKING:
    import pandas as pd

_LABELS = {
    "table": "Table of numbers, with the design and exposure where there are several",
    "stratum": "Stratum or contrast, with the subgroup before it",
    "outcome": "Outcome; empty where a number belongs to none",
    "quantity": "Quantity, as docs/estimates.md names and defines it",
    "value": "Value, unrounded; missing where it cannot be estimated",
    "status": "ok, or not_estimable",
    "reason": "Why there is no value",
}
"""At most 80 characters, as Stata has it."""
_STATA_STAMP = re.compile(rb"(<timestamp>\x11)\d\d \w{3} \d{4} \d\d:\d\d(</timestamp>)")
_SPSS_STAMP = slice(92, 109)
"""Date (9 bytes) and time (8 bytes) in the header of a system file."""
_WITHOUT_TIME = b"01 Jan 0000:00:00"


def stata(export: Export) -> bytes:
    """A file of Stata 14 and later (format 118).

    Raises:
        UsageError: the library that writes it is not installed.
    """
    content = _written(export, "write_dta", version=14, variable_format={"value": "%18.0g"})
    made, times = _STATA_STAMP.subn(rb"\g<1>01 Jan 2000 00:00\2", content)
    if times != 1:
        raise ValueError("a Stata file has one time of writing")
    return made


def spss(export: Export) -> bytes:
    """A system file of SPSS.

    Raises:
        UsageError: the library that writes it is not installed.
    """
    measures = {name: "scale" if name == "value" else "nominal" for name in ESTIMATE_COLUMNS}
    content = bytearray(
        _written(
            export,
            "write_sav",
            note=[RESTRICTED, *(part for text in export.about for part in _cut(text))],
            variable_measure=measures,
            variable_format={"value": "F24.10"},
        )
    )
    content[_SPSS_STAMP] = _WITHOUT_TIME
    return bytes(content)


def _cut(text: str) -> Sequence[str]:
    """A text in lines of a document record, which has 80 bytes; a letter takes up to three."""
    import textwrap

    return textwrap.wrap(text, 78 if text.isascii() else 26)


def _written(export: Export, writer: str, **options: Any) -> bytes:
    try:
        import pyreadstat
    except ImportError:
        what = "the library that writes Stata and SPSS files is not installed"
        raise UsageError(Problem("--format", what, "pip install 'ldn-spark[statfiles]'")) from None
    write: Callable[..., None] = getattr(pyreadstat, writer)
    with tempfile.TemporaryDirectory(prefix="ldn-export-") as folder:
        path = Path(folder, "estimates")
        write(_frame(export), path, file_label=RESTRICTED, column_labels=_LABELS, **options)
        return path.read_bytes()


def _frame(export: Export) -> pd.DataFrame:
    """The rows of `estimates.csv`; its values as doubles, everything else as text."""
    import pandas as pd

    head, *rows = csv.reader(io.StringIO(estimates_csv(export.results), newline=""))
    frame = pd.DataFrame(rows, columns=head, dtype="object")
    # Python reads the nearest double, and pandas' own reader of numbers may miss it by one
    values = [float(text) if text else math.nan for text in frame["value"]]
    return frame.assign(value=pd.array(values, dtype="float64").to_numpy())
