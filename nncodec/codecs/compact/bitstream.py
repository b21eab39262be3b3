"""The payload of the codec ``compact``: a short head, then the half-size picture as the base codec coded it."""

from dataclasses import dataclass

import numpy as np

from nncodec.codec import Codec, Frame, HasSlopes
from nncodec.codecs import all_codecs, by_id
from nncodec.codecs.compact.networks import Bytes, CompactCondition
from nncodec.errors import CorruptFile
from nncodec.nets import weights
from nncodec.nets.enlarging import halved_frame, oddness
from nncodec.nets.resnet import LEVELS

_HEAD = 3
"""Bytes of the head behind the name of the weights."""


@dataclass(frozen=True)
class CompactPayload:
    """A payload taken apart; :meth:`serialize` and :meth:`parse` are inverse functions."""

    model: weights.Model
    """Weights of both networks."""
    condition: CompactCondition
    odd: int
    """`oddness` of the whole picture, which the size of the half-size picture does not tell."""
    small: bytes
    """The half-size picture, coded by the base codec."""

    @property
    def base(self) -> Codec:
        """The base codec."""
        return by_id(self.condition.codec)

    def serialize(self) -> bytes:
        """Head and half-size picture."""
        condition = self.condition
        strengths = condition.chroma << 4 | condition.luma
        head = bytes([condition.codec, self.odd << 6 | condition.level, strengths])
        return weights.model_field(self.model) + head + self.small

    @classmethod
    def parse(cls, payload: bytes) -> "CompactPayload":
        """Parse a payload; CorruptFile if it is too short, or a field of its head is out of range."""
        model, rest = weights.split_model(payload, "compact")
        weights.check_model(model, "compact")
        if len(rest) <= _HEAD:
            raise CorruptFile(f"a compact payload of {len(payload)} bytes")
        number, sizes, strengths = rest[:_HEAD]
        odd, level = divmod(sizes, 64)
        bases = {codec.id for codec in all_codecs().values() if isinstance(codec, HasSlopes)}
        if number not in bases or level > LEVELS:
            raise CorruptFile(f"a compact payload of codec {number}, level {level}")
        return cls(model, CompactCondition(number, level, strengths & 15, strengths >> 4), odd, rest[_HEAD:])

    def decode_small(self, frame: Frame, device: str) -> Bytes:
        """Decode the half-size picture, (h, w) or (h, w, 3) uint8; CorruptFile if it is not half of ``frame``."""
        if self.odd != oddness(frame):
            raise CorruptFile(f"a compact payload of another size than {frame.width} x {frame.height}")
        return self.base.decode(self.small, halved_frame(frame), device).astype(np.uint8, copy=False)
