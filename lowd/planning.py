"""From a study to the settings of each of its steps, and the code each step runs.

The workflow's rules call these; a step gets exactly the settings that it needs, so that a change
of one key reruns what depends on it and nothing else.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from lowd import jobs
from lowd.base import Settings
from lowd.diffusion.settings import SamplerSettings
from lowd.findings import AnyFinding, BiasVariance, Dynamics, Families, Family
from lowd.provenance.code import code_digest
from lowd.provenance.digests import digest
from lowd.settings import RELATIONS, Comparison, Study, TheoryStudy
from lowd.sources.settings import MoLRGImagesTeacher, MoLRGTeacher, TrainedTeacher
from lowd.steps.agree import AgreeStep
from lowd.steps.agree import Member as FamilyMember
from lowd.steps.collect import CollectStep
from lowd.steps.contrast import ContrastStep
from lowd.steps.controls import ControlsStep
from lowd.steps.decompose import DecomposeStep
from lowd.steps.describe import DescribeStep
from lowd.steps.equate import EquateStep
from lowd.steps.expect import ExpectStep
from lowd.steps.figure import FigureStep
from lowd.steps.follow import FollowStep
from lowd.steps.generate import GenerateStep
from lowd.steps.linearise import LineariseStep
from lowd.steps.manifest import ManifestStep
from lowd.steps.noise import NoiseStep
from lowd.steps.pair import PairStep
from lowd.steps.pool import PoolStep
from lowd.steps.recover import RecoverStep
from lowd.steps.relate import Member, RelateStep
from lowd.steps.score import ScoreStep
from lowd.steps.sheet import SheetStep
from lowd.steps.tabulate import TabulateStep
from lowd.steps.teacher import TeacherStep
from lowd.steps.train import TrainStep
from lowd.training.settings import (
    ConsistencySettings,
    EDMSettings,
    EpsilonSettings,
    ObjectiveSettings,
)

FIGURES = ("regimes", "errors", "transition", "plane")
THEORY_FIGURES = ("recovery", "threshold", "equivalence")
FINDING_FIGURES = {
    "dynamics": ("dynamics",),
    "bias-variance": ("decomposition",),
    "families": ("agreement", "closeness", "lineup"),
}
CLOSE_UPS = [figure for figures in FINDING_FIGURES.values() for figure in figures]


def teacher_step(study: Study) -> TeacherStep:
    """Settings of the teacher."""
    return TeacherStep(seed=study.seed, teacher=study.teacher)


def pool_step(study: Study) -> PoolStep:
    """Settings of the pool; an exact teacher's does not depend on the sampler."""
    is_exact = isinstance(study.teacher, MoLRGTeacher | MoLRGImagesTeacher)
    return PoolStep(
        seed=study.seed,
        size=study.pool.size,
        shape=study.teacher.shape,
        sampler=None if is_exact else study.sampler,
    )


def noise_step(study: Study) -> NoiseStep:
    """Settings of the evaluation noises."""
    return NoiseStep(seed=study.seed, size=study.noise.size, shape=study.teacher.shape)


def describe_step(study: Study) -> DescribeStep:
    """Settings of descriptor and threshold."""
    return DescribeStep(
        descriptor=study.descriptor, threshold=study.threshold, largest=study.samples[-1]
    )


def train_step(study: Study, model: str) -> TrainStep:
    """Settings of one model's stack."""
    return TrainStep(
        seed=study.seed,
        name=model,
        model=study.models[model],
        samples=study.samples,
        replicates=study.replicates,
        training=study.training,
    )


def generate_step(study: Study, *, grid: bool = False) -> GenerateStep:
    """Settings of generation; the empirical denoiser needs the grid of training sets."""
    return GenerateStep(
        sampler=study.sampler,
        samples=study.samples if grid else (),
        replicates=study.replicates if grid else 0,
    )


def sample_step(finding: AnyFinding, study: Study, name: str) -> GenerateStep:
    """Settings of what a finding generates under a name."""
    return GenerateStep(sampler=samplings(finding, study)[name][1])


def memorise_step(finding: Dynamics, study: Study) -> GenerateStep:
    """Settings of the empirical denoisers of a finding's training sets."""
    return GenerateStep(
        sampler=study.sampler, samples=finding.samples, replicates=finding.replicates
    )


