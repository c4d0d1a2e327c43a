"""A finding of every kind, on the smallest study that it takes."""

from typing import Any

from small import (
    EXACT,
    IMAGES,
    MLP,
    PLANES,
    TRAINING,
    UNET,
    WIDER,
    Kind,
    Params,
    pictures,
    planes,
    vectors,
)


def finding(study: Params, base: dict[str, tuple[str, Any]], own: Params, **changes: Any) -> Kind:
    """A finding, called `closer`, on the study `base`.

    Args:
        study: settings of `base`.
        base: changes to it.
        own: settings of the finding.
        changes: a key of its own and another value, by rule.
    """
    inner = {rule: (f"findings/closer/{key}", value) for rule, (key, value) in changes.items()}
    return Kind(
        "finding@closer",
        {"studies": {"base": study}, "findings": {"closer": {"study": "base", **own}}},
        base | inner,
    )


MIXTURE: Params = EXACT | {"teacher": EXACT["teacher"] | {"clusters": 2}}
SPIKED: Params = EXACT | {"teacher": {"kind": "gaussian", "shape": [4], "spikes": [2.0, 1.0]}}
LEVELS = [0.1, 0.5, 2.0]
FINDINGS = {
    "dynamics": finding(
        IMAGES,
        pictures("base"),
        {
            "kind": "dynamics",
            "samples": [2, 8],
            "replicates": 2,
            "snapshots": [50, 60],
            "training": TRAINING | {"steps": 60},
            "models": {"unet-4": UNET},
        },
        train=("training/batch", 4),
        follow=("training/batch", 4),
        manifest=("models/mlp-5", WIDER),
    ),
    "times": finding(
        EXACT,
        vectors("base"),
        {
            "kind": "dynamics",
            "samples": [2, 4],
            "replicates": 2,
            "snapshots": {"first": 5, "per_octave": 1},
            "training": TRAINING,
            "models": {"mlp-4": MLP},
            "optimizers": {"mlp-4": {"kind": "sgd"}},
            "times": {"quality": 1.0},
            "descent": True,
        },
        train_along=("optimizers/mlp-4/momentum", 0.5),
        follow=("seed", 1),
        find_turns=("times/quality", 2.0),
        manifest=("models/mlp-5", WIDER),
    ),
    "bias-variance": finding(
        EXACT,
        vectors("base"),
        {
            "kind": "bias-variance",
            "samples": [2, 4],
            "reference": {"model": "mlp-4", "samples": 4},
            "replicates": 3,
            "training": TRAINING,
            "models": {"mlp-4": MLP},
        },
        train=("training/steps", 30),
        decompose=("reference/samples", 2),
        manifest=("models/mlp-5", WIDER),
    ),
    "families": finding(
        IMAGES | {"pool": {"size": 48}},
        pictures("base") | {"pool": ("studies/base/pool/size", 50)},
        {
            "kind": "families",
            "samples": 4,
            "training": TRAINING,
            "members": {
                "unet": {"model": UNET},
                "gan": {"model": MLP, "objective": {"kind": "adversarial"}},
            },
        },
        train=("training/steps", 30),
        agree=("samples", 5),
        manifest=("members/mlp", {"model": MLP}),
    ),
    "collapse": finding(
        PLANES,
        planes("base"),
        {
            "kind": "collapse",
            "samples": [2, 4],
            "replicates": 2,
            "generations": 2,
            "training": TRAINING,
            "sampler": {"steps": 3},
            "model": MLP,
            "modes": {"replace": {"data": "replace"}},
        },
        breed=("samples", [2, 5]),
        train_generation=("training/steps", 30),
        generate_teacher=("sampler/steps", 4),
        generate=("sampler/steps", 4),
        score_generations=("replicates", 3),
        sheet_generations=("samples", [3, 4]),
        manifest=("modes/control", {"data": "control"}),
    ),
    "markers": finding(
        EXACT,
        vectors("base")
        | dict.fromkeys(
            ("choose_levels", "mark", "mark_controls"), ("studies/base/sampler/steps", 4)
        )
        | dict.fromkeys(("collect_markers", "manifest"), ("studies/base/models/mlp-5", WIDER)),
        {"kind": "markers"},
    ),
    "explained": finding(
        PLANES,
        planes("base"),
        {"kind": "explained", "noises": 4, "equivariant": 2},
        explain=("noises", 5),
    ),
    "recovery": finding(
        SPIKED,
        vectors("base") | {"teacher": ("studies/base/teacher/decay", 1.0)},
        {"kind": "recovery"},
        measure_overlaps=("directions", 1),
    ),
    "editing": finding(
        PLANES,
        planes("base"),
        {
            "kind": "editing",
            "images": 4,
            "starts": ["noise"],
            "sigmas": [0.5],
            "strengths": [0.5, 2.0],
            "singular": [1],
            "protect": [0, 1],
            "sampler": {"steps": 4},
        },
        measure_edits=("strengths", [0.5, 1.5]),
    ),
    "watermark": finding(
        PLANES | {"pool": {"size": 48}},
        planes("base"),
        {
            "kind": "watermark",
            "scenarios": ["server"],
            "images": 8,
            "clean": 16,
            "sigmas": [0.5],
            "keys": 2,
            "directions": ["random", "off-jacobian"],
            "rings": ["low"],
            "radius": 1.5,
            "attacks": {"noise": [0.1]},
            "steps": 2,
        },
        imprint=("keys", 4),
    ),
    "guidance": finding(
        MIXTURE,
        vectors("base"),
        {
            "kind": "guidance",
            "points": 32,
            "held_out": 0.5,
            "model": MLP,
            "training": TRAINING,
            "weights": [0, 1],
            "at": 1,
            "sigmas": LEVELS,
        },
        label_points=("points", 36),
        train_conditional=("training/steps", 30),
        expect_guidance=("seed", 1),
        guide=("weights", [0, 2]),
    ),
    "representation": finding(
        MIXTURE,
        vectors("base"),
        {"kind": "representation", "points": 32, "sigmas": LEVELS},
        label_points=("points", 36),
        probe=("sigmas", [0.1, 0.5, 1.0]),
    ),
}
