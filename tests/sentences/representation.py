"""Numbers of docs/representation.md."""

import numpy as np
import xarray as xr

from sentences.quoting import count, number, with_error


def representation(results):
    """What the page says of the largest network, and of exact denoisers."""
    every = results("representation")
    largest = every.isel(model=int(every["parameters"].argmax("model")))
    yield from exact(every)
    yield from probes(largest.sel(input="clean"))
    yield from peaks(every, largest)
    ratios = largest["snr"].mean("replicate")
    yield (
        f"their ratios peak at {number(ratios.sel(N=128).max(), 1)} (N = 128) and "
        f"{number(ratios.sel(N=2048).max(), 1)} (N = 2,048)"
    )
    at_first = int(ratios.sel(N=16).argmax("sigma")) == 0
    yield f"and {'have no peak' if at_first else 'peak'} at N = 16"


def exact(every):
    """What is known of the denoiser itself."""
    ratio = every["snr_exact"].sel(input="clean")
    apart = abs(every["snr_formula"] / ratio - 1)
    yield f"1/((K − 1)δ²) = {number(1 / (2 * 0.3**2), 1)}"
    yield (
        f"In between it has a peak (figure `snr`): {number(ratio.max(), 1)} at "
        f"σ = {float(ratio['sigma'][int(ratio.argmax('sigma'))]):g}. The formula is within "
        f"{100 * float(apart.where(apart['sigma'] <= 0.3).max()):.1f} % up to σ = 0.3, and off by "
        f"{100 * float(apart.max()):.0f} % at worst"
    )
    accuracy = every["accuracy_exact"].sel(input="clean")
    assert float(np.ptp(accuracy.values)) < 5e-4, "the nearest subspace depends on σ"
    yield f"has accuracy {number(accuracy[0], 3)} at every σ"


def probes(clean):
    """The rows of the table."""
    for n in clean["N"].values:
        one = clean.sel(N=n)
        yield (
            f"| N = {count(n)} | {curve(one['accuracy'].mean('replicate'))} | "
            f"{told(one['unimodality'], 'replicate')} | {number(one['gl'].mean())} | "
            f"{number(one['e_gen'].mean())} |"
        )
    yield (
        f"| untrained | {curve(clean['accuracy_untrained'].mean('untrained'))} | "
        f"{told(clean['unimodality_untrained'], 'untrained')} | | |"
    )
    yield f"| points, no network | {number(clean['accuracy_raw'][0], 3)} | | | | | |"


def curve(accuracy):
    """Accuracy at the lowest σ, at its peak and at the highest."""
    top = accuracy.isel(sigma=int(accuracy.argmax("sigma")))
    return (
        f"{number(accuracy[0], 3)} | {number(top, 3)} at σ = {float(top['sigma']):g} | "
        f"{number(accuracy[-1], 3)}"
    )


def mean(values, over):
    """A mean and its standard error."""
    return float(values.mean(over)), float(values.std(over, ddof=1)) / values.sizes[over] ** 0.5


def told(values, over):
    return with_error(*mean(values, over), 3)


def peaks(every, largest):
    """How unimodality goes with other scores."""
    u = largest["unimodality"]
    (low, low_error), (high, high_error) = (mean(u.isel(N=at), "replicate") for at in (0, -1))
    gap, error = high - low, np.hypot(low_error, high_error)
    yield (
        f"It rises by {number(gap, 3)} from N = 16 to 2,048, {number(gap / error, 1)} standard "
        "errors; over all students its correlation with GL is "
        f"{number(xr.corr(u, largest['gl']))}, with E_gen {number(xr.corr(u, largest['e_gen']))}"
    )
    clean = largest.sel(input="clean")
    best = clean["accuracy"].mean("replicate").max()
    untrained = clean["accuracy_untrained"].mean("untrained")
    yield (
        f"Features of networks that have learned nothing give {number(untrained[0], 3)} at low "
        f"noise; the best trained ones {number(best, 3)}"
    )
