"""A study of every kind there is, and of every kind of teacher and descriptor, and its changes."""

from comparisons import COMPARISONS
from findings import FINDINGS
from small import EMBEDDED, EXACT, IMAGES, PLANES, THEORY, Kind, Params, pictures, vectors

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
ELSEWHERE: Params = {
    "kind": "external",
    **{key: value for key, value in PLANES.items() if key not in ("models", "training")},
    "models": {"shrink": SHRINKING},
    "training_sets": {"kind": "pool"},
}
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
    "external": Kind(
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
    ),
}
KINDS = STUDIES | FINDINGS | COMPARISONS
LARGE_KIND = "exact teacher"
LARGE = {
    "noise": ("studies/exact/noise/size", 2048),
    "pool": ("studies/exact/pool/size", 2048),
}
"""Changes to it after which a job needs more room than a few pages."""
