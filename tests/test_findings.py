"""Steps of the findings, against plain loops over what they read."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr

from lowd.diffusion.settings import SamplerSettings
from lowd.kinds.bias_variance.decompose import DecomposeStep, decompose
from lowd.kinds.disjoint.pair import PairStep, pair
from lowd.kinds.dynamics.follow import LEVELS, POINTS, FollowStep, follow
from lowd.kinds.families.agree import agree
from lowd.kinds.families.agree_step import AgreeStep, Member
from lowd.kinds.families.figures import agreement, closeness, lineup
from lowd.models.settings import MLPSettings, UNetSettings
from lowd.steps.generate import GenerateStep, generate
from lowd.steps.train import TrainStep, train
from lowd.store.arrays import read_store, write_store
from lowd.store.students import load_students
from lowd.streams import stream
from lowd.training.settings import TrainingSettings

SHAPE = (1, 2, 2)
NOISES, POOL, TAU = 28, 64, 0.4
MLP = MLPSettings(architecture="mlp", width=4)
TRAINING = TrainingSettings(steps=100, batch=8, warm_up=5, sigma_data=0.5)
SAMPLER = SamplerSettings(steps=4, sigma_min=0.05, sigma_max=5.0)


@pytest.fixture
def study(tmp_path, monkeypatch):
    """What every finding reads of the study it is on, in the current folder."""
    monkeypatch.chdir(tmp_path)
    generator = torch.Generator().manual_seed(0)
    for name, variable, count in (
        ("pool", "samples", POOL),
        ("noise", "noise", NOISES),
        ("teacher", "samples", NOISES),
    ):
        dims = ("noise" if name != "pool" else "sample", "channel", "height", "width")
        values = torch.randn(count, *SHAPE, generator=generator).numpy()
        write_store(Path(f"{name}.zarr"), xr.Dataset({variable: (dims, values)}))
    mean = read_store(Path("pool.zarr"))["samples"].values.mean(0)
    Path("yardstick.json").write_text(
        json.dumps({"descriptor": "centred", "mean": mean.tolist(), "threshold": TAU})
    )
    return tmp_path


def samples(name):
    return read_store(Path(f"{name}.zarr"), finite=False)["samples"]


def directions(images):
    """The centred descriptor, by hand."""
    mean = np.asarray(json.loads(Path("yardstick.json").read_text())["mean"], np.float32)
    rows = (np.asarray(images) - mean).reshape(len(images), -1)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def made_up(dims, name, seed=0):
    """A store of samples that nobody generated."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(*map(len, dims.values()), NOISES, *SHAPE, generator=generator).numpy()
    axes = (*dims, "noise", "channel", "height", "width")
    write_store(Path(f"{name}.zarr"), xr.Dataset({"samples": (axes, values)}, dims))
    return Path(f"{name}.zarr")


