"""The patterns by which a line of quoted fields is taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quoting:
    """How the fields of a record are quoted and delimited; patterns of one line without its end."""

    quote: str
    delimiter: str

    @property
    def quoted(self) -> str:
        """A quoted field; quotes in it are doubled."""
        return f"{self._q}{self._inside}{self._q}"

    @property
    def begun(self) -> str:
        """A quoted field and what it stands behind, the first group: a delimiter or nothing."""
        return f"(^|{self._d}){self.quoted}"

    @property
    def whole(self) -> str:
        """A record whose quoted fields end before a delimiter or its end.

        A quote inside an unquoted field is an ordinary character.
        """
        return f"^{self._field}{self._more}$"

    @property
    def opened(self) -> str:
        """A line that ends within a quoted field; the groups are what is before it and in it."""
        return f"^((?:{self._field}{self._d})*){self._q}({self._inside})$"

    @property
    def strayed(self) -> str:
        """A line that ends within a quoted field with a delimiter in it."""
        inside = f"{self._inside}{self._d}{self._inside}"
        return f"^(?:{self._field}{self._d})*{self._q}{inside}$"

    @property
    def closed(self) -> str:
        """A line that begins within a quoted field, and ends outside; the groups are both parts."""
        return f"^({self._inside}){self._q}({self._more})$"

    @property
    def kept_open(self) -> str:
        """A line that begins within a quoted field, and ends within it or another."""
        again = f"{self._q}{self._more}{self._d}{self._q}{self._inside}"
        return f"^{self._inside}(?:{again})?$"

    @property
    def _q(self) -> str:
        return re.escape(self.quote)

    @property
    def _d(self) -> str:
        return re.escape(self.delimiter)

    @property
    def _inside(self) -> str:
        return f"(?:[^{self._q}]|{self._q}{self._q})*"

    @property
    def _field(self) -> str:
        return f"(?:{self.quoted}|[^{self._q}{self._d}][^{self._d}]*|)"

    @property
    def _more(self) -> str:
        return f"(?:{self._d}{self._field})*"
