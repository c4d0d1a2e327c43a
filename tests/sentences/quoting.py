"""How pages write numbers."""

import numpy as np

MINUS = "−"
"""The sign of negative numbers in prose."""


def number(value, places=2):
    """A number to so many places, with a proper minus."""
    return f"{float(value):.{places}f}".replace("-", MINUS)


def count(value):
    """A whole number, with commas."""
    return f"{int(value):,}"


def extent(values, places=2):
    """The least and the largest of some values."""
    values = np.asarray(values, float)
    low, high = np.nanmin(values), np.nanmax(values)
    return f"{number(low, places)} to {number(high, places)}"


def with_error(value, error, places=2):
    """A value ± two standard errors."""
    return f"{number(value, places)} ± {number(2 * error, places)}"


def over_replicates(values, places=2, dim="replicate"):
    """A mean ± two standard errors by the spread of replicates alone."""
    error = float(values.std(dim, ddof=1)) / values.sizes[dim] ** 0.5
    return with_error(values.mean(dim), error, places)


def over_both(results, score, places=2, dim="replicate"):
    """A mean over replicates ± two standard errors, which noises that they share add to."""
    spread = results[score].var(dim, ddof=1) / results.sizes[dim]
    error = (spread + (results[f"{score}_se"] ** 2).mean(dim)) ** 0.5
    return with_error(results[score].mean(dim), error, places)


def slope(results, rule):
    """A slope over |θ| with its interval."""
    return interval(*(results[f"slope_{rule}{end}"] for end in ("", "_low", "_high")))


def interval(value, low, high):
    """A value with the ends of its interval."""
    return f"{number(value)} [{number(low)}, {number(high)}]"


def against_half(results, rule):
    """What a slope's interval says of ½."""
    low, high = (float(results[f"slope_{rule}_{end}"]) for end in ("low", "high"))
    return "which has ½ in it" if low <= 0.5 <= high else "which contradicts ½"
