"""`lowd step describe`: descriptor and threshold from teacher samples, before any student."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lowd.base import Settings
from lowd.metrics.settings import DescriptorKind, NearestRule, ThresholdSettings

if TYPE_CHECKING:
    from torch import Tensor

    from lowd.metrics.descriptors import Descriptor

ROWS = 4096
"""Teacher samples a rule looks at, on each side."""


class DescribeStep(Settings):
    """Settings of the describe step; `largest` is the study's largest N."""

    descriptor: DescriptorKind
    threshold: ThresholdSettings
    largest: int


class Yardstick(NamedTuple):
    """What two samples are compared by: h, and the similarity above which they are copies."""

    descriptor: "Descriptor"
    threshold: float


def describe(settings: DescribeStep, *, pool: Path, teacher: Path, output: Path) -> None:
    """Write descriptor, threshold and the teacher's own quality to the JSON file `output`.

    The first `largest` samples of the pool are a training set of the largest N; its reference
    samples stand for fresh ones, and their mean for the teacher's. A trained teacher is compared
    with real images it has not seen, at equal numbers, and next to it real images with real images.
    """
    import json

    from lowd.metrics.descriptors import Descriptor
    from lowd.metrics.threshold import nearest_quantile, unrelated_quantile
    from lowd.store.arrays import read_store
    from lowd.store.atomic import staged

    drawn = read_store(pool)
    reference = drawn["reference"].values
    mean = reference.mean(axis=0) if settings.descriptor == "centred" else None
    descriptor = Descriptor(settings.descriptor, mean)
    fresh = descriptor(reference)
    if isinstance(settings.threshold, NearestRule):
        training = descriptor(drawn["samples"].values[: settings.largest])
        threshold = nearest_quantile(fresh[:ROWS], training, settings.threshold.nearest)
    else:
        threshold = unrelated_quantile(fresh, settings.threshold.unrelated, ROWS)
    content = {
        "descriptor": settings.descriptor,
        "mean": None if mean is None else mean.tolist(),
        "rule": settings.threshold.model_dump(),
        "threshold": threshold,
        "teacher": _quality(teacher / "images.zarr", fresh, descriptor),
    }
    with staged(output) as draft:
        draft.write_text(json.dumps(content, indent=1) + "\n")


def load_yardstick(path: Path) -> Yardstick:
    """Read the descriptor and threshold that `describe` wrote.

    Raises:
        ValueError: the file is damaged, or something else.
    """
    import json

    import numpy as np

    from lowd.metrics.descriptors import Descriptor

    try:
        content = json.loads(path.read_text())
        mean = content["mean"]
    except (json.JSONDecodeError, KeyError) as error:
        raise ValueError(f"{path}: damaged yardstick ({error}); delete it and run again") from None
    descriptor = Descriptor(
        content["descriptor"], None if mean is None else np.asarray(mean, np.float32)
    )
    return Yardstick(descriptor, content["threshold"])


def _quality(
    images: Path, samples: "Tensor", descriptor: "Descriptor"
) -> dict[str, tuple[float, float]]:
    """Value and standard error of each measure of a trained teacher; nothing for an exact one."""
    from lowd.metrics.authenticity import authenticity
    from lowd.metrics.frechet import frechet_distance
    from lowd.store.arrays import read_store

    if not images.exists():
        return {}
    real = read_store(images)
    held_out, training = (descriptor(real[name].values) for name in ("held_out", "training"))
    n = min(len(held_out), len(training), len(samples))
    return {
        "frechet": frechet_distance(samples[:n], held_out[:n]),
        "frechet_real": frechet_distance(training[:n], held_out[:n]),
        "authenticity": authenticity(samples[:ROWS], training),
        "authenticity_real": authenticity(held_out, training),
    }
