"""Every page and part of a page is a Jinja2 template: whatever is put into one is escaped.

A template lies beside the module that fills it and is named by its path below the package:
`reporting/report.html.j2`. Templates can import from each other under these names.
"""

from __future__ import annotations

from functools import cache, lru_cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ldn_spark.shown import escaped

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


_REMEMBERED = 4096
"""Labels and numbers come in cell after cell."""


def fill(template: str, **values: Any) -> Markup:
    """A template with its values, as markup that other templates take as it is.

    Texts are escaped and lose their control characters; markup stays.

    Raises:
        jinja2.UndefinedError: the template asks for a value that is not given.
    """
    from markupsafe import Markup

    return Markup(environment().get_template(template).render(values))


def prepare(*templates: str) -> None:
    """Compile templates before they are filled."""
    for template in templates:
        environment().get_template(template)


def style(*names: str) -> Markup:
    """Style sheets of ours, one after the other, as they stand in a page."""
    from markupsafe import Markup

    return Markup("".join(map(_source, names)))


@cache
def environment() -> Environment:
    """What compiles the templates, each once, and escapes what they print."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_printable,
        loader=FunctionLoader(_source),
    )


def _source(name: str) -> str:
    return (files("ldn_spark") / name).read_text(encoding="utf-8")


def _printable(value: Any) -> Any:
    """What a template is about to print: text without control characters, markup as it is."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return _text(value)


@lru_cache(_REMEMBERED)
def _text(text: str) -> Markup:
    from markupsafe import Markup

    return Markup(escape(escaped(text, keep="\n")))
