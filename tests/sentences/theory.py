"""Numbers of docs/theory.md."""

import numpy as np
from scipy import stats

from lowd.metrics.transition import crossing
from sentences.quoting import extent, interval, number

LEARNERS = (("mlp-128", 1), ("mlp-128", 2), ("unet-8", 1), ("unet-8", 2))
"""Networks and numbers of clusters, in the table's order."""

OF_SAMPLES = 8.7
"""The estimate for samples of digits' teacher, which was measured once."""


def theory(results):
    """What the page says."""
    yield from fitted_mixture(results("across/lemma"))
    yield from recovery(results("theory"))
    yield from needed(results("across/dimension"))
    yield from estimates(results("across/dimension"))
    yield from ranks(results("across/low-rank"))


def fitted_mixture(lemma):
    """How near two closed forms come to a network."""
    rp = {pair: number(lemma["rp"].sel(pair=pair)) for pair in lemma["pair"].values}
    yield (
        "The MoLRG's samples agree with the network's far more often than the Gaussian's do (RP "
        f"{rp['network|MoLRG']} against {rp['network|Gaussian']})."
    )
    apart = lemma["apart"]
    of_network = apart.sel(pair=["network|MoLRG", "network|Gaussian"])
    at = of_network["sigma"].values[of_network.argmax("sigma").values]
    assert of_network.max("sigma").argmax("pair") == 1, "the MoLRG is furthest from the network"
    yield (
        f"At σ = {at[0]:g} the two fitted models are furthest from the network, the Gaussian more "
        "so"
        if at[0] == at[1]
        else f"The MoLRG is furthest from the network at σ = {at[0]:g}, the Gaussian at {at[1]:g}"
    )
    mixture, gaussian = of_network.isel(sigma=0).values
    yield (
        f"At the smallest σ it is the MoLRG that stays away ({number(mixture)} of the images' "
        f"spread, the Gaussian {number(gaussian)})"
    )


def recovery(theory):
    """When bases are found."""
    enough = theory["N"] >= theory["rank"] + 2
    spans = theory["from_clustering"].where(enough).sel(clusters=1).mean()
    yield f"From N = r + 2 on their mean distance is {number(spans, 3)} for K = 1"
    denoiser = theory.sel({"method": "denoiser"})
    at = [number(denoiser["pooled"].sel(excess=0, clusters=k)) for k in (1, 2, 3)]
    few = float((theory["success"] * theory["trials"]).where(theory["N"] < theory["rank"]).sum())
    yield "No trial with N < r succeeds" if few == 0 else "Some trials with N < r succeed"
    yield (
        f"At N = r the denoiser succeeds in {at[0]} of trials for K = 1, {at[1]} for K = 2, "
        f"{at[2]} for K = 3"
    )
    more = denoiser.sel(excess=denoiser["excess"] >= 2)
    share = (more["pooled"] * more["pooled_trials"]).sum("excess") / more["pooled_trials"].sum(
        "excess"
    )
    yield f"over all N ≥ r + 2 in {number(np.floor(100 * share.min()) / 100)} or more of them"
    below = theory["N"] < theory["rank"]
    ratio = (denoiser["error"] / theory["random_completion"]).where(below)
    mean = ratio.mean(("N", "rank"))
    yield (
        f"({number(mean.sel(clusters=1), 4)} of it on average over "
        f"{int(ratio.sel(clusters=1).count())} cells), well above the bound; the largest error of "
        f"a cluster is {above(mean.sel(clusters=2))} above that for K = 2, and "
        f"{above(mean.sel(clusters=3))} for K = 3"
    )


def above(ratio):
    return f"{100 * (float(ratio) - 1):.0f} %"


def needed(dimension):
    """How many samples dimensions take."""
    for share in (0.8, 0.7):
        told = [interval(*fixed_error(dimension, *learner, share)) for learner in LEARNERS]
        yield f"| E_gen = {share} √r | {' | '.join(told)} |"
    for name, label in (("gl", "GL = ½ of the teacher's own"), ("e", "E_gen = E_mem")):
        told = [exponent(dimension, *learner, name) for learner in LEARNERS]
        yield f"| {label} | {' | '.join(told)} |"
    steps = np.concatenate([between_ranks(dimension, *learner) for learner in LEARNERS])
    yield f"between neighbouring ranks the slope goes from {extent(steps, 1)}"
    yield constants(dimension.isel(study=dimension["rank"].notnull().values))
    digits = dimension.sel(study="digits")
    estimate = digits["dimension"].sel(neighbours=20, divisor="k-1")
    yield (
        f"On digits N* is {extent(digits['constant'], 1)} times the dimension of the images "
        f"({number(estimate, 1)} by maximum likelihood with k = 20)"
    )
    yield f"which makes the ratio {extent(digits['constant'] * estimate / OF_SAMPLES, 1)}"


