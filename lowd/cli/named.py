"""What a word on the command line stands for: a path, or a study by its name."""

from pathlib import Path

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
