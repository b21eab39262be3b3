"""Windows icons: Pillow decodes them as it opens them, so that sizes are compared before."""

import struct

import PIL.Image
import pytest

from nncodec.errors import LimitExceeded, NncError
from nncodec.image import read
from nncodec.image.ico import check_icons
from tests import pictures

STILL = PIL.Image.fromarray(pictures.photograph(32, 32))


def icon(*sizes: int, bitmap: bool = False) -> bytearray:
    return bytearray(
        pictures.file_of(
            STILL.resize((max(sizes),) * 2),
            "ICO",
            sizes=[(n, n) for n in sizes],
            bitmap_format="bmp" if bitmap else "png",
        )
    )


@pytest.mark.parametrize("bitmap", [False, True])
def test_icons_are_read(bitmap: bool) -> None:
    assert read(bytes(icon(32, bitmap=bitmap))).pixels.shape == (32, 32, 3)
    check_icons(bytes(icon(16, 32, bitmap=bitmap)), 2 * 32 * 32)
    check_icons(bytes(icon(32)[:20]), 1)
    check_icons(pictures.file_of(STILL, "PNG"), 1)


@pytest.mark.parametrize("number", [0, 1])
def test_a_large_picture_in_an_icon_is_refused_before_it_is_decoded(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = icon(16, 32)
    (start,) = struct.unpack_from("<I", data, 6 + 16 * number + 12)
    struct.pack_into(">2I", data, start + 16, 60_000, 60_000)
    monkeypatch.setattr(PIL.Image, "open", None)
    with pytest.raises(LimitExceeded):
        read(bytes(data))


@pytest.mark.parametrize("header", [struct.pack("<I2i", 40, 60_000, -120_000), struct.pack("<I2H", 12, 60_000, 60_000)])
def test_a_large_bitmap_in_an_icon_is_refused_before_it_is_decoded(
    header: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = icon(32, bitmap=True)
    (start,) = struct.unpack_from("<I", data, 18)
    data[start : start + len(header)] = header
    monkeypatch.setattr(PIL.Image, "open", None)
    with pytest.raises(LimitExceeded):
        read(bytes(data))


def test_a_cut_icon_is_damaged() -> None:
    for n in range(4, 60, 7):
        with pytest.raises(NncError):
            read(bytes(icon(32)[:n]))