def constants(known):
    """The range of N* over the rank, with and without r = 2."""
    every = known["constant"]
    more = float(every.isel(study=(known["rank"] > 2).values).max())
    return (
        f"N*/r at E_gen = E_mem lies between {number(every.min(), 1)} and "
        f"{number(every.max(), 0)}, and above r = 2 it is {number(more, 1)} at most"
    )


def rows(dimension, model, clusters):
    """The studies of a number of clusters and one network, by rank."""
    chosen = dimension["rank"].notnull() & (dimension["clusters"] == clusters)
    return dimension.isel(study=chosen.values).sortby("rank").sel(model=model)


def fixed_error(dimension, model, clusters, share):
    """The exponent of the N per cluster that E_gen takes to fall to a share of √r, 95 % by t."""
    cells = rows(dimension, model, clusters)
    log2_n = np.log2(cells["N"].values / clusters)
    points = []
    for study in cells["study"].values:
        one = cells.sel(study=study)
        curves = one["e_gen"].transpose("replicate", "N").values / float(one["rank"]) ** 0.5
        finite = np.isfinite(curves).all(axis=0)
        each = [crossing(log2_n[finite], curve[finite] - share).log2_n for curve in curves]
        points.append(np.mean(each))
    kept = np.isfinite(points)
    x, y = np.log2(cells["rank"].values[kept]), np.asarray(points)[kept]
    fit = stats.linregress(x, y)
    half = stats.t.ppf(0.975, len(x) - 2) * fit.stderr
    return fit.slope, fit.slope - half, fit.slope + half


def exponent(dimension, model, clusters, rule):
    """The exponent of N* in r, with its interval from four ranks on."""
    whole = rows(dimension, model, clusters)[f"log2_n_{rule}"].notnull().all("replicate")
    one = dimension.sel(model=model, kind=clusters, rule=rule)
    value, low, high = (one[f"exponent{end}"] for end in ("", "_low", "_high"))
    if int(whole.sum()) < 4:
        return f"{number(value)}, of {int(whole.sum())} ranks"
    return interval(value, low, high)


def between_ranks(dimension, model, clusters):
    """Slopes of log N* at E_gen = E_mem between neighbouring ranks."""
    cells = rows(dimension, model, clusters)
    points = cells["log2_n_e"].mean("replicate", skipna=False).values
    kept = np.isfinite(points)
    return np.diff(points[kept]) / np.diff(np.log2(cells["rank"].values[kept]))


def estimates(dimension):
    """What maximum likelihood says of digits."""
    digits = dimension["dimension"].sel(study="digits", divisor="k-1")
    ends = [number(digits.sel(neighbours=k), 1) for k in (3, 20)]
    yield f"the estimate for digits falls, from {ends[0]} at k = 3 to {ends[1]} at k = 20"


def ranks(low_rank):
    """What share of directions Jacobians keep."""

    def of(study, model, n, sigma=None):
        chosen = (low_rank["study"] == study) & (low_rank["model"] == model) & (low_rank["N"] == n)
        curve = low_rank["rank"].isel(denoiser=chosen.values).squeeze("denoiser")
        return number(curve.min() if sigma is None else curve.sel(sigma=sigma))

    one, two = "dimension-k1-r8", "dimension-k2-r8"
    yield (
        f"With N = 512 the U-Net nowhere keeps less than {of(one, 'unet-8', 512)} for K = 1, where "
        f"theory has 0.25, and {of(two, 'unet-8', 512)} for K = 2 (0.25 to 0.50). The MLP comes "
        f"down to {of(one, 'mlp-128', 512)} and {of(two, 'mlp-128', 512)}, but keeps "
        f"{of(one, 'mlp-128', 512, 8)} and {of(two, 'mlp-128', 512, 8)} at σ = 8"
    )
    known = (low_rank["study"] != "digits") & (low_rank["model"] != "teacher")
    least = float(low_rank["rank"].isel(denoiser=known.values).sel(sigma=0.02).min())
    yield f"At σ = 0.02 all keep all but everything ({number(least)} or more)"
    yield (
        "At low noise the largest network's falls with N towards the teacher's "
        f"({of('digits', 'unet-16', 4096, 0.02)} and {of('digits', 'teacher', 0, 0.02)} at "
        f"σ = 0.02), and what memorised two images passes nearly everything "
        f"({of('digits', 'unet-16', 2, 0.02)})"
    )
    yield (
        "it is the memorisers that keep fewest directions "
        f"({of('digits', 'unet-16', 2)}), fewer than the teacher ({of('digits', 'teacher', 0)})"
    )
