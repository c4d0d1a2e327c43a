"""`lowd step measure-edits`: what a teacher's Jacobians say of edits, and what edits do."""

from pathlib import Path
from typing import TYPE_CHECKING

from lowd.kinds.editing.measure_edits_step import MeasureEditsStep, MixtureSettings

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from lowd.diffusion.denoiser import Denoiser


def measure_edits(
    settings: MeasureEditsStep, *, teacher: Path, noise: Path, pool: Path, output: Path
) -> None:
    """Edit images along directions of each one's own Jacobian, and measure: the store `output`.

    Over (denoiser, start, sigma): `rank`, a share of d, `asymmetry`, `negative`, `to_gaussian`,
    `overlap` with `overlap_chance`, `compose_residual`, `compose_cosine`, `then_residual` and
    `round_trip`. Over direction too: `left`, `gain`, `locality`, `quadratic`. Over strength too:
    `cosine`, `residual`, `odd`, `end_cosine`, `end_gain`, `end_locality`, `inside_rms` and
    `outside_rms`. Over what is `carried` to another image: `transfer_locality`, `transfer_gain`,
    `transfer_cosine`. All are means over images with standard errors; of gains there is
    `_median` as well. `pictures` (denoiser, start, sigma, direction, signed_strength, shown,
    channel, height, width) are the first images, edited; `vectors` their directions and `changes`
    Jv. `row` is the place of a shown image in the noises, or among real images.

    Raises:
        ValueError: there are fewer real images than asked for, or a projection leaves nothing.
    """
    import torch
    import xarray as xr

    from lowd.distributions.fitting import fit_gaussian
    from lowd.geometry.regions import box_region
    from lowd.kinds.editing.directions import names
    from lowd.kinds.editing.places import Places
    from lowd.kinds.editing.survey import survey
    from lowd.progress import report_total
    from lowd.steps.teachers.teacher import load_teacher
    from lowd.store.arrays import read_store, write_store

    points = read_store(pool)["samples"].values
    real, origin = _real_images(settings, teacher, points)
    unit = torch.from_numpy(read_store(noise)["noise"].values[: settings.images])
    denoisers = {"teacher": load_teacher(teacher, torch.device("cpu")).denoise}
    if settings.mixture is not None:
        denoisers["MoLRG"] = _fitted(settings.seed, settings.mixture, points)
    gaussian = fit_gaussian(points)
    places = len(denoisers) * len(settings.starts) * len(settings.sigmas)
    report_total(places * len(names(settings)), "directions")
    found = []
    for name, denoise in denoisers.items():
        found.append(survey(settings, name, Places(settings, denoise, unit, real), gaussian))
        print(name, found[-1]["end_locality"].mean("start").values.round(2).tolist(), flush=True)
    dataset = xr.concat(found, "denoiser")
    dataset.attrs = {
        "images": settings.images,
        "real": origin,
        "region": list(settings.region),
        "shape": list(settings.shape),
        "area": float(box_region(settings.region, settings.shape).double().mean()),
        "protect": list(settings.protect),
        "floor": settings.floor,
        "steps": settings.sampler.steps,
    }
    write_store(output, dataset)


def _real_images(
    settings: MeasureEditsStep, teacher: Path, points: "np.ndarray"
) -> "tuple[Tensor, str]":
    """Images that the teacher did not see, or else the last of what it drew itself."""
    import torch

    from lowd.store.arrays import read_store

    store = teacher / "images.zarr"
    origin = "held-out images" if store.exists() else "samples of the pool"
    every = read_store(store)["held_out"].values if store.exists() else points[::-1].copy()
    if len(every) < settings.images:
        raise ValueError(f"images: {settings.images} exceed the {len(every)} {origin}; lower it")
    return torch.from_numpy(every[: settings.images]), origin


def _fitted(seed: int, mixture: MixtureSettings, points: "np.ndarray") -> "Denoiser":
    """The denoiser of a mixture fitted to points."""
    from lowd.distributions.fitting import fit_molrg
    from lowd.streams import stream_seed

    return fit_molrg(points, mixture.clusters, mixture.rank, stream_seed(seed, "mixture")).denoise
