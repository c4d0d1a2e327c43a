"""Figures of findings: drawn and captioned of whatever a finding may hold."""

from math import nan

import numpy as np
import pytest
import xarray as xr
from test_figures import closed, drawn  # noqa: F401

from lowd.kinds.bias_variance.figures import decomposition

pytestmark = pytest.mark.filterwarnings("error")


def finding(kind, broken=False):
    """Results of a finding, every number made up, and of one student or family none, if broken."""
    rng = np.random.default_rng(0)

    def scores(axes, **dims):
        data = {}
        for name, of in dims.items():
            shape = [len(axes[dim]) for dim in of]
            data[name] = (of, rng.uniform(0.2, 0.9, shape))
            data[f"{name}_se"] = (of, np.full(shape, 0.02))
        return xr.Dataset(data, axes)

    if kind == "dynamics":
        axes = {
            "model": ["a", "b"], "N": [8, 128], "replicate": [0, 1, 2], "step": [50, 100, 200, 400],
            "disjoint_pair": ["0|1", "0|2", "1|2"], "sigma": [0.1, 1.0],
            "rule": ["held_out", "oracle"],
        }  # fmt: skip
        cells = ("model", "N", "replicate", "step")
        one = scores(
            axes, e_gen=cells, e_mem=cells, gl=cells, gl_teacher=("N", "replicate"),
            rp_disjoint=("model", "N", "disjoint_pair", "step"),
            rp_disjoint_chance=("model", "N", "disjoint_pair", "step"),
            loss_training=(*cells, "sigma"), loss_held_out=(*cells, "sigma"),
            e_gen_stop=("rule", "model", "N", "replicate"),
        )  # fmt: skip
        if broken:
            one["e_gen"][1, 0, 0] = nan
        return one.assign_coords(parameters=("model", [100, 2000]))
    if kind in ("times", "descent"):
        return along(kind, scores, rng, broken)
    if kind == "decomposition":
        axes = {"varied": ["data", "seed"], "model": ["a", "b", "c"], "N": [8, 32, 128]}
        cells = ("varied", "model", "N")
        one = scores(
            axes, squared_bias=cells, variance=cells, squared_error=cells, slope=("varied",)
        )
        for name in ("squared_bias", "variance", "squared_error"):
            one[name][:, [0, 2], :2] = nan
            if broken:
                one[name][0, 2, 2] = nan
        one.attrs = {"at_model": "b", "at_samples": 128}
        return one.assign_coords(parameters=("model", [100, 500, 2000]))
    if kind == "disjoint":
        axes = {"N": [2, 8, 32, 128, 512, 2048], "similarity": np.linspace(-0.9, 0.9, 10)}
        one = scores(axes, between=("N", "similarity"), nearest=("N", "similarity"))
        axes |= {"disjoint_pair": ["0|1", "0|2", "1|2"], "replicate": [0, 1, 2]}
        over = {"between_mean": ("N", "disjoint_pair"), "nearest_mean": ("N", "replicate")}
        one = one.merge(scores(axes, **over))
        one = one.merge(scores(axes, between_median=("N",), nearest_median=("N",)))
        images = rng.uniform(-1, 1, (6, 2, 3, 1, 4, 4))
        dims = ("N", "side", "shown", "channel", "height", "width")
        one = one.assign(samples=(dims, images), closest=(dims, images))
        return one.assign_attrs(model="m", threshold=0.5)
    names = ["unet", "mlp", "vae", "unet-ddim"][: 3 if broken else 4]
    axes = {
        "data": ["shared", "disjoint"], "one": names, "other": names, "member": names,
        "group": ["VAE"],
    }  # fmt: skip
    pairs, each = ("data", "one", "other"), ("member",)
    one = scores(
        axes, rp=pairs, rp_chance=pairs, mae=pairs, mae_chance=pairs, frechet=each, e_gen=each,
        gl=each, solver_error=each, frechet_teacher=(), gl_teacher=(), advantage=("group",),
        advantage_low=("group",), advantage_high=("group",),
    )  # fmt: skip
    groups = ["diffusion", "diffusion", "VAE", "diffusion"][: len(names)]
    one = one.assign_coords(
        member_group=("member", groups),
        family=("member", ["unet", "mlp", "vae", "unet"][: len(names)]),
        evaluations=("member", [35, 35, 1, 50][: len(names)]),
    )
    dims = ("member", "shown", "channel", "height", "width")
    images = rng.uniform(-1, 1, (len(names), 3, 1, 4, 4))
    one = one.assign(samples=(dims, images), teacher_samples=(dims[1:], images[0]))
    return one.assign_attrs(threshold=0.5, samples=64)


