"""Which rows of the pool each training set is.

Replicates own disjoint parts of the pool, of equal size, and N means the first N rows of a part:
training sets of one replicate are nested, those of two never overlap.
"""

from collections.abc import Sequence


def training_rows(
    pool_size: int, samples: Sequence[int], replicates: int
) -> dict[tuple[int, int], slice]:
    """Rows of every training set, by (N, replicate), N slowest.

    Raises:
        ValueError: a training set does not fit in its replicate's part of the pool.
    """
    if replicates * max(samples) > pool_size:
        raise ValueError(
            f"samples: {replicates} disjoint replicates of {max(samples)} exceed the pool "
            f"({pool_size}); make a larger pool or lower replicates"
        )
    part = pool_size // replicates
    return {
        (n, replicate): slice(replicate * part, replicate * part + n)
        for n in samples
        for replicate in range(replicates)
    }


def part_sizes(pool_size: int, replicates: int) -> list[int]:
    """How many rows of the pool each replicate owns; the last one has what is left over too."""
    part = pool_size // replicates
    return [*[part] * (replicates - 1), pool_size - part * (replicates - 1)]
