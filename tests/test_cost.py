"""What jobs cost, against what they do cost."""

import json
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from small_study import PARAMS
from typer.testing import CliRunner

from lowd.cost import calibration
from lowd.cost.bill import Bill
from lowd.cost.bills import bill
from lowd.cost.calibration import JOB
from lowd.cost.plan import Device, lines, price, probes, resources, total, wall
from lowd.cost.probes import (
    FlowProbe,
    Measured,
    StartProbe,
    TrainProbe,
)
from lowd.cost.tally import denoiser_cost, step_cost
from lowd.descriptors.settings import CustomDescriptor
from lowd.diffusion.settings import SamplerSettings
from lowd.graph.graph import Graph
from lowd.kinds.transition.score import ScoreStep
from lowd.models.settings import MLPSettings
from lowd.steps.embed import EmbedStep
from lowd.steps.generate import GenerateStep, generate
from lowd.steps.noise import NoiseStep, noise
from lowd.steps.pool import PoolStep, pool
from lowd.steps.teacher import TeacherStep, teacher
from lowd.steps.train import TrainStep, train
from lowd.table import RULES, STEPS
from lowd.training.settings import (
    EDMSettings,
    TrainingSettings,
)

ROOT = Path(__file__).parents[1]
EDM = EDMSettings()
MLP = MLPSettings(architecture="mlp", width=16)


def small_study(width=16, samples=(2, 64), noises=256, steps=60):
    """The jobs of a tiny study, from teacher to scores, before they run."""
    sampler = SamplerSettings(steps=3, sigma_min=0.02, sigma_max=8.0)
    kind = {"kind": "molrg", "dimension": 6, "rank": 2, "clusters": 1}
    settings = {
        "teacher": TeacherStep(seed=0, teacher=kind),
        "pool": PoolStep(seed=0, size=4096, reference=16, replicates=2, shape=(6,), sampler=None),
        "noise": NoiseStep(seed=0, size=noises, shape=(6,)),
        "train": TrainStep(
            seed=0,
            model=MLPSettings(architecture="mlp", width=width),
            samples=samples,
            replicates=2,
            training=TrainingSettings(steps=steps, warm_up=0, batch=8),
        ),
        "generate": GenerateStep(sampler=sampler),
        "score": ScoreStep(name="m", samples=samples, replicates=2),
    }
    names = {rule: {"model": "m"} for rule in ("train", "generate", "score")}
    output = {rule: RULES[rule].path(study="s", **names.get(rule, {})) for rule in settings}
    reads = {
        "teacher": {},
        "pool": {"teacher": "teacher"},
        "noise": {},
        "train": {"pool": "pool"},
        "generate": {"students": "train", "noise": "noise"},
        "score": {"generated": "generate", "pool": "pool"},
    }
    return Graph(
        RULES[rule].job(
            settings[rule],
            {role: output[maker] for role, maker in reads[rule].items()},
            study="s",
            **names.get(rule, {}),
        )
        for rule in settings
    )


def bills_of(graph):
    return {job.rule.name: bill(job, graph) for job in graph.jobs}


def priced(graph, seconds=1.0, **options):
    every = [bill(job, graph) for job in graph.jobs]
    measured = {probe: Measured(seconds=seconds) for one in every for probe in one.probes}
    return price(graph, every, measured, **options)


def test_a_study_is_billed_by_its_settings():
    graph = small_study()
    every = bills_of(graph)
    students, steps = 4, 60
    trained = every["train"]
    assert trained.students == students
    assert trained.flops == steps * students * step_cost(EDM, MLP, (6,), 8).flops
    ((probe, count),) = trained.work
    assert (probe.students, probe.batch, probe.shape, count) == (4, 8, (6,), steps)
    ((probe, count),) = every["generate"].work
    # Heun's method in three steps; all students at once.
    assert (probe.students, probe.rows, count) == (4, 256, 5)
    assert every["generate"].flops == 5 * 4 * denoiser_cost(EDM, MLP, (6,), 256).flops
    assert {probe.kind for probe, _ in every["score"].work} == {"neighbour", "chance", "frechet"}
    assert all(one.is_modelled for one in every.values())


