"""`lowd evaluate`: samples of any model, in any folder."""

import io
import json
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import zarr
from pictures import write_png16
from PIL import Image
from typer.testing import CliRunner

import lowd
from lowd.cli.app import app
from lowd.evaluation.folders import open_folder
from lowd.evaluation.score import number
from lowd.evaluation.sets import Reading
from lowd.evaluation.wording import line
from lowd.metrics.estimate import Estimate
from lowd.store.arrays import read_store

PAGE = (Path(__file__).parents[1] / "docs/evaluate.md").read_text()
COPIES, OTHERS, TRAINING = 60, 340, 400


def pictures(count, seed):
    """Smooth coloured pictures with some noise, 32 × 32."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        coarse = np.uint8(np.clip(128 + 55 * random.normal(size=(6, 6, 3)), 0, 255))
        smooth = np.asarray(Image.fromarray(coarse).resize((32, 32), Image.Resampling.BICUBIC))
        noisy = smooth + 8 * random.normal(size=smooth.shape)
        yield Image.fromarray(np.uint8(np.clip(noisy, 0, 255)))


def copy(picture, kind):
    """A copy: exact, mirrored, cropped by a tenth, or through JPEG."""
    match kind:
        case 1:
            return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        case 2:
            return picture.crop((2, 2, 31, 31)).resize((32, 32), Image.Resampling.BICUBIC)
        case 3:
            file = io.BytesIO()
            picture.save(file, "JPEG", quality=60)
            return Image.open(file)
    return picture


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Training pictures and generated ones, of which the last are copies of the first of those."""
    folder = tmp_path_factory.mktemp("own")
    training = list(pictures(TRAINING, 1))
    copies = [copy(training[at], at % 4) for at in range(COPIES)]
    for name, shown in {"training": training, "generated": [*pictures(OTHERS, 2), *copies]}.items():
        (folder / name / "inner").mkdir(parents=True)
        for at, picture in enumerate(shown):
            picture.save(folder / name / ("inner" if at % 2 else "") / f"{at:04}.png")
    return folder


