"""The payloads of `superres` and `generative`: laid out as specified, and refused where they are impossible."""

import contextlib
import zlib
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nncodec.codec import Codec, Frame, HasBases, HasFile, Options, Paints
from nncodec.codecs import by_name
from nncodec.errors import CorruptFile, EncodeError, NncError, UnsupportedFile
from nncodec.image.metrics import psnr
from nncodec.image.scaling import halved, upscale
from nncodec.nets import weights
from nncodec.painting.networks import Painter
from nncodec.painting.painted import painter
from tests import pictures

ROOT = Path(__file__).parents[2]
PHOTO = pictures.photograph(75, 101)
GRAY = pictures.photograph(75, 101, 1)
BASES = ["avif", "webp", "jpeg2000", "jpeg"]
QUARTERS = [f"superres:{base}/4" for base in BASES]
NAMES = [*(f"superres:{base}" for base in BASES), *QUARTERS, "generative"]
SIZES = {"75x101": PHOTO, "gray": GRAY, "1x1": PHOTO[:1, :1], "2x1 gray": GRAY[:2, :1], "5x6": PHOTO[:5, :6]}


def quick(quality: float = 40, perceptual: float | None = None) -> Options:
    """Options of an encode that takes little time."""
    return Options(quality, effort=1, perceptual=perceptual)


def frame_of(pixels: np.ndarray) -> Frame:
    """The frame that fits an array."""
    return Frame(pixels.shape[1], pixels.shape[0], 1 if pixels.ndim == 2 else 3)


def shipped(family: str) -> Painter:
    """The generators that ship."""
    return painter(weights.newest(family), family)


# --- payload --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", SIZES)
def test_payloads_are_laid_out_as_specified(name: str, size: str) -> None:
    pixels, family = SIZES[size], name.partition(":")[0]
    codec, base, times = by_name(name), _base_of(name), _times(name)
    payload = codec.encode(pixels, quick(perceptual=0.6))
    model, number, sizes, strength = payload[:4]
    height, width = pixels.shape[:2]
    assert sizes >> 6 == width % 2 + 2 * (height % 2)
    assert sizes & 63 <= 40
    half = 16 + 32 * (halved(width, 1) % 2) + 64 * (halved(height, 1) % 2)
    assert strength == 9 + (half if times == 2 else 0)
    assert (model, number) == (weights.newest(family), base.id)
    small = base.decode(
        payload[4:], Frame(halved(width, times), halved(height, times), frame_of(pixels).channels), "cpu"
    )
    seed = zlib.crc32(payload[4:]) if family == "generative" else None
    wanted = shipped(family).paint(small.astype(np.uint8), height, width, number, sizes & 63, 9, seed, times)
    found = by_name(family).decode(payload, frame_of(pixels), "cpu")  # whatever the base: the payload says it
    assert np.array_equal(found, wanted)


@pytest.mark.parametrize("name", NAMES)
def test_they_say_what_they_are(name: str) -> None:
    codec, payload = by_name(name), by_name(name).encode(PHOTO[:9, :9], quick())
    assert isinstance(codec, HasBases)
    assert isinstance(codec, Paints)
    assert isinstance(codec, HasFile) == name.startswith("superres")
    assert (codec.base_of(payload), codec.halvings_of(payload)) == (by_name(codec.base).id, _times(name))
    assert codec.perceptual_of(payload) == 1


def test_the_base_is_part_of_the_name() -> None:
    codec = by_name("superres")
    assert isinstance(codec, HasBases)
    assert [by_name(f"superres:{base}").name for base in codec.bases] == ["superres", *NAMES[1:8]]
    assert by_name("generative:learned").name == "generative"
    for name in ("superres:learned", "superres:compact", "superres:avif/2", "superres:avif/8", "generative:avif"):
        with pytest.raises(EncodeError, match="cannot build on"):
            by_name(name)


