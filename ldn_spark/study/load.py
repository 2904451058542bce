"""Load a study: its file, its codelists, the ATC alterations that matter to it, and their hash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ldn_spark.errors import Problem, UsageError
from ldn_spark.study import alterations as atc_alterations
from ldn_spark.study.alterations import NO_ALTERATIONS, Alteration, Alterations, read_alterations
from ldn_spark.study.codelists import Codelist, read_codelist
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.study.documents import conf_folder, content_hash, find_document, read_document
from ldn_spark.study.inputs import InputFile, input_file
from ldn_spark.study.uses import alterations_to_read, relevant_alterations


@dataclass(frozen=True, slots=True)
class Study:
    """A study ready to run.

    Attributes:
        definition: what the file says.
        codelists: the codelists it names, by name.
        path: where it was read.
        hash: SHA-256 of the definition, of the codes of every codelist and of the alterations.
        alterations: the alterations of ATC codes that can change what its codes find.
        to_read: these, and those that decide which dispensing a return takes back.
        files: the study file and every list that counts, as they were read.
    """

    definition: StudyDefinition
    codelists: Mapping[str, Codelist]
    path: Path
    hash: str
    alterations: Alterations = NO_ALTERATIONS
    to_read: tuple[Alteration, ...] = ()
    files: tuple[InputFile, ...] = ()

    @property
    def exposure_products(self) -> tuple[str, ...] | None:
        """Product numbers of the exposure; None when every product of its ATC codes counts."""
        name = self.definition.exposure.products
        return None if name is None else self.codelists[name].codes


def load_study(name_or_path: str, replace: Mapping[str, Path] | None = None) -> Study:
    """Load a study by name (`ldn_2013`) or path.

    Alterations that do not touch the study's codes do not count: a longer table of them changes
    neither the study nor its hash.

    Args:
        name_or_path: a name in `conf/studies` or a YAML file.
        replace: codelists to read from another file for this run; `atc_alterations` is one that
            every study uses.

    Raises:
        ConfigError: the study or a codelist is wrong; every problem of a file at once.
        UsageError: `replace` names a codelist that the study does not use.
    """
    path = find_document(name_or_path, "studies")
    definition = read_document(path, StudyDefinition)
    wanted = [name for name in (definition.exposure.products,) if name is not None]
    replace = dict(replace or {})
    table = read_alterations(replace.get(atc_alterations.NAME))
    for name in replace:
        if name not in (*wanted, atc_alterations.NAME):
            known = f"it uses: {', '.join([*wanted, atc_alterations.NAME])}"
            raise UsageError(
                Problem("--codelist", f"study {definition.id} uses no codelist '{name}'", known)
            )
    codelists = {name: read_codelist(name, replace.get(name)) for name in wanted}
    content = {name: list(codelist.codes) for name, codelist in sorted(codelists.items())}
    rows = relevant_alterations(table.rows, definition)
    more = [atc_alterations.hash_content(rows)] if rows else []
    return Study(
        definition,
        codelists,
        path,
        content_hash(definition, content, *more),
        Alterations(rows, table.source),
        alterations_to_read(table.rows, definition),
        _files(path, codelists, table if rows else NO_ALTERATIONS, replace),
    )


def _files(
    path: Path,
    codelists: Mapping[str, Codelist],
    alterations: Alterations,
    replace: Mapping[str, Path],
) -> tuple[InputFile, ...]:
    """What was read; the table of alterations where it counts or is given."""
    lists = {name: Path(found.source) for name, found in codelists.items()}
    if alterations.rows:
        lists[atc_alterations.NAME] = Path(alterations.source)
    is_our_own = path.resolve().parent == (conf_folder() / "studies").resolve()
    return (
        input_file("study file", "", path, is_given=not is_our_own),
        *(
            input_file("codelist", name, file, is_given=name in replace)
            for name, file in sorted({**lists, **replace}.items())
        ),
    )
