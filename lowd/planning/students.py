"""Students of studies and findings: how they are trained and sampled."""

from lowd.diffusion.settings import SamplerSettings
from lowd.findings import AnyFinding, BiasVariance, Dynamics, Families, Family
from lowd.steps.gather import GatherStep
from lowd.steps.generate import GenerateStep
from lowd.steps.train import TrainStep
from lowd.studies import GridCompute, Study
from lowd.training.compute import ComputeSettings
from lowd.training.settings import (
    ConsistencySettings,
    EDMSettings,
    EpsilonSettings,
    ObjectiveSettings,
)


def trainings(one: Study | AnyFinding, base: Study) -> dict[str, TrainStep]:
    """Settings of every stack of a study or finding, by the name of its files.

    Args:
        one: a study or finding.
        base: the study itself, or the one that the finding is on.
    """
    match one:
        case Study() | Dynamics():
            return {
                name: TrainStep(
                    seed=one.seed,
                    name=name,
                    model=model,
                    samples=one.samples,
                    replicates=one.replicates,
                    training=one.training,
                    snapshots=one.snapshots if isinstance(one, Dynamics) else (),
                    compute=_compute(one.compute, name) if isinstance(one, Study) else None,
                )
                for name, model in one.models.items()
            }
        case BiasVariance():
            return {
                f"{name}.{varied}": TrainStep(
                    seed=one.seed,
                    name=name,
                    model=model,
                    samples=one.samples if name == one.at.model else (one.at.samples,),
                    replicates=replicates,
                    training=one.training,
                    seeds=seeds,
                )
                for name, model in one.models.items()
                for varied, replicates, seeds in (
                    ("data", one.replicates, 1),
                    ("seed", 1, one.replicates),
                )
            }
        case Families():
            return {
                name: TrainStep(
                    seed=one.seed,
                    name=name,
                    model=family.model,
                    samples=(one.samples,),
                    replicates=2,
                    training=family.training or one.training,
                    seeds=2,
                    objective=_objective(family, base.sampler),
                )
                for name, family in one.members.items()
            }


def parts(study: Study, model: str) -> dict[str, TrainStep]:
    """The jobs that share a model's students, by name; none if each model's are trained by one job.

    Each has as many N's, with all their replicates, as `compute.stack` allows.
    """
    stack, every = study.compute.stack, len(study.samples) * study.replicates
    stacks = stack if isinstance(stack, dict) else dict.fromkeys(study.models, stack or every)
    if all(size >= every for size in stacks.values()):
        return {}
    whole = trainings(study, study)[model]
    size = stacks.get(model, every) // study.replicates
    runs = [study.samples[first : first + size] for first in range(0, len(study.samples), size)]
    return {
        f"{model}.{number}": whole.model_copy(update={"samples": run})
        for number, run in enumerate(runs, start=1)
    }


def _compute(compute: GridCompute, model: str) -> ComputeSettings | None:
    """What a job needs to know of it; nothing where it is as ever."""
    backend = compute.backend
    chosen = backend.get(model, "grouped") if isinstance(backend, dict) else backend
    found = ComputeSettings(precision=compute.precision, backend=chosen)
    return None if found == ComputeSettings() else found


def _objective(family: Family, sampler: SamplerSettings) -> ObjectiveSettings | None:
    """What a family learns, over the levels that it will be sampled through."""
    match family.objective:
        case EDMSettings():
            return None
        case EpsilonSettings() | ConsistencySettings():
            own = family.objective
            levels = {
                "sigma_min": own.sigma_min or sampler.sigma_min,
                "sigma_max": own.sigma_max or sampler.sigma_max,
            }
            return own.model_copy(update=levels)
    return family.objective


def samplings(one: Study | AnyFinding, base: Study) -> dict[str, tuple[str, SamplerSettings]]:
    """Name of the stack, and sampler, of all that its students generate, by its name."""
    if not isinstance(one, Families):
        return {name: (name, base.sampler) for name in trainings(one, base)}
    jump = base.sampler.model_copy(update={"solver": "euler", "steps": 1})
    found = {}
    for family, member in one.members.items():
        found[family] = family, jump if member.jumps else base.sampler
        own = {name: other for name, other in one.solvers.items() if other.family == family}
        found |= {name: (family, other.sampler) for name, other in own.items()}
    return found


def gather_step(study: Study) -> GatherStep:
    """Settings of a model's checkpoint, made of its parts."""
    return GatherStep(samples=study.samples)


def generate_step(sampler: SamplerSettings) -> GenerateStep:
    """Settings of what a teacher or students generate."""
    return GenerateStep(sampler=sampler)


def memorise_step(grid: Study | Dynamics, sampler: SamplerSettings) -> GenerateStep:
    """Settings of what the empirical denoisers of a grid of training sets generate."""
    return GenerateStep(sampler=sampler, samples=grid.samples, replicates=grid.replicates)
