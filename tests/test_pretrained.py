"""Pipelines of the `diffusers` library as teachers: exact ones come out exact, others are refused.

None of the published ones is at hand: pipelines are tiny, of random weights or of a network that is
replaced by an exact one.
"""

import json
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DDPMPipeline,
    DDPMScheduler,
    EDMDPMSolverMultistepScheduler,
    EDMEulerScheduler,
    PNDMScheduler,
    UNet2DModel,
)
from repositories import GRID, TRAINING, create
from safetensors.torch import load_file, save_file

from lowd.diffusion.noise_levels import karras_sigmas
from lowd.diffusion.settings import SamplerSettings
from lowd.diffusion.solvers import probability_flow
from lowd.geometry.jacobian import jacobian, products
from lowd.graph import data
from lowd.parsing import parse_settings
from lowd.provenance.digests import digest
from lowd.provenance.statement import read_statement
from lowd.settings import Params
from lowd.sources.settings import DiffusersTeacher
from lowd.steps.pool import PoolStep, pool
from lowd.steps.teacher import TeacherStep, teacher
from lowd.steps.teachers import diffusers as kind
from lowd.steps.teachers.teacher import load_teacher
from lowd.store.arrays import read_store
from lowd.store.checkpoints import load_checkpoint

SHAPE = (1, 8, 8)
NETWORK = {
    "sample_size": 8,
    "in_channels": 1,
    "out_channels": 1,
    "block_out_channels": (8, 8),
    "down_block_types": ("DownBlock2D", "AttnDownBlock2D"),
    "up_block_types": ("AttnUpBlock2D", "UpBlock2D"),
    "layers_per_block": 1,
    "norm_num_groups": 4,
    "attention_head_dim": 8,
}
REVISION = "0123456789abcdef0123456789abcdef01234567"
CPU = torch.device("cpu")


def network(**changes):
    torch.manual_seed(0)
    return UNet2DModel(**NETWORK | changes)


def saved(path, scheduler=None, unet=None):
    """A pipeline in a folder, as save_pretrained leaves it."""
    scheduler, unet = scheduler or DDPMScheduler(), unet or network()
    if isinstance(scheduler, DDPMScheduler | DDIMScheduler):
        DDPMPipeline(unet, scheduler).save_pretrained(path)
    else:
        unet.save_pretrained(path / "unet")
        scheduler.save_pretrained(path / "scheduler")
    return path


def made(path, folder, shape=SHAPE):
    """The teacher's folder."""
    declared = DiffusersTeacher(kind="diffusers", path=path, shape=shape)
    teacher(TeacherStep(seed=0, teacher=declared), output=folder)
    return folder


def refusal(path, folder, shape=SHAPE):
    with pytest.raises((ValueError, OSError)) as raised:
        made(path, folder, shape)
    assert not folder.exists()
    return str(raised.value)


def noises(n=4, seed=0):
    return torch.randn(n, *SHAPE, generator=torch.Generator().manual_seed(seed))


SCHEDULERS = {
    "ddpm": DDPMScheduler(),
    "ddpm-sigmoid": DDPMScheduler(beta_schedule="sigmoid"),
    "ddpm-fixed-large-clipped": DDPMScheduler(variance_type="fixed_large", clip_sample=True),
    "ddim-sample": DDIMScheduler(beta_schedule="scaled_linear", prediction_type="sample"),
    "ddim-v-zero-terminal": DDIMScheduler(
        prediction_type="v_prediction", rescale_betas_zero_snr=True
    ),
    "ddim-cosine": DDIMScheduler(beta_schedule="squaredcos_cap_v2"),
    "pndm": PNDMScheduler(),
    "edm": EDMEulerScheduler(),
    "edm-v": EDMEulerScheduler(prediction_type="v_prediction", sigma_data=1.0),
    "edm-dpm": EDMDPMSolverMultistepScheduler(sigma_min=0.01, sigma_max=50.0),
}
EDM = [name for name in SCHEDULERS if name.startswith("edm")]
VP = [name for name in SCHEDULERS if name not in EDM]


# What comes out


