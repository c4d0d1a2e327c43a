"""`lowd step follow`: scores and losses of students along their training (Finding II)."""

from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from lowd.base import Settings
from lowd.models.settings import ModelSettings
from lowd.training.settings import TrainingSettings

if TYPE_CHECKING:
    import xarray as xr
    from torch import Tensor

POINTS = 128
"""Points of a training set, and held-out ones, that losses are measured on."""
LEVELS = 8
"""Noise levels that losses are measured at, quantiles of those of training."""
GROUP = 8
"""Students side by side."""


class FollowStep(Settings):
    """Settings of the follow step; the order of `models` is that of the stores given."""

    seed: int
    models: dict[str, ModelSettings]
    samples: tuple[int, ...]
    replicates: int
    training: TrainingSettings


def follow(
    settings: FollowStep,
    *,
    students: list[Path],
    generated: list[Path],
    teacher: Path,
    empirical: Path,
    pool: Path,
    yardstick: Path,
    output: Path,
) -> None:
    """Score every snapshot of every student: the store `output`.

    Per (model, N, replicate, step) e_gen, e_mem and gl, per pair of replicates rp_disjoint with its
    chance level, each with its standard error over noises; over sigma too, loss_training and
    loss_held_out, EDM's weighted denoising loss on points of the student's training set and of the
    next replicate's, whose noises all snapshots share. `stop` (held_out, oracle) is the step that
    the held-out loss, and that E_gen itself, is least at, and `e_gen_stop` E_gen there.
    """
    import numpy as np
    import xarray as xr

    from lowd.models.build import parameter_count
    from lowd.store.arrays import read_store, write_store

    found = []
    for model, checkpoint, samples in zip(settings.models, students, generated, strict=True):
        scored = _scores(settings, samples, teacher, empirical, pool, yardstick)
        found.append(scored.merge(_losses(settings, checkpoint, pool)).expand_dims(model=[model]))
    dataset = xr.concat(found, "model")
    shape = read_store(pool)["samples"].shape[1:]
    counts = [parameter_count(model, shape) for model in settings.models.values()]
    dataset = dataset.assign_coords(parameters=("model", counts))
    least = xr.concat(
        [dataset["loss_held_out"].mean("sigma"), dataset["e_gen"]],
        xr.Variable("rule", ["held_out", "oracle"]),
    )
    # A diverged student has no step that is best; any will do to look up its NaN.
    at = least.fillna(np.inf).argmin("step")
    dataset["stop"] = dataset["step"].isel(step=at).drop_vars("step")
    dataset["e_gen_stop"] = dataset["e_gen"].isel(step=at).drop_vars("step")
    write_store(output, dataset)


def _scores(
    settings: FollowStep,
    generated: Path,
    teacher: Path,
    empirical: Path,
    pool: Path,
    yardstick: Path,
) -> "xr.Dataset":
    from functools import partial

    import numpy as np
    import xarray as xr

    from lowd.metrics.flow_distance import probability_flow_distance
    from lowd.metrics.generalization import generalization
    from lowd.metrics.reproducibility import reproducibility, reproducibility_chance
    from lowd.steps.describe import load_yardstick
    from lowd.steps.scoring import (
        PAIR,
        measure,
        read_features,
        read_training_features,
        tabulate,
    )
    from lowd.store.arrays import read_store

    descriptor, threshold = load_yardstick(yardstick)
    samples = read_store(generated, finite=False)["samples"]
    steps = samples["step"].values.tolist()
    memorised = read_features(empirical, descriptor)
    true = descriptor(read_store(teacher)["samples"].values)
    training = read_training_features(pool, settings.samples, settings.replicates, descriptor)
    replicates = range(settings.replicates)
    pairs = list(combinations(replicates, 2))
    features = {
        (n, r, step): descriptor(one) if np.isfinite(one).all() else None
        for n in settings.samples
        for r in replicates
        for step in steps
        for one in [samples.sel({"N": n, "replicate": r, "step": step}).values]
    }
    each = {
        "e_gen": lambda n, r, step: measure(probability_flow_distance, features[n, r, step], true),
        "e_mem": lambda n, r, step: measure(
            probability_flow_distance, features[n, r, step], memorised[n, r]
        ),
        "gl": lambda n, r, step: measure(
            partial(generalization, threshold=threshold), features[n, r, step], training[n, r]
        ),
    }
    between = {"rp_disjoint": reproducibility, "rp_disjoint_chance": reproducibility_chance}
    variables: dict[str, xr.Variable] = {}
    for name, metric in each.items():
        table = [
            [[metric(n, r, step) for step in steps] for r in replicates] for n in settings.samples
        ]
        variables |= tabulate(name, ("N", "replicate", "step"), table)
    for name, score in between.items():
        compared = partial(score, threshold=threshold)
        table = [
            [
                [measure(compared, features[n, a, s], features[n, b, s]) for s in steps]
                for a, b in pairs
            ]
            for n in settings.samples
        ]
        variables |= tabulate(name, ("N", "disjoint_pair", "step"), table)
    dataset = xr.Dataset(
        variables,
        {
            "N": list(settings.samples),
            "replicate": list(replicates),
            "step": steps,
            "disjoint_pair": [PAIR.format(a, b) for a, b in pairs],
        },
    )
    ceiling = [
        [float(generalization(true, training[n, r], threshold).value) for r in replicates]
        for n in settings.samples
    ]
    dataset["gl_teacher"] = (("N", "replicate"), ceiling)
    dataset.attrs["threshold"] = threshold
    return dataset


