"""Figures, one module each: `draw(results, ...)` gives a matplotlib figure.

One visual language: colour is |θ|, the horizontal axis log₂ N, a band two standard errors.
"""
