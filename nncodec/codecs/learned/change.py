"""A picture's own change of the synthesis network: differences of the weights of its last layer, most of them zero.

The layer is linear, so that the best change of a picture is one of least squares (`nncodec.codecs.learned.change_fit`).
On photographs few weights earn their bits; on drawings, text and regular textures many do.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nncodec.entropy.coder import Indices, Symbols
from nncodec.entropy.scales import N_SCALES
from nncodec.errors import CorruptFile
from nncodec.nets.quantised import restored
from nncodec.nets.resnet import Shape, between
from nncodec.nets.weights import Arrays

Floats = npt.NDArray[np.float32]

MOST_PLACES = 24
"""Most binary places of the weights of a change."""
_LEAVE = "net.leave.weight"


@dataclass(frozen=True)
class ChangeHead:
    """How the weights of a change are coded. `serialize` and `parse` are inverse functions."""

    places: int
    """Their binary places, 0 to MOST_PLACES."""
    tables: tuple[int, ...]
    """The table of the weights of each plane, 0 to N_SCALES - 1."""

    @staticmethod
    def length(planes: int) -> int:
        """Bytes of the head of a picture of one or three planes."""
        return 1 + planes

    def serialize(self) -> bytes:
        """To bytes."""
        return bytes([self.places, *self.tables])

    @classmethod
    def parse(cls, data: bytes) -> "ChangeHead":
        """From bytes; CorruptFile for numbers that are too large."""
        if data[0] > MOST_PLACES or max(data[1:]) >= N_SCALES:
            raise CorruptFile(f"a change of the network with the head {data.hex(' ')}")
        return cls(data[0], tuple(data[1:]))


@dataclass(frozen=True)
class Change:
    """Differences of the last layer, in units of 2^-places, and of its bias, behind the gain of the layer."""

    head: ChangeHead
    weights: Symbols
    """(outputs of the picture's planes, channels + 1); the last column is the bias."""

    def symbols(self) -> tuple[Symbols, Indices]:
        """The weights (n,) as they are coded, and their tables."""
        return self.weights.reshape(-1), tables_of(self.head, self.weights.shape)

    def applied(self, arrays: Arrays, level: float) -> Arrays:
        """The arrays of a model with this change, which hold for one level (0 to 1) alone."""
        values = restored(arrays, "net")
        gain = 1 + between(values["gain.values"][0], level)  # (outputs of three planes,)
        leave = values["leave.weight"][:, :, 0, 0] * gain[:, None]
        bias = values["leave.bias"] * gain
        unit, count = np.float32(2.0**-self.head.places), len(self.weights)
        leave[:count] += self.weights[:, :-1] * unit
        bias[:count] += self.weights[:, -1] * unit
        others = {name: array for name, array in arrays.items() if name != f"{_LEAVE}.step"}
        own = {_LEAVE: leave[:, :, None, None], "net.leave.bias": bias}
        return others | own | {"net.gain.values": np.zeros_like(values["gain.values"])}


def shape_of(arrays: Arrays, planes: int) -> tuple[int, int]:
    """The shape of the weights of a change under a model: outputs, and channels + 1."""
    shape = Shape.of(restored(arrays, "net"))
    return planes * shape.out**2, shape.width + 1


def tables_of(head: ChangeHead, shape: tuple[int, int]) -> Indices:
    """The table of each weight, (n,)."""
    return np.repeat(np.array(head.tables, np.uint8), shape[0] // len(head.tables) * shape[1])
