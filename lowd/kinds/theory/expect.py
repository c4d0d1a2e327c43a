"""`lowd step expect`: what theory says of recovery, fixed before anything is trained."""

from pathlib import Path

from lowd.base import Settings


class ExpectStep(Settings):
    """Settings of the expect step."""

    dimension: int
    samples: tuple[int, ...]
    ranks: tuple[int, ...]
    tolerance: float


def expect(settings: ExpectStep, *, output: Path) -> None:
    """Write the error's bound, its exact mean square, and which error is success: `output`."""
    import json

    import numpy as np

    from lowd.store.atomic import staged
    from lowd.theory.bounds import lower_bound, random_completion

    n, rank = np.array(settings.samples)[:, None], np.array(settings.ranks)
    expected = {
        "tolerance": settings.tolerance,
        "samples": settings.samples,
        "ranks": settings.ranks,
        "lower_bound": lower_bound(rank, n).tolist(),
        "random_completion": random_completion(rank, n, settings.dimension).tolist(),
    }
    with staged(output) as draft:
        draft.write_text(json.dumps(expected, indent=1) + "\n")
