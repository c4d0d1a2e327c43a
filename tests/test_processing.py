"""What is done to images, against closed forms, brute force and Pillow."""

from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lowd.sources.image_settings import ArraySource, DigitsSource
from lowd.sources.images import find_repeats, load_images
from lowd.sources.processing import centre, luminance, process, shrink
from lowd.sources.scaling import scaled
from lowd.steps.images import ImagesStep, images
from lowd.steps.teacher import TeacherStep, teacher
from lowd.store.arrays import read_store, write_store


def pixels(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_shrinking_by_hand_rounds_halves_up():
    image = np.array([[[[0, 1, 10, 20], [0, 1, 30, 43], [7, 7, 9, 9]]]], np.uint8)
    # Means .5 and 25.75; of three rows in two, the middle one is halved.
    assert shrink(image[:, :, :2], 1, 2).tolist() == [[[[1, 26]]]]
    assert shrink(image[..., :1], 2, 1).tolist() == [[[[0], [5]]]]  # (0 + 0/2)/1.5, (0/2 + 7)/1.5


def test_the_middle_is_cut_out_by_hand():
    image = np.arange(20, dtype=np.uint8).reshape(1, 1, 4, 5)
    assert centre(image, 2, 3).tolist() == [[[[6, 7, 8], [11, 12, 13]]]]
    assert centre(image, 3, 2).tolist() == [[[[1, 2], [6, 7], [11, 12]]]]


@pytest.mark.parametrize("size", [(14, 14), (7, 4), (28, 28), (1, 2)])
def test_shrinking_by_whole_factors_is_pillows_box(size):
    image = pixels(28, 28).astype(np.float32)
    expected = Image.fromarray(image).resize(size[::-1], Image.Resampling.BOX)
    found = shrink(image[None, None] / 256, *size)[0, 0] * 256
    np.testing.assert_allclose(found, np.asarray(expected), rtol=1e-5)


sizes = st.tuples(st.integers(1, 9), st.integers(1, 9)).map(sorted)


@settings(max_examples=25, deadline=None)
@given(height=sizes, width=sizes, seed=st.integers(0, 99))
def test_shrinking_bytes_is_the_exact_mean_over_areas_by_brute_force(height, width, seed):
    (new_height, rows), (new_width, columns) = height, width
    image = pixels(1, 1, rows, columns, seed=seed)
    # Every old pixel split so finely that new ones have whole parts.
    fine = image.repeat(new_height, axis=2).repeat(new_width, axis=3)[0, 0].astype(int)
    found = shrink(image, new_height, new_width)[0, 0]
    for (i, j), value in np.ndenumerate(found):
        part = fine[i * rows : (i + 1) * rows, j * columns : (j + 1) * columns]
        mean = Fraction(int(part.sum()), part.size)
        assert value == (2 * mean + 1) // 2


@settings(max_examples=25, deadline=None)
@given(height=sizes, width=sizes, value=st.integers(0, 255))
def test_what_is_constant_stays_so(height, width, value):
    image = np.full((2, 3, height[1], width[1]), value, np.uint8)
    assert np.unique(shrink(image, height[0], width[0])).tolist() == [value]
    floats = scaled(image)
    np.testing.assert_allclose(shrink(floats, height[0], width[0]), floats[0, 0, 0, 0], rtol=1e-6)


@pytest.mark.parametrize("factor", [2, 4])
def test_a_ramp_becomes_the_ramp_through_the_middles_of_blocks(factor):
    ramp = np.broadcast_to(np.linspace(-1, 1, 16, dtype=np.float32), (1, 1, 16, 16))
    middles = ramp[0, 0, 0].reshape(-1, factor).mean(axis=1)
    found = shrink(ramp, 16 // factor, 16 // factor)
    np.testing.assert_allclose(found, np.broadcast_to(middles, found.shape), atol=1e-6)
    np.testing.assert_allclose(np.diff(found[0, 0, 0]), factor * 2 / 15, rtol=1e-5)


def test_grey_is_pillows_and_of_floats_the_same():
    colours = pixels(20, 3, 6, 5)
    rows = colours.transpose(0, 2, 3, 1)
    expected = [np.asarray(Image.fromarray(image).convert("L")) for image in rows]
    np.testing.assert_array_equal(luminance(colours)[:, 0], expected)
    found = luminance(scaled(colours))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[:, 0], np.stack(expected) / 127.5 - 1, atol=0.51 / 127.5)


def test_order_is_kept_however_many_are_shrunk_together(monkeypatch):
    source = DigitsSource(source="digits", crop=(8, 6), size=(4, 3))
    many = scaled(pixels(7, 1, 8, 8))
    whole = process(many, source)
    for at_once in (1, 3, 7):
        monkeypatch.setattr("lowd.sources.processing.AT_ONCE", at_once)
        np.testing.assert_array_equal(process(many, source), whole)
        one_by_one = [process(many[[i]], source) for i in range(7)]
        np.testing.assert_array_equal(np.concatenate(one_by_one), whole)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=12))
