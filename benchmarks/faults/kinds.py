"""A study of every kind there is, and of every kind of teacher and descriptor, and its changes."""

from typing import Any

from small import (
    EMBEDDED,
    EXACT,
    IMAGES,
    MLP,
    PLANES,
    THEORY,
    TRAINING,
    UNET,
    WIDER,
    Kind,
    Params,
    pictures,
    planes,
    vectors,
)

SHRINKING: Params = {
    "kind": "custom",
    "entry": "shrinking:shrink",
    "path": "inputs/students/{N}-{replicate}",
    "parameters": 1,
}
"""Students that no file but MODULE makes; what stands in theirs counts for nothing."""
MODULE = """\
def shrink(path, by=1.0):
    return lambda x, sigma: by * x / (1 + sigma**2)
"""
NETWORK = ("studies/embedded/descriptor/steps", 4)
STUDIES = {
    "exact teacher": Kind("study@exact", {"studies": {"exact": EXACT}}, vectors("exact")),
    "trained teacher": Kind("study@images", {"studies": {"images": IMAGES}}, pictures("images")),
    "trained descriptor": Kind(
        "study@embedded",
        {"studies": {"embedded": EMBEDDED}},
        pictures("embedded") | dict.fromkeys(("descriptor", "embed", "appraise"), NETWORK),
    ),
    "trained in parts": Kind(
        "study@exact",
        {"studies": {"exact": EXACT | {"compute": {"students_per_job": 3}, "threshold": 0.6}}},
        vectors("exact")
        | {
            "gather": ("studies/exact/samples", [2, 6, 8]),
            "describe_fixed": ("studies/exact/threshold", 0.7),
        },
    ),
    "theory": Kind(
        "study@maps",
        {"studies": {"maps": THEORY}},
        {
            "expect": ("studies/maps/tolerance", 0.4),
            "recover": ("studies/maps/recovery_maps/0/training/steps", 30),
            "equate": ("studies/maps/equivalence/problems", 3),
            "tabulate": ("studies/maps/recovery_maps/0/ranks", [2, 3]),
            "manifest": ("studies/maps/recovery_maps/0/ranks", [2, 3]),
        },
    ),
    "dynamics": Kind(
        "finding@along",
        {
            "studies": {"images": IMAGES},
            "findings": {
                "along": {
                    "kind": "dynamics",
                    "study": "images",
                    "samples": [2, 8],
                    "replicates": 2,
                    "snapshots": [50, 60],
                    "training": TRAINING | {"steps": 60},
                    "models": {"unet-4": UNET},
                }
            },
        },
        pictures("images")
        | {
            "train": ("findings/along/training/batch", 4),
            "follow": ("findings/along/training/batch", 4),
            "manifest": ("findings/along/models/mlp-5", WIDER),
        },
    ),
    "bias-variance": Kind(
        "finding@parts",
        {
            "studies": {"exact": EXACT},
            "findings": {
                "parts": {
                    "kind": "bias-variance",
                    "study": "exact",
                    "samples": [2, 4],
                    "reference": {"model": "mlp-4", "samples": 4},
                    "replicates": 3,
                    "training": TRAINING,
                    "models": {"mlp-4": MLP},
                }
            },
        },
        vectors("exact")
        | {
            "train": ("findings/parts/training/steps", 30),
            "decompose": ("findings/parts/reference/samples", 2),
            "manifest": ("findings/parts/models/mlp-5", WIDER),
        },
    ),
    "families": Kind(
        "finding@kinds",
        {
            "studies": {"images": IMAGES | {"pool": {"size": 48}}},
            "findings": {
                "kinds": {
                    "kind": "families",
                    "study": "images",
                    "samples": 4,
                    "training": TRAINING,
                    "members": {
                        "unet": {"model": UNET},
                        "gan": {"model": MLP, "objective": {"kind": "adversarial"}},
                    },
                }
            },
        },
        pictures("images")
        | {
            "pool": ("studies/images/pool/size", 50),
            "train": ("findings/kinds/training/steps", 30),
            "agree": ("findings/kinds/samples", 5),
            "manifest": ("findings/kinds/members/mlp", {"model": MLP}),
        },
    ),
}


