"""docs/extending.md, word for word, on a copy of lowd."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PAGE = (REPOSITORY / "docs/extending.md").read_text()
BLOCK = re.compile(r"(?:^`([^`\n]+)`:\n\n)?^```(\w+)\n(.*?)^```$", re.M | re.S)
COUNTS = """
import json
from pathlib import Path
from lowd.table import graph
from lowd.settings import load_params
jobs = graph(load_params(Path("params.yaml"))).jobs
print(json.dumps({str(job.statement): [job.code, job.modules] for job in jobs}))
"""


def sections():
    """The page's sections by what they add."""
    _, *found = re.split(r"^## ", PAGE, flags=re.M)
    return {section.splitlines()[0]: section for section in found}


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """A function that gives a copy of lowd to which a section, or several, are applied."""

    def apply(*names):
        root = tmp_path_factory.mktemp("extended")
        shutil.copytree(
            REPOSITORY / "lowd", root / "lowd", ignore=shutil.ignore_patterns("__pycache__")
        )
        shutil.copy(REPOSITORY / "params.yaml", root)
        for name in names:
            for path, language, text in BLOCK.findall(sections()[name]):
                if language == "python":
                    (root / path).parent.mkdir(parents=True, exist_ok=True)
                    (root / path).write_text(text)
                elif language == "diff":
                    subprocess.run(
                        ["git", "apply", "-"], input=text, text=True, check=True, cwd=root
                    )
        return root

    return apply


def run(root, program):
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True)
    assert not done.returncode, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def before(copied):
    """The code digest of every job of params.yaml."""
    return run(copied(), COUNTS)


def test_every_block_says_where_it_goes():
    for path, language, _ in BLOCK.findall(PAGE):
        assert (language == "python") == bool(path)


def test_a_metric(copied):
    run(
        copied("A metric"),
        "import torch\n"
        "from lowd.kinds.transition.asked import check_metrics, metric\n"
        "check_metrics(['distance_to_training'])\n"
        "distance, parameters = metric('distance_to_training')\n"
        "assert parameters == ('generated', 'training')\n"
        "found = distance(torch.tensor([[0.0, 3.0], [1.0, 0.0]]), torch.zeros(2, 2))\n"
        "assert found.value == 2.0 and abs(found.standard_error - 1.0) < 1e-12, found\n",
    )


def test_a_solver_of_second_order(copied):
    run(
        copied("A solver"),
        "import torch\n"
        "from lowd.diffusion.evaluations import evaluations\n"
        "from lowd.diffusion.noise_levels import karras_sigmas\n"
        "from lowd.diffusion.settings import SamplerSettings\n"
        "from lowd.diffusion.solvers import SOLVERS, probability_flow\n"
        "assert 'dpmpp_2s' in SOLVERS\n"
        "asked, noise = [], torch.ones(1, 1, dtype=torch.float64)\n"
        "def denoise(x, sigma):\n"
        "    asked.append(sigma)\n"
        "    return x / (1 + sigma**2)\n"
        "def error(steps):\n"
        "    sigmas = karras_sigmas(steps, 0.1, 5.0)[:-1]\n"
        "    exact = ((1 + 0.1**2) / (1 + 5.0**2)) ** 0.5\n"
        "    return abs(float(probability_flow(denoise, noise, sigmas, 'dpmpp_2s')) - exact)\n"
        "assert 3.5 < error(17) / error(33) < 5\n"
        "asked.clear()\n"
        "probability_flow(denoise, noise, karras_sigmas(9, 0.1, 5.0), 'dpmpp_2s')\n"
        "assert len(asked) == evaluations(SamplerSettings(solver='dpmpp_2s', steps=9))\n",
    )


def test_an_objective(copied):
    run(
        copied("An objective"),
        "import torch\n"
        "from lowd.models.settings import MLPSettings\n"
        "from lowd.training.objectives.build import assemble, objective\n"
        "from lowd.training.settings import FlowMatchingSettings\n"
        "aim = FlowMatchingSettings(kind='flow_matching')\n"
        "model = MLPSettings(architecture='mlp', width=4)\n"
        "made = objective(aim, assemble(aim, model, 2, (3,)), 0.5)\n"
        "clean, noise, sigma = torch.randn(2, 5, 3), torch.randn(2, 5, 3), torch.rand(2, 5) + 0.5\n"
        "assert made.loss(clean, noise, sigma, 0.0).shape == (2, 5)\n"
        "made.network = lambda x, level: noise - clean\n"
        "assert not made.loss(clean, noise, sigma, 0.0).any()\n"
        "noisy = clean + sigma[..., None] * noise\n"
        "torch.testing.assert_close(made.denoise(noisy, sigma), clean)\n",
    )


