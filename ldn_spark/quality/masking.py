"""Counts that stand for few persons are not printed."""

from __future__ import annotations

from collections.abc import Sequence

FEWEST_SHOWN = 5
MASKED = f"<{FEWEST_SHOWN}"


def is_small(count: int) -> bool:
    """Whether a count may stand for so few persons that it is not printed; 0 stands for nobody.

    >>> is_small(0), is_small(1), is_small(4), is_small(5)
    (False, True, True, False)
    """
    return 0 < count < FEWEST_SHOWN


def shown(count: int) -> str:
    """A count as it is printed.

    >>> shown(0), shown(1), shown(4), shown(5), shown(11247)
    ('0', '<5', '<5', '5', '11247')
    """
    return MASKED if is_small(count) else str(count)


def shown_part(part: int, whole: int) -> str:
    """A part of a whole that is printed beside it.

    Where what is left of the whole is small, the part would give it away.

    >>> shown_part(60, 100), shown_part(3, 100), shown_part(97, 100), shown_part(100, 100)
    ('60', '<5', 'all but <5', '100')
    >>> shown_part(0, 3), shown_part(3, 3)
    ('0', '<5')
    """
    if is_small(part) or is_small(whole) or not is_small(whole - part):
        return shown(part)
    return f"all but {MASKED}"


def shown_whole(whole: int, parts: Sequence[int]) -> str:
    """A number whose parts are printed beside it.

    Where some are small, the whole would give them away: then it is at least what is left of it.

    >>> shown_whole(120, [0, 120]), shown_whole(123, [3, 120]), shown_whole(3, [3])
    ('120', '>=120', '<5')
    >>> shown_whole(6, [3, 3]), shown_whole(50, [3, 40])
    ('>=5', '>=47')
    """
    small = sum(filter(is_small, parts))
    if is_small(whole) or not small:
        return shown(whole)
    return _at_least(whole - small)


def shown_union(union: int, parts: Sequence[int], whole: int) -> str:
    """How many of a whole are in any of some groups, all of which are printed beside it.

    >>> shown_union(120, [0, 120], 200), shown_union(123, [3, 120], 200)
    ('120', '>=120')
    >>> shown_union(198, [3, 197], 200), shown_union(3, [3, 0], 200)
    ('all but <5', '<5')
    """
    if is_small(union) or not any(map(is_small, parts)):
        return shown_part(union, whole)
    return f"all but {MASKED}" if is_small(whole - max(parts)) else _at_least(max(parts))


def _at_least(number: int) -> str:
    return f">={max(number, FEWEST_SHOWN)}"
