"""`lowd step contrast`: a trained denoiser beside those of a Gaussian and of a MoLRG (lemma 1)."""

from pathlib import Path

from lowd.base import Settings
from lowd.diffusion.settings import SamplerSettings
from lowd.distributions.settings import MixtureSettings

SIGMAS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
SHOWN = 12


class ContrastStep(Settings):
    """Settings of the contrast step."""

    seed: int
    sampler: SamplerSettings
    mixture: MixtureSettings


def contrast(
    settings: ContrastStep, *, teacher: Path, noise: Path, yardstick: Path, output: Path
) -> None:
    """Carry the same noises through three denoisers that saw the same images: the store `output`.

    `samples` (denoiser, shown, channel, height, width). Over pairs of denoisers: `pfd`, `rp` with
    `rp_chance`; and, over sigma too, `apart`: the root mean square distance between what they make
    of the same noisy held-out images, over that between an image and the mean image. Each with its
    standard error.
    """
    from itertools import combinations

    import numpy as np
    import torch
    import xarray as xr

    from lowd.distributions.fitting import fit_gaussian, fit_molrg
    from lowd.metrics.flow_distance import probability_flow_distance
    from lowd.metrics.reproducibility import reproducibility, reproducibility_chance
    from lowd.steps.describe import load_yardstick
    from lowd.steps.generation import flow_in_batches
    from lowd.steps.scoring import tabulate
    from lowd.steps.teachers.teacher import load_teacher
    from lowd.store.arrays import read_store, sample_dims, write_store
    from lowd.streams import stream, stream_seed

    device = torch.device("cpu")
    images = read_store(teacher / "images.zarr")
    training, held_out = images["training"].values, torch.from_numpy(images["held_out"].values)
    mixture, seed = settings.mixture, stream_seed(settings.seed, "mixture")
    denoisers = {
        "network": load_teacher(teacher, device).denoise,
        "MoLRG": fit_molrg(training, mixture.clusters, mixture.rank, seed).denoise,
        "Gaussian": fit_gaussian(training).denoise,
    }
    noises = torch.from_numpy(read_store(noise)["noise"].values)
    samples = {
        name: flow_in_batches(denoise, noises, settings.sampler, device).numpy()
        for name, denoise in denoisers.items()
    }
    descriptor, threshold = load_yardstick(yardstick)
    features = {name: descriptor(one) for name, one in samples.items()}
    pairs = list(combinations(denoisers, 2))
    scale = float((held_out - held_out.mean(0)).square().flatten(1).sum(1).mean().sqrt())
    unit = torch.randn(held_out.shape, generator=stream(settings.seed, "held-out noise"))
    apart = []
    for sigma in SIGMAS:
        with torch.no_grad():
            made = {
                name: denoise(held_out + sigma * unit, sigma).flatten(1).double() / scale
                for name, denoise in denoisers.items()
            }
        apart.append([probability_flow_distance(made[a], made[b]) for a, b in pairs])
    scores = {
        "pfd": [probability_flow_distance(features[a], features[b]) for a, b in pairs],
        "rp": [reproducibility(features[a], features[b], threshold) for a, b in pairs],
        "rp_chance": [
            reproducibility_chance(features[a], features[b], threshold) for a, b in pairs
        ],
    }
    dataset = xr.Dataset(
        coords={
            "pair": [f"{a}|{b}" for a, b in pairs],
            "denoiser": list(denoisers),
            "sigma": list(SIGMAS),
        }
    )
    for name, row in scores.items():
        dataset = dataset.assign(tabulate(name, ("pair",), row))
    dataset = dataset.assign(tabulate("apart", ("sigma", "pair"), apart))
    shown = np.stack([one[:SHOWN] for one in samples.values()])
    dataset["samples"] = (("denoiser", "shown", *sample_dims(shown.shape[2:])), shown)
    dataset.attrs = {
        "threshold": threshold,
        "clusters": mixture.clusters,
        "rank": mixture.rank,
        "images": len(training),
    }
    write_store(output, dataset)
