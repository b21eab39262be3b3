"""Compact: a picture of half the size by a base codec, between a network that makes it and one that restores the whole.

After Jiang, Tao et al. 2017, "An End-to-End Compression Framework Based on Convolutional Neural Networks". The networks
are in `nncodec.codecs.compact.networks`, the payload in docs/format/compact.md. Meant for low rates: halving loses
detail.
"""

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from nncodec.codec import Frame, HasFile, Lossless, Options, PictureFile, Pixels
from nncodec.codecs import base_codecs, by_name
from nncodec.errors import CorruptFile, EncodeError, UnsupportedFile
from nncodec.image import Metadata

if TYPE_CHECKING:
    from nncodec.codecs.compact.networks import CompactNetworks
    from nncodec.nets.weights import Model

_NAME = "compact"
_DEFAULT_BASE = "avif"
_KEPT = 4
"""Sets of weights that are kept in memory."""


@lru_cache(_KEPT)
def _networks(model: "Model") -> "CompactNetworks":
    from nncodec.codecs.compact.networks import CompactNetworks
    from nncodec.nets import weights

    return CompactNetworks(weights.arrays_of(model, _NAME))


def _trained() -> list[int]:
    """The wire numbers of the base codecs that the newest weights were trained for; none without weights."""
    from nncodec.nets import weights

    try:
        return _networks(weights.newest(_NAME)).codecs
    except UnsupportedFile:
        return []


_FIDELITY = {
    "avif": ((0, 22.47), (10, 24.63), (17, 25.66), (25, 26.6), (40, 28.15), (55, 29.41), (75, 30.16), (100, 30.79)),
    "jpeg": ((0, 21.1), (8, 24.27), (20, 26.13), (45, 27.46), (80, 28.92), (100, 30.62)),
    "webp": ((0, 23.69), (20, 26.86), (50, 28.31), (80, 29.4), (100, 30.74)),
    "jpeg2000": ((0, 21.1), (20, 24.66), (40, 27.44), (60, 29.2), (80, 30.11), (100, 30.77)),
}
"""What `Codec.fidelity` says, by the name of the base codec."""


class Compact:
    """The codec ``compact``; see the module's docstring."""

    id = 17
    summary = (
        "A picture of half the width and height, enlarged by a network. For very small files only; slow to decode. "
        "Its base codec is avif, or compact:webp, :jpeg2000, :jpeg."
    )
    quality_step = 1.0
    lossless = Lossless.NEVER
    depths = frozenset({8})
    decoding_memory = 24

    def __init__(self, base: str = _DEFAULT_BASE) -> None:
        self.base = base
        self.name = _NAME if base == _DEFAULT_BASE else f"{_NAME}:{base}"

    @property
    def fidelity(self) -> tuple[tuple[float, float], ...]:
        """Own qualities and their PSNR on photographs; see `Codec.fidelity`."""
        return _FIDELITY[self.base]

    @property
    def bases(self) -> tuple[str, ...]:
        """The names of the base codecs that the newest weights were trained for; none without weights."""
        return tuple(base.name for base in base_codecs(_DEFAULT_BASE) if base.id in _trained())

    @property
    def max_side(self) -> int:
        """Largest width or height: that of the base codec, though its pictures are half as large."""
        return by_name(self.base).max_side

    def on(self, base: str) -> "Compact":
        """This codec on another base."""
        return Compact(base)

    def base_of(self, payload: bytes) -> int:
        """The wire number of the base codec, from the payload's head; CorruptFile if the head is damaged."""
        from nncodec.codecs.compact.bitstream import CompactPayload

        return CompactPayload.parse(payload).condition.codec

    def halvings_of(self, payload: bytes) -> int:
        """One, for every payload."""
        return 1

    def missing(self) -> str | None:
        """The weights, or the part of the base codec, that this installation lacks, or None."""
        from nncodec.nets import weights

        return weights.missing(_NAME) or by_name(self.base).missing()

    def encode(self, pixels: Pixels, options: Options) -> bytes:
        """Encode pixels (H, W) or (H, W, 3) uint8; quality and effort are the base codec's.

        Raises EncodeError for other depths.
        """
        from nncodec.codecs.compact.bitstream import CompactPayload
        from nncodec.nets import weights
        from nncodec.nets.enlarging import oddness

        if pixels.dtype != np.uint8:
            raise EncodeError("compact takes 8 bits per sample", "encode it with jpeg2000")
        whole, base, model = pixels.astype(np.uint8, copy=False), by_name(self.base), weights.selected(_NAME)
        networks = _networks(model)
        if base.id not in networks.codecs:
            raise EncodeError(f"these weights were not trained for pictures of {base.name}")
        condition = networks.condition(base.id, options.quality)
        frame = Frame(pixels.shape[1], pixels.shape[0], 1 if pixels.ndim == 2 else 3)
        small = base.encode(networks.compact(whole, condition), options)
        payload = CompactPayload(model, condition, oddness(frame), small)
        seen = payload.decode_small(frame, options.device)
        return replace(payload, condition=networks.fit_strengths(seen, whole, condition)).serialize()

    def decode(self, payload: bytes, frame: Frame, device: str) -> Pixels:
        """Decode a payload to uint8 pixels of ``frame.shape``; the networks run on the CPU, whatever the device.

        Raises CorruptFile if the payload is damaged or disagrees with ``frame``, UnsupportedFile for unknown weights.
        """
        from nncodec.codecs.compact.bitstream import CompactPayload

        if frame.depth != 8:
            raise CorruptFile(f"a compact payload in a picture of {frame.depth} bits per sample")
        parsed = CompactPayload.parse(payload)
        condition = parsed.condition
        if frame.channels == 1 and condition.chroma:
            raise CorruptFile(f"a strength of {condition.chroma} for the colours of a gray picture")
        networks = _networks(parsed.model)
        if condition.codec not in networks.codecs:
            raise CorruptFile(f"these weights restore no pictures of codec {condition.codec}")
        return networks.restore(parsed.decode_small(frame, device), frame.height, frame.width, condition)

    def file(self, payload: bytes, frame: Frame, metadata: Metadata) -> PictureFile:
        """The half-size picture as a file of its codec, with a note on its size."""
        from nncodec.codecs.compact.bitstream import CompactPayload
        from nncodec.nets.enlarging import halved_frame

        parsed, small = CompactPayload.parse(payload), halved_frame(frame)
        assert isinstance(parsed.base, HasFile)
        file = parsed.base.file(parsed.small, small, metadata)
        note = f"it is the small picture, {small.width} x {small.height}, that a network enlarges"
        return replace(file, notes=(note, *file.notes))


CODEC = Compact()
