"""Noise levels, kernels, preconditioning, loss and solvers: pure functions of a denoiser."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "denoiser": ["Denoiser", "broadcast_sigma"],
        "kernels": [
            "KERNELS",
            "Kernel",
            "epsilon_to_denoiser",
            "posterior_mean_to_denoiser",
        ],
        "loss": ["edm_loss"],
        "noise_levels": ["karras_sigmas"],
        "preconditioning": ["edm_coefficients", "precondition"],
        "solvers": ["SOLVERS", "probability_flow"],
    },
)
