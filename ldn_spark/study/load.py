"""Load a study: its file, its codelists, the ATC alterations that matter to it, and their hash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ldn_spark.errors import ConfigError, Problem, UsageError
from ldn_spark.study.atc import alterations as atc_alterations
from ldn_spark.study.atc.alterations import (
    NO_ALTERATIONS,
    Alteration,
    Alterations,
    read_alterations,
)
from ldn_spark.study.atc.uses import alterations_to_read, relevant_alterations
from ldn_spark.study.codelists import Codelist, read_codelist
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.study.ids import STUDY
from ldn_spark.study.inputs import InputFile, input_file
from ldn_spark.texts.documents import conf_folder, content_hash, find_document, read_document


@dataclass(frozen=True)
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
        others: the study of each of its further exposures, as a file of that exposure alone
            would be loaded. What stands above of alterations is of the study's own exposure;
            codelists, hash and files are of all.
    """

    definition: StudyDefinition
    codelists: Mapping[str, Codelist]
    path: Path
    hash: str
    alterations: Alterations = NO_ALTERATIONS
    to_read: tuple[Alteration, ...] = ()
    files: tuple[InputFile, ...] = ()
    others: Mapping[str, Study] = field(default_factory=dict)

    @property
    def exposure_products(self) -> tuple[str, ...] | None:
        """Product numbers of the exposure; None when every product of its ATC codes counts."""
        name = self.definition.exposure.products
        return None if name is None else self.codelists[name].codes

    @cached_property
    def by_exposure(self) -> dict[str, Study]:
        """The study itself as `study`, then that of each further exposure, by its id.

        Each of them has one cohort: that of its definition's `exposure`.
        """
        return {STUDY: self, **self.others}


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
    (study,) = _load([find_document(name_or_path, "studies")], replace or {})
    return study


def load_studies(
    names_or_paths: Sequence[str], replace: Mapping[str, Path] | None = None
) -> list[Study]:
    """Load studies that are to be run together, in the order given.

    Args:
        names_or_paths: as in `load_study`; a folder stands for the YAML files in it, by name.
        replace: as in `load_study`, each for the studies that use it.

    Raises:
        ConfigError: a study or a codelist is wrong, or a folder holds no study.
        UsageError: two studies have the same id, or `replace` names a codelist that none uses.
    """
    paths = [path for name in names_or_paths for path in _paths_of(name)]
    studies = _load(paths, replace or {})
    first: dict[str, Study] = {}
    for study in studies:
        earlier = first.setdefault(study.definition.id, study)
        if earlier is not study:
            raise UsageError(
                Problem(
                    str(study.path),
                    f"its id '{study.definition.id}' is that of {earlier.path}",
                    "name each study once, or give each its own id: results lie under it",
                )
            )
    return studies


def _paths_of(name: str) -> list[Path]:
    folder = Path(name)
    if not folder.is_dir():
        return [find_document(name, "studies")]
    found = sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml"))
    if found:
        return found
    try:  # results lie in a folder that is called as their study is
        return [find_document(name, "studies")]
    except ConfigError:
        what = "no study file (.yaml) lies in this folder"
        raise ConfigError(Problem(name, what)) from None


def _load(paths: Sequence[Path], replace: Mapping[str, Path]) -> list[Study]:
    definitions = [read_document(path, StudyDefinition) for path in paths]
    table = read_alterations(replace.get(atc_alterations.NAME))
    used = dict.fromkeys(name for one in definitions for name in _codelists_of(one))
    for name in replace:
        if name not in (*used, atc_alterations.NAME):
            known = f"use{'s' * (len(paths) == 1)}: {', '.join([*used, atc_alterations.NAME])}"
            whose, it = "none of these studies uses the", "they"
            if len(definitions) == 1:
                whose, it = f"study {definitions[0].id} uses no", "it"
            raise UsageError(Problem("--codelist", f"{whose} codelist '{name}'", f"{it} {known}"))
    codelists = {name: read_codelist(name, replace.get(name)) for name in used}
    return [
        _Read(path, codelists, table, replace).study(definition)
        for path, definition in zip(paths, definitions, strict=True)
    ]


def _codelists_of(definition: StudyDefinition) -> list[str]:
    """The names of the codelists of its exposures, each once."""
    names = (one.products for one in (definition.exposure, *definition.exposures))
    return list(dict.fromkeys(name for name in names if name is not None))


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read for a study: of it are those of its exposures made."""

    path: Path
    codelists: Mapping[str, Codelist]
    table: Alterations
    replace: Mapping[str, Path]

    def study(self, definition: StudyDefinition) -> Study:
        """A study of these files, with those of its further exposures."""
        others = {
            one.id: self.study(definition.as_exposure(one.id)) for one in definition.exposures
        }
        own = relevant_alterations(self.table.rows, definition)
        relevant = {row for one in others.values() for row in one.alterations.rows}.union(own)
        rows = tuple(row for row in self.table.rows if row in relevant)
        codelists = {name: self.codelists[name] for name in _codelists_of(definition)}
        codes = {name: list(codelist.codes) for name, codelist in sorted(codelists.items())}
        more = [atc_alterations.hash_content(rows)] if rows else []
        return Study(
            definition,
            codelists,
            self.path,
            content_hash(definition, codes, *more),
            Alterations(own, self.table.source),
            alterations_to_read(self.table.rows, definition),
            self._files(codelists, self.table if rows else NO_ALTERATIONS),
            others,
        )

    def _files(
        self, codelists: Mapping[str, Codelist], alterations: Alterations
    ) -> tuple[InputFile, ...]:
        """The files of a study; the table of alterations where it counts or is given."""
        lists = {name: Path(found.source) for name, found in codelists.items()}
        if alterations.rows or atc_alterations.NAME in self.replace:
            lists[atc_alterations.NAME] = Path(self.table.source)
        is_our_own = self.path.resolve().parent == (conf_folder() / "studies").resolve()
        return (
            input_file("study file", "", self.path, is_given=not is_our_own),
            *(
                input_file("codelist", name, file, is_given=name in self.replace)
                for name, file in sorted(lists.items())
            ),
        )
