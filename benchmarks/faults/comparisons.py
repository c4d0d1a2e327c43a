"""A comparison of every kind, of the smallest studies that it takes."""

from typing import Any

from findings import FINDINGS
from small import EXACT, IMAGES, PLANES, Kind, Params, pictures, planes, vectors


def comparison(
    studies: Params, base: dict[str, tuple[str, Any]], own: Params, **changes: Any
) -> Kind:
    """A comparison, called `beside`, of these studies; `changes` have whole keys of params.yaml."""
    params = {"studies": studies, "across": {"beside": {"studies": [*studies], **own}}}
    return Kind("across@beside", params, base | changes)


SPACE: Params = EXACT | {"teacher": EXACT["teacher"] | {"rank": 3}}
COMPARISONS = {
    **{
        name: comparison(
            {"exact": EXACT, "space": SPACE},
            vectors("exact"),
            {"figure": name, "studies": ["exact"]},
            figure=("across/beside/studies", ["exact", "space"]),
        )
        for name in ("controls", "slopes")
    },
    "decomposition": Kind(
        "across@beside",
        FINDINGS["bias-variance"].params
        | {"across": {"beside": {"figure": "decomposition", "studies": ["closer"]}}},
        FINDINGS["bias-variance"].changes,
    ),
    "dimension": comparison(
        {"exact": EXACT, "space": SPACE},
        vectors("exact"),
        {"figure": "dimension"},
        relate=("studies/exact/teacher/rank", 1),
    ),
    "jacobians": comparison(
        {"exact": EXACT},
        vectors("exact"),
        {"figure": "jacobians"},
        linearise=("studies/exact/teacher/rank", 1),
    ),
    "denoisers": comparison(
        {"images": IMAGES},
        pictures("images"),
        {"figure": "denoisers", "mixture": {"clusters": 2, "rank": 2}},
        contrast=("across/beside/mixture/rank", 3),
    ),
    "disjoint": comparison(
        {"planes": PLANES},
        planes("planes"),
        {"figure": "disjoint"},
        pair=("studies/planes/replicates", 3),
    ),
    "laws": Kind(
        "across@beside",
        {
            "studies": {"exact": EXACT},
            "across": {"beside": {"figure": "laws", "laws": {"two-regimes": ["exact"]}}},
        },
        vectors("exact") | {"weigh_laws": ("across/beside/laws/root-parameters", ["exact"])},
    ),
}
