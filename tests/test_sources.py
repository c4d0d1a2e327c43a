"""Images come in one order and one scale, and what does not fit is refused by its name."""

import base64
import re
import zlib

import numpy as np
import pytest
import zarr
from pictures import write_png16
from PIL import Image
from pydantic import TypeAdapter, ValidationError
from sklearn.datasets import load_digits
from zarr.codecs import BloscCodec

from lowd.sources.image_settings import (
    ArraySource,
    DigitsSource,
    FolderSource,
    SourceSettings,
    ZarrSource,
)
from lowd.sources.images import load_images
from lowd.sources.scaling import scaled

TEN_BITS = (
    "c-mc0K?=e!5Zsn3QdGnW78SvpN9zlOdhrilLfX=W#Dp4(-V{ILi~NHp@fU8|>cI({*%>yO1OR54Icrv81_a9zvq&Pd`"
    "Ylt#pvEFkMA7u1ksJ6!U!###=TOa2C~n2pYNvLc9&tdmL_B1_*$Ii%Z4@h4QLKcjvU1dgCf=duig<)aoi=%GDzDBxVR"
    "hK2t;@<NzQW!b0av0paB%|Ht_xXX)bjfydY0$7H+#oaCd>@MZ-pK8xUV|{fbh9duMZ{zFYN"
)
"""An AVIF of ten bits a channel, black, packed by zlib and in base 85; Pillow writes none."""


def pixels(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def folder_of(path, images):
    for name, image in images.items():
        Image.fromarray(image).save(path / name)
    return path


def from_folder(path, shape=(1, 4, 6)):
    return scaled(load_images(FolderSource(source="folder", path=path, shape=shape)).images)


def from_npz(path, **changes):
    source = ArraySource(**{"source": "npz", "path": path, "shape": (1, 4, 6)} | changes)
    return scaled(load_images(source).images)


def from_zarr(path, **changes):
    source = ZarrSource(**{"source": "zarr", "path": path, "shape": (1, 4, 6)} | changes)
    return scaled(load_images(source).images)


def test_digits_are_all_of_scikit_learns_in_minus_one_to_one():
    images = load_images(DigitsSource(source="digits")).images
    assert images.shape == (1797, *DigitsSource(source="digits").shape) == (1797, 1, 8, 8)
    assert images.dtype == np.float32
    assert (images.min(), images.max()) == (-1, 1)
    np.testing.assert_array_equal((images[:, 0] + 1) * 8, load_digits().images)


def test_a_folder_is_read_in_the_order_of_names(tmp_path, monkeypatch):
    images = {f"{name}.png": pixels(4, 6, seed=i) for i, name in enumerate("cab")}
    folder_of(tmp_path, images)
    listing = type(tmp_path).glob
    monkeypatch.setattr(
        type(tmp_path), "glob", lambda path, pattern: sorted(listing(path, pattern))[::-1]
    )
    found = from_folder(tmp_path)
    expected = np.stack([images[name] for name in ("a.png", "b.png", "c.png")])[:, None]
    np.testing.assert_allclose(found, expected / 127.5 - 1, atol=1e-6)
    assert found.dtype == np.float32


def test_colour_comes_channel_first(tmp_path):
    image = pixels(4, 6, 3)
    folder_of(tmp_path, {"a.png": image})
    found = from_folder(tmp_path, (3, 4, 6))
    np.testing.assert_allclose(found[0], image.transpose(2, 0, 1) / 127.5 - 1, atol=1e-6)


def test_black_and_white_are_minus_one_and_one_in_grey_and_in_colour(tmp_path):
    black, white = np.zeros((4, 6, 3), np.uint8), np.full((4, 6), 255, np.uint8)
    folder_of(tmp_path, {"a.png": black, "b.png": white})
    for channels in (1, 3):
        found = from_folder(tmp_path, (channels, 4, 6))
        assert found.shape == (2, channels, 4, 6)
        assert np.unique(found[0]) == [-1]
        assert np.unique(found[1]) == [1]


def test_files_that_are_no_images_are_passed_over(tmp_path):
    folder_of(tmp_path, {"a.PNG": pixels(4, 6)})
    (tmp_path / "labels.csv").write_text("a,1")
    (tmp_path / "more").mkdir()
    assert len(from_folder(tmp_path)) == 1


def test_an_image_of_another_size_is_refused_by_name(tmp_path):
    folder_of(tmp_path, {"a.png": pixels(4, 6), "b.png": pixels(6, 4)})
    with pytest.raises(ValueError, match=r"b\.png: 6×4 pixels, but shape declares 4×6"):
        from_folder(tmp_path)


@pytest.mark.parametrize("content", [b"", b"text", "half"])
def test_a_damaged_image_is_refused_by_name(tmp_path, content):
    folder_of(tmp_path, {"a.png": pixels(4, 6), "b.png": pixels(4, 6)})
    path = tmp_path / "b.png"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content == "half" else content)
    with pytest.raises(ValueError, match=r"b\.png: not a readable image"):
        from_folder(tmp_path)