def test_scores_along_training_are_those_of_the_snapshots(study):
    step = TrainStep(
        seed=1, model=MLP, samples=(2, 8), replicates=2, training=TRAINING,
        snapshots=(50, 100),
    )  # fmt: skip
    pool, yardstick = Path("pool.zarr"), Path("yardstick.json")
    train(step, pool=pool, output=Path("students"))
    asked = GenerateStep(sampler=SAMPLER)
    generate(asked, noise=Path("noise.zarr"), students=Path("students"), output=Path("made.zarr"))
    grid = GenerateStep(sampler=SAMPLER, samples=(2, 8), replicates=2)
    generate(grid, noise=Path("noise.zarr"), pool=pool, output=Path("empirical.zarr"))
    follow(
        FollowStep(
            seed=7, models={"mlp": MLP}, samples=(2, 8), replicates=2, training=TRAINING
        ),
        students=[Path("students")],
        generated=[Path("made.zarr")],
        teacher=Path("teacher.zarr"),
        empirical=Path("empirical.zarr"),
        pool=pool,
        yardstick=yardstick,
        output=Path("along.zarr"),
    )  # fmt: skip
    along = read_store(Path("along.zarr")).sel(model="mlp")
    true, points = directions(samples("teacher")), samples("pool").values
    stack = load_students(Path("students"))
    cells = [tuple(cell.values()) for cell in stack.cells]
    for n, replicate, step in product((2, 8), (0, 1), (50, 100)):
        at = {"N": n, "replicate": replicate, "step": step}
        ours = directions(samples("made").sel(at))
        memorised = directions(samples("empirical").sel(N=n, replicate=replicate))
        own = points[replicate * 32 : replicate * 32 + n]
        one = along.sel(at)
        for score, theirs in (("e_gen", true), ("e_mem", memorised)):
            expected = np.sqrt(((ours - theirs) ** 2).sum(1).mean())
            assert float(one[score]) == pytest.approx(expected, rel=1e-5)
        copied = (ours @ directions(own).T).max(1) > TAU
        assert float(one["gl"]) == pytest.approx(1 - copied.mean())
        # Losses anew, one student and one level at a time.
        student = cells.index((n, replicate, step))
        other = points[(1 - replicate) * 32 :][np.arange(POINTS) % 8]
        clean = torch.from_numpy(np.concatenate([own[np.arange(POINTS) % n], other]))
        generator = stream(7, "denoising", f"replicate={replicate}")
        noise = torch.randn(clean.shape, generator=generator)
        denoise = stack.denoiser(slice(student, student + 1), torch.device("cpu"))
        unit = torch.special.ndtri((torch.arange(LEVELS).double() + 0.5) / LEVELS)
        for level, sigma in enumerate((-1.2 + 1.2 * unit).exp().tolist()):
            with torch.no_grad():
                error = denoise((clean + sigma * noise)[None], sigma)[0] - clean
            weighted = error.square().flatten(1).mean(1) * (sigma**2 + 0.25) / (sigma * 0.5) ** 2
            for part, rows in (("training", slice(POINTS)), ("held_out", slice(POINTS, None))):
                found = float(one[f"loss_{part}"][level])
                assert found == pytest.approx(float(weighted[rows].mean()), rel=1e-4)
    for n, step in product((2, 8), (50, 100)):
        first, second = (
            directions(samples("made").sel(N=n, replicate=r, step=step)) for r in (0, 1)
        )
        expected = ((first * second).sum(1) > TAU).mean()
        found = along["rp_disjoint"].sel({"N": n, "step": step, "disjoint_pair": "0|1"})
        assert float(found) == pytest.approx(expected)
    best = along["loss_held_out"].mean("sigma").idxmin("step")
    assert (along["stop"].sel(rule="held_out") == best).all()
    assert (along["e_gen_stop"].sel(rule="oracle") == along["e_gen"].min("step")).all()
    assert (along["e_gen_stop"].sel(rule="held_out") == along["e_gen"].sel(step=best)).all()


def test_students_of_one_seed_differ_in_their_data_alone(study):
    asked = TrainStep(
        seed=1, model=MLP, samples=(4,), replicates=2,
        training=TRAINING.model_copy(update={"steps": 10}), seeds=2,
    )  # fmt: skip
    # Both halves of the pool alike: then nothing tells the students of one seed apart.
    store = read_store(Path("pool.zarr"))
    store["samples"][32:] = store["samples"].values[:32]
    write_store(Path("pool.zarr"), store)
    train(asked, pool=Path("pool.zarr"), output=Path("students"))
    stack = load_students(Path("students"))
    assert [tuple(c.values()) for c in stack.cells] == [
        (4, r, s) for r, s in product((0, 1), (0, 1))
    ]
    for weights in stack.weights.values():
        assert torch.equal(weights[[0, 1]], weights[[2, 3]])
    assert any(not torch.equal(w[0], w[1]) for w in stack.weights.values())


def test_bias_and_variance_are_those_of_numpy(study):
    sizes, replicates = (2, 8, 32), 5
    at = {"N": list(sizes), "replicate": range(replicates), "seed": [0]}
    over = {"N": list(sizes), "replicate": [0], "seed": range(replicates)}
    data = [made_up(at | {"N": [8]}, "small-data"), made_up(at, "large-data", 1)]
    seed = [made_up(over | {"N": [8]}, "small-seed", 2), made_up(over, "large-seed", 3)]
    wide = MLPSettings(architecture="mlp", width=9)
    decompose(
        DecomposeStep(
            models={"small": MLP, "large": wide}, samples=sizes, at_model="large", at_samples=8
        ),
        data=data,
        seed=seed,
        teacher=Path("teacher.zarr"),
        yardstick=Path("yardstick.json"),
        output=Path("parts.zarr"),
    )
    found = read_store(Path("parts.zarr"), finite=False)
    true = directions(samples("teacher"))
    assert found["variance"].isnull().sum() == 2 * 2
    for varied, axis in (("data", "replicate"), ("seed", "seed")):
        variances = []
        for n in sizes:
            one = samples(f"large-{varied}").sel(N=n).squeeze()
            psi = np.stack([directions(each) for each in one.transpose(axis, ...)]).astype(float)
            variance = psi.var(0, ddof=1).sum(1).mean()
            error = ((psi - true) ** 2).sum(2).mean()
            cell = found.sel({"varied": varied, "model": "large", "N": n})
            assert float(cell["variance"]) == pytest.approx(variance, rel=1e-5)
            assert float(cell["squared_error"]) == pytest.approx(error, rel=1e-5)
            assert float(cell["squared_bias"]) == pytest.approx(error - variance, rel=1e-5)
            variances.append(variance)
        slope = np.polyfit(np.log2(sizes), np.log2(variances), 1)[0]
        assert float(found["slope"].sel(varied=varied)) == pytest.approx(slope, rel=1e-4, abs=1e-7)


