"""Students that were trained elsewhere."""

import io
import json
import os
import pickle
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

from lowd.cost.bills import bill
from lowd.diffusion.settings import SamplerSettings
from lowd.graph.graph import Graph
from lowd.kinds.external.assess import AssessStep, assess
from lowd.kinds.external.denoisers import load
from lowd.kinds.external.draw import DrawStep, draw
from lowd.kinds.external.memorise import MemoriseStep, memorise
from lowd.kinds.external.sample import SampleStep, sample
from lowd.kinds.external.settings import (
    CustomStudents,
    ExportedStudents,
    FilesOfPoints,
    PartsOfPool,
    RowsOfPool,
    ScriptedStudents,
)
from lowd.kinds.external.show import ShowStep, show
from lowd.kinds.external.training_sets import TrainingSetsStep, training_sets
from lowd.kinds.transition.collect import CollectStep, collect
from lowd.kinds.transition.controls import ControlsStep, controls
from lowd.kinds.transition.score import ScoreStep, score
from lowd.models.settings import MLPSettings
from lowd.parsing import parse_settings
from lowd.settings import Params
from lowd.store.arrays import read_store, write_store
from lowd.table import graph, read_graph

CPU = torch.device("cpu")
SHAPE = (4,)
SAMPLES, REPLICATES = (2, 4), 2
KINDS = {"torchscript": ScriptedStudents, "exported": ExportedStudents}
SAMPLER = SamplerSettings(steps=3)


class Shrink(nn.Module):
    """D(x, sigma) = w x / (1 + σ²), w = 1: the posterior mean of a unit Gaussian."""

    def __init__(self, batches=None):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4))

    def forward(self, x, sigma):
        return self.weight * x / (1 + sigma[:, None] ** 2)


class Still(nn.Module):
    """The same for images, from a level of 1."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4))

    def forward(self, x, sigma):
        return x * self.weight.mean() / (1 + sigma[:, None, None, None])


class Evil:
    def __reduce__(self):
        return os.system, ("touch EVIL",)


def exported(path, fixed=False):
    sizes = None if fixed else ({0: torch.export.Dim("batch")},) * 2
    program = torch.export.export(Shrink(), (torch.ones(3, 4), torch.ones(3)), dynamic_shapes=sizes)
    torch.export.save(program, path)
    return path


def scripted(path, module=None):
    torch.jit.save(torch.jit.trace(module or Shrink(), (torch.ones(2, 4), torch.ones(2))), path)
    return path


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("inputs").mkdir()
    return tmp_path


@pytest.mark.parametrize(("kind", "save"), [("torchscript", scripted), ("exported", exported)])
def test_a_file_is_the_denoiser_that_was_saved(kind, save):
    student = load(KINDS[kind](kind=kind, path="unused"), save(Path("d.pt2")), SHAPE, CPU)
    x = torch.randn(7, 4)
    torch.testing.assert_close(student.denoise(x, 2.0), x / 5)
    levels = torch.arange(7.0)
    torch.testing.assert_close(student.denoise(x, levels), x / (1 + levels[:, None] ** 2))
    assert student.parameters == 4


@pytest.fixture(scope="module")
def offered(tmp_path_factory):
    """Files that are, or hold, pickles."""
    folder = tmp_path_factory.mktemp("offered")
    torch.save(nn.Linear(2, 2), folder / "module.pt")
    torch.save(nn.Linear(2, 2).state_dict(), folder / "state.pt")
    torch.save(Evil(), folder / "evil.pt")
    (folder / "evil.pkl").write_bytes(pickle.dumps(Evil()))
    (folder / "text.pt").write_text("no checkpoint")
    inner = io.BytesIO()
    torch.save(Evil(), inner)
    with (
        zipfile.ZipFile(exported(folder / "sound.pt2")) as sound,
        zipfile.ZipFile(folder / "evil.pt2", "w") as evil,
    ):
        for item in sound.infolist():
            hides = "sample_inputs" in item.filename
            evil.writestr(item.filename, inner.getvalue() if hides else sound.read(item))
    return folder


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "name", ["module.pt", "state.pt", "evil.pt", "evil.pkl", "evil.pt2", "text.pt"]
)
def test_a_pickle_is_refused_in_one_line_and_never_run(offered, kind, name):
    with pytest.raises(ValueError, match=r"pickles are never opened$") as refused:
        load(KINDS[kind](kind=kind, path="unused"), offered / name, SHAPE, CPU)
    assert str(refused.value).startswith(f"{offered / name}: not a")
    assert "\n" not in str(refused.value)
    assert not Path("EVIL").exists()


def test_the_pickle_that_is_refused_would_have_run(offered):
    torch.load(offered / "evil.pt", weights_only=False)
    assert Path("EVIL").exists()


OPENERS = """
import torch
from torch import nn
def plain(path, gain=1.0): return lambda x, sigma: gain * x
def module(path): return nn.Bilinear(4, 1, 4)
def narrow(path): return lambda x, sigma: x[:, :2]
def nothing(path): return lambda x, sigma: None
def infinite(path): return lambda x, sigma: x / 0
def noisy(path): return lambda x, sigma: x + torch.randn_like(x)
def number(path): return 3
def raising(path): raise RuntimeError("no\\nweights")
def failing(path):
    def denoise(x, sigma): raise KeyError("w")
    return denoise