def along(kind, scores, rng, broken):
    """What curves along training say: of one student nothing, if broken, and one is early."""
    axes = {
        "model": ["a", "b"], "N": [8, 32, 128], "replicate": [0, 1, 2],
        "step": [20, 40, 80, 160], "sigma": [0.1, 1.0],
    }  # fmt: skip
    each = ("model", "N", "replicate")
    cells = (*each, "step")
    curves = dict.fromkeys(("e_gen", "e_mem", "copied"), cells)
    if kind == "descent":
        curves |= dict.fromkeys(("e_gen_direction", "e_gen_inside", "e_gen_outside", "gain"), cells)
        curves |= dict.fromkeys(("rise", "fall", "rise_direction", "fall_direction"), each)
    one = scores(axes, **curves, loss_held_out=(*cells, "sigma"))
    one = one.assign_coords(parameters=("model", [100, 2000])).assign_attrs(noises=64)
    if kind == "descent":
        turns = np.broadcast_to([20, 80, 160], (2, 3, 3, 2, 3)).copy()
        if broken:
            turns[0, 0, 0] = 0
            for name in (*curves, "loss_held_out"):
                one[name][0, 0, 0] = nan
        for name in ("turn_step", "turn_step_direction"):
            one[name] = ((*each, "half", "turn"), turns)
        return one.assign_coords(turn=("turn", ["low", "peak", "last"]))
    for name in ("gen", "copy", "held_out", "equal"):
        tau = rng.uniform(0.9, 1.1, (2, 3, 3)) * np.array([2, 8, 32])[:, None] * 5
        censored = np.zeros((2, 3, 3), int)
        if broken:
            tau[0, 2, 1], censored[0, 2, 1] = nan, 1
            tau[1, 0], censored[1, 0] = nan, -1
            tau[1, 1], censored[1, 1] = nan, 2
        one[f"tau_{name}"], one[f"censored_{name}"] = (each, tau), (each, censored)
        for end, off in (("", 0), ("_low", -0.1), ("_high", 0.2)):
            exponents = [1.0 + off, nan if broken else 1.5 + off]
            one[f"exponent_{name}{end}"] = ("model", exponents)
    one["best_exponent"] = (("model", "replicate"), np.full((2, 3), 1.1))
    return one.assign_attrs(quality=0.5, copied=0.1, held_out=1.1)


CLOSE_LOOKS = {
    "dynamics": "dynamics",
    "times": "times",
    "descent": "descent",
    "decomposition": "decomposition",
    "agreement": "families",
    "closeness": "families",
    "lineup": "families",
    "histograms": "disjoint",
    "pairs": "disjoint",
}


@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize("figure", CLOSE_LOOKS)
def test_figures_of_findings_are_drawn_with_all_their_numbers(figure, broken):
    caption = drawn(figure, finding(CLOSE_LOOKS[figure], broken))
    assert "nan" not in caption
    assert sum(character.isdigit() for character in caption) > 8
    assert caption.endswith(".")


def test_bars_below_zero_leave_a_logarithmic_axis_to_the_values():
    one = finding("decomposition")
    one["squared_bias_se"] = 2 * one["squared_bias"]
    axes = decomposition.draw(one).axes[1]
    line = one.sel(model=one.attrs["at_model"])
    least = min(float(line[part].min()) for part in ("squared_error", "squared_bias", "variance"))
    assert axes.get_yscale() == "log" and axes.get_ylim()[0] > least / 10