def exact(scheduler, mean, deviation):
    """The forward pass of a perfect network on data N(mean, deviation²) in every pixel."""
    prediction = scheduler.config.prediction_type

    def posterior_mean(x, sigma):
        return mean + deviation**2 / (deviation**2 + sigma**2) * (x - mean)

    def discrete(x_t, time):
        signal = (1 - scheduler.betas.double()).cumprod(0).numpy()
        known = np.log((1 - signal[signal > 0]) / signal[signal > 0]) / 2
        steps = np.arange(len(known))
        sigma = torch.as_tensor(np.exp(np.interp(time.double(), steps, known))).view(-1, 1, 1, 1)
        alpha = (1 + sigma**2) ** -0.5
        clean = posterior_mean(x_t / alpha, sigma)
        epsilon = (x_t / alpha - clean) / sigma
        return {
            "epsilon": epsilon,
            "sample": clean,
            "v_prediction": alpha * epsilon - alpha * sigma * clean,
        }[prediction]

    def edm(scaled, time):
        data = scheduler.config.sigma_data
        sigma = (4 * time.double()).exp().view(-1, 1, 1, 1)
        total = sigma**2 + data**2
        x = scaled * total.sqrt()
        output = (posterior_mean(x, sigma) - data**2 / total * x) / (sigma * data / total.sqrt())
        return -output if prediction == "v_prediction" else output

    chosen = edm if type(scheduler).__name__.startswith("EDM") else discrete

    def forward(self, x, time, return_dict=True):
        assert not return_dict
        return (chosen(x.double(), torch.as_tensor(time)).to(x),)

    return forward


@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_perfect_pipeline_is_the_exact_posterior_mean_at_every_level(name, tmp_path, monkeypatch):
    scheduler, mean, deviation = SCHEDULERS[name], 0.3, 0.5
    monkeypatch.setattr(UNet2DModel, "forward", exact(scheduler, mean, deviation))
    loaded = load_teacher(made(saved(tmp_path / "p", scheduler), tmp_path / "teacher"), CPU)
    levels = torch.tensor([0.03, 0.4, 3.7, 36.0])
    x = mean + (deviation**2 + levels**2).sqrt().view(-1, 1, 1, 1) * noises()
    squared = levels.view(-1, 1, 1, 1) ** 2
    expected = mean + deviation**2 / (deviation**2 + squared) * (x - mean)
    for ours, error in (
        (loaded.denoise(x, levels), expected),
        (loaded.denoise(x[2:3], 3.7), expected[2:3]),
    ):
        # x − σε cancels: what is left is the rounding of σ.
        torch.testing.assert_close(ours, error, rtol=0, atol=3e-5)


@pytest.mark.parametrize("name", ["ddpm", "ddim-v-zero-terminal", "edm"])
def test_samples_of_a_perfect_pipeline_follow_the_exact_flow(name, tmp_path, monkeypatch):
    scheduler, mean, deviation = SCHEDULERS[name], -0.2, 0.5
    monkeypatch.setattr(UNet2DModel, "forward", exact(scheduler, mean, deviation))
    loaded = load_teacher(made(saved(tmp_path / "p", scheduler), tmp_path / "teacher"), CPU)
    sampler = SamplerSettings(steps=60, sigma_min=0.02, sigma_max=30.0)
    samples = loaded.sample(4, torch.Generator().manual_seed(0), sampler)
    carried = deviation / (deviation**2 + 30.0**2) ** 0.5
    expected = mean + carried * (30.0 * noises() - mean)
    # Heun's error with 60 steps, and the last step of Euler's from .02.
    torch.testing.assert_close(samples, expected, rtol=0, atol=5e-3)


@pytest.mark.parametrize("prediction", ["epsilon", "sample", "v_prediction"])
def test_eulers_method_takes_the_steps_of_the_librarys_ddim(prediction, tmp_path):
    options = {"beta_end": 0.4, "prediction_type": prediction, "clip_sample": False}
    scheduler = DDIMScheduler(20, **options)
    unet = network()
    folder = made(saved(tmp_path / "p", scheduler, unet), tmp_path / "teacher")
    loaded = load_teacher(folder, CPU)
    scheduler.set_timesteps(20)
    theirs = noises()
    sigmas = load_checkpoint(folder / "weights.safetensors")[0]["sigmas"].flip(0)
    x_t = (1 + sigmas[0] ** 2).sqrt() * theirs
    levels = torch.cat([sigmas, torch.zeros(1, dtype=torch.float64)])
    with torch.no_grad():
        ours = probability_flow(loaded.denoise, x_t.float(), levels, "euler")
        for step in scheduler.timesteps:
            theirs = scheduler.step(unet(theirs, step).sample, step, theirs).prev_sample
    # Their table is in single precision.
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-3)


