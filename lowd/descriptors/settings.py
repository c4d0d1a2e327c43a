"""Settings of descriptors that are networks."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from lowd.base import Settings


class SSCDSettings(Settings):
    """A TorchScript or ONNX file that maps images to features (M, F), such as SSCD's.

    Attributes:
        path: the file, in inputs/; ONNX if its name ends in .onnx, else TorchScript.
        sha256: of the file, which is not opened if it has another.
        batch: images at once.
        size: to which images are resized, whatever their sides.
    """

    kind: Literal["sscd"]
    path: Path
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    batch: PositiveInt = 64
    size: PositiveInt = 320


class TrainedSSCDSettings(Settings):
    """A small SSCD that the study trains on what its teacher learned from.

    Attributes:
        features: numbers that an image becomes.
        steps: steps of the optimiser.
        learning_rate: of Adam, the highest.
        temperature: t that similarities are divided by in the contrastive loss.
        width: of the first of three stages, each twice as wide as the one before.
        batch: images to a step, two copies of each.
        entropy: weight λ of the entropy regulariser.
        flips: whether a mirrored image counts as a copy.
    """

    kind: Literal["trained_sscd"]
    width: int = Field(16, ge=8, multiple_of=8)
    features: int = Field(128, ge=2)
    steps: PositiveInt = 1500
    batch: int = Field(128, ge=2)
    learning_rate: PositiveFloat = 4e-3
    temperature: PositiveFloat = 0.05
    entropy: float = Field(0.2, ge=0)
    flips: bool = False


class CustomDescriptor(Settings):
    """A network of the user's own: `entry` names a function that returns it.

    The function takes `options` as keywords and returns a map from images (M, C, H, W) in [-1, 1],
    on any device, to features (M, F).

    Attributes:
        entry: `module:function` in inputs/; its content counts for what is made again.
        options: keywords for that function.
        batch: images at once.
    """

    kind: Literal["custom"]
    entry: str = Field(pattern=r"^[\w.]+:\w+$")
    options: dict[str, Any] = Field({})
    batch: PositiveInt = 64


NetworkSettings = Annotated[
    SSCDSettings | TrainedSSCDSettings | CustomDescriptor, Field(discriminator="kind")
]