"""


@pytest.fixture
def openers(monkeypatch):
    Path("inputs/openers.py").write_text(OPENERS)
    monkeypatch.syspath_prepend("inputs")
    monkeypatch.delitem(sys.modules, "openers", raising=False)


def custom(name, **given):
    return CustomStudents(kind="custom", path="inputs/{N}-{replicate}", entry=name, **given)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("plain", "give `parameters`"),
        ("narrow", r"maps x \(2, 4\) to \(2, 2\)"),
        ("nothing", "to NoneType"),
        ("infinite", "is not finite"),
        ("noisy", "answers the same call differently"),
        ("number", "returns 3"),
        ("raising", r"RuntimeError: no weights\)"),
        ("failing", r"fails on x \(2, 4\) at sigma 0.5.*KeyError"),
        ("module", r"fails on x"),
        ("absent", "AttributeError"),
    ],
)
def test_what_an_entry_makes_of_a_checkpoint_is_tried(openers, name, reason):
    given = {} if name in ("plain", "module") else {"parameters": 1}
    with pytest.raises(ValueError, match=f"^here: .*{reason}") as refused:
        load(custom(f"openers:{name}", **given), Path("here"), SHAPE, CPU)
    assert "\n" not in str(refused.value)


def test_a_denoiser_of_an_entry_gets_options_and_a_count(openers):
    students = custom("openers:plain", options={"gain": 2.0}, parameters=7)
    student = load(students, Path("here"), SHAPE, CPU)
    assert student.parameters == 7 and (student.denoise(torch.ones(1, 4), 1.0) == 2).all()


def test_an_export_for_one_size_of_batch_is_refused():
    path = exported(Path("fixed.pt2"), fixed=True)
    with pytest.raises(ValueError, match="for any number of samples"):
        load(ExportedStudents(kind="exported", path="unused"), path, SHAPE, CPU)


def store(name, dims, values, coordinates=None):
    write_store(Path(name), xr.Dataset({dims[0]: (dims[1:], values)}, coordinates))
    return Path(name)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.fixture
def pool():
    drawn = {
        "samples": (("sample", "feature"), normal(12, 4)),
        "reference": (("reference_sample", "feature"), normal(9, 4, seed=4)),
    }
    write_store(Path("pool.zarr"), xr.Dataset(drawn))
    return Path("pool.zarr")


def gathered(pool, sets, samples=SAMPLES):
    step = TrainingSetsStep(sets=sets, shape=SHAPE, samples=samples, replicates=REPLICATES)
    training_sets(step, pool=pool, output=Path("sets.zarr"))
    return read_store(Path("sets.zarr"))


def of_cell(sets, n, replicate):
    first = int(sets["first"].sel(N=n, replicate=replicate))
    return sets["samples"].values[first : first + n]


def test_training_sets_are_the_files_the_rows_or_the_parts(pool):
    points = read_store(pool)["samples"].values
    for replicate in (0, 1):
        np.save(f"inputs/rows-{replicate}.npy", np.arange(4)[::-1] + 4 * replicate)
        np.savez(f"inputs/set-4-{replicate}.npz", normal(4, 4, seed=replicate + 1))
        np.save(f"inputs/set-2-{replicate}.npz.npy", 0)
    rows = gathered(pool, RowsOfPool(kind="rows", path="inputs/rows-{replicate}.npy"))
    np.testing.assert_array_equal(of_cell(rows, 2, 1), points[[7, 6]])
    np.testing.assert_array_equal(of_cell(rows, 4, 0), points[[3, 2, 1, 0]])
    parts = gathered(pool, PartsOfPool(kind="pool"))
    np.testing.assert_array_equal(of_cell(parts, 4, 1), points[6:10])
    files = gathered(pool, FilesOfPoints(kind="files", path="inputs/set-{N}-{replicate}.npz"))
    np.testing.assert_array_equal(of_cell(files, 4, 1), normal(4, 4, seed=2))
    assert files["first"].values.tolist() == [[-1, -1], [0, 4]]


def test_images_in_a_folder_are_from_minus_one_to_one(pool):
    from PIL import Image

    images = store(
        "images.zarr",
        ("samples", "sample", "channel", "height", "width"),
        np.full((9, 1, 2, 2), 0.5, np.float32),
    )
    for replicate in (0, 1):
        Path(f"inputs/{replicate}").mkdir()
        for number in range(2):
            pixels = np.full((2, 2), 255 * number, np.uint8)
            Image.fromarray(pixels).save(f"inputs/{replicate}/{number}.png")
    step = TrainingSetsStep(
        sets=FilesOfPoints(kind="files", path="inputs/{replicate}"),
        shape=(1, 2, 2),
        samples=(2,),
        replicates=2,
    )
    training_sets(step, pool=images, output=Path("sets.zarr"))
    points = read_store(Path("sets.zarr"))["samples"].values
    assert points.mean((1, 2, 3)).tolist() == [-1, 1, -1, 1]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (normal(3, 4), r"3 points, .* N = 4, replicate 0, has 4"),
        (normal(4, 5), r"\(4, 5\); the teacher's samples, and so points, are of \(4,\)"),
        (np.full((4, 4), np.nan), "16 values are not finite"),
        (np.full((4, 4), 128.0), "root mean square 128, .* give points in the teacher's units"),
        (np.zeros((4, 4), int), "int64 values"),
        (np.array([Evil()] * 4), "not one array of numbers"),
    ],
)
def test_a_training_set_that_is_something_else_is_refused_in_one_line(pool, content, reason):
    for replicate in (0, 1):
        np.save(f"inputs/{replicate}.npy", content, allow_pickle=True)
    with pytest.raises(ValueError, match=rf"^inputs/0\.npy: .*{reason}") as refused:
        gathered(pool, FilesOfPoints(kind="files", path="inputs/{replicate}.npy"), (4,))
    assert "\n" not in str(refused.value)
    assert not Path("EVIL").exists() and not Path("sets.zarr").exists()


@pytest.mark.parametrize(
    ("rows", "reason"),
    [([0, 1, 1, 2], "a row stands twice"), ([0, 1, 2, 12], "rows 0 to 11"), ([0.0] * 4, "float64")],
)
def test_rows_have_to_be_of_the_pool_and_different(pool, rows, reason):
    np.save("inputs/0.npy", rows)
    with pytest.raises(ValueError, match=rf"^inputs/0\.npy: .*{reason}"):
        gathered(pool, RowsOfPool(kind="rows", path="inputs/{replicate}.npy"), (4,))


def test_none_there_is_a_mistake_in_the_pattern(pool):
    with pytest.raises(ValueError, match=r"^training_sets\.path: none of 4 files .* inputs/2-0"):
        gathered(pool, FilesOfPoints(kind="files", path="inputs/{N}-{replicate}"))


def sampled(students, name="m"):
    noise = store("noise.zarr", ("noise", "noise", "feature"), normal(16, 4, seed=9))
    step = SampleStep(
        name=name,
        students=students,
        shape=SHAPE,
        samples=SAMPLES,
        replicates=REPLICATES,
        sampler=SAMPLER,
    )
    sample(step, noise=noise, output=Path(f"{name}.zarr"))
    return read_store(Path(f"{name}.zarr"), finite=False)


def test_samples_are_the_flow_of_each_student_and_missing_ones_are_nan(capsys):
    students = ScriptedStudents(kind="torchscript", path="inputs/{N}-{replicate}.pt")
    scripted(Path("inputs/2-0.pt"))
    scripted(Path("inputs/4-1.pt"))
    made = sampled(students)
    assert made["samples"].dims == ("N", "replicate", "noise", "feature")
    there = np.isfinite(made["samples"]).all(("noise", "feature"))
    assert there.values.tolist() == [[True, False], [False, True]]
    np.testing.assert_array_equal(
        made["samples"].sel(N=2, replicate=0), made["samples"].sel(N=4, replicate=1)
    )
    # Of a unit Gaussian the flow is linear: every noise is scaled alike.
    noises = read_store(Path("noise.zarr"))["noise"].values
    ratio = made["samples"].sel(N=2, replicate=0).values / noises
    np.testing.assert_allclose(ratio, ratio.mean(), rtol=1e-4)
    assert int(made["parameters"]) == 4
    assert (
        "m: 2 of 4 checkpoints are missing: inputs/2-1.pt, inputs/4-0.pt" in capsys.readouterr().err
    )


def test_students_of_one_model_have_one_number_of_parameters(openers):
    class Larger(Shrink):
        def __init__(self):
            super().__init__()
            self.more = nn.Parameter(torch.zeros(1))

    students = ScriptedStudents(kind="torchscript", path="inputs/{N}-{replicate}.pt")
    with pytest.raises(ValueError, match=r"^models\.m\.path: none of 4 checkpoints"):
        sampled(students)
    scripted(Path("inputs/2-0.pt"))
    scripted(Path("inputs/2-1.pt"), Larger())
    with pytest.raises(ValueError, match=r"inputs/2-1.pt has 5 parameters and inputs/2-0.pt has 4"):
        sampled(students)
    Path("inputs/2-1.pt").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ValueError, match=r"^models\.m, N = 2, replicate 1: inputs/2-1\.pt: not a"):
        sampled(students)
    assert not Path("m.zarr").exists() and not Path("EVIL").exists()


@pytest.fixture
def compared(pool):
    """Stores of a teacher, of two models and of the rest that they are compared with."""
    gathered(pool, PartsOfPool(kind="pool"))
    stores = {
        "noise": store("noise.zarr", ("noise", "noise", "feature"), normal(16, 4, seed=3)),
        "teacher": store("teacher.zarr", ("samples", "noise", "feature"), normal(16, 4, seed=4)),
        "pool": pool,
        "sets": Path("sets.zarr"),
        "yardstick": Path("yardstick.json"),
    }
    rule = {"descriptor": "identity", "mean": None, "rule": {"nearest": 0.9}, "threshold": 0.6}
    stores["yardstick"].write_text(json.dumps(rule | {"teacher": {}}))
    memorise(
        MemoriseStep(sampler=SAMPLER),
        sets=stores["sets"],
        noise=stores["noise"],
        output=Path("empirical.zarr"),
    )
    stores["empirical"] = Path("empirical.zarr")
    grid = {"N": list(SAMPLES), "replicate": list(range(REPLICATES))}
    for seed, (name, width) in enumerate({"a": 5, "b": 9}.items(), start=10):
        dims = ("N", "replicate", "noise", "feature")
        samples = (dims, normal(2, 2, 16, 4, seed=seed))
        counted = xr.Dataset({"samples": samples, "parameters": 100 * width}, grid)
        write_store(Path(f"{name}.zarr"), counted)
    return stores


def assessed(stores, output="results.zarr"):
    assess(
        AssessStep(models=("a", "b")),
        generated=[Path("a.zarr"), Path("b.zarr")],
        quality=stores["yardstick"],
        output=Path(output),
        **stores,
    )
    return read_store(Path(output), finite=False)


def test_scores_are_those_of_a_transition_study_of_the_same_samples(compared):
    ours = assessed(compared)
    with_pool = {name: compared[name] for name in ("teacher", "empirical", "pool", "yardstick")}
    for name, others in {"a": (), "b": ("a",)}.items():
        score(
            ScoreStep(name=name, samples=SAMPLES, replicates=REPLICATES, others=others),
            generated=Path(f"{name}.zarr"),
            output=Path(f"score-{name}.zarr"),
            other=[Path(f"{other}.zarr") for other in others],
            **with_pool,
        )
    controls(
        ControlsStep(samples=SAMPLES, replicates=REPLICATES),
        noise=compared["noise"],
        output=Path("controls.zarr"),
        **with_pool,
    )
    widths = {
        name: MLPSettings(architecture="mlp", width=width)
        for name, width in {"a": 5, "b": 9}.items()
    }
    collect(
        CollectStep(
            models=widths,
            shape=SHAPE,
            noises=len(read_store(compared["noise"])["noise"]),
            sampler="heun, 3 steps",
        ),
        score=[Path("score-a.zarr"), Path("score-b.zarr")],
        controls=Path("controls.zarr"),
        yardstick=compared["yardstick"],
        output=Path("theirs.zarr"),
    )
    theirs = read_store(Path("theirs.zarr"), finite=False)
    assert set(ours.variables) == set(theirs.variables)
    # Slopes go by |θ|, which is another here.
    others = ("slope", "spread", "rescaled", "parameters")
    for name in theirs.variables:
        if not name.startswith(others):
            xr.testing.assert_allclose(
                ours[name].drop_vars("parameters", errors="ignore"),
                theirs[name].drop_vars("parameters", errors="ignore"),
            )
    assert ours["parameters"].values.tolist() == [500, 900]
    assert ours.attrs["missing"] == 0 and ours.attrs["cells"] == 8
    assert np.isfinite(ours["frechet"]).all()


def test_what_is_missing_or_shared_is_left_out_and_said(compared, capsys):
    whole = assessed(compared)
    broken = read_store(Path("a.zarr")).load()
    broken["samples"].loc[{"N": 2, "replicate": 0}] = np.nan
    write_store(Path("a.zarr"), broken)
    sets = read_store(Path("sets.zarr")).load()
    sets["first"].loc[{"N": 4, "replicate": 1}] = -1
    sets["shared"].loc[{"N": 4}] = 3
    write_store(Path("sets.zarr"), sets)
    part = assessed(compared, "part.zarr")
    gone = {name: np.isnan(part[name]) & np.isfinite(whole[name]) for name in whole.data_vars}
    assert [int(gone["e_gen"].sel(model=m).sum()) for m in "ab"] == [1, 0]
    assert gone["gl"].sel(model="b").values.tolist() == [[False, False], [False, True]]
    assert gone["rp_disjoint"].sel(model="b").values.tolist() == [[False], [True]]
    assert gone["rp_disjoint"].sel(model="a").values.tolist() == [[True], [True]]
    assert gone["rp_same"].values.tolist() == [[[True, False], [False, False]]]
    assert gone["gl_teacher"].values.tolist() == [[False, False], [False, True]]
    assert "replicates 0 and 1 share 3 points at N = 4" in capsys.readouterr().err
    draw(DrawStep(name="errors"), results=Path("part.zarr"), output=[Path("f.png"), Path("f.txt")])
    caption = Path("f.txt").read_text()
    assert "Of 8 cells 1 are missing" in caption and "1 pairs of training sets share" in caption


def test_captions_say_nothing_of_a_training_that_nobody_has_seen(compared):
    assessed(compared)
    for name in ("regimes", "errors", "memorised", "transition", "plane"):
        files = [Path("f.png"), Path("f.txt")]
        draw(DrawStep(name=name), results=Path("results.zarr"), output=files)
        caption = Path("f.txt").read_text()
        assert "learning rate" not in caption and "steps" not in caption
        assert "this training" not in caption
        assert "trained elsewhere" in caption and "missing" not in caption


def test_the_sheet_shows_the_first_replicate_that_is_there():
    dims = ("sample", "channel", "height", "width")
    images = normal(8, 1, 2, 2)
    sets = xr.Dataset(
        {
            "samples": (dims, images),
            "first": (("N", "replicate"), [[-1, 0], [-1, 2]]),
            "shared": (("N", "disjoint_pair"), [[0], [0]]),
        },
        {"N": [2, 4], "replicate": [0, 1], "disjoint_pair": ["0|1"]},
    )
    write_store(Path("sets.zarr"), sets)
    samples = np.stack([np.stack([images[:2]] * 2), np.full((2, 2, 1, 2, 2), np.nan)])
    samples[1, 1] = images[2:4]
    over = ("N", "replicate", "noise", *dims[1:])
    write_store(
        Path("m.zarr"), xr.Dataset({"samples": (over, samples)}, {"N": [2, 4], "replicate": [0, 1]})
    )
    teacher = store("t.zarr", ("samples", "noise", *dims[1:]), images[:2])
    show(
        ShowStep(name="m"),
        teacher=teacher,
        generated=Path("m.zarr"),
        sets=Path("sets.zarr"),
        output=[Path("f.png"), Path("f.txt")],
    )
    assert "0.00 at N = 2; 0.00 at N = 4" in Path("f.txt").read_text()


STUDY = """
studies:
  s:
    kind: external
    teacher: {{kind: molrg, dimension: 4, rank: 2}}
    pool: {{size: {pool}}}
    samples: [2, 4]
    training_sets: {sets}
    models: {{a: {model}}}
