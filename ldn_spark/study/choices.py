"""The statistical methods that a study file can name: a record each, with words and source.

The study's schema, its captions, the names of published values and `docs/estimates.md` are made
of these records. The function of a method is registered under the same name in `stats`, which
knows nothing of studies; `Choices.matched` joins the two and refuses one without the other. So a
method costs a record here and a function there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import WithJsonSchema

Computed = TypeVar("Computed")


@dataclass(frozen=True, slots=True)
class Choice:
    """A method that a study can name.

    Attributes:
        name: in the study file, and at the end of the names of its estimates.
        words: what a caption calls it.
        formula: how it is computed; b and c are the persons who were users before only and after
            only, of n. Empty where the words say it.
        source: where it is published.
    """

    name: str
    words: str
    formula: str = ""
    source: str = ""


class Choices(Mapping[str, Choice]):
    """The methods of one key of the study file by their names, in the order of the schema.

    Raises:
        ValueError: two have one name.
    """

    def __init__(self, *records: Choice) -> None:
        self._records = {record.name: record for record in records}
        if len(self._records) < len(records):
            raise ValueError("two methods have one name")

    def __getitem__(self, name: str) -> Choice:
        return self._records[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def matched(self, functions: Mapping[str, Computed]) -> dict[str, Computed]:
        """What computes each method, in the order of the records.

        Raises:
            LookupError: a record has no function, or a function no record.
        """
        if unmatched := sorted(self._records.keys() ^ functions.keys()):
            raise LookupError(f"needs a record and a function each: {', '.join(unmatched)}")
        return {name: functions[name] for name in self}

    def key_type(self) -> Any:
        """The type of the study file's key: one of the names; an editor shows the words."""
        schema = {
            "enum": list(self),
            "enumDescriptions": [record.words for record in self.values()],
            "type": "string",
        }
        return Annotated[Literal[tuple(self)], WithJsonSchema(schema)]


_FAGERLAND = "Fagerland, Lydersen and Laake, BMC Medical Research Methodology 2013;13:91"

PAIRED_INTERVALS = Choices(
    Choice(
        "wald",
        "Wald interval for paired proportions",
        "(c − b)/n ± z √(b + c − (c − b)²/n)/n",
        "Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions 2003, section 13.1",
    ),
    Choice(
        "wald_corrected",
        "Wald interval for paired proportions with continuity correction",
        "(c − b)/n ± z √(b + c − (|c − b| − 1)²/n)/n",
        "Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions 2003, section 13.1",
    ),
    Choice(
        "agresti_min",
        "adjusted Wald interval for paired proportions (Agresti and Min 2005)",
        "as `wald` with one half added to each of the four cells",
        "Agresti and Min, Statistics in Medicine 2005;24:729–740",
    ),
    Choice(
        "bonett_price",
        "adjusted Wald interval for paired proportions (Bonett and Price 2012)",
        "p₂ − p₁ ± z √((p₁ + p₂ − (p₂ − p₁)²)/(n + 2)), p₁ = (b + 1)/(n + 2), p₂ = (c + 1)/(n + 2)",
        "Bonett and Price, Journal of Educational and Behavioral Statistics 2012;37:479–488",
    ),
    Choice(
        "newcombe10",
        "square-and-add interval for paired proportions (Newcombe 1998, method 10)",
        "two Wilson intervals, joined with the correlation φ, which is corrected for continuity",
        "Newcombe, Statistics in Medicine 1998;17:2635–2650, method 10",
    ),
    Choice(
        "tango",
        "score interval for paired proportions (Tango 1998)",
        "every difference that the score test does not reject",
        "Tango, Statistics in Medicine 1998;17:891–908",
    ),
)
"""Intervals of the change in the share of users; functions: `stats.proportions.INTERVALS`."""

MCNEMAR = Choices(
    Choice(
        "uncorrected",
        "McNemar's test without continuity correction",
        "χ² = (c − b)²/(b + c), 1 df",
        "McNemar, Psychometrika 1947;12:153–157",
    ),
    Choice(
        "corrected",
        "McNemar's test with continuity correction",
        "χ² = (|c − b| − 1)²/(b + c), 1 df",
        "Edwards, Psychometrika 1948;13:185–187",
    ),
    Choice(
        "exact",
        "the exact McNemar test",
        "twice the smaller tail of Binomial(b + c, ½), at most 1",
        _FAGERLAND,
    ),
    Choice(
        "mid_p",
        "the mid-p McNemar test",
        "the exact p less the point probability of the smaller of b and c",
        _FAGERLAND,
    ),
)
"""Tests of the change in the share of users; functions: `stats.proportions.MCNEMAR`."""

MEAN_VARIANCES = Choices(
    Choice(
        "welch",
        "Welch's t (variances not pooled)",
        "se² = s₁²/n₁ + s₂²/n₂, degrees of freedom by Satterthwaite",
        "Welch, Biometrika 1947;34:28–35; Satterthwaite, Biometrics Bulletin 1946;2:110–114",
    ),
    Choice(
        "pooled",
        "the two-sample t with pooled variance",
        "se² = s²(1/n₁ + 1/n₂), s² = ((n₁ − 1)s₁² + (n₂ − 1)s₂²)/(n₁ + n₂ − 2), n₁ + n₂ − 2 df",
        "Student, Biometrika 1908;6:1–25",
    ),
)
"""Variances of the difference-in-differences of means; functions: `stats.means.VARIANCES`."""

DISPERSIONS = Choices(
    Choice("sd", "standard deviations"),
    Choice("se", "standard errors"),
)
"""What stands in brackets after a mean; an attribute of `stats.moments.Moments` each."""

if TYPE_CHECKING:  # which names there are is known when the records are read
    PairedInterval = str
    McNemar = str
    MeanVariance = str
    Dispersion = str
else:
    PairedInterval = PAIRED_INTERVALS.key_type()
    McNemar = MCNEMAR.key_type()
    MeanVariance = MEAN_VARIANCES.key_type()
    Dispersion = DISPERSIONS.key_type()
