"""Decoding at a reduced size, and thumbnails."""

from pathlib import Path

import numpy as np
import pytest
from PIL import ImageCms

from nncodec.codec import DecodesReduced, Frame, Options
from nncodec.codecs import all_codecs, by_name
from nncodec.errors import CorruptFile, EncodeError
from nncodec.image import Metadata, Picture
from nncodec.image.fitting import fitted
from nncodec.image.metrics import psnr
from nncodec.image.scaling import halved
from nncodec.pipeline import Settings, decode, encode, keep_file, thumbnail
from tests import pictures

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
PHOTO = pictures.photograph(201, 317)
REDUCING = [codec.name for codec in all_codecs().values() if isinstance(codec, DecodesReduced)]


def coded(codec: str, picture: Picture, quality: float = 90) -> bytes:
    """A file without restorers; jpegfile and lepton keep one."""
    if codec in ("jpegfile", "lepton"):
        if by_name(codec).missing():
            pytest.skip(by_name(codec).missing() or "")
        done = keep_file(pictures.file_of(picture.pixels, "JPEG", quality=90), Settings(), plain=codec == "jpegfile")
        if done.codec != codec:
            pytest.skip(f"{codec} does not take this picture")
        return done.data
    return encode(picture, Settings(codec, Options(quality, 1), restore="none")).data


def test_jpeg_and_jpeg2000_decode_reduced() -> None:
    assert REDUCING == ["jpeg", "jpegfile", "jpeg2000", "lepton"]


@pytest.mark.parametrize("name", REDUCING)
@pytest.mark.parametrize("shape", [(201, 317), (16, 64), (1, 1), (3, 300)])
@pytest.mark.parametrize("halvings", [0, 1, 2, 3, 9])
def test_a_reduced_picture_has_halved_sides(name: str, shape: tuple[int, int], halvings: int) -> None:
    codec = by_name(name)
    assert isinstance(codec, DecodesReduced)
    payload = _payload(coded(name, Picture(pictures.photograph(*shape))))
    found = codec.decode_reduced(payload, Frame(shape[1], shape[0], 3), halvings).shape
    assert found in [(halved(shape[0], n), halved(shape[1], n), 3) for n in range(halvings + 1)]
    if halvings == 1 and min(shape) > 1:
        assert found[:2] == (halved(shape[0], 1), halved(shape[1], 1))


def _payload(data: bytes) -> bytes:
    from nncodec.container import parse

    return parse(data).payload


@pytest.mark.parametrize("codec", ["jpeg", "jpegfile", "lepton", "jpeg2000", "webp", "avif", "layered"])
@pytest.mark.parametrize("side", [300, 100, 40])
def test_it_is_the_whole_picture_shrunk(codec: str, side: int) -> None:
    small = decode(coded(codec, Picture(PHOTO)), max_side=side).picture
    expected = fitted(Picture(PHOTO), side)
    assert small.pixels.shape == expected.pixels.shape
    assert psnr(small.pixels, expected.pixels) > 26


def test_a_codec_that_cannot_reduce_gives_exactly_the_decoded_picture_shrunk() -> None:
    data = coded("webp", Picture(PHOTO))
    assert np.array_equal(decode(data, max_side=50).pixels, fitted(decode(data).picture, 50).pixels)


def test_a_picture_that_fits_is_decoded_as_it_is() -> None:
    data = coded("jpeg", Picture(PHOTO))
    assert np.array_equal(decode(data, max_side=317).pixels, decode(data).pixels)
    assert decode(data, max_side=10**9).pixels.shape == PHOTO.shape


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
@pytest.mark.parametrize("codec", ["jpeg", "jpeg2000", "webp"])
def test_alpha_shrinks_with_the_picture(codec: str, mode: str) -> None:
    picture = pictures.picture(mode, 120, 90)
    small = decode(coded(codec, picture), max_side=15).picture
    assert small.alpha is not None
    assert small.alpha.shape == small.pixels.shape[:2] == (15, 11)
    assert abs(small.alpha.mean() - picture.alpha.mean()) < 8


def test_16_bits_shrink_too() -> None:
    small = decode(coded("jpeg2000", pictures.picture("I;16", 120, 90), 100), max_side=15).picture
    assert (small.pixels.dtype, small.pixels.shape) == (np.uint16, (15, 11))


