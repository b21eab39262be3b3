"""Analysis and synthesis at run time: weights from arrays, whole pictures or tiles of them.

A tile is computed with margins as wide as the receptive field, which are then dropped, so that the picture does not
depend on the tiles, and the networks' memory does not depend on the picture's size.
"""

from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from nncodec.entropy.layout import HYPER_STRIDE, LATENT_STRIDE
from nncodec.nets.hyperprior import relative
from nncodec.nets.prior import HyperAnalysis
from nncodec.nets.stored import restored
from nncodec.nets.transform import Analysis, Synthesis, Widths

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

TILE = 128
"""Latent positions along a tile's side, margins included: the networks take some 250 MB for 128 x 128."""
HYPER_MARGIN = 1
"""Positions of the hyper-latent that its analysis needs around a tile."""
OVERSHOOT = 6
"""Levels that black and white are moved outwards before the analysis: the synthesis' errors there are clamped away."""


def _inputs() -> Floats:
    """What the analysis sees of a sample, (256,): nominally -0.5 to 0.5."""
    levels = np.arange(256, dtype=np.float32)
    levels[0] -= OVERSHOOT
    levels[255] += OVERSHOOT
    return levels / np.float32(255) - np.float32(0.5)


INPUTS = _inputs()


def widths_of(arrays: dict[str, npt.NDArray[Any]]) -> Widths:
    """The widths that a model's arrays were trained with, from their shapes."""

    def outputs(name: str) -> int:
        return int(arrays[name].shape[0])

    blocks = sum(name.startswith("synthesis.quarter.") and name.endswith("inner.weight") for name in arrays)
    return Widths(
        analysis=tuple(outputs(f"analysis.{part}.conv.bias") for part in ("enter", "to_eighth", "to_sixteenth")),  # type: ignore[arg-type]
        synthesis=(
            outputs("synthesis.enter.conv.bias"),
            outputs("synthesis.to_eighth.conv.bias") // 4,
            outputs("synthesis.to_quarter.conv.bias") // 4,
        ),
        blocks=blocks,
        latent=outputs("analysis.leave.bias"),
        hyper=outputs("hyper_analysis.leave.bias"),
        features=outputs("hyper_synthesis.leave.bias"),
        context=outputs("steps.0.features.conv.bias"),
    )


def bfloat16_is_fast(device: str) -> bool:
    """Whether convolutions in bfloat16 beat float32 here: a GPU, or a CPU with instructions for it."""
    if device != "cpu":
        return True
    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, bool)() for name in names)


class Tile(NamedTuple):
    """A rectangle of a grid, and the same with its margins as far as the grid goes: (rows, columns) each."""

    inner: tuple[slice, slice]
    outer: tuple[slice, slice]

    def within(self, unit: int) -> tuple[slice, slice]:
        """Where ``inner`` lies in an array of ``unit`` samples per position, along each axis, that covers ``outer``."""
        rows, columns = (
            slice((i.start - o.start) * unit, (i.stop - o.start) * unit)
            for i, o in zip(self.inner, self.outer, strict=True)
        )
        return rows, columns


def scaled(part: tuple[slice, slice], unit: int) -> tuple[slice, slice]:
    """The same rectangle on a grid that is finer by ``unit`` along each axis."""
    rows, columns = (slice(side.start * unit, side.stop * unit) for side in part)
    return rows, columns


def tiles(rows: int, columns: int, margin: int, side: int) -> Iterator[Tile]:
    """Cut a grid into tiles of at most ``side`` positions along each axis, margins included."""
    for top, first in _spans(rows, margin, side):
        for left, start in _spans(columns, margin, side):
            yield Tile((top, left), (first, start))


