"""The payload of a painted picture: a short head, then the small picture as its codec coded it."""

import zlib
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nncodec.codec import Codec, Frame
from nncodec.errors import CorruptFile
from nncodec.nets import weights
from nncodec.nets.enlarging import half_frame, oddness
from nncodec.nets.resnet import LEVELS
from nncodec.painting.networks import STRENGTHS

_HEAD = 3
"""Bytes of the head behind the name of the weights."""


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
    odd: int
    """`oddness` of the whole picture, which the size of the small one does not tell."""
    small: bytes
    """The small picture, coded."""

    @property
    def seed(self) -> int:
        """Seed of the noise: the CRC-32 of the small picture's bytes."""
        return zlib.crc32(self.small)

    def serialize(self) -> bytes:
        """Head and small picture."""
        return (
            weights.model_field(self.model) + bytes([self.base, self.odd << 6 | self.level, self.strength]) + self.small
        )

    @classmethod
    def parse(cls, payload: bytes, codec: str, bases: Collection[int]) -> "PaintedPayload":
        """Parse a payload of ``codec``, whose small picture may be of the codecs with the numbers ``bases``.

        Raises CorruptFile if it is too short, or a field of its head is out of range.
        """
        model, rest = weights.split_model(payload, codec)
        weights.check_model(model, codec)
        if len(rest) <= _HEAD:
            raise CorruptFile(f"a {codec} payload of {len(payload)} bytes")
        base, sizes, strength = rest[:_HEAD]
        odd, level = divmod(sizes, 64)
        if base not in bases or level > LEVELS or strength > STRENGTHS:
            raise CorruptFile(f"a {codec} payload of codec {base}, level {level}, strength {strength}")
        return cls(model, base, level, strength, odd, rest[_HEAD:])

    def decode_small(self, by: Codec, frame: Frame, device: str) -> npt.NDArray[np.uint8]:
        """Decode the small picture, (h, w) or (h, w, 3); CorruptFile if it is not half of ``frame``."""
        if self.odd != oddness(frame):
            raise CorruptFile(f"a small picture for another size than {frame.width} x {frame.height}")
        return by.decode(self.small, half_frame(frame), device).astype(np.uint8, copy=False)
