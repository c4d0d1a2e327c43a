"""Fixtures: studies small enough to be run whole, each in a repository of its own through DVC."""

import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from filelock import FileLock

from lowd.store.checkpoints import load_checkpoint
from lowd.written.listing import LIST, listing

REPOSITORY = Path(__file__).parents[1]
HOLD, HELD_AT = ".lowd/hold", 500
TRAINING = {"steps": 40, "warm_up": 5, "batch": 16}
GRID = {
    "pool": {"size": 16},
    "noise": {"size": 16},
    "sampler": {"steps": 4},
    "samples": [2, 8],
    "replicates": 2,
}
STUDIES: dict[str, dict[str, Any]] = {
    "tiny": {
        "teacher": {"kind": "molrg", "dimension": 6, "rank": 2},
        **GRID,
        # Long enough to be killed half-way.
        "training": TRAINING | {"steps": 1000},
        "models": {
            "mlp-4": {"architecture": "mlp", "width": 4},
            "mlp-8": {"architecture": "mlp", "width": 8},
        },
    },
    "pictures": {
        "teacher": {
            "kind": "trained",
            "images": {"source": "npz", "path": "inputs/images.npz", "shape": [1, 4, 4]},
            "model": {"architecture": "unet", "width": 4},
            "training": TRAINING,
        },
        **GRID,
        "training": TRAINING,
        "descriptor": "centred",
        "models": {"unet-4": {"architecture": "unet", "width": 4}},
    },
}

MAPS: dict[str, Any] = {
    "maps": {
        "kind": "theory",
        "dimension": 8,
        "samples": [1, 2, 4],
        "recovery_maps": [
            {"clusters": 1, "ranks": [2, 3], "trials": 4, "training": {"steps": 60}},
            {"clusters": 2, "ranks": [2], "trials": 3, "training": {"steps": 60, "restarts": 2}},
        ],
        "equivalence": {"rank": 2, "samples": 4, "problems": 3, "draws": 4, "sigmas": [0.1, 1.0]},
    }
}

# Half its pool has points to spare, which families hold out.
WIDE = {"wide": STUDIES["pictures"] | {"pool": {"size": 60}}}
SMALL_UNET = {"architecture": "unet", "width": 4}
SMALL_MLP = {"architecture": "mlp", "width": 4}
FINDINGS: dict[str, Any] = {
    "along": {
        "kind": "dynamics",
        "study": "pictures",
        "samples": [2, 8],
        "replicates": 2,
        "snapshots": [50, 100],
        "training": TRAINING | {"steps": 100},
        "models": {"unet-4": SMALL_UNET},
    },
    "parts": {
        "kind": "bias-variance",
        "study": "tiny",
        "samples": [2, 4],
        "reference": {"model": "mlp-8", "samples": 4},
        "replicates": 3,
        "training": TRAINING,
        "models": {"mlp-4": SMALL_MLP, "mlp-8": {"architecture": "mlp", "width": 8}},
    },
    "kinds": {
        "kind": "families",
        "study": "wide",
        "samples": 4,
        "training": TRAINING,
        "members": {
            "unet": {"model": SMALL_UNET},
            "dit": {"model": {"architecture": "dit", "width": 4}},
            "vp": {"model": SMALL_UNET, "objective": {"kind": "epsilon", "kernel": "vp"}},
            "consistency": {"model": SMALL_UNET, "objective": {"kind": "consistency"}},
            "vae": {"model": SMALL_MLP, "objective": {"kind": "variational"}},
            "gan": {"model": SMALL_MLP, "objective": {"kind": "adversarial"}},
        },
        "solvers": {"ddim": {"family": "unet", "sampler": {"solver": "diffusers_ddim"}}},
    },
    "descent": {
        "kind": "collapse",
        "study": "pictures",
        "samples": [2],
        "replicates": 2,
        "generations": 3,
        "sampler": {"solver": "dpmpp", "steps": 4},
        "training": TRAINING | {"steps": 900},
        "model": SMALL_UNET,
        "modes": {"replace": {"data": "replace"}, "half": {"data": "fresh", "share": 0.5}},
    },
}


