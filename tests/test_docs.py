"""The documentation site, and what its pages promise."""

import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from lowd.cli.app import GROUPS
from lowd.store.results import open_results

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.M | re.S)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Where `make docs` builds it, for which a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    return folder


def test_the_site_has_every_page_and_needs_no_network(site):
    pages = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    assert {"index.html", "start.html", "tutorial.html", "api/metrics.html"} <= pages
    for name in pages:
        text = (site / name).read_text()
        assert not re.search(r'<(?:script|link|img)[^>]+(?:src|href)="https?:', text), name


def test_every_command_and_figure_is_shown(site):
    gallery = (site / "gallery.html").read_text()
    commands = unescape(re.sub("<[^>]+>", "", (site / "commands.html").read_text()))
    for members in GROUPS.values():
        for function, example in members.items():
            assert f"lowd {function.__name__}" in commands and example in commands
    for figure in (ROOT / "figures").rglob("*.png"):
        assert f'src="{figure.relative_to(ROOT).as_posix()}"' in gallery


def test_formulas_are_drawn(site):
    text = (site / "metrics.html").read_text()
    assert text.count("<math") == (ROOT / "docs/metrics.md").read_text().count("```math") > 0
    assert not re.search(r"<m[ion]>\\", text), "a command of LaTeX that was not understood"


def test_what_studies_hold_is_explained():
    page = (ROOT / "docs/results.md").read_text()
    named = {name for row in re.findall(r"^\| (`.*?) \|", page, re.M) for name in row.split("`")}
    derived = re.compile(r"_se$|^rescaled_spread_|_(?:low|high)$")
    for study in ("molrg", "digits", "fashion"):
        dataset = open_results(study, ROOT)
        scores = {str(name) for name in dataset.data_vars if not derived.search(str(name))}
        assert scores <= named


@pytest.mark.parametrize("page", ["start.md", "index.md", "metrics.md", "results.md"])
def test_what_is_said_in_python_runs(page, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    for block in BLOCK.findall((ROOT / "docs" / page).read_text()):
        exec(compile(block, page, "exec"), {})


@pytest.mark.campaign
def test_the_tutorial_runs_and_ends_in_a_figure_that_verifies(tmp_path):
    notebook = nbformat.read(ROOT / "docs/tutorial.ipynb", 4)
    where = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=1800, kernel_name="python3", resources=where).execute()
    said = "".join(
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])
    )
    assert "every link verifies" in said and said.rstrip().endswith("passed")
    assert (tmp_path / "my-paper/figures/mine/regimes.png").stat().st_size > 10_000


@pytest.mark.campaign
@pytest.mark.parametrize("width", [400, 1400])
def test_every_page_fits_and_shows_its_pictures(site, browser, width):
    tab = browser.new_page()
    complaints = []
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.set_viewport_size({"width": width, "height": 900})
    for page in sorted(site.rglob("*.html")):
        tab.goto(page.as_uri())
        wide = tab.evaluate("document.documentElement.scrollWidth")
        broken = tab.evaluate(
            "[...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"
        )
        assert (wide <= width, broken) == (True, []), page.name
    assert complaints == []
