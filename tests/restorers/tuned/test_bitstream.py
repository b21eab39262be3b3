"""The parameters of `tuned` in a file against its page of the format, and the ones that are refused."""

import numpy as np
import pytest

from nncodec.entropy.coder import Encoder, join_streams
from nncodec.entropy.tables import Tables
from nncodec.errors import CorruptFile, NncError, UnsupportedFile
from nncodec.nets import weights
from nncodec.restorers.tuned.bitstream import decoded, starts_for

MODEL = weights.newest("tuned")
ARRAYS = weights.load(MODEL, "tuned")
START = ARRAYS["starts"][2].astype(np.float32)


def written(symbols: dict[int, int], exponent: int, scale: int) -> bytes:
    """Parameters from start 2 with a few symbols that are not zero, by place."""
    whole = np.zeros(378, np.int32)
    whole[list(symbols)] = list(symbols.values())
    encoder = Encoder(Tables.unpack(ARRAYS))
    encoder.code(whole, np.full(378, scale, np.uint8))
    return bytes([MODEL, 2, exponent, scale]) + join_streams(*encoder.finish())


def test_two_bytes_are_the_weights_of_a_start() -> None:
    assert np.array_equal(decoded(bytes([MODEL, 2])), START)


@pytest.mark.parametrize("exponent", [3, 8])
@pytest.mark.parametrize("scale", [0, 20, 63])
def test_symbols_are_differences_in_powers_of_two(exponent: int, scale: int) -> None:
    expected = START.copy()
    expected[5] += 3 / 2**exponent
    expected[377] -= 70 / 2**exponent  # beyond the tables, which hold 31
    assert np.array_equal(decoded(written({5: 3, 377: -70}, exponent, scale)), expected)


@pytest.mark.parametrize(("exponent", "scale"), [(2, 20), (9, 20), (0, 20), (255, 20), (3, 64), (3, 255)])
def test_other_steps_and_scales_are_refused(exponent: int, scale: int) -> None:
    sound = written({5: 3}, 3, 20)
    with pytest.raises(CorruptFile, match="step exponent"):
        decoded(sound[:2] + bytes([exponent, scale]) + sound[4:])


@pytest.mark.parametrize(("symbol", "fine"), [(128, True), (129, False), (-128, True), (-129, False)])
def test_differences_above_16_are_refused(symbol: int, fine: bool) -> None:
    """In steps of 1/8."""
    parameters = written({7: symbol}, 3, 20)
    if fine:
        assert decoded(parameters)[7] == START[7] + symbol / 8
    else:
        with pytest.raises(CorruptFile, match="more than 16"):
            decoded(parameters)


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        (b"", CorruptFile),
        (bytes([MODEL]), CorruptFile),
        (bytes([0, 0]), UnsupportedFile),
        (bytes([MODEL, 255]), CorruptFile),
        (bytes([MODEL, len(ARRAYS["starts"])]), CorruptFile),
        (bytes([MODEL, 0, 5]), CorruptFile),
        (bytes([MODEL, 0, 5, 10]), CorruptFile),
        (bytes([MODEL, 0, 5, 10, 9, 1]), CorruptFile),
        (bytes([MODEL, 0, 5, 10, 0, 1, 0]), CorruptFile),
    ],
)
def test_impossible_parameters_are_refused(parameters: bytes, error: type[NncError]) -> None:
    with pytest.raises(error):
        decoded(parameters)


def test_nothing_may_follow_the_symbols() -> None:
    sound = written({5: 3}, 3, 20)
    for more in (bytes(12) + b"\x01", b"\xff" * 16):
        with pytest.raises(CorruptFile, match="not used"):
            decoded(sound + more)


def test_every_start_is_for_one_codec() -> None:
    """Wire numbers of jpeg, jpeg2000, webp and avif; jpegfile, 2, has none."""
    found = {codec: starts_for(MODEL, codec) for codec in range(1, 20)}
    assert {codec for codec, starts in found.items() if starts} == {1, 3, 4, 5}
    assert sorted(index for starts in found.values() for index in starts) == list(range(len(ARRAYS["starts"])))
