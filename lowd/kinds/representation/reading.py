"""Features of students, and of networks that learned nothing, read by probes over noise levels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from pydantic import TypeAdapter
from torch import Tensor, nn

from lowd.diffusion.preconditioning import precondition
from lowd.kinds.representation.probing_settings import Probing
from lowd.metrics.class_snr import class_snr
from lowd.metrics.estimate import Estimate
from lowd.metrics.probes import neighbour_probe, ridge_probe
from lowd.models.build import build, initialise
from lowd.models.features import Layer, Pooling, tapped
from lowd.models.settings import ModelSettings
from lowd.store.students import Students
from lowd.streams import stream

INPUTS = ("clean", "noisy")
UNTRAINED = 5
"""Networks that have learned nothing."""


@dataclass(frozen=True)
class Points:
    """What probes are fitted to and tested on.

    Attributes:
        every: (point, *shape), the first `fitted` to fit to, the others to test on.
        noise: unit normal, of the same shape.
        labels: classes, from 0.
        fitted: how many are fitted to.
    """

    every: Float[Tensor, " point *shape"]
    noise: Float[Tensor, " point *shape"]
    labels: Int[Tensor, " point"]
    fitted: int

    def at(self, name: str, sigma: float) -> Tensor:
        """The points as they are, `clean`, or with noise of level σ."""
        return self.every + sigma * self.noise if name == "noisy" else self.every


Probe = Callable[[Tensor], Estimate]
"""Accuracy by features (point, feature) of all points."""


def probe_of(asked: Probing, points: Points, seed: int) -> Probe:
    """A probe that is fitted to all points to fit to, or to a few labels of each class.

    Of few labels every probe of one seed gets the same draws, and gives their mean, with the mean
    of their standard errors.
    """
    labels, fitted = points.labels, points.fitted
    rows = [torch.arange(fitted)]
    if asked.labels is not None:
        generator = stream(seed, "labels")
        own = [torch.nonzero(labels[:fitted] == k)[:, 0] for k in labels.unique()]
        rows = [
            torch.cat([k[torch.randperm(len(k), generator=generator)[: asked.labels]] for k in own])
            for _ in range(asked.draws)
        ]

    def tell(features: Tensor) -> Estimate:
        test, truth = features[fitted:], labels[fitted:]
        found = []
        for chosen in rows:
            given = (features[chosen], labels[chosen], test, truth)
            if asked.kind == "ridge":
                found.append(ridge_probe(*given, penalty=asked.penalty))
            else:
                found.append(neighbour_probe(*given, neighbours=asked.neighbours))
        values = torch.tensor(found).double()
        return Estimate(float(values[:, 0].mean()), float(values[:, 1].mean()))

    return tell


@torch.no_grad()
def over_sigma(
    network: nn.Module,
    sigma_data: float,
    sigmas: Sequence[float],
    points: Points,
    tell: Probe,
    layer: Layer,
    pooling: Pooling,
    bases: Float[Tensor, "class feature direction"] | None = None,
) -> tuple[Float[Tensor, "student input sigma 2"], Float[Tensor, "student sigma 2"] | None]:
    """Accuracies of a stack at clean and at noisy points, and its class SNR at clean ones.

    The last axis is value and standard error.

    Args:
        network: a stack.
        sigma_data: as it was trained with.
        sigmas: noise levels that it is told.
        points: what it is shown.
        tell: the probe.
        layer: whose features.
        pooling: of a U-Net's features.
        bases: the classes' subspaces, if the SNR is asked for.
    """
    students = next(network.parameters()).shape[0]
    denoise = precondition(network, sigma_data)
    accuracy, ratios = [], []
    with tapped(network, layer, pooling) as features:
        for sigma in sigmas:
            row = []
            for name in INPUTS:
                given = points.at(name, sigma)
                made = denoise(given.expand(students, *given.shape), sigma)
                row.append([tell(one) for one in features()])
                if bases is not None and name == "clean":
                    flat = made.flatten(2)
                    ratios.append([class_snr(one, points.labels, bases) for one in flat])
            accuracy.append(row)
    table = torch.tensor(accuracy).permute(2, 1, 0, 3)
    return table, torch.tensor(ratios).transpose(0, 1) if ratios else None


def networks(stack: Students, chosen: Sequence[int]) -> nn.Module:
    """Some students of a stack, ready to be looked into."""
    network = build(_model(stack), len(chosen), stack.shape)
    network.load_state_dict({name: each[list(chosen)] for name, each in stack.weights.items()})
    return network.eval()


def untrained(stack: Students, seed: int) -> nn.Module:
    """UNTRAINED networks of a stack's architecture, as they are before training."""
    network = build(_model(stack), UNTRAINED, stack.shape)
    initialise(network, [stream(seed, "untrained", at) for at in range(UNTRAINED)])
    return network.eval()


def _model(stack: Students) -> ModelSettings:
    return TypeAdapter(ModelSettings).validate_python(stack.model)
