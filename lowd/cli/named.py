"""What a word on the command line stands for: a path, or a study by its name."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lowd.settings import Params

PLACES = (
    *("results/{}.zarr", "results/{}.yardstick.json"),
    *("figures/{}", "data/{}", "provenance/{}"),
)
"""What a study leaves, its results first."""


def paths_of(word: str) -> list[Path]:
    """The path, or, if nothing is there, all that a study of this name has left.

    What neither is stays as it was given, for the command to refuse.
    """
    if Path(word).exists() or Path(word).name != word:
        return [Path(word)]
    return [path for place in PLACES if (path := Path(place.format(word))).exists()] or [Path(word)]


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
