"""What README.md and docs/ say can be done can be done."""

import json
import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr

import lowd
from lowd.cli.studies import DEFAULT, default
from lowd.kinds.bias_variance.settings import BiasVariance
from lowd.kinds.collapse.settings import Collapse
from lowd.kinds.dynamics.settings import Dynamics
from lowd.kinds.families.settings import Families
from lowd.kinds.transition.settings import Transition
from lowd.metrics.threshold import nearest_quantile
from lowd.parsing import parse_settings
from lowd.settings import Params, load_params
from lowd.store.arrays import write_store
from lowd.table import graph

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
OWN = (ROOT / "docs/own-study.md").read_text()
FINDINGS = (Dynamics, BiasVariance, Families, Collapse)
DOCUMENTS = ["README.md", "config/README.md", *(f"docs/{p.name}" for p in ROOT.glob("docs/*.md"))]
DOCUMENTS += [str(path.relative_to(ROOT)) for path in ROOT.glob("docs/*/*.md")]

ON_SITE = ("docs/api/", "docs/pictures/", "docs/gallery.md", "docs/commands.md")
"""Made when the site is built, which checks links to them."""

# A run that is on, or was killed, has taken figures away that git has.
TRACKED = subprocess.run(
    ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True
).stdout.split("\0")


def blocks(language):
    """The fenced blocks of both pages in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", OWN + README, re.M | re.S)


def declared(block, name="mine"):
    """The study that a block adds under `studies:`."""
    return parse_settings(Params, f"studies:\n{block}", "docs/own-study.md").studies[name]


def test_there_are_studies_and_code_to_check():
    assert len(blocks("yaml")) == 2
    assert len(blocks("python")) == 2


@pytest.mark.parametrize("block", blocks("yaml"))
def test_a_study_of_the_page_can_be_planned(block, monkeypatch, tmp_path):
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    (inputs / "my_teacher.py").write_text(blocks("python")[0])
    monkeypatch.syspath_prepend(inputs)
    study = declared(block)
    shape = study.teacher.shape
    jobs = {job.rule.name: job for job in graph(Params(studies={"mine": study})).jobs}
    assert jobs["teacher"].settings.teacher == study.teacher
    assert jobs["train"].settings.model == list(study.models.values())[-1]
    assert jobs["collect"].settings.shape == shape
    assert study.is_of_images == (len(shape) == 3)
    if study.teacher.kind == "custom":
        assert jobs["teacher"].content
        module, function = study.teacher.entry.split(":")
        assert f"`{function}` in\n`inputs/{module}.py`" in OWN


def test_images_in_an_array_are_declared_as_the_page_says():
    (given,) = re.findall(r"`(\{source: npz.*?\})`", OWN)
    folder = re.search(r"\{source: folder.*?\}", OWN)[0]
    (block,) = (block for block in blocks("yaml") if folder in block)
    assert declared(block.replace(folder, given)).teacher.images.source == "npz"


def test_the_refusal_that_the_page_shows_is_the_one_given():
    (shown,) = re.findall(r"^    (studies\.\S+: .*)$", OWN, re.M)
    study = load_params(ROOT / "params.yaml").studies["digits"].model_dump(mode="json")
    study["samples"][3] = 100000
    with pytest.raises(ValueError, match=r"samples\[3\]") as refused:
        parse_settings(Params, json.dumps({"studies": {"digits": study}}), "params.yaml")
    assert str(refused.value) == shown


def test_the_code_of_the_readme_runs(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    stored = xr.Dataset({"e_gen": ("N", [0.5])}, {"N": [2]})
    write_store(tmp_path / "results/molrg.zarr", stored)
    ours = np.random.default_rng(0).standard_normal((8, 3))
    space = {"ours": ours, "theirs": ours + np.array([2, 0, 0])}
    exec(blocks("python")[1], space)
    assert space["distance"].value == pytest.approx(2)
    assert space["distance"].standard_error == pytest.approx(0, abs=1e-9)
    xr.testing.assert_identical(space["results"], stored)
    assert space["lowd"] is lowd


@pytest.fixture
def example():
    """The study of the page whose teacher is custom, and that teacher's denoiser."""
    (study,) = (one for one in map(declared, blocks("yaml")) if one.teacher.kind == "custom")
    space = {}
    exec(blocks("python")[0], space)
    return study, space[study.teacher.entry.split(":")[1]](**study.teacher.options)