def test_an_optimiser(copied):
    run(
        copied("An optimiser"),
        "import torch\n"
        "from lowd.models.settings import MLPSettings\n"
        "from lowd.training.draws import Cell\n"
        "from lowd.training.optimized import OptimizedTrainer, OptimizedTraining\n"
        "given = {'steps': 1, 'batch': 4, 'warm_up': 0, 'sigma_data': 0.5, 'learning_rate': 0.25}\n"
        "optimizer = {'kind': 'signum', 'learning_rate': 0.25}\n"
        "settings = OptimizedTraining(**given, optimizer=optimizer)\n"
        "model, cells = MLPSettings(architecture='mlp', width=4), [Cell('a', 0, 4, 0)]\n"
        "trainer = OptimizedTrainer(model, settings, cells, torch.randn(4, 3))\n"
        "before = trainer.flat.whole.detach().clone()\n"
        "trainer.run()\n"
        "moved = (trainer.flat.whole - before).abs()\n"
        "assert moved.any() and ((moved - 0.25).abs() < 1e-6)[moved > 0].all()\n",
    )


def test_a_law(copied):
    run(
        copied("A law"),
        "import xarray as xr\n"
        "from lowd.kinds.laws.settings import Laws\n"
        "from lowd.kinds.laws.weigh import rows_of, verdict\n"
        "Laws.model_validate({'figure': 'laws', 'laws': {'many-are-new': ['mine']}})\n"
        "cells = ('model', 'N', 'replicate')\n"
        "axes = {'model': ['m'], 'N': [8], 'replicate': [0, 1], 'parameters': ('model', [9])}\n"
        "data = {'gl': (cells, [[[0.98, 0.99]]]), 'gl_se': (cells, [[[0.001, 0.001]]])}\n"
        "rows = rows_of('many-are-new', 'mine', xr.Dataset(data, axes))\n"
        "assert verdict(rows) == 'reproduced', rows\n",
    )


def test_a_kind_of_teacher(copied):
    run(
        copied("A kind of teacher"),
        "from pathlib import Path\n"
        "import torch\n"
        "from lowd.diffusion.settings import SamplerSettings\n"
        "from lowd.steps.teacher import TeacherStep, teacher\n"
        "from lowd.steps.teachers.teacher import load_teacher\n"
        "given = {'kind': 'isotropic', 'shape': [3], 'std': 2.0}\n"
        "teacher(TeacherStep(seed=0, teacher=given), output=Path('teacher'))\n"
        "made = load_teacher(Path('teacher'), torch.device('cpu'))\n"
        "sampler = SamplerSettings(steps=40)\n"
        "drawn = made.sample(4000, torch.Generator().manual_seed(0), sampler)\n"
        # Three standard errors of a standard deviation of 12,000 numbers.
        "assert drawn.shape == (4000, 3) and abs(drawn.std() / 2 - 1) < 3 / 24000**0.5\n",
    )


def test_a_descriptor(copied):
    run(
        copied("A descriptor"),
        "import torch\n"
        "from pydantic import TypeAdapter\n"
        "from lowd.descriptors.embedding import load_network\n"
        "from lowd.descriptors.settings import NetworkSettings\n"
        "settings = TypeAdapter(NetworkSettings).validate_python({'kind': 'pooled', 'side': 2})\n"
        "network = load_network(settings, None, torch.device('cpu'))\n"
        "images = torch.arange(32.0).view(2, 1, 4, 4)\n"
        "assert network(images)[0].tolist() == [2.5, 4.5, 10.5, 12.5]\n",
    )


def test_an_architecture(copied):
    run(
        copied("An architecture"),
        "import torch\n"
        "from pydantic import TypeAdapter\n"
        "from lowd.models.admission import admit\n"
        "from lowd.models.build import build, initialise, parameter_count\n"
        "from lowd.models.settings import ModelSettings\n"
        "settings = TypeAdapter(ModelSettings).validate_python({'architecture': 'affine'})\n"
        "admit([settings])\n"
        "stack = build(settings, 3, (2, 4, 4))\n"
        "initialise(stack, [torch.Generator() for _ in range(3)])\n"
        "assert not stack(torch.randn(3, 5, 2, 4, 4), torch.zeros(())).any()\n"
        "assert parameter_count(settings, (2, 4, 4)) == 32 * (32 + 16 + 1)\n",
    )


def test_a_source_of_images(copied):
    run(
        copied("A source of images"),
        "import numpy as np\n"
        "from pydantic import TypeAdapter\n"
        "from lowd.sources.image_settings import SourceSettings\n"
        "from lowd.sources.images import load_images\n"
        "given = {'source': 'stripes', 'count': 9}\n"
        "settings = TypeAdapter(SourceSettings).validate_python(given)\n"
        "images = load_images(settings).images\n"
        "assert images.shape == (9, 1, 8, 8) and np.abs(images).max() <= 1\n",
    )


