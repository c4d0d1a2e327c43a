"""`lowd step embed`: a store of images as a store of their features, laid out alike."""

from pathlib import Path
from typing import TYPE_CHECKING

from lowd.base import Settings
from lowd.descriptors.settings import NetworkSettings

if TYPE_CHECKING:
    import xarray as xr

IMAGE = ("channel", "height", "width")


class EmbedStep(Settings):
    """Settings of the embed step."""

    descriptor: NetworkSettings


def embed(
    settings: EmbedStep,
    *,
    images: Path,
    output: Path,
    weights: Path | None = None,
    scratch: Path | None = None,
    lineage: str | None = None,
) -> None:
    """Put each image of the store `images` through the network: the store `output`.

    Every variable over (…, channel, height, width) becomes one over (…, feature), of unit norm,
    with NaN for images that are not finite. If `images` is a teacher's folder, its images.zarr is
    meant, and is written into the folder `output`. What the folder `scratch` has under the job's
    lineage id was made of the same images by the same network and code, and is taken; what it has
    not is left there.

    Raises:
        ValueError: the store has no images, or the network is not as `lowd.descriptors` needs it.
    """
    from filelock import FileLock

    from lowd.store.arrays import write_store
    from lowd.store.atomic import staged

    inner = "images.zarr" if (images / "images.zarr").exists() else None
    source = images / inner if inner else images
    if scratch and lineage:
        kept = scratch / f"{lineage}.zarr"
        scratch.mkdir(parents=True, exist_ok=True)
        # Another study may be at the same features.
        with FileLock(f"{kept}.lock"):
            dataset = _kept(kept)
            if dataset is None:
                dataset = _embedded(settings, source, weights)
                write_store(kept, dataset)
    else:
        dataset = _embedded(settings, source, weights)
    if inner is None:
        write_store(output, dataset)
        return
    with staged(output) as draft:
        write_store(draft / inner, dataset)


def _kept(path: Path) -> "xr.Dataset | None":
    """What lies there, if it is whole."""
    from lowd.store.arrays import read_store

    if not path.exists():
        return None
    try:
        return read_store(path, finite=False)
    except ValueError:  # damaged: as good as none
        return None


def _embedded(settings: EmbedStep, path: Path, weights: Path | None) -> "xr.Dataset":
    import torch
    import xarray as xr

    from lowd.descriptors.embedding import embedded, load_network
    from lowd.device import pick_device
    from lowd.store.arrays import read_store

    device = pick_device()
    network = load_network(settings.descriptor, weights, device)
    dataset = read_store(path, finite=False)
    # Noises, over a dimension of the same name, are a coordinate to xarray.
    images = {name: one for name, one in dataset.variables.items() if one.dims[-3:] == IMAGE}
    if not images:
        raise ValueError(f"{path}: nothing is over {', '.join(IMAGE)}: no images")
    variables = {}
    for name, array in images.items():
        rows = torch.from_numpy(array.values.reshape(-1, *array.shape[-3:]))
        features = embedded(network, rows, settings.descriptor.batch, device).numpy()
        dims = (*array.dims[:-3], "feature")
        variables[name] = xr.Variable(dims, features.reshape(*array.shape[:-3], -1))
    return dataset.drop_vars(list(images)).assign(variables)
