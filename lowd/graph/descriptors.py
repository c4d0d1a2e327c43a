"""What samples are compared by: threshold, and features if the descriptor is a network."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from lowd.descriptors.settings import NetworkSettings, TrainedSSCDSettings
from lowd.graph.data import GENERATE_TEACHER, NOISE, POOL, TEACHER, pool_sampler
from lowd.graph.job import Job, Rule
from lowd.graph.own import descriptor_files
from lowd.graph.step import Step
from lowd.graph.students import GENERATE, GENERATE_EMPIRICAL
from lowd.grid import Grid
from lowd.sources.settings import TrainedTeacher
from lowd.steps.appraise import AppraiseStep, appraise
from lowd.steps.describe import DescribeStep, describe
from lowd.steps.describe_fixed import FixedStep, describe_fixed
from lowd.steps.descriptor import DescriptorStep, descriptor
from lowd.steps.embed import EmbedStep, embed


def _descriptor_streams(step: DescriptorStep) -> tuple[str, ...]:
    drawn = ("initialisation", "training", *(["images"] if step.fresh else []))
    return tuple(f"{step.seed}/descriptor/{what}" for what in drawn)


def _network_module(step: EmbedStep | AppraiseStep) -> tuple[str, ...]:
    return (f"lowd.descriptors.{step.descriptor.kind}",)


DESCRIBE = Rule(
    "describe",
    Step(describe, cost="cost.scores:describe_bill"),
    ("results/{study}.yardstick.json",),
)
DESCRIBE_FIXED = Rule(
    "describe_fixed",
    Step(describe_fixed, cost="cost.scores:fixed_bill"),
    DESCRIBE.outputs,
    place="{study}/describe",
)
DESCRIPTOR = Rule(
    "descriptor",
    Step(
        descriptor,
        cost="cost.copies:descriptor_bill",
        draws=_descriptor_streams,
        loads_teacher=True,
        on_device=True,
    ),
    ("data/{study}/descriptor/weights.safetensors",),
)
EMBED = Rule(
    "embed",
    Step(
        embed,
        cost="cost.copies:embed_bill",
        imports=_network_module,
        reads=lambda step: descriptor_files(step.descriptor),
        on_device=True,
    ),
    ("data/{study}/features/{stored}",),
    place="{study}/embed-{stored}",
    scratch=".lowd/features",
)
APPRAISE = Rule(
    "appraise",
    Step(
        appraise,
        cost="cost.copies:appraise_bill",
        draws=lambda step: (f"{step.seed}/descriptor/copies",),
        imports=_network_module,
        reads=lambda step: descriptor_files(step.descriptor),
        on_device=True,
    ),
    ("data/{study}/descriptor/yardstick.json",),
)

FRESH = 4096
"""Samples that a descriptor learns from if the teacher itself learned from no images."""


def features(name: str, study: Grid, models: Iterable[str]) -> dict[Path, Path]:
    """By store of images what the study's network makes of it; empty if it has no network.

    Args:
        name: the study.
        study: its settings.
        models: names of its students' models.
    """
    if not study.is_embedded:
        return {}
    stores = [POOL, NOISE, GENERATE_TEACHER, GENERATE_EMPIRICAL]
    if isinstance(study.teacher, TrainedTeacher):
        stores = [TEACHER, *stores]
    paths = [rule.path(study=name) for rule in stores]
    paths += [GENERATE.path(study=name, model=model) for model in models]
    return {path: EMBED.path(study=name, stored="-".join(path.parts[2:])) for path in paths}


def unseen(name: str, study: Grid) -> Path:
    """Where a study has points that no student has seen: real images, or else the pool."""
    is_trained = isinstance(study.teacher, TrainedTeacher)
    return (TEACHER if is_trained else POOL).path(study=name)


def yardstick(name: str, study: Grid) -> Path:
    """What says by what the study compares, and how well that does."""
    return (APPRAISE if study.is_embedded else DESCRIBE).path(study=name)


def jobs(name: str, study: Grid, compared: Mapping[Path, Path]) -> Iterator[Job]:
    """The threshold; before it the network, if there is one, and the features of every store.

    Args:
        name: the study.
        study: its settings.
        compared: what is compared in place of a store, as `features`.
    """
    pool, teacher = (rule.path(study=name) for rule in (POOL, TEACHER))
    # What a network makes is compared as it is.
    descriptor = study.descriptor if isinstance(study.descriptor, str) else "identity"
    largest, threshold = study.samples[-1], study.threshold
    given = {"pool": compared.get(pool, pool), "teacher": compared.get(teacher, teacher)}
    if isinstance(threshold, float):
        fixed = FixedStep(descriptor=descriptor, threshold=threshold, largest=largest)
        yield DESCRIBE_FIXED.job(fixed, given, study=name)
    else:
        ruled = DescribeStep(descriptor=descriptor, threshold=threshold, largest=largest)
        yield DESCRIBE.job(ruled, given, study=name)
    if not isinstance(study.descriptor, str):
        yield from _network(name, study, study.descriptor, compared)


def _network(
    name: str, study: Grid, network: NetworkSettings, compared: Mapping[Path, Path]
) -> Iterator[Job]:
    weights = {}
    if isinstance(network, TrainedSSCDSettings):
        weights["weights"] = DESCRIPTOR.path(study=name)
        has_images = isinstance(study.teacher, TrainedTeacher)
        yield DESCRIPTOR.job(
            DescriptorStep(
                seed=study.seed,
                descriptor=network,
                fresh=None if has_images else FRESH,
                sampler=None if has_images else pool_sampler(study),
            ),
            {"teacher": TEACHER.path(study=name)},
            teachers=[study.teacher],
            study=name,
        )
    for images, made in compared.items():
        yield EMBED.job(
            EmbedStep(descriptor=network),
            {"images": images, **weights},
            study=name,
            stored=made.name,
        )
    yield APPRAISE.job(
        AppraiseStep(seed=study.seed, descriptor=network),
        {
            "images": unseen(name, study),
            **weights,
            "yardstick": DESCRIBE.path(study=name),
        },
        study=name,
    )
