"""Training whole stacks of students at once."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__, submod_attrs={"trainer": ["Trainer"], "draws": ["Cell", "Draws"]}
)
