"""Reading and writing stores, which is much of what small jobs do."""

from lowd.cost.probes import Probe, StoreProbe

RESULTS = 256
"""Numbers of a variable of results, about: time is that of a file, not of what it holds."""


def samples_read(numbers: int) -> tuple[Probe, float]:
    """A store of one variable of so many numbers, read."""
    return StoreProbe(kind="read", variables=1, numbers=numbers), 1.0


def results_read(variables: int, stores: int) -> tuple[Probe, float]:
    """Stores of so many small variables each, read."""
    return StoreProbe(kind="read", variables=variables, numbers=RESULTS), float(stores)


def results_written(variables: int) -> tuple[Probe, float]:
    """A store of so many small variables, written."""
    return StoreProbe(kind="write", variables=variables, numbers=RESULTS), 1.0
