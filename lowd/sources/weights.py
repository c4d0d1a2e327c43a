"""Files of a network's weights, as `diffusers` names them: whole, in shards, of a variant."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

NAME = "diffusion_pytorch_model"
INDEX = f"{NAME}.safetensors.index"
SHARD = r"-\d+-of-\d+\."
AGAIN = "get the pipeline again"


@dataclass(frozen=True)
class Weights:
    """Where weights are.

    Attributes:
        path: the file, or the index of the shards.
        shards: the files, one after another.
        variant: what names the files, such as `fp16`.
    """

    path: Path
    shards: tuple[Path, ...]
    variant: str | None = None

    @property
    def is_safe(self) -> bool:
        """Whether they are safetensors, not pickled."""
        return self.path.suffix != ".bin"

    @property
    def sha256(self) -> str:
        """Of the file; of shards as of one file."""
        digest = hashlib.sha256()
        for shard in self.shards:
            with shard.open("rb") as file:
                while block := file.read(2**20):
                    digest.update(block)
        return digest.hexdigest()


def find_weights(folder: Path, fetch: Callable[..., object]) -> Weights:
    """The weights in a folder: whole, sharded, pickled, or else those of its only variant.

    Args:
        folder: of the network.
        fetch: has files be there, given names or patterns, where they can be had; no other is
            fetched than is used.

    Raises:
        FileNotFoundError: there are none, or a shard is missing.
        ValueError: an index is damaged, or there are several variants.
    """
    for name in (f"{NAME}.safetensors", f"{INDEX}.json", f"{NAME}.bin"):
        fetch(name)
        if (folder / name).is_file():
            return _whole(folder / name, None, fetch)
    fetch(f"{INDEX}.*.json", f"{NAME}.*.safetensors")
    found = {
        path: path.name.split(".")[at]
        for pattern, at in ((f"{NAME}.*.safetensors", 1), (f"{INDEX}.*.json", 3))
        for path in sorted(folder.glob(pattern))
        if not re.search(SHARD, path.name)
    }
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise ValueError(
            f"{folder}: weights of {len(found)} variants ({names}); keep the one to use"
        )
    for path, variant in found.items():
        return _whole(path, variant, fetch)
    raise FileNotFoundError(f"{folder / NAME}.safetensors: no such file{_others(folder)}")


def _whole(path: Path, variant: str | None, fetch: Callable[..., object]) -> Weights:
    if path.suffix != ".json":
        return Weights(path, (path,), variant)
    names = _shards(path)
    fetch(*names)
    shards = tuple(path.parent / name for name in names)
    for shard in shards:
        if not shard.is_file():
            raise FileNotFoundError(f"{shard}: no such file, though {path.name} names it; {AGAIN}")
    return Weights(path, shards, variant)


def _shards(index: Path) -> list[str]:
    """The names of the shards, in their order."""
    try:
        names = sorted(
            {str(name) for name in json.loads(index.read_bytes())["weight_map"].values()}
        )
        for name in names:
            if Path(name).name != name or not name.endswith(".safetensors"):
                raise ValueError(f"{name} is no shard")
        if not names:
            raise ValueError("it names no shard")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{index}: damaged ({error}); {AGAIN}") from None
    return names


def _others(folder: Path) -> str:
    """Files of weights that are not read, and the remedy."""
    names = [path.name for path in sorted(folder.glob("diffusion_*model*"))]
    if not names:
        return f"; {AGAIN}"
    return (
        f", only {', '.join(names)}; load the network with diffusers and save it anew, by "
        "save_pretrained, which writes safetensors"
    )