"""
SETS = '{kind: files, path: "inputs/{N}-{replicate}.npy"}'
MODEL = '{kind: torchscript, path: "inputs/{N}-{replicate}.pt"}'


def declared(pool=12, sets=SETS, model=MODEL):
    return parse_settings(Params, STUDY.format(pool=pool, sets=sets, model=model), "params.yaml")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"model": MODEL.replace("{N}", "n")}, r"models\.a\.path: .* put {N} in it"),
        ({"model": MODEL.replace("{N}", "{N}{seed}")}, r"models\.a\.path: {seed} is neither"),
        ({"model": MODEL.replace("{N}", "{N")}, r"models\.a\.path: .* is no pattern"),
        ({"model": MODEL.replace("{N}", "{N:s}")}, r"models\.a\.path: .* is no pattern"),
        ({"model": MODEL.replace("inputs", "data")}, r"models\.a\.path: data.* is not in inputs/"),
        ({"sets": SETS.replace("{replicate}", "r")}, r"training_sets\.path: .* put {replicate} in"),
        ({"sets": "{kind: pool}", "pool": 7}, "samples: 2 disjoint replicates of 4 exceed"),
        ({"pool": 3}, "pool.size: 3 samples are fewer than the 4 of the largest N"),
        ({"model": "{kind: pickle, path: a}"}, r"models\.a: 'pickle' is none of"),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(changes, reason):
    with pytest.raises(ValueError, match=rf"^studies\.s\.{reason}"):
        declared(**changes)


def test_numbers_may_be_filled_up_with_zeros():
    students = ScriptedStudents(kind="torchscript", path="inputs/{N:04d}-{replicate}.pt")
    assert students.places([2, 16], 1) == {
        (2, 0): Path("inputs/0002-0.pt"),
        (16, 0): Path("inputs/0016-0.pt"),
    }


def test_features_of_a_network_are_scored_where_the_study_has_one(openers):
    from lowd.cli.planned import planned
    from lowd.cli.run import run

    Path("inputs/features.py").write_text("def flat(): return lambda images: images.flatten(1)\n")
    text = STUDY.format(pool=12, sets="{kind: pool}", model=MODEL).replace(
        "{kind: molrg, dimension: 4, rank: 2}", "{kind: molrg_images, shape: [1, 2, 2], rank: 2}"
    )
    more = "    descriptor: {kind: custom, entry: 'features:flat'}\n    noise: {size: 8}\n"
    Path("params.yaml").write_text(text + more + "    sampler: {steps: 2}\n")
    for n in SAMPLES:
        torch.jit.save(torch.jit.script(Still()), f"inputs/{n}-0.pt")
    target = "results/s.zarr"
    order = [job.statement for job in read_graph().leading_to([Path(target)]).in_order]
    for job in sorted(planned([target]), key=lambda job: order.index(job.statement)):
        run(job.step, job.settings, dict(job.paths), job.statement)
    results = read_store(Path("results/s.zarr"), finite=False)
    assert np.isfinite(results["gl"]).values.tolist() == [[[True, False], [True, False]]]
    assert results["parameters"].values.tolist() == [4]
    assert "custom" in results.attrs["descriptor"]


def test_one_file_of_a_replicate_may_hold_the_sets_of_all_n():
    assert declared(sets='{kind: rows, path: "inputs/{replicate}.npy"}')


def test_a_job_reads_the_checkpoints_that_are_there_and_what_is_known_is_priced():
    Path("inputs/2-0.pt").touch()
    jobs = {job.statement.stem: job for job in graph(declared()).jobs}
    assert jobs["sample-a"].step.own_files(jobs["sample-a"].settings) == {
        "trained_elsewhere": [Path("inputs/2-0.pt")]
    }
    bills = {name: bill(job, Graph(jobs.values())) for name, job in jobs.items()}
    assert {name for name, one in bills.items() if not one.is_modelled} == {"sample-a"}
    # A pair of noise and point: weights and means by a product each, 35 evaluations of Heun's.
    assert bills["memorise"].flops == 35 * 512 * 2 * (2 + 4) * 4 * 4
    assert bills["sample-a"].disk > 0 and bills["assess"].work
