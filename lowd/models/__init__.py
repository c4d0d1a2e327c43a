"""Students that train in stacks: every parameter carries a leading student axis."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "dit": ["DiT"],
        "mlp": ["MLP"],
        "unet": ["UNet"],
        "build": ["build", "initialise", "parameter_count"],
    },
)
