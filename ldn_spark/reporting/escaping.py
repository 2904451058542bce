"""Text in Markdown: shown as it is, whatever it holds. For HTML see `ldn_spark.texts.pages`."""

from __future__ import annotations

import re
from functools import lru_cache

from ldn_spark.shown import escaped

_REMEMBERED = 4096
"""Labels and numbers come in table after table."""
_SIGNS = re.compile(r"[\\`*_|\[\]~]|^[#>]")
_ELEMENT = re.compile(r"<(?!\s)")
_ENTITY = re.compile(r"&(?=#|\w+;)")
_LINK = re.compile(r"(?i)\b(https?|ftp|mailto|xmpp)(:)|\bwww(\.)")


@lru_cache(_REMEMBERED)
def markdown(text: str) -> str:
    r"""Text that Markdown shows as it is: no emphasis, cell, element, link or control character.

    Addresses are kept from becoming links, as GitHub would make them. A `<` before a blank
    begins no element and stays, so that `p < 0.001` can be copied from the file.

    >>> markdown("a|b <script> [x](http://y)")
    'a\\|b &lt;script> \\[x\\](http\\://y)'
    """
    text = _SIGNS.sub(r"\\\g<0>", escaped(text.replace("\n", " ")))
    text = _ELEMENT.sub("&lt;", _ENTITY.sub("&amp;", text))
    return _LINK.sub(lambda found: found[0][:-1] + "\\" + found[0][-1], text)
