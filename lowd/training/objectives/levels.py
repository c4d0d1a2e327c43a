"""The noise levels between which an objective learns."""

from lowd.training.settings import ConsistencySettings, EpsilonSettings


def needed_levels(settings: EpsilonSettings | ConsistencySettings) -> tuple[float, float]:
    """The lowest and the highest.

    Raises:
        ValueError: one is not given, and there is no sampler to take it from.
    """
    if settings.sigma_min is None or settings.sigma_max is None:
        raise ValueError(f"{settings.kind}: sigma_min and sigma_max are needed")
    return settings.sigma_min, settings.sigma_max
