"""The mark of what may not leave: every file for people that holds small counts carries it.

It stands inside the file, so that it outlives copying and renaming.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldn_spark.texts.pages import fill

if TYPE_CHECKING:
    from markupsafe import Markup

RESTRICTED = "Restricted: not disclosure-controlled; do not pass on."

_PAGE, _FRAGMENT = (f"texts/restricted_{part}.html.j2" for part in ("page", "fragment"))


def marked_markdown(text: str) -> str:
    """A text in Markdown under the mark."""
    return f"**{RESTRICTED}**\n\n{text}"


def marked_page(page: Markup) -> Markup:
    """A page of HTML, which shows the mark itself, with the mark as a comment on its first line."""
    return fill(_PAGE, mark=RESTRICTED, page=page)


def marked_fragment(fragment: Markup) -> Markup:
    """A part of a page under the mark: it can be pasted into another page, and shows it there."""
    return fill(_FRAGMENT, mark=RESTRICTED, fragment=fragment)
