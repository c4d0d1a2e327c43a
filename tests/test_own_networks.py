"""docs/own-networks.md, word for word, with settings that are soon run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from typer.testing import CliRunner

from lowd.cli.app import app
from lowd.cli.due import due
from lowd.cli.planned import planned
from lowd.cli.run import run
from lowd.store.arrays import read_store
from lowd.table import read_graph

REPOSITORY = Path(__file__).parents[1]
PAGE = (REPOSITORY / "docs/own-networks.md").read_text()
MODULE = re.compile(r"`inputs/(\w+)\.py`[^\n]*\n\n```python\n(.*?)^```", re.M | re.S)
TINY = {"noise": {"size": 16}, "samples": [4, 16]}


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the modules of the page."""
    (tmp_path / "inputs").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr(sys, "path", sys.path[:])
    for module, text in MODULE.findall(PAGE):
        Path("inputs", f"{module}.py").write_text(text)
        monkeypatch.delitem(sys.modules, module, raising=False)
    return tmp_path


def declare(number, **changes):
    """Write params.yaml with a study of the page, made tiny; its name."""
    ((name, study),) = yaml.safe_load(blocks("yaml")[number]).items()
    study |= {key: value for key, value in (TINY | changes).items() if value is not None}
    Path("params.yaml").write_text(yaml.safe_dump({"studies": {name: study}}, sort_keys=False))
    return name


def left(*targets):
    """What is due, and why."""
    return due(read_graph().leading_to(map(Path, targets)))


def make(*targets):
    """Run what is due, as the workflow would, in this process."""
    reasons = left(*targets)
    for job in planned(targets):
        if job.statement in reasons:
            run(job.step, job.settings, dict(job.paths), job.statement)
    return reasons


def trace(path):
    traced = CliRunner().invoke(app, ["trace", path])
    assert traced.exit_code == 0, traced.output
    return traced.output


def test_the_page_has_what_is_run():
    assert [module for module, _ in MODULE.findall(PAGE)] == ["my_net", "my_field"]
    assert len(blocks("yaml")) == 2 == len(blocks("python"))
    assert len(blocks("python")[0].splitlines()) < 20


def test_a_network_of_your_own_goes_from_the_page_to_a_traced_figure(folder):
    name = declare(0, pool={"size": 64}, training={"steps": 150})
    figure = f"figures/{name}/transition.svg"
    make(figure)
    results = read_store(Path(f"results/{name}.zarr"), finite=False)
    assert results["parameters"].values.tolist() == [17 * w + w + w * 16 + 16 for w in (16, 64)]
    assert np.isfinite(results["e_gen"]).all()
    assert "custom inputs/my_net.py verified" in trace(figure)
    assert left(figure) == {}


@pytest.fixture
def grid(folder):
    """Students trained by the script of the page, for a few steps."""
    (command,) = re.findall(r"^    python (benchmarks/\S+ \S+)$", PAGE, re.M)
    script, place = command.split()
    arguments = ["--steps", "3", "--samples", "4", "16"]
    subprocess.run(
        [sys.executable, str(REPOSITORY / script), place, *arguments],
        check=True,
        capture_output=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    return folder


@pytest.mark.campaign
def test_students_trained_elsewhere_go_from_the_page_to_a_traced_figure(grid):
    name = declare(1, pool={"size": 64}, sampler={"sigma_min": 0.02, "steps": 3})
    gone = Path("inputs/students/large-16-1")
    kept = gone.rename("kept")
    figures = f"figures/{name}/transition.svg", f"figures/{name}/samples.svg"
    make(*figures)
    results = read_store(Path(f"results/{name}.zarr"), finite=False)
    missing = {"model": "large", "N": 16, "replicate": 1}
    for score in ("e_gen", "e_mem", "gl", "rp_emp"):
        assert np.isnan(results[score].sel(missing))
        assert int(np.isnan(results[score]).sum()) == 1
    assert results["parameters"].values.tolist() == [40489, 159697]
    caption = Path(f"figures/{name}/transition.txt").read_text()
    assert "trained elsewhere" in caption and "Of 8 cells 1 are missing" in caption
    assert "learning rate" not in caption
    traced = trace(figures[0])
    assert "trained_elsewhere inputs/students/small-4-0 verified" in traced
    assert "training_set inputs/sets/0.npy verified" in traced
    assert "large-16-1" not in traced
    kept.rename(gone)
    again = left(*figures)
    assert {path.stem for path in again} == {"sample-large"}
    assert "it reads inputs/students/large-16-1 now" in {reason.text for reason in again.values()}


def test_the_field_of_the_page_is_what_the_script_draws_from(folder, monkeypatch):
    monkeypatch.syspath_prepend(REPOSITORY / "benchmarks")
    monkeypatch.syspath_prepend(folder / "inputs")
    from elsewhere import field
    from my_field import field as denoiser

    points = field(20000, seed=3).double()
    covariance = torch.cov(points.flatten(1).T)
    sigma = 0.7
    gain = torch.linalg.solve(covariance + sigma**2 * torch.eye(64), covariance)
    x = torch.randn(5, 1, 8, 8, dtype=torch.float64)
    expected = (x.flatten(1) @ gain).view(x.shape)
    # 20,000 samples know a covariance to about one per cent.
    for level in (sigma, torch.full((5,), sigma)):
        torch.testing.assert_close(
            denoiser()(x.float(), level).double(), expected, atol=0.05, rtol=0
        )
