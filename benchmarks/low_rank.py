"""How much faster a stack of low-rank denoisers trains than a loop over them.

The loop trains one problem after another with matrices of its own, no axis for the stack: the same
loss on the same number of points, the same orthogonalised momentum. They take turns in short slices
of one process on one thread; a speed-up is the median of the ratios within a turn.
"""

import math
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median
from time import process_time

import torch
from torch import Tensor

from lowd.provenance.environment import cpu_model
from lowd.store.atomic import staged
from lowd.theory.low_rank import WARM_UP, train
from lowd.theory.settings import LowRankTraining
from lowd.theory.subspaces import draw_problem

COMMAND = "python benchmarks/low_rank.py"
PAGE = Path(__file__).parents[1] / "docs/benchmarks/low_rank.md"
TURNS, DIMENSION = 7, 48
STACKS = (1, 40, 160)
CASES = [(1, 4, 8), (1, 8, 12), (2, 4, 8), (2, 8, 12), (3, 8, 12)]
EXPECTED = {1: 15, 2: 7}
TEXT = """\
# Stacks of low-rank denoisers against a loop

Written by `{command}` (`make bench`) on {today}: {cpu}, torch {torch}, one thread, d = {dimension}.
Student-steps per CPU-second, medians of {turns} turns; in brackets the speed-up over the loop, the
median of the ratios within a turn. ≥ is what is asked of a stack of 160; the `theory` study trains
40 (K = 1), 160 (K = 2) and 80 (K = 3) at once.

| K | r | N | loop | {stacks} |
|---|---|---|---|---|---|---|
{rows}
"""


def plain(
    points: Tensor, clusters: int, rank: int, steps: int, generator: torch.Generator
) -> Tensor:
    """`train` for one problem, (point, feature), in matrices of two axes."""
    settings = LowRankTraining(steps=steps)
    count, dimension = points.shape
    bases = [
        torch.randn(dimension, rank, generator=generator) / dimension**0.5 for _ in range(clusters)
    ]
    momenta = [torch.zeros_like(basis) for basis in bases]
    for basis in bases:
        basis.requires_grad_(True)
    for step in range(steps):
        progress = step / steps
        low, high = (
            (1 - progress) * math.log(first) + progress * math.log(last)
            for first, last in zip(settings.sigma_first, settings.sigma_last, strict=True)
        )
        sigma = torch.exp(low + (high - low) * torch.rand(count, 1, generator=generator))
        noisy = points + sigma * torch.randn(points.shape, generator=generator)
        coordinates = [noisy @ basis for basis in bases]
        if clusters == 1:
            denoised = coordinates[0] @ bases[0].T
        else:
            norms = torch.cat([c.square().sum(dim=1, keepdim=True) for c in coordinates], dim=1)
            weights = (norms / (2 * sigma.square() * (1 + sigma.square()))).softmax(dim=1)
            denoised = sum(
                weights[:, k : k + 1] * (c @ bases[k].T) for k, c in enumerate(coordinates)
            )
        loss = (denoised / (1 + sigma.square()) - points).square().sum(dim=1).mean()
        gradients = torch.autograd.grad(loss, bases)
        rate = settings.learning_rate * (1 + math.cos(math.pi * progress)) / 2
        rate *= min(1, (step + 1) / WARM_UP)
        with torch.no_grad():
            for basis, momentum, gradient in zip(bases, momenta, gradients, strict=True):
                momentum.mul_(settings.momentum).add_(gradient)
                x = momentum / (momentum.norm() + 1e-12)
                for _ in range(5):
                    gram = x.T @ x
                    x = 3.4445 * x + x @ (2.0315 * gram @ gram - 4.7750 * gram)
                basis.sub_(x, alpha=rate)
    return torch.stack([basis.detach() for basis in bases])


def check(points: Tensor, clusters: int, rank: int) -> None:
    """Loop and stack of one make the same student, but for rounding."""
    ours, theirs = (
        run(torch.Generator().manual_seed(1))
        for run in (
            lambda g: train(points[:1], clusters, rank, LowRankTraining(steps=10), g)[0],
            lambda g: plain(points[0], clusters, rank, 10, g),
        )
    )
    # Levels and noises are drawn in the same order and shapes; initial bases are, too.
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


def rate(work: Callable[[int], None], students: int, steps: int) -> float:
    start = process_time()
    work(steps)
    return students * steps / (process_time() - start)


def row(clusters: int, rank: int, samples: int) -> str:
    source = torch.Generator().manual_seed(0)
    drawn = [
        draw_problem(clusters, DIMENSION, rank, samples, source)[1] for _ in range(max(STACKS))
    ]
    points = torch.stack(drawn).flatten(1, 2).float()
    check(points, clusters, rank)
    generator = torch.Generator().manual_seed(0)
    contenders: dict[str, tuple[Callable[[int], None], int, int]] = {
        "loop": (lambda steps: plain(points[0], clusters, rank, steps, generator), 1, 400)
    }
    for stack in STACKS:

        def work(steps: int, stack: int = stack) -> None:
            train(points[:stack], clusters, rank, LowRankTraining(steps=steps), generator)

        contenders[str(stack)] = (work, stack, max(20, 400 // stack))
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(TURNS + 1):
        for name, contender in contenders.items():
            rates[name].append(rate(*contender))
    cells = [f"{median(rates['loop'][1:]):,.0f}"]
    for name in map(str, STACKS):
        ratios = [a / b for a, b in zip(rates[name][1:], rates["loop"][1:], strict=True)]
        wanted = (
            f", ≥ {EXPECTED[clusters]}" if clusters in EXPECTED and name == str(max(STACKS)) else ""
        )
        cells.append(f"{median(rates[name][1:]):,.0f} (**{median(ratios):.1f}**{wanted})")
    return f"| {clusters} | {rank} | {samples} | {' | '.join(cells)} |"


def main() -> None:
    torch.set_num_threads(1)
    rows = []
    for case in CASES:
        rows.append(row(*case))
        print(rows[-1], flush=True)
    with staged(PAGE) as draft:
        draft.write_text(
            TEXT.format(
                command=COMMAND,
                today=date.today(),
                cpu=cpu_model(),
                torch=torch.__version__,
                dimension=DIMENSION,
                turns=TURNS,
                stacks=" | ".join(f"stack of {stack}" for stack in STACKS),
                rows="\n".join(rows),
            )
        )


if __name__ == "__main__":
    main()
