"""A study as a run leaves it, but for a few made-up bytes in each file: quick to make and break."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from lowd.figures.embedded import KEY, URN
from lowd.provenance.code import ROOT as PACKAGE_ROOT
from lowd.provenance.code import source_files
from lowd.provenance.digests import digest
from lowd.provenance.record import begin, finish
from lowd.provenance.statement import read_statement, write_statement
from lowd.store.arrays import write_store

POOL_SIZE, SAMPLES, REPLICATES = 12, (2, 4), 3
MODELS = ("large", "small")
MODULES = ("lowd.base",)
FIGURE = [f"figures/s/errors.{suffix}" for suffix in ("svg", "png", "txt")]
RECORDED = ("data/s", "results/s.zarr", "results/s.yardstick.json", "figures/s")
PARAMS = """
studies:
  s:
    teacher: {kind: molrg, dimension: 6, rank: 2}
    pool: {size: 4096}
    samples: [2, 64]
    training: {steps: 60, warm_up: 0, batch: 8}
    models: {m: {architecture: mlp, width: 16}}
"""
"""A study that can be declared, which the repository itself has none of."""
PIPELINE = """
stages:
  study:
    foreach: ${studies}
    do:
      cmd: run
      outs:
        - data/${key}:
            persist: true
        - results/${key}.yardstick.json: {cache: false}
        - results/${key}.zarr: {cache: false}
        - figures/${key}: {cache: false}
"""


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A repository without a fault, to be copied."""
    path = tmp_path_factory.mktemp("sound")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CEILING_DIRECTORIES", str(path.parent))
        patch.chdir(path)
        make_repository()
    return path


@pytest.fixture(autouse=True)
def folder(sound, tmp_path, monkeypatch):
    """The current folder: a copy of that repository."""
    path = tmp_path / "copy"
    shutil.copytree(sound, path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.chdir(path)
    return path


def git(*command):
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    done = subprocess.run(["git", *identity, *command], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def run(step, settings, inputs, outputs, name=None, streams=(), study="s"):
    """What a job does, in the current folder; `outputs` are contents by path."""
    job = begin(
        step,
        settings,
        inputs={role: [Path(path) for path in paths] for role, paths in inputs.items()},
        outputs=[Path(path) for path in outputs],
        modules=MODULES,
        streams=streams,
    )
    for path, content in outputs.items():
        write(path, content, job.lineage)
    write_statement(Path("provenance", study, f"{name or step}.json"), finish(job))


def write(path, content, lineage):
    """A file; a folder of one file and Snakemake's stamp; a pool or another store."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, xr.Dataset):
        write_store(path, content)
    elif isinstance(content, np.ndarray):
        write_store(path, xr.Dataset({"samples": (("sample", "feature"), content)}))
    elif path.suffix == ".zarr" or path.name == "teacher":
        path.mkdir(exist_ok=True)
        (path / "content").write_text(content)
        (path / ".snakemake_timestamp").touch()
    else:
        path.write_text(content.format(lineage=lineage))


def pool():
    return np.random.default_rng(0).normal(size=(POOL_SIZE, 2)).astype(np.float32)


def make_pool(values):
    settings = {"seed": 0, "size": POOL_SIZE, "shape": [2]}
    run(
        "pool",
        settings,
        {"teacher": ["data/s/teacher"]},
        {"data/s/pool.zarr": values},
        streams=["0/pool"],
    )


def make_figure(content=f"<svg>{URN}{{lineage}}</svg>"):
    svg, png, txt = FIGURE
    outputs = {svg: content, png: f"PNG {KEY}\0{{lineage}}", txt: "What is seen."}
    run("figure", {"name": "errors"}, {"results": ["results/s.zarr"]}, outputs, "figure-errors")


def make_study():
    """Every kind of job once, training twice."""
    run("teacher", {"seed": 0}, {"originals": ["my images.npz"]}, {"data/s/teacher": "weights"})
    make_pool(pool())
    run("noise", {"seed": 0}, {}, {"data/s/noise.zarr": "noise"}, streams=["0/evaluation noise"])
    read = {"pool": ["data/s/pool.zarr"]}
    run("describe", {}, read, {"results/s.yardstick.json": "yardstick"})
    for model in MODELS:
        cell = f"0/{model}/N={{N}}/replicate={{replicate}}"
        settings = {"seed": 0, "samples": SAMPLES, "replicates": REPLICATES}
        checkpoint = f"data/s/students/{model}/weights.safetensors"
        streams = [f"{cell}/initialisation", f"{cell}/training/{{block}}"]
        run("train", settings, read, {checkpoint: model}, f"train-{model}", streams)
        read_too = {"students": [checkpoint], "noise": ["data/s/noise.zarr"]}
        made = {f"data/s/generated/{model}.zarr": f"samples of {model}"}
        run("generate", {"steps": 2}, read_too, made, f"generate-{model}")
    generated = [f"data/s/generated/{model}.zarr" for model in MODELS]
    read = {"generated": generated, "yardstick": ["results/s.yardstick.json"]}
    run("collect", {}, read, {"results/s.zarr": "scores"})
    make_figure()
    declared = [str(path) for path in sorted(Path("provenance").rglob("*.json"))]
    declared += ["provenance/s/manifest.json"]
    run("manifest", {"declared": declared}, {}, {"data/s/manifest.json": "declared"})


def make_repository():
    """In the current folder: commit code, run the study, commit what it left."""
    git("init", "-q", "-b", "main")
    Path(".gitignore").write_text("/data/\n.snakemake_timestamp\n")
    Path("dvc.yaml").write_text(PIPELINE)
    Path("my images.npz").write_text("images")
    for path in source_files(MODULES):
        copy = path.relative_to(PACKAGE_ROOT.parent)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    commit("code")
    make_study()
    lock()
    commit("results")


def commit(message):
    git("add", "-A")
    git("commit", "-qm", message)


def lock():
    """Write dvc.lock as DVC would."""
    outs = "".join(f"    - {{path: {path}, md5: {digest(Path(path)).md5}}}\n" for path in RECORDED)
    Path("dvc.lock").write_text(
        f"schema: '2.0'\nstages:\n  study@s:\n    cmd: run\n    outs:\n{outs}"
    )


def flip(path, position=None, bit=1):
    """Change one bit of a file, or of the largest file in a folder."""
    file = Path(path)
    if file.is_dir():
        file = max(
            (one for one in sorted(file.rglob("*")) if one.is_file()),
            key=lambda one: one.stat().st_size,
        )
    content = bytearray(file.read_bytes())
    content[len(content) // 2 if position is None else position] ^= bit
    file.write_bytes(content)


def remove(path):
    if Path(path).is_dir():
        shutil.rmtree(path)
    else:
        Path(path).unlink()


def edit(name, *keys, value):
    """Set one thing in the JSON of a statement of the study."""
    path = Path("provenance/s", f"{name}.json")
    content = inner = json.loads(path.read_text())
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    path.write_text(json.dumps(content, indent=1) + "\n")


def outputs():
    return [
        output.name
        for path in sorted(Path("provenance").rglob("*.json"))
        for output in read_statement(path).subject
    ]
