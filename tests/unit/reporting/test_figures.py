from __future__ import annotations

import re
from dataclasses import replace
from importlib.resources import files

import pytest

from ldn_spark.estimates.results import Results
from ldn_spark.reporting.figures import canvas
from ldn_spark.reporting.figures.curves import curve_panels
from ldn_spark.reporting.figures.design import design_bars, design_diagram
from ldn_spark.reporting.figures.draw import DrawnFigure, all_figures
from ldn_spark.reporting.figures.figure import Section
from ldn_spark.reporting.figures.flow import flow_diagram
from ldn_spark.reporting.figures.forest import forest_plot, main_contrast
from ldn_spark.reporting.figures.registry import FIGURES, figures_at
from ldn_spark.reporting.report import report_html
from ldn_spark.shown import counted
from tests.unit.reporting.paper_like import (
    ATTRITION,
    changed,
    paper_like_results,
    plain,
    study_named,
)

STUDIES = ("ldn_2013", "ldn_ibd", "ldn_ms", "ldn_opioids", "ldn_ra", "ldn_thyroid")


def texts(figure):
    from matplotlib.text import Text

    return [found.get_text() for found in figure.findobj(Text) if found.get_text()]


def drawn(study, results):
    with canvas.drawing_style():
        yield flow_diagram(study, results)
        yield curve_panels(study, results)
        yield forest_plot(study, results, main_contrast(study))
        yield design_diagram(study)


def overhang(figure):
    """How many inches of what is drawn lie beyond the page."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    drawn = figure.get_tightbbox(FigureCanvasAgg(figure).get_renderer())
    width, height = figure.get_size_inches()
    return max(-drawn.x0, -drawn.y0, drawn.x1 - width, drawn.y1 - height)


@pytest.mark.parametrize("name", STUDIES)
def test_nothing_is_cut_off(name):
    study = study_named(name)
    with canvas.drawing_style():
        for figure in drawn(study, paper_like_results(study)):
            assert overhang(figure) < 0.01


def test_flow_diagram_holds_every_count(definition, results):
    with canvas.drawing_style():
        said = plain(" ".join(texts(flow_diagram(definition, results))))
    for step in ATTRITION:
        for number in (step.number_records, step.number_subjects, step.excluded_records):
            assert number is None or plain(counted(number)) in said
    for number in ("3 590 (31.9%)", "2 554 (22.7%)", "5 103 (45.4%)", "10 635 before"):
        assert number in said
    assert "848 lines turned away" in said
    assert "375 persons excluded" in said
    assert "Not met: Collected N07BB04 in 2013" in said


def test_curves_have_a_panel_per_outcome(definition, results):
    with canvas.drawing_style():
        figure = curve_panels(definition, results)
        canvas.to_svg(figure)
        said = texts(figure)
    assert len(figure.axes) == 6
    assert "Cumulative difference (DDD per patient)" in said
    assert "Days from the index date" in said
    assert {"−365", "0", "364"} <= set(said)


def test_curves_without_points_or_bands(definition, results):
    bare = tuple(replace(p, ci_low=None, ci_high=None) for p in results.curves)
    with canvas.drawing_style():
        canvas.to_svg(curve_panels(definition, Results((), bare, ())))
        figure = curve_panels(definition, Results((), (), ()))
        assert texts(figure).count("No curve can be formed") == 6


def test_forest_says_what_is_not_estimable(definition, results):
    without = Results((), results.curves, results.attrition)
    with canvas.drawing_style():
        figure = forest_plot(definition, without, main_contrast(definition))
        assert texts(figure).count("not estimable") == 2 * len(definition.outcomes)
        canvas.to_png(figure)


def test_design_follows_the_study(definition):
    assert [bar.window.days for bar in design_bars(definition)] == [365, 365, 365]
    washed = changed(definition, "exposure.index_event.washout_days", 180)
    assert design_bars(washed)[0].label == "No LDN (wash-out)"
    ever = changed(definition, "exposure.index_event.washout_days", "ever")
    with canvas.drawing_style():
        assert "any time before the index date" in texts(design_diagram(ever))


def test_same_results_same_bytes(definition, results):
    first, again = all_figures(definition, results), all_figures(definition, results)
    assert [(f.svg, f.png) for f in first] == [(f.svg, f.png) for f in again]
    for figure in first:
        assert b"<dc:date>" not in figure.svg
        assert figure.png.startswith(b"\x89PNG")
        assert b"Software" not in figure.png


def test_inline_svg_stands_alone(definition, results):
    figures = all_figures(definition, results)
    ids = [found for f in figures for found in re.findall(r'\bid="([^"]+)"', f.inline_svg)]
    assert len(ids) == len(set(ids)), "ids of two figures clash on one page"
    for figure in figures:
        inline = figure.inline_svg
        used = set(re.findall(r'href="#([^"]+)"', inline)) | set(
            re.findall(r"url\(#([^)]+)\)", inline)
        )
        assert used <= set(ids)
        assert "var(--fig-ink)" in inline
        assert "<?xml" not in inline


def test_a_study_without_contrasts_has_no_forest(definition, results):
    figures = all_figures(changed(definition, "contrasts", []), results)
    assert [figure.id for figure in figures] == ["figure1", "figure2", "figure4"]


SSRI = {"id": "ssri", "name": "SSRIs", "abbreviation": "SSRI", "atc": ["N06AB"]}


def test_every_figure_stands_in_the_report_where_it_says(definition, results):
    """One list is drawn, described, placed and written: a figure cannot be lost between them."""
    definition = changed(definition, "exposures", [SSRI])
    results = replace(results, others={"ssri": results})
    figures = all_figures(definition, results)
    assert [figure.id for figure in figures] == list(FIGURES)
    template = files("ldn_spark.reporting").joinpath("report.html.j2").read_text(encoding="utf-8")
    for section in Section:
        part = template[template.index(f'<section id="{section}">') :].partition("</section>")[0]
        assert f"drawn('{section}')" in part
        assert f"drawn('{section}', below=true)" in part
    for name, figure in FIGURES.items():
        assert name in figures_at(figure.section, below_tables=figure.below_tables)
        assert figure.legend(definition, results)[0].endswith(".")


@pytest.mark.parametrize("section", Section)
@pytest.mark.parametrize("below", [False, True])
def test_a_figure_is_placed_by_its_record_alone(monkeypatch, definition, results, section, below):
    """A new figure needs its record, and no line of the page: also in a section without tables."""
    record = replace(FIGURES["figure4"], section=section, below_tables=below)
    monkeypatch.setitem(FIGURES, "figure9", record)
    drawn = DrawnFigure("figure9", "Figure 9", "Title.", "Caption.", b"<svg ></svg>", b"")
    page = report_html(
        changed(definition, "contrasts", []),
        results,
        tables=[],
        subgroups={},
        designs={},
        figures=[drawn],
        words=[],
        sentence="",
        comparison="",
        provenance={},
        study_hash="",
        software_version="",
    )
    part = page[page.index(f'<section id="{section}">') :].partition("</section>")[0]
    assert '<figure id="figure9">' in part
    assert page.count('<figure id="figure9">') == 1
