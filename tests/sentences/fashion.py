"""Numbers of docs/fashion.md."""

from sentences.quoting import number, over_both


def fashion(results):
    """What the page says of committed results."""
    study = results("fashion")
    small, large = (study.isel(model=at) for at in study["parameters"].argsort().values)
    last = large.isel(N=-1, disjoint_pair=0)
    yield (
        f"RP of disjoint training sets rises from {number(large['rp_disjoint'][0].mean(), 0)} to "
        f"{number(last['rp_disjoint'])} (87,000 parameters; of one pair of training sets, so that "
        f"± {number(2 * last['rp_disjoint_se'])} is the noises' error alone), and RP with the "
        f"empirical denoiser falls from {over_both(large.isel(N=0), 'rp_emp')} to "
        f"{over_both(large.isel(N=-1), 'rp_emp')}"
    )
    assert float(study["rp_disjoint_chance"].max()) < 0.003, "chance is higher than said"
    yield (
        f"an N\\* that grows as |θ| to the {number(study['slope_e'])} between the two sizes; "
        "dividing N by √|θ| takes the difference of N\\* from "
        f"{number(study['spread_e'])} to {number(study['rescaled_spread_e'])} octaves"
    )
    low, high = (number(study[f"slope_e_{end}"]) for end in ("low", "high"))
    yield f"resampling them gives {low} to {high}, which in simulations covers 44 to 77 %"
    yield (
        f"By GL = ½ of the teacher's own the slope is {number(study['slope_gl'])}, by RP = ½ it is "
        f"{number(study['slope_rp'])}"
    )
    ends = study.isel(N=-1).mean("replicate")
    yield (
        f"at τ = {number(study.attrs['threshold'], 3)}, which the rule `unrelated: 0.999` gives, "
        f"{100 * float(study['teacher_copies_found']):.0f} % of strongly augmented copies of "
        f"held-out images are above τ, and {100 * float(study['teacher_copies_mistaken']):.2f} % "
        "of other images"
    )
    yield f"so the teacher's own GL falls to {number(ends['gl_teacher'])} at N = 4,096"
    gl, e_gen = (
        [number(ends[score].sel(model=one["model"])) for one in (small, large)]
        for score in ("gl", "e_gen")
    )
    yield f"students exceed it ({gl[0]} and {gl[1]})"
    yield f"E_gen levels off at {e_gen[1]} and {e_gen[0]}"
    yield (
        f"Fréchet distance to held-out images {number(study['teacher_frechet'], 4)} in features of "
        f"the descriptor, against {number(study['teacher_frechet_real'], 4)} of training images"
    )
