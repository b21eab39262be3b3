"""The door to Pillow: sizes before pixels, errors translated, the caller's own limits left alone."""

import io
import threading
import time
import warnings
import zlib
from pathlib import Path

import numpy as np
import PIL.features
import PIL.Image
import PIL.ImageFile
import pytest

import nncodec
from nncodec.errors import CorruptFile, LimitExceeded, UnsupportedFile
from nncodec.image.stills import OLDEST_PILLOW, check_pixels, decode_still, encode_still, open_still, pillow_errors
from tests import pictures

PNG = pictures.file_of(pictures.photograph(20, 30), "PNG")


def test_opening_decodes_no_pixel() -> None:
    still = open_still(PNG[:60], "it")
    assert still.size == (30, 20)


def test_a_named_format_is_not_guessed() -> None:
    with pytest.raises(CorruptFile, match="it is not a readable JPEG picture"):
        open_still(PNG, "it", ["JPEG"])


def test_nothing_is_corrupt_and_nonsense_is_unsupported() -> None:
    with pytest.raises(CorruptFile, match="it is empty"):
        open_still(b"", "it")
    with pytest.raises(UnsupportedFile, match="not a picture"):
        open_still(b"hello, world", "it")


def test_another_size_is_found_before_pixels_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(self: PIL.ImageFile.ImageFile) -> None:
        raise AssertionError("pixels were decoded")

    monkeypatch.setattr(PIL.ImageFile.ImageFile, "load", load)
    with pytest.raises(CorruptFile, match="it is 30 x 20, the file says 30 x 21"):
        decode_still(PNG, "it", "PNG", (21, 30))


def test_damaged_pixels_are_corrupt() -> None:
    with pytest.raises(CorruptFile, match="it cannot be read"):
        decode_still(PNG[:300], "it", "PNG", (20, 30))


@pytest.mark.parametrize(
    "error", [OSError("x"), SyntaxError("x"), ValueError("x"), IndexError("x"), ZeroDivisionError("x"), EOFError()]
)
def test_whatever_pillow_raises_becomes_corrupt_file(error: Exception) -> None:
    with pytest.raises(CorruptFile) as caught, pillow_errors("it"):
        raise error
    assert caught.value.__cause__ is error
    assert str(caught.value) != "it cannot be read: "


def test_interruption_is_not_an_error_of_the_file() -> None:
    with pytest.raises(KeyboardInterrupt), pillow_errors("it"):
        raise KeyboardInterrupt


def test_a_decompression_bomb_is_a_limit() -> None:
    with pytest.raises(LimitExceeded), pillow_errors("it"):
        raise PIL.Image.DecompressionBombError("large")


def test_pillows_warnings_are_kept_quiet() -> None:
    with pillow_errors("it"):
        warnings.warn("Pillow has something to say", UserWarning, stacklevel=1)


def test_the_pixel_limit_is_inclusive() -> None:
    check_pixels(10, 10, 100)
    with pytest.raises(LimitExceeded, match="10 x 10 is more than 99 pixels") as caught:
        check_pixels(10, 10, 99)
    assert "--max-pixels" in (caught.value.hint or "")


def test_pillows_own_limit_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 12_345)
    open_still(PNG, "it")
    with pytest.raises(CorruptFile):
        open_still(PNG[:20], "it", ["PNG"])
    assert PIL.Image.MAX_IMAGE_PIXELS == 12_345


def test_pillows_own_limit_is_as_it_was_with_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is one variable for the whole process: two openings at once must not leave it lifted."""
    really_open = PIL.Image.open

    def slowly(*arguments: object, **more: object) -> PIL.Image.Image:
        time.sleep(0.01)  # long enough for the next thread to come in between
        return really_open(*arguments, **more)

    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 12_345)
    monkeypatch.setattr(PIL.Image, "open", slowly)
    threads = [threading.Timer(index * 0.003, open_still, (PNG, "it")) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert PIL.Image.MAX_IMAGE_PIXELS == 12_345


def test_a_picture_over_pillows_limit_opens_if_ours_allows() -> None:
    """A header of 20000 x 20000 opens; whether that is too much is the caller's decision."""
    wide = bytearray(PNG)
    wide[16:24] = (20_000).to_bytes(4, "big") * 2
    wide[29:33] = zlib.crc32(bytes(wide[12:29])).to_bytes(4, "big")
    assert open_still(bytes(wide), "it").size == (20_000, 20_000)


def test_what_is_encoded_is_what_pillow_reads() -> None:
    pixels = pictures.photograph(9, 7)
    data = encode_still(pixels, "PNG")
    assert np.array_equal(np.asarray(PIL.Image.open(io.BytesIO(data))), pixels)


def test_a_pillow_that_is_too_old_is_blamed_and_not_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    webp = nncodec.encode(pictures.photograph(8, 8), "webp")
    monkeypatch.setattr(PIL, "__version__", "11.3.0")
    with pytest.raises(UnsupportedFile, match=r"Pillow 11\.3\.0 is too old: 12\.3 is needed") as refused:
        nncodec.encode(pictures.photograph(8, 8))
    assert "pip install 'pillow>=12.3'" in str(refused.value.hint)
    assert nncodec.decode(webp).pixels.shape == (8, 8, 3)
    monkeypatch.setattr(PIL.features, "check", lambda name: warnings.warn(f"Unknown feature '{name}'.", stacklevel=2))
    with pytest.raises(UnsupportedFile, match="too old"):
        nncodec.decode(webp)


def test_the_oldest_pillow_is_that_of_the_package() -> None:
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8")
    assert f'"pillow>={".".join(map(str, OLDEST_PILLOW))}"' in text
