"""Steps share GPUs, one each; the GPUs are told by a script in place of nvidia-smi."""

import os
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from snakemake.profiles import ProfileConfigFileParser

from lowd.cli import devices, run
from lowd.cli.devices import computes_on_device, visible_devices
from lowd.provenance.environment import environment
from lowd.sources.settings import CustomTeacher, MoLRGTeacher
from lowd.steps.noise import NoiseStep
from lowd.steps.pool import PoolStep
from lowd.steps.teacher import TeacherStep
from lowd.table import RULES, STEPS

ROOT = Path(__file__).parents[1]
UUIDS = ["GPU-aa", "GPU-bb"]
# Takes a GPU, and has it fail to be taken twice: the file that stands for its work must be new.
# Works until it is told that all is done.
WORK = """
import os, sys, time
from pathlib import Path
from lowd.cli.devices import claim_one, visible_devices
claim_one(visible_devices())
device = os.environ["CUDA_VISIBLE_DEVICES"]
work = f"{sys.argv[1]}/{device}"
os.close(os.open(work, os.O_CREAT | os.O_EXCL))
print(device, flush=True)
while not Path(sys.argv[2]).exists():
    time.sleep(0.02)
os.unlink(work)
"""


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """Two GPUs, and locks that are no one else's."""
    program = tmp_path / "bin/nvidia-smi"
    program.parent.mkdir()
    rows = "".join(f"{index}, {uuid}\n" for index, uuid in enumerate(UUIDS))
    program.write_text(
        f'#!/bin/sh\n[ "$1" = --query-gpu=index,uuid ] || exit 2\ncat <<E\n{rows}E\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (tmp_path / "locks").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "locks"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(devices, "torch_computes_on_gpus", lambda: True)
    return program


@pytest.fixture
def done(tmp_path):
    """The file at which every process stops working."""
    return tmp_path / "done"


@pytest.fixture
def start(tmp_path, done):
    """Start a process that works on a GPU."""
    (tmp_path / "work").mkdir()
    started = []

    def start():
        command = [sys.executable, "-c", WORK, str(tmp_path / "work"), str(done)]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.communicate()


def test_no_gpu_is_taken_twice_and_more_jobs_than_gpus_queue_up(start, done):
    jobs = [start() for _ in range(6)]
    # The first to say something works or waits; until `done` no one goes on from there.
    streams = {one: job for job in jobs for one in (job.stdout, job.stderr)}
    said = {}
    while len(said) < len(jobs):
        for stream in select.select(streams, [], [])[0]:
            said.setdefault(streams[stream], stream.readline())
            del streams[stream]
    waits = [line for line in said.values() if "waits" in line]
    assert sorted(line.strip() for line in said.values() if line not in waits) == UUIDS, said
    assert all(re.match(r"process \d+ waits for a GPU: .*GPU-aa, GPU-bb", line) for line in waits)
    done.touch()
    rest = [job.communicate() for job in jobs]
    assert [job.returncode for job in jobs] == [0] * 6, rest
    waited = [out.strip() for job, (out, _) in zip(jobs, rest, strict=True) if said[job] in waits]
    assert len(waited) == 4
    assert set(waited) <= set(UUIDS)


def test_a_killed_holder_lets_go(start, tmp_path):
    holders = [start() for _ in UUIDS]
    taken = [job.stdout.readline().strip() for job in holders]
    assert sorted(taken) == UUIDS
    waiting = start()
    assert "waits for a GPU" in waiting.stderr.readline()
    assert waiting.poll() is None
    (tmp_path / "work" / taken[1]).unlink()
    holders[1].kill()
    assert waiting.stdout.readline().strip() == taken[1]


@pytest.mark.parametrize(
    ("chosen", "visible"),
    [
        (None, UUIDS),
        ("1", ["GPU-bb"]),  # as Slurm does
        ("GPU-b", ["GPU-bb"]),  # CUDA takes the start of a name
        ("1,0", ["GPU-bb", "GPU-aa"]),
        ("0,-1,1", ["GPU-aa"]),
        ("MIG-1/2/0", ["MIG-1/2/0"]),
        ("", []),
        ("-1", []),
    ],
)
def test_only_what_may_be_seen_is_chosen_from(monkeypatch, chosen, visible):
    if chosen is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    assert visible_devices() == visible


@pytest.mark.parametrize("fault", ["absent", "without a driver"])
def test_a_machine_without_gpus_has_none_and_loses_no_time(machine, monkeypatch, capsys, fault):
    if fault == "absent":
        monkeypatch.setenv("PATH", str(ROOT))
        monkeypatch.setattr(devices.subprocess, "run", lambda *_, **__: pytest.fail("started"))
    else:
        machine.write_text("#!/bin/sh\necho no driver >&2\nexit 9\n")
    assert visible_devices() == []
    assert ("nvidia-smi fails (no driver)" in capsys.readouterr().err) == (fault != "absent")


def test_a_process_claims_once(monkeypatch):
    monkeypatch.setattr(devices, "_held", [])
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    devices.claim_one(visible_devices())
    devices.claim_one(visible_devices())  # would else wait for itself
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "GPU-aa"
    assert environment()["variables"]["CUDA_VISIBLE_DEVICES"] == "GPU-aa"
    devices._held[0].release()


@pytest.mark.parametrize(
    ("settings", "claims"),
    [
        (NoiseStep(seed=0, size=4, shape=(6,)), False),
        (TeacherStep(seed=0, teacher=MoLRGTeacher(kind="molrg", dimension=6, rank=2)), False),
        (TeacherStep(seed=0, teacher=CustomTeacher(kind="custom", entry="a:b", shape=(6,))), False),
        (PoolStep(seed=0, size=4, reference=4, replicates=2, shape=(6,)), True),
    ],
)
def test_only_a_step_that_computes_on_a_gpu_claims_one(monkeypatch, settings, claims):
    claimed = []
    monkeypatch.setattr(run, "claim_one", claimed.extend)
    run.claim_device_for(settings)
    assert claimed == (UUIDS if claims else [])


def test_the_command_of_a_step_claims_before_it_reads(tmp_path):
    command = [
        sys.executable,
        "-c",
        "from lowd.cli import app, devices\n"
        "devices.torch_computes_on_gpus = lambda: True\n"
        "app.app()",
        "step",
        "generate",
        "--settings",
        '{"sampler": {"steps": 2}}',
    ]
    paths = ("--noise", "nowhere", "--pool", "nowhere", "--output", "o.zarr", "--statement", "s")
    failed = subprocess.run([*command, *paths], cwd=tmp_path, capture_output=True, text=True)
    assert failed.stderr.startswith("lowd step generate: nowhere")
    assert [path.name for path in (tmp_path / "locks").glob("*/*")] in ([], ["GPU-aa.lock"])
    assert list((tmp_path / "locks").glob("lowd-devices-*"))


def test_gpus_that_torch_can_not_use_are_left_alone_and_jobs_run_beside_each_other(
    monkeypatch, capsys
):
    monkeypatch.setattr(devices, "torch_computes_on_gpus", lambda: False)
    claimed = []
    monkeypatch.setattr(run, "claim_one", claimed.append)
    for _ in range(2):
        run.claim_device_for(PoolStep(seed=0, size=4, reference=4, replicates=2, shape=(6,)))
    assert claimed == []
    said = capsys.readouterr().err
    assert "GPU-aa, GPU-bb" in said
    assert re.search(r"torch .* can't compute on .*; this computes on the CPU", said)
    with (ROOT / "workflow/profiles/gpu/profile.yaml").open() as file:
        profile = ProfileConfigFileParser().parse(file)
    assert profile["resources"] == [f"gpu={os.cpu_count()}"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="torch computes on this machine's GPU")
def test_torch_itself_is_asked_whether_it_can(monkeypatch):
    monkeypatch.undo()
    assert not devices.torch_computes_on_gpus()


def test_the_profile_counts_gpus_for_the_rules_that_compute_on_one():
    with (ROOT / "workflow/profiles/gpu/profile.yaml").open() as file:
        profile = ProfileConfigFileParser().parse(file)
    assert profile["resources"] == [f"gpu={len(UUIDS)}"]
    computing = {name for name, step in STEPS.items() if computes_on_device([step.run.__module__])}
    assert computes_on_device(["lowd.steps.teachers.trained"])
    expected = {rule.name for rule in RULES.values() if rule.step.name in computing | {"teacher"}}
    assert sorted(profile["set-resources"]) == sorted(f"{name}:gpu=1" for name in expected)
