"""Stacks that are too large for a machine are refused before they are trained."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
import xarray as xr
import yaml
from typer.testing import CliRunner

from lowd.cli import fits, make
from lowd.cli.app import app
from lowd.cost import calibration, memory
from lowd.cost.calibration import JOB
from lowd.cost.memory import GIB, Memory, excess, memory_here, needs
from lowd.cost.probes import Measured
from lowd.steps.train import TrainStep
from lowd.store.arrays import read_store, write_store
from lowd.table import read_graph

SHAPE, POINTS = (6,), 4096
PARAMS = """
studies:
  s:
    teacher: {kind: molrg, dimension: 6, rank: 2}
    pool: {size: 4096}
    samples: [2, 4, 8, 16]
    training: {steps: 60, warm_up: 0, batch: 1024, sigma_data: 0.5}
    models: {m: {architecture: mlp, width: 64}}
findings:
  twice:
    kind: bias-variance
    study: s
    models: {m: {architecture: mlp, width: 64}}
    samples: [2, 4]
    reference: {model: m, samples: 4}
    replicates: 4
    training: {steps: 60, warm_up: 0, batch: 1024, sigma_data: 0.5}
"""


def grid(model=None, samples=(2, 4, 8, 16), replicates=2, batch=1024):
    return TrainStep(
        seed=0,
        model=model or {"architecture": "mlp", "width": 64},
        samples=samples,
        replicates=replicates,
        training={"steps": 60, "warm_up": 0, "batch": batch, "sigma_data": 0.5},
    )


def host(count, step=None):
    return needs(step or grid(), SHAPE, POINTS, count, on_gpu=False).host


@pytest.fixture
def machine(monkeypatch):
    """A function that leaves this machine so many bytes."""
    # Set and deleted, so that what a run sets is taken away again afterwards.
    monkeypatch.setenv(fits.CHECKED, "")
    monkeypatch.delenv(fits.CHECKED)

    def leave(*has):
        monkeypatch.setattr(memory, "memory_here", lambda: Memory(*has))

    return leave


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(PARAMS)
    samples = np.random.default_rng(0).standard_normal((POINTS, *SHAPE), dtype=np.float32)
    held = {"samples": (("sample", "feature"), samples)}
    held["reference"] = (("reference_sample", "feature"), samples[:8])
    write_store(Path("pool.zarr"), xr.Dataset(held))
    return tmp_path


GROUPS = {
    "version 2": ("0::/job/step", {"job/memory.max": 5e9, "job/step/memory.max": "max"}, 5e9),
    "version 2, inner": ("0::/job/step", {"job/memory.max": 5e9, "job/step/memory.max": 4e9}, 4e9),
    "version 2, seen from inside": ("0::/of/outside", {"memory.max": 3e9}, 3e9),
    "version 1": ("9:memory:/job", {"memory/job/memory.limit_in_bytes": 2e9}, 2e9),
    "version 1, others": ("9:cpu:/job", {"memory/job/memory.limit_in_bytes": 2e9}, 8e9),
    "version 1, unlimited": ("9:memory:/", {"memory/memory.limit_in_bytes": 2**63 - 4096}, 8e9),
    "none": ("0::/", {}, 8e9),
}


@pytest.mark.parametrize("groups", GROUPS)
def test_memory_is_the_control_groups_where_that_has_less(tmp_path, monkeypatch, groups):
    own, files, expected = GROUPS[groups]
    (tmp_path / "own").write_text(own + "\n")
    for name, limit in files.items():
        file = tmp_path / "groups" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{limit if isinstance(limit, str) else int(limit)}\n")
    monkeypatch.setattr(memory, "PROCESS", tmp_path / "own")
    monkeypatch.setattr(memory, "GROUPS", tmp_path / "groups")
    total = type("Total", (), {"total": 8 * 10**9})
    monkeypatch.setattr(psutil, "virtual_memory", lambda: total)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert memory_here() == Memory(expected)


def test_a_gpus_memory_is_asked_of_another_process(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(memory, "GPU", "print(7)")
    assert memory_here().gpu == 7
    monkeypatch.setattr(memory, "GPU", "raise SystemExit(1)")
    assert memory_here().gpu is None


def test_the_value_said_is_the_largest_of_whole_sizes_that_fits():
    here = Memory((host(4) + host(6)) / 2)
    found = excess(grid(), SHAPE, POINTS, here, "m")
    assert (found.students, found.needs, found.fits) == (8, host(8), 4)
    assert excess(grid(), SHAPE, POINTS, here, "m", found.fits) is None
    assert excess(grid(), SHAPE, POINTS, Memory(host(8)), "m") is None
    assert excess(grid(), SHAPE, POINTS, Memory(host(2) - 1), "m").fits == 0


def test_a_gpu_is_held_to_its_own_memory():
    needed = needs(grid(), SHAPE, POINTS, 8, on_gpu=True)
    assert excess(grid(), SHAPE, POINTS, Memory(*needed), "m") is None
    found = excess(grid(), SHAPE, POINTS, Memory(needed.host, needed.gpu - 1), "m")
    assert (found.needs, found.device) == (needed.gpu, "the GPU")
    found = excess(grid(), SHAPE, POINTS, Memory(needed.host - 1, needed.gpu), "m")
    assert (found.needs, found.device) == (needed.host, "this machine")


def test_what_fills_a_stack_of_unets_up_is_counted():
    step = grid({"architecture": "unet", "width": 8}, batch=16)
    one, eight, ten = (
        needs(step, (1, 8, 8), POINTS, count, on_gpu=False).host for count in (1, 8, 10)
    )
    assert one == eight < ten


def test_the_step_refuses_before_it_trains(folder, machine, monkeypatch):
    machine((host(4) + host(6)) / 2)
    monkeypatch.setattr("lowd.training.trainer.Trainer.run", lambda *_: pytest.fail("trained"))
    statement = Path("provenance/s/train-m.json")
    given = ["--settings", grid().model_dump_json(), "--pool", "pool.zarr"]
    given += ["--output", "data/s/students/m/weights.safetensors", "--statement", str(statement)]
    refused = CliRunner().invoke(app, ["step", "train", *given])
    assert refused.exit_code == 1
    assert refused.stderr == (
        "lowd step train: studies.s.compute.students_per_job: 8 students of m train in one job, "
        "which needs "
        f"{host(8) / GIB:.3g} GiB, and this machine has {(host(4) + host(6)) / 2 / GIB:.3g}; "
        "set it to 4\n"
    )
    assert not statement.exists() and not Path("data").exists()
    alone = CliRunner().invoke(app, ["step", "train", *given[:-2]])
    assert alone.stderr.startswith("lowd step train: compute.students_per_job: 8 students of m ")


def test_students_that_were_trained_before_need_no_memory(folder, machine):
    from lowd.steps.train import _grid, _keys
    from lowd.store.cells import Cells, Place

    points = torch.from_numpy(read_store(Path("pool.zarr"))["samples"].values)
    keys = _keys(grid(), _grid(grid(), POINTS), points, Cells())
    paths = {"pool": Path("pool.zarr"), "output": Path("data/s/students/m/weights.safetensors")}
    machine((host(2) + host(4)) / 2)
    for kept, is_refused in ((8, False), (6, False), (4, True), (0, True)):
        cells = Cells(kept={key: Place(Path("w"), at, "") for at, key in enumerate(keys[:kept])})
        if is_refused:
            with pytest.raises(ValueError, match=f"{8 - kept} students of m .* set it to 2"):
                fits.check_stack(grid(), paths, None, cells)
        else:
            fits.check_stack(grid(), paths, None, cells)


def test_jobs_are_refused_by_the_key_of_their_study_before_any_runs(folder, machine, monkeypatch):
    graph = read_graph()
    machine((host(4) + host(6)) / 2)
    with pytest.raises(
        ValueError, match=r"studies\.s\.compute\.students_per_job: 8 students.*set it to 4"
    ) as said:
        fits.check_stacks(graph, [job for job in graph.jobs if job.study == "s"], {})
    assert "\n" not in str(said.value)
    with pytest.raises(ValueError, match=r"findings\.twice: 8 students .*no key splits them"):
        fits.check_stacks(graph, [job for job in graph.jobs if job.study == "twice"], {})
    whole = {job.statement: 0.5 for job in graph.jobs}
    fits.check_stacks(graph, graph.jobs, whole)
    told = yaml.safe_load(PARAMS)
    told["studies"]["s"]["compute"] = {"students_per_job": 4}
    Path("params.yaml").write_text(yaml.safe_dump(told, sort_keys=False))
    graph = read_graph()
    fits.check_stacks(graph, [job for job in graph.jobs if job.study == "s"], {})


def test_a_run_is_refused_unless_others_train(folder, machine, monkeypatch, capsys):
    monkeypatch.setattr(make, "_snakemake", lambda *_: sys.exit(0))
    key = r"studies\.s\.compute\.students_per_job: .*nor do those of one N fit"

    def run(*options):
        make._run(*make._parsed([*make._profiles(), "data/s/manifest.json", *options]))

    machine(1.0)
    with pytest.raises(ValueError, match=key):
        run()
    for options in (["--dry-run"], ["--executor", "cluster-generic"]):
        with pytest.raises(SystemExit):
            run(*options)
    assert fits.CHECKED not in os.environ
    machine(1e12)
    with pytest.raises(SystemExit):
        run()
    assert os.environ[fits.CHECKED]


def test_a_plan_says_what_does_not_fit_here_but_not_elsewhere(folder, machine, monkeypatch):
    monkeypatch.setattr(
        calibration,
        "calibrate",
        lambda asked, tell: {probe: Measured(seconds=1.0, memory=10**8) for probe in asked},
    )
    machine(1.0)
    shown = CliRunner().invoke(app, ["plan", "s"])
    assert shown.exit_code == 1 and "CPU-hours" in shown.stdout
    assert shown.stderr.startswith("lowd plan: studies.s.compute.students_per_job: 8 students of")
    assert CliRunner().invoke(app, ["plan", "s", "--device-flops", "2"]).exit_code == 0
    assert CliRunner().invoke(app, ["plan", "s", "--resources", "r.yaml"]).exit_code == 0
    machine(1e12)
    assert CliRunner().invoke(app, ["plan", "s"]).exit_code == 0


MLP, UNET = {"architecture": "mlp"}, {"architecture": "unet"}
MEASURED = {
    "mlp, small": (grid(MLP | {"width": 32}, batch=128), (24,)),
    "mlp, middle": (grid(MLP | {"width": 256}, replicates=16, batch=128), (24,)),
    "unet, small": (grid(UNET | {"width": 8}, (2, 4), batch=32), (1, 8, 8)),
    "unet, middle": (grid(UNET | {"width": 16}, replicates=8, batch=128), (1, 8, 8)),
}
PROGRAM = """
import json, pathlib, re, sys
from lowd.cli.app import app
try:
    app(sys.argv[1:])