def test_eulers_method_takes_the_steps_of_the_librarys_edm(tmp_path):
    scheduler, unet = EDMEulerScheduler(), network()
    loaded = load_teacher(made(saved(tmp_path / "p", scheduler, unet), tmp_path / "teacher"), CPU)
    sampler = SamplerSettings(solver="euler", steps=6)
    ours = loaded.sample(4, torch.Generator().manual_seed(0), sampler)
    scheduler.set_timesteps(6)
    torch.testing.assert_close(
        scheduler.sigmas.double(), karras_sigmas(6, 0.002, 80.0), rtol=1e-5, atol=0
    )
    theirs = 80.0 * noises()
    with torch.no_grad():
        for time in scheduler.timesteps:
            output = unet(scheduler.scale_model_input(theirs, time), time).sample
            theirs = scheduler.step(output, time, theirs).prev_sample
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4)


def test_between_two_levels_the_network_is_asked_at_a_fractional_step(tmp_path):
    unet = network()
    folder = made(saved(tmp_path / "p", unet=unet), tmp_path / "teacher")
    sigmas = load_checkpoint(folder / "weights.safetensors")[0]["sigmas"]
    sigma = (sigmas[500] * sigmas[501]).sqrt().item()
    x = noises()
    with torch.no_grad():
        predicted = {
            time: unet(x / (1 + sigma**2) ** 0.5, torch.tensor(time)).sample
            for time in (500.0, 500.5, 501.0)
        }
        ours = load_teacher(folder, CPU).denoise(x, sigma)
    torch.testing.assert_close(ours, x - sigma * predicted[500.5], rtol=0, atol=1e-4)
    for whole in (500.0, 501.0):
        assert (ours - (x - sigma * predicted[whole])).abs().max() > 1e-2


