"""Pictures to layers of bits and back, with the networks and contexts of one set of weights.

The picture is held whole: at 8 megapixels decoding took some 115 bytes of memory per pixel, encoding 150. So the codec
limits its size.
"""

import struct
import zlib
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nncodec.codecs.recurrent.bitstream import Reader, Symbols, Writer, code_round
from nncodec.codecs.recurrent.context import LEVEL_BITS, Arrays, BitState, Contexts, Round
from nncodec.codecs.recurrent.network_torch import Recurrent, excess
from nncodec.codecs.recurrent.payload import CHECKSUM_MASK, Segment
from nncodec.codecs.recurrent.transform import (
    CHANNELS,
    PER_PLANE,
    SIDE,
    Bytes,
    Floats,
    analyse,
    from_planes,
    mirrored,
    synthesise,
    to_planes,
)
from nncodec.errors import CorruptFile, UnsupportedFile
from nncodec.nets.quantised import restored

_ROWS = 16
"""Rows of positions that the networks take in at once."""


class Model:
    """One set of weights; UnsupportedFile if they do not fit together."""

    def __init__(self, arrays: Arrays) -> None:
        self.contexts = Contexts(arrays)
        self.additive = bool(arrays["additive"])
        self._arrays = arrays
        if self.contexts.channels != CHANNELS or len(arrays["units"]) != self.contexts.n_layers:
            raise UnsupportedFile("the weights of the recurrent codec do not fit together")

    @cached_property
    def network(self) -> Recurrent:
        """Encoder and decoder, float32."""
        units = self._arrays["units"].tolist()
        return Recurrent.of(restored(self._arrays, "network"), units).requires_grad_(False)

    def rounds(self, layer: int, channels: int) -> list[Round]:
        """Those of a layer, with the slots of the first channels alone: a gray picture has a third."""
        return [part.of_first(channels) for part in self.contexts.rounds[layer]]


