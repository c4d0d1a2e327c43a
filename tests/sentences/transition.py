"""Numbers of docs/transition.md."""

import numpy as np

from lowd.metrics.transition import fit_slope
from sentences.quoting import against_half, count, number, slope

WIDTHS = ["mlp-64", "mlp-128", "mlp-256"]
STEPS = ("molrg-half", "molrg", "molrg-double")


def readme(results):
    """What README.md says of its figure."""
    yield learned_from(results)


def transition(results):
    """What the page says."""
    molrg, digits = results("molrg"), results("digits")
    yield learned_from(results)
    plateaus = molrg["e_gen"].isel(N=-1).mean("replicate")
    yield (
        f"takes the range of its log₂ N from {number(molrg['spread_e'])} to "
        f"{number(molrg['rescaled_spread_e'])}. The curves of E_gen do not: they level off "
        f"between {number(plateaus.min())} and {number(plateaus.max())}, by size"
    )
    yield (
        f"its slope is {slope(molrg, 'e')}, by GL = ½ of the teacher's own {slope(molrg, 'gl')}, "
        f"by RP = ½ {slope(molrg, 'rp')}"
    )
    yield (
        "At 1,000, 2,000 and 4,000 steps the slope of E_gen = E_mem is "
        f"{slope(results(STEPS[0]), 'e')}, {slope(molrg, 'e')} and {slope(results(STEPS[2]), 'e')}"
    )
    yield (
        f"On digits it is {slope(digits, 'e')}, and by GL {slope(digits, 'gl')}, "
        f"{against_half(digits, 'gl')}"
    )
    three = [number(of_three_widths(results(study))) for study in STEPS]
    yield f"{three[0]}, {three[1]} and {three[2]} at 1,000, 2,000 and 4,000"


def learned_from(results):
    """What the teacher of digits saw."""
    images = results("across/lemma").attrs["images"]
    return f"8×8 digits: the teacher is a U-Net that learned from {count(images)} of them"


def of_three_widths(results):
    """The slope of E_gen = E_mem through three widths, two replicates each."""
    few = results.sel(model=WIDTHS).isel(replicate=slice(2))
    points = few["log2_n_e"].transpose("model", "replicate").values
    return fit_slope(np.log2(few["parameters"].values), points.mean(axis=1))[0]
