"""`lowd step imprint`: write keys at several noise levels, attack the images, look for the keys."""

from pathlib import Path
from typing import TYPE_CHECKING

from lowd.kinds.watermark.imprint_step import RATE, ImprintStep

if TYPE_CHECKING:
    import xarray as xr

    from lowd.kinds.watermark.writing import Bench


def imprint(settings: ImprintStep, *, teacher: Path, pool: Path, output: Path) -> None:
    """Measure watermarks in the images of a teacher: the store `output`.

    Over (scenario, sigma, mark), a mark being a direction or rings: `psnr` in dB and `ssim`;
    `strength` over σ√d, in pixels over √d; `pmp_change` and `end_change`, the lengths of what
    becomes of a unit change of the state in the posterior mean and at the end of sampling. Over
    attack and detector too: `auc`; `tpr` where 1 % of one half of the unmarked images exceed the
    threshold, and `fpr`, the share of the other half that does. Each with `_se`. `nominal` is the
    share of unmarked images with p-values below a level, for keys that nobody wrote; `published`
    the same by Tree-Ring's formula. Of the detector that a mark is reported by, `roc` over rates of
    false alarms, `scores`, and `clean_scores` of the first key. `auc_gaussian` is that of the best
    linear detector on a Gaussian with the samples' covariance. An image that is not changed has
    infinite PSNR; what is not measured is NaN.

    Raises:
        ValueError: the teacher held out too few images; or its Jacobian leaves nothing of a key.
    """
    import torch
    import xarray as xr

    from lowd.kinds.watermark.gaussian import on_gaussian
    from lowd.kinds.watermark.hosts import Supply
    from lowd.kinds.watermark.writing import Bench
    from lowd.steps.teachers.teacher import load_teacher
    from lowd.store.arrays import write_store

    supply = Supply.of(teacher, pool, settings.images, settings.clean, settings.seed)
    denoise = load_teacher(teacher, torch.device("cpu")).denoise
    bench = Bench(settings, supply, supply.spread, denoise)
    rows = [
        xr.concat(
            [_cell(bench, scenario, sigma) for sigma in settings.sigmas], "sigma", join="exact"
        )
        for scenario in settings.scenarios
    ]
    dataset = xr.concat(rows, "scenario", join="exact").assign_coords(
        scenario=list(settings.scenarios), sigma=list(settings.sigmas)
    )
    dataset = dataset.merge(on_gaussian(settings, bench.spread))
    dataset.attrs = {
        "images": settings.images,
        "clean": settings.clean,
        "keys": settings.keys,
        "psnr": settings.psnr,
        "rate": RATE,
        "shape": list(supply.own.shape[1:]),
        "radius": settings.radius,
    }
    write_store(output, dataset)


def _cell(bench: "Bench", scenario: str, sigma: float) -> "xr.Dataset":
    """All methods in one scenario at one noise level."""
    from lowd.kinds.watermark.tables import table

    found = table(bench, scenario, sigma)
    told = found["auc"].isel(attack=0).max("detector").values.round(2).tolist()
    print(scenario, sigma, dict(zip(found["mark"].values.tolist(), told, strict=True)), flush=True)
    return found
