"""Numbers of docs/times.md, and what docs/findings.md says of errors that descend twice."""

import numpy as np
from scipy import stats

from sentences.quoting import interval, number, over_both

NAMES = {"adam-128": "Adam, width 128", "adam-256": "Adam, 256"}
NAMES |= {"sgd-128": "SGD, 128", "sgd-256": "SGD, 256"}


def times(results):
    """What the page says of exponents."""
    every = results("times-molrg")
    equal = {model: _exponent(every.sel(model=model), "equal") for model in NAMES}
    *first, last = [f"{equal[model]} ({name})" for model, name in NAMES.items()]
    yield f"τ_mem grows with N by a power of {', '.join(first)} and {last}"
    *first, last = [number(every["exponent_copy"].sel(model=model)) for model in NAMES]
    yield f"copies appear by powers of {', '.join(first)} and {last}"
    has_one = (every["exponent_equal_low"] <= 1) & (every["exponent_equal_high"] >= 1)
    assert all(has_one.sel(model=model) == ("sgd" in model) for model in NAMES)
    fall, least = (_exponent(every.sel(model=model), "gen") for model in ("adam-128", "sgd-256"))
    yield f"by a power of {fall} to {least} it falls with N a little"
    assert (every["exponent_gen_high"] < 0).all()
    told = every["tau_gen"].notnull().all("replicate")
    assert not told.sel(N=slice(8, 32)).any() and told.sel(N=slice(128, None)).all()
    fitted = every["tau_equal"].notnull().all("replicate").sum("N")
    assert set(fitted.values.tolist()) == {4, 5}
    yield "Four or five N carry each exponent"


def descent(results):
    """What is said of rises and falls on MoLRG."""
    every = results("dynamics-molrg")
    wide, narrow = every.sel(model="mlp-128"), every.sel(model="mlp-64")
    some, many = wide.sel(N=1024), wide.sel(N=8192)
    yield (
        f"at N = 1,024 E_gen of the MLP of width 128 rises by {over_both(some, 'rise')} and falls "
        f"by {over_both(some, 'fall')}, that of width 64 by "
        f"{over_both(narrow.sel(N=1024), 'rise')} and {over_both(narrow.sel(N=1024), 'fall')}"
    )
    mean = many["e_gen"].mean("replicate")
    at = [number(mean.sel(step=step), 3) for step in (150, 250, 2000)]
    yield f"the wider one's mean is {at[0]} at step 150, {at[1]} at 250 and {at[2]} at 2,000"
    yield f"three replicates do not tell its rise, {over_both(many, 'rise')}, from 0"
    assert not _is_told(many) and _is_told(some) and _is_told(narrow.sel(N=1024))
    assert (every.sel(N=16)["fall"].mean("replicate") < 0.06).all()
    assert not any(_is_told(one.sel(N=n)) for one in (wide, narrow) for n in (16, 256))
    gain = many["gain"].mean("replicate")
    yield (
        f"goes from {number(gain.sel(step=100))} at step 100 to {number(gain[1:-3].min())} and "
        f"then to {number(gain[-1])}"
    )
    loss = many["loss_held_out"].mean(["replicate", "sigma"])
    falling = many["e_gen_outside"].mean("replicate"), loss
    assert all((np.diff(curve.values) < 0).all() for curve in falling)


def _exponent(one, time):
    return interval(*(one[f"exponent_{time}{end}"] for end in ("", "_low", "_high")))


def _is_told(one):
    """Whether both rise and fall are told from 0 by Student's t, noises included."""
    quantile = stats.t.ppf(0.975, one.sizes["replicate"] - 1)
    for name in ("rise", "fall"):
        spread = one[name].var("replicate", ddof=1) / one.sizes["replicate"]
        error = (spread + (one[f"{name}_se"] ** 2).mean("replicate")) ** 0.5
        if float(one[name].mean("replicate")) <= quantile * float(error):
            return False
    return True
