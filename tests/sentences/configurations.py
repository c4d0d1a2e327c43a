"""Numbers of docs/configurations.md that are of committed results."""

import numpy as np

from lowd.metrics.transition import fit_slope
from sentences.quoting import against_half, number, slope
from sentences.transition import STEPS, WIDTHS, of_three_widths

SEEDS = (7, 19, 42)


def configurations(results):
    """What the page says of committed studies."""
    half, molrg, double = (results(study) for study in STEPS)
    seeds = [results(f"molrg-seed-{seed}") for seed in SEEDS]
    two = results("molrg-two-subspaces")
    largest = two.isel(model=int(two["parameters"].argmax("model"))).mean("replicate")
    yield (
        f"slopes of E_gen = E_mem {slope(half, 'e')} at half, {slope(double, 'e')} at double the "
        f"steps; {slope(two, 'e')} for two subspaces"
    )
    never = float(largest["e_gen"].min()) >= float(largest["e_emp"][-1])
    yield (
        f"since the largest {'never' if never else 'hardly'} comes nearer to the teacher (E_gen "
        f"{number(largest['e_gen'].min())} at the least) than memorising the largest training set "
        f"would (E_emp {number(largest['e_emp'][-1])})"
    )
    yield f"{', '.join(slope(one, 'e') for one in seeds)} for the seeds"
    three = [number(of_three_widths(one)) for one in (half, molrg, double)]
    ranges = [number(range_of_three_widths(one)) for one in (half, molrg, double)]
    yield (
        f"| {', '.join(three)}, 0.62, 0.67; the range of log₂ N* after dividing by √\\|θ\\| is "
        f"{', '.join(ranges)}, 0.42, 0.57 |"
    )
    every = [one["log2_n_e"].transpose("model", "replicate").values for one in (molrg, *seeds)]
    points = np.concatenate(every, axis=1).mean(axis=1)
    wide, sizes = (residual(np.log2(x), points) for x in (widths(molrg), molrg["parameters"]))
    straighter = "straighter" if wide < sizes else "no straighter"
    yield (
        "Against log₂ of the width, log₂ N* of the committed students of all four seeds is "
        f"{straighter} than against log₂ |θ| (root mean square residuals "
        f"{number(wide, 3)} and {number(sizes, 3)})"
    )
    digits = results("digits")
    own = number(digits["gl_teacher"].isel(N=-1).mean())
    yield f"The teacher's own GL then falls with N, to {own} at N = 4096 in the committed study"
    yield (
        f"the committed study: slope {slope(digits, 'e')} by E_gen = E_mem, {slope(digits, 'gl')} "
        f"by GL, {against_half(digits, 'gl')}, {slope(digits, 'rp')} by RP"
    )


def widths(results):
    """The widths of MLPs, by their names."""
    return [int(name.removeprefix("mlp-")) for name in results["model"].values]


def residual(x, points):
    """How far sizes' log₂ N* lie off the line through them, root mean square."""
    incline, intercept = fit_slope(x, points)
    return float(np.mean((points - incline * x - intercept) ** 2) ** 0.5)


def range_of_three_widths(results):
    """The range of log₂ N* at E_gen = E_mem of three widths, two replicates each, over √|θ|."""
    few = results.sel(model=WIDTHS).isel(replicate=slice(2))
    points = few["log2_n_e"].mean("replicate") - np.log2(few["parameters"]) / 2
    return float(points.max() - points.min())