def earlier_models(study: Study, model: str) -> list[str]:
    """The models before `model` in params.yaml: every pair of models is scored once."""
    names = list(study.models)
    return names[: names.index(model)]


def score_step(study: Study, model: str) -> ScoreStep:
    """Settings of one model's scores."""
    return ScoreStep(
        name=model,
        samples=study.samples,
        replicates=study.replicates,
        others=tuple(earlier_models(study, model)),
    )


def controls_step(study: Study) -> ControlsStep:
    """Settings of the controls."""
    return ControlsStep(samples=study.samples, replicates=study.replicates)


def collect_step(study: Study) -> CollectStep:
    """Settings of the results."""
    return CollectStep(models=study.models, shape=study.teacher.shape)


def sheet_step(study: Study) -> SheetStep:
    """Settings of the sample sheet, which shows the last model."""
    return SheetStep(name=list(study.models)[-1], replicates=study.replicates)


def expect_step(study: TheoryStudy) -> ExpectStep:
    """Settings of what theory expects."""
    ranks = {rank for one in study.maps for rank in one.ranks}
    return ExpectStep(
        dimension=study.dimension,
        samples=study.samples,
        ranks=tuple(sorted(ranks)),
        tolerance=study.tolerance,
    )


def recoveries(study: TheoryStudy) -> list[tuple[int, int]]:
    """(clusters, rank) of every job of recovery."""
    return [(one.clusters, rank) for one in study.maps for rank in one.ranks]


def recover_step(study: TheoryStudy, clusters: int, rank: int) -> RecoverStep:
    """Settings of the recovery of subspaces of one rank."""
    (one,) = (one for one in study.maps if one.clusters == clusters)
    return RecoverStep(
        seed=study.seed,
        dimension=study.dimension,
        clusters=clusters,
        rank=rank,
        samples=study.samples,
        trials=one.trials,
        training=one.training,
    )


def equate_step(study: TheoryStudy) -> EquateStep:
    """Settings of the equivalence."""
    return EquateStep(
        seed=study.seed,
        dimension=study.dimension,
        clusters=tuple(one.clusters for one in study.maps),
        equivalence=study.equivalence,
    )


def tabulate_step(study: TheoryStudy) -> TabulateStep:
    """Settings of a theory study's results."""
    return TabulateStep(cells=tuple(recoveries(study)))


def trainings(finding: AnyFinding, study: Study) -> dict[str, TrainStep]:
    """Settings of every stack of a finding on `study`, by the name of its files."""
    match finding:
        case Dynamics():
            return {
                name: TrainStep(
                    seed=finding.seed,
                    name=name,
                    model=model,
                    samples=finding.samples,
                    replicates=finding.replicates,
                    training=finding.training,
                    snapshots=finding.snapshots,
                )
                for name, model in finding.models.items()
            }
        case BiasVariance():
            return {
                f"{name}.{varied}": TrainStep(
                    seed=finding.seed,
                    name=name,
                    model=model,
                    samples=finding.samples if name == finding.at.model else (finding.at.samples,),
                    replicates=replicates,
                    training=finding.training,
                    seeds=seeds,
                )
                for name, model in finding.models.items()
                for varied, replicates, seeds in (
                    ("data", finding.replicates, 1),
                    ("seed", 1, finding.replicates),
                )
            }
        case Families():
            return {
                name: TrainStep(
                    seed=finding.seed,
                    name=name,
                    model=family.model,
                    samples=(finding.samples,),
                    replicates=2,
                    training=family.training or finding.training,
                    seeds=2,
                    objective=_objective(family, study.sampler),
                )
                for name, family in finding.members.items()
            }


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


def samplings(finding: AnyFinding, study: Study) -> dict[str, tuple[str, SamplerSettings]]:
    """Name of the stack, and sampler, of everything that a finding generates, by its name."""
    if not isinstance(finding, Families):
        return {name: (name, study.sampler) for name in trainings(finding, study)}
    jump = study.sampler.model_copy(update={"solver": "euler", "steps": 1})
    found = {}
    for family, member in finding.members.items():
        found[family] = family, jump if member.jumps else study.sampler
        own = {name: one for name, one in finding.solvers.items() if one.family == family}
        found |= {name: (family, one.sampler) for name, one in own.items()}
    return found


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
        evaluations = 2 * sampler.steps - 1 if sampler.solver == "heun" else sampler.steps
        members.append(
            FamilyMember(
                name=name,
                group=finding.members[family].group,
                family=family,
                evaluations=evaluations,
            )
        )
    return AgreeStep(seed=finding.seed, samples=finding.samples, members=tuple(members))


