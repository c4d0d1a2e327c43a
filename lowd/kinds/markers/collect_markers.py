"""`lowd step collect-markers`: the markers of all models, where each turns, and what collapses."""

from pathlib import Path

from lowd.base import Settings
from lowd.models.settings import ModelSettings


class CollectMarkersStep(Settings):
    """Settings of the step; the order of `models` is that of the stores given."""

    models: dict[str, ModelSettings]
    shape: tuple[int, ...]


def collect_markers(
    settings: CollectMarkersStep,
    *,
    marked: list[Path],
    controls: Path,
    levels: Path,
    output: Path,
) -> None:
    """Write what the figures plot to the store `output`.

    All markers of students over (model, N, replicate), those of the controls as
    `<marker>_teacher` and `<marker>_emp` over (N, replicate), every one with its standard error,
    what the teacher chose the levels by, and what `lowd.kinds.markers.turns` finds.
    """
    import xarray as xr

    from lowd.kinds.markers.turns import at_levels, collapses, turns
    from lowd.models.build import parameter_count
    from lowd.store.arrays import read_store, write_store

    counts = [parameter_count(model, settings.shape) for model in settings.models.values()]
    students = xr.concat(
        [read_store(path, finite=False) for path in marked],
        xr.Variable("model", list(settings.models)),
    ).assign_coords(parameters=("model", counts))
    chosen = read_store(levels).drop_vars(["held_out", "unit_noise"])
    found = at_levels(students, chosen)
    known = read_store(controls, finite=False)
    for control, suffix in (("teacher", "teacher"), ("empirical", "emp")):
        one = at_levels(known.sel(control=control, drop=True), chosen)
        found = found.merge({_named(str(name), suffix): one[name] for name in one.data_vars})
    found = found.merge(chosen)
    found = found.merge(turns(found))
    write_store(output, found.merge(collapses(found)))


def _named(name: str, control: str) -> str:
    """`s_se` of the teacher as `s_teacher_se`."""
    return f"{name.removesuffix('_se')}_{control}{'_se' if name.endswith('_se') else ''}"