def steps_of(decay, length):
    """The matrix that takes a series to its independent steps, and their variances."""
    steps = torch.eye(length) - decay * torch.diag(torch.ones(length - 1), -1)
    return steps, torch.tensor([1.0, *[1 - decay**2] * (length - 1)])


def test_the_teacher_of_the_page_is_the_posterior_mean_of_what_it_says(example):
    """Its recursion gives the inverse covariance, which the denoiser never sees."""
    study, denoise = example
    (length,) = study.teacher.shape
    steps, variances = steps_of(study.teacher.options["decay"], length)
    precision = steps.T / variances @ steps
    x = torch.randn(5, length, generator=torch.Generator().manual_seed(0))
    for sigma in (torch.full((5,), 0.3), torch.tensor([0.02, 0.5, 1.0, 3.0, 80.0])):
        observed = 1 / sigma[:, None, None] ** 2
        expected = torch.linalg.solve(precision + observed * torch.eye(length), x * observed[:, 0])
        torch.testing.assert_close(denoise(x, sigma), expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(denoise(x, 0.3), denoise(x, torch.full((5,), 0.3)))


def test_the_threshold_of_the_pages_teacher_is_what_it_says_and_tells_samples_apart(example):
    study, _ = example
    (length,) = study.teacher.shape
    steps, variances = steps_of(study.teacher.options["decay"], length)
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(study.pool.size, length, generator=generator) * variances.sqrt()
    samples = torch.linalg.solve(steps, noise.T).T
    largest = study.samples[-1]
    threshold = nearest_quantile(samples[largest:], samples[:largest], study.threshold.nearest)
    (stated,) = re.findall(r"τ = ([\d.]+) here", OWN)
    # Other draws move the quantile by a standard error of about 0.002.
    assert threshold == pytest.approx(float(stated), abs=0.01)
    assert threshold < 0.9


def test_the_studies_that_the_readme_shows_are_those_run_by_default():
    params = load_params(ROOT / "params.yaml")
    pictured = re.findall(r"\(figures/([\w-]+)/", README)
    assert pictured
    assert set(pictured) - {"across"} <= set(default(params)) == set(DEFAULT)


def test_every_setting_of_a_study_is_explained():
    table = (ROOT / "docs/studies.md").read_text().split("\n## ")[0]
    explained = {name.split(".")[0] for name in re.findall(r"^\| `([\w.]+)` \|", table, re.M)}
    assert explained == set(Transition.model_fields)


def test_every_setting_of_a_finding_is_explained():
    section = (ROOT / "docs/studies.md").read_text().split("\n## Findings")[1].split("\n## ")[0]
    explained = set(re.findall(r"^\| `(\w+)` \|", section, re.M))
    fields = {name for one in FINDINGS for name in one.model_fields}
    assert explained == fields


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_relative_link_leads_somewhere(document):
    text = re.sub(r"^```.*?^```", "", (ROOT / document).read_text(), flags=re.M | re.S)
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)]
    relative = [t for t in targets if t and not re.match(r"[a-z]+:", t)]
    paths = [os.path.normpath(Path(document).parent / target) for target in relative]
    there = [path for path in paths if (ROOT / path).exists() or path in TRACKED]
    assert not {path for path in paths if not path.startswith(ON_SITE)} - {*there}


def test_links_are_found_where_there_are_any():
    assert len(re.findall(r"\]\((?!https?:)[^)]+\)", README)) > 5
