"""What the solver's steps add to a distance: every kind of model against itself, solved finely.

Teacher, students and empirical denoiser share one grid of noise levels. Where the flow bends, as
the empirical denoiser's does between two training points, the study's steps leave an error of
their own: no E_gen, E_mem or E_emp below this floor means anything.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import torch
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser
from lowd.distributions.empirical import Empirical
from lowd.metrics.estimate import Estimate
from lowd.metrics.flow_distance import probability_flow_distance
from lowd.settings import load_params
from lowd.steps.describe import load_yardstick
from lowd.steps.generation import flow_in_batches
from lowd.steps.teachers.teacher import load_teacher
from lowd.steps.training_sets import training_rows
from lowd.store.arrays import read_store
from lowd.store.atomic import staged
from lowd.store.results import open_results
from lowd.store.students import load_students
from lowd.studies import Study

ROOT = Path(__file__).parents[1]
COMMAND = "python benchmarks/floor.py"
STUDIES = ("molrg", "digits")
FINER = 8
CPU = torch.device("cpu")


def students(study: Study, data: Path, n: int) -> Denoiser:
    """The largest model's first replicate at N = n, as a denoiser of single points."""
    stack = load_students(data / "students" / largest(study) / "weights.safetensors")
    index = stack.cells.index({"N": n, "replicate": 0})
    network = stack.denoiser(slice(index, index + 1), CPU)
    return lambda x, sigma: network(x[None], sigma)[0]


def largest(study: Study) -> str:
    return list(study.models)[-1]


def denoisers(study: Study, data: Path) -> Iterator[tuple[str, int, Denoiser]]:
    """The score that each is part of, N and D(x, sigma); the teacher has neither score nor N."""
    yield "", 0, load_teacher(data / "teacher", CPU).denoise
    points = torch.from_numpy(read_store(data / "pool.zarr")["samples"].values)
    sets = training_rows(len(points), study.samples, study.replicates)
    for n in (study.samples[0], study.samples[len(study.samples) // 2], study.samples[-1]):
        yield "e_emp", n, Empirical(points[sets[n, 0]]).denoise
    for n in (study.samples[0], study.samples[-1]):
        yield "e_gen", n, students(study, data, n)


def floor(study: Study, data: Path, denoise: Denoiser, noise: Tensor) -> Estimate:
    """Distance between the study's solution and one of FINER times the steps."""
    descriptor = load_yardstick(ROOT / "results" / f"{data.name}.yardstick.json").descriptor
    finer = study.sampler.model_copy(update={"steps": FINER * study.sampler.steps})
    coarse, fine = (
        descriptor(flow_in_batches(denoise, noise, sampler, CPU).numpy())
        for sampler in (study.sampler, finer)
    )
    return probability_flow_distance(coarse, fine)


def rows(name: str, study: Study) -> Iterator[str]:
    data = ROOT / "data" / name
    noise = torch.from_numpy(read_store(data / "noise.zarr")["noise"].values)
    results = open_results(name, ROOT).isel(replicate=0)
    for score, n, denoise in denoisers(study, data):
        value, error = floor(study, data, denoise, noise)
        label, beside = "teacher", "–"
        if score:
            scores = results[score].sel(N=n)
            if "model" in scores.dims:
                scores = scores.sel(model=largest(study))
            label = f"{'empirical' if score == 'e_emp' else largest(study)}, N = {n}"
            beside = f"{score} = {float(scores):.3f}"
        yield f"| {name} | {label} | {value:.4f} ± {2 * error:.4f} | {beside} |"


def main() -> None:
    torch.set_num_threads(1)
    studies = load_params(ROOT / "params.yaml").studies
    lines = [line for name in STUDIES for line in rows(name, studies[name])]
    steps = studies[STUDIES[0]].sampler.steps
    with staged(ROOT / "docs" / "benchmarks" / "floor.md") as draft:
        draft.write_text(f"""# The solver's floor

Written by `{COMMAND}` on {date.today()}, torch {torch.__version__}, from the committed studies.

PFD between each model and itself, from the same noises, solved in the study's {steps} Heun steps
and in {FINER * steps}, in units of the descriptor, ± two standard errors over noises. Beside it
stands the score, of the first replicate, that it is part of.

| study | model | floor | beside |
|---|---|---|---|
{chr(10).join(lines)}
""")


if __name__ == "__main__":
    main()