def pair_step(comparison: Comparison, studies: Mapping[str, Study]) -> PairStep:
    """Settings of students of disjoint sets beside each other, of the last model."""
    study = studies[comparison.studies[0]]
    return PairStep(name=list(study.models)[-1], samples=study.samples, replicates=study.replicates)


def plain(across: Mapping[str, Comparison]) -> list[str]:
    """The names of figures across studies that plot the studies' results as they are."""
    return [name for name, one in across.items() if one.figure not in RELATIONS]


def manifest_step(study: str, declared: Iterable[str]) -> ManifestStep:
    """Settings of the manifest of the study called `study`."""
    return ManifestStep(
        folders=tuple(Path(room, study) for room in ("data", "figures", "provenance")),
        declared=tuple(sorted(Path(path) for path in declared)),
    )


def figure_step(name: str) -> FigureStep:
    """Settings of a figure of one study."""
    return FigureStep(name=name)


def comparison_step(comparison: Comparison) -> FigureStep:
    """Settings of a figure across studies."""
    return FigureStep(name=comparison.figure, studies=comparison.studies)


def relate_step(comparison: Comparison, studies: Mapping[str, Study]) -> RelateStep:
    """Settings of the relation of transitions to the dimension of the data."""
    return RelateStep(members=_members(comparison, studies))


def linearise_step(comparison: Comparison, studies: Mapping[str, Study]) -> LineariseStep:
    """Settings of the Jacobians' ranks."""
    models = tuple(tuple(studies[name].models) for name in comparison.studies)
    return LineariseStep(members=_members(comparison, studies), models=models)


def contrast_step(comparison: Comparison, studies: Mapping[str, Study]) -> ContrastStep:
    """Settings of the denoisers side by side; params.yaml has a mixture for them."""
    (study,) = (studies[name] for name in comparison.studies)
    assert comparison.mixture is not None
    return ContrastStep(seed=study.seed, sampler=study.sampler, mixture=comparison.mixture)


def _members(comparison: Comparison, studies: Mapping[str, Study]) -> tuple[Member, ...]:
    members = []
    for name in comparison.studies:
        teacher = studies[name].teacher
        if isinstance(teacher, MoLRGTeacher | MoLRGImagesTeacher):
            members.append(Member(name=name, clusters=teacher.clusters, rank=teacher.rank))
        else:
            members.append(Member(name=name))
    return tuple(members)


def points(study: str, settings: Study) -> str:
    """What the intrinsic dimension of a study is estimated from: real images, or else the pool."""
    trained = isinstance(settings.teacher, TrainedTeacher)
    return f"data/{study}/teacher" if trained else f"data/{study}/pool.zarr"


def figures(study: Study | TheoryStudy | AnyFinding) -> list[str]:
    """Names of a study's figures; only images can be shown on a sheet."""
    if isinstance(study, Dynamics | BiasVariance | Families):
        return list(FINDING_FIGURES[study.kind])
    if isinstance(study, TheoryStudy):
        return list(THEORY_FIGURES)
    return [*FIGURES, "samples"] if study.is_of_images else list(FIGURES)


def image_files(study: Study) -> list[Path]:
    """The user's own files that the teacher learns from."""
    return jobs.image_files(study.teacher)


def code(step: Settings | type[Settings], *teachers: str) -> str:
    """Digest of what a step runs, short enough to read in a log; arguments as `jobs.modules`."""
    return code_digest(jobs.modules(step, *teachers))[:16]


def code_with_teacher(study: Study, step: type[Settings]) -> str:
    """Digest of a step that makes or loads the study's teacher."""
    return code(step, study.teacher.kind)


def code_across(comparison: Comparison, studies: Mapping[str, Study], step: type[Settings]) -> str:
    """Digest of a step that loads the teachers of all studies compared, their own modules too."""
    own = [studies[name] for name in comparison.studies]
    return code(step, *sorted({study.teacher.kind for study in own})) + "".join(
        custom_code(study) for study in own
    )


def custom_code(study: Study) -> str:
    """Digest of the user's own teacher module, which the import graph does not see."""
    files = [*jobs.custom_files(study.teacher), *jobs.image_files(study.teacher)]
    return "".join(digest(path).sha256[:16] for path in files)
