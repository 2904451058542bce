"""The results in words: the numbers of the tables, and the reason where there is none."""

from __future__ import annotations

from ldn_spark.estimates.results import NOT_ESTIMABLE, Estimate, Results
from ldn_spark.reporting.paragraphs import methods_sentence, results_markdown, results_paragraphs


def plain(text):
    """Without the spaces that keep a number together."""
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


def test_a_paragraph_per_outcome_with_the_printed_numbers(definition, results):
    paragraphs = dict(results_paragraphs(definition, results))
    assert list(paragraphs) == [outcome.label for outcome in definition.outcomes]
    text = plain(paragraphs["Antiepileptics (N03A)"])
    assert (
        "LDN×1 from 546 (15.2%) to 599 (16.7%), +1.5 percentage points "
        "(95% CI 0.3 to 2.7, p = 0.015)" in text
    )
    assert "LDN×1 from 38.5 to 42.9, +4.4 (95% CI 0.6 to 8.2, p = " in text
    assert "LDN×4+ from 807 (15.8%) to 722 (14.1%), −1.7 percentage points" in text
    assert "3.1 percentage points of users (95% CI 1.6 to 4.6, p < 0.001)" in text


def test_what_cannot_be_estimated_is_said(definition, results):
    kept = [e for e in results.estimates if e.outcome != "lith" or e.quantity not in ("p", "se")]
    reason = "everybody's change is 0"
    kept += [
        Estimate("ddd", level.id, "lith", "p", None, NOT_ESTIMABLE, reason)
        for level in definition.strata.levels
    ]
    changed = Results(tuple(kept), results.curves, results.attrition)
    text = dict(results_paragraphs(definition, changed))["Lithium (N05AN)"]
    assert reason in text
    assert "not estimable" in text or "DDD" in text


def test_the_methods_sentence_names_version_hash_and_deviations(definition):
    said = methods_sentence(definition, study_hash="abc", software_version="9.9", deviations=())
    assert said == (
        "Analysed with ldn_spark 9.9 by the study file ldn_2013 (SHA-256 abc), without deviations."
    )
    said = methods_sentence(
        definition, study_hash="abc", software_version="9.9", deviations=["one", "two"]
    )
    assert said.endswith("except: one; two.")
    assert results_markdown([("A", "text")], said).startswith("**A.** text\n\nAnalysed")
