"""The three bytes of `luma` against its page of the format."""

import numpy as np
import pytest

from nncodec.errors import CorruptFile
from nncodec.nets import weights
from nncodec.restorers import luma
from nncodec.restorers.luma.bitstream import RestorerCondition, pack, unpack

NEWEST = weights.newest("luma")


@pytest.mark.parametrize(
    ("condition", "parameters"),
    [
        (RestorerCondition(0, 0, 8, 8), "32 00 88"),
        (RestorerCondition(0, 40, 15, 0), "32 28 0f"),
        (RestorerCondition(1, 0, 0, 15), "32 29 f0"),
        (RestorerCondition(5, 7, 2, 10), "32 d4 a2"),
    ],
)
def test_parameters_are_model_condition_strengths(condition, parameters):
    """Condition 41 f + d; the high nibble of the strengths is that of chroma."""
    assert pack(50, condition) == bytes.fromhex(parameters)
    assert unpack(bytes.fromhex(parameters)) == (50, condition)


@pytest.mark.parametrize("length", [0, 1, 2, 4])
def test_parameters_of_another_length_are_refused(length):
    with pytest.raises(CorruptFile, match="restorer parameters|0 bytes of luma"):
        unpack(bytes(length))


class Recorder:
    """A network that adds nothing and remembers what it was asked for."""

    families, halo = 6, 0

    def __init__(self) -> None:
        self.asked: set[tuple[int, float]] = set()

    def correction(self, ycc: np.ndarray, family: int, level: float) -> np.ndarray:
        """Nothing."""
        self.asked.add((family, level))
        return np.zeros_like(ycc)


@pytest.mark.parametrize(
    ("condition", "asked"), [(0, (0, 0.0)), (20, (0, 0.5)), (40, (0, 1.0)), (41 * 3 + 10, (3, 0.25))]
)
def test_the_network_is_given_the_level_in_fortieths(condition, asked, monkeypatch):
    net = Recorder()
    monkeypatch.setattr(luma, "_network", lambda device, model: net)
    luma.RESTORER.apply(np.zeros((16, 16, 3), np.uint8), bytes([NEWEST, condition, 0x88]), "cpu")
    assert net.asked == {asked}


class Constant(Recorder):
    """A network that adds a constant to luma."""

    def __init__(self, added: float) -> None:
        super().__init__()
        self._added = added

    def correction(self, ycc: np.ndarray, family: int, level: float) -> np.ndarray:
        """Adds it."""
        added = np.zeros_like(ycc)
        added[:, :, 0] = self._added
        return added


@pytest.mark.parametrize(("added", "expected"), [(300, 255), (-300, 0), (2.6, 103), (-2.6, 97)])
@pytest.mark.parametrize("shape", [(16, 16), (16, 16, 3)], ids=["gray", "colour"])
def test_samples_are_rounded_and_limited_to_8_bits(added, expected, shape, monkeypatch):
    monkeypatch.setattr(luma, "_network", lambda device, model: Constant(added))
    corrected = luma.RESTORER.apply(np.full(shape, 100, np.uint8), bytes([NEWEST, 0, 0x08]), "cpu")
    assert corrected.dtype == np.uint8
    assert (corrected == expected).all()
