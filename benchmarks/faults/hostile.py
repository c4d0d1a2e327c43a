"""Files that would run code on being read, and settings that lead astray."""

import json
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from repositories import STUDIES, Repository, run_study
from rows import Row, ends, shell_commands

from lowd.store.atomic import remove

NAMES = ("a b", "../x", "..", ".", "", "x/y", "-x", "x\ny", "ü", "x" * 300, "$(touch x)", "{x}")


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.path}'",)


def _pickled(path: Path, payload: Touch) -> None:
    torch.save(payload, path)


def _scripted(path: Path, _: Touch) -> None:
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), path)


def _zarr_of_pickles(path: Path, payload: Touch) -> None:
    """Zarr's second format, with the codec that unpickles."""
    array = {
        "zarr_format": 2, "shape": [1], "chunks": [1], "dtype": "|O", "compressor": None,
        "fill_value": 0, "order": "C", "filters": [{"id": "pickle", "protocol": 5}],
    }  # fmt: skip
    (path / "samples").mkdir(parents=True)
    (path / ".zgroup").write_text('{"zarr_format": 2}')
    (path / "samples/.zarray").write_text(json.dumps(array))
    (path / "samples/0").write_bytes(pickle.dumps(payload))


def _npz_of_pickles(path: Path, payload: Touch) -> None:
    np.savez(path, images=np.array([payload], dtype=object))


# What is replaced, by what, and the step that reads it, with an option that tells its jobs apart.
FILES = (
    ("data/pictures/students/unet-4/weights.safetensors", _pickled, "generate --students"),
    ("data/pictures/students/unet-4/weights.safetensors", _scripted, "generate --students"),
    ("data/pictures/teacher/weights.safetensors", _pickled, "pool --teacher"),
    ("data/pictures/teacher/weights.safetensors", _scripted, "pool --teacher"),
    ("data/pictures/pool.zarr", _zarr_of_pickles, "train --pool"),
    ("data/pictures/generated/unet-4.zarr", _zarr_of_pickles, "score --generated"),
    ("inputs/images.npz", _npz_of_pickles, "teacher --output"),
)


def files(repository: Repository) -> Iterator[Row]:
    """Each read by its step, without the check of content that goes before a run."""
    said = repository.run(
        "workflow/run", "--dry-run", "--forceall", "--printshellcmds", "data/pictures/manifest.json"
    )
    commands = shell_commands(said)
    canary = repository.path / "canary"
    refused = ran = 0
    for name, replace, step in FILES:
        path = repository.path / name
        kept = path.rename(path.with_name("kept"))
        replace(path, Touch(canary))
        words = next(words for words in commands if set(step.split()) <= set(words))
        code, _ = ends(repository.start(*words))
        refused += code != 0
        ran += canary.exists()
        remove(path)
        kept.rename(path)
        remove(canary)
    yield Row(
        "code in a checkpoint, teacher, pool, samples or images",
        "the step",
        len(FILES),
        refused,
        ran,
    )


def names(repository: Repository) -> Iterator[Row]:
    """Names of studies and models that are paths, options, commands, or nothing."""
    path = repository.path / "params.yaml"
    kept, tiny = path.read_text(), STUDIES["tiny"]
    before = set(repository.path.parent.iterdir())
    refused = 0
    for name in NAMES:
        for studies in ({name: tiny}, {"s": tiny | {"models": {name: tiny["models"]["mlp-4"]}}}):
            repository.write_params(studies)
            code, said = ends(repository.start("workflow/run", "--dry-run"))
            refused += code != 0 and "params.yaml is refused" in said and "studies." in said
    path.write_text("studies: !!python/object/apply:os.system ['touch canary']\n")
    code, said = ends(repository.start("workflow/run", "--dry-run"))
    refused += code != 0 and "params.yaml" in said
    lost = set(repository.path.parent.iterdir()) != before or (repository.path / "canary").exists()
    path.write_text(kept)
    yield Row(
        "names that are paths, options or code; code in params.yaml",
        "the run",
        2 * len(NAMES) + 1,
        refused,
        int(lost),
    )


def all_rows(folder: Path) -> Iterator[Row]:
    """All of it."""
    repository = run_study(folder / "hostile", "pictures")
    yield from files(repository)
    yield from names(repository)