def test_repeats_are_found_as_by_brute_force(values):
    many = np.array(values, np.uint8).reshape(-1, 1, 1, 1).repeat(4, axis=3)
    repeats, repeated = find_repeats(many)
    assert repeats.tolist() == [value in values[:i] for i, value in enumerate(values)]
    assert repeated == sum(count > 1 for count in Counter(values).values())


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(5)))
def test_images_come_in_the_order_they_are_stored_in(order):
    import tempfile

    many = pixels(5, 1, 2, 2)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.npz")
        np.savez(path, images=many[order])
        source = ArraySource(source="npz", path=path, shape=(1, 2, 2))
        np.testing.assert_array_equal(load_images(source).images, many[order])


# The step


def stored(store, **source):
    images(ImagesStep.model_validate({"images": source}), output=store)
    return read_store(store)


def test_the_store_says_what_its_images_are(tmp_path, capsys):
    many = pixels(5, 1, 4, 6)[[0, 1, 0, 2, 1, 0]]
    np.savez(tmp_path / "a.npz", images=many)
    source = {"source": "npz", "path": tmp_path / "a.npz", "shape": (1, 4, 6), "licence": "mine"}
    kept = stored(tmp_path / "kept.zarr", **source)
    dropped = stored(tmp_path / "dropped.zarr", **source, duplicates="drop")
    assert kept["images"].dims == ("image", "channel", "height", "width")
    np.testing.assert_array_equal(kept["images"], many)
    np.testing.assert_array_equal(dropped["images"], many[[0, 1, 3]])
    assert capsys.readouterr().out.count("3 that equal an earlier one, of 2 different ones") == 2
    for store, duplicates in ((kept, "keep"), (dropped, "drop")):
        found = store.attrs
        assert (found["repeats"], found["repeated"], found["duplicates"]) == (3, 2, duplicates)
        assert (found["source"], found["licence"]) == ("npz", "mine")
    shrunk = stored(tmp_path / "shrunk.zarr", **source | {"shape": (1, 2, 3)}, size=(2, 3))
    assert shrunk.attrs["content"] == kept.attrs["content"] == dropped.attrs["content"]
    np.savez(tmp_path / "a.npz", images=many[::-1])
    assert stored(tmp_path / "other.zarr", **source).attrs["content"] != kept.attrs["content"]


def test_digits_are_stored_as_training_takes_them(tmp_path):
    from sklearn.datasets import load_digits

    found = stored(tmp_path / "digits.zarr", source="digits")
    expected = (load_digits().images[:, None] / 8 - 1).astype(np.float32)
    np.testing.assert_array_equal(found["images"], expected)
    assert found["images"].dtype == np.float32
    assert "CC BY 4.0" in found.attrs["licence"]


TRAINED = {
    "kind": "trained",
    "images": {"source": "npz", "path": "inputs/a.npz", "shape": [1, 4, 4]},
    "model": {"architecture": "unet", "width": 4},
    "training": {"steps": 1, "warm_up": 0, "batch": 2},
}
EXACT = {"kind": "molrg", "dimension": 4, "rank": 2}


def made(tmp_path, kind, given=None):
    step = TeacherStep.model_validate({"seed": 0, "teacher": kind})
    teacher(step, images=given, output=tmp_path / "teacher")
    return tmp_path / "teacher"


def test_a_teacher_learns_from_the_images_of_the_store_and_no_others(tmp_path):
    many = pixels(9, 1, 4, 4)
    np.savez(tmp_path / "a.npz", images=many)
    path = tmp_path / "images.zarr"
    stored(path, **TRAINED["images"] | {"path": tmp_path / "a.npz"})
    shares = read_store(made(tmp_path, TRAINED, path) / "images.zarr")
    assert (len(shares["training"]), len(shares["held_out"])) == (6, 3)
    both = np.concatenate([shares["training"], shares["held_out"]])
    order = [int(np.abs(scaled(many) - image).sum((1, 2, 3)).argmin()) for image in both]
    assert sorted(order) == list(range(9)) != order
    np.testing.assert_array_equal(both, many[order].astype(np.float32) / 127.5 - 1)


def test_images_that_are_missing_unwanted_or_of_another_shape_are_refused(tmp_path):
    with pytest.raises(ValueError, match="images: a trained teacher needs them"):
        made(tmp_path, TRAINED)
    store = stored(tmp_path / "images.zarr", source="digits")
    with pytest.raises(ValueError, match="images: a teacher of kind molrg learns from none"):
        made(tmp_path, EXACT, tmp_path / "images.zarr")
    with pytest.raises(ValueError, match=r"images of \(1, 8, 8\); declared are \(1, 4, 4\)"):
        made(tmp_path, TRAINED, tmp_path / "images.zarr")
    write_store(tmp_path / "other.zarr", store.rename(images="x"))
    with pytest.raises(KeyError, match="images"):
        made(tmp_path, TRAINED, tmp_path / "other.zarr")
    assert not (tmp_path / "teacher").exists()
