"""What the codecs superres and generative do alike: a smaller size, a codec, and a generator that paints the whole."""

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from nncodec.codec import Codec, Frame, Lossless, Options, Pixels
from nncodec.errors import CorruptFile, EncodeError
from nncodec.image.scaling import downscale

if TYPE_CHECKING:
    from nncodec.nets.weights import Model
    from nncodec.painting.bitstream import PaintedPayload
    from nncodec.painting.networks import Painter

_KEPT = 4
"""Sets of weights that are kept in memory."""


@lru_cache(_KEPT)
def painter(model: "Model", family: str) -> "Painter":
    """The generators of a set of weights; raises as `nncodec.nets.weights.arrays_of` does."""
    from nncodec.nets import weights
    from nncodec.painting.networks import Painter

    return Painter(weights.arrays_of(model, family))


class Painted:
    """A codec of this kind. Subclasses say their number, name and summary, and which codecs code the small picture."""

    quality_step = 1.0
    lossless = Lossless.NEVER
    depths = frozenset({8})
    decoding_memory = 16
    family: str
    """Name of the weights."""
    halvings = 1
    """Times that the encoder halves the sides of a picture."""
    most_halvings = 1
    """Times that files may say that they were halved."""
    noise = False
    """True if the generators are given noise, whose seed are the file's bytes."""

    def small_codec(self) -> Codec:
        """The codec that codes the small picture."""
        raise NotImplementedError

    def small_codecs(self) -> dict[int, Codec]:
        """All codecs that may have coded it, by wire number."""
        raise NotImplementedError

    def missing(self) -> str | None:
        """The weights, or the part of the codec of the small picture, that this installation lacks, or None."""
        from nncodec.nets import weights

        return weights.missing(self.family) or self.small_codec().missing()

    def encode(self, pixels: Pixels, options: Options) -> bytes:
        """Encode pixels (H, W) or (H, W, 3) uint8; quality and effort are those of the small picture's codec.

        Raises EncodeError for other depths.
        """
        from nncodec.nets import weights
        from nncodec.painting.bitstream import PaintedPayload, oddnesses
        from nncodec.painting.networks import STRENGTHS

        if pixels.dtype != np.uint8:
            raise EncodeError(f"{self.family} takes 8 bits per sample", "encode it with jpeg2000")
        by, model = self.small_codec(), weights.selected(self.family)
        found = painter(model, self.family)
        if by.id not in found.families:
            raise EncodeError(f"these weights were not trained for pictures of {by.name}")
        frame = Frame(pixels.shape[1], pixels.shape[0], 1 if pixels.ndim == 2 else 3)
        small = by.encode(downscale(pixels.astype(np.uint8, copy=False), self.halvings), options)
        level = found.level(by.id, options.quality)
        strength = round(STRENGTHS * (1.0 if options.perceptual is None else options.perceptual))
        return PaintedPayload(model, by.id, level, strength, oddnesses(frame, self.halvings), small).serialize()

    def decode(self, payload: bytes, frame: Frame, device: str) -> Pixels:
        """Decode a payload to uint8 pixels of ``frame.shape``; the generator runs on the CPU, whatever the device.

        Raises CorruptFile if the payload is damaged or disagrees with ``frame``, UnsupportedFile for unknown weights.
        """
        if frame.depth != 8:
            raise CorruptFile(f"a {self.family} payload in a picture of {frame.depth} bits per sample")
        parsed = self.parsed(payload)
        found = painter(parsed.model, self.family)
        if parsed.base not in found.families:
            raise CorruptFile(f"these weights paint no pictures of codec {parsed.base}")
        small = parsed.decode_small(self.small_codecs()[parsed.base], frame, device)
        seed = parsed.seed if self.noise else None
        condition = parsed.base, parsed.level, parsed.strength
        return found.paint(small, frame.height, frame.width, *condition, seed, parsed.halvings)

    def parsed(self, payload: bytes) -> "PaintedPayload":
        """The payload taken apart; CorruptFile if its head is damaged."""
        from nncodec.painting.bitstream import PaintedPayload

        return PaintedPayload.parse(payload, self.family, self.small_codecs().keys(), self.most_halvings)

    def perceptual_of(self, payload: bytes) -> float:
        """The strength of the painting that a payload states, 0 to 1; CorruptFile if its head is damaged."""
        from nncodec.painting.networks import STRENGTHS

        return self.parsed(payload).strength / STRENGTHS

    def with_perceptual(self, payload: bytes, perceptual: float) -> bytes:
        """The payload with another strength of the painting, 0 to 1."""
        from dataclasses import replace

        from nncodec.painting.networks import STRENGTHS

        return replace(self.parsed(payload), strength=round(STRENGTHS * perceptual)).serialize()

    def base_of(self, payload: bytes) -> int:
        """The wire number of the small picture's codec; CorruptFile if the head is damaged."""
        return self.parsed(payload).base

    def halvings_of(self, payload: bytes) -> int:
        """Once or twice, as the payload says; CorruptFile if its head is damaged."""
        return self.parsed(payload).halvings