class Picture:
    """A picture as far as bits have told: what encoder and decoder have in common."""

    def __init__(self, model: Model, width: int, height: int, channels: int) -> None:
        self.model, self.width, self.height = model, width, height
        rows, columns = -(-height // SIDE), -(-width // SIDE)
        self.known = BitState(channels * PER_PLANE, rows, columns)
        self.checksum = zlib.crc32(struct.pack("<IIB", width, height, channels))
        self._before = self.known.sums.copy()
        self._state = torch.zeros(1, model.network.decoder.width, rows, columns)
        self._layer = 0
        self._added: Tensor | None = None

    def improve(self) -> None:
        """Tell the decoder's memory of a layer whose bits are all known."""
        network, sums = self.model.network, self.known.sums

        def heard(rows: slice) -> Tensor:
            return network.hear(_levels(sums[:, rows] - self._before[:, rows]), _levels(sums[:, rows]), self._layer)

        self._state = network.decoder(_by_rows(heard, sums.shape[1]), self._state)
        np.copyto(self._before, sums)
        self._layer += 1
        if self.model.additive:
            fresh = network.painted(self._state, self._layer - 1)
            self._added = fresh if self._added is None else self._added.add_(fresh)

    def painted(self) -> Floats:
        """What is to be added to the sums, (channels, h, w), in levels."""
        count = len(self.known.sums)
        if not self._layer:
            return np.zeros(self.known.sums.shape, np.float32)
        added = self._added if self.model.additive else self.model.network.painted(self._state, self._layer - 1)
        found: Floats = added[0, :count].numpy()  # type: ignore[index]
        return found

    def pixels(self) -> Bytes:
        """(H, W) or (H, W, 3)."""
        coefficients = self.known.sums.astype(np.float32)
        coefficients *= 0.5**LEVEL_BITS
        coefficients += self.painted()
        return from_planes(synthesise(coefficients)[:, : self.height, : self.width])


def _levels(sums: npt.NDArray[np.int32]) -> Tensor:
    """Sums (channels, h, w) to (1, CHANNELS, h, w) in levels; channels that gray does not have are zero."""
    found = torch.zeros(1, CHANNELS, *sums.shape[1:])
    found[0, : len(sums)] = torch.from_numpy(sums)
    return found.mul_(0.5**LEVEL_BITS)


def _by_rows(work: Callable[[slice], Tensor], height: int) -> Tensor:
    """What ``work`` makes of some rows at a time, (1, n, rows, w), put together."""
    return torch.cat([work(slice(top, top + _ROWS)) for top in range(0, height, _ROWS)], 2)


@torch.no_grad()
def encode(model: Model, pixels: Bytes, layers: int) -> list[Segment]:
    """Pixels (H, W) or (H, W, 3) to as many layers."""
    planes = to_planes(pixels)
    picture = Picture(model, pixels.shape[1], pixels.shape[0], len(planes))
    wanted = analyse(mirrored(planes))
    state = torch.zeros(1, model.network.encoder.width, *wanted.shape[1:])
    segments = []
    for layer in range(layers):
        segment, state = _written(picture, wanted, state, layer)
        segments.append(segment)
    return segments


def _written(picture: Picture, wanted: Floats, state: Tensor, layer: int) -> tuple[Segment, Tensor]:
    """One layer of coefficients (channels, h, w), and the encoder's next state."""
    model, sums = picture.model, picture.known.sums
    painted = picture.painted()

    def looked(rows: slice) -> Tensor:
        missing = torch.zeros(1, CHANNELS, *wanted[:1, rows].shape[1:])
        missing[0, : len(wanted)] = torch.from_numpy(wanted[:, rows] - painted[:, rows])
        return model.network.look(missing.sub_(_levels(sums[:, rows])), layer)

    state = model.network.encoder(_by_rows(looked, wanted.shape[1]), state)
    shift, dead = model.network.offsets(state)
    writer = Writer(model.contexts.tables, picture.checksum)
    for part in model.rounds(layer, len(wanted)):
        here = part.channels
        residual = wanted[here] - sums[here].astype(np.float32) * 0.5**LEVEL_BITS
        if model.additive:
            residual -= painted[here]
        symbols = _chosen(residual, shift[0, here], dead[0, here], part)
        code_round(picture.known, model.contexts, layer, part, writer, symbols.reshape(len(here), -1))
    picture.checksum = writer.checksum
    picture.improve()
    return Segment(writer.checksum & CHECKSUM_MASK, writer.finish()), state


def _chosen(residual: npt.NDArray[np.float32], shift: Tensor, dead: Tensor, part: Round) -> Symbols:
    """The symbols of a round, (k, h, w): 1, -1, or 0, for residuals in levels."""
    thresholds = np.exp2(part.exponent).astype(np.float32)[:, None, None]
    up, down = excess(torch.from_numpy(residual / thresholds), shift, dead)
    symbols: Symbols = np.where(up > 0, 1, -1 * (down > 0).numpy()).astype(np.int8)
    return symbols


@torch.no_grad()
def decode(model: Model, segments: Sequence[Segment], width: int, height: int, channels: int) -> Bytes:
    """Layers, the first ones or all, to pixels; CorruptFile if their bits are not those that were written."""
    if len(segments) > model.contexts.n_layers:
        raise CorruptFile(f"{len(segments)} layers, of which the weights know {model.contexts.n_layers}")
    picture = Picture(model, width, height, channels)
    for layer, segment in enumerate(segments):
        reader = Reader(model.contexts.tables, segment.words, picture.checksum)
        for part in model.rounds(layer, len(picture.known.sums)):
            code_round(picture.known, model.contexts, layer, part, reader)
        reader.finish()
        picture.checksum = reader.checksum
        if reader.checksum & CHECKSUM_MASK != segment.checksum:
            raise CorruptFile(f"the bits of layer {layer + 1} are not those that were written")
        picture.improve()
    return picture.pixels()
