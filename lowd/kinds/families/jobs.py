"""Agreement of kinds of generative models that start from the same noises."""

from collections.abc import Iterator, Mapping

from lowd.base import Settings
from lowd.diffusion.evaluations import evaluations
from lowd.diffusion.settings import SamplerSettings
from lowd.graph import students
from lowd.graph.data import GENERATE_TEACHER, POOL
from lowd.graph.descriptors import DESCRIBE
from lowd.graph.job import Job, Rule
from lowd.graph.step import Step
from lowd.graph.students import GENERATE
from lowd.kinds.families.agree import agree
from lowd.kinds.families.agree_step import AgreeStep, Member
from lowd.kinds.families.settings import Families, Family
from lowd.steps.train import TrainStep
from lowd.studies import Study
from lowd.training.settings import (
    ConsistencySettings,
    EDMSettings,
    EpsilonSettings,
    ObjectiveSettings,
)

AGREE = Rule(
    "agree",
    Step(
        agree,
        cost="kinds.families.costs:agree_bill",
        draws=lambda step: (f"{step.seed}/noises",),
    ),
    ("results/{study}.zarr",),
)


def jobs(name: str, follow_up: Families, every: Mapping[str, Settings]) -> Iterator[Job]:
    """Students of every family, what each generates by each of its samplers, their agreement."""
    study = follow_up.base(every)
    stacks = {
        member: TrainStep(
            seed=follow_up.seed,
            model=family.model,
            samples=(follow_up.samples,),
            replicates=2,
            training=family.training or follow_up.training,
            seeds=2,
            objective=_objective(family, study.sampler),
        )
        for member, family in follow_up.members.items()
    }
    samplings = _samplings(follow_up, study)
    yield from students.train(name, follow_up.study, stacks)
    networks = {member: family.model for member, family in follow_up.members.items()}
    objectives = {member: stack.objective for member, stack in stacks.items()}
    yield from students.generate(name, follow_up.study, samplings, networks, objectives)
    members = (
        Member(
            name=stored,
            group=follow_up.members[family].group,
            family=family,
            evaluations=evaluations(sampler),
        )
        for stored, (family, sampler) in samplings.items()
    )
    yield AGREE.job(
        AgreeStep(seed=follow_up.seed, samples=follow_up.samples, members=tuple(members)),
        {
            "generated": [GENERATE.path(study=name, model=stored) for stored in samplings],
            "teacher": GENERATE_TEACHER.path(study=follow_up.study),
            "pool": POOL.path(study=follow_up.study),
            "yardstick": DESCRIBE.path(study=follow_up.study),
        },
        study=name,
    )


def _samplings(follow_up: Families, study: Study) -> dict[str, tuple[str, SamplerSettings]]:
    """Family and sampler of all that is generated, by its name."""
    jump = study.sampler.model_copy(update={"solver": "euler", "steps": 1})
    samplings = {}
    for name, family in follow_up.members.items():
        samplings[name] = name, jump if family.jumps else study.sampler
        for other, solver in follow_up.solvers.items():
            if solver.family == name:
                samplings[other] = name, solver.sampler
    return samplings


def _objective(family: Family, sampler: SamplerSettings) -> ObjectiveSettings | None:
    """What a family learns, over the levels that it will be sampled through."""
    match family.objective:
        case EDMSettings():
            return None
        case EpsilonSettings() | ConsistencySettings():
            objective = family.objective
            levels = {
                "sigma_min": objective.sigma_min or sampler.sigma_min,
                "sigma_max": objective.sigma_max or sampler.sigma_max,
            }
            return objective.model_copy(update=levels)
    return family.objective