ADDED = """
  added:
    teacher:
      kind: trained
      images: {source: stripes}
      model: {architecture: affine}
      training: {steps: 200}
    pool: {size: 64, sampler: {solver: dpmpp_2s}}
    noise: {size: 16}
    samples: [2, 4]
    models: {unet: {architecture: unet, width: 4}}
    training: {steps: 200}
    descriptor: {kind: pooled}
    metrics: [distance_to_training]
  added-isotropic:
    teacher: {kind: isotropic, shape: [1, 8, 8]}
    pool: {size: 4096}
    noise: {size: 512}
    samples: [2, 4]
    models: {unet: {architecture: unet, width: 4}}
    training: {steps: 200}
"""
"""Studies of what the page adds, and a follow-up of one."""
FAMILIES = """
  added-families:
    kind: families
    study: added-isotropic
    samples: 128
    training: {steps: 200}
    members:
      edm: {model: {architecture: unet, width: 4}}
      flow:
        model: {architecture: unet, width: 4}
        objective: {kind: flow_matching}
  added-along:
    kind: dynamics
    study: added-isotropic
    samples: [2]
    replicates: 2
    snapshots: [10, 200]
    training: {steps: 200}
    models: {adam: &unet {architecture: unet, width: 4}, signum: *unet}
    optimizers: {signum: {kind: signum}}
"""
COUNTED = {
    "metrics.distance_to_training": {"added/score-unet"},
    "models.affine": {f"added/{job}" for job in ("teacher", "pool", "generate-teacher")},
    "diffusion.solvers.dpmpp_2s": {"added/pool"},
    "training.optimizers.signum": {"added-along/train-signum"},
    "training.objectives.flow_matching": {
        "added-families/train-flow",
        "added-families/generate-flow",
    },
    "steps.teachers.isotropic": {
        f"added-isotropic/{job}" for job in ("teacher", "pool", "generate-teacher")
    },
    "sources.stripes": {"added/images"},
}
"""The jobs that run what is added, by its module; embeddings besides."""


def test_what_is_added_changes_no_job_that_was_there_and_counts_where_it_is_used(copied, before):
    root = copied(*(name for name in sections() if name.startswith("A")))
    text = (root / "params.yaml").read_text()
    line = re.search(r"```yaml\n(.*?)```", sections()["A kind of study"], re.S)[1]
    text = text.replace("studies:\n", f"studies:{ADDED}", 1)
    text = text.replace("\nfindings:\n", f"\nfindings:\n  {line}{FAMILIES}", 1)
    (root / "params.yaml").write_text(text)
    old, new = json.loads(before), json.loads(run(root, COUNTS))
    assert {job: new[job] for job in old} == old
    more = {job.removeprefix("provenance/").removesuffix(".json") for job in set(new) - set(old)}
    assert {job for job in more if "added" not in job and not job.endswith("/figure-gap")} == {
        *("my-norms/figure-norms", "my-norms/manifest", "my-norms/measure-norms")
    }
    for module, jobs in COUNTED.items():
        found = {job for job in more if f"lowd.{module}" in new[f"provenance/{job}.json"][1]}
        assert found == jobs, module
    pooled = {job for job in more if "lowd.descriptors.pooled" in new[f"provenance/{job}.json"][1]}
    assert "added/appraise" in pooled
    assert all(job.startswith(("added/embed-", "added/appraise")) for job in pooled)


def test_a_kind_of_study_measures_and_is_drawn(copied):
    run(
        copied("A figure", "A kind of study"),
        "from pathlib import Path\n"
        "import numpy as np, xarray as xr\n"
        "from lowd.kinds.norms.measure_norms import NormsStep, measure_norms\n"
        "from lowd.store.arrays import read_store, write_store\n"
        "from lowd.steps.figure import FigureStep, figure\n"
        "ones = np.ones((2, 3, 5, 4), np.float32)\n"
        "dims = ('N', 'replicate', 'noise', 'feature')\n"
        "write_store(Path('students.zarr'), xr.Dataset({'samples': (dims, ones)}, {'N': [2, 4]}))\n"
        "write_store(Path('teacher.zarr'), xr.Dataset({'samples': (dims[2:], 2 * ones[0, 0])}))\n"
        "measure_norms(NormsStep(models=('a',)), generated=[Path('students.zarr')],\n"
        "    teacher=Path('teacher.zarr'), output=Path('results.zarr'))\n"
        "found = read_store(Path('results.zarr'))\n"
        "assert (found['norm'] == 2).all() and found['norm_teacher'] == 4\n"
        "figure(FigureStep(name='norms'), results=[Path('results.zarr')], output=[Path('f.txt')])\n"
        "assert 'is 4.00' in Path('f.txt').read_text()\n",
    )


def test_the_figure_added_draws_results_that_are_committed(copied):
    run(
        copied("A figure"),
        "from pathlib import Path\n"
        "from lowd.steps.figure import FigureStep, figure\n"
        f"results = Path({str(REPOSITORY)!r}, 'results/molrg.zarr')\n"
        "figure(FigureStep(name='gap'), results=[results], output=[Path('f.png'), Path('f.txt')])\n"
        "assert 'the largest model has' in Path('f.txt').read_text()\n",
    )
