"""Studies as small as they get, and what to change for each of their jobs."""

import json
from typing import Any, NamedTuple

Params = dict[str, Any]


class Kind(NamedTuple):
    """A study, finding or comparison that is alone in its repository, but for what it stands on.

    Attributes:
        stage: DVC's.
        params: all of params.yaml.
        changes: a key of params.yaml, and another value of it, by the rule whose settings change.
    """

    stage: str
    params: Params
    changes: dict[str, tuple[str, Any]]

    @property
    def name(self) -> str:
        """Of the study, finding or comparison."""
        return self.stage.split("@")[1]

    @property
    def folder(self) -> str:
        """Of provenance/: where the statements of its own jobs are."""
        return "across" if self.stage.startswith("across@") else self.name

    @property
    def studies(self) -> list[str]:
        """Every study and finding there is."""
        return [*self.params["studies"], *self.params.get("findings", {})]

    def changed(self, key: str, value: Any) -> Params:
        """params.yaml with another value, which is added if the key is not there."""
        return changed(self.params, key, value)


def changed(params: Params, key: str, value: Any) -> Params:
    """All of params.yaml with another value of a key, whose parts slashes part."""
    params = unshared(params)
    *parents, last = [int(one) if one.isdigit() else one for one in key.split("/")]
    inner: Any = params
    for parent in parents:
        inner = inner[parent]
    inner[last] = value
    return params


def unshared(params: Params) -> Params:
    """A copy in which no two keys have one object as their value."""
    copied: Params = json.loads(json.dumps(params))
    return copied


MLP = {"architecture": "mlp", "width": 4, "depth": 1}
WIDER = MLP | {"width": 5}
UNET = {"architecture": "unet", "width": 4}
TRAINING = {"steps": 20, "warm_up": 2, "batch": 8}
GRID: Params = {
    "pool": {"size": 24},
    "noise": {"size": 8},
    "sampler": {"steps": 3},
    "samples": [2, 8],
    "replicates": 2,
    "training": TRAINING,
}
EXACT: Params = {
    "teacher": {"kind": "molrg", "dimension": 4, "rank": 2},
    **GRID,
    "models": {"mlp-4": MLP},
}
IMAGES: Params = {
    "teacher": {
        "kind": "trained",
        "images": {"source": "npz", "path": "inputs/images.npz", "shape": [1, 4, 4]},
        "model": UNET,
        "training": TRAINING,
    },
    **GRID,
    "descriptor": "centred",
    "models": {"unet-4": UNET},
}
PLANES: Params = {
    "teacher": {"kind": "molrg_images", "shape": [1, 4, 4], "rank": 2, "clusters": 2},
    **GRID,
    "models": {"mlp-4": MLP},
}
EMBEDDED: Params = IMAGES | {
    "descriptor": {"kind": "trained_sscd", "width": 8, "features": 6, "steps": 3, "batch": 8}
}
THEORY: Params = {
    "kind": "theory",
    "dimension": 6,
    "samples": [1, 2],
    "recovery_maps": [{"clusters": 1, "ranks": [2], "trials": 2, "training": {"steps": 20}}],
    "equivalence": {"rank": 2, "samples": 4, "problems": 2, "draws": 4, "sigmas": [0.1, 1.0]},
}


def grid(study: str) -> dict[str, tuple[str, Any]]:
    """Changes to a transition study."""
    one = f"studies/{study}"
    sampler = (f"{one}/sampler/steps", 4)
    return {
        "pool": (f"{one}/pool/size", 26),
        "noise": (f"{one}/noise/size", 10),
        "generate_teacher": sampler,
        "generate_empirical": sampler,
        "generate": sampler,
        "train": (f"{one}/training/steps", 30),
        "describe": (f"{one}/threshold", {"nearest": 0.8}),
        "score": (f"{one}/replicates", 3),
        "controls": (f"{one}/replicates", 3),
    }


def vectors(study: str) -> dict[str, tuple[str, Any]]:
    """Changes to a study of an exact teacher."""
    one = f"studies/{study}"
    return grid(study) | {
        "teacher": (f"{one}/teacher/rank", 1),
        "collect": (f"{one}/models/mlp-4/width", 5),
        "manifest": (f"{one}/models/mlp-5", WIDER),
    }


def planes(study: str) -> dict[str, tuple[str, Any]]:
    """Changes to a study of images whose teacher is exact."""
    return vectors(study) | {"sheet": (f"studies/{study}/replicates", 3)}


def pictures(study: str) -> dict[str, tuple[str, Any]]:
    """Changes to a study of images."""
    one = f"studies/{study}"
    return grid(study) | {
        "images": (f"{one}/teacher/images/path", "inputs/others.npz"),
        "teacher": (f"{one}/teacher/training/steps", 30),
        "collect": (f"{one}/models/unet-4/width", 8),
        "sheet": (f"{one}/replicates", 3),
        "manifest": (f"{one}/models/mlp-5", WIDER),
    }