STUDENTS = list(product((0, 1), (0, 1)))
MEMBERS = [
    Member(name=name, group=group, family=family, evaluations=cost)
    for name, group, family, cost in (
        ("unet", "diffusion", "unet", 35),
        ("mlp", "diffusion", "mlp", 35),
        ("vae", "VAE", "vae", 1),
        ("unet-ddim", "diffusion", "unet", 50),
    )
]


@pytest.fixture
def agreed(study):
    """What `agree` makes of made-up samples; both networks alike, the VAE as random as noise."""
    at = {"N": [4], "replicate": [0, 1], "seed": [0, 1]}
    paths = [made_up(at, member.name, seed) for seed, member in enumerate(MEMBERS)]
    unet = read_store(paths[0])
    for path, scale in ((paths[1], 0.5), (paths[3], 0.05)):
        other = read_store(path)
        write_store(path, unet + scale * other)
    agree(
        AgreeStep(seed=0, samples=4, members=tuple(MEMBERS)),
        generated=paths,
        teacher=Path("teacher.zarr"),
        pool=Path("pool.zarr"),
        yardstick=Path("yardstick.json"),
        output=Path("kinds.zarr"),
    )
    return read_store(Path("kinds.zarr"))


def test_a_family_with_a_diverged_student_is_marked_and_the_others_stay(agreed, capsys):
    broken = MEMBERS[2].name
    store = read_store(Path(f"{broken}.zarr"))
    store["samples"].loc[{"replicate": 1, "seed": 0}] = np.nan
    write_store(Path(f"{broken}.zarr"), store)
    agree(
        AgreeStep(seed=0, samples=4, members=tuple(MEMBERS)),
        generated=[Path(f"{member.name}.zarr") for member in MEMBERS],
        teacher=Path("teacher.zarr"),
        pool=Path("pool.zarr"),
        yardstick=Path("yardstick.json"),
        output=Path("marked.zarr"),
    )
    assert f"{broken}.zarr: the student of training set 1 and seed 0 diverged" in (
        capsys.readouterr().err
    )
    marked = read_store(Path("marked.zarr"), finite=False)
    for name in ("rp", "rp_se", "mae", "rp_chance", "frechet", "e_gen", "gl", "solver_error"):
        for dim in ("one", "other", "member"):
            if dim in marked[name].dims:
                assert marked[name].sel({dim: broken}).isnull().all()
        dims = {"one", "other", "member"} & set(agreed[name].dims)
        others = {dim: (agreed[dim] != broken).values for dim in dims}
        xr.testing.assert_equal(marked[name].isel(others), agreed[name].isel(others))
    for figure in (agreement, closeness, lineup):
        figure.draw(marked)
        assert f"{broken}: a student diverged" in figure.caption(marked)
        assert "diverged" not in figure.caption(agreed)


def by_hand(one, other, shared, score):
    """A mean over pairs of students with different streams, as a plain loop."""
    alone = shared and one != other and {one, other} == {"unet", "unet-ddim"}
    hits = []
    for data, seed in product((0, 1), (0, 1)):
        mine = samples(one).sel(N=4, replicate=data, seed=seed).values
        theirs = (
            samples(other)
            .sel(N=4, replicate=data if shared else 1 - data, seed=seed if alone else 1 - seed)
            .values
        )
        if score == "rp":
            hits.append((directions(mine) * directions(theirs)).sum(1) > TAU)
        else:
            hits.append((127.5 * abs(mine - theirs)).reshape(len(mine), -1).mean(1) < 15)
    return np.mean(hits)


def test_agreement_is_that_of_a_plain_loop(agreed):
    for score, shared, one, other in product(
        ("rp", "mae"), (True, False), *[agreed["member"].values.tolist()] * 2
    ):
        at = {"data": "shared" if shared else "disjoint", "one": one, "other": other}
        assert float(agreed[score].sel(at)) == pytest.approx(by_hand(one, other, shared, score))
        assert float(agreed[f"{score}_se"].sel(at)) > 0
    assert np.allclose(agreed["rp"].values, agreed["rp"].transpose("data", "other", "one").values)
    assert float(agreed["rp"].sel(data="shared", one="unet", other="unet-ddim")) > 0.9