def test_restorers_work_on_the_whole_picture_and_are_left_out_from_a_quarter_down() -> None:
    data = (GOLDEN / "restorers" / "luma" / "model52-webp-rgb.nnc").read_bytes()
    whole, plain = decode(data).picture, decode(data, restore=False).picture
    longer = max(whole.width, whole.height)
    for side in (longer // 2, longer // 4):
        expected = fitted(whole if side > longer // 4 else plain, side)
        assert np.array_equal(decode(data, max_side=side).pixels, expected.pixels)
    assert not np.array_equal(fitted(whole, longer // 4).pixels, fitted(plain, longer // 4).pixels)


def test_no_side_is_an_error() -> None:
    with pytest.raises(EncodeError, match="a side of 0"):
        decode(coded("jpeg", Picture(PHOTO)), max_side=0)


@pytest.mark.parametrize("codec", ["jpeg", "jpeg2000"])
def test_damage_is_found_at_a_reduced_size_too(codec: str) -> None:
    frame = Frame(PHOTO.shape[1] + 1, PHOTO.shape[0], 3)
    found = by_name(codec)
    assert isinstance(found, DecodesReduced)
    with pytest.raises(CorruptFile):
        found.decode_reduced(_payload(coded(codec, Picture(PHOTO))), frame, 2)


# --- thumbnails -----------------------------------------------------------------------------------------------------


def test_a_thumbnail_is_upright_and_bare() -> None:
    picture = Picture(PHOTO, metadata=pictures.metadata(6))
    small = thumbnail(coded("jpeg", picture), 64)
    assert (small.width, small.height) == (41, 64)
    assert small.metadata == Metadata()
    turned = fitted(Picture(np.rot90(PHOTO, -1)), 64)
    assert psnr(small.pixels, turned.pixels) > 25


def test_a_deep_picture_has_a_thumbnail_of_8_bits() -> None:
    deep = np.tile(np.arange(0, 65536, 256, dtype=np.uint16), (256, 1))
    small = thumbnail(coded("jpeg2000", Picture(deep), 100), 32)
    assert small.pixels.dtype == np.uint8
    assert abs(small.pixels[0].astype(int) - (np.arange(32) * 8 + 3)).max() <= 6


def test_the_first_layer_of_a_layered_file_is_enough_if_it_is_large_enough() -> None:
    data = coded("layered:webp/2", Picture(PHOTO))
    first = decode(data, layers=1).picture
    assert max(first.width, first.height) == 159
    assert np.array_equal(thumbnail(data, 159).pixels, first.pixels)
    assert np.array_equal(thumbnail(data, 80).pixels, fitted(first, 80).pixels)
    assert np.array_equal(thumbnail(data, 160).pixels, fitted(decode(data).picture, 160).pixels)


@pytest.mark.parametrize(("side", "layers"), [(66, None), (65, 1)])
def test_a_coarse_first_layer_of_full_size_is_enough_for_half_of_it(side: int, layers: int | None) -> None:
    pytest.importorskip("torch")
    data = (GOLDEN / "recurrent" / "model97-rgb-20-130x96.nnc").read_bytes()
    expected = fitted(decode(data, layers=layers).picture, side)
    assert np.array_equal(thumbnail(data, side).pixels, expected.pixels)


def swapped_profile() -> bytes:
    """An sRGB profile whose red is the blue of sRGB, and the reverse."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"_tmp").replace(b"bXYZ", b"rXYZ").replace(b"_tmp", b"bXYZ")


def test_colours_of_a_profile_are_converted_to_srgb() -> None:
    flat = np.full((8, 8, 3), (200, 60, 20), np.uint8)
    plain = Picture(flat, metadata=Metadata(icc=b"no profile"))
    assert np.array_equal(thumbnail(coded("webp", plain, 100), 8).pixels, flat)
    swapped = thumbnail(coded("webp", Picture(flat, metadata=Metadata(icc=swapped_profile())), 100), 8).pixels
    assert abs(swapped.astype(int) - (20, 60, 200)).max() <= 1


def test_a_damaged_file_has_no_thumbnail() -> None:
    data = bytearray(coded("jpeg", Picture(PHOTO)))
    data[len(data) // 2] ^= 1
    with pytest.raises(CorruptFile):
        thumbnail(bytes(data), 32)
