"""Audit a published before-after table by arithmetic alone, without any patient's data.

Every printed number is the interval of all values that round to it; a finding is made only when
no numbers in those intervals can satisfy a relation that must hold in any data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ldn_spark.papers.audit.checks_contrasts import check_contrasts
from ldn_spark.papers.audit.checks_counts import check_baseline, check_shares
from ldn_spark.papers.audit.checks_design import check_design, check_repeats
from ldn_spark.papers.audit.checks_nesting import check_nesting
from ldn_spark.papers.audit.checks_notes import check_methods, check_smallest_p
from ldn_spark.papers.audit.checks_relative import check_relative
from ldn_spark.papers.audit.checks_rows import check_dose_rows, check_user_rows
from ldn_spark.papers.audit.findings import SEVERITIES, Finding
from ldn_spark.papers.values import Published
from ldn_spark.study.definition import StudyDefinition

CHECKS: tuple[Callable[[Published, StudyDefinition], Iterator[Finding]], ...] = (
    check_design,
    check_repeats,
    check_baseline,
    check_shares,
    check_dose_rows,
    check_user_rows,
    check_nesting,
    check_relative,
    check_contrasts,
    check_methods,
    check_smallest_p,
)


def audit(published: Published, study: StudyDefinition) -> list[Finding]:
    """Every contradiction within a published table.

    Args:
        published: what is printed; tables, columns and rows that are absent are not checked.
        study: its windows, index period, outcomes (whose codes say which rows are parts of
            which), contrasts and confidence level.

    Returns:
        Findings, the impossible first, then by check and order of the file.
    """
    found = [finding for check in CHECKS for finding in check(published, study)]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))
