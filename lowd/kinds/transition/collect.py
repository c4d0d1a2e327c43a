"""`lowd step collect`: one dataset of everything a study's figures plot."""

from pathlib import Path

from lowd.base import Settings
from lowd.models.settings import ModelSettings


class CollectStep(Settings):
    """Settings of the collect step; the order of `models` is that of the scores given.

    Attributes:
        noises: how many every score is over.
        sampler: the solver and its steps, in words.
        steps: of training, if lowd trained the students.
    """

    models: dict[str, ModelSettings]
    shape: tuple[int, ...]
    noises: int
    sampler: str
    steps: int | None = None


def collect(
    settings: CollectStep,
    *,
    score: list[Path],
    controls: Path,
    yardstick: Path,
    output: Path,
) -> None:
    """Join the scores of all models and the controls, and find the transitions: `output`."""
    import json

    import xarray as xr

    from lowd.models.build import parameter_count
    from lowd.steps.transitions import transitions
    from lowd.store.arrays import read_store, write_store

    scores = [read_store(path, finite=False) for path in score]
    alone = [s.drop_dims("same_pair", errors="ignore") for s in scores]
    together = [s[[v for v in s.data_vars if "same_pair" in s[v].dims]] for s in scores]
    models = list(settings.models)
    counts = [parameter_count(model, settings.shape) for model in settings.models.values()]
    dataset = xr.concat(alone, dim=xr.Variable("model", models)).assign_coords(
        parameters=("model", counts)
    )
    if len(scores) > 1:
        dataset = dataset.merge(xr.concat(together[1:], dim="same_pair"))
    dataset = dataset.merge(read_store(controls))
    dataset = dataset.merge(transitions(dataset))
    fixed = json.loads(yardstick.read_text())
    dataset.attrs = {
        "descriptor": fixed["descriptor"],
        "threshold": fixed["threshold"],
        "threshold_rule": json.dumps(fixed["rule"]),
        "noises": settings.noises,
        "sampler": settings.sampler,
    }
    if settings.steps is not None:
        dataset.attrs["steps"] = settings.steps
    for name, (value, error) in fixed["teacher"].items():
        dataset[f"teacher_{name}"] = value
        dataset[f"teacher_{name}_se"] = error
    write_store(output, dataset)
