"""Whether a rule is as tight as another: what a project may state beside its data holder's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Tighter = Callable[[Any, Any], bool]
"""Is given what holds and what is stated; whether the latter is as tight."""


def _at_least(base: Any, own: Any) -> bool:
    return bool(own >= base)


def _at_most(base: Any, own: Any) -> bool:
    return bool(own <= base)


def _same(base: Any, own: Any) -> bool:
    return bool(own == base)


def _any(base: Any, own: Any) -> bool:
    return True


def _becomes(tight: Any) -> Tighter:
    """A choice of which one value is the tight one."""
    return lambda base, own: own in (base, tight)


def _within(base: Any, own: Any) -> bool:
    return set(own) <= set(base)


def _nk(base: Any, own: Any) -> bool:
    if base is None or own is None:
        return base is None
    return bool(own[0] >= base[0] and own[1] <= base[1])


_RULES: Mapping[str, Tighter] = {
    "mode": _becomes("suppress"),
    "threshold": _at_least,
    "confirmed_by": lambda base, own: own is not None or base is None,
    "zeros": _becomes("small"),
    "complements": _becomes("small"),
    "nested_differences": _becomes("small"),
    "discordant": _becomes("small"),
    "keep_possible": _becomes("beyond"),
    "attacker": _becomes("integer"),
    "contributors": _at_least,
    "dominance.nk": _nk,
    "dominance.p_percent": _at_least,
    "dominance.negative": _becomes("hide"),
    "dose_interval": _at_least,
    "min_group": _at_least,
    "percent": _same,
    "decimals.mean": _at_most,
    "decimals.sd": _at_most,
    "decimals.percent": _at_most,
    "decimals.p": _at_most,
    "decimals.relative": _at_most,
    "round.base": _at_least,
    "round.ddd_significant": _at_most,
    "curves.fewest_dispensers": _at_least,
    "curves.grids": _within,
    "curves.band": _becomes("none"),
    "figures.formats": _within,
    "figures.max_dpi": _at_most,
    "figures.svg": _becomes("never"),
    "files.max_rows": _at_most,
    "files.max_bytes": _at_most,
    "files.types": _within,
    "ledger": _becomes("required"),
    "four_eyes": _becomes(True),
    "max_hidden_weight": _any,  # how much may be missing is not what may be told
    "weights": _any,
    "mark": _any,
}
"""By key, a part's keys behind a point: every key of a policy has a line here."""


def loosened(base: Mapping[str, Any], own: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The keys by which a project's rules would be looser, and what each would say.

    Args:
        base: all that the data holder's policy says.
        own: what the project states, by the same keys.
    """
    return [
        (key, f"{_said(stated)} instead of {_said(held)}")
        for key, held, stated in _pairs(base, own)
        if not _RULES[key](held, stated)
    ]


def _pairs(
    base: Mapping[str, Any], own: Mapping[str, Any], above: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    for name, stated in own.items():
        key = above + name
        if key in _RULES:
            yield key, base[name], stated
        else:
            yield from _pairs(base[name], stated, f"{key}.")


def _said(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(_said, value))}]"
    return "null" if value is None else str(value)
