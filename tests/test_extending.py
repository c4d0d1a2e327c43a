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
print(json.dumps({str(job.statement): job.code for job in jobs}))
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
    root = copied("A metric")
    run(
        root,
        "import torch\n"
        "from lowd.kinds.transition import score\n"
        "from lowd.metrics.distance_to_training import distance_to_training\n"
        "found = distance_to_training(torch.tensor([[0.0, 3.0], [1.0, 0.0]]), torch.zeros(2, 2))\n"
        "assert found.value == 2.0 and abs(found.standard_error - 1.0) < 1e-12, found\n",
    )
    assert "distance_to_training, ours" in (root / "lowd/kinds/transition/score.py").read_text()


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


def test_architecture_figure_and_kind_of_study_change_no_job_that_was_there(copied, before):
    root = copied("An architecture", "A figure", "A kind of study")
    text = (root / "params.yaml").read_text()
    line = re.search(r"```yaml\n(.*?)```", sections()["A kind of study"], re.S)[1]
    (root / "params.yaml").write_text(text.replace("\nfindings:\n", f"\nfindings:\n  {line}"))
    old, new = json.loads(before), json.loads(run(root, COUNTS))
    assert {job: new[job] for job in old} == old
    assert {job for job in set(new) - set(old) if not job.endswith("/figure-gap.json")} == {
        "provenance/my-norms/figure-norms.json",
        "provenance/my-norms/manifest.json",
        "provenance/my-norms/measure-norms.json",
    }


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