finally:
    status = pathlib.Path("/proc/self/status").read_text()
    print(1024 * int(re.search(r"VmHWM:\\s*(\\d+)", status)[1]))
"""


@pytest.mark.campaign
@pytest.mark.parametrize("stack", MEASURED)
def test_what_a_stack_needs_is_what_its_process_holds(stack, tmp_path):
    """Within a third, so that none that would fit by more than that is refused."""
    if not Path("/proc/self/status").exists():
        pytest.skip("only Linux says what a process held at most")
    step, shape = MEASURED[stack]
    step = step.model_copy(update={"training": step.training.model_copy(update={"steps": 52})})
    samples = torch.randn(POINTS, *shape).numpy()
    dims = ("sample", "feature") if len(shape) == 1 else ("sample", "channel", "height", "width")
    write_store(tmp_path / "pool", xr.Dataset({"samples": (dims, samples)}))
    given = ["--settings", step.model_dump_json(), "--pool", "pool", "--output", "students/weights"]
    command = [sys.executable, "-c", PROGRAM, "step", "train", *given]
    environment = os.environ | JOB | {fits.CHECKED: "1"}
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert not ran.returncode, ran.stderr
    measured = int(ran.stdout.split()[-1])
    count = len(step.samples) * step.replicates
    needed = needs(step, shape, POINTS, count, on_gpu=False).host
    print(f"{stack}: {count} students, {needed / 1e6:.0f} MB foreseen, {measured / 1e6:.0f} held")
    assert measured / 1.5 < needed < 1.5 * measured
