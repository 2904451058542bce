"""Load a study: its file, its codelists and the hash of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ldn_spark.errors import Problem, UsageError
from ldn_spark.study.codelists import Codelist, read_codelist
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.study.documents import content_hash, find_document, read_document


@dataclass(frozen=True, slots=True)
class Study:
    """A study ready to run.

    Attributes:
        definition: what the file says.
        codelists: the codelists it names, by name.
        path: where it was read.
        hash: SHA-256 of the definition and of the codes of every codelist.
    """

    definition: StudyDefinition
    codelists: Mapping[str, Codelist]
    path: Path
    hash: str

    @property
    def exposure_products(self) -> tuple[str, ...] | None:
        """Product numbers of the exposure; None when every product of its ATC codes counts."""
        name = self.definition.exposure.products
        return None if name is None else self.codelists[name].codes


def load_study(name_or_path: str, replace: Mapping[str, Path] | None = None) -> Study:
    """Load a study by name (`ldn_2013`) or path.

    Args:
        name_or_path: a name in `conf/studies` or a YAML file.
        replace: codelists to read from another file for this run.

    Raises:
        ConfigError: the study or a codelist is wrong; every problem of a file at once.
        UsageError: `replace` names a codelist that the study does not use.
    """
    path = find_document(name_or_path, "studies")
    definition = read_document(path, StudyDefinition)
    wanted = [name for name in (definition.exposure.products,) if name is not None]
    replace = dict(replace or {})
    for name in replace:
        if name not in wanted:
            known = f"it uses: {', '.join(wanted)}" if wanted else "it uses none"
            raise UsageError(
                Problem("--codelist", f"study {definition.id} uses no codelist '{name}'", known)
            )
    codelists = {name: read_codelist(name, replace.get(name)) for name in wanted}
    content = {name: list(codelist.codes) for name, codelist in sorted(codelists.items())}
    return Study(definition, codelists, path, content_hash(definition, content))
