"""Compact: a picture of half the size by a base codec, between a network that makes it and one that restores the whole.

After Jiang, Tao et al. 2017, "An End-to-End Compression Framework Based on Convolutional Neural Networks". The networks
are in `nncodec.codecs.compact.networks`, the payload in docs/format/compact.md. Meant for low rates: halving loses
detail.
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from nncodec.codec import Codec, Frame, Options, Pixels
from nncodec.codecs import by_id, by_name
from nncodec.codecs.compact.networks import Bytes, Condition
from nncodec.codecs.compact.networks import Compact as Networks
from nncodec.errors import CorruptFile, EncodeError
from nncodec.image.scaling import halved
from nncodec.nets import weights
from nncodec.nets.resnet import LEVELS

_NAME = "compact"
_BASES = ("avif", "webp", "jpeg2000", "jpeg")
_HEAD = 4


@cache
def _networks(model: int) -> Networks:
    return Networks(weights.load(model, _NAME))


def _odd(frame: Frame) -> int:
    return frame.height % 2 << 1 | frame.width % 2


@dataclass(frozen=True)
class _Parts:
    """A payload taken apart; :meth:`serialize` and :meth:`parse` are inverse."""

    model: int
    condition: Condition
    odd: int
    """1 for an odd width, plus 2 for an odd height: the small picture does not tell."""
    small: bytes
    """The half-size picture, coded by the base codec."""

    @property
    def base(self) -> Codec:
        """The base codec."""
        return by_id(self.condition.codec)

    def serialize(self) -> bytes:
        """To bytes."""
        told = self.condition
        head = self.model, told.codec, self.odd << 6 | told.level, told.chroma << 4 | told.luma
        return bytes(head) + self.small

    @classmethod
    def parse(cls, payload: bytes) -> "_Parts":
        """From bytes; CorruptFile if they say what no encoder writes."""
        if len(payload) <= _HEAD:
            raise CorruptFile(f"a compact payload of {len(payload)} bytes")
        model, number, sizes, strengths = payload[:_HEAD]
        odd, level = divmod(sizes, 64)
        if model not in weights.NUMBERS[_NAME] or number not in {by_name(base).id for base in _BASES} or level > LEVELS:
            raise CorruptFile(f"a compact payload of model {model}, codec {number}, level {level}")
        return cls(model, Condition(number, level, strengths & 15, strengths >> 4), odd, payload[_HEAD:])

    def seen(self, frame: Frame, device: str) -> Bytes:
        """The half-size picture, decoded; CorruptFile if it is not that of ``frame``."""
        if self.odd != _odd(frame):
            raise CorruptFile(f"a compact payload of another size than {frame.width} x {frame.height}")
        small = replace(frame, width=halved(frame.width, 1), height=halved(frame.height, 1))
        return self.base.decode(self.small, small, device).astype(np.uint8, copy=False)


class Compact:
    """See the module's docstring."""

    id = 17
    summary = "half the size, restored by a network, for few bits; on avif, or compact:webp, :jpeg2000, :jpeg"
    quality_step = 1.0
    depths = frozenset({8})
    bases = _BASES

    def __init__(self, base: str = _BASES[0]) -> None:
        self.base = base
        self.name = _NAME if base == self.bases[0] else f"{_NAME}:{base}"

    @property
    def max_side(self) -> int:
        """The base codec's, though its pictures are half as large."""
        return by_name(self.base).max_side

    def on(self, base: str) -> "Compact":
        """This codec on another base."""
        return Compact(base)

    def base_of(self, payload: bytes) -> int:
        """The number in the payload's head."""
        return _Parts.parse(payload).condition.codec

    def halvings_of(self, payload: bytes) -> int:
        """One, always."""
        return 1

    def missing(self) -> str | None:
        """What this installation lacks: the weights, or what the base codec lacks."""
        return weights.missing(_NAME) or by_name(self.base).missing()

    def encode(self, pixels: Pixels, options: Options) -> bytes:
        """Pixels (H, W) or (H, W, 3) uint8 to a payload; quality and effort are the base codec's.

        Raises EncodeError for other depths.
        """
        if pixels.dtype != np.uint8:
            raise EncodeError("compact takes 8 bits per sample", "encode it with jpeg2000")
        whole, base, model = pixels.astype(np.uint8, copy=False), by_name(self.base), weights.newest(_NAME)
        networks = _networks(model)
        condition = networks.condition(base.id, options.quality)
        frame = Frame(pixels.shape[1], pixels.shape[0], 1 if pixels.ndim == 2 else 3)
        parts = _Parts(model, condition, _odd(frame), base.encode(networks.compacted(whole, condition), options))
        seen = parts.seen(frame, options.device)
        return replace(parts, condition=networks.fitted(seen, whole, condition)).serialize()

    def decode(self, payload: bytes, frame: Frame, device: str) -> Pixels:
        """A payload to uint8 pixels of ``frame.shape``; the device does not matter to the networks.

        Raises CorruptFile if the payload is damaged or disagrees with ``frame``, UnsupportedFile for unknown weights.
        """
        if frame.depth != 8:
            raise CorruptFile(f"a compact payload in a picture of {frame.depth} bits per sample")
        parts = _Parts.parse(payload)
        if frame.channels == 1 and parts.condition.chroma:
            raise CorruptFile(f"a strength of {parts.condition.chroma} for the colours of a gray picture")
        networks = _networks(parts.model)
        if parts.condition.codec not in networks.codecs:
            raise CorruptFile(f"model {parts.model} restores no pictures of codec {parts.condition.codec}")
        return networks.restored(parts.seen(frame, device), frame.height, frame.width, parts.condition)


CODEC = Compact()