@pytest.fixture(autouse=True)
def elsewhere(folder, tmp_path, monkeypatch):
    """A folder without git, and a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for name in ("training", "generated"):
        Path(name).symlink_to(folder / name)


def run(*arguments):
    """What the command says; it has to end well."""
    ended = CliRunner().invoke(app, ["evaluate", *map(str, arguments)])
    assert ended.exit_code == 0, ended.output
    return ended.output


def refused(*arguments):
    """The one line of a command that is refused."""
    ended = CliRunner().invoke(app, ["evaluate", *map(str, arguments)])
    assert ended.exit_code, ended.output
    (line,) = ended.output.strip().splitlines()
    return line.removeprefix("lowd evaluate: ")


def test_what_is_shown_of_an_image_stands_as_it_is_compared(tmp_path):
    lying = next(pictures(1, 1)).crop((0, 0, 32, 16))
    exif = lying.getexif()
    exif[0x0112] = 6  # to be turned by 90° clockwise
    (tmp_path / "lying").mkdir()
    lying.save(tmp_path / "lying/a.png", exif=exif)
    samples = open_folder(tmp_path / "lying", Reading())
    compared = (next(iter(samples.blocks()))[0] + 1) * 127.5
    np.testing.assert_array_equal(samples.image(0).transpose(2, 0, 1), compared.round())


def test_a_deep_image_is_refused_by_name(tmp_path):
    (tmp_path / "deep").mkdir()
    write_png16(tmp_path / "deep/a.png", np.zeros((8, 8, 3), ">u2"))
    assert refused("deep", "--training", "training") == (
        "deep/a.png: more than 8 bits a pixel; convert it to 8 bits"
    )


def test_the_page_s_command_finds_every_copy_and_shows_its_pair():
    (command,) = re.findall(r"^    lowd evaluate (generated .*)$", PAGE, re.M)
    said = run(*command.split())
    assert "memorised, above τ" in said and "[" in said
    results = read_store(Path("evaluation/results.zarr"), finite=False)
    share = COPIES / (COPIES + OTHERS)
    beyond = float(results["memorised_beyond"].squeeze())
    assert abs(beyond - share) < 0.02
    page = Path("evaluation/evaluation.html").read_text()
    assert page.count('<li class="copy">') >= 48 and "http" not in page  # nothing is fetched
    assert sorted(path.name for path in Path("evaluation/figures").iterdir()) == [
        "similarity.csv",
        "similarity.png",
        "similarity.svg",
        "similarity.txt",
    ]


def textures(count, seed):
    """Coloured pictures of a power spectrum as of photographs, 16 × 16: many directions."""
    random = np.random.default_rng(seed)
    grid = np.hypot(*np.meshgrid(*[np.fft.fftfreq(16)] * 2))
    grid[0, 0] = 1 / 16
    waves = random.normal(size=(2, count, 3, 16, 16)) / grid**1.5
    shown = np.fft.ifft2(waves[0] + 1j * waves[1]).real
    shown /= 2.5 * shown.std(axis=(2, 3), keepdims=True)
    return np.uint8(np.clip(127.5 * (1 + shown), 0, 255))


@pytest.mark.parametrize("count", [100, 400])
def test_fresh_samples_exceed_a_threshold_found_without_any_as_seldom_as_it_says(count):
    """Also where the descriptor has as many directions to fit as there are training samples."""
    training, generated = textures(count, 1), textures(1000, 2)
    generated[:100] = training[:100]
    found = lowd.evaluate(generated, training)
    above = found.matches.similarity > found.threshold.value
    assert above[:100].all()
    # 1 %, known from so many training samples, and a tail that five fits spread.
    assert above[100:].mean() < 0.01 + 3 * (0.01 / count) ** 0.5


def test_held_out_samples_that_were_trained_on_are_told_and_left_out():
    training, others = textures(200, 1), textures(100, 3)
    found = lowd.evaluate(training, training, held_out=np.concatenate([training[:50], others]))
    assert found["memorised"].estimate.value == 1
    assert any("50 of the held-out samples equal" in said for said in found.threshold.warnings)
    alone = lowd.evaluate(training, training, held_out=others)
    assert alone.threshold.value == found.threshold.value and not alone.threshold.warnings[1:]
    with pytest.raises(ValueError, match="held_out: fewer than two samples that no training"):
        lowd.evaluate(training, training, held_out=training)


def test_a_model_that_copies_nothing_has_a_share_beyond_chance_in_its_interval():
    training, generated = np.random.default_rng(0).normal(size=(2, 300, 8))
    found = lowd.evaluate(generated + 9 * np.eye(8)[0], training)["memorised_beyond"]
    assert found.low <= found.estimate.value <= found.high


def test_training_samples_without_a_direction_have_no_level_of_diversity():
    alike = np.full((9, 8), 3.0)
    found = lowd.evaluate(np.random.default_rng(0).normal(size=(20, 8)), alike, threshold=0.6)
    assert np.isnan(found["vendi"].level) and found["vendi"].estimate.value > 1


def test_a_number_needs_no_descriptor_that_is_fitted_anew():
    flat = np.stack([np.zeros((3, 16, 16), np.uint8), np.full((3, 16, 16), 255, np.uint8)])
    assert np.isnan(lowd.evaluate(flat, flat, threshold=0.6).threshold.chance.value)
    with pytest.raises(ValueError, match=r"all images but 1 are the same, .* --threshold"):
        lowd.evaluate(flat, flat)


def test_from_python_as_the_page_says():
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    values = {}
    exec(block, values)
    found = values["found"]
    names = [int(Path(label).stem) for label in found.generated.labels]
    seen = [int(Path(label).stem) for label in found.training.labels]
    above = found.matches.similarity > found.threshold.value
    copies = [at for at, name in enumerate(names) if name >= OTHERS]
    assert len(copies) == COPIES and above[copies].all()
    assert [seen[found.matches.nearest[at]] for at in copies] == [
        names[at] - OTHERS for at in copies
    ]
    assert above.sum() <= COPIES + 0.05 * OTHERS
    assert found["gl"].estimate.value == pytest.approx(1 - above.mean())


def test_features_and_arrays_of_several_are_compared_as_they_are():
    random = np.random.default_rng(0)
    training, generated = random.normal(size=(200, 16)), random.normal(size=(100, 16))
    generated[:30] = 2 * training[:30]  # cosines know no length
    np.savez("both.npz", ours=generated, theirs=training)
    told = json.loads(
        run("both.npz::ours", "--training", "both.npz::theirs", "--features", "--json")
    )
    scores = told["generated"][0]["scores"]
    assert told["descriptor"] == "identity"
    assert scores["memorised"]["value"] == pytest.approx(0.3, abs=0.03)
    low, high = scores["memorised"]["interval"]
    assert low < 0.3 < high


@pytest.mark.parametrize("ours", ["f4", "f8"])
def test_files_of_two_precisions_are_compared_as_those_of_one(ours):
    theirs = {"f4": "f8", "f8": "f4"}[ours]
    drawn = np.random.default_rng(0).normal(size=(5, 60, 8)).astype("f4")
    drawn[0, :20] = drawn[1, :20]
    generated, training, held_out, teacher, empirical = drawn
    for kind in (ours, theirs):
        found = lowd.evaluate(
            generated.astype(ours),
            training.astype(kind),
            held_out=held_out.astype(ours),
            teacher=teacher.astype(kind),
            empirical=empirical.astype(ours),
            features=True,
        )
        values = {name: score.estimate.value for name, score in found.scores.items()}
        if kind == ours:
            alike = values
    assert values == pytest.approx(alike, rel=1e-4, abs=1e-6)
    assert 1 / 3 < values["memorised"] < 0.5


def test_samples_of_the_same_noises_are_compared_pair_by_pair():
    random = np.random.default_rng(0)
    teacher = random.normal(size=(200, 8))
    shift = 0.3 * np.eye(8)[0]
    np.save("teacher.npy", teacher)
    np.save("ours.npy", teacher + shift)
    np.save("training.npy", random.normal(size=(100, 8)))
    found = lowd.evaluate("ours.npy", "training.npy", teacher="teacher.npy", descriptor="identity")
    assert found["e_gen"].estimate.value == pytest.approx(0.3, rel=1e-5)


def test_a_table_becomes_a_grid_with_the_figures_of_a_transition():
    random = np.random.default_rng(0)
    rows = ["name,N,parameters,replicate,generated,training,teacher,empirical"]
    true = random.normal(size=(64, 6))
    np.save("true.npy", true)
    for n in (4, 16, 64):
        for replicate in (0, 1):
            points = random.normal(size=(n, 6))
            nearest = points[((true[:, None] - points) ** 2).sum(-1).argmin(1)]
            np.save(f"points-{n}-{replicate}.npy", points)
            np.save(f"emp-{n}-{replicate}.npy", nearest)
            for name, size, weight in (("small", 100, 4 / n), ("large", 400, min(1, 16 / n))):
                np.save(f"{name}-{n}-{replicate}.npy", weight * nearest + (1 - weight) * true)
                rows.append(
                    f"{name},{n},{size},{replicate},{name}-{n}-{replicate}.npy,"
                    f"points-{n}-{replicate}.npy,true.npy,emp-{n}-{replicate}.npy"
                )
    del rows[3]  # a cell that is missing stays so
    Path("cells.csv").write_text("\n".join(rows) + "\n")
    run("cells.csv", "--descriptor", "identity", "--output", "grid", "--threshold", "0.9")
    results = read_store(Path("grid/results.zarr"), finite=False)
    assert dict(results["e_gen"].sizes) == {"model": 2, "N": 3, "replicate": 2}
    gen, mem = results["e_gen"], results["e_mem"]
    assert int(np.isnan(gen).sum()) == 1
    small = gen.sel(model="small").mean("replicate", skipna=True).values
    assert (np.diff(small) < 0).all()
    assert float(mem.sel(model="large", N=4).max()) < 1e-6
    captions = {path.stem: path.read_text() for path in Path("grid/figures").glob("*.txt")}
    assert captions.keys() == {"errors", "regimes", "transition"}
    for caption in captions.values():
        assert "made elsewhere" in caption
        assert "learning rate" not in caption and "are nested" not in caption


HOSTILE = {
    "nan.npy --training vectors.npy": "nan.npy: 1 of 50 rows are not finite",
    "one.npy --training vectors.npy": "one.npy: 1 sample; give at least 2",
    "short.npy --training vectors.npy": "short.npy: 5 a sample, but vectors.npy has 8",
    "pickled.npy --training vectors.npy": "pickled.npy: not a readable .npy of plain arrays",
    "text.npy --training vectors.npy": "text.npy: not a readable .npy of plain arrays (it is "
    "pickled or something else, and is not opened)",
    "repeated.npy --training repeated.npy": "repeated.npy: fewer than two samples that no other",
    "wide.csv": "wide.csv: row 1: more values than the header has columns",
    "short.csv": "short.csv: row 1: generated: required",
    "typo.csv": "typo.csv: row 1: genrated: no such column; did you mean generated?",
    "columns.csv": "columns.csv: two columns are called 'N'; remove one",
    "keys.yaml": "keys.yaml: not YAML (key 'N' stands twice",
    "latin.csv": "latin.csv: not a readable table ('utf-8' codec can't decode byte 0xe9 in "
    "position 7: invalid continuation byte); save it as UTF-8",
    "alike --training alike": "alike: all reference images are the same",
    "generated --training training --descriptor pickled.pt": "descriptor: pickled.pt is no "
    "TorchScript; write it with torch.jit.save",
    "generated --training training --descriptor exiting:build": "descriptor: 'exiting:build' exits",
    "empty --training generated": "empty: no images in it",
    "gone --training generated": "gone: no such file or folder",
    "bad --training generated": "bad/a.png: not a readable image",
    "missing.csv": "missing.csv: row 1: training: gone.npy: no such file or folder",
    "twice.csv": "twice.csv: rows 1 and 2: both are name=a, N=8, replicate=0",
    "generated --training vectors.npy": "generated: images, but vectors.npy holds vectors",
    "vectors.npy": "--training: required",
    "vectors.npy --training vectors.npy --threshold 2": "threshold: '2' is neither a cosine",
    "vectors.npy --training vectors.npy --output full": "full: holds notes.txt",
    "vectors.npy --training vectors.npy --output /proc/x": "/proc/x: /proc can't be written (",
    "vectors.npy --training vectors.npy --output /": "/: holds ",
    "vectors.npy --training vectors.npy --descriptor veiws": "descriptor: no 'veiws'; choose views",
    "apart.csv": "apart.csv: columns are separated by ';'; use commas",
    "late.csv": "late.csv: row 1: training: gone.npy: no such file or folder",
    "vectors.npy --training vectors.npy --output text.npy/new": "text.npy: a file; give --output",
}


class Trap:
    """Leaves a file if it is ever unpickled."""

    def __reduce__(self):
        return os.mkdir, ("executed",)


@pytest.mark.parametrize(("command", "told"), HOSTILE.items())
def test_what_cannot_be_scored_is_refused_in_one_line(command, told, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(sys, "path", sys.path[:])
    vectors = np.random.default_rng(0).normal(size=(50, 8)).astype("f4")
    broken = vectors.copy()
    broken[3, 2] = np.nan
    files = {"vectors": vectors, "nan": broken, "one": vectors[:1], "short": vectors[:, :5]}
    for name, content in files.items():
        np.save(f"{name}.npy", content)
    np.save("pickled.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    Path("text.npy").write_text("no array")
    Path("empty").mkdir()
    Path("bad").mkdir()
    Path("bad/a.png").write_bytes(b"no image")
    Path("full").mkdir()
    Path("full/notes.txt").touch()
    header = "name,N,parameters,replicate,generated,training\n"
    row = "a,8,100,0,vectors.npy,{}\n"
    Path("missing.csv").write_text(header + row.format("gone.npy"))
    Path("apart.csv").write_text((header + row).replace(",", ";"))
    Path("late.csv").write_text(f"\n{header.replace(',', ', ')}{row.format('gone.npy ')}")
    Path("wide.csv").write_text(header + row.format("vectors.npy,more"))
    np.save("repeated.npy", np.tile(vectors[:3], (9, 1)))
    Path("twice.csv").write_text(header + 2 * row.format("vectors.npy"))
    Path("short.csv").write_text(header + "a,8,100\n")
    Path("typo.csv").write_text(header.replace("generated", "genrated") + row.format("gone.npy"))
    Path("columns.csv").write_text(header.replace("replicate", "N") + row.format("vectors.npy"))
    Path("keys.yaml").write_text("- {name: a, N: 8, N: 16}\n")
    Path("latin.csv").write_bytes("name,N\né,8\n".encode("latin-1"))
    Path("alike").mkdir()
    for at in range(3):
        Image.new("RGB", (8, 8)).save(f"alike/{at}.png")
    torch.save(Trap(), "pickled.pt")
    Path("exiting.py").write_text("def build():\n    raise SystemExit\n")
    before = sorted(Path().rglob("*"))
    assert refused(*command.split()).startswith(told)
    assert sorted(path for path in Path().rglob("*") if "cache" not in path.parts) == before


def test_features_are_computed_once_for_a_content(monkeypatch):
    from lowd.descriptors import views

    first = run("generated", "--training", "training")
    monkeypatch.setattr(views, "reduced", None)
    assert run("generated", "--training", "training") == first


def test_a_descriptor_that_tells_nothing_apart_is_told():
    random = np.random.default_rng(0)
    for name in ("ours", "theirs"):  # all cosines near 1, as of raw bytes
        np.save(f"{name}.npy", 200 + random.normal(size=(300, 16)))
    said = run("ours.npy", "--training", "theirs.npy", "--features", "--threshold", "0.6")
    assert "lowd evaluate: " in said and "centred" in said


def test_a_threshold_that_is_given_needs_no_sample_without_an_equal():
    rows = np.random.default_rng(0).normal(size=(4, 8))
    np.save("repeated.npy", np.tile(rows, (9, 1)))
    run("repeated.npy", "--training", "repeated.npy", "--threshold", "0.6", "--output", "given")
    told = json.loads(run("repeated.npy", "--training", "repeated.npy", "--threshold=.6", "--json"))
    assert told["chance"] is None
    (found,) = told["generated"]
    assert found["scores"]["memorised"]["value"] == 1
    assert "level" not in found["scores"]["gl"]
    assert "memorised_beyond" not in found["scores"]


def test_floats_that_may_be_from_0_to_1_are_told(capsys):
    images = np.random.default_rng(0).random((20, 1, 8, 8))
    scaled = lowd.evaluate(images, images, range=(0.0, 1.0), threshold=0.6)
    assert "--range 0 1" not in capsys.readouterr().err
    lowd.evaluate(images, images, threshold=0.6)
    assert "--range 0 1" in capsys.readouterr().err
    assert scaled["memorised"].estimate.value == 1


@pytest.mark.parametrize(
    ("value", "error", "told"),
    [
        (-0.00034, 0.0004, ("-0.0003", "[-0.0011, 0.0004]")),
        (-0.0000001, 0.004, ("0.000", "[-0.008, 0.008]")),
        (0.16, 0.0082, ("0.160", "[0.144, 0.176]")),
        (-3.1e-7, 4e-7, ("-3.1e-07", "[-1.1e-06, 4.7e-07]")),
        (375.63, 1.4, ("375.6", "[372.9, 378.4]")),
    ],
)
def test_a_number_keeps_its_sign_and_as_many_digits_as_are_known(value, error, told):
    assert line(number("kid", "KID", Estimate(value, error)))[1:3] == told


def test_names_are_shown_as_they_are():
    np.save("[red]x.npy", np.random.default_rng(0).normal(size=(50, 8)))
    shown = run("[red]x.npy", "--training", "[red]x.npy", "--threshold", "0.6")
    assert shown.startswith("[red]x.npy\n")


def test_arrays_are_read_as_a_studys_own_images_are():
    grey = np.random.default_rng(0).integers(1, 255, (8, 6, 7), dtype=np.uint8)
    with pytest.raises(ValueError, match=r"give images\.transpose\(2, 0, 1\)"):
        lowd.evaluate(grey[:6].transpose(1, 0, 2), grey)
    group = zarr.open_group("a.zarr", mode="w")
    group.create_array("images", data=grey)
    zarr.consolidate_metadata("a.zarr")
    images = zarr.open_group("a.zarr", use_consolidated=False)["images"]
    images.append(grey[:3])
    assert len(lowd.evaluate("a.zarr", "a.zarr", threshold=0.6).matches.nearest) == 11
    images.attrs["_FillValue"] = int(grey[0, 0, 0])
    with pytest.raises(ValueError, match="'images' has missing values"):
        lowd.evaluate("a.zarr", "a.zarr", threshold=0.6)
