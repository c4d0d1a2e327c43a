"""Rows of docs/laws.md, computed here by other code than the page's."""

from functools import cache
from itertools import combinations
from math import inf, nan, sqrt

import numpy as np
from scipy import stats

from sentences.quoting import count, number

WORDS = {"=": "", ">": "above ", "<": "below "}
GRIDS = (
    *("molrg-half", "molrg", "molrg-double", "molrg-seed-7", "molrg-seed-19", "molrg-seed-42"),
    *("molrg-two-subspaces", "mixture", "digits", "fashion"),
)
LEARNERS = (("mlp-128", 1), ("unet-8", 1), ("mlp-128", 2), ("unet-8", 2))


def laws(results):
    """Every row whose results are committed."""
    results = cache(results)
    for study in GRIDS:
        yield row(study, "", slope(results(study)), "=", 0.5, 0)
        yield row(study, "", collapse(results(study)), "=", 0.5, 0)
        yield row(study, "", regimes(results(study)), ">", 0.5)
    yield from dimensions(results("across/dimension"))
    for clusters, methods in ((1, ("pca", "denoiser")), (2, ("subspaces", "denoiser"))):
        for method in methods:
            found = recovered(results("theory"), method, clusters)
            yield row("theory", f"{method}, K = {clusters}", found, ">", 0.5)
    yield from ranks(results("across/low-rank"))
    for study in ("bias-variance-molrg", "bias-variance-digits"):
        yield row(study, "", power(results(study)), "<", 0)
        yield row(study, "", valley(results(study)), ">", 0)
    yield from families(results("families"))
    yield row("disjoint", "", nearer(results("across/disjoint")), ">", 0)
    yield from descents(results("dynamics"))


def row(study, case, ends, relation, claimed, without=nan):
    """As the page has it, up to what is said of it."""
    value, low, high = ends
    told = number(value) + (f" [{number(low)}, {number(high)}]" if low == low else ", no interval")
    if relation == "=":
        said = "does not" if not low <= claimed <= high else "holds"
        said = "open" if said == "holds" and low <= without <= high else said
    else:
        sign = 1 if relation == ">" else -1
        ahead, behind = sorted((sign * (low - claimed), sign * (high - claimed)))
        said = "holds" if ahead > 0 else "does not" if behind < 0 else "open"
    said = said if low == low else "open"
    shown = f" {case} |" if case else " |"
    return f"| {study} |{shown} {told} | {WORDS[relation]}{number(claimed)} | {said} |"


def cross(x, y):
    """Where y first falls to 0, on straight lines; NaN if it does not, or is there at once."""
    known = np.isfinite(y)
    x, y = x[known], y[known]
    down = [i for i in range(len(y)) if y[i] <= 0]
    if not down or not down[0]:
        return nan
    a, b = down[0] - 1, down[0]
    return x[a] + (x[b] - x[a]) * y[a] / (y[a] - y[b])


def by_t(values):
    mean, half = np.mean(values), nan
    if len(values) > 1:
        half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return mean, mean - half, mean + half


def left_out(whole, parts):
    """A jackknife's interval."""
    parts = np.asarray(parts)
    error = sqrt((len(parts) - 1) * parts.var())
    half = stats.t.ppf(0.975, len(parts) - 1) * error
    return whole, whole - half, whole + half


def lesser(*each):
    if any(one[1] != one[1] for one in each):
        return min(one[0] for one in each), nan, nan
    return tuple(min(one[i] for one in each) for i in range(3))


def slope(study):
    gap = (study["e_gen"] - study["e_mem"]).transpose("model", "replicate", "N").values
    log2_n = np.log2(study["N"].values)
    points = np.array([[cross(log2_n, curve) for curve in model] for model in gap])
    whole = np.isfinite(points).all(axis=1)
    x = np.log2(study["parameters"].values[whole])
    value = np.polyfit(x, points[whole].mean(axis=1), 1)[0]
    largest = study["e_gen"].sel(model=study["model"][study["parameters"].argmax("model")])
    least = largest.mean("replicate").min()
    if len(set(x)) < 4 or least >= study["e_emp"].mean("replicate").values[-1]:
        return value, nan, nan
    return value, float(study["slope_e_low"]), float(study["slope_e_high"])


