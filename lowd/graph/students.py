"""Students, of whatever kind of study: their training, and what they generate."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from lowd.diffusion.settings import SamplerSettings
from lowd.graph.data import GENERATING, NOISE, POOL, training_streams
from lowd.graph.job import Job, Rule
from lowd.graph.step import Step
from lowd.models.settings import ModelSettings
from lowd.steps.gather import GatherStep, gather
from lowd.steps.generate import GenerateStep
from lowd.steps.train import TrainStep, student_name
from lowd.steps.train import train as train_stack
from lowd.training.settings import ObjectiveSettings


def _student_streams(step: TrainStep) -> tuple[str, ...]:
    student = "replicate={replicate}" if step.seeds is None else "seed={seed}"
    return training_streams(f"{step.seed}/{student_name(step)}/N={{N}}/{student}")


TRAINING = Step(
    train_stack, cost="cost.networks:train_bill", draws=_student_streams, on_device=True
)

TRAIN = Rule(
    "train",
    TRAINING,
    ("data/{study}/students/{model}/weights.safetensors",),
    place="{study}/train-{model}",
    scratch=".lowd/{study}/{model}-{code}.safetensors",
)
TRAIN_PART = Rule(
    "train_part",
    TRAINING,
    ("data/{study}/parts/{model}.{part}/weights.safetensors",),
    place="{study}/train-{model}.{part}",
    scratch=".lowd/{study}/{model}.{part}-{code}.safetensors",
)
GATHER = Rule(
    "gather",
    Step(gather, cost="cost.networks:gather_bill"),
    TRAIN.outputs,
    place="{study}/gather-{model}",
)
GENERATE = Rule(
    "generate",
    GENERATING,
    ("data/{study}/generated/{model}.zarr",),
    place="{study}/generate-{model}",
)
GENERATE_EMPIRICAL = Rule(
    "generate_empirical", GENERATING, ("data/{study}/generated/empirical.zarr",)
)


def train(name: str, on: str, stacks: Mapping[str, TrainStep]) -> Iterator[Job]:
    """Stacks of students, by the name of their files, each trained by one job.

    Args:
        name: the study that they belong to.
        on: the study whose pool they learn from.
        stacks: their settings.
    """
    for stack, settings in stacks.items():
        yield TRAIN.job(settings, {"pool": POOL.path(study=on)}, study=name, model=stack)


def train_in_parts(name: str, model: str, parts: list[TrainStep]) -> Iterator[Job]:
    """A stack whose students are trained by several jobs, and gathered."""
    trained: list[Path] = []
    for number, settings in enumerate(parts, start=1):
        part = TRAIN_PART.job(
            settings, {"pool": POOL.path(study=name)}, study=name, model=model, part=str(number)
        )
        trained += part.outputs
        yield part
    samples = tuple(n for settings in parts for n in settings.samples)
    yield GATHER.job(GatherStep(samples=samples), {"part": trained}, study=name, model=model)


def generate(
    name: str,
    on: str,
    samplings: Mapping[str, tuple[str, SamplerSettings]],
    networks: Mapping[str, ModelSettings],
    objectives: Mapping[str, ObjectiveSettings | None] = MappingProxyType({}),
) -> Iterator[Job]:
    """What students make of the noises of the study `on`: by its name their stack and sampler.

    Args:
        name: the study that they belong to.
        on: the study whose noises they get.
        samplings: stack and sampler of each store of samples.
        networks: the architecture of each stack.
        objectives: what a stack was trained for, if not for EDM's.
    """
    for stored, (stack, sampler) in samplings.items():
        objective = objectives.get(stack)
        students = TRAIN.path(study=name, model=stack)
        yield GENERATE.job(
            GenerateStep(sampler=sampler),
            {"students": students, "noise": NOISE.path(study=on)},
            networks=[networks[stack]],
            objectives=[] if objective is None else [objective],
            study=name,
            model=stored,
        )


def generate_empirical(
    name: str, on: str, sampler: SamplerSettings, samples: tuple[int, ...], replicates: int
) -> Job:
    """What the empirical denoisers of a grid of training sets make of the noises."""
    return GENERATE_EMPIRICAL.job(
        GenerateStep(sampler=sampler, samples=samples, replicates=replicates),
        {"pool": POOL.path(study=on), "noise": NOISE.path(study=on)},
        study=name,
    )
