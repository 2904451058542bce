"""Everything that is published of a run, made of group-level numbers alone.

What goes in is small and can be sent to another process; what comes out are the files' bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ldn_spark.estimates.results import AttritionStep, CohortFound, Results
from ldn_spark.papers.values import Published
from ldn_spark.study.definition import StudyDefinition

if TYPE_CHECKING:
    from markupsafe import Markup

    from ldn_spark.reporting.copies import Share
    from ldn_spark.reporting.figures.draw import Figures


@dataclass(frozen=True, slots=True)
class Publication:
    """What a run found, and what the report says of the data.

    Attributes:
        study: the definition.
        moments: rows of the three tables of moments, by name.
        attrition: from `attrition_steps`.
        provenance: what the data were; see `reporting.contents.contents`. Its warnings are those
            that were known before the analysis.
        study_hash: hash of the study and its codelists.
        software_version: version of this package.
        published: values to hold against the computed ones.
        others: what was found for each of the study's further exposures, by its id.
    """

    study: StudyDefinition
    moments: Mapping[str, Sequence[Mapping[str, Any]]]
    attrition: Sequence[AttritionStep]
    provenance: Mapping[str, Any]
    study_hash: str
    software_version: str
    published: Published | None = None
    others: Mapping[str, CohortFound] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Made:
    """The files of a publication.

    Attributes:
        contents: bytes by path below the run's folder.
        warnings: what a person should know, also of what the analysis found.
    """

    contents: Mapping[str, bytes]
    warnings: tuple[str, ...]


Make = Callable[[Publication], Callable[[], Made]]
"""Is given what to publish, and hands back what to call for the files."""


def make_here(publication: Publication) -> Callable[[], Made]:
    """Make the files in this process, when they are asked for."""
    from ldn_spark.reporting.copies import here

    return lambda: make(publication, here)


def make(publication: Publication, share: Share, ahead: Figures = ()) -> Made:
    """Moments -> estimates -> tables, figures, words and report.

    Args:
        publication: what was found.
        share: how independent tasks are done; see `copies`.
        ahead: figures that were drawn before.
    """
    from ldn_spark.drift.dispensed import REGISTRY, of_plain, registry_csv
    from ldn_spark.reporting.cautions import cautions
    from ldn_spark.reporting.contents import contents
    from ldn_spark.reporting.moments_file import MOMENTS, moments_json

    study = publication.study
    results = analyse_moments(publication, share)
    known = publication.provenance.get("warnings", ())
    warnings = (*known, *cautions(study, results))
    files, section = _compared(publication, results)
    files[MOMENTS] = moments_json(publication)
    if dispensed := of_plain(publication.provenance.get("dispensed", ())):
        files[REGISTRY] = registry_csv(dispensed).encode()
    files |= contents(
        results,
        study,
        comparison=section,
        provenance={**publication.provenance, "warnings": list(warnings)},
        study_hash=publication.study_hash,
        software_version=publication.software_version,
        share=share,
        ahead=ahead,
    )
    return Made(files, warnings)


def analyse_moments(publication: Publication, share: Share | None = None) -> Results:
    """The estimates, curves and attrition of a publication, and what is known of its lines."""
    from ldn_spark.estimates.analysis import analyse, compare_in
    from ldn_spark.reporting.copies import here

    study, known = publication.study, publication.provenance
    moments = publication.moments
    sums = moments["cohort_moments"], moments["design_moments"]
    tasks = [partial(compare_in, study, one.id, *sums) for one in study.designs]
    tasks += [partial(_analyse_other, publication, one.id) for one in study.exposures]
    begun = (share or here)(tasks)
    own = analyse(study, attrition=publication.attrition, designs={}, **moments)
    found = [result() for result in begun]
    designs = {one.id: found.pop(0) for one in study.designs}
    others = {one.id: found.pop(0) for one in study.exposures}
    return replace(own, designs=designs, others=others).of_lake(
        invented=bool(known.get("invented")), turned_away=known.get("turned_away", ())
    )


def _analyse_other(publication: Publication, exposure: str) -> Results:
    """The results of a further exposure, without curves."""
    from ldn_spark.estimates.analysis import analyse

    found = publication.others[exposure]
    moments = {**found.moments, "daily_moments": None}
    alone = publication.study.as_exposure(exposure)
    return analyse(alone, attrition=found.attrition, **moments)


def _compared(publication: Publication, results: Results) -> tuple[dict[str, bytes], Markup | str]:
    """The file that holds published values against the computed ones, and the report's section."""
    if publication.published is None:
        return {}, ""
    from ldn_spark.papers.compare.comparison import compare
    from ldn_spark.papers.compare.files import COMPARE_CSV, compare_csv, compare_html

    found = compare(publication.published, results, publication.study)
    title = f"Published and computed: {publication.study.reference}"
    return {COMPARE_CSV: compare_csv(found).encode("utf-8")}, compare_html(
        found, title, invented=results.invented
    )
