"""The shared battery: checks that every codec must pass. Each takes a codec that encodes pixels and works here.

A check that concerns only some codecs, by a property of theirs, passes for the others. ``test_codecs.py`` runs all
checks for all codecs, ``test_new_codec.py`` for one that was not there before.
"""

import gc
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from nncodec.codec import (
    Codec,
    Frame,
    HasBases,
    HasLayers,
    KeepsFiles,
    Lossless,
    Options,
    Paints,
    is_lossless,
)
from nncodec.codecs import all_codecs
from nncodec.errors import CorruptFile, UnsupportedFile
from nncodec.image.metrics import psnr
from tests import pictures
from tests.damage import MAGIC

SIZES = [(1, 1), (1, 2), (2, 1), (1, 37), (53, 1), (2, 3), (7, 7), (17, 31), (64, 64), (65, 129)]
CHANNELS = (1, 3)
QUICK = Options(effort=1)


def that_encode() -> list[Codec]:
    """The codecs that encode pixels; the others keep files."""
    return [codec for codec in all_codecs().values() if not isinstance(codec, KeepsFiles)]


def frame_of(pixels: npt.NDArray[np.generic]) -> Frame:
    """The frame that fits an array."""
    return Frame(pixels.shape[1], pixels.shape[0], 1 if pixels.ndim == 2 else 3, 8 * pixels.dtype.itemsize)


def options_of(codec: Codec, quality: float, effort: int) -> Options:
    """Options by which a picture comes as near to its source as it can: codecs that paint do not paint."""
    return Options(quality, effort, perceptual=0.0 if isinstance(codec, Paints) else None)


def there_and_back(codec: Codec, pixels: npt.NDArray[np.generic], quality: float = 90) -> npt.NDArray[np.generic]:
    """Encode and decode, and check the promises of every decoder for its result."""
    payload = codec.encode(pixels, options_of(codec, quality, effort=1))
    seen = codec.decode(payload, frame_of(pixels), "cpu")
    assert (seen.shape, seen.dtype) == (pixels.shape, pixels.dtype)
    if is_lossless(codec, quality):
        assert np.array_equal(seen, pixels)
    return seen


# --- pixels ---------------------------------------------------------------------------------------------------------


def check_any_size_survives(codec: Codec) -> None:
    """Pictures of a single pixel, row or column, and of sides that no block size divides."""
    for channels in CHANNELS:
        for size in SIZES:
            there_and_back(codec, pictures.photograph(*size, channels))


def check_the_picture_is_recognised(codec: Codec) -> None:
    """Channels in order, nothing turned or shifted: a wrong one of these costs far more than 30 dB."""
    for channels in CHANNELS:
        pixels = pictures.photograph(80, 112, channels)
        assert psnr(pixels, there_and_back(codec, pixels, quality=95)) > 30


def check_noise_survives(codec: Codec) -> None:
    """Samples that cannot be predicted."""
    pixels = pictures.noise(40, 48)
    assert psnr(pixels, there_and_back(codec, pixels, quality=95)) > 10


def check_noise_at_the_highest_quality_is_encoded(codec: Codec) -> None:
    """More bytes than samples: a buffer that was guessed from the size of the picture is too small."""
    there_and_back(codec, pictures.noise(300, 400), quality=100)


def check_a_flat_picture_stays_nearly_flat(codec: Codec) -> None:
    """Where there is nothing but one value, no codec has an excuse; and it costs next to nothing."""
    for value in (0, 7, 130, 255):
        pixels = pictures.flat(64, 96, value=value)
        assert np.abs(there_and_back(codec, pixels).astype(int) - value).max() <= 3
    assert len(codec.encode(pictures.flat(256, 256), QUICK)) < 2_000


def check_gray_stays_gray(codec: Codec) -> None:
    """A gray picture is not three equal channels in disguise, and its decoder gives one channel."""
    gray = pictures.photograph(48, 64, 1)
    payload = codec.encode(gray, QUICK)
    assert codec.decode(payload, frame_of(gray), "cpu").ndim == 2
    assert len(payload) <= len(codec.encode(np.dstack([gray] * 3), QUICK)) * 1.1


def check_sixteen_bits_survive_where_promised(codec: Codec) -> None:
    """Low bits of deep samples, by those whose depths have them."""
    if 16 in codec.depths:
        deep = pictures.deep(30, 41)
        assert psnr(deep, there_and_back(codec, deep, quality=90)) > 35
        there_and_back(codec, deep, quality=100)


def check_it_is_lossless_where_promised(codec: Codec) -> None:
    """And of noise at no other quality, or the promise is too small."""
    for channels in CHANNELS:
        for pixels in (
            pictures.noise(19, 23, channels),
            pictures.photograph(37, 50, channels),
            pictures.flat(1, 1, channels),
        ):
            there_and_back(codec, pixels, quality=100)
        noise = pictures.noise(19, 23, channels)
        exact = [np.array_equal(there_and_back(codec, noise, quality), noise) for quality in (0, 50, 100)]
        assert exact == [is_lossless(codec, quality) for quality in (0, 50, 100)]


# --- quality and effort ---------------------------------------------------------------------------------------------


def check_size_and_fidelity_grow_with_quality(codec: Codec) -> None:
    """The one promise about quality, on which the search for targets stands."""
    for channels in CHANNELS:
        pixels = pictures.photograph(96, 128, channels)
        sizes, scores = [], []
        for quality in (0, 15, 30, 45, 60, 75, 90, 100):
            payload = codec.encode(pixels, options_of(codec, quality, effort=1))
            sizes.append(len(payload))
            scores.append(psnr(pixels, codec.decode(payload, frame_of(pixels), "cpu")))
        assert sizes == sorted(sizes)
        assert scores == sorted(scores)
        assert codec.lossless is Lossless.ALWAYS or sizes[-1] > 3 * sizes[0]