def test_jacobians_can_be_taken_of_it(tmp_path):
    loaded = load_teacher(made(saved(tmp_path / "p"), tmp_path / "teacher"), CPU)
    x = noises(1)
    (dense,) = jacobian(loaded.denoise, x, 0.5)
    times, transposed = products(loaded.denoise, x[0], 0.5)
    v = torch.randn(64, 2, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(times(v), dense @ v, rtol=0, atol=1e-4)
    torch.testing.assert_close(transposed(v), dense.T @ v, rtol=0, atol=1e-4)


# Where it comes from


def test_a_teacher_depends_on_nothing_but_its_folder_and_says_where_it_is_from(tmp_path):
    source = saved(tmp_path / "p")
    (source / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Card\n")
    folder = made(source, tmp_path / "teacher")
    x = noises()
    before = load_teacher(folder, CPU).denoise(x, 0.5)
    weights = source / "unet/diffusion_pytorch_model.safetensors"
    sha256 = digest(weights).sha256
    shutil.rmtree(source)
    shutil.move(folder, tmp_path / "moved")
    assert torch.equal(load_teacher(tmp_path / "moved", CPU).denoise(x, 0.5), before)
    assert [path.name for path in (tmp_path / "moved").iterdir()] == ["weights.safetensors"]
    _, metadata = load_checkpoint(tmp_path / "moved/weights.safetensors")
    assert metadata["kind"] == "diffusers"
    assert metadata["source"] == {"path": str(source)}
    assert (metadata["weights"], metadata["sha256"]) == (
        "unet/diffusion_pytorch_model.safetensors",
        sha256,
    )
    assert metadata["licence"] == "apache-2.0"
    assert metadata["unet"]["block_out_channels"] == [8, 8]
    assert metadata["scheduler"]["class"] == "DDPMScheduler"
    assert metadata["scheduler"]["prediction_type"] == "epsilon"


def test_making_it_twice_gives_the_same_bytes_from_wherever_it_lies(tmp_path, monkeypatch):
    contents = set()
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        monkeypatch.chdir(tmp_path / place)
        saved(tmp_path / place / "p")
        torch.manual_seed(len(place) + ord(place[0]))
        made(Path("p"), Path("teacher"))
        contents.add(Path("teacher/weights.safetensors").read_bytes())
    assert len(contents) == 1


def flat(path):
    """The layout of the earliest pipelines, all in one folder, as google/ddpm-cifar10-32 has it."""
    saved(path)
    for name in ("unet", "scheduler"):
        for file in (path / name).iterdir():
            file.rename(path / file.name)
        (path / name).rmdir()
    return path


def pickled(path):
    saved(path)
    weights = path / "unet/diffusion_pytorch_model.safetensors"
    torch.save(load_file(weights), weights.with_suffix(".bin"))
    weights.unlink()
    return path


def of_old_names(path):
    """Attention's weights as they were called before diffusers 0.12."""
    saved(path)
    weights = path / "unet/diffusion_pytorch_model.safetensors"
    old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    tensors = load_file(weights)
    for new, name in old.items():
        tensors = {key.replace(f".{new}.", f".{name}."): one for key, one in tensors.items()}
    assert any("proj_attn" in key for key in tensors)
    save_file(tensors, weights, metadata={"format": "pt"})
    return path


def in_half_precision(path):
    return saved(path, unet=network().half())


def sharded(path, variant=None):
    """As large models are saved."""
    saved(path)
    shutil.rmtree(path / "unet")
    network().save_pretrained(path / "unet", max_shard_size="20KB", variant=variant)
    assert len(list((path / "unet").glob("*-of-*"))) > 2
    return path


def variant(path):
    """In half precision, by which files are named."""
    saved(path)
    shutil.rmtree(path / "unet")
    network().half().save_pretrained(path / "unet", variant="fp16")
    assert (path / "unet/diffusion_pytorch_model.fp16.safetensors").is_file()
    return path


def sharded_variant(path):
    return sharded(path, "ema")


@pytest.mark.parametrize(
    "layout",
    [flat, pickled, of_old_names, in_half_precision, sharded, variant, sharded_variant],
)
def test_layouts_and_formats_that_are_about_hold_the_same_teacher(layout, tmp_path):
    plain = load_teacher(made(saved(tmp_path / "plain"), tmp_path / "t"), CPU)
    other = load_teacher(made(layout(tmp_path / "other"), tmp_path / "u"), CPU)
    x = noises()
    tolerance = 1e-2 if layout in (in_half_precision, variant) else 1e-6
    torch.testing.assert_close(other.denoise(x, 0.5), plain.denoise(x, 0.5), rtol=0, atol=tolerance)
    assert other.denoise(x, 0.5).dtype == torch.float32


def cached(root, layout=saved):
    """A commit in the Hub's cache, in the layout that its client leaves."""
    repository = root / "models--google--ddpm-tiny"
    snapshot = repository / "snapshots" / REVISION
    layout(snapshot)
    (repository / "blobs").mkdir()
    for file in [file for file in snapshot.rglob("*") if file.is_file()]:
        blob = repository / "blobs" / digest(file).sha256
        if not blob.exists():
            shutil.move(file, blob)
        file.unlink(missing_ok=True)
        file.symlink_to(os.path.relpath(blob, file.parent))
    (repository / "refs").mkdir()
    (repository / "refs/main").write_text(REVISION)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty cache of the Hub's client, which is told to ask no network."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def of_hub(**changes):
    declared = {"kind": "diffusers", "repository": "google/ddpm-tiny", "revision": REVISION}
    return TeacherStep(seed=0, teacher=DiffusersTeacher(**declared | {"shape": SHAPE} | changes))


@pytest.mark.parametrize("layout", [saved, flat, pickled, sharded, sharded_variant])
def test_a_commit_of_a_repository_is_read_from_the_hubs_own_cache(layout, hub, tmp_path):
    cached(hub, layout)
    teacher(of_hub(), output=tmp_path / "teacher")
    x = noises()
    local = load_teacher(made(saved(tmp_path / "p"), tmp_path / "local"), CPU)
    theirs = load_teacher(tmp_path / "teacher", CPU)
    torch.testing.assert_close(theirs.denoise(x, 0.5), local.denoise(x, 0.5))
    _, metadata = load_checkpoint(tmp_path / "teacher/weights.safetensors")
    assert metadata["source"] == {"repository": "google/ddpm-tiny", "revision": REVISION}


def test_a_commit_that_can_not_be_had_is_refused_with_the_way_around(hub, tmp_path):
    cached(hub)
    for changes in ({"revision": "f" * 40}, {"repository": "google/other"}):
        with pytest.raises(OSError, match=r"teacher\.repository: google/.* inputs/ and give its"):
            teacher(of_hub(**changes), output=tmp_path / "teacher")


# What is refused


def edit(name, **changes):
    def apply(path):
        content = json.loads((path / name).read_text())
        (path / name).write_text(json.dumps(content | changes))

    return apply


def without(name):
    return lambda path: (path / name).unlink()


def with_weights(change):
    def apply(path):
        file = path / "unet/diffusion_pytorch_model.safetensors"
        tensors = load_file(file)
        change(tensors)
        save_file(tensors, file, metadata={"format": "pt"})

    return apply


def truncated(path):
    file = path / "unet/diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])


UNET, SCHEDULER = "unet/config.json", "scheduler/scheduler_config.json"
REFUSED = {
    "text": (edit(UNET, _class_name="UNet2DConditionModel"), "UNet2DConditionModel is not UNet2D"),
    "classes": (edit(UNET, num_class_embeds=10), "num_class_embeds is 10: it is conditional"),
    "class embedding": (edit(UNET, class_embed_type="timestep"), "class_embed_type is timestep"),
    "variance out": (
        edit(UNET, out_channels=2),
        "1 channels go in and 2 come out: it learns the v",
    ),
    "variance": (edit(SCHEDULER, variance_type="learned_range"), "the variance is learned too"),
    "latent": (
        edit("model_index.json", vqvae=["diffusers", "VQModel"]),
        "DDPMPipeline has vqvae too, so it is latent or conditional; choose an unconditional",
    ),
    "whole steps": (edit(UNET, time_embedding_type="learned"), "know no fractional steps"),
    "scheduler": (
        edit(SCHEDULER, _class_name="ScoreSdeVeScheduler"),
        "ScoreSdeVeScheduler is not a scheduler that lowd knows (DDPMScheduler, ",
    ),
    "prediction": (edit(SCHEDULER, prediction_type="flow"), "predicts 'flow'; known are epsilon"),
    "schedule": (edit(SCHEDULER, beta_schedule="odd"), "can't be made as configured (odd is not"),
    "betas": (edit(SCHEDULER, trained_betas=[0.1, 0.0]), "noise has to grow with each"),
    "shape": (edit(UNET, sample_size=16), "teacher.shape: [1, 8, 8] is not that of the pipeline"),
    "no network": (without(UNET), "config.json: no such file; give a folder that save_pretrained"),
    "no scheduler": (without(SCHEDULER), "scheduler_config.json: no such file"),
    "no JSON": (lambda path: (path / UNET).write_text("{"), "config.json: damaged"),
    "no weights": (without("unet/diffusion_pytorch_model.safetensors"), "safetensors: no such fi"),
    "cut off": (truncated, "diffusion_pytorch_model.safetensors: can't be loaded"),
    "one lost": (with_weights(lambda one: one.pop("conv_in.bias")), "1 missing keys, conv_in.bias"),
    "one more": (
        with_weights(lambda one: one.update(other=torch.ones(1))),
        "1 unexpected keys, other among them",
    ),
    "other size": (
        with_weights(lambda one: one.update({"conv_in.bias": torch.ones(3)})),
        "can't be loaded",
    ),
    "not finite": (
        with_weights(lambda one: one["conv_in.bias"][:2].fill_(torch.nan)),
        "safetensors: 2 weights are NaN or infinite, the first in conv_in.bias; get",
    ),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_no_teacher_can_be_made_of_is_refused_by_name(reason, tmp_path):
    break_it, message = REFUSED[reason]
    path = saved(tmp_path / "p")
    break_it(path)
    assert message in refusal(path, tmp_path / "teacher")


def test_shards_that_are_lost_or_lie_elsewhere_are_refused_by_name(tmp_path):
    path = sharded(tmp_path / "p")
    lost = max((path / "unet").glob("*-of-*"))
    lost.rename(path / lost.name)
    told = refusal(path, tmp_path / "teacher")
    assert (
        told
        == f"{lost}: no such file, though diffusion_pytorch_model.safetensors.index.json "
        + ("names it; get the pipeline again")
    )
    edit(
        "unet/diffusion_pytorch_model.safetensors.index.json", weight_map={"a": f"../{lost.name}"}
    )(path)
    assert "index.json: damaged (../" in refusal(path, tmp_path / "teacher")
    edit("unet/diffusion_pytorch_model.safetensors.index.json", weight_map=[])(path)
    assert "index.json: damaged" in refusal(path, tmp_path / "teacher")


def test_of_several_variants_none_is_guessed(tmp_path):
    path = variant(tmp_path / "p")
    weights = path / "unet/diffusion_pytorch_model.fp16.safetensors"
    shutil.copy(weights, weights.with_name("diffusion_pytorch_model.ema.safetensors"))
    told = refusal(path, tmp_path / "teacher")
    assert told.startswith(f"{path / 'unet'}: weights of 2 variants (diffusion_pytorch_model.ema.")
    assert told.endswith("; keep the one to use")


@pytest.mark.parametrize(
    "name",
    [
        "diffusion_pytorch_model.fp16.bin",
        "diffusion_pytorch_model.bin.index.json",
        "diffusion_flax_model.msgpack",
    ],
)
def test_weights_in_a_form_that_is_not_read_are_named_with_the_remedy(name, tmp_path):
    path = saved(tmp_path / "p")
    (path / "unet/diffusion_pytorch_model.safetensors").rename(path / "unet" / name)
    told = refusal(path, tmp_path / "teacher")
    assert f"no such file, only {name}" in told
    assert "save_pretrained" in told


def test_a_shape_other_than_the_networks_is_refused_with_the_right_one(tmp_path):
    message = refusal(saved(tmp_path / "p"), tmp_path / "teacher", shape=(3, 8, 8))
    assert message.startswith(
        "teacher.shape: [3, 8, 8] is not that of the pipeline; give [1, 8, 8]"
    )


def test_a_pickle_that_would_run_code_does_not(tmp_path):
    class Harmful:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "harm"),))

    path = pickled(tmp_path / "p")
    with (path / "unet/diffusion_pytorch_model.bin").open("wb") as file:
        pickle.dump({"conv_in.weight": Harmful()}, file)
    assert "diffusion_pytorch_model.bin: can't be loaded" in refusal(path, tmp_path / "teacher")
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    ("module", "name", "wrong"),
    [
        ("lowd.diffusion.discrete", "step_of", lambda step: step + 1),
        ("lowd.steps.teachers.diffusers", "step_sigmas", lambda sigmas: sigmas * 1.001),
    ],
)
def test_a_denoiser_that_its_scheduler_does_not_agree_with_is_refused(
    module, name, wrong, tmp_path, monkeypatch
):
    import importlib

    home = importlib.import_module(module)
    right = getattr(home, name)
    monkeypatch.setattr(home, name, lambda *arguments: wrong(right(*arguments)))
    message = refusal(saved(tmp_path / "p"), tmp_path / "teacher")
    assert message.startswith("teacher: its denoiser is off by")
    assert "from DDPMScheduler at σ = " in message


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_an_edm_network_of_the_other_sign_is_refused(prediction, tmp_path, monkeypatch):
    flipped = {"epsilon": "v_prediction", "v_prediction": "epsilon"}[prediction]
    right = kind._denoiser
    monkeypatch.setattr(
        kind,
        "_denoiser",
        lambda unet, scheduler, sigmas: right(
            unet, scheduler | {"prediction_type": flipped}, sigmas
        ),
    )
    path = saved(tmp_path / "p", EDMEulerScheduler(prediction_type=prediction))
    assert "from EDMEulerScheduler" in refusal(path, tmp_path / "teacher")


