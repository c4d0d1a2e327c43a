"""Generation: every noise through every model, whatever the batches, on training sets that nest."""

import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from lowd.diffusion.noise_levels import karras_sigmas
from lowd.diffusion.settings import SamplerSettings
from lowd.diffusion.solvers import probability_flow
from lowd.distributions.empirical import Empirical
from lowd.distributions.gaussian import Gaussian
from lowd.distributions.molrg import MoLRG
from lowd.models.build import build, initialise
from lowd.models.settings import MLPSettings
from lowd.steps import generation
from lowd.steps.generate import GenerateStep, generate
from lowd.steps.generation import flow_in_batches, flow_of_stack, flow_sampler
from lowd.steps.resumable import train_resumably
from lowd.steps.training_sets import training_rows
from lowd.store.arrays import read_store, sample_dims, write_store
from lowd.store.checkpoints import save_checkpoint
from lowd.store.students import load_students
from lowd.training.draws import Cell
from lowd.training.settings import TrainingSettings
from lowd.training.trainer import Trainer

CPU = torch.device("cpu")
SAMPLER = SamplerSettings(steps=6, sigma_min=0.02, sigma_max=8)
SAMPLES, REPLICATES = (2, 4), 3


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def gaussian(dimension=3):
    root = normal(dimension, dimension, seed=9)
    return Gaussian(normal(dimension, seed=8), root @ root.T)


@settings(max_examples=20, deadline=None)
@given(values=st.integers(1, 60), count=st.integers(1, 12))
def test_samples_do_not_depend_on_the_batches(values, count):
    noise = normal(count, 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generation, "BATCH_VALUES", values)
        found = flow_in_batches(gaussian().denoise, noise, SAMPLER, CPU)
    sigmas = karras_sigmas(SAMPLER.steps, SAMPLER.sigma_min, SAMPLER.sigma_max, SAMPLER.rho)
    expected = probability_flow(gaussian().denoise, 8 * noise, sigmas)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def test_no_batch_is_larger_than_allowed(monkeypatch):
    monkeypatch.setattr(generation, "BATCH_VALUES", 50)
    sizes = set()

    def denoise(x, sigma):
        sizes.add(tuple(x.shape))
        return x / (1 + sigma)

    flow_in_batches(denoise, normal(20, 3), SAMPLER, CPU)
    flow_in_batches(denoise, normal(20, 1, 2, 2), SAMPLER, CPU, students=3)
    assert sizes == {(16, 3), (4, 3), (3, 4, 1, 2, 2)}


@pytest.mark.parametrize("solver", ["euler", "heun", "dpmpp"])
def test_the_flow_of_a_gaussian_goes_where_theory_says(solver):
    fine = SAMPLER.model_copy(update={"steps": 400, "solver": solver, "sigma_min": 1e-3})
    noise = normal(16, 3)
    found = flow_in_batches(gaussian().denoise, noise, fine, CPU)
    # Euler's error at 400 steps; the others are far below it.
    torch.testing.assert_close(found, gaussian().flow(8 * noise, 8), rtol=0, atol=0.05)


def test_a_stack_generates_what_each_student_does(monkeypatch):
    model, noise = MLPSettings(architecture="mlp", width=7), normal(11, 2, 3)
    stack = build(model, 4, (2, 3)).double()
    initialise(stack, [torch.Generator().manual_seed(s) for s in range(4)])
    stack.out.weight.data = normal(*stack.out.weight.shape, seed=5)

    def denoiser(students):
        part = build(model, len(range(4)[students]), (2, 3)).double()
        part.load_state_dict({name: w[students] for name, w in stack.state_dict().items()})
        return lambda x, sigma: x / (1 + sigma) + 0.1 * part(x, x.new_full((), sigma).log() / 4)

    monkeypatch.setattr(generation, "BATCH_VALUES", 100)
    together = flow_in_batches(denoiser(slice(None)), noise, SAMPLER, CPU, students=4)
    assert together.shape == (4, 11, 2, 3)
    for s in range(4):
        alone = flow_in_batches(denoiser(slice(s, s + 1)), noise, SAMPLER, CPU, students=1)
        torch.testing.assert_close(together[s], alone[0], rtol=1e-10, atol=1e-10)
    assert not together.requires_grad


def test_a_stack_may_have_noises_of_each_students_own(monkeypatch):
    noise, scales = normal(3, 11, 2), torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)
    monkeypatch.setattr(generation, "BATCH_VALUES", 24)
    found = flow_of_stack(
        lambda x, sigma: x * scales[:, None, None] / (1 + sigma), noise, SAMPLER, CPU
    )
    for own, scale, samples in zip(noise, scales, found, strict=True):
        alone = flow_in_batches(lambda x, sigma, k=scale: x * k / (1 + sigma), own, SAMPLER, CPU)
        torch.testing.assert_close(samples, alone, rtol=1e-10, atol=1e-10)


def test_a_flow_sampler_is_the_flow_of_the_generators_noise():
    sample = flow_sampler(lambda x, sigma: x / (1 + sigma), (2, 3), CPU)
    drawn = sample(5, torch.Generator().manual_seed(4), SAMPLER)
    noise = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(4))
    expected = flow_in_batches(lambda x, sigma: x / (1 + sigma), noise, SAMPLER, CPU)
    assert torch.equal(drawn, expected)


