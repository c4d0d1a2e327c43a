"""Steps of findings, but for training and sampling."""

from lowd.diffusion.evaluations import evaluations
from lowd.findings import BiasVariance, Dynamics, Families
from lowd.planning.students import samplings
from lowd.steps.agree import AgreeStep, Member
from lowd.steps.decompose import DecomposeStep
from lowd.steps.follow import FollowStep
from lowd.studies import Study


def follow_step(finding: Dynamics) -> FollowStep:
    """Settings of the scores along training."""
    return FollowStep(
        seed=finding.seed,
        models=finding.models,
        samples=finding.samples,
        replicates=finding.replicates,
        training=finding.training,
    )


def decompose_step(finding: BiasVariance) -> DecomposeStep:
    """Settings of bias and variance."""
    return DecomposeStep(
        models=finding.models,
        samples=finding.samples,
        at_model=finding.at.model,
        at_samples=finding.at.samples,
    )


def agree_step(finding: Families, study: Study) -> AgreeStep:
    """Settings of the agreement of families."""
    members = []
    for name, (family, sampler) in samplings(finding, study).items():
        members.append(
            Member(
                name=name,
                group=finding.members[family].group,
                family=family,
                evaluations=evaluations(sampler),
            )
        )
    return AgreeStep(seed=finding.seed, samples=finding.samples, members=tuple(members))
