"""`lowd step agree`: how far kinds of generative models make the same of the same noises."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lowd.kinds.families.agree_step import AgreeStep, Member

SHOWN = 12
"""Noises on the sample sheet."""


def agree(
    settings: AgreeStep,
    *,
    generated: list[Path],
    teacher: Path,
    pool: Path,
    yardstick: Path,
    output: Path,
) -> None:
    """Compare families, students of two training sets and two seeds each: the store `output`.

    Over pairs (one, other) and `data` (shared, disjoint) rp and mae, each with its chance level:
    means over the pairs of students with such data and different streams, with standard errors
    over noises. Two solvers of one family, where data are shared, sample the same students. Per
    member frechet to held-out data, e_gen and gl, means over its students with their standard
    errors, and solver_error, PFD to the finest solver of the same students. Per `group` advantage,
    the mean rp between different diffusion families less that within the group, for shared data,
    with the ends _low and _high of a 95 % bootstrap interval over noises. Whatever a student that
    diverged has a part in is NaN, and the log names it.
    """
    import numpy as np
    import xarray as xr

    from lowd.kinds.families.advantages import advantages
    from lowd.kinds.families.pairs import agreement
    from lowd.kinds.families.quality import quality
    from lowd.kinds.families.students import read_students
    from lowd.steps.describe import load_yardstick
    from lowd.store.arrays import read_store, sample_dims, write_store

    yardsticks = load_yardstick(yardstick)
    points, true = read_store(pool)["samples"].values, read_store(teacher)["samples"].values
    names = [member.name for member in settings.members]
    students = read_students(names, generated)
    variables, agreed = agreement(settings.members, students, yardsticks, len(true))
    variables |= quality(settings, students, yardsticks, points, true)
    dataset = xr.Dataset(
        variables,
        _coordinates(settings.members),
        {"threshold": yardsticks.threshold, "samples": settings.samples},
    )
    dataset = dataset.merge(advantages(settings, agreed))
    shown = [students.images[name, 0, 0][:SHOWN] for name in names]
    image_dims = sample_dims(true.shape[1:])
    dataset["samples"] = (("member", "shown", *image_dims), np.stack(shown))
    dataset["teacher_samples"] = (("shown", *image_dims), true[:SHOWN])
    write_store(output, dataset)


def _coordinates(members: Sequence[Member]) -> dict[str, Any]:
    names = [member.name for member in members]
    of_members = {
        "member_group": [member.group for member in members],
        "family": [member.family for member in members],
        "evaluations": [member.evaluations for member in members],
    }
    return {
        "data": ["shared", "disjoint"],
        **dict.fromkeys(("one", "other", "member"), names),
        **{name: ("member", values) for name, values in of_members.items()},
    }