@pytest.mark.parametrize("name", ["superres:webp", "superres:webp/4", "generative"])
@pytest.mark.parametrize(("asked", "kept"), [(0.0, 0), (1.0, 15), (0.5, 8), (0.03, 0), (1 / 15, 1)])
def test_the_strength_is_one_byte_that_may_be_replaced(name: str, asked: float, kept: int) -> None:
    codec = by_name(name)
    assert isinstance(codec, Paints)
    payload = codec.encode(PHOTO[:20, :24], quick())
    other = codec.with_perceptual(payload, asked)
    assert other == payload[:3] + bytes([payload[3] & 0xF0 | kept]) + payload[4:]
    assert codec.perceptual_of(other) == kept / 15
    assert other == codec.encode(PHOTO[:20, :24], quick(perceptual=asked))


# --- what is refused ------------------------------------------------------------------------------------------------

IMPOSSIBLE = [(1, 0), (1, 2), (1, 8), (1, 17), (1, 21), (1, 22), (2, 41), (2, 63), (3, 32), (3, 128), (3, 255)]


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [(name, *rest) for name in ("superres:webp", "generative") for rest in IMPOSSIBLE]
    + [("superres:webp", 0, 119), ("superres:webp", 0, 124), ("superres:webp", 1, 16)]
    + [("superres:webp", 3, 64), ("superres:webp", 3, 144), ("superres:webp/4", 3, 32), ("superres:webp/4", 3, 144)]
    + [("generative", 3, 16), ("generative", 0, 123), ("generative", 0, 128), ("generative", 1, 4)],
)
def test_impossible_heads_are_refused(name: str, place: int, value: int) -> None:
    codec = by_name(name)
    assert isinstance(codec, Paints)
    assert isinstance(codec, HasBases)
    payload = bytearray(codec.encode(PHOTO[:9, :9], quick()))
    payload[place] = value
    for ask in (lambda data: codec.decode(data, Frame(9, 9, 3), "cpu"), codec.perceptual_of, codec.base_of):
        with pytest.raises(CorruptFile, match="payload of codec|model number"):
            ask(bytes(payload))


@pytest.mark.parametrize("name", ["superres", "generative"])
def test_a_head_alone_is_refused(name: str) -> None:
    payload = by_name(name).encode(PHOTO[:9, :9], quick())
    for length in range(5):
        with pytest.raises(CorruptFile):
            by_name(name).decode(payload[:length], Frame(9, 9, 3), "cpu")


@pytest.mark.parametrize(("name", "model"), [("superres:webp", 123), ("generative", 127)])
def test_an_unknown_model_needs_another_reader(name: str, model: int) -> None:
    payload = bytes([model]) + by_name(name).encode(PHOTO[:9, :9], quick())[1:]
    with pytest.raises(UnsupportedFile, match=f"model {model}"):
        by_name(name).decode(payload, Frame(9, 9, 3), "cpu")


@pytest.mark.parametrize(
    "name", ["superres", "superres:jpeg", "superres:jpeg2000", "superres:avif/4", "superres:webp/4", "generative"]
)
def test_a_small_picture_of_another_size_is_refused(name: str) -> None:
    """The last would take 768 TB: pixels are not allocated before sizes are compared."""
    payload = by_name(name).encode(PHOTO, quick(10))
    for width, height in ((102, 75), (101, 76), (103, 75), (101, 77), (105, 75), (16_000_001, 16_000_001)):
        with pytest.raises(CorruptFile):
            by_name(name).decode(payload, Frame(width, height, 3), "cpu")


@pytest.mark.parametrize("name", ["superres:webp", "superres:jpeg", "generative"])
def test_gray_and_colour_are_not_taken_for_each_other(name: str) -> None:
    for pixels, channels in ((PHOTO, 1), (GRAY, 3)):
        payload = by_name(name).encode(pixels[:16, :16], quick())
        if name == "superres:webp" and channels == 3:
            continue  # WebP cannot tell
        with contextlib.suppress(CorruptFile):
            found = by_name(name).decode(payload, Frame(16, 16, channels), "cpu")
            assert (name, found.ndim) == ("superres:webp", 2)


