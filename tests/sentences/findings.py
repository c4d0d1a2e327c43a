"""Numbers of docs/findings.md."""

import numpy as np
from scipy import stats

from sentences.agreement import across_families, disjoint_data
from sentences.quoting import count, extent, number, over_both, over_replicates


def findings(results):
    """What the page says."""
    yield from along_training(results("dynamics"))
    yield from bias_and_variance(results("bias-variance-molrg"), results("bias-variance-digits"))
    yield from across_families(results("families"))
    yield from disjoint_data(results("across/disjoint"))


def along_training(dynamics):
    """What is said of E_gen at three N."""
    small, large = (dynamics.isel(model=at) for at in dynamics["parameters"].argsort().values)
    few, some, many = dynamics["N"].values
    yield (
        f"Students of {few}, {some} and {count(many)} digits, two U-Nets, three replicates, looked "
        f"at after {dynamics['step'].values[0]} to {count(dynamics['step'].values[-1])} steps. ± "
        "are two standard errors of three replicates, which cover "
        f"{100 * (2 * stats.t.cdf(2, 2) - 1):.0f} %"
    )
    yield from of_few(small.sel({"N": few}), large.sel({"N": few}))
    one, least = least_of(large.sel({"N": some}))
    yield (
        f"E_gen of the larger network falls by {change(one, least, 0)} up to step "
        f"{count(one['step'][least])} and rises by {change(one, least, -1)} after it"
    )
    one, least = least_of(small.sel({"N": some}))
    yield (
        f"the smaller one's is least at step {count(one['step'][least])} and rises by "
        f"{change(one, least, -1)}"
    )
    last = large.sel({"N": many}).isel(step=-1)
    least = dynamics["e_gen"].sel({"N": many}).mean("replicate").argmin("step")
    falls = bool((least == dynamics.sizes["step"] - 1).all())
    fall = "falls to the end in both networks" if falls else "rises"
    yield f"E_gen {fall}, to {over_both(last, 'e_gen')} in the larger"
    yield (
        "in no regime does mean E_gen of either network fall again by more than "
        f"{number(again(dynamics['e_gen']), 4)} after a rise"
    )
    gains = [
        [gain(large.sel({"N": n}), rule) for rule in ("held_out", "oracle")]
        for n in dynamics["N"].values
    ]
    yield (
        f"{gains[0][0]} of E_gen at N = {few} (oracle {gains[0][1]}), {gains[1][0]} at N = {some} "
        f"(oracle {gains[1][1]}), {gains[2][0]} at N = {count(many)}"
    )


def of_few(small, large):
    """Whether students that memorise learn anything before."""
    one, least = least_of(large)
    copies = large["gl"].mean("replicate") < 0.005
    from_step = large["step"].values[int(np.flatnonzero(~copies).max()) + 1]
    yield (
        f"E_gen of the larger network is least after {one['step'].values[least]} steps, "
        f"{over_both(one.isel(step=least), 'e_gen')}, and {change(one, least, -1)} higher at the "
        f"end, when its samples are copies (mean GL below 0.005 from step {count(from_step)} on)"
    )
    other, at = least_of(small)
    t, p = stats.ttest_1samp((other["e_gen"][:, 0] - other["e_gen"][:, at]).values, 0)
    told = "is told from 0" if p < 0.05 else "is not told from 0"
    yield (
        f"the fall before that is {change(one, least, 0)}, and that of the smaller one, "
        f"{change(other, at, 0)}, {told} (t = {t:.1f} on 2 degrees of freedom, p = {p:.3f})"
    )


def least_of(cells):
    """The same, replicates first, and where mean E_gen is least."""
    cells = cells.transpose("replicate", "step", ...)
    return cells, int(cells["e_gen"].mean("replicate").argmin("step"))


def change(cells, least, step):
    """How much higher E_gen is at a step than where it is least."""
    return over_replicates(cells["e_gen"].isel(step=step) - cells["e_gen"].isel(step=least))


def gain(cells, rule):
    """What stopping by a rule saves of E_gen."""
    return over_replicates(cells["e_gen"].isel(step=-1) - cells["e_gen_stop"].sel(rule=rule))