def collapse(study):
    curves = study["e_gen"].transpose("replicate", "model", "N").values
    x, sizes = np.log2(study["N"].values), np.log2(study["parameters"].values)

    def apart(means, a):
        moved = a * (sizes - sizes.mean())
        at = np.linspace(x[0] - moved.max(), x[-1] - moved.min(), 200).round(9)
        drawn = np.array(
            [
                np.interp(at, (x - shift).round(9), mean, left=nan, right=nan)
                for shift, mean in zip(moved, means, strict=True)
            ]
        )
        spreads = [column[np.isfinite(column)] for column in drawn.T]
        return sqrt(np.mean([each.var(ddof=1) for each in spreads if len(each) > 1]))

    def best(part):
        means = part.mean(axis=0)
        return min((apart(means, k / 50), k / 50) for k in range(76))[1]

    if len(set(sizes)) < 3:
        return best(curves), nan, nan
    parts = [best(np.delete(curves, r, 0)) for r in range(len(curves))]
    value, low, high = left_out(best(curves), parts)
    return value, low - 0.01, high + 0.01


def regimes(study):
    largest = study.sel(model=study["model"][study["parameters"].argmax("model")])
    first, last = largest.isel(N=0), largest.isel(N=-1)
    replicates = study.sizes["replicate"]
    own = first["rp_emp"].values
    noise = (first["rp_emp_se"].values ** 2).mean()
    half = stats.t.ppf(0.975, replicates - 1) * sqrt(own.var(ddof=1) / replicates + noise)
    memory = own.mean(), own.mean() - half, own.mean() + half
    pairs = last["rp_disjoint"]
    mean = float(pairs.mean())
    if replicates < 3:
        return lesser(memory, (mean, nan, nan))
    names = pairs["disjoint_pair"].values
    parts = [
        pairs.values[[str(r) not in name.split("|") for name in names]].mean()
        for r in range(replicates)
    ]
    noise = float((last["rp_disjoint_se"] ** 2).mean())
    half = stats.t.ppf(0.975, replicates - 1) * sqrt((replicates - 1) * np.var(parts) + noise)
    return lesser(memory, (mean, mean - half, mean + half))


def dimensions(relation):
    for model, clusters in LEARNERS:
        chosen = relation["rank"].notnull() & (relation["clusters"] == clusters)
        cells = relation.isel(study=chosen.values).sortby("rank").sel(model=model)
        found = relative(cells, clusters)
        label = f"{model}, K = {clusters}"
        yield row("dimension", f"{label}, E_gen = 0.7 √r", found, "=", 1, 0)
        for rule, told in (("gl", "GL"), ("e", "E_gen = E_mem")):
            points = cells[f"log2_n_{rule}"].transpose("study", "replicate").values
            whole = np.isfinite(points).all(axis=1)
            x = np.log2(cells["rank"].values[whole])
            value = np.polyfit(x, points[whole].mean(axis=1), 1)[0]
            one = relation.sel(model=model, kind=clusters, rule=rule)
            ends = [float(one[f"exponent_{end}"]) for end in ("low", "high")]
            ends = ends if whole.sum() > 3 else (nan, nan)
            yield row("dimension", f"{label}, {told}", (value, *ends), "=", 1, 0)


def relative(cells, clusters):
    log2_n, points = np.log2(cells["N"].values / clusters), []
    for rank, study in zip(cells["rank"].values, cells["study"].values, strict=True):
        curves = cells["e_gen"].sel(study=study).transpose("replicate", "N").values
        points.append(np.mean([cross(log2_n, curve - 0.7 * sqrt(rank)) for curve in curves]))
    known = np.isfinite(points)
    x, y = np.log2(cells["rank"].values[known]), np.array(points)[known]
    if len(x) < 3:
        return np.polyfit(x, y, 1)[0], nan, nan
    fit = stats.linregress(x, y)
    half = stats.t.ppf(0.975, len(x) - 2) * fit.stderr
    return fit.slope, fit.slope - half, fit.slope + half


def recovered(theory, method, clusters):
    ends = []
    for excess, is_failure in ((0, False), (-1, True)):
        at = (theory["N"] - theory["rank"] == excess).values
        one = theory.sel({"method": method, "clusters": clusters})
        trials = one["trials"].transpose("N", "rank").values[at]
        share = one["success"].transpose("N", "rank").values[at]
        known = np.isfinite(trials)
        total, good = trials[known].sum(), (share * trials)[known].sum()
        p = (total - good) / total if is_failure else good / total
        z = stats.norm.ppf(0.975)
        middle = (p + z**2 / (2 * total)) / (1 + z**2 / total)
        half = z / (1 + z**2 / total) * sqrt(p * (1 - p) / total + z**2 / (4 * total**2))
        ends.append((p, middle - half, middle + half))
    return lesser(*ends)