def _spans(length: int, margin: int, side: int) -> Iterator[tuple[slice, slice]]:
    """Nearly equal parts of ``length``, without and with their margins."""
    count = 1 if length <= side else -(-length // (side - 2 * margin))
    ends = [length * part // count for part in range(count + 1)]
    for start, stop in pairwise(ends):
        yield slice(start, stop), slice(max(0, start - margin), min(length, stop + margin))


class Painter:
    """The floating-point networks of one model, ready to run.

    Args:
        arrays: the model's arrays by name.
        device: ``cpu`` or ``cuda``.
        low_precision: run the inner layers in bfloat16.
    """

    def __init__(self, arrays: dict[str, npt.NDArray[Any]], device: str, low_precision: bool) -> None:
        self._arrays, self._widths = arrays, widths_of(arrays)
        self.device, self.low_precision = torch.device(device), low_precision
        self.margin = -(-(56 * self._widths.blocks + 4) // LATENT_STRIDE)
        self.channels, self.hyper_channels = self._widths.latent, self._widths.hyper

    @cached_property
    def analysis(self) -> nn.Module:
        """Pixels to latent; built when it is first needed, as decoders never do."""
        return self._ready(Analysis(self._widths), "analysis")

    @cached_property
    def synthesis(self) -> nn.Module:
        """Latent to pixels."""
        return self._ready(Synthesis(self._widths), "synthesis")

    @cached_property
    def hyper_analysis(self) -> nn.Module:
        """Latent to hyper-latent."""
        return self._ready(HyperAnalysis(self._widths), "hyper_analysis")

    def _ready(self, net: nn.Module, part: str) -> nn.Module:
        net.load_state_dict({name: torch.from_numpy(value) for name, value in restored(self._arrays, part).items()})
        net.requires_grad_(False)
        return net.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]

    def _run(self, net: nn.Module, x: Tensor, quality: int) -> Tensor:
        t = relative(torch.full((1,), float(quality), device=self.device))
        with torch.no_grad(), torch.autocast(self.device.type, torch.bfloat16, enabled=self.low_precision):
            y: Tensor = net(x.contiguous(memory_format=torch.channels_last), t)
        return y

    def analyse(self, pixels: Bytes, quality: int) -> Floats:
        """(H, W, 3) pixels, sides multiples of 64, to the latent (H/16, W/16, latent)."""
        rows, columns = pixels.shape[0] // LATENT_STRIDE, pixels.shape[1] // LATENT_STRIDE
        latent = np.empty((rows, columns, self.channels), np.float32)
        for tile in tiles(rows, columns, self.margin, TILE):
            part = torch.from_numpy(INPUTS[pixels[scaled(tile.outer, LATENT_STRIDE)]])
            x = part.to(self.device).permute(2, 0, 1)[None]
            y = self._run(self.analysis, x, quality)[0].permute(1, 2, 0)[tile.within(1)]
            latent[tile.inner] = y.cpu().numpy()
        return latent

    def hyper(self, latent: Floats, gain: Floats, quality: int) -> npt.NDArray[np.int32]:
        """The latent (H/16, W/16, latent), to be scaled by gain (latent,), to symbols (H/64, W/64, hyper)."""
        ratio = HYPER_STRIDE // LATENT_STRIDE
        rows, columns = latent.shape[0] // ratio, latent.shape[1] // ratio
        t = relative(torch.full((1,), float(quality), device=self.device))
        symbols = np.empty((rows, columns, self.hyper_channels), np.int32)
        for tile in tiles(rows, columns, HYPER_MARGIN, TILE // ratio):
            x = torch.from_numpy(latent[scaled(tile.outer, ratio)] * gain).to(self.device)
            with torch.no_grad():
                y = self.hyper_analysis(x.permute(2, 0, 1)[None], t).round()[0].permute(1, 2, 0)
            symbols[tile.inner] = y[tile.within(1)].cpu().numpy()
        return symbols

    def paint(self, latent: Floats, quality: int) -> Bytes:
        """The dequantised latent (H/16, W/16, latent) to pixels (H, W, 3)."""
        rows, columns, _ = latent.shape
        pixels = np.empty((rows * LATENT_STRIDE, columns * LATENT_STRIDE, 3), np.uint8)
        for tile in tiles(rows, columns, self.margin, TILE):
            x = torch.from_numpy(latent[tile.outer]).to(self.device).permute(2, 0, 1)[None]
            y = self._run(self.synthesis, x, quality)[0].permute(1, 2, 0)[tile.within(LATENT_STRIDE)]
            levels = y.add_(0.5).mul_(255).round_().clamp_(0, 255).to(torch.uint8)
            pixels[scaled(tile.inner, LATENT_STRIDE)] = levels.cpu().numpy()
        return pixels


def padded(pixels: Bytes) -> Bytes:
    """(H, W, 3) pixels with the last row and column repeated up to multiples of 64."""
    height, width, _ = pixels.shape
    return np.pad(pixels, ((0, -height % HYPER_STRIDE), (0, -width % HYPER_STRIDE), (0, 0)), mode="edge")
