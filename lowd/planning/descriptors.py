"""Steps of a descriptor that is a network, and which stores it makes features of."""

from pathlib import PurePosixPath

from lowd.descriptors.settings import NetworkSettings, TrainedSSCDSettings
from lowd.planning.studies import pool_step
from lowd.sources.settings import TrainedTeacher
from lowd.steps.appraise import AppraiseStep
from lowd.steps.descriptor import DescriptorStep
from lowd.steps.embed import EmbedStep
from lowd.studies import Study

FRESH = 4096
"""Samples that a descriptor learns from if the teacher itself learned from no images."""
FOLDER = "features"
GENERATED = "generated-"


def is_trained(study: Study) -> bool:
    """Whether the study trains its descriptor itself."""
    return isinstance(study.descriptor, TrainedSSCDSettings)


def descriptor_step(study: Study) -> DescriptorStep:
    """Settings of the descriptor's training."""
    assert isinstance(study.descriptor, TrainedSSCDSettings)
    has_images = isinstance(study.teacher, TrainedTeacher)
    return DescriptorStep(
        seed=study.seed,
        descriptor=study.descriptor,
        fresh=None if has_images else FRESH,
        sampler=None if has_images else pool_step(study).sampler,
    )


def embed_step(study: Study) -> EmbedStep:
    """Settings of the features of any store."""
    return EmbedStep(descriptor=_network(study))


def appraise_step(study: Study) -> AppraiseStep:
    """Settings of the descriptor's accuracy."""
    return AppraiseStep(seed=study.seed, descriptor=_network(study))


def embedded(study: Study) -> list[str]:
    """The names, in a study's folder of features, of all that is put through its network."""
    if not study.is_embedded:
        return []
    teacher = ["teacher"] if isinstance(study.teacher, TrainedTeacher) else []
    generated = [f"{GENERATED}{name}.zarr" for name in ("teacher", "empirical", *study.models)]
    return [*teacher, "pool.zarr", "noise.zarr", *generated]


def embedded_from(study: str, stored: str) -> str:
    """The store of images that the features `stored` are made of."""
    if stored.startswith(GENERATED):
        return f"data/{study}/generated/{stored.removeprefix(GENERATED)}"
    return f"data/{study}/{stored}"


def features(path: str, settings: Study) -> str:
    """What is compared of data/STUDY/…: its features, if the study's descriptor is a network."""
    _, study, *inner = PurePosixPath(path).parts
    stored = "-".join(inner)
    return f"data/{study}/{FOLDER}/{stored}" if stored in embedded(settings) else path


def _network(study: Study) -> NetworkSettings:
    assert not isinstance(study.descriptor, str)
    return study.descriptor
