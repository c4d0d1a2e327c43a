"""Numbers that pages give are those of the committed results, whatever a user has run since."""

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from lowd.store.results import open_results

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def committed(tmp_path_factory):
    """A function that opens results as the last commit has them."""
    packed = subprocess.run(
        ["git", "archive", "HEAD", "results"], cwd=ROOT, capture_output=True, check=False
    )
    if packed.returncode:
        pytest.skip("no repository of git here")
    folder = tmp_path_factory.mktemp("committed")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as files:
        files.extractall(folder, filter="data")
    return lambda study: open_results(study, folder)


def slope(results, rule):
    """A slope with its interval."""
    low, high = (float(results[f"slope_{rule}_{end}"]) for end in ("low", "high"))
    return f"{float(results[f'slope_{rule}']):.2f} [{low:.2f}, {high:.2f}]"


def transition(results):
    """What transition.md says."""
    molrg, digits = results("molrg"), results("digits")
    plateaus = molrg["e_gen"].isel(N=-1).mean("replicate")
    fewer, more = (slope(results(f"molrg-{name}"), "e") for name in ("half", "double"))
    yield (
        f"takes the range of its log₂ N from {float(molrg['spread_e']):.2f} to "
        f"{float(molrg['rescaled_spread_e']):.2f}. The curves of E_gen do not: they level off "
        f"between {float(plateaus.min()):.2f} and {float(plateaus.max()):.2f}, by size"
    )
    yield (
        f"its slope is {slope(molrg, 'e')}, by GL = ½ of the teacher's own {slope(molrg, 'gl')}, "
        f"by RP = ½ {slope(molrg, 'rp')}"
    )
    yield (
        "At 1,000, 2,000 and 4,000 steps the slope of E_gen = E_mem is "
        f"{fewer}, {slope(molrg, 'e')} and {more} ([slopes.txt]"
    )
    yield f"On digits it is {slope(digits, 'e')}, and by GL {slope(digits, 'gl')}"


PAGES = {"docs/transition.md": transition}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_gives_the_numbers_of_the_results(page, committed):
    text = " ".join((ROOT / page).read_text().split())
    assert [claim for claim in PAGES[page](committed) if claim not in text] == []
