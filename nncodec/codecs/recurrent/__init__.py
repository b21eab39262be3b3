"""Recurrent: progressive coding by a recurrent network, after Toderici et al. 2017, in layers that improve the picture.

Bits are coded with exact integer arithmetic (`nncodec.codecs.recurrent.context`). Pixels are reconstructed in floating
point and may differ by a level between machines. The payload's layout is in docs/format/recurrent.md.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from nncodec.codec import Frame, Lossless, Options, Pixels
from nncodec.errors import CorruptFile, EncodeError

if TYPE_CHECKING:
    from nncodec.codecs.recurrent.context import Contexts
    from nncodec.codecs.recurrent.model_torch import RecurrentModel
    from nncodec.nets.weights import Model

LAYERS = 16
"""Most layers that a payload can have."""
_NAME = "recurrent"
_INSTALL = "pip install torch"
_KEPT = 4
"""Sets of weights that are kept in memory."""


@lru_cache(_KEPT)
def _contexts(number: "Model") -> "Contexts":
    from nncodec.codecs.recurrent.context import Contexts
    from nncodec.nets import weights

    return Contexts(weights.arrays_of(number, _NAME))


@lru_cache(_KEPT)
def _model(number: "Model") -> "RecurrentModel":
    from nncodec.codecs.recurrent.model_torch import RecurrentModel
    from nncodec.nets import weights

    return RecurrentModel(weights.arrays_of(number, _NAME))


def layers_at(quality: float) -> int:
    """The number of iterations, 1 to `LAYERS`, of a quality of 0 to 100."""
    return 1 + round(quality * (LAYERS - 1) / 100)


class Recurrent:
    """The codec ``recurrent``; see the module's docstring."""

    id = 19
    name = _NAME
    summary = (
        "Neural codec of up to 16 layers. A file cut after any of them still shows the whole picture. "
        "Larger than avif, slow. Needs PyTorch."
    )
    quality_step = 100 / (LAYERS - 1)
    fidelity = ((0, 20.38), (7, 22.76), (20, 25.7), (33, 27.61), (53, 30.42), (73, 33.67), (100, 39.18))
    lossless = Lossless.NEVER
    depths = frozenset({8})
    max_side = 4096
    decoding_memory = 128

    def missing(self) -> str | None:
        """The library or the weights that this installation lacks, or None."""
        from nncodec.nets import weights

        return weights.missing(self.name, "torch")

    def encode(self, pixels: Pixels, options: Options) -> bytes:
        """Encode pixels (H, W) or (H, W, 3) uint8; the effort does not matter. EncodeError for other depths."""
        from nncodec.codecs.recurrent.bitstream import Payload
        from nncodec.nets import weights

        weights.require("torch", "codec recurrent", _INSTALL)
        from nncodec.codecs.recurrent.encoder_torch import encode

        if pixels.dtype != np.uint8:
            raise EncodeError("the recurrent codec takes 8 bits per sample", "encode it with jpeg2000")
        number = weights.selected(_NAME)
        model = _model(number)
        layers = min(layers_at(options.quality), model.contexts.n_layers)  # a user's own weights may have fewer
        segments = encode(model, pixels.astype(np.uint8, copy=False), layers)
        return b"".join(Payload(number, tuple(segments)).layers())

    def decode(self, payload: bytes, frame: Frame, device: str) -> Pixels:
        """Decode a payload to uint8 pixels of ``frame.shape``; the device does not matter.

        Raises CorruptFile if the bits do not have their checksum, UnsupportedFile for unknown weights. Damage of the
        head and of the first layer, and sizes beyond the codec's own, are found before torch is imported. Few bytes
        are no error: bits that are all 0, of a picture in middle gray, are stored in none.
        """
        from nncodec.codecs.recurrent.bitstream import Payload
        from nncodec.codecs.recurrent.decoder import decoded_layers
        from nncodec.nets import weights

        parsed = Payload.parse(payload)
        if frame.depth != 8 or max(frame.width, frame.height) > self.max_side:
            raise CorruptFile(f"a recurrent payload for {frame.width} x {frame.height} samples of {frame.depth} bits")
        weights.require("torch", "codec recurrent", _INSTALL)
        size = frame.width, frame.height
        layers = decoded_layers(_contexts(parsed.model), parsed.segments, *size, frame.channels)
        first = next(layers)
        from nncodec.codecs.recurrent.decoder_torch import reconstruct

        return reconstruct(_model(parsed.model), first, layers, *size)

    def cut(self, payload: bytes) -> list[bytes]:
        """Cut a payload into its layers, one for each iteration; CorruptFile if one is cut short."""
        from nncodec.codecs.recurrent.bitstream import Payload

        return Payload.parse(payload).layers()

    def decode_layers(self, layers: Sequence[bytes], frame: Frame, device: str) -> Pixels:
        """Decode the first layers to uint8 pixels of ``frame.shape``; errors as of `decode`."""
        return self.decode(b"".join(layers), frame, device)


CODEC = Recurrent()
