"""`lowd step assess`: scores, controls and transitions of students that were trained elsewhere."""

from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from lowd.base import Settings

if TYPE_CHECKING:
    import xarray as xr

    from lowd.kinds.external.scores import Compared
    from lowd.metrics.descriptors import Descriptor


class AssessStep(Settings):
    """Settings of the step; the order of `models` is that of the samples given."""

    models: tuple[str, ...]


def assess(
    settings: AssessStep,
    *,
    generated: list[Path],
    teacher: Path,
    empirical: Path,
    noise: Path,
    pool: Path,
    sets: Path,
    yardstick: Path,
    quality: Path,
    output: Path,
) -> None:
    """Write all that the figures of a transition study plot to the store `output`.

    What a missing checkpoint or training set would be needed for is NaN, and RP of disjoint
    training sets where those of two replicates share points. `quality` is a yardstick that also
    says how well the descriptor finds copies, or the same.
    """
    import json

    import numpy as np
    import xarray as xr

    from lowd.kinds.external.scores import controls, same_data, scores
    from lowd.steps.describe import load_yardstick
    from lowd.steps.scoring import read_features
    from lowd.steps.transitions import transitions
    from lowd.store.arrays import read_store, write_store

    descriptor, threshold = load_yardstick(yardstick)
    by = _compared(descriptor, threshold, teacher, empirical, pool, sets)
    models = [read_features(path, descriptor) for path in generated]
    parameters = [int(read_store(path, finite=False)["parameters"]) for path in generated]
    dataset = xr.concat(
        [xr.Dataset(scores(ours, by)) for ours in models],
        dim=xr.Variable("model", list(settings.models)),
    ).assign(controls(descriptor(read_store(noise)["noise"].values), by))
    coordinates = {
        "parameters": ("model", parameters),
        "N": list(by.sizes),
        "replicate": list(range(by.replicates)),
        "disjoint_pair": [f"{a}|{b}" for a, b in by.pairs],
    }
    if len(models) > 1:
        dataset = dataset.assign(same_data(models, by))
        coordinates["same_pair"] = [f"{a}|{b}" for a, b in combinations(settings.models, 2)]
    dataset = dataset.assign_coords(coordinates)
    dataset = dataset.merge(transitions(dataset))
    fixed = json.loads(quality.read_text())
    dataset.attrs = {
        "descriptor": fixed["descriptor"],
        "threshold": fixed["threshold"],
        "threshold_rule": json.dumps(fixed["rule"]),
        "cells": int(np.prod([dataset.sizes[dim] for dim in ("model", "N", "replicate")])),
        "missing": sum(cell is None for ours in models for cell in ours.values()),
        "overlapping": len(by.overlapping),
        "noises": len(by.teacher),
    }
    for name, (value, error) in fixed["teacher"].items():
        dataset[f"teacher_{name}"] = value
        dataset[f"teacher_{name}_se"] = error
    write_store(output, dataset)


def _compared(
    descriptor: "Descriptor",
    threshold: float,
    teacher: Path,
    empirical: Path,
    pool: Path,
    sets: Path,
) -> "Compared":
    from lowd.kinds.external.scores import Compared
    from lowd.kinds.external.sets import Sets
    from lowd.steps.scoring import Features, read_features, read_reference
    from lowd.store.arrays import read_store

    true = descriptor(read_store(teacher)["samples"].values)
    store = read_store(sets)
    given = Sets.of(store)
    points = descriptor(given.points)
    held_out = read_reference(pool, descriptor)[: len(true)]
    training: Features = {}
    for n in store["N"].values.tolist():
        for replicate in range(store.sizes["replicate"]):
            cell = n, replicate
            rows = given.rows.get(cell)
            training[cell] = None if rows is None else points[rows]
    return Compared(
        sizes=store["N"].values.tolist(),
        replicates=store.sizes["replicate"],
        threshold=threshold,
        teacher=true,
        memorised=read_features(empirical, descriptor),
        training=training,
        held_out=held_out,
        overlapping=_overlapping(given.shared),
    )


def _overlapping(shared: "xr.DataArray") -> frozenset[tuple[int, int, int]]:
    """N and replicates of training sets that share points; told, as their RP is left out."""
    import sys

    found = []
    for n, row in zip(shared["N"].values.tolist(), shared.values.tolist(), strict=True):
        for pair, count in zip(shared["disjoint_pair"].values.tolist(), row, strict=True):
            if count:
                a, b = map(int, pair.split("|"))
                found.append((n, a, b))
                print(
                    f"training sets of replicates {a} and {b} share {count} points at N = {n}: "
                    "their RP is not one of disjoint sets, and is left out",
                    file=sys.stderr,
                )
    return frozenset(found)
