"""The learned codec: a latent from a neural analysis, coded under a hyperprior with context, painted by a synthesis.

What decides bits is exact integer arithmetic (`nncodec.entropy`), so a file means the same symbols on every
machine. Pixels are painted in floating point and may differ by a level between machines. The payload's layout is in
docs/format-learned.md and `nncodec.entropy.payload`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nncodec import models
from nncodec.codecs import Frame, Options, Pixels
from nncodec.entropy.layout import HYPER_STRIDE, MAX_QUALITY_INDEX
from nncodec.errors import CorruptFile, EncodeError, UnsupportedFile

if TYPE_CHECKING:
    from nncodec.entropy.coder import Indices, Symbols
    from nncodec.entropy.prior import Means
    from nncodec.nets.painter import Painter

INDICES_PER_QUALITY = MAX_QUALITY_INDEX / 100
SLACK, STATE_BITS = 1.01, 64
"""What the range coder may save, by rounding and at its end, against the content of the symbols."""


@cache
def _painter(number: int, device: str, low_precision: bool) -> "Painter":
    from nncodec.nets.painter import Painter

    return Painter(models.load(number, "learned"), device, low_precision)


def painter(number: int, device: str) -> "Painter":
    """The networks of a model on a device, in the precision that is fast there."""
    from nncodec.nets.painter import bfloat16_is_fast

    return _painter(number, device, bfloat16_is_fast(device))


def available(device: str) -> str:
    """``cpu`` or ``cuda``; ``auto`` is the GPU where there is one. UnsupportedFile if there is no such device."""
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise UnsupportedFile("there is no cuda device here", "use the CPU; the picture is the same")
    return device


@contextmanager
def limited(threads: int) -> Iterator[None]:
    """Let torch use so many threads meanwhile; 0 leaves it alone."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Learned:
    """See the module's docstring."""

    id = 16
    name = "learned"
    summary = "neural transform and entropy model, one network for all qualities"
    quality_step = 1 / INDICES_PER_QUALITY
    depths = frozenset({8})
    max_side = 65535

    def missing(self) -> str | None:
        """What this installation lacks: a library, or the weights."""
        return models.missing(self.name, "torch", "constriction")

    def encode(self, pixels: Pixels, options: Options) -> bytes:
        """Pixels (H, W) or (H, W, 3) uint8 to a payload; EncodeError for other depths."""
        from nncodec.entropy.payload import stamp
        from nncodec.nets.painter import padded
        from nncodec.nets.search import Search

        if pixels.dtype != np.uint8:
            raise EncodeError("the learned codec takes 8 bits per sample", "encode it with jpeg2000")
        number = models.newest("learned")
        colour = np.broadcast_to(np.asarray(pixels, np.uint8).reshape(*pixels.shape[:2], -1), (*pixels.shape[:2], 3))
        quality = round(options.quality * INDICES_PER_QUALITY)
        arrays, device = models.load(number, "learned"), available(options.device)
        with limited(options.threads):
            start = stamp(pixels.shape[1], pixels.shape[0], 1 if pixels.ndim == 2 else 3, quality)
            search = Search(number, arrays, painter(number, device), quality, padded(colour), device, start)
            return search.best(options.effort)

    def decode(self, payload: bytes, frame: Frame, device: str) -> Pixels:
        """A payload to uint8 pixels of ``frame.shape``.

        Raises CorruptFile if the symbols are not those that were written, UnsupportedFile for unknown weights.
        """
        from nncodec.entropy.coder import Decoder
        from nncodec.entropy.payload import Payload, stamp
        from nncodec.entropy.prior import Prior
        from nncodec.entropy.walk import walk

        if frame.depth != 8:
            raise CorruptFile(f"a learned payload in a picture of {frame.depth} bits per sample")
        parsed, device = Payload.parse(payload), available(device)
        prior = Prior(models.load(parsed.model, "learned"), parsed.quality, device)
        height, width = -(-frame.height // HYPER_STRIDE), -(-frame.width // HYPER_STRIDE)
        if prior.least_bits(height, width) > SLACK * (8 * len(parsed.words) + STATE_BITS):
            raise CorruptFile(f"{len(payload)} bytes are too few for {frame.width} x {frame.height} pixels")
        decoder = Decoder(prior.tables, parsed.escapes, parsed.words)

        def exchange(step: int, means: "Means", indices: "Indices") -> "Symbols":
            return decoder.code(indices.reshape(-1)).reshape(indices.shape)

        walked = walk(prior, height, width, exchange, stamp(frame.width, frame.height, frame.channels, parsed.quality))
        decoder.finish()
        if walked.checksum != parsed.checksum:
            raise CorruptFile(f"the symbols' checksum is {walked.checksum:04x}, not {parsed.checksum:04x}")
        painted = painter(parsed.model, device).paint(walked.latent, parsed.quality)[: frame.height, : frame.width]
        return np.ascontiguousarray(painted) if frame.channels == 3 else grey(painted)


def grey(colour: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The mean of three channels, (H, W, 3) to (H, W), halves up: three noisy views of one gray picture."""
    total = colour.sum(axis=2, dtype=np.uint16)
    mean: npt.NDArray[np.uint8] = ((2 * total + 3) // 6).astype(np.uint8)
    return mean


CODEC = Learned()
