"""Characters that cannot be seen: two texts that look alike may differ by them.

Control characters, and letters without a width or without ink. Blanks are no such characters:
they are taken off around a value.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

_INVISIBLE = (
    r"\p{Cc}\p{Cf}\p{Zl}\p{Zp}\x{034F}\x{115F}\x{1160}\x{2800}\x{3164}\x{FE00}-\x{FE0F}\x{FFA0}"
)
"""Of RE2, as Arrow has it: categories of Unicode, then fillers and variation marks."""
SOMEWHERE = f"[{_INVISIBLE}]"
"""Matches where a text holds such a character."""
NOTHING_ELSE = f"^[{_INVISIBLE}\\s\\p{{Zs}}]+$"
"""Matches a text of such characters and blanks alone."""
_FIRST, _LAST = np.uint8(ord(" ")), np.uint8(ord("~"))


def may_hold_invisible(texts: pa.StringArray) -> bool:
    """Whether any octet is no printable ASCII: quick to tell, and most pseudonyms are nothing else.

    >>> may_hold_invisible(pa.array(["P1", "P 2~"])), may_hold_invisible(pa.array(["P\\t1"]))
    (False, True)
    """
    content = texts.buffers()[2]
    octets = np.frombuffer(content or b"", np.uint8)
    return bool((octets - _FIRST > _LAST - _FIRST).any())
