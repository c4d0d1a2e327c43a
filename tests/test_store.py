"""Files and stores: whole or not at all, equal bytes for equal numbers, damage told by name."""

import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from safetensors.torch import save_file
from zarr.codecs import ZstdCodec

from lowd.diffusion.preconditioning import precondition
from lowd.distributions.molrg import MoLRG
from lowd.models.settings import MLPSettings
from lowd.steps.manifest import ManifestStep, manifest
from lowd.steps.resumable import train_resumably
from lowd.steps.teachers.custom import custom_denoiser
from lowd.steps.teachers.teacher import load_teacher
from lowd.store.arrays import read_store, write_store
from lowd.store.atomic import staged
from lowd.store.checkpoints import load_checkpoint, save_checkpoint
from lowd.store.students import load_students
from lowd.training.draws import Cell
from lowd.training.settings import TrainingSettings
from lowd.training.trainer import Trainer

few = settings(max_examples=20, deadline=None)


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def tree_hash(path):
    files = sorted(p for p in [path, *path.rglob("*")] if p.is_file())
    parts = [(str(p.relative_to(path)), hashlib.sha256(p.read_bytes()).hexdigest()) for p in files]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def write_both(folder):
    """A store and a checkpoint with a bit of everything."""
    numbers = np.random.default_rng(0).standard_normal((300, 4))
    write_store(
        folder / "a.zarr",
        xr.Dataset(
            {"x": (("n", "f"), numbers.astype("f4")), "zero": ("n", np.zeros(300)), "k": 2.5},
            {"n": np.arange(300), "model": ("m", ["mlp-16", "unet"])},
            {"unit": "", "rule": "nearest"},
        ),
    )
    tensors = {name: torch.arange(4.0) + len(name) for name in ("w", "average.w", "b")}
    save_checkpoint(folder / "a.safetensors", tensors, {"z": 1, "cells": [{"N": 2}]})
    return [tree_hash(folder / name) for name in ("a.zarr", "a.safetensors")]


def test_the_same_numbers_are_the_same_bytes_in_every_process(tmp_path):
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    here = write_both(tmp_path / "here")
    code = "import sys, test_store as t; print(*t.write_both(t.Path(sys.argv[1])))"
    elsewhere = {
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path]),
        "PYTHONHASHSEED": "1",
        "TZ": "Asia/Tokyo",
    }
    there = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "there")],
        env=os.environ | elsewhere,
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.split() == here


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_failed_writer_leaves_nothing_and_keeps_the_old(tmp_path, error, kind):
    path = tmp_path / "output.x"

    def put(text, then=None):
        with staged(path) as draft:
            if kind == "folder":
                draft.mkdir()
                draft = draft / "inside"
            draft.write_text(text)
            if then:
                raise then

    with pytest.raises(error):
        put("half", then=error)
    assert names_in(tmp_path) == []
    put("old")
    before = tree_hash(path)
    with pytest.raises(error):
        put("half", then=error)
    assert tree_hash(path) == before
    put("new")
    assert tree_hash(path) != before
    assert names_in(tmp_path) == ["output.x"]


def test_a_writer_that_writes_nothing_keeps_the_old(tmp_path):
    path = tmp_path / "output.json"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), staged(path):
        pass
    assert path.read_text() == "old"


def test_a_draft_that_a_kill_left_is_swept(tmp_path):
    path = tmp_path / "store.zarr"
    with staged(path) as draft:
        left = draft
        draft.mkdir()
    left.mkdir()
    (left / "rubbish").touch()
    with staged(path) as draft:
        draft.mkdir()
    assert names_in(tmp_path) == ["store.zarr"]
    assert names_in(path) == []


def test_a_file_is_never_missing_while_it_is_replaced(tmp_path, monkeypatch):
    path, seen = tmp_path / "state.safetensors", []
    save_checkpoint(path, {"step": torch.tensor(1)}, {})
    rename = Path.replace

    def watched(draft, target):
        seen.append(load_checkpoint(path)[0]["step"].item())
        return rename(draft, target)

    monkeypatch.setattr(Path, "replace", watched)
    save_checkpoint(path, {"step": torch.tensor(2)}, {})
    assert seen == [1]
    assert load_checkpoint(path)[0]["step"] == 2


def test_a_link_is_replaced_and_not_what_it_points_to(tmp_path):
    cache, path = tmp_path / "cache", tmp_path / "output"
    cache.mkdir()
    (cache / "kept").touch()
    path.symlink_to(cache)
    with staged(path) as draft:
        draft.mkdir()
    assert names_in(cache) == ["kept"]
    assert not path.is_symlink()


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
values = st.sampled_from(["f4", "f8", "i4", "i8", "?"]).flatmap(
    lambda dtype: npst.arrays(
        dtype,
        npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
        elements={"allow_nan": False, "allow_infinity": False} if "f" in dtype else None,
    )
)


