"""SSCD from a file: a network of the same interface, made here, against preprocessing by hand."""

import hashlib

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from lowd.descriptors.embedding import embedded, load_network
from lowd.descriptors.settings import SSCDSettings

CPU = torch.device("cpu")
BILINEAR = Image.Resampling.BILINEAR
# SSCD is published as TorchScript, whatever becomes of that.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")


class Reshaped(nn.Module):
    """Answers in another form than (M, F)."""

    def forward(self, images):
        return images.mean(dim=(2, 3))[:, :, None]


class Paired(nn.Module):
    """Answers for every other image only."""

    def forward(self, images):
        return images.mean(dim=(2, 3))[::2]


class Infinite(nn.Module):
    """Answers with infinities."""

    def forward(self, images):
        return images.mean(dim=(2, 3)) / 0


def write(path, network):
    """TorchScript of a network, and the settings that ask for it."""
    torch.jit.trace(network, torch.zeros(2, 3, 320, 320), check_trace=False).save(path)
    return SSCDSettings(kind="sscd", path=path, sha256=sha256(path))


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    first = nn.Conv2d(3, 4, 9, stride=8)
    return nn.Sequential(
        first, nn.ReLU(), nn.AdaptiveAvgPool2d(6), nn.Flatten(), nn.Linear(144, 512)
    )


@pytest.fixture(scope="module")
def settings(network, tmp_path_factory):
    return write(tmp_path_factory.mktemp("sscd") / "network.pt", network)


def images(*shape):
    return torch.rand(3, *shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 32, 24), (3, 400, 350)], ids=str)
def test_features_are_those_of_the_published_preprocessing(shape, network, settings):
    given = images(*shape)
    resized = []
    for image in ((given + 1) / 2).numpy():
        # PIL resizes single precision, one channel at a time.
        channels = [
            Image.fromarray(one).resize((320, 320), Image.Resampling.BILINEAR) for one in image
        ]
        resized.append(np.stack([np.asarray(one) for one in channels * (3 // len(channels))]))
    mean = np.array([0.485, 0.456, 0.406]).reshape(3, 1, 1)
    deviation = np.array([0.229, 0.224, 0.225]).reshape(3, 1, 1)
    with torch.no_grad():
        expected = network(torch.from_numpy((np.stack(resized) - mean) / deviation).float())
    expected = expected / expected.norm(dim=1, keepdim=True)
    found = embedded(load_network(settings, None, CPU), given, 2, CPU)
    assert found.shape == (3, 512)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected, atol=2e-5, rtol=0)


def test_a_file_with_another_digest_is_told_and_never_opened(settings, monkeypatch):
    monkeypatch.setattr(torch.jit, "load", lambda *_, **__: pytest.fail("opened"))
    wrong = settings.model_copy(update={"sha256": "0" * 64})
    with pytest.raises(ValueError, match=r"^descriptor\.sha256: ") as refused:
        load_network(wrong, None, CPU)
    assert sha256(settings.path) in str(refused.value)
    assert "0" * 64 in str(refused.value)


def test_a_file_that_is_no_torchscript_is_told(tmp_path):
    path = tmp_path / "weights.pt"
    path.write_bytes(b"weights")
    settings = SSCDSettings(kind="sscd", path=path, sha256=sha256(path))
    with pytest.raises(ValueError, match=r"^descriptor\.path: .*weights\.pt is no TorchScript"):
        load_network(settings, None, CPU)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (Reshaped(), r"maps 2 images to \(2, 3, 1\)"),
        (Paired(), r"maps 2 images to \(1, 3\)"),
        (Infinite(), "a feature is not finite"),
    ],
)
def test_a_network_that_answers_otherwise_is_refused(answers, message, tmp_path):
    loaded = load_network(write(tmp_path / "n.pt", answers), None, CPU)
    with pytest.raises(ValueError, match=f"^descriptor: {message}"):
        embedded(loaded, images(3, 8, 8), 2, CPU)


def test_a_network_of_images_of_another_size_is_refused(tmp_path):
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 320 * 320, 2))
    settings = write(tmp_path / "n.pt", network).model_copy(update={"size": 288})
    with pytest.raises(ValueError, match=r"^descriptor: fails on images \(2, 3, 8, 8\)"):
        embedded(load_network(settings, None, CPU), images(3, 8, 8), 2, CPU)