def check_the_grid_of_the_search_is_that_of_the_codec(codec: Codec) -> None:
    """A step that changed nothing would only cost tries; one of more than 2 would miss targets widely.

    A codec whose quality is its number of layers has as many steps as further layers, one that is always lossless none.
    """
    pixels = pictures.photograph(96, 128)
    if codec.lossless is Lossless.ALWAYS:
        assert codec.quality_step == 100
        assert codec.encode(pixels, Options(0, 1)) == codec.encode(pixels, Options(100, 1))
        return
    if codec.quality_step > 2:
        assert isinstance(codec, HasLayers)
        assert len(codec.cut(codec.encode(pixels, Options(100, 1)))) == 1 + round(100 / codec.quality_step)
    assert codec.quality_step > 0
    steps = [Options(min(100, 50 + i * codec.quality_step), effort=1) for i in range(20)]
    assert len({codec.encode(pixels, options) for options in steps}) >= 3


def check_every_effort_works(codec: Codec) -> None:
    """A codec with a base only hands its effort on."""
    pixels = pictures.photograph(24, 32)
    for effort in (1, 5) if isinstance(codec, HasBases) else range(1, 10):
        payload = codec.encode(pixels, Options(80, effort))
        assert psnr(pixels, codec.decode(payload, frame_of(pixels), "cpu")) > 25


def check_encoding_is_reproducible(codec: Codec) -> None:
    """The same bytes for the same pixels."""
    pixels = pictures.photograph(33, 47)
    assert codec.encode(pixels, QUICK) == codec.encode(pixels.copy(), QUICK)


def check_pixels_are_not_written_to(codec: Codec) -> None:
    """Neither by the encoder nor by what it calls."""
    pixels = pictures.photograph(20, 20)
    pixels.flags.writeable = False
    there_and_back(codec, pixels)


# --- what a decoder refuses -----------------------------------------------------------------------------------------


def check_a_payload_of_another_size_is_refused(codec: Codec) -> None:
    """Before pixels are allocated: the last size would take 30 GB."""
    payload = codec.encode(pictures.photograph(24, 32), QUICK)
    for wider, higher in ((1, 0), (0, 1), (-1, 0), (0, -1), (100_000, 100_000)):
        with pytest.raises(CorruptFile):
            codec.decode(payload, Frame(32 + wider, 24 + higher, 3), "cpu")


def check_a_payload_with_other_channels_is_refused(codec: Codec) -> None:
    """But by a codec that codes gray as colour and so cannot tell them apart."""
    colour, gray = pictures.photograph(24, 32), pictures.photograph(24, 32, 1)
    payload = codec.encode(gray, QUICK)
    if payload == codec.encode(np.dstack([gray] * 3), QUICK):
        assert codec.decode(codec.encode(colour, QUICK), Frame(32, 24, 1), "cpu").shape == (24, 32)
        return
    with pytest.raises(CorruptFile):
        codec.decode(payload, Frame(32, 24, 3), "cpu")
    with pytest.raises(CorruptFile):
        codec.decode(codec.encode(colour, QUICK), Frame(32, 24, 1), "cpu")


def check_nothing_and_nonsense_are_refused(codec: Codec) -> None:
    """Payloads that no encoder wrote."""
    for payload in (b"", b"\0", b"\0" * 500, MAGIC * 100, bytes(range(256)) * 4):
        with pytest.raises(CorruptFile):
            codec.decode(payload, Frame(24, 32, 3), "cpu")


def check_a_cut_payload_gives_our_error_or_a_picture(codec: Codec) -> None:
    """Nothing but CorruptFile leaves a decoder."""
    payload = codec.encode(pictures.photograph(40, 56), Options(60, effort=1))
    refused = 0
    for end in range(0, len(payload), max(1, len(payload) // 40)):
        try:
            assert codec.decode(payload[:end], Frame(56, 40, 3), "cpu").shape == (40, 56, 3)
        except CorruptFile:
            refused += 1
    assert refused >= 20


def check_the_payload_of_another_codec_is_refused(codec: Codec) -> None:
    """Those of all others. A first byte may stand for weights that are not here."""
    pixels = pictures.photograph(24, 32)
    for other in that_encode():
        if other.name != codec.name and not other.missing():
            with pytest.raises((CorruptFile, UnsupportedFile)):
                codec.decode(other.encode(pixels, QUICK), frame_of(pixels), "cpu")


# --- memory ---------------------------------------------------------------------------------------------------------


def check_nothing_of_a_picture_is_left_to_the_garbage_collector(codec: Codec) -> None:
    """No cycle of references holds what was made for a picture: a long process would grow from one to the next."""
    pixels = pictures.photograph(16, 24)

    def encode_and_decode() -> None:
        codec.decode(codec.encode(pixels, Options(50, effort=4)), frame_of(pixels), "cpu")

    encode_and_decode()  # libraries and weights stay
    gc.collect()
    gc.disable()
    try:
        encode_and_decode()
        assert gc.collect() == 0
    finally:
        gc.enable()


CHECKS: list[Callable[[Codec], None]] = [
    check for name, check in sorted(globals().items()) if name.startswith("check_")
]
"""All of the above."""