def test_memory_and_time_grow_with_students_width_and_noises():
    small = bills_of(small_study())
    for larger in (small_study(width=64), small_study(samples=(2, 4, 64), noises=1024)):
        for rule, one in bills_of(larger).items():
            assert one.host + one.device >= small[rule].host + small[rule].device
            assert one.flops >= small[rule].flops
        assert bills_of(larger)["train"].device > small["train"].device
        assert bills_of(larger)["generate"].disk >= small["generate"].disk


def test_files_are_as_large_as_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    graph = small_study(noises=4096)
    for job in graph.jobs[:5]:
        step = {f.__name__: f for f in (teacher, pool, noise, train, generate)}[job.step.name]
        job.outputs[0].parent.mkdir(parents=True, exist_ok=True)
        step(job.settings, **{k: v[0] for k, v in job.inputs.items()}, output=job.outputs[0])
    said = bills_of(graph)
    for job in graph.jobs[1:5]:
        (output,) = job.outputs
        files = [output] if output.is_file() else [p for p in output.rglob("*") if p.is_file()]
        size = sum(path.stat().st_size for path in files)
        assert said[job.rule.name].disk == pytest.approx(size, rel=0.05), job.rule.name


@pytest.mark.campaign
def test_memory_is_what_a_training_holds(tmp_path, monkeypatch):
    """Beside what the start holds, so that the libraries hide nothing."""
    monkeypatch.chdir(tmp_path)
    model = {"architecture": "unet", "width": 8}
    training = {"steps": 2, "warm_up": 0, "batch": 128, "sigma_data": 0.5}
    settings = TrainStep(seed=0, model=model, samples=(2, 4, 8), replicates=8, training=training)
    draw = PoolStep(seed=0, size=64, reference=16, replicates=2, shape=(1, 8, 8), sampler=None)
    drawn = RULES["pool"].job(draw, {}, study="s")
    job = RULES["train"].job(settings, {"pool": drawn.outputs}, study="s", model="m")
    graph = Graph([job, drawn])
    program = f"""
import pathlib, re
import torch, xarray as xr
import lowd.training.trainer
from lowd.steps.train import TrainStep, train
from lowd.store.arrays import write_store
torch.set_num_threads(1)
dims = ("sample", "channel", "height", "width")
points = xr.Dataset({{"samples": (dims, torch.randn(64, 1, 8, 8).numpy())}})
write_store(pathlib.Path("p"), points)
def held():
    status = pathlib.Path("/proc/self/status").read_text()
    return 1024 * int(re.search(r"VmHWM:\\s*(\\d+)", status)[1])
torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])
before = held()
settings = TrainStep.model_validate_json({settings.model_dump_json()!r})
train(settings, pool=pathlib.Path("p"), output=pathlib.Path("w"))
print(held() - before)
"""
    if not Path("/proc/self/status").exists():
        pytest.skip("only Linux says what a process held at most")
    ran = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | JOB, capture_output=True, text=True
    )
    said = bill(job, graph)
    measured = int(ran.stdout.split()[-1])
    assert measured / 1.5 < said.host + said.device < 1.5 * measured


def test_what_nothing_is_known_of_counts_as_its_start_and_is_named():
    network = CustomDescriptor(kind="custom", entry="networks:one")
    job = RULES["embed"].job(EmbedStep(descriptor=network), {}, study="s", stored="pool.zarr")
    graph = Graph([job])
    found = bill(job, graph)
    assert not found.work and not found.is_modelled
    assert not lines(priced(graph))[0].is_modelled
    # So does a known step, if what feeds it is not known.
    (score,) = (one for one in small_study().jobs if one.rule.name == "score")
    assert not bill(score, Graph([score])).is_modelled


def test_jobs_that_are_not_left_pass_no_time():
    graph = small_study()
    left = [job for job in graph.jobs if job.rule.name not in ("teacher", "pool", "noise")]
    jobs = priced(graph, left=left)
    whole = total(jobs, "total")
    assert (whole.jobs, whole.due) == (6, 3)
    assert whole.left == sum(
        one.seconds for one in jobs if one.job.rule.name not in ("teacher", "pool", "noise")
    )
    assert wall(graph, jobs, 1, left=True) == pytest.approx(whole.left)
    assert wall(graph, jobs, 1) == pytest.approx(whole.seconds)
    # Noise aside, one job waits for the other.
    assert wall(graph, jobs, 4) == pytest.approx(whole.seconds - jobs[2].seconds)