@settings(max_examples=25, deadline=None)
@given(
    samples=st.lists(st.integers(1, 50), min_size=1, max_size=5, unique=True).map(sorted),
    replicates=st.integers(1, 6),
    spare=st.integers(0, 20),
)
def test_replicates_never_overlap_and_larger_sets_hold_the_smaller(samples, replicates, spare):
    size = samples[-1] * replicates + spare
    sets = training_rows(size, samples, replicates)
    assert list(sets) == [(n, r) for n in samples for r in range(replicates)]
    rows = {cell: set(range(size)[part]) for cell, part in sets.items()}
    for (n, r), ours in rows.items():
        assert len(ours) == n
        for (m, q), theirs in rows.items():
            assert ours <= theirs if r == q and n <= m else r == q or not ours & theirs


def test_replicates_that_would_overlap_are_refused():
    assert len(training_rows(12, (4,), 3)) == 3
    with pytest.raises(ValueError, match=r"3 disjoint replicates of 4 exceed the pool \(11\)"):
        training_rows(11, (2, 4), 3)


@pytest.fixture
def study(tmp_path):
    """Noise, pool, teacher and a stack of students, one of them diverged, each in its file."""
    noise, pool = normal(5, 3, dtype=torch.float32), normal(12, 3, seed=1, dtype=torch.float32)
    write_store(tmp_path / "noise.zarr", xr.Dataset({"noise": (("noise", "feature"), noise)}))
    write_store(tmp_path / "pool.zarr", xr.Dataset({"samples": (("sample", "feature"), pool)}))
    mixture = MoLRG.random(1, 3, 2, torch.Generator().manual_seed(0))
    weights = {"bases": mixture.bases}
    save_checkpoint(tmp_path / "teacher" / "weights.safetensors", weights, {"kind": "molrg"})
    sets = training_rows(12, SAMPLES, REPLICATES)
    cells = [Cell(f"{cell}", 0, cell[0], rows.start) for cell, rows in sets.items()]
    broken = pool.clone()
    broken[sets[4, 1]] = torch.inf
    s = TrainingSettings(steps=10, batch=4, warm_up=2, sigma_data=0.5)
    model = MLPSettings(architecture="mlp", width=5)
    trainer = Trainer(model, s, cells, broken)
    coordinates = [{"N": n, "replicate": r} for n, r in sets]
    train_resumably(trainer, coordinates, tmp_path / "students.safetensors", None, "test")
    # The diverged student's smaller training set is part of its broken one.
    assert [c.name for c, d in zip(cells, trainer.diverged, strict=True) if d >= 0] == [
        "(2, 1)",
        "(4, 1)",
    ]
    return tmp_path


def generated(study, step, **model):
    generate(step, noise=study / "noise.zarr", output=study / "out.zarr", **model)
    return read_store(study / "out.zarr", finite=False)["samples"]


def test_students_are_generated_cell_by_cell_and_diverged_ones_are_not_a_number(study, monkeypatch):
    path = study / "students.safetensors"
    monkeypatch.setattr("lowd.steps.generate.GROUP", 4)
    samples = generated(study, GenerateStep(sampler=SAMPLER), students=path)
    assert dict(samples.sizes) == {"N": 2, "replicate": 3, "noise": 5, "feature": 3}
    assert samples["N"].values.tolist() == [2, 4]
    stack, noise = load_students(path), read_store(study / "noise.zarr")["noise"].values
    for i, cell in enumerate(stack.cells):
        found = samples.sel(cell).values
        if cell["replicate"] == 1:
            assert np.isnan(found).all()
            continue
        denoise = stack.denoiser(slice(i, i + 1), CPU)
        alone = flow_in_batches(denoise, torch.from_numpy(noise), SAMPLER, CPU, students=1)
        np.testing.assert_allclose(found, alone[0], rtol=1e-4, atol=1e-5)


def test_the_empirical_denoiser_flows_to_its_own_training_points(study):
    step = GenerateStep(sampler=SAMPLER, samples=SAMPLES, replicates=REPLICATES)
    samples = generated(study, step, pool=study / "pool.zarr")
    pool = torch.from_numpy(read_store(study / "pool.zarr")["samples"].values)
    noise = torch.from_numpy(read_store(study / "noise.zarr")["noise"].values)
    for (n, replicate), rows in training_rows(12, SAMPLES, REPLICATES).items():
        found = samples.sel(N=n, replicate=replicate).values
        expected = flow_in_batches(Empirical(pool[rows]).denoise, noise, SAMPLER, CPU)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
        distances = np.abs(found[:, None] - pool[rows].numpy()).max(axis=-1)
        assert distances.min(axis=1).max() < 0.05


def test_the_teacher_flows_into_its_own_subspace(study):
    samples = generated(study, GenerateStep(sampler=SAMPLER), teacher=study / "teacher")
    assert samples.dims == ("noise", "feature")
    (basis,) = MoLRG.random(1, 3, 2, torch.Generator().manual_seed(0)).bases.numpy()
    np.testing.assert_allclose(samples.values @ basis @ basis.T, samples.values, atol=1e-4)


@pytest.mark.parametrize("models", [(), ("students", "teacher"), ("teacher", "pool")])
def test_exactly_one_kind_of_model_is_generated(study, models):
    with pytest.raises(ValueError, match="exactly one of --students, --teacher and --pool"):
        generated(study, GenerateStep(sampler=SAMPLER), **dict.fromkeys(models, study))


def test_a_pool_without_a_grid_is_refused(study):
    with pytest.raises(ValueError, match="grid of training sets"):
        generated(study, GenerateStep(sampler=SAMPLER), pool=study / "pool.zarr")


def test_vectors_have_features_and_images_their_axes():
    assert sample_dims((24,)) == ("feature",)
    assert sample_dims((3, 8, 8)) == ("channel", "height", "width")