@pytest.mark.parametrize(
    ("sampler", "message"),
    [
        (
            {"sigma_max": 50.0},
            r"sampler\.sigma_min: 0\.002 is not .*, 0\.0100005 to 157\.407; stay",
        ),
        ({"sigma_min": 0.02, "sigma_max": 200.0}, r"sampler\.sigma_max: 200 is not"),
    ],
)
def test_a_sampler_beyond_the_levels_trained_on_is_refused_with_their_range(
    sampler, message, tmp_path
):
    folder = made(saved(tmp_path / "p"), tmp_path / "teacher")
    step = {"seed": 0, "size": 2, "reference": 4, "replicates": 2, "shape": SHAPE}
    step["sampler"] = sampler
    with pytest.raises(ValueError, match=message):
        pool(PoolStep(**step), teacher=folder, output=tmp_path / "pool.zarr")
    denoise = load_teacher(folder, CPU).denoise
    for sigma in (0.009, 158.0, torch.tensor([1.0, 0.009])):
        with pytest.raises(ValueError, match=r"sigma: .* is not among the noise levels"):
            denoise(noises(2), sigma)


def test_a_sampler_may_use_the_range_that_the_message_gives_in_full(tmp_path):
    folder = made(saved(tmp_path / "p"), tmp_path / "teacher")
    sampler = {"steps": 2, "sigma_min": 0.0100005, "sigma_max": 157.407}
    step = {"seed": 0, "size": 2, "reference": 4, "replicates": 2, "shape": SHAPE}
    step["sampler"] = sampler
    pool(PoolStep(**step), teacher=folder, output=tmp_path / "pool.zarr")


