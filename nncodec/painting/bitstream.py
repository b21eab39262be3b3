"""The payload of a painted picture: a short head, then the small picture as its codec coded it."""

import zlib
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nncodec.codec import Codec, Frame
from nncodec.errors import CorruptFile
from nncodec.nets import weights
from nncodec.nets.enlarging import halved_frame, oddness
from nncodec.nets.resnet import LEVELS
from nncodec.painting.networks import STRENGTHS

_HEAD = 3
"""Bytes of the head behind the name of the weights."""


def oddnesses(frame: Frame, halvings: int) -> tuple[int, ...]:
    """`oddness` of a picture, and of each that it is halved to but the last."""
    return tuple(oddness(halved_frame(frame, times)) for times in range(halvings))


@dataclass(frozen=True)
class PaintedPayload:
    """A payload taken apart; :meth:`serialize` and :meth:`parse` are inverse functions."""

    model: weights.Model
    """Weights of the generators."""
    base: int
    """Wire number of the codec of the small picture."""
    level: int
    """Level of damage that the generator is told, 0 (worst) to LEVELS."""
    strength: int
    """Strength of the painting unless the decoder is told another, 0 to STRENGTHS."""
    odd: tuple[int, ...]
    """`oddness` of the whole picture, and of each that it was halved to but the last."""
    small: bytes
    """The small picture, coded."""

    @property
    def halvings(self) -> int:
        """Times that the sides of the picture were halved."""
        return len(self.odd)

    @property
    def seed(self) -> int:
        """Seed of the noise: the CRC-32 of the small picture's bytes."""
        return zlib.crc32(self.small)

    def serialize(self) -> bytes:
        """Head and small picture."""
        odd, *quarter = self.odd
        more = quarter[0] << 1 | 1 if quarter else 0
        head = bytes([self.base, odd << 6 | self.level, more << 4 | self.strength])
        return weights.model_field(self.model) + head + self.small

    @classmethod
    def parse(cls, payload: bytes, codec: str, bases: Collection[int], most: int) -> "PaintedPayload":
        """Parse a payload of ``codec``, whose small picture may be of the codecs with the numbers ``bases``.

        Its sides were halved ``most`` times, 1 or 2, at most. Raises CorruptFile if it is too short, or a field of its
        head is out of range.
        """
        model, rest = weights.split_model(payload, codec)
        weights.check_model(model, codec)
        if len(rest) <= _HEAD:
            raise CorruptFile(f"a {codec} payload of {len(payload)} bytes")
        base, sizes, painting = rest[:_HEAD]
        (odd, level), (more, strength) = divmod(sizes, 64), divmod(painting, STRENGTHS + 1)
        halvings = 1 + (more & 1)
        if base not in bases or level > LEVELS or halvings > most or more >> 3 or (halvings == 1 and more):
            raise CorruptFile(f"a {codec} payload of codec {base}, level {level}, strength {painting}")
        return cls(model, base, level, strength, (odd, more >> 1)[:halvings], rest[_HEAD:])

    def decode_small(self, by: Codec, frame: Frame, device: str) -> npt.NDArray[np.uint8]:
        """Decode the small picture, (h, w) or (h, w, 3); CorruptFile if it is not of ``frame``'s size halved."""
        if self.odd != oddnesses(frame, self.halvings):
            raise CorruptFile(f"a small picture for another size than {frame.width} x {frame.height}")
        return by.decode(self.small, halved_frame(frame, self.halvings), device).astype(np.uint8, copy=False)
