"""Numbers of docs/findings.md on students that agree: across families, and across disjoint data."""

import numpy as np

from sentences.quoting import count, extent, interval, number, with_error

NAMES = {
    "unet": "EDM", "vp": "VP", "sub-vp": "sub-VP", "consistency": "consistency training",
    "dit": "DiT", "mlp": "MLP",
}  # fmt: skip
"""What prose calls the families."""


def across_families(families):
    """What is said of kinds of models."""
    kinds = families.isel(member=(families["member"] == families["family"]).values)
    names = kinds["member"].values[kinds["member_group"].values == "diffusion"]
    rp = between(families["rp"].sel(data="shared"), names)
    upper = rp[np.triu_indices(len(names), 1)]
    advantage = families.isel(group=0)
    alike = float(abs(np.diff(families["advantage"].values)).max()) < 0.005
    told = interval(*(advantage[f"advantage{end}"] for end in ("", "_low", "_high")))
    yield (
        f"RP between different diffusion families is {number(upper.mean())} on average on shared "
        f"data, from {number(upper.min())} ({pair(upper.argmin(), names)}) to "
        f"{number(upper.max())} ({pair(upper.argmax(), names)})"
    )
    chance = number(np.ceil(float(families["rp_chance"].max()) * 1e4) / 1e4, 4)
    yield (
        f"the advantage is {told} over {'both' if alike else 'VAEs'}, and no chance level exceeds "
        f"{chance}"
    )
    yield f"the mean is known to ± {number(2 * jackknife(rp))} (two standard errors, jackknife)"
    frechet = {
        name: number(families["frechet"].sel(member=name), 3) for name in kinds["member"].values
    }
    yield f"its Fréchet distance is the DiT's ({frechet['gan-unet']} and {frechet['dit']})"
    least = kinds["member"].values[int(kinds["frechet"].argmin("member"))]
    yield f"The Fréchet distance does not tell: the {NAMES[least]}'s is the least of all."
    for group in ("VAE", "GAN"):
        own = kinds["member"].values[kinds["member_group"].values == group]
        assert float(families["rp"].sel(one=own, other=own).max()) < 0.005, f"{group}s agree"
    apart = between(families["rp"].sel(data="disjoint"), names)
    mean = number(apart[np.triu_indices(len(names), 1)].mean())
    yield f"With training sets that share no image it is {mean}"
    yield from which_agree(families, names, rp)


def which_agree(families, names, rp):
    """What is said of single families, and of solvers of one."""
    with_others = {
        name: number(np.delete(rp[at], at).mean()) for at, name in enumerate(names.tolist())
    }
    e_gen = {name: number(families["e_gen"].sel(member=name)) for name in names}
    worst = ("dit", "mlp", "consistency")
    others = [float(e_gen[name]) for name in names if name not in worst]
    yield (
        f"lowest for the DiT ({with_others['dit']}), the MLP ({with_others['mlp']}) and "
        f"consistency training ({with_others['consistency']}), whose E_gen are the highest "
        f"({', '.join(e_gen[name] for name in worst)}; the others {extent(others)})"
    )
    close = between(families["mae"].sel(data="shared"), names)
    own = dict(zip(names.tolist(), np.diag(close), strict=True))
    yield (
        f"is {number(close[np.triu_indices(len(names), 1)].mean())} between different diffusion "
        f"families, and {number(own['unet'])} for the U-Net with another seed; what consistency "
        f"training makes differs in detail even from itself ({number(own['consistency'])})"
    )
    pfd = {
        name: number(families["solver_error"].sel(member=name), 3)
        for name in ("unet", "unet-dpmpp", "unet-ddim")
    }
    yield (
        f"Against Heun with 255 evaluations, PFD is {pfd['unet']} for Heun with 35, "
        f"{pfd['unet-dpmpp']} for DPM-Solver++ with 18 and {pfd['unet-ddim']} for DDIM with 50"
    )


def between(score, names):
    """A score of pairs of members, both triangles those of the upper one."""
    table = score.sel(one=names, other=names).values
    upper = np.triu(table)
    return upper + np.triu(table, 1).T


def pair(place, names):
    """The names of a pair, by its place in the upper triangle."""
    row, column = (indices[place] for indices in np.triu_indices(len(names), 1))
    one, other = sorted((NAMES[names[row]], NAMES[names[column]]), key=list(NAMES.values()).index)
    return f"{one} and {other}"


def jackknife(table):
    """The standard error of the mean of all pairs over the choice of families."""
    count = len(table)
    kept = [np.delete(np.arange(count), left_out) for left_out in range(count)]
    means = [table[np.ix_(at, at)][np.triu_indices(count - 1, 1)].mean() for at in kept]
    return ((count - 1) * np.var(means)) ** 0.5


def pairs_error(disjoint):
    """Standard errors of means over pairs, which share replicates, by the jackknife over these."""
    pairs = disjoint["between_mean"].transpose("N", "disjoint_pair")
    names = pairs["disjoint_pair"].values
    left = [pairs.values[:, [r not in name.split("|") for name in names]].mean(1) for r in "012"]
    noises = (disjoint["between_mean_se"] ** 2).mean("disjoint_pair").values
    return (2 * np.var(left, axis=0) + noises) ** 0.5


def disjoint_data(disjoint):
    """What is said of two students without a common training image."""
    each_other = disjoint["between_mean"].mean("disjoint_pair")
    nearest = disjoint["nearest_mean"].mean("replicate")
    behind = np.flatnonzero((each_other <= nearest).values).max()
    first = int(disjoint["N"][behind + 1])
    last = int(disjoint["N"][-1])
    apart = with_error(each_other[0], pairs_error(disjoint)[0])
    yield (
        f"(mean cosine over all pairs of three replicates {apart} to each other, "
        f"{number(nearest[0])} to the nearest training image)"
    )
    yield (
        f"From N = {count(first)} on they are closer to each other "
        f"({number(each_other.sel(N=first))}) than to their data ({number(nearest.sel(N=first))}); "
        f"at {count(last)} it is {number(each_other.sel(N=last))} and {number(nearest.sel(N=last))}"
    )