def study(**changes):
    declared = {"kind": "diffusers", "path": "inputs/pipeline", "shape": list(SHAPE)} | changes
    declared = {key: value for key, value in declared.items() if value is not None}
    return GRID | {
        "teacher": declared,
        "pool": GRID["pool"] | {"sampler": {"steps": 4, "sigma_min": 0.02, "sigma_max": 20}},
        "sampler": {"steps": 4, "sigma_min": 0.02, "sigma_max": 20},
        "training": TRAINING,
        "models": {"unet-4": {"architecture": "unet", "width": 4}},
    }


def parsed(one):
    return parse_settings(Params, json.dumps({"studies": {"x": one}}), "params.yaml").studies["x"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"path": None}, "teacher.path: give either path, a folder"),
        ({"repository": "a/b", "revision": REVISION}, "teacher.path: give either path, a folder"),
        ({"revision": REVISION}, "teacher.revision: a folder has none"),
        ({"path": None, "repository": "a/b"}, "teacher.revision: None does not pin a version"),
        (
            {"path": None, "repository": "a/b", "revision": "main"},
            "teacher.revision: main does not pin a version, as branches and tags move; give a "
            "commit's 40 hex digits",
        ),
        (
            {"path": None, "repository": "a/b", "revision": REVISION[:12]},
            "teacher.revision: 0123456789ab does not pin a version",
        ),
        (
            {"path": None, "repository": "../b", "revision": REVISION[:-1] + "\n"},
            "teacher.revision: ",
        ),
        (
            {"path": None, "repository": "https://a/b", "revision": REVISION},
            "teacher.repository: String should match pattern",
        ),
        ({"path": "elsewhere/p"}, "teacher.path: elsewhere/p is not in inputs/; move it there"),
        ({"path": "inputs/../p"}, "teacher.path: inputs/../p is not in inputs/; move it there"),
        ({"shape": None}, "teacher.shape: required"),
    ],
)
def test_a_source_that_is_not_one_or_not_pinned_is_refused(changes, message):
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        parsed(study(**changes))
    assert f"studies.x.{message}" in str(raised.value)