ELSEWHERE: Params = {
    "kind": "external",
    **{key: value for key, value in PLANES.items() if key not in ("models", "training")},
    "models": {"shrink": SHRINKING},
    "training_sets": {"kind": "pool"},
}
STUDIES["external"] = Kind(
    "study@elsewhere",
    {"studies": {"elsewhere": ELSEWHERE}},
    vectors("elsewhere")
    | {
        "training_sets": ("studies/elsewhere/replicates", 3),
        "sample": ("studies/elsewhere/models/shrink/options", {"by": 0.5}),
        "memorise": ("studies/elsewhere/sampler/steps", 4),
        **dict.fromkeys(
            ("assess", "show", "manifest"),
            ("studies/elsewhere/models/more", SHRINKING),
        ),
    },
)


def closer(study: Params, base: dict[str, tuple[str, Any]], own: Params, **changes: Any) -> Kind:
    """A finding on the study `base`.

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


def beside(studies: Params, base: dict[str, tuple[str, Any]], own: Params, **changes: Any) -> Kind:
    """A comparison of these studies; `changes` have whole keys of params.yaml."""
    params = {"studies": studies, "across": {"beside": {"studies": [*studies], **own}}}
    return Kind("across@beside", params, base | changes)


MIXTURE: Params = EXACT | {"teacher": EXACT["teacher"] | {"clusters": 2}}
SPIKED: Params = EXACT | {"teacher": {"kind": "gaussian", "shape": [4], "spikes": [2.0, 1.0]}}
LEVELS = [0.1, 0.5, 2.0]
FINDINGS = {
    "collapse": closer(
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
    "markers": closer(
        EXACT,
        vectors("base")
        | dict.fromkeys(
            ("choose_levels", "mark", "mark_controls"), ("studies/base/sampler/steps", 4)
        )
        | dict.fromkeys(("collect_markers", "manifest"), ("studies/base/models/mlp-5", WIDER)),
        {"kind": "markers"},
    ),
    "explained": closer(
        PLANES,
        planes("base"),
        {"kind": "explained", "noises": 4, "equivariant": 2},
        explain=("noises", 5),
    ),
    "recovery": closer(
        SPIKED,
        vectors("base") | {"teacher": ("studies/base/teacher/decay", 1.0)},
        {"kind": "recovery"},
        measure_overlaps=("directions", 1),
    ),
    "editing": closer(
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
    "watermark": closer(
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
    "guidance": closer(
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
    "representation": closer(
        MIXTURE,
        vectors("base"),
        {"kind": "representation", "points": 32, "sigmas": LEVELS},
        label_points=("points", 36),
        probe=("sigmas", [0.1, 0.5, 1.0]),
    ),
}
SPACE: Params = EXACT | {"teacher": EXACT["teacher"] | {"rank": 3}}
BOTH = ("across/beside/studies", ["exact", "space"])
COMPARISONS = {
    "controls": beside(
        {"exact": EXACT, "space": SPACE},
        vectors("exact"),
        {"figure": "controls", "studies": ["exact"]},
        figure=BOTH,
    ),
    "slopes": beside(
        {"exact": EXACT, "space": SPACE},
        vectors("exact"),
        {"figure": "slopes", "studies": ["exact"]},
        figure=BOTH,
    ),
    "decomposition": Kind(
        "across@beside",
        STUDIES["bias-variance"].params
        | {"across": {"beside": {"figure": "decomposition", "studies": ["parts"]}}},
        STUDIES["bias-variance"].changes,
    ),
    "dimension": beside(
        {"exact": EXACT, "space": SPACE},
        vectors("exact"),
        {"figure": "dimension"},
        relate=("studies/exact/teacher/rank", 1),
    ),
    "jacobians": beside(
        {"exact": EXACT},
        vectors("exact"),
        {"figure": "jacobians"},
        linearise=("studies/exact/teacher/rank", 1),
    ),
    "denoisers": beside(
        {"images": IMAGES},
        pictures("images"),
        {"figure": "denoisers", "mixture": {"clusters": 2, "rank": 2}},
        contrast=("across/beside/mixture/rank", 3),
    ),
    "disjoint": beside(
        {"planes": PLANES},
        planes("planes"),
        {"figure": "disjoint"},
        pair=("studies/planes/replicates", 3),
    ),
}
KINDS = STUDIES | FINDINGS | COMPARISONS
LARGE_KIND = "exact teacher"
LARGE = {
    "noise": ("studies/exact/noise/size", 2048),
    "pool": ("studies/exact/pool/size", 2048),
}
"""Changes to it after which a job needs more room than a few pages."""