def test_bias_and_variance_of_several_studies_stand_below_each_other():
    one = finding("decomposition")
    caption = drawn("decomposition", {"bias-variance-a": one, "bias-variance-b": one})
    assert "A, N = 128" in caption and "B, N = 128" in caption


def test_a_caption_tells_a_u_from_a_fall():
    one = finding("decomposition")
    for curve, told in (
        (
            (0.9, 0.3, 0.8),
            ": U-shaped (least at 500, 0.60 ± 0.06 below the smallest and 0.50 ± 0.06 below the "
            "largest)",
        ),
        ((0.9, 0.5, 0.3), "not U-shaped (least at 2.0k"),
        ((0.3, 0.5, 0.9), "not U-shaped (least at 100"),
        ((0.3, 0.31, 0.3), "not U-shaped"),
    ):
        one["squared_error"][0, :, 2] = np.array(curve)
        assert told in drawn("decomposition", one)


def test_a_caption_tells_whether_the_error_descends_twice():
    one = finding("dynamics")
    one["e_gen"][:] = np.array([0.9, 0.3, 0.6, 0.2])
    assert "rises by 0.30 ± 0.00 from step 100 to 200 and falls again by 0.40 ± 0.00" in drawn(
        "dynamics", one
    )
    one["e_gen"][:] = np.array([0.9, 0.3, 0.6, 0.7])
    assert "No fall after a rise is told from chance at 5%." in drawn("dynamics", one)


@pytest.mark.parametrize(("apart", "told"), [(0.05, False), (0.01, True)])
def test_a_rise_in_three_replicates_is_told_by_students_t(apart, told):
    one = finding("dynamics")
    one["e_gen"][:] = np.array([0.9, 0.3, 0.4, 0.1])
    one["e_gen"][..., 2] += apart * np.array([-1, 0, 1])
    t = 0.1 / (apart / 3**0.5)
    # Two standard errors, which both exceed, are passed by chance 18 times of 100.
    assert t > 2 and (t > 4.303) == told
    caption = drawn("dynamics", one)
    assert ("and falls again by" in caption) == told
    assert ("No fall after a rise is told from chance at 5% (by 0.1000 at most)" in caption) != told


def test_a_caption_of_times_names_the_n_that_no_fit_has():
    caption = drawn("times", finding("times"))
    assert "grows with N by a power of 1.00 (a) and 1.50 (b)." in caption
    assert "those of τ_mem have N = 8 to 128 (a) and 8 to 128 (b)" in caption
    caption = drawn("times", finding("times", broken=True))
    assert "1.00 (a) and none (b)" in caption
    assert "N = 8 to 32 (a) and none (b)" in caption


def test_a_caption_of_descent_tells_only_what_is_told_from_chance():
    one = finding("descent")
    for name, size in (("rise", 0.3), ("fall", 0.5)):
        one[name][:], one[f"{name}_se"][:] = size, 0.01
        one[name][:, :2] = np.array([-0.2, 0.0, 0.2])
    caption = drawn("descent", one)
    assert (
        "of a, N = 128 it rises by 0.30 ± 0.02 from step 20 to 80 and falls by 0.50 ± 0.02 up to "
        "160.\n" in caption
    )
    assert "Told from 0 (t, 5%) in 2 of 6 cells. Meanwhile " in caption
    one["rise"][:] = np.array([-0.1, 0.1, 0.0])
    assert drawn("descent", one).startswith("Nowhere does E_gen rise and fall again")


def test_of_a_descriptor_that_has_no_parts_the_descent_is_drawn_without():
    one = finding("descent")
    parts = ("gain", "e_gen_inside", "e_gen_outside", "e_gen_direction", "rise_direction")
    assert "Meanwhile held-out loss goes" in drawn("descent", one.drop_vars(parts))
