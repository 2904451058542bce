"""What a shell completes beyond options and files: the names in conf/."""

from __future__ import annotations


def study_names(incomplete: str) -> list[str]:
    """The studies in conf/studies whose names begin so.

    >>> study_names("ldn_m")
    ['ldn_ms']
    """
    return _names("studies", incomplete)


def source_names(incomplete: str) -> list[str]:
    """The sources in conf/sources whose names begin so.

    >>> source_names("lmr")
    ['lmr', 'lmr_days']
    """
    return _names("sources", incomplete)


def threshold_names(incomplete: str) -> list[str]:
    """The thresholds in conf/thresholds whose names begin so.

    >>> threshold_names("n")
    ['nightly']
    """
    return _names("thresholds", incomplete)


def _names(folder: str, beginning: str) -> list[str]:
    from ldn_spark.texts.documents import conf_folder

    names = sorted(file.stem for file in (conf_folder() / folder).glob("*.yaml"))
    return [name for name in names if name.startswith(beginning)]