def test_what_follows_from_a_job_is_all_that_reads_what_it_makes():
    graph = small_study()
    followers = graph.followers(job for job in graph.jobs if job.rule.name == "train")
    assert {job.rule.name for job in followers} == {"train", "generate", "score"}


def test_a_device_assumed_is_not_measured_and_takes_its_share_of_flops():
    graph = small_study()
    every = [bill(job, graph) for job in graph.jobs]
    device = Device(1e9, 0.5)
    asked = probes(every, device)
    assert not any(isinstance(one, TrainProbe | FlowProbe) for one in asked)
    assert any(isinstance(one, TrainProbe) for one in probes(every, None))
    measured = {probe: Measured(seconds=0.25) for probe in asked}
    found = {one.job.rule.name: one for one in price(graph, every, measured, device=device)}
    assert found["train"].seconds == pytest.approx(0.25 + found["train"].bill.flops / 5e8)
    assert found["train"].gpu_memory == found["train"].bill.device > 0
    assert found["score"].gpu_memory == 0


def test_resources_have_a_margin_and_are_the_largest_jobs():
    graph = small_study()
    jobs = priced(graph, seconds=20.0)
    asked = resources(jobs)
    assert set(asked) == {job.rule.name for job in graph.jobs}
    # 60 steps of 20 seconds and a start, doubled; and a start alone.
    assert asked["train"]["runtime"] == 41
    assert asked["noise"] == {"runtime": 10, "mem_mb": 1000}


def test_a_bill_knows_what_it_needs_and_where_it_is_computed():
    start = StartProbe(modules=("json",))
    assert Bill(start).probes == [start]
    assert not Bill(start).is_on_device
    assert bills_of(small_study())["train"].is_on_device


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """`lowd plan` of the small study, on a machine where every unit takes a second."""
    from lowd.cli.app import app

    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(PARAMS)
    monkeypatch.setattr(
        calibration,
        "calibrate",
        lambda asked, tell: {probe: Measured(seconds=1.0, memory=10**8) for probe in asked},
    )
    return lambda *options: CliRunner().invoke(app, ["plan", *options], env={"COLUMNS": "120"})


def test_the_command_shows_the_bill_and_writes_resources(asked):
    shown = asked("s", "--resources", "out/resources.yaml")
    assert shown.exit_code == 0, shown.output
    assert re.search(r"^ *train +1 +1 +4 ", shown.stdout, re.M)
    assert "CPU-hours" in shown.stdout
    written = yaml.safe_load(Path("out/resources.yaml").read_text())
    assert written["train"] == {"runtime": 10, "mem_mb": 1000}


def test_the_command_gives_the_same_as_json(asked):
    content = json.loads(asked("s", "--json", "--devices", "3").stdout)
    rules = {one["rule"]: one for one in content["rules"]}
    assert rules["train"]["seconds"] == 61
    assert content["total"]["seconds"] == sum(one["seconds"] for one in rules.values())
    assert content["wall_seconds"] <= content["total"]["seconds"]
    assert (content["devices"], content["actual"], content["assumed"]) == (3, [], None)
    assumed = json.loads(asked("s", "--json", "--device-flops", "2", "--share", "0.5").stdout)
    assert assumed["assumed"] == {"tflops": 2.0, "share": 0.5}
    assert assumed["gpu_seconds"] > 0
    assert "assumed, not measured" in asked("s", "--device-flops", "2").stdout


def test_a_familys_plan_is_that_of_its_members(asked):
    with Path("params.yaml").open("a") as params:
        params.write("  f: {extends: s, vary: {seed: [1, 2]}}\n")
    family = json.loads(asked("f", "--json").stdout)
    assert family == json.loads(asked("f-1", "f-2", "--json").stdout)
    assert family["total"]["jobs"] == 2 * json.loads(asked("s", "--json").stdout)["total"]["jobs"]


def test_the_command_refuses_a_study_that_is_not_there(asked):
    refused = asked("t")
    assert refused.exit_code == 1
    assert refused.stderr == "lowd plan: params.yaml has no study 't' (there are: s)\n"


def test_every_step_names_a_function_that_bills_it():
    for step in STEPS.values():
        module, name = step.cost.split(":")
        assert callable(getattr(import_module(f"lowd.{module}"), name)), step.name
