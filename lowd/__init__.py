"""lowd: measure how diffusion models memorise and generalise."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submodules=["diffusion", "distributions", "metrics"],
    submod_attrs={
        "evaluation.evaluate": ["Evaluation", "evaluate"],
        "store.results": ["open_results"],
    },
)
