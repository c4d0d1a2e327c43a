"""Stacks of students: nothing passes between them, and each is the network it would be alone."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import nn
from torch.nn import functional

from lowd.models.build import build, initialise, parameter_count
from lowd.models.layers import Attention, Conv2d, GroupNorm, Linear, NoiseEmbedding, doubled, halved
from lowd.models.settings import DiTSettings, MLPSettings, UNetSettings

few = settings(max_examples=15, deadline=None)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(shape, generator=generator(seed), dtype=torch.float64)


@torch.no_grad()
def randomised(module, seed=0):
    """In float64, every parameter drawn, also those that start at 0 or 1."""
    source = generator(seed)
    for p in module.double().parameters():
        p.normal_(0, 0.5, generator=source)
    return module


def one_of(stack, model, shape, student):
    """Student `student` of `stack`, in a stack of one."""
    alone = build(model, 1, shape).double()
    weights = stack.state_dict()
    alone.load_state_dict({name: w[student : student + 1] for name, w in weights.items()})
    return alone


def assert_each_is_as_alone(model, shape, students, batch):
    stack = randomised(build(model, students, shape))
    x, c_noise = normal(students, batch, *shape, seed=1), normal(students, batch, seed=2)
    together = stack(x, c_noise)
    assert together.shape == x.shape
    for s in range(students):
        alone = one_of(stack, model, shape, s)(x[s : s + 1], c_noise[s : s + 1])
        torch.testing.assert_close(together[s], alone[0], rtol=1e-10, atol=1e-10)


@few
@given(
    students=st.integers(1, 4),
    batch=st.integers(1, 4),
    width=st.integers(1, 9),
    depth=st.integers(1, 3),
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple),
)
def test_an_mlp_answers_as_it_would_alone(students, batch, width, depth, shape):
    model = MLPSettings(architecture="mlp", width=width, depth=depth)
    assert_each_is_as_alone(model, shape, students, batch)


@few
@given(
    students=st.integers(1, 3),
    batch=st.integers(1, 3),
    width=st.integers(1, 9),
    multipliers=st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple),
    blocks=st.integers(1, 2),
    channels=st.sampled_from([1, 3]),
)
def test_a_unet_answers_as_it_would_alone(students, batch, width, multipliers, blocks, channels):
    model = UNetSettings(architecture="unet", width=width, multipliers=multipliers, blocks=blocks)
    assert_each_is_as_alone(model, (channels, 4, 8), students, batch)


@few
@given(
    students=st.integers(1, 3),
    batch=st.integers(1, 3),
    head_width=st.integers(1, 3),
    heads=st.integers(1, 3),
    depth=st.integers(1, 2),
    patch=st.sampled_from([1, 2]),
    channels=st.sampled_from([1, 3]),
)
def test_a_dit_answers_as_it_would_alone(
    students, batch, head_width, heads, depth, patch, channels
):
    model = DiTSettings(
        architecture="dit", width=head_width * heads, heads=heads, depth=depth, patch=patch
    )
    assert_each_is_as_alone(model, (channels, 4, 2), students, batch)


@pytest.mark.parametrize("change", [1.0, torch.nan, torch.inf])
def test_stackmates_never_touch_a_student(smallest, change):
    model, shape = smallest
    stack = randomised(build(model, 3, shape))
    x, c_noise = normal(3, 4, *shape, seed=1), normal(3, 4, seed=2)

    def answers_and_gradients():
        stack.zero_grad()
        out = stack(x, c_noise)
        out.square().mean(tuple(range(1, out.ndim))).sum().backward()
        return [out.detach(), *(p.grad.clone() for p in stack.parameters())]

    before = answers_and_gradients()
    x[1] += change
    c_noise[1] += 0.5
    with torch.no_grad():
        for p in stack.parameters():
            p[1] += change
    for old, new in zip(before, answers_and_gradients(), strict=True):
        assert torch.equal(old[[0, 2]], new[[0, 2]])
    assert not torch.equal(before[0][1], stack(x, c_noise)[1])


@pytest.mark.parametrize("batch", [2, 3])
def test_a_noise_level_belongs_to_all_or_to_a_student_or_to_an_example(smallest, batch):
    model, shape = smallest
    stack = randomised(build(model, 3, shape))
    x = normal(3, batch, *shape, seed=1)
    for c_noise in (torch.tensor(-0.3).double(), normal(3, seed=2), normal(3, batch, seed=2)):
        full = c_noise.reshape(c_noise.shape + (1,) * (2 - c_noise.ndim)).expand(3, batch)
        assert torch.equal(stack(x, c_noise), stack(x, full))


def test_every_parameter_and_the_noise_level_reach_the_output(smallest):
    model, shape = smallest
    stack = randomised(build(model, 2, shape))
    c_noise = normal(2, 3, seed=2).requires_grad_()
    stack(normal(2, 3, *shape, seed=1), c_noise).square().sum().backward()
    assert (c_noise.grad != 0).all()
    for name, p in stack.named_parameters():
        gradient = p.grad
        if name.endswith("project.bias"):
            # A key's bias shifts all scores of a query alike, which softmax does not see.
            gradient = gradient.unflatten(-1, (3, -1))[..., [0, 2], :]
        assert (gradient.flatten(1).abs().amax(1) > 1e-12).all(), name


def test_an_untrained_student_answers_zero(smallest):
    model, shape = smallest
    stack = build(model, 2, shape)
    initialise(stack, [generator(0), generator(1)])
    assert (stack(torch.randn(2, 3, *shape, generator=generator()), torch.tensor(0.1)) == 0).all()


def test_initial_parameters_come_from_the_students_own_generator(smallest):
    model, shape = smallest
    pair, trio = build(model, 2, shape), build(model, 3, shape)
    initialise(pair, [generator(7), generator(8)])
    initialise(trio, [generator(9), generator(8), generator(7)])
    for a, b in zip(pair.parameters(), trio.parameters(), strict=True):
        assert torch.equal(a, b[[2, 1]])
    drawn = [p for p in pair.parameters() if not torch.equal(p[0], p[1])]
    assert len(drawn) >= 4


@pytest.mark.parametrize(
    ("layer", "bound"),
    [(Linear(2, 25, 40), 1 / 5), (Conv2d(2, 4, 40, 3), 1 / 6), (Conv2d(2, 4, 40, 1), 1 / 2)],
)
def test_parameters_start_uniform_within_the_inverse_root_of_the_fan_in(layer, bound):
    initialise(layer, [generator(0), generator(1)])
    weight = layer.weight.detach()
    assert 0.95 * bound < weight.abs().max() <= bound
    # Of n uniform draws; 5 standard errors of the variance estimate.
    variance, n = bound**2 / 3, weight.numel()
    assert abs(weight.square().mean() / variance - 1) < 5 * math.sqrt(0.8 / n)
    assert 0 < layer.bias.abs().max() <= bound


def hand_count(model, size):
    inputs = size + 16
    hidden = [model.width] * model.depth
    fan_in, fan_out = [inputs, *hidden], [*hidden, size]
    return sum((a + 1) * b for a, b in zip(fan_in, fan_out, strict=True))


def test_parameters_of_the_smallest_published_student_are_1336():
    model = MLPSettings(architecture="mlp", width=16)
    assert parameter_count(model, (24,)) == 1336 == hand_count(model, 24)


@few
@given(width=st.integers(1, 300), depth=st.integers(1, 4), size=st.integers(1, 100))
def test_parameters_of_an_mlp_are_those_counted_by_hand(width, depth, size):
    model = MLPSettings(architecture="mlp", width=width, depth=depth)
    assert parameter_count(model, (size,)) == hand_count(model, size)


def test_the_parameter_count_is_one_students(smallest):
    model, shape = smallest
    for students in (1, 3):
        total = sum(p.numel() for p in build(model, students, shape).parameters())
        assert total == students * parameter_count(model, shape)


def test_linear_is_torchs_for_every_student():
    layer, x = randomised(Linear(3, 4, 5)), normal(3, 2, 6, 4, seed=1)
    for s in range(3):
        reference = nn.Linear(4, 5).double()
        reference.load_state_dict({"weight": layer.weight[s].T, "bias": layer.bias[s, 0]})
        torch.testing.assert_close(layer(x)[s], reference(x[s]))


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize(("inputs", "outputs"), [(2, 5), (8, 16), (8, 1), (12, 8), (9, 10)])
def test_a_convolution_is_torchs_for_every_student(inputs, outputs, kernel):
    layer = randomised(Conv2d(3, inputs, outputs, kernel))
    x = normal(4, 3, inputs, 6, 7, seed=1)
    stacked = layer(x.flatten(1, 2)).unflatten(1, (3, outputs))
    for s in range(3):
        reference = nn.Conv2d(inputs, outputs, kernel, padding="same").double()
        reference.load_state_dict({"weight": layer.weight[s], "bias": layer.bias[s]})
        torch.testing.assert_close(stacked[:, s], reference(x[:, s]))


@pytest.mark.parametrize("size", [(2, 2), (6, 10), (16, 16), (16, 18), (32, 4)])
def test_resampling_is_torchs_however_large_the_image(size):
    fine, coarse = normal(3, 2, *size), normal(3, 2, *(n // 2 for n in size), seed=1)
    torch.testing.assert_close(halved(fine), functional.avg_pool2d(fine, 2))
    assert torch.equal(doubled(coarse), functional.interpolate(coarse, scale_factor=2))


@pytest.mark.parametrize(("channels", "groups"), [(8, 4), (6, 2), (5, 1)])
def test_group_norm_is_torchs_for_every_student(channels, groups):
    layer, x = randomised(GroupNorm(3, channels)), normal(4, 3, channels, 2, 3, seed=1)
    stacked = layer(x.flatten(1, 2)).unflatten(1, (3, channels))
    for s in range(3):
        reference = nn.GroupNorm(groups, channels).double()
        reference.load_state_dict({"weight": layer.weight[s], "bias": layer.bias[s]})
        torch.testing.assert_close(stacked[:, s], reference(x[:, s]))


@pytest.mark.parametrize("heads", [1, 2, 3])
def test_attention_is_torchs_for_every_student(heads):
    layer, x = randomised(Attention(3, 6, heads)), normal(3, 2, 5, 6, seed=1)
    for s in range(3):
        reference = nn.MultiheadAttention(6, heads, batch_first=True).double()
        reference.load_state_dict(
            {
                "in_proj_weight": layer.project.weight[s].T,
                "in_proj_bias": layer.project.bias[s, 0],
                "out_proj.weight": layer.merge.weight[s].T,
                "out_proj.bias": layer.merge.bias[s, 0],
            }
        )
        torch.testing.assert_close(layer(x)[s], reference(x[s], x[s], x[s])[0])


def test_noise_levels_become_cosines_and_sines_from_an_eighth_to_two_turns_a_unit():
    embed = NoiseEmbedding(4)
    levels = (0.3, -1.2)
    turns = [(c / 8, 2 * c) for c in levels]
    expected = [[f(2 * math.pi * t) for f in (math.cos, math.sin) for t in pair] for pair in turns]
    torch.testing.assert_close(embed(torch.tensor([levels]), (1, 2)), torch.tensor([expected]))


def test_an_mlp_is_the_plain_network_of_its_layers():
    stack = randomised(build(MLPSettings(architecture="mlp", width=5), 1, (3,)))
    x, c_noise = normal(1, 4, 3, seed=1), normal(1, 4, seed=2)
    hidden = torch.cat([x[0], stack.embed(c_noise, (1, 4))[0]], dim=1)
    for layer in stack.hidden:
        hidden = functional.silu(hidden @ layer.weight[0] + layer.bias[0])
    out = hidden @ stack.out.weight[0] + stack.out.bias[0]
    torch.testing.assert_close(stack(x, c_noise)[0], out)


def test_patches_stay_in_their_place():
    """With attention gated off, as before training, a patch's output sees that patch alone."""
    model, shape = DiTSettings(architecture="dit", width=6, depth=1), (3, 4, 6)
    stack = build(model, 2, shape)
    initialise(stack, [generator(0), generator(1)])
    randomised(stack.double().out)
    x, c_noise = normal(2, 2, *shape, seed=1), torch.tensor(0.0).double()
    bumped = x.clone()
    bumped[..., 2:4, 4:6] += normal(2, 2, 3, 2, 2, seed=2)
    moved = (stack(bumped, c_noise) != stack(x, c_noise)).all(dim=2)
    expected = torch.zeros(2, 2, 4, 6, dtype=torch.bool)
    expected[..., 2:4, 4:6] = True
    assert torch.equal(moved, expected)


def test_only_attention_carries_from_patch_to_patch():
    model, shape = DiTSettings(architecture="dit", width=6, depth=1), (1, 4, 4)
    stack = randomised(build(model, 1, shape))
    x, c_noise = normal(1, 1, *shape, seed=1), torch.tensor(0.0).double()
    bumped = x.clone()
    bumped[..., :2, :2] += 1
    assert (stack(bumped, c_noise) != stack(x, c_noise)).all()


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (UNetSettings(architecture="unet", width=4, multipliers=(1, 2, 2)), (1, 6, 8)),
        (UNetSettings(architecture="unet", width=4), (24,)),
        (DiTSettings(architecture="dit", width=4), (1, 5, 4)),
        (DiTSettings(architecture="dit", width=4), (24,)),
    ],
)
def test_shapes_that_do_not_fit_are_refused_by_name(model, shape):
    with pytest.raises(ValueError, match=r"(multipliers|patch): .*\("):
        model.check_shape(shape)


def test_heads_must_divide_the_width():
    with pytest.raises(ValidationError, match="heads: 3 does not divide width 4"):
        DiTSettings(architecture="dit", width=4, heads=3)
