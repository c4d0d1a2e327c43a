"""Distributions whose samples, denoisers and, for Gaussians, flows are exact."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "empirical": ["Empirical"],
        "gaussian": ["Gaussian", "gaussian_flow_distance"],
        "local": [
            "EquivariantLocalEmpirical",
            "LocalEmpirical",
            "wiener_neighbourhoods",
            "windows",
        ],
        "molrg": ["MoLRG"],
    },
)