@pytest.mark.parametrize("suffix", ["gif", "tiff", "avif", "dds", "qoi", "webp", "sgi"])
def test_an_image_that_is_damaged_anywhere_is_refused_by_name_or_read(tmp_path, suffix):
    folder_of(tmp_path, {f"a.{suffix}": pixels(4, 6, 3)})
    path = tmp_path / f"a.{suffix}"
    whole = path.read_bytes()
    said = []
    for length in range(1, len(whole), -(-len(whole) // 40)):
        path.write_bytes(whole[:length])
        try:
            from_folder(tmp_path, (3, 4, 6))
        except ValueError as error:
            said.append(str(error))
    assert said and all(text.startswith(f"{path}: ") for text in said)


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_deep_pixels_are_refused_rather_than_clipped(tmp_path, dtype):
    folder_of(tmp_path, {"a.tif": pixels(4, 6).astype(dtype)})
    with pytest.raises(ValueError, match=r"a\.tif: more than 8 bits"):
        from_folder(tmp_path)


def test_a_folder_that_is_not_there_is_empty_or_is_a_file_is_called_that(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"{tmp_path}/absent: no such folder"):
        from_folder(tmp_path / "absent")
    with pytest.raises(FileNotFoundError, match=rf"{tmp_path}: no images in it \(it is empty\)"):
        from_folder(tmp_path)
    (tmp_path / "notes.txt").touch()
    with pytest.raises(FileNotFoundError, match=r"no images in it \(1 \.txt\)"):
        from_folder(tmp_path)
    with pytest.raises(NotADirectoryError, match="a file, not a folder; for arrays"):
        from_folder(tmp_path / "notes.txt")


def test_folders_inside_are_read_and_what_is_left_out_is_counted(tmp_path, capsys):
    (tmp_path / "b/deep").mkdir(parents=True)
    (tmp_path / ".cache").mkdir()
    images = {name: pixels(4, 6, seed=i) for i, name in enumerate(["b/deep/x.gif", "a.ppm"])}
    folder_of(tmp_path, images | {".cache/a.png": pixels(4, 6), "._a.png": pixels(4, 6)})
    (tmp_path / "labels.csv").touch()
    (tmp_path / "linked").symlink_to(tmp_path / "b")
    frames = [Image.fromarray(pixels(4, 6, seed=seed)) for seed in (5, 6, 7)]
    frames[0].save(tmp_path / "c.tiff", save_all=True, append_images=frames[1:])
    found = load_images(FolderSource(source="folder", path=tmp_path, shape=(1, 4, 6))).images
    expected = [images["a.ppm"], images["b/deep/x.gif"], np.asarray(frames[0])]
    np.testing.assert_array_equal(found[:, 0], expected)
    said = capsys.readouterr().err
    for what in ("2 hidden files", "1 .csv", "1 linked folders", "2 frames after a file's first"):
        assert what in said


def test_an_image_stands_as_its_orientation_says(tmp_path):
    upright = pixels(4, 6)
    lying = Image.fromarray(np.rot90(upright))
    exif = lying.getexif()
    exif[0x0112] = 6  # to be turned by 90° clockwise
    lying.save(tmp_path / "a.png", exif=exif)
    found = load_images(FolderSource(source="folder", path=tmp_path, shape=(1, 4, 6))).images
    np.testing.assert_array_equal(found[0, 0], upright)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_needs_a_background(tmp_path, mode):
    hidden = np.zeros((4, 6, 4), np.uint8)
    hidden[..., 0], hidden[:2, :, 3] = 255, 255  # red, the lower half of it transparent
    image = Image.fromarray(hidden)
    if mode == "P":
        image = image.convert("RGB").quantize(2)
        image.info["transparency"] = 0
        image.save(tmp_path / "a.png", transparency=0)
    else:
        image.convert(mode).save(tmp_path / "a.png")
    source = {"source": "folder", "path": tmp_path, "shape": (3, 4, 6)}
    with pytest.raises(ValueError, match=r"a\.png: transparent in part; give `background"):
        load_images(FolderSource(**source))
    found = load_images(FolderSource(**source, background=(0, 0, 255))).images[0]
    np.testing.assert_array_equal(found[:, -1, -1], [0, 0, 255])


def test_alpha_that_hides_nothing_is_dropped(tmp_path):
    colours = pixels(4, 6, 4)
    colours[..., 3] = 255
    Image.fromarray(colours).save(tmp_path / "a.png")
    found = load_images(FolderSource(source="folder", path=tmp_path, shape=(3, 4, 6))).images
    np.testing.assert_array_equal(found[0], colours[..., :3].transpose(2, 0, 1))


def test_deep_colours_are_refused_rather_than_cut(tmp_path):
    deep = np.zeros((4, 6, 3), ">u2")
    (tmp_path / "a.ppm").write_bytes(b"P6 6 4 65535\n" + deep.tobytes())
    with pytest.raises(ValueError, match=r"a\.ppm: more than 8 bits"):
        from_folder(tmp_path, (3, 4, 6))
    (tmp_path / "a.ppm").unlink()
    write_png16(tmp_path / "b.png", deep)
    with pytest.raises(ValueError, match=r"b\.png: more than 8 bits"):
        from_folder(tmp_path, (3, 4, 6))


@pytest.mark.parametrize(
    ("suffix", "shallow", "deep"),
    [
        # One less than the bits of each channel; bytes a channel.
        ("jp2", rb"(\xff\x4f\xff\x51.{38})\x07", lambda m: m[1] + b"\x0f"),
        ("sgi", rb"\A(\x01\xda.)\x01", lambda m: m[1] + b"\x02"),
    ],
)
def test_depth_that_pillow_hides_is_refused_too(tmp_path, suffix, shallow, deep):
    folder_of(tmp_path, {f"a.{suffix}": pixels(4, 6, 3)})
    path = tmp_path / f"a.{suffix}"
    assert from_folder(tmp_path, (3, 4, 6)).shape == (1, 3, 4, 6)
    changed, count = re.subn(shallow, deep, path.read_bytes(), flags=re.DOTALL)
    assert count == 1
    path.write_bytes(changed)
    with pytest.raises(ValueError, match=rf"a\.{suffix}: more than 8 bits"):
        from_folder(tmp_path, (3, 4, 6))


def test_an_avif_of_ten_bits_is_refused(tmp_path):
    (tmp_path / "a.avif").write_bytes(zlib.decompress(base64.b85decode(TEN_BITS)))
    with pytest.raises(ValueError, match=r"a\.avif: more than 8 bits"):
        from_folder(tmp_path)


def test_an_npy_file_is_read_and_floats_of_another_range_are_scaled(tmp_path):
    unit = np.linspace(0, 1, 120).reshape(5, 1, 4, 6)
    np.save(tmp_path / "a.npy", unit)
    found = from_npz(tmp_path / "a.npy", range=(0, 1))
    np.testing.assert_allclose(found, 2 * unit - 1, atol=1e-6)
    with pytest.raises(ValueError, match=r"values outside \[0, 0\.5\]"):
        from_npz(tmp_path / "a.npy", range=(0, 0.5))
    with pytest.raises(ValidationError, match="must ascend"):
        from_npz(tmp_path / "a.npy", range=(1, 0))


def test_grey_without_a_channel_and_channels_that_come_last_are_recognised(tmp_path, capsys):
    grey, colours = pixels(5, 4, 6), pixels(5, 4, 6, 3)
    np.savez(tmp_path / "a.npz", images=grey, colours=colours)
    source = {"source": "npz", "path": tmp_path / "a.npz"}
    found = load_images(ArraySource(**source, shape=(1, 4, 6))).images
    np.testing.assert_array_equal(found[:, 0], grey)
    found = load_images(ArraySource(**source, key="colours", shape=(3, 4, 6))).images
    np.testing.assert_array_equal(found, colours.transpose(0, 3, 1, 2))
    assert "channels are last in (5, 4, 6, 3)" in capsys.readouterr().err
    found = load_images(ArraySource(**source, key="colours", shape=(1, 4, 6), grey=True)).images
    assert found.shape == (5, 1, 4, 6)


@pytest.mark.parametrize(
    ("images", "declared", "remedy"),
    [
        (pixels(4, 6, 9), (1, 4, 6), r"give images\.transpose\(2, 0, 1\)"),
        (pixels(4, 4, 9), (1, 2, 2), r"give images\.transpose\(2, 0, 1\)"),
        (pixels(4, 4, 3, 9), (3, 4, 4), r"store images\.transpose\(3, 2, 0, 1\)"),
        (pixels(9, 4, 4, 3), (4, 4, 3), r"they stand first: \[3, 4, 4\]"),
    ],
)
def test_axes_in_another_order_are_told_with_the_remedy(tmp_path, images, declared, remedy):
    np.savez(tmp_path / "a.npz", images=images)
    with pytest.raises(ValueError, match=remedy):
        from_npz(tmp_path / "a.npz", shape=declared)


@pytest.mark.parametrize(
    ("largest", "remedy"),
    [
        (254.0, r"`range: \[0\.0, 255\.0\]`"),
        (3.0, r"`range: \[0\.0, 255\.0\]`"),
        (9e4, r"`range: \[0\.0, 90000\.0\]`"),
        (1.0000002, r"to 1\.0000002; .* `range: \[0\.0, 1\.0000002\]`"),
    ],
)
def test_the_range_to_give_is_that_of_bytes_where_it_may_be(tmp_path, largest, remedy):
    np.savez(tmp_path / "a.npz", images=np.linspace(0, largest, 120).reshape(5, 1, 4, 6))
    with pytest.raises(ValueError, match=remedy):
        from_npz(tmp_path / "a.npz")


def test_values_in_little_of_their_range_are_told(tmp_path, capsys):
    np.savez(tmp_path / "a.npz", images=np.linspace(0, 1, 120).reshape(5, 1, 4, 6))
    from_npz(tmp_path / "a.npz", range=(0, 255))
    assert "lie in [0, 1], little of the range [0, 255]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (np.linspace(0, 1, 120).reshape(5, 1, 4, 6), "give `range: [0, 1]`"),
        (pixels(5, 1, 4, 6) % 2, "bytes of 0 and 1 alone"),
        (np.full((5, 1, 4, 6), 7, np.uint8), "all 5 images are alike"),
        (np.linspace(-1, 1, 120).reshape(5, 1, 4, 6), ""),
    ],
)
def test_what_is_probably_not_meant_is_said(tmp_path, capsys, images, said):
    np.savez(tmp_path / "a.npz", images=images)
    from_npz(tmp_path / "a.npz")
    assert said in (told := capsys.readouterr().err) and bool(told) == bool(said)


