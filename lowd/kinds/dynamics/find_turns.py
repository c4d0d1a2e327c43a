"""`lowd step find-turns`: when students generalise and memorise, and if errors descend twice."""

from pathlib import Path

from lowd.base import Settings
from lowd.kinds.dynamics.levels import TimesSettings


class FindTurnsStep(Settings):
    """Settings of the find_turns step.

    Attributes:
        samples: N of the training sets.
        replicates: how many there are of each.
        times: levels that times are asked for of, if they are.
        descent: whether double descent is asked for.
    """

    samples: tuple[int, ...]
    replicates: int
    times: TimesSettings | None
    descent: bool


def find_turns(
    settings: FindTurnsStep,
    *,
    followed: Path,
    generated: list[Path],
    truth: Path,
    pool: Path,
    yardstick: Path,
    output: Path,
    mixture: Path | None = None,
) -> None:
    """Write to the store `output` the scores along training, and what their curves say.

    That is what `lowd.kinds.dynamics.times` and `lowd.kinds.dynamics.descent` say, as far as it is
    asked for. `followed` has the scores that `follow` gave; the order of `generated` is that of its
    models; `truth` is what the teacher makes of the noises, and `mixture` the teacher's folder, if
    it is one subspace.
    """
    import numpy as np
    import xarray as xr

    from lowd.kinds.dynamics.descent import descents, subspace
    from lowd.kinds.dynamics.times import copied_shares, times
    from lowd.steps.describe import load_yardstick
    from lowd.store.arrays import read_store, write_store

    scores = read_store(followed, finite=False)
    descriptor, _ = load_yardstick(yardstick)
    true = read_store(truth)["samples"].values
    points = read_store(pool)["samples"].values
    basis = None if mixture is None else subspace(mixture)
    found = []
    for model, path in zip(scores["model"].values, generated, strict=True):
        samples = read_store(path, finite=False)["samples"]
        one = xr.Dataset()
        if settings.times is not None:
            one = one.merge(copied_shares(samples, points, settings.samples, settings.replicates))
        if settings.descent:
            one = one.merge(descents(samples, np.asarray(true), descriptor, basis))
        found.append(one.expand_dims(model=[model]))
    scores = scores.merge(xr.concat(found, "model"))
    scores.attrs["noises"] = len(true)
    if settings.times is not None:
        scores = scores.merge(times(scores, settings.times))
        scores.attrs |= settings.times.model_dump()
    write_store(output, scores)
