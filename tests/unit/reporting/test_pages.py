"""What a page needs for a phone, a screen reader and a printer, as far as no browser is needed.

`scripts/pages.sh` asks a browser for the rest: axe and the width at 400 pixels.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise

import pytest

from ldn_spark.papers.audit.auditing import audit
from ldn_spark.papers.compare.comparison import compare
from ldn_spark.papers.compare.files import audit_html, compare_html, page
from ldn_spark.papers.reading import find_published, read_published
from ldn_spark.reporting.quality.page import quality_html
from ldn_spark.reporting.quality.sheets import all_sheets
from tests.unit.reporting.test_quality_report import assessment

STYLE = (files("ldn_spark.reporting") / "report.css").read_text(encoding="utf-8")
VOID = {"meta", "br", "link", "img", "hr", "input"}


class Page(HTMLParser):
    """Every element with its attributes and the elements around it, in reading order."""

    def __init__(self, text):
        super().__init__()
        self.found, self.around = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs), list(self.around)))
        if tag not in VOID:
            self.around.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        while self.around and self.around.pop()[0] != tag:
            pass

    def all(self, *tags):
        return [(attrs, around) for tag, attrs, around in self.found if tag in tags]


@pytest.fixture(scope="module")
def pages(definition, results, published):
    values = read_published(find_published(definition.id), definition)
    comparison = compare_html(compare(values, results, definition), "Published and computed: X")
    found = assessment()
    sheets = {sheet.id: sheet for sheet in all_sheets(found)}
    kept = {"title": "Study", "style": STYLE, "heading": "A study"}
    return {
        "report": (published / "report.html").read_text(encoding="utf-8"),
        "compare": page(comparison, links={"Report": "report.html"}, restricted=True, **kept),
        "audit": page(
            audit_html(audit(values, definition), "Audit: X"), links={"As CSV": "a.csv"}, **kept
        ),
        "quality": quality_html(found, sheets, None),
    }


NAMES = ("report", "compare", "audit", "quality")


@pytest.mark.parametrize("name", NAMES)
def test_headings_go_down_by_one(pages, name):
    levels = [int(tag[1]) for tag, *_ in Page(pages[name]).found if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


@pytest.mark.parametrize("name", NAMES)
def test_what_may_scroll_is_alone_in_it_and_can_be_reached(pages, name):
    """Tables and figures scroll in a box of their own with a name, and the page does not."""
    found = Page(pages[name])
    boxes = [attrs for attrs, _ in found.all("div") if "wide" in (attrs.get("class") or "")]
    assert boxes
    assert all(box.get("tabindex") == "0" and box.get("aria-label") for box in boxes)
    for attrs, around in found.all("table", "svg"):
        inside = any("wide" in (one.get("class") or "") for _, one in around)
        narrow = attrs.get("class") == "plain" and name == "report"  # of hashes, which break
        assert inside or narrow, (name, attrs)
    assert all(attrs.get("tabindex") == "0" for attrs, _ in found.all("pre"))


@pytest.mark.parametrize("name", NAMES)
def test_names_and_ways(pages, name):
    found = Page(pages[name])
    assert [attrs.get("lang") for attrs, _ in found.all("html")] == ["en"]
    assert all(attrs.get("scope") for attrs, _ in found.all("th"))
    assert all(attrs.get("aria-labelledby") for attrs, _ in found.all("svg"))
    assert all(attrs.get("aria-label") for attrs, _ in found.all("nav", "aside"))
    ids = [attrs["id"] for _, attrs, _ in found.found if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = [attrs["href"] for attrs, _ in found.all("a")]
    assert links
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    landmarks = {"main", "nav", "aside"}
    for tag, attrs, around in found.found:
        if tag in ("p", "h1", "h2", "table", "figure"):
            assert landmarks & {one for one, _ in around}, (tag, attrs)


def test_tables_and_figures_are_numbered_in_reading_order(pages):
    page_text = pages["report"]
    for what in ("Table", "Figure"):
        numbers = [int(n) for n in re.findall(rf"<strong>{what} (\d+)\.</strong>", page_text)]
        assert len(numbers) > 3
        assert numbers == sorted(numbers)


def test_long_words_break(pages):
    assert "overflow-wrap: break-word" in STYLE
    assert "@media (max-width: 30rem)" in STYLE


def _luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * p for weight, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    """The contrast ratio of WCAG 2.2."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colours_of_text_are_told_from_their_ground(scheme):
    block = STYLE.split(":root {")[1 + scheme].split("}")[0]
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
    for ink, ground in (
        *(("ink", ground) for ground in ("page", "panel")),
        *(("soft", ground) for ground in ("page", "panel")),
        *(("accent", "page"), ("warn", "warn-page"), ("warn", "page")),
        *(("fig-ink", ground) for ground in ("fig-paper", "fig-box", "fig-side")),
        ("fig-muted", "fig-paper"),
    ):
        assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)


def test_a_printer_is_given_what_every_page_folds():
    printed = STYLE.split("@media print")[1]
    (rule,) = re.findall(r"details::details-content \{([^}]*)\}", printed)
    assert {"content-visibility: visible", "display: block"} <= {*map(str.strip, rule.split(";"))}
    quality = (files("ldn_spark.reporting.quality") / "quality.css").read_text(encoding="utf-8")
    on_screens_alone = "a.formula { display: none; }"  # the annex of formulas is printed
    for style in (printed.replace(on_screens_alone, ""), quality):
        assert not re.search(r"display: none|visibility: hidden|content-visibility: hidden", style)
