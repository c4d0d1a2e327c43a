"""What a stack learns from one batch, and the denoiser that comes of it: a module each.

Every objective gives its networks as a denoiser D(x; σ). Those that map noise to data at once are
one in name only: D(σε; σ) is what they make of the unit noise ε, and a single Euler step from σ to
0, which lands on D, samples them.

A module is found by the `kind` in the settings. It has `assemble`, which makes the networks that
are trained, and `objective`, of these networks.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "base": ["Objective"],
        "build": ["assemble", "objective"],
        "consistency": ["Consistency"],
        "edm": ["EDM"],
        "epsilon": ["Epsilon"],
    },
)
