"""Solvers, objectives and sources count in the jobs that name or load them, and in no other."""

import pytest
import torch

from lowd.diffusion.settings import SamplerSettings
from lowd.graph.data import IMAGES, TEACHER
from lowd.graph.students import GENERATE, TRAIN
from lowd.models.settings import MLPSettings
from lowd.steps.generate import GenerateStep
from lowd.steps.images import ImagesStep
from lowd.steps.teacher import TeacherStep
from lowd.steps.train import TrainStep
from lowd.store.students import Students, save_students
from lowd.training.settings import (
    AdversarialSettings,
    EDMSettings,
    EpsilonSettings,
    TrainingSettings,
    VariationalSettings,
)

MLP = MLPSettings(architecture="mlp", width=4)
EPSILON = EpsilonSettings(kind="epsilon", kernel="vp", sigma_min=0.1, sigma_max=5)
AIMS = [
    (None, "edm"),
    (EPSILON, "epsilon"),
    (VariationalSettings(kind="variational"), "variational"),
    (AdversarialSettings(kind="adversarial"), "adversarial"),
]


def named(modules, room):
    """The modules of a room that a job imports by name."""
    return [
        module.removeprefix(f"lowd.{room}.")
        for module in modules
        if module.startswith(f"lowd.{room}.")
    ]


@pytest.mark.parametrize(("objective", "kind"), AIMS)
def test_training_counts_the_objective_that_it_names_or_edms(objective, kind):
    settings = TrainStep(
        seed=0,
        model=MLP,
        samples=(2,),
        replicates=1,
        training=TrainingSettings(steps=200),
        objective=objective,
    )
    job = TRAIN.job(settings, {}, study="s", model="m")
    assert named(job.modules, "training.objectives") == [kind]
    assert named(job.modules, "diffusion.solvers") == []


@pytest.mark.parametrize(("objective", "kind"), AIMS)
@pytest.mark.parametrize("solver", ["heun", "dpmpp"])
def test_generating_counts_its_solver_and_the_objective_of_the_students_planned_or_run(
    objective, kind, solver, tmp_path
):
    weights = tmp_path / "weights.safetensors"
    save_students(
        weights,
        Students(
            model=MLP.model_dump(mode="json"),
            shape=(3,),
            sigma_data=0.5,
            cells=[{"N": 2, "replicate": 0}],
            weights={},
            diverged=torch.tensor([-1]),
            losses=torch.zeros(1, 1),
            aim=objective or EDMSettings(),
        ),
    )
    settings = GenerateStep(sampler=SamplerSettings(solver=solver))
    planned = GENERATE.job(
        settings,
        {"students": weights},
        networks=[MLP],
        objectives=[] if objective is None else [objective],
        study="s",
        model="m",
    )
    step, inputs = planned.step, {"students": [weights]}
    ran = step.modules(
        settings, step.teacher_kinds(inputs), step.networks(inputs), step.objectives(inputs)
    )
    assert ran == planned.modules
    assert named(ran, "training.objectives") == [kind]
    assert named(ran, "diffusion.solvers") == [solver]


def test_generating_without_students_counts_no_objective():
    settings = GenerateStep(sampler=SamplerSettings(), samples=(2,), replicates=1)
    modules = GENERATE.job(settings, {}, study="s", model="m").modules
    assert named(modules, "training.objectives") == []
    assert named(modules, "diffusion.solvers") == ["heun"]


def test_images_and_teachers_count_what_they_name():
    source = {"source": "digits"}
    images = IMAGES.job(ImagesStep(images=source), {}, study="s").modules
    assert named(images, "sources") == ["digits"]
    unet = {"architecture": "unet", "width": 4}
    trained = {"kind": "trained", "images": source, "model": unet, "training": {"steps": 200}}
    modules = TEACHER.job(TeacherStep(seed=0, teacher=trained), {}, study="s").modules
    assert named(modules, "training.objectives") == ["edm"]
    assert named(modules, "sources") == []
    exact = {"kind": "molrg", "dimension": 4, "rank": 2}
    modules = TEACHER.job(TeacherStep(seed=0, teacher=exact), {}, study="s").modules
    assert named(modules, "training.objectives") == []
