"""The model of the recurrent codec, one set of weights, and the state of a picture that encoder and decoder keep."""

from collections.abc import Callable
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nncodec.codecs.recurrent.context import LEVEL_BITS, Arrays, BitState, Contexts
from nncodec.codecs.recurrent.network_torch import RecurrentNetwork
from nncodec.codecs.recurrent.transform import CHANNELS, Bytes, Floats, from_planes, synthesise
from nncodec.errors import UnsupportedFile
from nncodec.nets.quantised import restored

_ROWS = 16
"""Rows of positions whose 1 x 1 convolutions are computed at once."""


class RecurrentModel:
    """Contexts and network; UnsupportedFile if their sizes do not fit together."""

    def __init__(self, arrays: Arrays) -> None:
        self.contexts = Contexts(arrays)
        self.additive = bool(arrays["additive"])
        """True: the network's corrections of all layers add up; false: the last layer's is the whole (one-shot)."""
        self._arrays = arrays
        if self.contexts.channels != CHANNELS or len(arrays["units"]) != self.contexts.n_layers:
            raise UnsupportedFile("the weights of the recurrent codec do not fit together")

    @cached_property
    def network(self) -> RecurrentNetwork:
        """Encoder and decoder, float32."""
        units = self._arrays["units"].tolist()
        return RecurrentNetwork.of(restored(self._arrays, "network"), units).requires_grad_(False)


class PictureState:
    """The decoded state of a picture after some layers: sums and the decoder's memory.

    Encoder and decoder both keep it, with equal sums.

    Args:
        model: the weights.
        bits: the sums; `finish_layer` takes in what has changed.
        width, height: of the picture, in pixels.
    """

    def __init__(self, model: RecurrentModel, bits: BitState, width: int, height: int) -> None:
        self.model, self.bits, self.width, self.height = model, bits, width, height
        self._sums_before = np.zeros_like(bits.sums)
        self._memory = torch.zeros(1, model.network.decoder.width, *bits.sums.shape[1:])
        self._layer = 0
        self._added: Tensor | None = None

    def finish_layer(self) -> None:
        """Update the decoder's memory, after all bits of a layer are in the sums."""
        network, sums = self.model.network, self.bits.sums

        def seen(rows: slice) -> Tensor:
            news = to_levels(sums[:, rows] - self._sums_before[:, rows])
            return network.decoder_input(news, to_levels(sums[:, rows]), self._layer)

        self._memory = network.decoder(by_rows(seen, sums.shape[1]), self._memory)
        np.copyto(self._sums_before, sums)
        self._layer += 1
        if self.model.additive:
            fresh = network.correction(self._memory, self._layer - 1)
            self._added = fresh if self._added is None else self._added.add_(fresh)

    def correction(self) -> Floats:
        """The network's correction of the sums, (channels, h, w), in levels; zero before the first layer."""
        count = len(self.bits.sums)
        if not self._layer:
            return np.zeros(self.bits.sums.shape, np.float32)
        latest = self._added if self.model.additive else self.model.network.correction(self._memory, self._layer - 1)
        found: Floats = latest[0, :count].numpy()  # type: ignore[index]
        return found

    def pixels(self) -> Bytes:
        """The picture as decoded so far, (H, W) or (H, W, 3) uint8."""
        coefficients = self.bits.sums.astype(np.float32)
        coefficients *= 0.5**LEVEL_BITS
        coefficients += self.correction()
        return from_planes(synthesise(coefficients)[:, : self.height, : self.width])


def to_levels(sums: npt.NDArray[np.int32]) -> Tensor:
    """Sums (channels, h, w) to (1, CHANNELS, h, w) in levels; channels that gray does not have are zero."""
    found = torch.zeros(1, CHANNELS, *sums.shape[1:])
    found[0, : len(sums)] = torch.from_numpy(sums)
    return found.mul_(0.5**LEVEL_BITS)


def by_rows(compute: Callable[[slice], Tensor], height: int) -> Tensor:
    """Join the results (1, n, rows, w) of ``compute`` on slices of ``height`` rows: temporary arrays stay small."""
    return torch.cat([compute(slice(top, top + _ROWS)) for top in range(0, height, _ROWS)], 2)