def test_chance_is_of_noises_that_are_not_the_same(agreed):
    mine = [directions(samples("unet").sel(N=4, replicate=d, seed=s)) for d, s in STUDENTS]
    theirs = [directions(samples("vae").sel(N=4, replicate=d, seed=1 - s)) for d, s in STUDENTS]
    hits = [
        (one * np.roll(other, shift, 0)).sum(1) > TAU
        for one, other in zip(mine, theirs, strict=True)
        for shift in range(1, NOISES)
    ]
    found = agreed["rp_chance"].sel(data="shared", one="unet", other="vae")
    assert float(found) == pytest.approx(np.mean(hits))


def test_a_solvers_error_is_its_distance_to_the_finest_of_the_same_students(agreed):
    errors = agreed["solver_error"].to_series()
    assert errors["unet-ddim"] == errors["mlp"] == errors["vae"] == 0
    apart = [
        np.sqrt(
            (
                (
                    directions(samples("unet").sel(N=4, replicate=d, seed=s))
                    - directions(samples("unet-ddim").sel(N=4, replicate=d, seed=s))
                )
                ** 2
            )
            .sum(1)
            .mean()
        )
        for d, s in product((0, 1), (0, 1))
    ]
    assert errors["unet"] == pytest.approx(np.mean(apart), rel=1e-5)


def test_the_advantage_compares_different_diffusion_families_with_a_group(agreed):
    rp = agreed["rp"].sel(data="shared")
    expected = float(rp.sel(one="unet", other="mlp")) - float(rp.sel(one="vae", other="vae"))
    one = agreed.sel(group="VAE")
    assert agreed["group"].values.tolist() == ["VAE"]
    assert float(one["advantage"]) == pytest.approx(expected)
    assert float(one["advantage_low"]) < expected < float(one["advantage_high"])


def test_pairs_are_compared_with_each_other_and_their_own_data(study):
    path = made_up({"N": [2, 8], "replicate": [0, 1, 2]}, "made")
    pair(
        PairStep(name="mlp", samples=(2, 8), replicates=3),
        generated=path,
        pool=Path("pool.zarr"),
        yardstick=Path("yardstick.json"),
        output=Path("pairs.zarr"),
    )
    found = read_store(Path("pairs.zarr"))
    for n in (2, 8):
        units = [directions(samples("made").sel(N=n, replicate=r)) for r in range(3)]
        own = [directions(samples("pool").values[r * 21 : r * 21 + n]) for r in range(3)]
        between = [(units[a] * units[b]).sum(1) for a, b in ((0, 1), (0, 2), (1, 2))]
        closest = [(u @ o.T).max(1) for u, o in zip(units, own, strict=True)]
        one = found.sel({"N": n})
        for name, cosines in (("between", between), ("nearest", closest)):
            means = np.mean(cosines, 1)
            assert one[f"{name}_mean"].values == pytest.approx(means, abs=1e-6)
            assert float(one[f"{name}_median"]) == pytest.approx(np.median(cosines), abs=1e-6)
            errors = np.std(cosines, 1, ddof=1) / NOISES**0.5
            assert one[f"{name}_mean_se"].values == pytest.approx(errors, abs=1e-6)
            assert float(one[name].sum()) == pytest.approx(1)
        shown = one["closest"].isel(side=1).values
        rows = (units[1] @ own[1].T).argmax(1)[: len(shown)]
        assert np.array_equal(shown, samples("pool").values[21 : 21 + n][rows])


def test_a_unet_takes_part_in_every_objective_through_a_store(study):
    unet = UNetSettings(architecture="unet", width=4)
    for objective in ({"kind": "variational"}, {"kind": "adversarial"}):
        asked = TrainStep.model_validate(
            {
                "seed": 1, "model": unet, "samples": (4,), "replicates": 2,
                "training": TRAINING.model_copy(update={"steps": 20}), "seeds": 2,
                "objective": objective,
            }
        )  # fmt: skip
        train(asked, pool=Path("pool.zarr"), output=Path("students"))
        jump = GenerateStep(sampler=SAMPLER.model_copy(update={"solver": "euler", "steps": 1}))
        generate(jump, noise=Path("noise.zarr"), students=Path("students"), output=Path("o.zarr"))
        made = samples("o")
        assert made.dims[:4] == ("N", "replicate", "seed", "noise")
        stack = load_students(Path("students"))
        noise = torch.from_numpy(read_store(Path("noise.zarr"))["noise"].values)
        with torch.no_grad():
            again = stack.denoiser(slice(2, 3), torch.device("cpu"))(noise[None], 1.0)[0]
        torch.testing.assert_close(
            torch.from_numpy(made.values[0, 1, 0]), again, rtol=1e-5, atol=1e-5
        )
