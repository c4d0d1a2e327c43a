"""What a word on the command line stands for: a path, a study by its name, or a family of these."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lowd.provenance.statement import Statement
    from lowd.settings import Params
    from lowd.written.declared import Declared

PLACES = (
    *("results/{}.zarr", "results/{}.yardstick.json"),
    *("figures/{}", "data/{}", "provenance/{}"),
)
"""What a study leaves, its results first."""


def declared_here() -> "Declared":
    """What params.yaml and studies/ declare; nothing where that is not there or can't be read.

    A command that needs it tells why; a shell that completes shows no error.
    """
    import yaml

    from lowd.written.declared import Declared, read_declared

    params = Path("params.yaml")
    try:
        return read_declared(params, params.read_text(), ())
    except (OSError, ValueError, yaml.YAMLError, AttributeError, TypeError):
        return Declared({})


def paths_of(word: str) -> list[list[Path]]:
    """The path, or, if nothing is there, all that a study of this name, or each of a family, left.

    What is none of these stays as it was given, for the command to refuse.
    """
    if Path(word).exists() or Path(word).name != word:
        return [[Path(word)]]
    return [
        [path for place in PLACES if (path := Path(place.format(name))).exists()] or [Path(name)]
        for name in studies_of([word])
    ]


def studies_of(words: Iterable[str]) -> list[str]:
    """The studies that words stand for, each once: by name, by a path, or all of a family."""
    families = declared_here().families
    names = [name for word in words for name in families.get(word) or [study_of(word)]]
    return list(dict.fromkeys(names))


def statements_of(words: Iterable[str]) -> "dict[Path, Statement]":
    """All statements of the studies that words stand for, of every study if there is no word.

    Raises:
        ValueError: there are none, or one is damaged.
    """
    from lowd.provenance.statement import folders_of, read_statements

    folders = folders_of(studies_of(words))
    stated = {path: one for folder in folders for path, one in read_statements(folder).items()}
    if not stated:
        raise ValueError(
            f"no statements in {', '.join(map(str, folders))} of this folder; go to the root of a "
            "repository, or run a study"
        )
    return stated


def study_of(word: str) -> str:
    """The study that a path belongs to; a word that is no path stays as it is."""
    room, _, rest = word.removeprefix("./").partition("/")
    if room not in ("results", "figures", "data", "provenance") or not rest:
        return word
    return rest.split("/")[0].removesuffix(".zarr").removesuffix(".yardstick.json")


def targets_of(params: "Params", name: str) -> list[str]:
    """The files that end what params.yaml has under a name: a study's manifest, or figures across.

    None if it has no such name.
    """
    if name in params.stages:
        return [f"data/{name}/manifest.json"]
    if name in params.across:
        return [f"figures/across/{figure}.svg" for figure in params.across[name].figures(name)]
    return []
