"""Students that were trained elsewhere, beside their teacher."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from lowd.base import Settings
from lowd.figures.find import figure_module
from lowd.graph import data, descriptors
from lowd.graph.data import GENERATE_TEACHER, NOISE, POOL
from lowd.graph.descriptors import DESCRIBE, EMBED
from lowd.graph.figures import drawn
from lowd.graph.job import Job, Rule
from lowd.graph.own import module_file
from lowd.graph.step import Step
from lowd.graph.students import GENERATE, GENERATE_EMPIRICAL
from lowd.kinds.external.assess import AssessStep, assess
from lowd.kinds.external.draw import DrawStep, draw
from lowd.kinds.external.memorise import MemoriseStep, memorise
from lowd.kinds.external.sample import SampleStep, sample
from lowd.kinds.external.settings import CustomStudents, External, Files
from lowd.kinds.external.show import ShowStep, show
from lowd.kinds.external.training_sets import TrainingSetsStep, training_sets

FIGURES = ("regimes", "errors", "transition", "plane")
"""Those of a transition study."""


def _checkpoints(step: SampleStep) -> dict[str, list[Path]]:
    """The checkpoints that are there, and the module that opens them."""
    places = step.students.places(step.samples, step.replicates)
    files = {"trained_elsewhere": [path for path in places.values() if path.exists()]}
    if isinstance(step.students, CustomStudents):
        files["custom"] = [module_file(step.students.entry, f"models.{step.name}")]
    return files


def _sets(step: TrainingSetsStep) -> dict[str, list[Path]]:
    """The training sets that are there."""
    if not isinstance(step.sets, Files):
        return {}
    places = step.sets.places(step.samples, step.replicates)
    return {"training_set": list(dict.fromkeys(p for p in places.values() if p.exists()))}


TRAINING_SETS = Rule(
    "training_sets",
    Step(training_sets, cost="kinds.external.costs:training_sets_bill", reads=_sets),
    ("data/{study}/training_sets.zarr",),
)
SAMPLE = Rule(
    "sample",
    Step(
        sample,
        cost="kinds.external.costs:sample_bill",
        reads=_checkpoints,
        on_device=True,
    ),
    GENERATE.outputs,
    place="{study}/sample-{model}",
)
MEMORISE = Rule(
    "memorise",
    Step(memorise, cost="kinds.external.costs:memorise_bill", on_device=True),
    GENERATE_EMPIRICAL.outputs,
)
ASSESS = Rule(
    "assess",
    Step(
        assess,
        cost="kinds.external.costs:assess_bill",
        draws=lambda step: ("slope/{rule}",),
    ),
    ("results/{study}.zarr",),
)
DRAW = Rule(
    "draw",
    Step(
        draw,
        cost="cost.bills:figure_bill",
        imports=lambda step: (figure_module(step.name),),
    ),
    drawn("figures/{study}/{figure}"),
    place="{study}/draw-{figure}",
)
SHOW = Rule(
    "show",
    Step(show, cost="cost.bills:sheet_bill", imports=lambda step: (figure_module("samples"),)),
    drawn("figures/{study}/samples"),
)


def jobs(name: str, study: External, every: Mapping[str, Settings]) -> Iterator[Job]:
    """From the teacher and the checkpoints to results and figures."""
    yield from data.jobs(name, study)
    shape, pool, noise = study.teacher.shape, POOL.path(study=name), NOISE.path(study=name)
    sets, teacher = TRAINING_SETS.path(study=name), GENERATE_TEACHER.path(study=name)
    empirical, results = MEMORISE.path(study=name), ASSESS.path(study=name)
    generated = {model: SAMPLE.path(study=name, model=model) for model in study.models}
    yield TRAINING_SETS.job(
        TrainingSetsStep(
            sets=study.training_sets,
            shape=shape,
            samples=study.samples,
            replicates=study.replicates,
        ),
        {"pool": pool},
        study=name,
    )
    for model, students in study.models.items():
        yield SAMPLE.job(
            SampleStep(
                name=model,
                students=students,
                shape=shape,
                samples=study.samples,
                replicates=study.replicates,
                sampler=study.sampler,
            ),
            {"noise": noise},
            study=name,
            model=model,
        )
    yield MEMORISE.job(
        MemoriseStep(sampler=study.sampler), {"sets": sets, "noise": noise}, study=name
    )
    features = descriptors.features(name, study, study.models)
    if features:
        features[sets] = EMBED.path(study=name, stored=sets.name)
    yield from descriptors.jobs(name, study, features)
    yield ASSESS.job(
        AssessStep(models=tuple(study.models)),
        {
            "generated": [features.get(path, path) for path in generated.values()],
            **{
                role: features.get(path, path)
                for role, path in (
                    ("teacher", teacher),
                    ("empirical", empirical),
                    ("noise", noise),
                    ("pool", pool),
                    ("sets", sets),
                )
            },
            "yardstick": DESCRIBE.path(study=name),
            "quality": descriptors.yardstick(name, study),
        },
        study=name,
    )
    for figure in FIGURES:
        yield DRAW.job(DrawStep(name=figure), {"results": results}, study=name, figure=figure)
    if study.is_of_images:
        last = list(study.models)[-1]
        yield SHOW.job(
            ShowStep(name=last),
            {"teacher": teacher, "generated": generated[last], "sets": sets},
            study=name,
        )
