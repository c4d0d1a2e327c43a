"""Scores of students that were trained elsewhere, and of what they are compared with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import xarray as xr
from torch import Tensor

from lowd.kinds.external.settings import Cell
from lowd.metrics.authenticity import authenticity
from lowd.metrics.copy_rate import nearer_own
from lowd.metrics.data_copying import data_copying
from lowd.metrics.estimate import Estimate
from lowd.metrics.flow_distance import probability_flow_distance, probability_flow_gap
from lowd.metrics.frechet import frechet_distance
from lowd.metrics.generalization import generalization
from lowd.metrics.reproducibility import reproducibility, reproducibility_chance
from lowd.steps.scoring import Features, another, fraction, measure, tabulate

Variables = dict[str, xr.Variable]


@dataclass(frozen=True)
class Compared:
    """What every model is compared with; as features.

    Attributes:
        sizes: every N.
        replicates: how many there are.
        threshold: the similarity above which two samples are the same.
        teacher: what the teacher makes of the noises.
        memorised: what the empirical denoiser of each training set makes of them.
        training: the training sets that are there.
        held_out: samples of the teacher that nobody has trained on.
        overlapping: (N, a, b) of replicates a and b whose training sets share points.
    """

    sizes: Sequence[int]
    replicates: int
    threshold: float
    teacher: Tensor
    memorised: Features
    training: Features
    held_out: "Tensor"
    overlapping: frozenset[tuple[int, int, int]]

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Of replicates."""
        return list(combinations(range(self.replicates), 2))

    def unseen(self, n: int, replicate: int) -> Tensor | None:
        """A training set of the same size that shares no point with that replicate's, if any."""
        pair = (n, *sorted((replicate, another(replicate))))
        return None if pair in self.overlapping else self.training.get((n, another(replicate)))

    def per_cell(self, metrics: dict[str, Callable[[Cell], Estimate]]) -> Variables:
        """Metrics over (N, replicate)."""
        variables: Variables = {}
        for name, metric in metrics.items():
            table = [[metric((n, r)) for r in range(self.replicates)] for n in self.sizes]
            variables |= tabulate(name, ("N", "replicate"), table)
        return variables

    def per_pair(self, name: str, metric: Callable[..., Estimate], samples: Features) -> Variables:
        """A metric of two replicates, over (N, disjoint_pair); NaN if their data overlap."""

        def of(n: int, a: int, b: int) -> Estimate:
            if (n, a, b) in self.overlapping:
                return measure(metric, None)
            return measure(metric, samples[n, a], samples[n, b])

        table = [[of(n, *pair) for pair in self.pairs] for n in self.sizes]
        return tabulate(name, ("N", "disjoint_pair"), table)


def scores(ours: Features, by: Compared) -> Variables:
    """One model's, by the names that a transition study has them under.

    Args:
        ours: what its students make of the noises.
        by: what they are compared with.
    """
    teacher, memorised, training, held_out = by.teacher, by.memorised, by.training, by.held_out
    rp = partial(reproducibility, threshold=by.threshold)
    chance = partial(reproducibility_chance, threshold=by.threshold)
    gl = partial(generalization, threshold=by.threshold)
    gap = probability_flow_gap
    return by.per_cell(
        {
            "e_gen": lambda cell: measure(probability_flow_distance, ours[cell], teacher),
            "e_mem": lambda cell: measure(probability_flow_distance, ours[cell], memorised[cell]),
            "e_gap": lambda cell: measure(gap, ours[cell], teacher, memorised[cell]),
            "s": lambda cell: fraction(ours[cell], teacher, memorised[cell]),
            "gl": lambda cell: measure(gl, ours[cell], training[cell]),
            "gl_other": lambda cell: measure(gl, ours[cell], by.unseen(*cell)),
            "nearer": lambda cell: measure(
                nearer_own, ours[cell], training[cell], by.unseen(*cell)
            ),
            "rp_emp": lambda cell: measure(rp, ours[cell], memorised[cell]),
            "rp_emp_chance": lambda cell: measure(chance, ours[cell], memorised[cell]),
            "frechet": lambda cell: measure(frechet_distance, ours[cell], held_out),
            "authenticity": lambda cell: measure(authenticity, ours[cell], training[cell]),
            "data_copying": lambda cell: measure(
                data_copying, ours[cell], held_out, training[cell]
            ),
        }
    ) | {
        **by.per_pair("rp_disjoint", rp, ours),
        **by.per_pair("rp_disjoint_chance", chance, ours),
    }


def same_data(models: Sequence[Features], by: Compared) -> Variables:
    """RP of every two models on the same training sets, over (same_pair, N, replicate)."""
    variables: Variables = {}
    for name, metric in {
        "rp_same": partial(reproducibility, threshold=by.threshold),
        "rp_same_chance": partial(reproducibility_chance, threshold=by.threshold),
    }.items():
        table = [
            [[measure(metric, a[n, r], b[n, r]) for r in range(by.replicates)] for n in by.sizes]
            for a, b in combinations(models, 2)
        ]
        variables |= tabulate(name, ("same_pair", "N", "replicate"), table)
    return variables


def controls(noises: Tensor, by: Compared) -> Variables:
    """The teacher's own, those of pure memorisation, and those of pure noise."""
    memorised, training = by.memorised, by.training
    rp = partial(reproducibility, threshold=by.threshold)
    gl = partial(generalization, threshold=by.threshold)
    distance = probability_flow_distance
    half = len(noises) // 2
    return {
        **by.per_cell(
            {
                "e_emp": lambda cell: measure(distance, memorised[cell], by.teacher),
                "gl_teacher": lambda cell: measure(gl, by.teacher, training[cell]),
                "gl_emp": lambda cell: measure(gl, memorised[cell], training[cell]),
                "gl_noise": lambda cell: measure(gl, noises, training[cell]),
            }
        ),
        **by.per_pair("rp_disjoint_emp", rp, memorised),
        # Each model answers with noise of its own, so halves stand for two models.
        **tabulate("rp_noise", (), rp(noises[:half], noises[half : 2 * half])),
    }
