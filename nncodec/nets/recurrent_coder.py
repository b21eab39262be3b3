"""Pictures to layers of bits and back, with the networks and contexts of one set of weights.

The picture is held whole, some 40 bytes of memory per pixel; the codec limits its size.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nncodec.entropy.binary import LEVEL_BITS, Arrays, Contexts, Known, Reader, Round, Symbols, Writer, code_round
from nncodec.entropy.segments import CHECKSUM_MASK, Segment
from nncodec.errors import CorruptFile, UnsupportedFile
from nncodec.nets.overlapped import (
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
from nncodec.nets.recurrent import Recurrent, excess
from nncodec.nets.stored import restored


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
        weights = restored(self._arrays, "network")
        encoder, decoder = (len(weights[f"{part}.candidate.bias"]) for part in ("encoder", "decoder"))
        network = Recurrent(CHANNELS, self._arrays["units"].tolist(), encoder, decoder)
        network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
        return network.requires_grad_(False)

    def rounds(self, layer: int, channels: int) -> list[Round]:
        """Those of a layer, with the slots of the first channels alone: a gray picture has a third."""
        return [part.of_first(channels) for part in self.contexts.rounds[layer]]


class Picture:
    """A picture as far as bits have told: what encoder and decoder have in common."""

    def __init__(self, model: Model, width: int, height: int, channels: int) -> None:
        self.model, self.width, self.height = model, width, height
        rows, columns = -(-height // SIDE), -(-width // SIDE)
        self.known = Known(channels * PER_PLANE, rows, columns)
        self.checksum = zlib.crc32(struct.pack("<IIB", width, height, channels))
        self._state = torch.zeros(1, model.network.decoder.width, rows, columns)
        self._painted: Tensor | None = None

    def sums(self) -> Tensor:
        """What the bits add up to, (1, CHANNELS, h, w), in levels; channels that gray does not have are zero."""
        found = torch.zeros(1, CHANNELS, *self.known.sums.shape[1:])
        found[0, : len(self.known.sums)] = torch.from_numpy(self.known.sums)
        return found.mul_(0.5**LEVEL_BITS)

    def shown(self) -> Tensor:
        """The coefficients that are painted, (1, CHANNELS, h, w), in levels."""
        return self.sums() if self._painted is None else self.sums().add_(self._painted)

    def improve(self, before: Tensor, layer: int) -> None:
        """Let the decoder paint what it makes of a layer; ``before`` are the sums without it."""
        sums = self.sums()
        fresh, self._state = self.model.network.show(sums - before, sums, self._state, layer)
        self._painted = fresh if self._painted is None or not self.model.additive else self._painted.add_(fresh)

    def pixels(self) -> Bytes:
        """(H, W) or (H, W, 3)."""
        coefficients: Floats = self.shown()[0, : len(self.known.sums)].numpy()
        return from_planes(synthesise(coefficients)[:, : self.height, : self.width])


@torch.no_grad()
def encode(model: Model, pixels: Bytes, layers: int) -> list[Segment]:
    """Pixels (H, W) or (H, W, 3) to as many layers."""
    planes = to_planes(pixels)
    picture = Picture(model, pixels.shape[1], pixels.shape[0], len(planes))
    return list(_written(picture, analyse(mirrored(planes)), layers))


def _written(picture: Picture, wanted: Floats, layers: int) -> Iterator[Segment]:
    model, known = picture.model, picture.known
    target = torch.zeros(1, CHANNELS, *wanted.shape[1:])
    target[0, : len(wanted)] = torch.from_numpy(wanted)
    state = model.network.encoder.empty(target)
    for layer in range(layers):
        before, shown = picture.sums(), picture.shown()
        shift, dead, state = model.network.look(target - shown, state, layer)
        start = (shown if model.additive else before)[0, : len(wanted)].numpy()
        first = known.sums.copy()
        writer = Writer(model.contexts.tables, picture.checksum)
        for part in model.rounds(layer, len(wanted)):
            here = part.channels
            added = (known.sums[here] - first[here]).astype(np.float32) * 0.5**LEVEL_BITS
            symbols = _chosen(wanted[here] - start[here] - added, shift[0, here], dead[0, here], part)
            code_round(known, model.contexts, layer, part, writer, symbols.reshape(len(here), -1))
        picture.checksum = writer.checksum
        picture.improve(before, layer)
        yield Segment(writer.checksum & CHECKSUM_MASK, writer.finish())


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
        before = picture.sums()
        reader = Reader(model.contexts.tables, segment.words, picture.checksum)
        for part in model.rounds(layer, len(picture.known.sums)):
            code_round(picture.known, model.contexts, layer, part, reader)
        reader.finish()
        picture.checksum = reader.checksum
        if reader.checksum & CHECKSUM_MASK != segment.checksum:
            raise CorruptFile(f"the bits of layer {layer + 1} are not those that were written")
        picture.improve(before, layer)
    return picture.pixels()
