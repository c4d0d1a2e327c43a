"""All that is measured of one denoiser's edits, as a dataset."""

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from lowd.distributions.gaussian import Gaussian
from lowd.distributions.jacobians import gaussian_jacobian
from lowd.geometry.jacobian import effective_rank
from lowd.geometry.local import Dense
from lowd.geometry.regions import box_region
from lowd.geometry.subspaces import overlap
from lowd.geometry.symmetry import asymmetry, negative_part
from lowd.kinds.editing.changes import ByImage, along, linear_part
from lowd.kinds.editing.directions import (
    RANDOM,
    Direction,
    directions,
    local_edit,
    names,
    protected_edits,
)
from lowd.kinds.editing.measure_edits_step import SHOWN, MeasureEditsStep
from lowd.kinds.editing.places import Place, Places
from lowd.kinds.editing.reuse import compose, transfer
from lowd.progress import report_begun
from lowd.store.arrays import sample_dims

SHARED = 5
"""Leading directions whose span is compared between images."""
MEDIANS = ("gain", "end_gain")
"""What a few images that cross from one cluster to another dominate in the mean."""


def survey(settings: MeasureEditsStep, name: str, places: Places, gaussian: Gaussian) -> xr.Dataset:
    """One denoiser's edits of all images, from every start, at every noise level."""
    by_start = [
        xr.concat(
            [_place(settings, places, start, sigma, gaussian) for sigma in settings.sigmas], "sigma"
        )
        for start in settings.starts
    ]
    dataset = xr.concat(by_start, "start").expand_dims(denoiser=[name])
    return dataset.assign_coords(
        start=list(settings.starts),
        sigma=list(settings.sigmas),
        strength=list(settings.strengths),
        direction=names(settings),
        signed_strength=[*(-s for s in reversed(settings.strengths)), 0.0, *settings.strengths],
        carried=[local_edit(settings.protect[1]), RANDOM],
        row=("shown", np.arange(SHOWN)),
    )


def _place(
    settings: MeasureEditsStep, places: Places, start: str, sigma: float, gaussian: Gaussian
) -> xr.Dataset:
    place = places.at(start, sigma)
    found = directions(settings, place, places.inside)
    dataset = _whole(place, gaussian)
    dataset |= _edits(settings, places, place, found)
    dataset |= _used_again(settings, places, place, found)
    return xr.Dataset(dataset)


def _whole(place: Place, gaussian: Gaussian) -> dict[str, xr.Variable]:
    """Of the Jacobians themselves; what takes all of one is left out where it is not held."""
    rank = min(SHARED, place.x[0].numel())
    leading, _ = place.local.right(rank)
    values = {"overlap": overlap(leading, leading.roll(1, 0))}
    if isinstance(place.local, Dense):
        jacobian = place.local.jacobian
        linear = gaussian_jacobian(gaussian, place.sigma)
        size = torch.linalg.matrix_norm(jacobian)
        values |= {
            "rank": effective_rank(torch.linalg.svdvals(jacobian)) / len(linear),
            "asymmetry": asymmetry(jacobian),
            "negative": negative_part(jacobian),
            "to_gaussian": torch.linalg.matrix_norm(jacobian - linear) / size,
        }
    chance = xr.Variable((), rank / place.x[0].numel())
    return _summarised((), values) | {"overlap_chance": chance}


def _edits(
    settings: MeasureEditsStep, places: Places, place: Place, found: dict[str, Direction]
) -> dict[str, xr.Variable]:
    """Every direction's numbers, and pictures of what it does to the first images."""
    linear, nonlinear, pictures, changes = [], [], [], []
    for direction in found.values():
        report_begun(1)
        pushed = place.local.push(direction.vectors)
        linear.append({"left": direction.left})
        linear[-1] |= linear_part(pushed, direction.vectors, places.inside)
        numbers, ends = along(places, place, direction.vectors, pushed, settings.strengths)
        nonlinear.append(numbers)
        changes.append(pushed[:SHOWN])
        half = len(settings.strengths)
        unedited = place.end[None, :SHOWN]
        pictures.append(torch.cat([ends[:half, :SHOWN], unedited, ends[half:, :SHOWN]]))
    vectors = torch.stack([direction.vectors[:SHOWN] for direction in found.values()])
    return {
        **_summarised(("direction",), _stacked(linear)),
        **_summarised(("direction", "strength"), _stacked(nonlinear)),
        **_images(settings, "pictures", ("direction", "signed_strength"), torch.stack(pictures)),
        **_images(settings, "vectors", ("direction",), vectors),
        **_images(settings, "changes", ("direction",), torch.stack(changes)),
    }


def _used_again(
    settings: MeasureEditsStep, places: Places, place: Place, found: dict[str, Direction]
) -> dict[str, xr.Variable]:
    """Edits together and on other images, at the strength in the middle."""
    length = settings.strengths[len(settings.strengths) // 2] * place.sigma
    protected = settings.protect[1]
    one, other = (
        length
        * protected_edits(settings, place, box_region(box, settings.shape), (protected,))[
            local_edit(protected)
        ].vectors
        for box in settings.compose
    )
    together = compose(places, place, one, other)
    carried = [
        transfer(places, place, length * found[name].vectors)
        for name in (local_edit(protected), RANDOM)
    ]
    return _summarised((), together) | _summarised(("carried",), _stacked(carried))


def _stacked(rows: list[ByImage]) -> ByImage:
    return {name: torch.stack([row[name] for row in rows]) for name in rows[0]}


def _summarised(dims: tuple[str, ...], values: ByImage) -> dict[str, xr.Variable]:
    """Means over images, which are last, with standard errors, and some medians."""
    found = {}
    for name, each in values.items():
        by_image = each.double().cpu()
        error = by_image.std(-1) / by_image.shape[-1] ** 0.5
        found[name] = xr.Variable(dims, by_image.mean(-1).numpy())
        found[f"{name}_se"] = xr.Variable(dims, error.numpy())
        if name in MEDIANS:
            found[f"{name}_median"] = xr.Variable(dims, by_image.median(-1).values.numpy())
    return found


def _images(
    settings: MeasureEditsStep, name: str, dims: tuple[str, ...], flat: Tensor
) -> dict[str, xr.Variable]:
    shape = (*flat.shape[:-1], *settings.shape)
    values = flat.reshape(shape).float().cpu().numpy()
    return {name: xr.Variable((*dims, "shown", *sample_dims(settings.shape)), values)}
