"""Solvers of the probability-flow ODE, a module each, found by its name in the settings.

A module has `solve(denoise, x, sigmas)`, which carries x from the first level to the last, and
`evaluations(steps)`, how often it asks the denoiser on the way to 0.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__, submod_attrs={"flow": ["SOLVERS", "probability_flow"]}
)
