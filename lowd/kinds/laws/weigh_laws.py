"""`lowd step weigh-laws`: what results say of laws that papers claim."""

from pathlib import Path

from lowd.base import Settings


class WeighLawsStep(Settings):
    """Settings of the weigh-laws step.

    Attributes:
        laws: of each law the studies that it is measured of.
        studies: all of them, in the order of their results.
    """

    laws: dict[str, tuple[str, ...]]
    studies: tuple[str, ...]


def weigh_laws(settings: WeighLawsStep, *, results: list[Path], output: Path) -> None:
    """Measure every law of the results of its studies: the store `output`.

    It has what `lowd.kinds.laws.weigh.tabulated` says; a law's module says what is measured of it,
    and why its rule is as it is.
    """
    from lowd.kinds.laws.weigh import tabulated, weighed
    from lowd.store.arrays import read_store, write_store

    datasets = {
        study: read_store(path, finite=False)
        for study, path in zip(settings.studies, results, strict=True)
    }
    rows = weighed(settings.laws, datasets)
    write_store(output, tabulated(settings.laws, rows))
