"""What guidance does to samples, against its weight: students beside exact denoisers."""

from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from lowd.figures.style import (
    BLACK,
    BLUE,
    COLUMN,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    VERMILION,
    band,
    made_of,
    mean_and_error,
    quoted,
)

PANELS = {
    "accuracy": "accuracy by the judge",
    "diversity": "trace of covariance",
    "offset": "distance of means",
    "frechet": "Fréchet distance",
    "agreement": "cosine with students",
}
REFERENCES = {
    "gaussian": ("linear: Gaussian of all", VERMILION, "-"),
    "shift": ("its mean shift alone", ORANGE, ":"),
    "positive": ("its positive CPC alone", PURPLE, ":"),
    "negative": ("its negative CPC alone", GREEN, ":"),
    "mixture": ("exact: mixture of classes", BLACK, "--"),
}
LOGARITHMIC = ("diversity", "offset", "frechet")


def draw(results: xr.Dataset) -> Figure:
    """A panel a score over γ; students with a band, exact denoisers as lines, data dotted."""
    figure, panels = plt.subplots(2, 3, figsize=(2 * COLUMN, 3.9), sharex=True)
    weights = results["weight"].values
    places = np.arange(len(weights))
    for axes, (score, label) in zip(panels.flat, PANELS.items(), strict=False):
        for name, (_, colour, line) in REFERENCES.items():
            if score == "agreement":
                centre, error = student(results["agreement"], results["agreement_se"], name)
            else:
                centre, error = by_class(results.sel(reference=name), score)
            # Bands of parts would hide each other: they share noises, and so errors.
            shown = error if name in ("gaussian", "mixture") else 0 * error
            band(axes, places, centre, shown, color=colour, ls=line, lw=1.1)
        if score != "agreement":
            centre, error = students(results, score)
            band(axes, places, centre, error, color=BLUE, marker="o", zorder=4)
            axes.axhline(float(results[f"real_{score}"].mean()), color=GREY, lw=0.8, ls="-.")
        axes.set_ylabel(label)
        if score in LOGARITHMIC:
            _limit(axes, results, score)
    for axes, (row, column) in zip(panels.flat, product(range(2), range(3)), strict=True):
        axes.set_xticks(places, [f"{weight:g}" for weight in weights])
        if row or column == 2:
            axes.set_xlabel("guidance weight $\\gamma$")
            axes.tick_params(labelbottom=True)
    panels[0, 0].set_ylim(top=1.03)
    _legend(panels[1, 2])
    return figure


def _limit(axes: Axes, results: xr.Dataset, score: str) -> None:
    """A logarithmic axis, as far as the exact mixture and the students go, and thrice that."""
    axes.set_yscale("log")
    shown = [float(results[f"student_{score}"].mean("class").max())]
    shown.append(float(results[score].sel(reference="mixture").mean("class").max()))
    least = min(
        float(results[f"student_{score}"].mean("class").min()),
        float(results[score].sel(reference="mixture").mean("class").min()),
        float(results[f"real_{score}"].mean()),
    )
    axes.set_ylim(least / 1.6, 3 * max(shown))
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _legend(axes: Axes) -> None:
    axes.set_axis_off()
    handles = [Line2D([], [], color=BLUE, marker="o", label="students")]
    handles += [
        Line2D([], [], color=colour, ls=line, label=label)
        for label, colour, line in REFERENCES.values()
    ]
    handles.append(Line2D([], [], color=GREY, lw=0.8, ls="-.", label="held-out data"))
    axes.legend(handles=handles, loc="center", title="guided by")


def by_class(one: xr.Dataset, score: str) -> tuple[xr.DataArray, xr.DataArray]:
    """Mean over classes, and its standard error, their samples being independent."""
    values, errors = one[score], one[f"{score}_se"]
    return values.mean("class"), (errors**2).sum("class") ** 0.5 / one.sizes["class"]


def students(results: xr.Dataset, score: str) -> tuple[xr.DataArray, xr.DataArray]:
    """Mean over students and classes; students share the noises, and differ by their streams."""
    return mean_and_error(*by_class(results, f"student_{score}"), "replicate")


def student(
    values: xr.DataArray, errors: xr.DataArray, reference: str
) -> tuple[xr.DataArray, xr.DataArray]:
    """The same of a score of every student beside a reference."""
    one, error = (each.sel(reference=reference) for each in (values, errors))
    return mean_and_error(one, error, "replicate")


def _intervals(results: xr.Dataset) -> str:
    """What guidance at some noise levels alone does to students."""
    if "interval" not in results.dims:
        return ""
    told = []
    for name in results["interval"].values:
        one = results.sel(interval=name)
        scores = [
            float(one[f"interval_student_{score}"].mean())
            for score in ("accuracy", "diversity", "frechet")
        ]
        told.append(f"{name} {scores[0]:.3f}, {scores[1]:.2f}, {scores[2]:.2f}")
    return (
        f"Guided at intervals of σ alone, accuracy, trace and Fréchet distance are "
        f"{'; '.join(told)}."
    )


def caption(results: xr.Dataset) -> str:
    """What students lose and gain, and which exact denoiser says so."""
    weights = results["weight"].values
    changes = []
    for score in ("accuracy", "diversity", "offset"):
        centre, _ = students(results, score)
        place = int(abs(weights - 2).argmin())
        changes.append(float(centre[place] / centre[0]))
    at = float(results["weight"].sel(weight=results.attrs["at"], method="nearest"))
    agreed = []
    for name in ("gaussian", "mixture"):
        centre, error = student(results["agreement"], results["agreement_se"], name)
        agreed.append(quoted(centre.sel(weight=at), error.sel(weight=at)))
    return " ".join(
        part
        for part in (
            f"From γ = 0 to {weights[place]:g} students' accuracy is multiplied by "
            f"{changes[0]:.2f}, the spread within a class by {changes[1]:.2f}, and a class's "
            f"offset from its data by {changes[2]:.2f}.\nStudents beside exact denoisers and "
            f"held-out data over γ (the judge knows {results.attrs['judge']:.3f} of "
            f"{results.attrs['held_out']} held-out points). (e) At γ = {at:g} the cosine with a "
            f"student's sample of the same noise is {agreed[0]} of linear guidance and {agreed[1]} "
            "of the exact mixture's.",
            _intervals(results),
            f"{results.sizes['replicate']} students, means over {results.sizes['class']} classes; "
            "bands and ± are two standard errors. Fréchet distances are biased upward, alike for "
            "all but held-out data.",
            made_of(results),
        )
        if part
    )