def test_files_have_one_channel_or_three():
    with pytest.raises(ValidationError, match="shape: 2 channels"):
        FolderSource(source="folder", path="inputs/a", shape=(2, 4, 6))


def test_no_image_is_enlarged_after_its_crop():
    with pytest.raises(ValidationError, match=r"size: \[8, 8\] exceeds crop \(\[4, 6\]\)"):
        ZarrSource(source="zarr", path="inputs/a", shape=(1, 8, 8), crop=(4, 6), size=(8, 8))


def test_an_array_of_bytes_is_scaled_and_one_of_floats_is_taken(tmp_path):
    integers, floats = pixels(5, 1, 4, 6), np.linspace(-1, 1, 120).reshape(5, 1, 4, 6)
    np.savez_compressed(tmp_path / "a.npz", images=integers, other=floats)
    scaled, taken = from_npz(tmp_path / "a.npz"), from_npz(tmp_path / "a.npz", key="other")
    np.testing.assert_allclose(scaled, integers / 127.5 - 1, atol=1e-6)
    np.testing.assert_allclose(taken, floats, atol=1e-7)
    assert scaled.dtype == taken.dtype == np.float32


WRONG = {
    "shape": (pixels(5, 4, 6, 2), r"shape \(5, 4, 6, 2\)"),
    "no axis for images": (pixels(4, 6), r"shape \(4, 6\)"),
    "empty": (np.empty((0, 1, 4, 6), np.float32), r"shape \(0, 1, 4, 6\)"),
    "too large": (np.full((2, 1, 4, 6), 1.5), "outside"),
    "too small": (np.full((2, 1, 4, 6), -255.0), "outside"),
    "not finite": (np.full((2, 1, 4, 6), np.nan), "48 values are NaN"),
    "infinite": (np.full((2, 1, 4, 6), np.inf), "48 values are infinite"),
    "wide integers": (np.ones((2, 1, 4, 6), np.int64), "int64"),
    "text": (np.full((2, 1, 4, 6), "white"), "<U5"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_an_array_that_does_not_fit_is_refused_by_name(tmp_path, kind):
    images, reason = WRONG[kind]
    np.savez(tmp_path / "a.npz", images=images)
    with pytest.raises(ValueError, match=rf"a\.npz: .*{reason}"):
        from_npz(tmp_path / "a.npz")


def test_a_wrong_key_is_told_with_the_right_ones(tmp_path):
    np.savez(tmp_path / "a.npz", x_train=pixels(5, 1, 4, 6))
    with pytest.raises(ValueError, match=r"a\.npz: no array 'images'.*x_train"):
        from_npz(tmp_path / "a.npz")


class Payload:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (type(self.marker).touch, (self.marker,))


def test_a_pickled_array_is_refused_and_never_run(tmp_path):
    marker = tmp_path / "run"
    np.savez(tmp_path / "a.npz", images=np.array([Payload(marker)], dtype=object))
    with pytest.raises(ValueError, match=r"a\.npz: not an \.npz file of plain arrays"):
        from_npz(tmp_path / "a.npz")
    assert not marker.exists()


def test_what_is_no_npz_is_refused_by_name(tmp_path):
    np.savez(tmp_path / "whole.npz", images=pixels(50, 1, 4, 6))
    whole = (tmp_path / "whole.npz").read_bytes()
    np.save(tmp_path / "bare.npy", pixels(5, 1, 4, 6))
    contents = {
        "half": whole[: len(whole) // 2],
        "flipped": whole[:500] + bytes([whole[500] ^ 1]) + whole[501:],
        "text": b"text",
        "empty": b"",
        "bare": (tmp_path / "bare.npy").read_bytes(),
    }
    for name, content in contents.items():
        path = tmp_path / f"{name}.npz"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=rf"{name}\.npz: not an \.npz file"):
            from_npz(path)
    with pytest.raises(FileNotFoundError, match=r"absent\.npz"):
        from_npz(tmp_path / "absent.npz")


def as_zarr(path, **arrays):
    group = zarr.open_group(path, mode="w")
    for name, array in arrays.items():
        group.create_array(name, data=array, chunks=(2, *array.shape[1:]))
    return path


def test_a_zarr_group_gives_what_the_same_arrays_in_an_npz_file_do(tmp_path):
    arrays = {"images": pixels(5, 1, 4, 6), "other": np.linspace(-1, 1, 120).reshape(5, 1, 4, 6)}
    np.savez(tmp_path / "a.npz", **arrays)
    as_zarr(tmp_path / "a.zarr", **arrays)
    for key in arrays:
        np.testing.assert_array_equal(
            from_zarr(tmp_path / "a.zarr", key=key), from_npz(tmp_path / "a.npz", key=key)
        )


@pytest.mark.parametrize("kind", sorted(set(WRONG) - {"text", "empty"}))
def test_a_zarr_array_that_does_not_fit_is_refused_by_name(tmp_path, kind):
    images, reason = WRONG[kind]
    with pytest.raises(ValueError, match=rf"a\.zarr: .*{reason}"):
        from_zarr(as_zarr(tmp_path / "a.zarr", images=images))


def test_a_zarr_store_that_is_none_or_is_damaged_is_refused_by_name(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent\.zarr: no such store"):
        from_zarr(tmp_path / "absent.zarr")
    (tmp_path / "empty.zarr").mkdir()
    with pytest.raises(ValueError, match=r"empty\.zarr: not a zarr group"):
        from_zarr(tmp_path / "empty.zarr")
    path = as_zarr(tmp_path / "a.zarr", x_train=pixels(5, 1, 4, 6))
    with pytest.raises(ValueError, match=r"a\.zarr: no array 'images'.*x_train"):
        from_zarr(path)
    chunks = sorted(
        p for p in (path / "x_train").rglob("*") if p.is_file() and p.name != "zarr.json"
    )
    chunks[0].write_bytes(b"damage")
    with pytest.raises(ValueError, match=r"a\.zarr: not a zarr group"):
        from_zarr(path, key="x_train")


LAYOUTS = [
    {"zarr_format": 2},
    {"zarr_format": 3},
    {"zarr_format": 3, "shards": (2, 1, 4, 6)},
    {"zarr_format": 3, "compressors": BloscCodec()},
]


def chunk_files(path, images, zarr_format, **layout):
    """Write images, one a chunk; the files that these are in."""
    group = zarr.open_group(path, mode="w", zarr_format=zarr_format)
    chunks = (1, *images.shape[1:])
    array = group.create_array("images", shape=images.shape, dtype="uint8", chunks=chunks, **layout)
    array[:] = images
    metadata = ("zarr.json", ".zarray", ".zattrs", ".zgroup")
    return [p for p in (path / "images").rglob("*") if p.is_file() and p.name not in metadata]


@pytest.mark.parametrize(
    ("layout", "absent"), [*zip(LAYOUTS, ("2 of 5", "2 of 5", "1 of 3", "2 of 5"), strict=True)]
)
def test_chunks_that_hold_the_fill_value_alone_need_not_be_there(tmp_path, capsys, layout, absent):
    images = pixels(5, 1, 4, 6)
    images[2:4] = 0
    chunk_files(tmp_path / "a.zarr", images, **layout)
    np.testing.assert_allclose(from_zarr(tmp_path / "a.zarr"), images / 127.5 - 1, atol=1e-6)
    assert f"{absent} files of 'images' are absent: all 0" in capsys.readouterr().err


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_chunk_that_was_cut_is_refused(tmp_path, layout):
    for path in chunk_files(tmp_path / "a.zarr", pixels(5, 1, 4, 6), **layout):
        whole = path.read_bytes()
        for kept in (0, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:kept])
            with pytest.raises(ValueError, match=r"a\.zarr: "):
                from_zarr(tmp_path / "a.zarr")
        path.write_bytes(whole)
    assert len(from_zarr(tmp_path / "a.zarr")) == 5


def test_a_packed_array_is_refused(tmp_path):
    path = as_zarr(tmp_path / "a.zarr", images=pixels(5, 1, 4, 6))
    zarr.open_group(path)["images"].attrs["scale_factor"] = 0.5
    with pytest.raises(ValueError, match=r"'images' is packed \(scale_factor\)"):
        from_zarr(path)


def test_bytes_that_stand_for_missing_values_are_refused_where_there_are_any(tmp_path):
    images = np.maximum(pixels(5, 1, 4, 6), 1)
    path = as_zarr(tmp_path / "a.zarr", images=images)
    zarr.open_group(path)["images"].attrs["missing_value"] = [255, 0]
    images = np.minimum(images, 254)
    zarr.open_group(path)["images"][:] = images
    assert len(from_zarr(path)) == 5
    images[2] = 0
    zarr.open_group(path)["images"][:] = images
    with pytest.raises(ValueError, match="has missing values, which its attributes say are 0"):
        from_zarr(path)


def test_an_array_in_a_group_inside_is_found_by_its_path(tmp_path):
    path = tmp_path / "a.zarr"
    images = pixels(5, 1, 4, 6)
    zarr.open_group(path).create_group("train").create_array("images", data=images)
    assert len(from_zarr(path, key="train/images")) == 5


def test_an_array_that_grew_after_its_metadata_were_gathered_is_read_whole(tmp_path):
    path = as_zarr(tmp_path / "a.zarr", images=pixels(5, 1, 4, 6))
    zarr.consolidate_metadata(path)
    zarr.open_group(path, use_consolidated=False)["images"].append(pixels(3, 1, 4, 6))
    assert len(from_zarr(path)) == 8


def test_images_of_mixed_sizes_are_shrunk_to_one_if_told(tmp_path):
    folder_of(tmp_path, {"a.png": pixels(8, 12), "b.png": pixels(4, 6), "c.png": pixels(9, 7)})
    source = {"source": "folder", "path": tmp_path, "shape": (1, 4, 6)}
    found = load_images(FolderSource(**source, size=(4, 6))).images
    assert found.shape == (3, 1, 4, 6)
    np.testing.assert_array_equal(found[1, 0], pixels(4, 6))
    with pytest.raises(ValueError, match=r"b\.png: 4×6 pixels, but crop is 8×6"):
        load_images(FolderSource(**source | {"shape": (1, 8, 6)}, crop=(8, 6)))
    with pytest.raises(ValueError, match=r"b\.png: 4×6 pixels, but size is 4×7.*never enlarged"):
        load_images(FolderSource(**source | {"shape": (1, 4, 7)}, size=(4, 7)))


def test_shape_is_what_size_crop_and_grey_lead_to(tmp_path):
    source = {"source": "npz", "path": tmp_path, "shape": (3, 4, 6)}
    for changes, reason in (
        ({"size": (4, 4)}, r"size: \[4, 4\] is not the height and width of shape \[3, 4, 6\]"),
        ({"crop": (4, 4)}, r"crop: \[4, 4\] is not"),
        ({"grey": True}, "grey: shape has 3 channels"),
    ):
        with pytest.raises(ValidationError, match=reason):
            ArraySource(**source, **changes)
    ArraySource(**source, size=(4, 6), crop=(8, 8))


@pytest.mark.parametrize("channels", [2, 4])
def test_what_has_no_colours_is_not_made_grey(tmp_path, channels):
    np.savez(tmp_path / "a.npz", images=pixels(5, channels, 4, 6))
    with pytest.raises(ValueError, match=rf"a\.npz: {channels} channels are no colours"):
        from_npz(tmp_path / "a.npz", grey=True)


def test_a_source_is_told_by_its_name():
    parse = TypeAdapter(SourceSettings).validate_python
    assert parse({"source": "digits"}) == DigitsSource(source="digits")
    folder = parse({"source": "folder", "path": "faces", "shape": [3, 32, 32]})
    assert folder.shape == (3, 32, 32)
