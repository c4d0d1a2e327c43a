"""How much faster a stack of students trains than a loop over them.

Every contender does the same work on one thread: EDM loss (ε loss for diffusers) on fresh draws,
backward, clipped gradients, Adam with warm-up and cosine decay, an average of the weights. They
take turns in short slices, and a speed-up is the ratio of two slices of the same turn, so that
whatever else the machine does touches both. Time is this process's CPU time.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from time import process_time

import torch
from stacks_cases import CASES, Case, check_same_loss, contenders
from stacks_page import MACHINE, MATMUL, TURNS, Result, draw, report

from lowd.figures.export import export
from lowd.figures.style import styled
from lowd.store.atomic import staged

OUTPUT = Path(__file__).parents[1] / "docs" / "benchmarks"
ALLOCATOR = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "2147483647"}
"""What `workflow/run` sets for training, here for every contender: glibc keeps freed memory."""


def matmul_rate() -> float:
    """FLOP per CPU-second of the machine's matrix product."""
    matrix = torch.ones(MATMUL, MATMUL)
    start = process_time()
    for _ in range(10):
        matrix @ matrix
    return 10 * 2 * MATMUL**3 / (process_time() - start)


def measure(cases: Sequence[Case]) -> list[Result]:
    entries = [contenders(case) for case in cases]
    for case, entry in zip(cases, entries, strict=True):
        check_same_loss(case)
        for contender in entry.values():
            contender.calibrate()
    results = [
        Result(case, {name: [] for name in (MACHINE, *entry)})
        for case, entry in zip(cases, entries, strict=True)
    ]
    for turn in range(TURNS):
        for result, entry in zip(results, entries, strict=True):
            for name, contender in entry.items():
                result.rates[name].append(contender.rate())
            result.rates[MACHINE].append(matmul_rate())
            print(f"turn {turn + 1} of {TURNS}: {result.case.label}", flush=True)
    return results


def main() -> None:
    if not ALLOCATOR.items() <= os.environ.items():
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | ALLOCATOR)
    torch.set_num_threads(1)
    results = measure(CASES)
    with staged(OUTPUT / "stacks.md") as draft:
        draft.write_text(report(results))
    with styled():
        caption = (
            "Student-steps per CPU-second of a stack, relative to a loop over students; "
            f"median and range of {TURNS} turns."
        )
        export(draw(results), caption, [OUTPUT / "stacks.svg", OUTPUT / "stacks.png"])


if __name__ == "__main__":
    main()
