"""``import nncodec``: the functions a program calls."""

import inspect as introspection
import io
import pickle
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import nncodec
import nncodec.codecs
from nncodec.image import Metadata, from_pillow
from nncodec.image.metrics import ssim
from nncodec.threads import available
from tests import pictures

PHOTO = pictures.photograph(24, 33)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A picture on disk, its name neither ASCII nor without a space."""
    found = tmp_path / "Größe λ.png"
    PIL.Image.fromarray(PHOTO).save(found)
    return found


def test_a_path_an_array_and_a_pillow_image_give_the_same_file(path: Path) -> None:
    sources = (path, str(path), PHOTO, PIL.Image.open(path), from_pillow(PIL.Image.open(path)))
    assert len({nncodec.encode(source, "webp", 100) for source in sources}) == 1


def test_the_bytes_of_a_file_and_an_open_file_are_sources_too(path: Path) -> None:
    data = nncodec.encode(PHOTO, "webp", 100)
    assert nncodec.encode(path.read_bytes(), "webp", 100) == data
    assert nncodec.encode(io.BytesIO(path.read_bytes()), "webp", 100) == data
    with path.open("rb") as file:
        assert nncodec.encode(file, "webp", 100) == data
    assert np.array_equal(nncodec.decode(io.BytesIO(data)).pixels, PHOTO)
    assert nncodec.inspect(io.BytesIO(data)).codec == "webp"


def test_a_frame_and_eight_bits_are_taken_on_request() -> None:
    frames = [PIL.Image.fromarray(pictures.flat(8, 9, value=value)) for value in (10, 200)]
    animated = io.BytesIO()
    frames[0].save(animated, "GIF", save_all=True, append_images=frames[1:])
    with pytest.raises(nncodec.EncodeError, match="2 frames"):
        nncodec.encode(animated.getvalue())
    found = nncodec.decode(nncodec.encode(animated.getvalue(), "webp", 100, frame=1)).pixels
    assert np.array_equal(found, pictures.flat(8, 9, value=200))
    deep = pictures.deep(24, 33)
    for source in (deep, PIL.Image.fromarray(deep), pictures.file_of(deep, "PNG")):
        with pytest.raises(nncodec.EncodeError, match="16-bit"):
            nncodec.encode(source, "webp")
        assert nncodec.decode(nncodec.encode(source, "webp", depth=8)).pixels.dtype == np.uint8


@pytest.mark.parametrize("shape", [(24, 33), (24, 33, 2), (24, 33, 3), (24, 33, 4)], ids=str)
def test_arrays_come_back(shape: tuple[int, ...]) -> None:
    array = pictures.noise(*shape) if len(shape) == 3 else pictures.noise(*shape, 1)
    assert np.array_equal(nncodec.decode(nncodec.encode(array, "webp", 100)).pixels, array)


def test_deep_arrays_come_back() -> None:
    array = pictures.deep(24, 33)
    found = nncodec.decode(nncodec.encode(array, "jpeg2000", 100)).pixels
    assert found.dtype == np.uint16
    assert np.array_equal(found, array)


def test_files_and_bytes_decode_alike(tmp_path: Path) -> None:
    data = nncodec.encode(PHOTO, "webp")
    (tmp_path / "a.nnc").write_bytes(data)
    for source in (data, bytearray(data), memoryview(data), tmp_path / "a.nnc", str(tmp_path / "a.nnc")):
        assert np.array_equal(nncodec.decode(source).pixels, nncodec.decode(data).pixels)
        assert nncodec.inspect(source).codec == "webp"


def test_every_setting_reaches_the_encoder() -> None:
    plain = nncodec.encode(PHOTO, "webp")
    assert len(nncodec.encode(PHOTO, "webp", 10)) < len(plain)
    assert nncodec.encode(PHOTO, "webp", effort=1) != plain
    assert len(nncodec.encode(PHOTO, "webp", target_size=200)) <= 200
    assert 8 * len(nncodec.encode(PHOTO, "webp", bpp=3)) / PHOTO[:, :, 0].size <= 3
    good = nncodec.decode(nncodec.encode(PHOTO, "webp", target_psnr=35)).pixels.astype(float)
    assert ((good - PHOTO) ** 2).mean() <= 255**2 / 10**3.5
    assert ssim(nncodec.decode(nncodec.encode(PHOTO, "jpeg", target_ssim=0.9)).pixels, PHOTO) >= 0.9


def test_how_strongly_detail_is_invented_reaches_encoder_and_decoder() -> None:
    data = nncodec.encode(PHOTO, "superres:webp", 30, perceptual=0.4)
    assert nncodec.inspect(data).perceptual == 0.4
    exact = nncodec.decode(data, perceptual=0).pixels
    assert np.array_equal(exact, nncodec.decode(nncodec.encode(PHOTO, "superres:webp", 30, perceptual=0)).pixels)
    assert nncodec.decode(data, scale=2).pixels.shape == (48, 66, 3)
    with pytest.raises(nncodec.EncodeError, match="jpeg invents no detail"):
        nncodec.encode(PHOTO, "jpeg", perceptual=0.5)


def test_metadata_of_a_pillow_image_survive_and_can_be_stripped() -> None:
    still = PIL.Image.fromarray(PHOTO)
    still.info |= {"icc_profile": pictures.icc(), "exif": b"Exif\0\0" + pictures.exif(8), "xmp": pictures.XMP}
    assert nncodec.decode(nncodec.encode(still, "webp")).metadata == pictures.metadata(8)
    assert nncodec.decode(nncodec.encode(still, "webp", strip=True)).metadata == Metadata(icc=pictures.icc())
    assert nncodec.decode(nncodec.encode(still, "webp", strip=True, strip_icc=True)).metadata == Metadata()


def test_an_nnc_file_can_be_encoded_again(tmp_path: Path) -> None:
    (tmp_path / "a.nnc").write_bytes(nncodec.encode(PHOTO, "webp", 100))
    assert np.array_equal(nncodec.decode(nncodec.encode(tmp_path / "a.nnc", "jpeg2000", 100)).pixels, PHOTO)


def test_a_jpeg_file_is_kept_however_it_is_given(tmp_path: Path) -> None:
    jpeg = pictures.file_of(PHOTO, "JPEG", quality=70)
    (tmp_path / "a.jpg").write_bytes(jpeg)
    for source in (jpeg, tmp_path / "a.jpg", io.BytesIO(jpeg)):
        data = nncodec.encode(source, plain_jpeg=True)
        assert (nncodec.inspect(data).codec, jpeg in data) == ("jpegfile", True)
    assert nncodec.encode(PHOTO, "webp", keep_jpeg=True) == nncodec.encode(PHOTO, "webp")
    with pytest.raises(nncodec.EncodeError, match="kept JPEG"):
        nncodec.encode(jpeg, keep_jpeg=True, strip=True)


def test_a_partial_file_is_decoded_on_request() -> None:
    data = nncodec.encode(np.dstack([PHOTO, pictures.transparency(24, 33)]), "webp", restore="none")[:-1]
    with pytest.raises(nncodec.CorruptFile):
        nncodec.decode(data)
    found = nncodec.decode(data, partial=True)
    assert (found.complete, found.pixels.shape) == (False, (24, 33, 3))


# --- errors ---------------------------------------------------------------------------------------------------------


def test_errors_are_of_the_promised_classes(tmp_path: Path) -> None:
    data = nncodec.encode(PHOTO, "webp")
    (tmp_path / "text.png").write_text("not a picture")
    cases = [
        (nncodec.CorruptFile, lambda: nncodec.decode(data[:-1])),
        (nncodec.CorruptFile, lambda: nncodec.decode(b"")),
        (nncodec.UnsupportedFile, lambda: nncodec.decode(data[:4] + b"\x63" + data[5:])),
        (nncodec.UnsupportedFile, lambda: nncodec.encode(tmp_path / "text.png")),
        (nncodec.LimitExceeded, lambda: nncodec.decode(data, max_pixels=10)),
        (nncodec.LimitExceeded, lambda: nncodec.encode(PHOTO, max_pixels=10)),
        (nncodec.EncodeError, lambda: nncodec.encode(PHOTO, "nosuch")),
        (nncodec.EncodeError, lambda: nncodec.encode(PHOTO.astype(float))),
        (nncodec.EncodeError, lambda: nncodec.encode(PHOTO, quality=101)),
        (nncodec.EncodeError, lambda: nncodec.encode(PHOTO, bpp=1, target_size=5)),
        (nncodec.EncodeError, lambda: nncodec.encode(PHOTO, bpp=-1)),
        (nncodec.EncodeError, lambda: nncodec.encode([[1, 2], [3, 4]])),
        (nncodec.EncodeError, lambda: nncodec.encode(None)),
        (nncodec.EncodeError, lambda: nncodec.encode(PIL.Image.new("RGB", (0, 4)))),
        (FileNotFoundError, lambda: nncodec.encode(tmp_path / "missing.png")),
        (FileNotFoundError, lambda: nncodec.decode(tmp_path / "missing.nnc")),
    ]
    for error, call in cases:
        with pytest.raises(error) as caught:
            call()
        assert type(caught.value) is error


def test_every_error_is_an_nnc_error_and_travels_with_its_hint() -> None:
    for error in (nncodec.CorruptFile, nncodec.EncodeError, nncodec.LimitExceeded, nncodec.UnsupportedFile):
        assert issubclass(error, nncodec.NncError)
        copy = pickle.loads(pickle.dumps(error("what", "do this")))  # noqa: S301
        assert (type(copy), str(copy), copy.hint) == (error, "what", "do this")
    assert nncodec.NncError("what").hint is None


# --- what is public -------------------------------------------------------------------------------------------------


def test_lossless_gives_every_pixel_back_or_an_error() -> None:
    assert np.array_equal(nncodec.decode(nncodec.encode(PHOTO, lossless=True)).pixels, PHOTO)
    assert nncodec.inspect(nncodec.encode(PHOTO, "avif", lossless=True)).codec == "avif"
    for wrong in ({"codec": "jpeg"}, {"target_size": 9000}):
        with pytest.raises(nncodec.EncodeError, match="lossless"):
            nncodec.encode(PHOTO, lossless=True, **wrong)


def test_the_public_names_are_these() -> None:
    errors = {
        "CorruptFile",
        "EncodeError",
        "InternalError",
        "LimitExceeded",
        "NncError",
        "NotSmaller",
        "UnsupportedFile",
    }
    assert set(nncodec.__all__) == errors | {"__version__", "decode", "encode", "extract", "inspect", "register_pillow"}
    for name in nncodec.__all__:
        assert getattr(nncodec, name) is not None


def test_other_names_do_not_exist() -> None:
    with pytest.raises(AttributeError, match="no attribute 'compress'"):
        _ = nncodec.compress


def test_the_public_functions_are_typed_and_documented() -> None:
    for function in (nncodec.encode, nncodec.decode, nncodec.inspect, nncodec.register_pillow):
        signature = introspection.signature(function)
        assert signature.return_annotation is not introspection.Signature.empty
        assert all(p.annotation is not introspection.Parameter.empty for p in signature.parameters.values())
        assert function.__doc__


def test_options_after_quality_are_keywords() -> None:
    """So that more can be added in any order."""
    parameters = introspection.signature(nncodec.encode).parameters
    positional = [name for name, p in parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert positional == ["source", "codec", "quality"]


def test_the_callers_array_is_neither_changed_nor_shared() -> None:
    array = pictures.photograph(24, 33)
    data = nncodec.encode(array, "webp", 100)
    assert np.array_equal(array, PHOTO)
    found = nncodec.decode(data).pixels
    found[:] = 0  # a result is the caller's to change
    assert np.array_equal(nncodec.decode(data).pixels, PHOTO)


def test_a_call_is_told_how_many_threads_it_may_start(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    real = nncodec.codecs.by_name("webp")
    monkeypatch.setattr(
        type(real), "encode", lambda self, pixels, options: seen.extend((options.threads, available())) or b"coded"
    )
    monkeypatch.setattr(
        type(real), "decode", lambda self, payload, frame, device: seen.append(available()) or PHOTO.copy()
    )
    file = nncodec.encode(PHOTO, "webp", restore="none", threads=3)
    nncodec.decode(file, threads=2)
    assert seen == [3, 3, 3, 2]
    with pytest.raises(nncodec.EncodeError, match="-1 threads"):
        nncodec.encode(PHOTO, threads=-1)


# --- sizes, and what is no file -------------------------------------------------------------------------------------


def test_a_result_that_is_not_smaller_is_refused_on_request(path: Path) -> None:
    small = nncodec.encode(path, "webp", 1)
    assert len(nncodec.encode(small, "webp", 100)) > len(small)
    with pytest.raises(nncodec.NotSmaller, match=f"against the {len(small)} of the source"):
        nncodec.encode(small, "webp", 100, skip_if_larger=True)
    bitmap = pictures.file_of(PHOTO, "BMP")
    assert nncodec.encode(bitmap, "webp", 100, skip_if_larger=True) == nncodec.encode(bitmap, "webp", 100)


def test_pixels_have_no_size_of_a_file_to_compare() -> None:
    for source in (PHOTO, PIL.Image.fromarray(PHOTO)):
        with pytest.raises(nncodec.EncodeError, match="pixels in memory"):
            nncodec.encode(source, skip_if_larger=True)


def test_a_file_open_as_text_is_refused(path: Path) -> None:
    for function in (nncodec.encode, nncodec.decode, nncodec.inspect):
        with (
            path.open(encoding="latin-1") as file,
            pytest.raises(nncodec.EncodeError, match="open as text") as caught,
        ):
            function(file)
        assert caught.value.hint == "open it with mode 'rb'"


@pytest.mark.parametrize("url", ["s3://bucket/a.png", "https://example.org/a.png", "memory://a.nnc"])
def test_a_url_is_refused(url: str) -> None:
    for function in (nncodec.encode, nncodec.decode, nncodec.inspect):
        with pytest.raises(nncodec.EncodeError, match="is a URL"):
            function(url)