@pytest.mark.parametrize("name", ["superres", "generative"])
def test_deep_samples_are_refused(name: str) -> None:
    with pytest.raises(EncodeError, match="8 bits"):
        by_name(name).encode(pictures.deep(8, 8), quick())
    payload = by_name(name).encode(GRAY[:8, :8], quick())
    with pytest.raises(CorruptFile, match="16 bits"):
        by_name(name).decode(payload, Frame(8, 8, 1, 16), "cpu")


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(["superres", "generative"]),
    head=st.tuples(st.integers(118, 126), st.integers(0, 17), st.integers(0, 255), st.integers(0, 130)),
    rest=st.binary(),
    cut=st.integers(0, 300),
    sound=st.booleans(),
)
def test_any_bytes_give_pixels_or_a_clear_error(
    name: str, head: tuple[int, ...], rest: bytes, cut: int, sound: bool
) -> None:
    payload = bytes(head) + SMALL[name][:cut] + rest
    if sound:
        payload = SMALL[name + " whole"][:4] + payload[4:]
    with contextlib.suppress(NncError):
        assert by_name(name).decode(payload, Frame(15, 16, 3), "cpu").shape == (16, 15, 3)


def _small() -> dict[str, bytes]:
    wholes = {name: by_name(name).encode(PHOTO[:16, :15], quick(10)) for name in ("superres", "generative")}
    return {name: whole[4:] for name, whole in wholes.items()} | {
        f"{name} whole": whole for name, whole in wholes.items()
    }


SMALL = _small()
"""Small pictures, coded, and whole payloads with them."""


# --- the weights that ship ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["superres", "generative"])
def test_the_networks_stay_below_70_kmac_per_pixel(name: str) -> None:
    arrays = weights.load(weights.newest(name), name)
    for part in ("exact.", "painted."):
        macs = sum(kernel.size for key, kernel in arrays.items() if key.startswith(part) and kernel.ndim == 4) / 4
        assert 20_000 < macs < 70_000


def _harbour(side: int = 256) -> np.ndarray:
    with PIL.Image.open(ROOT / "examples" / "harbour.png") as picture:
        return np.asarray(picture)[:side, :side]


@pytest.mark.parametrize("name", NAMES)
def test_the_exact_network_is_closer_than_up_scaling(name: str) -> None:
    codec, pixels = by_name(name), _harbour()
    payload = codec.encode(pixels, quick(30, perceptual=0.0))
    exact = codec.decode(payload, frame_of(pixels), "cpu")
    side = halved(256, _times(name))
    small = _base_of(name).decode(payload[4:], Frame(side, side, 3), "cpu").astype(np.uint8)
    assert psnr(pixels, exact) > psnr(pixels, upscale(small, 256, 256, _times(name)))


def _base_of(name: str) -> Codec:
    return by_name(name.partition(":")[2].partition("/")[0] or "learned")


def _times(name: str) -> int:
    return 2 if name.endswith("/4") else 1


@pytest.mark.parametrize("name", NAMES)
def test_quality_pays_at_the_whole_strength_too(name: str) -> None:
    codec, pixels = by_name(name), pictures.photograph(96, 128)
    payloads = [codec.encode(pixels, quick(quality)) for quality in (0, 30, 70)]
    scores = [psnr(pixels, codec.decode(payload, frame_of(pixels), "cpu")) for payload in payloads]
    assert sorted(map(len, payloads)) == [*map(len, payloads)]
    assert scores[0] + 0.5 < scores[1] < scores[2]


@pytest.mark.parametrize("name", ["superres", "generative"])
def test_levels_follow_quality_and_stay_in_range(name: str) -> None:
    found = shipped(name)
    for family in found.families:
        levels = [found.level(family, quality) for quality in range(101)]
        assert levels == sorted(levels)
        assert {0} <= set(levels) <= set(range(41))
