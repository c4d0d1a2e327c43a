"""Studies of two sizes, each of whose steps `benchmarks/plan.py` runs."""

SHORT = {"steps": 20, "warm_up": 0, "batch": 16}
SHORT_MAP = {"steps": 20}
SAMPLER = {"steps": 6, "sigma_min": 0.02, "sigma_max": 8}


def digits(size: str, width: int, noises: int, pool: int) -> dict[str, object]:
    """A study of scikit-learn's digits."""
    model = {"architecture": "unet", "width": width}
    return {
        f"digits-{size}": {
            "teacher": {
                "kind": "trained",
                "images": {"source": "digits"},
                "model": model,
                "training": SHORT,
            },
            "pool": {"size": pool},
            "noise": {"size": noises},
            "sampler": SAMPLER,
            "samples": [2, pool // 8],
            "replicates": 2,
            "training": SHORT,
            "descriptor": "centred",
            "models": {"unet-4": {"architecture": "unet", "width": 4}},
        }
    }


def own(size: str, side: int, width: int) -> dict[str, object]:
    """A study of images made up, compared by a network that it trains."""
    source = {"source": "npz", "path": f"inputs/{size}.npz", "shape": [1, side, side]}
    study = digits(size, 4, 64, 512)[f"digits-{size}"]
    teacher = study["teacher"] | {"images": source | {"size": [side, side]}}
    descriptor = {"kind": "trained_sscd", "width": width, "steps": 2, "batch": 16}
    return {f"own-{size}": study | {"teacher": teacher, "descriptor": descriptor}}


def subspaces(size: str, shape: list[int], rank: int, clusters: int) -> dict[str, object]:
    """A study of images on subspaces."""
    study = digits(size, 4, 64, 1024 if size == "small" else 2048)[f"digits-{size}"]
    teacher = {"kind": "molrg_images", "shape": shape, "rank": rank, "clusters": clusters}
    name = f"subspaces-k{clusters}-r{rank}-{size}"
    models = {
        "mlp": {"architecture": "mlp", "width": 32},
        "unet": {"architecture": "unet", "width": 4 if size == "small" else 8},
    }
    return {name: study | {"teacher": teacher, "models": models}}


def theory(size: str, dimension: int, clusters: list[int], draws: int) -> dict[str, object]:
    """A study of low-rank denoisers."""
    maps = [{"clusters": k, "ranks": [2], "trials": 2, "training": SHORT_MAP} for k in clusters]
    equivalence = {"problems": 10 if size == "small" else 40, "draws": draws}
    every = {"kind": "theory", "dimension": dimension, "samples": [2, 4], "recovery_maps": maps}
    return {f"theory-{size}": every | {"equivalence": equivalence}}


def kinds(size: str, members: int, samples: int) -> dict[str, object]:
    """A finding of several kinds of models."""
    named = {
        f"mlp-{width}": {"model": {"architecture": "mlp", "width": width}}
        for width in range(4, 4 + members)
    }
    return {
        f"kinds-{size}": {
            "kind": "families",
            "study": f"digits-{size}",
            "samples": samples,
            "training": SHORT,
            "members": named,
        }
    }


def across(size: str, clusters: int, rank: int) -> dict[str, object]:
    """Studies compared."""
    every = {"small": ("k1-r2", "k1-r4"), "large": ("k1-r4", "k1-r12")}[size]
    both = [*(f"subspaces-{each}-{size}" for each in every), f"digits-{size}"]
    return {
        f"dimension-{size}": {"figure": "dimension", "studies": both},
        f"jacobians-{size}": {"figure": "jacobians", "studies": both},
        f"denoisers-{size}": {
            "figure": "denoisers",
            "studies": [f"digits-{size}"],
            "mixture": {"clusters": clusters, "rank": rank},
        },
    }


def params() -> dict[str, object]:
    """Everything at two sizes."""
    return {
        "studies": digits("small", 8, 128, 1024)
        | digits("large", 16, 512, 2048)
        | own("small", 8, 8)
        | own("large", 16, 16)
        | subspaces("small", [1, 4, 4], 2, 1)
        | subspaces("small", [1, 4, 4], 4, 1)
        | subspaces("large", [2, 6, 6], 4, 1)
        | subspaces("large", [2, 6, 6], 12, 1)
        | theory("small", 16, [1, 2], 16)
        | theory("large", 48, [1, 2, 3], 64),
        "findings": kinds("small", 3, 64) | kinds("large", 8, 512),
        "across": across("small", 4, 8) | across("large", 10, 24),
    }
