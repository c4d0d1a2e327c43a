"""The page that shows where figures come from, read as text and used in a real browser."""

import json
import re
import shutil
from pathlib import Path

import pytest
from repositories import Repository

from lowd.report.graph import HEIGHT, WIDTH, graph
from lowd.store.arrays import write_store
from lowd.store.results import open_results


@pytest.fixture(scope="module")
def page(pictures):
    """Where the report of `pictures` lies."""
    pictures.run("lowd", "report", "--output", "pages/report.html")
    return pictures.path / "pages/report.html"


@pytest.fixture
def opened(browser, page):
    """The page in the browser, without a complaint of its console."""
    tab, complaints = browser.new_page(), []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(page.as_uri())
    yield tab
    assert complaints == []


def test_the_page_has_every_figure_and_needs_nothing_else(page):
    text = page.read_text()
    for figure in ("regimes", "errors", "memorised", "transition", "plane", "samples"):
        assert f'<section id="pictures-{figure}"' in text
    assert not re.search(r"""(?:src|href)=["'](?!#|data:)""", text)
    assert "://" not in re.sub(r"data:[^\"]*", "", text)
    assert text.count("links verify") == 6 and "do not verify" not in text


def test_scores_that_cannot_tell_are_told_of_their_study(pictures, tmp_path):
    flat = Repository(shutil.copytree(pictures.path, tmp_path / "copy"))
    dataset = open_results("pictures", flat.path).load().assign_attrs(threshold=1 - 2e-7)
    shutil.rmtree(flat.path / "results/pictures.zarr")
    write_store(flat.path / "results/pictures.zarr", dataset)
    flat.run("lowd", "report", "pictures")
    text = (flat.path / "report.html").read_text()
    note = '<p role="note" class="bad">τ = 0.9999998 is within rounding of 1'
    assert text.count(note) == 1


def test_a_broken_link_is_told_at_the_figures_that_rest_on_it(pictures, tmp_path):
    broken = Repository(shutil.copytree(pictures.path, tmp_path / "copy"))
    chunk = broken.path / "data/pictures/pool.zarr/samples/c/0/0/0/0"
    chunk.write_bytes(chunk.read_bytes()[:-1] + b"x")
    broken.run("lowd", "report", "pictures")
    text = (broken.path / "report.html").read_text()
    assert text.count("do not verify") >= 5
    assert "<code>data/pictures/pool.zarr</code>" in text


def test_snakemakes_own_report_has_the_captions(pictures, tmp_path):
    report = tmp_path / "report.html"
    pictures.run("workflow/run", "--report", str(report), "data/pictures/manifest.json")
    for figure in ("regimes", "errors", "transition", "plane", "samples"):
        lines = (pictures.path / f"figures/pictures/{figure}.txt").read_text().splitlines()
        for line in lines:
            assert json.dumps(line.replace('"', "&quot;"))[1:-1] in report.read_text()


def test_a_study_without_figures_is_refused(pictures):
    said = pictures.run("lowd", "report", "elsewhere", code=1)
    assert "figures/elsewhere: no figure of this study is here" in said


def test_every_picture_is_drawn_and_every_fold_opens_by_keyboard(opened):
    pictures = opened.locator("figure img")
    assert pictures.count() == 6
    assert pictures.evaluate_all("all => all.every(one => one.complete && one.naturalWidth > 100)")
    assert pictures.evaluate_all("all => all.every(one => one.alt.length > 20)")
    fold = opened.locator("#pictures-errors details", has_text="Lineage")
    assert not fold.locator("svg").is_visible()
    fold.locator("summary").focus()
    opened.keyboard.press("Enter")
    assert fold.locator("svg").is_visible()
    assert "collect" in (fold.locator("svg").text_content() or "")
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.getAttribute('role')") == "group"


def test_a_click_on_a_header_sorts_the_cells_by_value(opened):
    fold = opened.locator("#pictures-errors details", has_text="Cells")
    fold.locator("summary").click()
    header = fold.get_by_role("button", name="e_gen")
    column = fold.locator("tbody td:nth-child(4)")
    for order, sign in (("ascending", 1), ("descending", -1)):
        header.click()
        values = [float(text.split(" ±")[0]) for text in column.all_inner_texts()]
        assert values == sorted(values, key=lambda value: sign * value) and len(set(values)) > 1
        assert fold.locator(f"th[aria-sort={order}]").inner_text().startswith("e_gen")


def test_a_narrow_screen_scrolls_down_only(browser, page):
    tab = browser.new_page()
    tab.set_viewport_size({"width": 360, "height": 740})
    tab.goto(page.as_uri())
    for summary in tab.locator("summary").all():
        summary.click()
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360


def job(name):
    return Path(name)


def test_boxes_of_a_lineage_stand_apart_and_their_curves_go_right():
    makers = {
        job("teacher"): [],
        job("pool"): [job("teacher")],
        job("noise"): [],
        job("train-a"): [job("pool")],
        job("train-b"): [job("pool")],
        job("score"): [job("train-a"), job("train-b"), job("noise")],
    }
    steps = {path: path.name.split("-")[0] for path in makers}
    sound = {path: path.name != "train-b" for path in makers}
    drawn = graph(makers, steps, sound)
    boxes = {box.name: box for box in drawn.boxes}
    assert (boxes["train"].jobs, boxes["train"].verified, boxes["train"].sound) == (2, 1, False)
    assert boxes["score"].sound
    corners = [(box.x, box.y) for box in drawn.boxes]
    for i, (x, y) in enumerate(corners):
        assert 0 <= x <= drawn.width - WIDTH and 0 <= y <= drawn.height - HEIGHT
        for other_x, other_y in corners[:i]:
            assert abs(x - other_x) >= WIDTH or abs(y - other_y) >= HEIGHT
    assert len(drawn.curves) == 4  # both trainings share theirs
    for curve in drawn.curves:
        start, _, _, end = re.findall(r"[-\d]+ [-\d]+", curve)
        assert int(start.split()[0]) < int(end.split()[0])
