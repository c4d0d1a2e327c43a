"""Fixtures: studies small enough to be run whole, each in a repository of its own through DVC."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

REPOSITORY = Path(__file__).parents[1]
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
            "images": {"source": "npz", "path": "images.npz", "shape": [1, 4, 4]},
            "model": {"architecture": "unet", "width": 4},
            "training": TRAINING,
        },
        **GRID,
        "training": TRAINING,
        "descriptor": "centred",
        "models": {"unet-4": {"architecture": "unet", "width": 4}},
    },
}


@dataclass(frozen=True)
class Repository:
    """A copy of this repository whose own `lowd` is the one that runs in it."""

    path: Path

    @property
    def environment(self) -> dict[str, str]:
        """Variables under which commands find this copy and this Python."""
        return os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.path),
            "OMP_NUM_THREADS": "1",
            "DVC_SITE_CACHE_DIR": str(self.path / ".dvc" / "site"),
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
        output, _ = process.communicate(timeout=500)
        logs = "".join(p.read_text() for p in self.path.glob("logs/*/*.log")) if code == 0 else ""
        assert process.returncode == code, f"{' '.join(command)}\n{output}\n{logs}"
        return output

    def write_params(self, studies: dict[str, Any]) -> None:
        """Make `studies` those of params.yaml."""
        text = yaml.safe_dump({"studies": studies}, sort_keys=False)
        (self.path / "params.yaml").write_text(text)


def create(path: Path) -> Repository:
    """A fresh repository with STUDIES, and images for them to learn from."""
    for name in ("lowd", "workflow", ".dvc/config"):
        source, target = REPOSITORY / name, path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    for name in ("Snakefile", "dvc.yaml", ".gitignore", ".dvcignore", ".dvc/.gitignore"):
        shutil.copy(REPOSITORY / name, path / name)
    pixels = np.random.default_rng(0).integers(0, 256, (64, 1, 4, 4), dtype=np.uint8)
    np.savez(path / "images.npz", images=pixels)
    repository = Repository(path)
    repository.write_params(STUDIES)
    repository.run("git", "init", "-q")
    return repository


def run_study(path: Path, study: str) -> Repository:
    """A repository in which the study has been run."""
    repository = create(path)
    repository.run("dvc", "repro", f"study@{study}")
    return repository


def kill_and_resume(path: Path) -> Repository:
    """A repository whose run of `tiny` was killed, children and all, while a student trained."""
    repository = create(path)
    first = repository.start("dvc", "repro", "study@tiny")
    students = repository.path / "data/tiny/students"
    while not list(repository.path.glob(".lowd/tiny/*.lock")):
        assert first.poll() is None, first.communicate()[0]
        time.sleep(0.005)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    assert not list(students.rglob("*.safetensors")), "killed too late"
    repository.run("dvc", "repro", "study@tiny")
    return repository


@pytest.fixture(scope="session")
def background(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., "Future[Repository]"]]:
    """Start making a repository beside the tests, once for each set of arguments.

    A study is a chain of short jobs, mostly: several fill the machine.
    """
    made: dict[tuple[Any, ...], Future[Repository]] = {}
    with ThreadPoolExecutor() as executor:

        def start(make: Callable[..., Repository], *arguments: str) -> "Future[Repository]":
            key = (make, *arguments)
            if key not in made:
                path = tmp_path_factory.mktemp("-".join((make.__name__, *arguments)))
                made[key] = executor.submit(make, path, *arguments)
            return made[key]

        yield start


@pytest.fixture(scope="session", autouse=True)
def head_start(request: pytest.FixtureRequest, background) -> None:
    """Have whole studies run while other tests do, if any will be looked at."""
    if any(item.path.name == "test_pipeline.py" for item in request.session.items):
        background(run_study, "tiny")
        background(run_study, "pictures")
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
def killed(background) -> Repository:
    """Where `tiny` was killed and then resumed."""
    return background(kill_and_resume).result()
