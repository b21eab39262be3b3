"""The codec `compact`: payload and shipped weights. Its networks: test_compact_torch.py."""

import contextlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nncodec.codec import Frame, HasBases, Options
from nncodec.codecs import by_name
from nncodec.codecs import compact as codec
from nncodec.codecs.compact.networks import CompactCondition, CompactNetworks
from nncodec.errors import CorruptFile, EncodeError, NncError, UnsupportedFile
from nncodec.image.metrics import psnr
from nncodec.image.scaling import halved
from nncodec.nets import weights
from tests import pictures

ROOT = Path(__file__).parents[3]
GOLDEN = sorted((ROOT / "tests" / "golden" / "compact").glob("*.nnc"))
PHOTO = pictures.photograph(75, 101)
GRAY = pictures.photograph(75, 101, 1)
BASES = ["avif", "webp", "jpeg2000", "jpeg"]
WEBP = by_name("webp").id


def frame_of(pixels: np.ndarray) -> Frame:
    """The frame that fits an array."""
    return Frame(pixels.shape[1], pixels.shape[0], 1 if pixels.ndim == 2 else 3)


# --- payload --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize(
    "pixels", [PHOTO, GRAY, PHOTO[:1, :1], GRAY[:2, :1]], ids=["75x101", "gray", "1x1", "2x1 gray"]
)
def test_payloads_are_laid_out_as_specified(base, pixels):
    name = f"compact:{base}"
    payload = by_name(name).encode(pixels, Options(40))
    model, number, sizes, strengths = payload[:4]
    level, height, width = sizes & 63, *pixels.shape[:2]
    assert sizes >> 6 == width % 2 + 2 * (height % 2)
    assert model == weights.newest("compact")
    assert number == by_name(base).id == by_name(name).base_of(payload)
    assert level <= 40
    assert pixels.ndim == 3 or strengths >> 4 == 0
    height, width = (halved(side, 1) for side in pixels.shape[:2])
    small = by_name(base).decode(payload[4:], Frame(width, height, frame_of(pixels).channels), "cpu")
    networks = CompactNetworks(weights.load(model, "compact"))
    condition = CompactCondition(number, level, strengths & 15, strengths >> 4)
    found = codec.CODEC.decode(payload, frame_of(pixels), "cpu")  # whatever the base: the payload says it
    assert np.array_equal(found, networks.restore(small.astype(np.uint8), *pixels.shape[:2], condition))


def test_the_base_is_part_of_the_name():
    assert isinstance(codec.CODEC, HasBases)
    assert [by_name(f"compact:{base}").base for base in codec.CODEC.bases] == BASES
    assert by_name("compact:avif").name == "compact"
    assert by_name("compact:jpeg").name == "compact:jpeg"
    with pytest.raises(EncodeError, match="cannot build on 'ccnn'"):
        by_name("compact:ccnn")


@pytest.mark.parametrize(("place", "value"), [(0, 79), (0, 96), (1, 2), (1, 8), (1, 17), (1, 0), (2, 41), (2, 63)])
def test_impossible_heads_are_refused(place, value):
    payload = bytearray(by_name("compact:webp").encode(PHOTO, Options(10)))
    payload[place] = value
    with pytest.raises(CorruptFile, match="compact payload of codec|model number"):
        codec.CODEC.decode(bytes(payload), frame_of(PHOTO), "cpu")


def test_colours_of_gray_pictures_are_refused():
    payload = bytearray(by_name("compact:webp").encode(GRAY, Options(10)))
    payload[3] |= 0x10
    with pytest.raises(CorruptFile, match="gray"):
        codec.CODEC.decode(bytes(payload), frame_of(GRAY), "cpu")


def test_an_unknown_model_needs_another_reader():
    payload = b"\x5f" + by_name("compact:webp").encode(PHOTO, Options(10))[1:]
    with pytest.raises(UnsupportedFile, match="model 95"):
        codec.CODEC.decode(payload, frame_of(PHOTO), "cpu")


def test_a_small_picture_of_another_size_is_refused():
    payload = by_name("compact:jpeg").encode(PHOTO, Options(10))
    for width, height in ((102, 75), (101, 76), (103, 75), (101, 77), (16_000_001, 16_000_001)):
        with pytest.raises(CorruptFile):
            codec.CODEC.decode(payload, Frame(width, height, 3), "cpu")


def test_deep_samples_are_refused():
    with pytest.raises(EncodeError, match="8 bits"):
        codec.CODEC.encode(pictures.deep(8, 8), Options())
    payload = codec.CODEC.encode(GRAY[:8, :8], Options())
    with pytest.raises(CorruptFile, match="16 bits"):
        codec.CODEC.decode(payload, Frame(8, 8, 1, 16), "cpu")


@settings(max_examples=40, deadline=None)
@given(
    head=st.tuples(st.integers(78, 97), st.integers(0, 6), st.integers(0, 42), st.integers(0, 255)),
    rest=st.binary(),
    cut=st.integers(0, 300),
)
def test_any_bytes_give_pixels_or_a_clear_error(head, rest, cut):
    small = by_name("webp").encode(PHOTO[:8, :8], Options(10))
    for payload in (bytes(head) + rest, bytes(head) + small[:cut] + rest, rest):
        with contextlib.suppress(NncError):
            assert codec.CODEC.decode(payload, Frame(15, 16, 3), "cpu").shape == (16, 15, 3)


# --- the weights that ship ------------------------------------------------------------------------------------------


def test_the_restoring_network_stays_below_25_kmac_per_pixel():
    arrays = weights.load(weights.newest("compact"), "compact")
    side = (arrays["rec.leave.bias"].size / 3) ** 0.5
    macs = sum(kernel.size for name, kernel in arrays.items() if name.startswith("rec.") and kernel.ndim == 4) / side**2
    assert 5_000 < macs < 25_000


@pytest.mark.parametrize("base", BASES)
def test_the_network_restores_more_than_up_scaling(base):
    with PIL.Image.open(ROOT / "examples" / "harbour.png") as picture:
        pixels = np.asarray(picture)[:256, :256]
    payload = bytearray(by_name(f"compact:{base}").encode(pixels, Options(30)))
    better = codec.CODEC.decode(bytes(payload), frame_of(pixels), "cpu")
    payload[3] = 0
    plain = codec.CODEC.decode(bytes(payload), frame_of(pixels), "cpu")
    assert psnr(pixels, better) > psnr(pixels, plain) + 0.2


def test_a_command_there_and_back(nnc, here):
    alpha = np.dstack([PHOTO, pictures.transparency(75, 101)])
    PIL.Image.fromarray(alpha).save("a.png")
    assert nnc("encode", "a.png", "-c", "compact:jpeg", "-q", "30").code == 0
    shown = json.loads(nnc("info", "--json", "a.nnc").out)
    assert nnc("test", "a.nnc").code == 0
    assert nnc("decode", "a.nnc", "-o", "b.png").code == 0
    with PIL.Image.open("b.png") as picture:
        assert picture.mode == "RGBA"
        assert np.array_equal(np.asarray(picture)[:, :, 3], alpha[:, :, 3])
        assert psnr(np.asarray(picture)[:, :, :3], PHOTO) > 25
    assert "compact" in json.dumps(shown)


def test_decoding_imports_no_torch():
    name = str(next(path for path in GOLDEN if "webp" in path.name))
    script = f"import sys; from nncodec import decode; decode({name!r}); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)