@dataclass(frozen=True)
class Repository:
    """A copy of this repository whose own `lowd` is the one that runs in it.

    Attributes:
        code: where the `lowd` that runs lies instead, if it has none of its own.
        saved: the step from which each training goes on that was killed, by model.
    """

    path: Path
    saved: dict[str, int] = field(default_factory=dict)
    code: Path | None = None

    @property
    def environment(self) -> dict[str, str]:
        """Variables under which commands find this copy and this Python."""
        return os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.code or self.path),
            "OMP_NUM_THREADS": "1",
            "DVC_SITE_CACHE_DIR": str(self.path / ".dvc" / "tmp" / "site"),
            "DVC_GLOBAL_CONFIG_DIR": str(self.path / ".dvc" / "tmp" / "global"),
        }

    def start(self, *command: str) -> subprocess.Popen[str]:
        """The command, started in a process group of its own, errors among its output."""
        return subprocess.Popen(
            command,
            cwd=self.path,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *command: str, code: int = 0) -> str:
        """What the command prints; it has to end with `code`."""
        process = self.start(*command)
        output, _ = process.communicate(timeout=1800)
        logs = "".join(p.read_text() for p in self.path.glob("logs/*/*.log")) if code == 0 else ""
        assert process.returncode == code, f"{' '.join(command)}\n{output}\n{logs}"
        return output

    def write_params(
        self, studies: dict[str, Any], findings: Any = None, across: Any = None
    ) -> None:
        """Make these all of params.yaml, and have DVC know of them."""
        params = {"studies": studies, "findings": findings or {}, "across": across or {}}
        (self.path / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
        (self.path / LIST).write_text(listing(params))


def create(path: Path) -> Repository:
    """A fresh repository with STUDIES and MAPS, and images for them to learn from.

    Its trainings, which are short, save their state after every block, and can be held.
    """
    for name in ("lowd", "workflow"):
        shutil.copytree(REPOSITORY / name, path / name)
    (path / ".dvc").mkdir()
    (path / "studies").mkdir()
    (path / "studies/README.md").touch()
    for name in ("Snakefile", "dvc.yaml", ".gitignore", ".dvcignore", ".dvc/.gitignore"):
        shutil.copy(REPOSITORY / name, path / name)
    # Not the configuration of the repository itself, to which its user may have added a remote.
    (path / ".dvc/config").write_text("[core]\n    analytics = false\n")
    resumable = path / "lowd/steps/resumable.py"
    source = resumable.read_text()
    for line, patch in (
        (r"^SAVE_SECONDS = .*$", "SAVE_SECONDS = 0.0"),
        (
            r"^( +)saved = time\.monotonic\(\)$",
            rf"\g<0>\n\1while trainer.step == {HELD_AT} and Path({HOLD!r}).exists():"
            r"\n\1    time.sleep(0.01)",
        ),
    ):
        source, patched = re.subn(line, patch, source, flags=re.M)
        assert patched == 1
    resumable.write_text(source)
    pixels = np.random.default_rng(0).integers(0, 256, (64, 1, 4, 4), dtype=np.uint8)
    (path / "inputs").mkdir(exist_ok=True)
    np.savez(path / "inputs/images.npz", images=pixels)
    repository = Repository(path)
    repository.write_params(STUDIES | MAPS | WIDE, FINDINGS)
    repository.run("git", "init", "-q")
    commit(repository)
    return repository


def commit(repository: Repository) -> None:
    """Commit all that git is to have."""
    repository.run("git", "add", "-A")
    author = ("-c", "user.name=tests", "-c", "user.email=tests@example.org")
    repository.run("git", *author, "commit", "-qm", "all")


def run_study(path: Path, study: str) -> Repository:
    """A repository in which the study has been run."""
    repository = create(path)
    repository.run("dvc", "repro", f"study@{study}")
    return repository


def run_finding(path: Path, finding: str) -> Repository:
    """A repository in which the finding has been run, and the study it is on before it."""
    repository = create(path)
    repository.run("dvc", "repro", f"finding@{finding}")
    return repository


def hold(repository: Repository) -> None:
    """Let no training go on from HELD_AT steps until HOLD is gone, however late a test is."""
    (repository.path / HOLD).parent.mkdir()
    (repository.path / HOLD).touch()


def half_trained(path: Path) -> dict[str, int]:
    """The step of every state that a training of `tiny` could go on from, by model."""
    steps = {}
    for scratch in path.glob(".lowd/tiny/mlp-*.safetensors"):
        with suppress(FileNotFoundError):  # this training has just ended
            steps["-".join(scratch.stem.split("-")[:2])] = int(load_checkpoint(scratch)[0]["step"])
    last = STUDIES["tiny"]["training"]["steps"]
    return {model: step for model, step in steps.items() if step < last}


def kill_and_resume(path: Path) -> Repository:
    """A repository whose run of `tiny` was killed, children and all, while a student trained."""
    repository = create(path)
    hold(repository)
    first = repository.start("dvc", "repro", "study@tiny")
    # From here on what is left to do differs from all there is in the first step reported.
    while max(half_trained(path).values(), default=0) < 200:
        assert first.poll() is None, first.communicate()[0]
        time.sleep(0.005)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    saved = half_trained(path)
    assert saved
    (path / HOLD).unlink()
    repository.run("dvc", "repro", "study@tiny")
    return Repository(path, saved)


@pytest.fixture(scope="session")
def background(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[Callable[..., "Future[Repository]"]]:
    """Start making a repository beside the tests, once for each set of arguments.

    A study is a chain of short jobs, mostly: several fill the machine.
    """
    home = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        home = home.parent  # which pytest's processes have in common
    made: dict[tuple[Any, ...], Future[Repository]] = {}
    with ThreadPoolExecutor() as executor:

        def start(make: Callable[..., Repository], *arguments: str) -> "Future[Repository]":
            key = (make, *arguments)
            if key not in made:
                path = home / "-".join((make.__name__, *arguments))
                made[key] = executor.submit(_made_once, path, make, *arguments)
            return made[key]

        yield start


def _made_once(path: Path, make: Callable[..., Repository], *arguments: str) -> Repository:
    """What `make` returns of the folder, which the first of pytest's processes has it fill."""
    returned = path.with_suffix(".pickle")
    with FileLock(path.with_suffix(".lock")):
        if not returned.exists():
            path.mkdir()
            returned.write_bytes(pickle.dumps(make(path, *arguments)))
        return pickle.loads(returned.read_bytes())


@pytest.fixture(scope="session", autouse=True)
def head_start(request: pytest.FixtureRequest, background) -> None:
    """Have whole studies run while other tests do, if any will be looked at."""
    if any(item.path.name == "test_pipeline.py" for item in request.session.items):
        background(run_study, "tiny")
        background(run_study, "pictures")
        background(run_study, "maps")
        background(run_finding, "along")
        background(kill_and_resume)


@pytest.fixture(scope="session")
def tiny(background) -> Repository:
    """Where the study `tiny`, of an exact teacher, has been run; not to be changed."""
    return background(run_study, "tiny").result()


@pytest.fixture(scope="session")
def pictures(background) -> Repository:
    """Where the study `pictures`, of a teacher trained on images, has been run."""
    return background(run_study, "pictures").result()


@pytest.fixture(scope="session")
def maps(background) -> Repository:
    """Where the study `maps`, of low-rank denoisers, has been run."""
    return background(run_study, "maps").result()


@pytest.fixture(scope="session")
def along(background) -> Repository:
    """Where the finding `along`, of students' dynamics, has been run."""
    return background(run_finding, "along").result()


@pytest.fixture(scope="session")
def killed(background) -> Repository:
    """Where `tiny` was killed and then resumed."""
    return background(kill_and_resume).result()