def _losses(settings: FollowStep, checkpoint: Path, pool: Path) -> "xr.Dataset":
    import torch
    import xarray as xr

    from lowd.device import pick_device
    from lowd.diffusion.loss import edm_loss
    from lowd.store.students import load_students

    device = pick_device()
    stack = load_students(checkpoint)
    sets = _points(settings, pool)
    quantiles = (torch.arange(LEVELS, dtype=torch.float64) + 0.5) / LEVELS
    unit = torch.special.ndtri(quantiles)
    sigmas = torch.exp(
        settings.training.log_sigma_mean + settings.training.log_sigma_std * unit
    ).tolist()
    losses = []
    for first in range(0, len(stack.cells), GROUP):
        group = slice(first, min(first + GROUP, len(stack.cells)))
        denoise = stack.denoiser(group, device)
        drawn = [sets[cell["N"], cell["replicate"]] for cell in stack.cells[group]]
        clean, noise = (torch.stack(parts).to(device) for parts in zip(*drawn, strict=True))
        with torch.no_grad():
            rows = [
                edm_loss(
                    denoise, clean, noise, clean.new_full(clean.shape[:2], sigma), stack.sigma_data
                )
                for sigma in sigmas
            ]
        # (sigma, student, training and held out)
        losses.append(torch.stack(rows).unflatten(2, (2, POINTS)).mean(3).double().cpu())
    every = torch.cat(losses, dim=1).permute(1, 2, 0)
    every[stack.diverged >= 0] = torch.nan
    axes = {key: list(dict.fromkeys(cell[key] for cell in stack.cells)) for key in stack.cells[0]}
    grid = every.unflatten(0, [len(values) for values in axes.values()]).numpy()
    dims = (*axes, "sigma")
    return xr.Dataset(
        {"loss_training": (dims, grid[..., 0, :]), "loss_held_out": (dims, grid[..., 1, :])},
        axes | {"sigma": sigmas},
    )


def _points(settings: FollowStep, pool: Path) -> "dict[tuple[int, int], tuple[Tensor, Tensor]]":
    """Training and held-out points of every student, after each other, and their noises."""
    import torch

    from lowd.steps.training_sets import training_rows
    from lowd.store.arrays import read_store
    from lowd.streams import stream

    points = torch.from_numpy(read_store(pool)["samples"].values)
    sets = training_rows(len(points), settings.samples, settings.replicates)
    largest = settings.samples[-1]
    found = {}
    for (n, replicate), rows in sets.items():
        other = sets[largest, (replicate + 1) % settings.replicates]
        # A small training set comes again and again, with other noises.
        clean = torch.cat(
            [points[rows][torch.arange(POINTS) % n], points[other][torch.arange(POINTS) % largest]]
        )
        generator = stream(settings.seed, "denoising", f"replicate={replicate}")
        found[n, replicate] = clean, torch.randn(clean.shape, generator=generator)
    return found
