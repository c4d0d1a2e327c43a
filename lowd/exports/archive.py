"""What goes into an archive of studies: all from which a stranger checks them and draws them again.

It is a repository that `lowd` runs in, without git: the same paths, the same statements, and of
dvc.lock what is about these studies. Beside them lie descriptions for people and other tools.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import yaml

from lowd.exports.citation import CITATION, LICENCE, Citation, zenodo
from lowd.exports.crate import METADATA, About, crate
from lowd.exports.croissant import METADATA as CROISSANT
from lowd.exports.croissant import croissant
from lowd.exports.model_card import CARD, model_card
from lowd.exports.readme import README, readme
from lowd.provenance.digests import STAMP
from lowd.provenance.lock import LOCK
from lowd.provenance.repository import Repository
from lowd.provenance.restated import RESTATED
from lowd.provenance.signatures import envelope_path
from lowd.provenance.statement import ROOT, Statement
from lowd.shipped import PACKAGE, shipped

DOCUMENTS = {
    "params.yaml": "Every setting that changes a result, by study.",
    "studies/": "Studies in files of their own.",
    "declared.json": "Every study with all of its settings.",
    "Snakefile": "The workflow.",
    "dvc.yaml": "A stage for every study.",
    "inputs/README.md": "What inputs/ is for.",
    "Makefile": "Sets everything up, and runs studies.",
    "pyproject.toml": "What the code needs.",
    "requirements.txt": "The lowd that the studies are for.",
    "constraints.txt": "Versions of libraries that it was tested with.",
    "docs/package.md": "What lowd is.",
    CITATION.name: "Who made this, and how to cite it.",
    LICENCE.name: "The licence.",
    ".gitattributes": "For git: bytes stay as they are.",
    ".gitignore": "For git: what running writes.",
    ".dvcignore": "For DVC: what is no data.",
    f"{RESTATED}": "Digests of code in the form that they have now.",
}
"""What is taken along where it is there; folders end in a slash."""
DVC = {".dvc/config": "[core]\n    analytics = false\n    no_scm = true\n"}
"""DVC's own settings: not the authors', which may name their remotes."""


@dataclass(frozen=True)
class Selection:
    """What an archive is of.

    Attributes:
        studies: those asked for, and those that they stand on.
        statements: of their jobs, and of figures across them alone, by path.
        files: what jobs read and made that goes in, files and folders.
        absent: what of it does not; its digests do.
    """

    studies: tuple[str, ...]
    statements: Mapping[Path, Statement]
    files: tuple[Path, ...]
    absent: tuple[Path, ...]

    @property
    def has_data(self) -> bool:
        """Whether checkpoints, pools and samples are in it."""
        return any(path.parts[0] == "data" for path in self.files)


def stands_on(repository: Repository, studies: Sequence[str]) -> tuple[str, ...]:
    """The studies, and all whose outputs they have read, each once.

    Raises:
        ValueError: no statement is of one.
    """
    found: dict[str, None] = {}
    pending = list(reversed(studies))
    while pending:
        if (study := pending.pop()) in found:
            continue
        own = [path for path in repository.statements if path.parent == ROOT / study]
        if not own:
            raise ValueError(f"no statements in {ROOT / study}; run the study")
        found[study] = None
        pending += [one.parent.name for path in own for one in repository.makers(path)]
    return tuple(found)


def statements_of(repository: Repository, studies: Collection[str]) -> dict[Path, Statement]:
    """What their jobs state, and those that compare them with each other and with no other."""

    def belongs(path: Path) -> bool:
        places = {one.parent.name for one in repository.chain(path)} - {"across"}
        return path.parent.parent == ROOT and bool(places) and places <= set(studies)

    return {path: one for path, one in sorted(repository.statements.items()) if belongs(path)}


def members(chosen: Selection, citation: Citation, asked: Sequence[str]) -> dict[str, Path | str]:
    """Everything that an archive holds, by its name in it: a file, or what is to stand in it.

    Args:
        chosen: what it is of.
        citation: of the repository.
        asked: the studies as they were asked for, after which it is called.

    Raises:
        OSError: something can't be read.
        ValueError: dvc.lock is damaged, or a store is.
    """
    kept = {name: told for name, told in DOCUMENTS.items() if any(_walk(Path(name)))}
    found: dict[str, Path | str] = {}
    for path in (*map(Path, kept), *chosen.files, *chosen.statements):
        found |= {one.as_posix(): one for one in _walk(path)}
    for path in chosen.statements:
        if (signature := envelope_path(path)).exists():
            found[signature.as_posix()] = signature
    found |= _code()
    if LOCK.exists():
        found[LOCK.as_posix()] = _locked(chosen.studies)
    return {**found, **DVC, **_described(chosen, citation, asked, kept)}


def _described(
    chosen: Selection, citation: Citation, asked: Sequence[str], kept: Mapping[str, str]
) -> dict[str, str]:
    """Descriptions: for people, for the Hub, for Zenodo, and as JSON-LD."""
    stated = chosen.statements
    title = f"{citation.title}: {', '.join(asked)}"
    told = (
        f"Results, figures and provenance of the studies {', '.join(chosen.studies)}, made by lowd "
        f"{version('lowd')}{', with data and checkpoints' if chosen.has_data else ''}."
    )
    published = max(one.finished for one in stated.values()).date().isoformat()
    texts = {
        README: readme(stated, citation, title, told, asked[0], chosen.absent),
        CARD: model_card(stated, citation, title, chosen.has_data),
        CROISSANT: _json(croissant(stated, citation, title, chosen.has_data)),
        ".zenodo.json": _json(zenodo(citation, title, told, published)),
    }
    about = About(
        title,
        told,
        citation.licence,
        {one.listed: one.is_group for one in citation.authors},
        chosen.absent,
        {
            **{name: what for name, what in kept.items() if name != "Snakefile"},
            README: "What is in here, and how to check it.",
            CARD: "What the checkpoints are.",
            CROISSANT: "Pools and images, for tools that read Croissant.",
            ".zenodo.json": "What Zenodo is told.",
            f"{ROOT}/": "A statement for every job: what it read, ran and left.",
            **{f"{path.parts[0]}/": "Code." for path in map(Path, _code())},
        },
    )
    return texts | {METADATA: _json(crate(stated, about))}


def _walk(path: Path) -> Iterator[Path]:
    """A file; of a folder every file below it that counts."""
    if path.is_file():
        yield path
    for one in sorted(path.rglob("*")):
        if one.is_file() and one.name != STAMP and "__pycache__" not in one.parts:
            yield one


def _code() -> dict[str, Path]:
    """The code that lies here, or else the lowd that runs, in software/."""
    if Path("lowd/__init__.py").exists():
        return {one.as_posix(): one for root in ("lowd", "workflow") for one in _walk(Path(root))}
    roots = [PACKAGE]
    if not (workflow := shipped("workflow")).is_relative_to(PACKAGE):
        roots.append(workflow)
    return {
        Path("software", root.name, one.relative_to(root)).as_posix(): one
        for root in roots
        for one in _walk(root)
    }


def _locked(studies: Collection[str]) -> str:
    """Of dvc.lock the stages of studies; of others' outputs it would say that they are missing."""
    try:
        lock = yaml.safe_load(LOCK.read_text())
        stages = {
            name: stage
            for name, stage in lock["stages"].items()
            if name.partition("@")[2] in studies or name == "declared"
        }
    except (yaml.YAMLError, AttributeError, LookupError, TypeError) as error:
        raise ValueError(f"{LOCK}: damaged ({' '.join(str(error).split())})") from None
    return yaml.safe_dump({**lock, "stages": stages}, sort_keys=False)


def _json(content: object) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
