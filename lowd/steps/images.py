"""`lowd step images`: the real images that a teacher learns from."""

from pathlib import Path

from lowd.base import Settings
from lowd.sources.image_settings import SourceSettings


class ImagesStep(Settings):
    """Settings of the images step."""

    images: SourceSettings


def images(settings: ImagesStep, *, output: Path) -> None:
    """Leave the images of a source in the store `output`, as `images` (image, *shape).

    They are bytes, or floats in [-1, 1]. Attributes say where they come from, under which licence,
    the SHA-256 of what was read (`content`), how many images equal an earlier one (`repeats`; how
    many different ones those equal, `repeated`), and whether such were kept or dropped.
    """
    import xarray as xr

    from lowd.sources.images import load_images
    from lowd.store.arrays import sample_dims, write_store

    source = settings.images
    loaded = load_images(source)
    print(
        f"{len(loaded.images)} images {loaded.images.shape[1:]} of {loaded.images.dtype}; "
        f"{loaded.repeats} that equal an earlier one, of {loaded.repeated} different ones: "
        f"{source.duplicates}"
    )
    attributes = {
        "source": source.source,
        "licence": source.licence,
        "homepage": source.homepage,
        "content": loaded.content,
        "repeats": loaded.repeats,
        "repeated": loaded.repeated,
        "duplicates": source.duplicates,
    }
    dims = ("image", *sample_dims(source.shape))
    write_store(output, xr.Dataset({"images": (dims, loaded.images)}, attrs=attributes))