# In a study


def teacher_job(study):
    (job,) = (job for job in data.jobs("x", study) if job.rule.name == "teacher")
    return job


def test_the_folder_counts_by_its_content_and_a_commit_by_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    saved(tmp_path / "inputs/pipeline")
    one = parsed(study())
    folder = Path("inputs/pipeline")
    teacher = teacher_job(one)
    assert folder in teacher.needs
    assert teacher.step.own_files(teacher.settings) == {"pretrained": [folder]}
    assert teacher.step.draws(teacher.settings) == ()
    assert teacher.content == digest(folder).sha256[:16]
    before = teacher.content
    with_weights(lambda tensors: tensors["conv_in.bias"].add_(1))(folder)
    assert teacher.content != before
    fetched = parsed(study(path=None, repository="a/b", revision=REVISION))
    assert teacher_job(fetched).needs == []
    assert teacher_job(fetched).content == ""


@pytest.mark.campaign
def test_a_study_runs_from_a_folder_of_ones_own(tmp_path):
    repository = create(tmp_path / "repository")
    root = repository.path
    saved(root / "inputs/pipeline")
    repository.write_params({"x": study()})
    repository.run("workflow/run", "data/x/pool.zarr")
    samples = read_store(root / "data/x/pool.zarr")["samples"]
    assert samples.shape == (16, *SHAPE)
    stated = read_statement(root / "provenance/x/teacher.json")
    (own,) = stated.inputs["pretrained"]
    assert (own.name, own.digests) == ("inputs/pipeline", digest(root / "inputs/pipeline"))
    assert [*stated.modules] == ["lowd.steps.teacher", "lowd.steps.teachers.diffusers"]
    assert "lowd/training/trainer.py" not in [source.name for source in stated.sources]
    planned = repository.run("snakemake", "-n", "data/x/pool.zarr")
    assert "Nothing to be done" in planned
    with_weights(lambda tensors: tensors["conv_in.bias"].add_(1))(root / "inputs/pipeline")
    planned = repository.run("snakemake", "-n", "data/x/pool.zarr")
    assert {"teacher", "pool"} <= set(planned.split())