def again(e_gen):
    """The most that a mean curve falls by after it has risen by as much."""
    most = 0.0
    curves = e_gen.mean("replicate").transpose(..., "step").values
    for curve in curves.reshape(-1, curves.shape[-1]):
        for peak in range(1, len(curve) - 1):
            rise, fall = curve[peak] - curve[:peak].min(), curve[peak] - curve[peak + 1 :].min()
            most = max(most, min(rise, fall))
    return most


def bias_and_variance(molrg, digits):
    """What is said of both decompositions."""
    least = [least_size(one) for one in (molrg, digits)]
    yield (
        f"at N = 128, E_gen² is {shape(molrg, digits)}, least near {least[0]} parameters on MoLRG "
        f"and {least[1]} on digits"
    )
    (low, high), (low_digits, high_digits) = shares(molrg), shares(digits)
    yield (
        f"Small students are wrong by bias (variance is {low} % and {low_digits} % of E_gen²), "
        f"large ones by variance ({high} % and {high_digits} %)."
    )
    data = [powers_of(one, "data") for one in (molrg, digits)]
    falls = "falls at every step" if all((p < 0).all() for p in data) else "falls on average"
    yield (
        f"**Over N** the variance over training sets {falls}. No one power fits: between "
        f"neighbouring N it is {extent(data[0])} on MoLRG "
        f"({number(molrg['slope'].sel(varied='data'))} on average) and {extent(data[1])} on digits "
        f"({number(digits['slope'].sel(varied='data'))})."
    )
    seeds = [number(one["slope"].sel(varied="seed")) for one in (molrg, digits)]
    between = [extent(powers_of(one, "seed")) for one in (molrg, digits)]
    yield (
        f"That over seeds falls on average too ({seeds[0]} and {seeds[1]}), between neighbouring N "
        f"as {between[0]} and {between[1]}"
    )
    smaller = [seeds_are_less(one) for one in (molrg, digits)]
    alike = smaller[0].all() and smaller[1][:-1].all() and not smaller[1][-1]
    yield (
        "It is the smaller of the two, but for the largest N of digits, where they are alike"
        if alike
        else "It is the smaller of the two"
        if all(less.all() for less in smaller)
        else "It is not always the smaller of the two"
    )
    line = digits.sel(model="unet-8", varied="data")["squared_bias"]
    yield (
        f"on digits it goes from {number(line.sel(N=128))} to {number(line.sel(N=512))} between "
        "N = 128 and 512"
    )
    cells = molrg.sel(model="mlp-128", N=16)["squared_bias"]
    yield (
        f"({number(cells.sel(varied='seed'), 1)} against a bias² of "
        f"{number(cells.sel(varied='data'), 1)} at N = 16 on MoLRG)"
    )


def thousands(parameters):
    return f"{parameters / 1000:.0f}k"


def sizes_at_reference(one):
    """E_gen² of all sizes at the reference's N, over training sets, by size."""
    return one.sel(N=one.attrs["at_samples"], varied="data").sortby("parameters")


def least_size(one):
    """The sizes where E_gen² is least, within the error of the difference."""
    line = sizes_at_reference(one)
    return thousands(int(line["parameters"][int(line["squared_error"].argmin("model"))]))


def shape(*studies):
    """Whether E_gen² is higher at both ends of |θ| by two standard errors, in all studies."""
    for one in studies:
        line = sizes_at_reference(one)
        total, error = line["squared_error"].values, line["squared_error_se"].values
        least = total.argmin()
        for end in (0, -1):
            if total[end] - total[least] <= 2 * np.hypot(error[end], error[least]):
                return "not U-shaped"
    return "U-shaped for both teachers"


def shares(one):
    """What the variance is of E_gen², of the smallest and of the largest size, in percent."""
    line = sizes_at_reference(one)
    share = (line["variance"] / line["squared_error"]).values
    return f"{100 * share[0]:.0f}", f"{100 * share[-1]:.0f}"


def powers_of(one, varied):
    """The power of N that the variance goes with between neighbouring N."""
    line = one.sel(model=one.attrs["at_model"], varied=varied)["variance"].dropna("N")
    return np.diff(np.log(line.values)) / np.diff(np.log(line["N"].values))


def seeds_are_less(one):
    """Whether, at each N, seeds move students less than training sets do, by two errors."""
    line = one.sel(model=one.attrs["at_model"])
    gap = line["variance"].sel(varied="data") - line["variance"].sel(varied="seed")
    error = (line["variance_se"] ** 2).sum("varied") ** 0.5
    return (gap > 2 * error).values
