"""Numbers that pages give are those of the committed results, whatever a user has run since."""

import io
import subprocess
import zipfile
from pathlib import Path

import pytest
from sentences.configurations import configurations
from sentences.fashion import fashion
from sentences.findings import findings
from sentences.laws import laws
from sentences.representation import representation
from sentences.theory import theory
from sentences.times import descent, times
from sentences.transition import readme, transition

from lowd.report.laws import page
from lowd.settings import load_params
from lowd.store.results import open_results

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def archived(tmp_path_factory):
    """A folder with results and statements as the last commit has them."""
    packed = subprocess.run(
        ["git", "archive", "--format=zip", "HEAD", "results", "provenance"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if packed.returncode:
        pytest.skip("no repository of git here")
    folder = tmp_path_factory.mktemp("committed")
    with zipfile.ZipFile(io.BytesIO(packed.stdout)) as files:
        files.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def committed(archived):
    """A function that opens these results."""
    return lambda study: open_results(study, archived)


PAGES = {
    "README.md": readme,
    "docs/transition.md": transition,
    "docs/findings.md": lambda results: (*findings(results), *descent(results)),
    "docs/times.md": times,
    "docs/theory.md": theory,
    "docs/fashion.md": fashion,
    "docs/representation.md": representation,
    "docs/configurations.md": configurations,
    "docs/laws.md": laws,
}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_gives_the_numbers_of_the_results(page, committed):
    text = " ".join((ROOT / page).read_text().split())
    assert [claim for claim in PAGES[page](committed) if claim not in text] == []


def test_the_page_of_laws_is_that_of_the_committed_results(archived):
    made = page(load_params(ROOT / "params.yaml"), archived)
    assert (ROOT / "docs/laws.md").read_text() == made, (
        "results or laws have changed: python -m lowd.report.laws"
    )