def ranks(relation):
    z = stats.norm.ppf(0.975)
    for study in dict.fromkeys(relation["study"].values.tolist()):
        cells = relation.isel(denoiser=(relation["study"] == study).values)
        cells = cells.isel(denoiser=(cells["N"] == cells["N"].max()).values)
        for at in range(cells.sizes["denoiser"]):
            one = cells.isel(denoiser=at)
            shares, errors = one["rank"].values, one["rank_se"].values
            found = [np.median(shares + side * errors) for side in (0, -z, z)]
            upper = float(one["upper"])
            claimed = upper if upper == upper else 0.5
            case = f"{study}, {one['model'].item()}"
            yield row("low-rank", case, found, "<", claimed)


def power(split):
    line = split.sel(varied="data", model=split.attrs["at_model"])
    x, v = np.log2(line["N"].values), line["variance"].values
    errors = line["variance_se"].values / v / np.log(2)
    steps = [
        ((np.log2(v[i + 1]) - np.log2(v[i])) / (x[i + 1] - x[i]), i) for i in range(len(x) - 1)
    ]
    value, i = max(steps)
    half = stats.norm.ppf(0.975) * np.hypot(errors[i], errors[i + 1]) / (x[i + 1] - x[i])
    return value, value - half, value + half


def valley(split):
    line = split.sel(varied="data", N=split.attrs["at_samples"]).sortby("parameters")
    logs = np.log2(line["squared_error"].values)
    errors = line["squared_error_se"].values / line["squared_error"].values / np.log(2)
    best = min(range(1, len(logs) - 1), key=lambda i: logs[i])
    z = stats.norm.ppf(1 - 0.025 / (len(logs) - 2))
    ends = []
    for end in (0, -1):
        value, half = logs[end] - logs[best], z * np.hypot(errors[end], errors[best])
        ends.append((value, value - half, value + half))
    return lesser(*ends)


def families(agreement):
    own = [
        name
        for name, family, group in zip(
            *(agreement[key].values.tolist() for key in ("member", "family", "member_group")),
            strict=True,
        )
        if name == family and group == "diffusion"
    ]

    def mean(data, names):
        pairs = [
            float(agreement["rp"].sel(data=data, one=a, other=b))
            for a in names
            for b in names
            if a != b
        ]
        return np.mean(pairs)

    for data in ("shared", "disjoint"):
        parts = [mean(data, [name for name in own if name != left]) for left in own]
        yield row("families", f"{data} data", left_out(mean(data, own), parts), ">", 0.5)
    for group in ("VAE", "GAN"):
        names = agreement["member"].values[agreement["member_group"].values == group]
        rp = agreement.sel(data="shared", one=names, other=names)
        values, errors = rp["rp"].values.ravel(), rp["rp_se"].values.ravel()
        at = values.argmax()
        half = stats.norm.ppf(0.975) * errors[at]
        ends = values[at], values[at] - half, values[at] + half
        yield row("families", group, ends, "<", 0.5)


def nearer(disjoint):
    last = disjoint.isel(N=-1)
    own = last["nearest_mean"].values
    pairs = dict(
        zip(last["disjoint_pair"].values.tolist(), last["between_mean"].values, strict=True)
    )

    def lead(kept):
        return np.mean([pairs[f"{a}|{b}"] for a, b in combinations(kept, 2)]) - own[kept].mean()

    every = list(range(len(own)))
    return left_out(lead(every), [lead([r for r in every if r != left]) for left in every])


def descents(dynamics):
    last = dynamics.isel(N=-1)
    for model in dynamics["model"].values:
        curves = last["e_gen"].sel(model=model).transpose("replicate", "step").values
        rises, falls = [], []
        for r, curve in enumerate(curves):
            mean = np.delete(curves, r, 0).mean(axis=0)
            best, at = -inf, None
            for i, j, k in combinations(range(len(mean)), 3):
                turn = min(mean[j] - mean[i], mean[j] - mean[k])
                if turn > best:
                    best, at = turn, (i, j, k)
            i, j, k = at
            rises.append(curve[j] - curve[i])
            falls.append(curve[j] - curve[k])
        ends = lesser(by_t(rises), by_t(falls))
        yield row("dynamics", f"{model}, N = {count(last['N'])}", ends, ">", 0)