@few
@given(
    arrays=st.lists(values, min_size=1, max_size=3),
    labels=st.lists(texts, min_size=1, max_size=4, unique=True),
    attributes=st.dictionaries(st.text("abc", min_size=1), texts | st.integers(-9, 9), max_size=3),
)
def test_what_is_written_is_read(tmp_path_factory, arrays, labels, attributes):
    path = tmp_path_factory.mktemp("stores") / "a.zarr"
    dataset = xr.Dataset(
        {
            f"v{i}": ([f"d{i}{axis}" for axis in range(array.ndim)], array, attributes)
            for i, array in enumerate(arrays)
        },
        {"label": labels, "beside": ("label", labels), "name": labels[0]},
        attributes,
    )
    write_store(path, dataset)
    found = read_store(path)
    xr.testing.assert_identical(found, dataset)
    assert all(found[v].dtype == dataset[v].dtype for v in dataset.data_vars)
    before = tree_hash(path)
    write_store(path, found)
    assert tree_hash(path) == before


def test_stores_use_only_what_zarr_specifies(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_both(tmp_path)
        read_store(tmp_path / "a.zarr")
    described = json.loads((tmp_path / "a.zarr" / "model" / "zarr.json").read_text())
    assert described["data_type"] == "string"


def test_a_large_store_is_a_handful_of_files(tmp_path, monkeypatch):
    monkeypatch.setattr("lowd.store.arrays.CHUNK_BYTES", 2**12)
    samples = normal(10_000, 1, 4, 4).numpy()
    dataset = xr.Dataset({"samples": (("sample", "channel", "height", "width"), samples)})
    write_store(tmp_path / "a.zarr", dataset.assign_coords(sample=np.arange(10_000)))
    assert sum(path.is_file() for path in (tmp_path / "a.zarr").rglob("*")) == 5
    assert np.array_equal(read_store(tmp_path / "a.zarr")["samples"].values, samples)


def test_snakemakes_stamp_is_no_damage(tmp_path):
    write_both(tmp_path)
    (tmp_path / "a.zarr" / ".snakemake_timestamp").touch()
    assert read_store(tmp_path / "a.zarr").sizes["n"] == 300


@pytest.mark.parametrize("lost", ["x/c/0/0", "zero/c/0", "k/c", "n/zarr.json", "zarr.json", "x/c"])
def test_a_store_that_lost_a_part_is_refused_by_name(tmp_path, lost):
    write_both(tmp_path)
    path = tmp_path / "a.zarr" / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    # Also where NaN may stand: a lost chunk must not pass for a diverged student.
    with pytest.raises(ValueError, match=r"a\.zarr: damaged"):
        read_store(tmp_path / "a.zarr", finite=False)


LAYOUTS = {
    "chunks": {"chunks": (2, 2)},
    "shards over the edge": {"chunks": (1, 1), "shards": (4, 4)},
    "one shard": {"chunks": (5, 1), "shards": (5, 5)},
}


def laid_out(path, values, compressors="auto", **layout):
    """An array by itself in a store, as zarr writes it by default."""
    group = zarr.open_group(path, mode="w", zarr_format=3)
    array = group.create_array(
        "x", shape=values.shape, dtype=values.dtype, compressors=compressors,
        dimension_names=("a", "b"), **layout,
    )  # fmt: skip
    array[:] = values


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_lost_file_is_missed_whatever_the_chunks_and_shards(tmp_path, layout):
    path, values = tmp_path / "a.zarr", np.arange(1.0, 26).reshape(5, 5)
    written = ZstdCodec(level=3, checksum=True)
    laid_out(path, values, written, **LAYOUTS[layout])
    files = [file for file in (path / "x/c").rglob("*") if file.is_file()]
    for lost in files:
        laid_out(path, values, written, **LAYOUTS[layout])
        lost.unlink()
        with pytest.raises(ValueError, match=r"a\.zarr: damaged store \(1 .* of x lost\)"):
            read_store(path)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("compressors", ["auto", ZstdCodec(level=3, checksum=True)])
def test_a_file_without_a_byte_is_lost_whoever_wrote_it(tmp_path, layout, compressors):
    path = tmp_path / "a.zarr"
    laid_out(path, np.arange(1.0, 26).reshape(5, 5), compressors, **LAYOUTS[layout])
    for file in [file for file in (path / "x/c").rglob("*") if file.is_file()]:
        whole = file.read_bytes()
        file.write_bytes(b"")
        with pytest.raises(ValueError, match=r"a\.zarr: damaged store"):
            read_store(path)
        file.write_bytes(whole)
    read_store(path)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_another_writer_left_out_is_data_and_is_said(tmp_path, capsys, layout):
    values = np.zeros((5, 5))
    values[0, 0] = 3
    laid_out(tmp_path / "a.zarr", values, **LAYOUTS[layout])
    np.testing.assert_array_equal(read_store(tmp_path / "a.zarr")["x"], values)
    said = capsys.readouterr().err
    if layout == "one shard":
        assert said == ""
    else:
        assert "a.zarr: x lacks " in said
        assert "which stand for 0.0" in said


def refusal(path):
    """Why the store is refused; nothing if it is read."""
    try:
        read_store(path)
    except ValueError as error:
        return str(error)
    return ""


@few
@given(data=st.data(), file=st.sampled_from(["x/c/0/0", "zero/c/0", "k/c", "model/c/0"]))
def test_no_flipped_bit_goes_unseen(tmp_path_factory, data, file):
    folder = tmp_path_factory.mktemp("flipped")
    write_both(folder)
    intact = read_store(folder / "a.zarr")
    content = bytearray((folder / "a.zarr" / file).read_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= 1 << data.draw(st.integers(0, 7))
    (folder / "a.zarr" / file).write_bytes(content)
    if told := refusal(folder / "a.zarr"):
        assert str(folder / "a.zarr") in told
    else:
        assert read_store(folder / "a.zarr").identical(intact)


@few
@given(
    keep=st.floats(0, 0.999),
    file=st.sampled_from(["x/c/0/0", "k/c", "model/c/0", "x/zarr.json", "zarr.json"]),
)
def test_a_truncated_store_is_refused_by_name(tmp_path_factory, keep, file):
    folder = tmp_path_factory.mktemp("short")
    write_both(folder)
    path = folder / "a.zarr" / file
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    with pytest.raises(ValueError, match=r"a\.zarr: "):
        read_store(folder / "a.zarr")


def test_what_is_no_store_is_refused_by_name(tmp_path):
    (tmp_path / "file.zarr").write_text("text")
    (tmp_path / "empty.zarr").mkdir()
    for name in ("file.zarr", "empty.zarr"):
        with pytest.raises(ValueError, match=name):
            read_store(tmp_path / name)
    with pytest.raises(FileNotFoundError, match=r"absent\.zarr"):
        read_store(tmp_path / "absent.zarr")


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("where", ["data_vars", "coords"])
def test_values_that_are_not_finite_are_refused_unless_asked_for(tmp_path, value, where):
    array = {"sigma": ("n", np.array([1.0, value, value]))}
    write_store(tmp_path / "a.zarr", xr.Dataset(**{where: array}))
    with pytest.raises(ValueError, match=r"a\.zarr: 2 values of sigma are not finite"):
        read_store(tmp_path / "a.zarr")
    found = read_store(tmp_path / "a.zarr", finite=False)["sigma"].values
    np.testing.assert_array_equal(found, array["sigma"][1])


def test_whoever_may_read_the_folder_may_read_its_files(tmp_path):
    write_both(tmp_path)
    (tmp_path / "plain").touch()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.stat().st_mode for path in files} == {(tmp_path / "plain").stat().st_mode}


def test_running_out_of_memory_is_not_called_damage(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise MemoryError

    write_both(tmp_path)
    monkeypatch.setattr(xr, "load_dataset", fail)
    with pytest.raises(MemoryError):
        read_store(tmp_path / "a.zarr")


@pytest.fixture
def nearly_full_disk():
    """No file can grow beyond 100 kB, which fails as a full disk does."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_an_os_error_that_leaves_the_old_whole(tmp_path, nearly_full_disk):
    before, big = write_both(tmp_path), normal(100_000)
    with pytest.raises(OSError, match=r"a\.zarr"):
        write_store(tmp_path / "a.zarr", xr.Dataset({"x": ("n", big.numpy())}))
    with pytest.raises(OSError, match=r"a\.safetensors"):
        save_checkpoint(tmp_path / "a.safetensors", {"x": big}, {})
    assert [tree_hash(tmp_path / name) for name in ("a.zarr", "a.safetensors")] == before
    assert names_in(tmp_path) == ["a.safetensors", "a.zarr"]


tensors = st.sampled_from([torch.float32, torch.float64, torch.int64, torch.bool]).flatmap(
    lambda dtype: st.lists(st.integers(0, 3), max_size=3).map(
        lambda shape: (normal(*shape) * 10).to(dtype)
    )
)


@few
@given(
    tensors=st.dictionaries(st.text("abc.", min_size=1), tensors, max_size=4),
    metadata=st.dictionaries(texts, st.none() | texts | st.lists(st.integers()), max_size=3),
)
def test_a_checkpoint_is_read_as_it_was_written(tmp_path_factory, tensors, metadata):
    path = tmp_path_factory.mktemp("checkpoint") / "a.safetensors"
    save_checkpoint(path, tensors, metadata)
    found, described = load_checkpoint(path)
    assert described == metadata
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)


@few
@given(keep=st.floats(0, 0.999))
def test_a_truncated_checkpoint_is_refused_by_name(tmp_path_factory, keep):
    path = tmp_path_factory.mktemp("checkpoint") / "a.safetensors"
    save_checkpoint(path, {"w": normal(10, 10)}, {"kind": "test"})
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    with pytest.raises(ValueError, match=r"a\.safetensors: damaged"):
        load_checkpoint(path)


class Payload:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (Path.touch, (self.marker,))


@pytest.mark.parametrize("write", [pickle.dump, torch.save])
def test_a_pickle_in_disguise_is_refused_and_never_run(tmp_path, write):
    path, marker = tmp_path / "weights.safetensors", tmp_path / "run"
    with path.open("wb") as file:
        write(Payload(marker), file)
    with pytest.raises(ValueError, match=r"weights\.safetensors: damaged"):
        load_checkpoint(path)
    assert not marker.exists()


def test_a_checkpoint_that_is_not_there_or_not_lowds_is_refused_by_name(tmp_path):
    save_file({"w": normal(2)}, tmp_path / "foreign.safetensors")
    with pytest.raises(ValueError, match=r"foreign\.safetensors"):
        load_checkpoint(tmp_path / "foreign.safetensors")
    with pytest.raises(FileNotFoundError, match=r"absent\.safetensors"):
        load_checkpoint(tmp_path / "absent.safetensors")


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """A trained stack of three, and the checkpoint it was saved in."""
    model = MLPSettings(architecture="mlp", width=5)
    cells = [Cell(f"{i}", 0, samples=4, first=4 * i) for i in range(3)]
    pool = normal(12, 3)
    pool[5] = torch.inf
    s = TrainingSettings(steps=20, batch=4, warm_up=5, sigma_data=0.7)
    trainer = Trainer(model, s, cells, pool)
    path = tmp_path_factory.mktemp("stack") / "weights.safetensors"
    coordinates = [{"N": 4, "replicate": i} for i in range(3)]
    train_resumably(trainer, coordinates, path, None, "test")
    return trainer, path


def test_students_come_back_as_the_denoisers_of_their_averaged_weights(stack):
    trainer, path = stack
    students = load_students(path)
    assert students.cells == [{"N": 4, "replicate": i} for i in range(3)]
    assert torch.equal(students.diverged, trainer.diverged)
    assert students.diverged[1] >= 0
    torch.testing.assert_close(students.losses, trainer.losses, equal_nan=True)
    trainer.stack.load_state_dict(trainer.average)
    x = normal(3, 4, 3, seed=1)
    with torch.no_grad():
        expected = precondition(trainer.stack, 0.7)(x, 0.3)
        for part in (slice(None), slice(1, 3), slice(2, 3)):
            found = students.denoiser(part, torch.device("cpu"))(x[part], 0.3)
            torch.testing.assert_close(found, expected[part])


def test_a_checkpoint_of_other_weights_or_of_no_students_is_refused(stack, tmp_path):
    tensors, metadata = load_checkpoint(stack[1])
    path = tmp_path / "other.safetensors"
    for model in (
        MLPSettings(architecture="mlp", width=6),
        MLPSettings(architecture="mlp", width=5, depth=1),
        MLPSettings(architecture="mlp", width=5, depth=3),
    ):
        save_checkpoint(path, tensors, metadata | {"model": model.model_dump()})
        with pytest.raises(ValueError, match="weights are not those of"):
            load_students(path).denoiser(slice(None), torch.device("cpu"))
    save_checkpoint(path, {"bases": normal(1, 3, 2)}, {"kind": "molrg"})
    with pytest.raises(ValueError, match=r"other\.safetensors: not a stack of students"):
        load_students(path)


def test_a_trained_teacher_takes_one_level_or_one_a_sample(stack, tmp_path):
    trainer, _ = stack
    alone = Trainer(trainer.model, trainer.settings, trainer.cells[:1], trainer.pool)
    path = tmp_path / "weights.safetensors"
    train_resumably(alone, [{"N": 4, "replicate": 0}], path, None, "test")
    teacher = load_teacher(tmp_path, torch.device("cpu"))
    x = normal(3, 3, seed=1)
    with torch.no_grad():
        one = teacher.denoise(x, 0.3)
        torch.testing.assert_close(teacher.denoise(x, torch.tensor(0.3)), one)
        levels = torch.tensor([0.3, 0.1, 2.0])
        each = torch.cat([teacher.denoise(x[i : i + 1], float(s)) for i, s in enumerate(levels)])
        torch.testing.assert_close(teacher.denoise(x, levels), each)


def test_an_exact_teacher_comes_back_exact(tmp_path):
    mixture = MoLRG.random(2, 6, 2, torch.Generator().manual_seed(0))
    save_checkpoint(tmp_path / "weights.safetensors", {"bases": mixture.bases}, {"kind": "molrg"})
    teacher = load_teacher(tmp_path, torch.device("cpu"))
    x = normal(5, 6)
    torch.testing.assert_close(teacher.denoise(x, 0.4), mixture.denoise(x, 0.4))
    drawn = teacher.sample(7, torch.Generator().manual_seed(1), None)
    exact = mixture.sample(7, torch.Generator().manual_seed(1))
    torch.testing.assert_close(drawn, exact, check_dtype=False)


def test_a_teacher_of_the_users_own_is_what_its_function_returns(tmp_path, monkeypatch):
    (tmp_path / "own_teacher.py").write_text(
        "def shrinking(factor):\n    return lambda x, sigma: factor * x / (1 + sigma)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    metadata = {"kind": "custom", "entry": "own_teacher:shrinking", "options": {"factor": 3.0}}
    shape = {"shape": torch.tensor([6])}
    save_checkpoint(tmp_path / "weights.safetensors", shape, metadata)
    x = normal(5, 6)
    teacher = load_teacher(tmp_path, torch.device("cpu"))
    torch.testing.assert_close(teacher.denoise(x, 0.5), 2 * x)
    with pytest.raises(ValueError, match="sampler: needed"):
        teacher.sample(7, torch.Generator(), None)
    for entry in ("own_teacher:growing", "no_such_module:f"):
        with pytest.raises(ValueError, match=entry):
            custom_denoiser(entry, {})


def write_tree(root, paths):
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)


DECLARED = ("data/s/pool.zarr", "data/s/students/mlp/weights.safetensors", "figures/s/a.svg")
KEPT = (
    "data/s/pool.zarr/samples/c/0/0",
    "data/s/pool.zarr/.snakemake_timestamp",
    "data/s/students/mlp/weights.safetensors",
    "figures/s/a.svg",
    "data/other/pool.zarr/zarr.json",
    "notes.txt",
)
ORPHANS = (
    "data/s/students/unet/weights.safetensors",
    "data/s/students/mlp/.weights.partial.safetensors",
    "data/s/generated/unet.zarr/samples/c/0/0",
    "figures/s/a.png",
)


@pytest.mark.parametrize("absolute", [False, True])
def test_the_manifest_removes_orphans_and_nothing_else(tmp_path, monkeypatch, absolute):
    monkeypatch.chdir(tmp_path)
    write_tree(tmp_path, KEPT + ORPHANS)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    Path("data/s/students/linked").symlink_to(outside)
    output = Path("data/s/manifest.json")
    step = ManifestStep(
        folders=("data/s", "figures/s", "figures/absent"),
        declared=[Path(path).absolute() if absolute else path for path in DECLARED],
    )
    manifest(step, output=output)
    files = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    assert files == {*KEPT, "outside/precious", str(output)}
    assert not Path("data/s/generated").exists()
    listed = json.loads(output.read_text())
    assert sorted(listed) == listed
    assert len(listed) == len(DECLARED) + 1
    before = output.read_bytes()
    manifest(step, output=output)
    assert output.read_bytes() == before


def test_a_declared_folder_keeps_its_insides_though_one_of_them_is_declared_too(tmp_path):
    teacher = tmp_path / "teacher"
    write_tree(tmp_path, ["teacher/weights.safetensors", "teacher/images.zarr"])
    step = ManifestStep(folders=[tmp_path], declared=[teacher, teacher / "weights.safetensors"])
    manifest(step, output=tmp_path / "manifest.json")
    assert names_in(teacher) == ["images.zarr", "weights.safetensors"]
