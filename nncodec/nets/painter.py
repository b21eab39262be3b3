"""Analysis and synthesis at run time: weights from arrays, whole pictures or strips of them.

A strip is computed with a margin as large as the receptive field and the margin is then dropped, so that the
picture does not depend on the height of the strips, and memory does not depend on the picture's.
"""

from collections.abc import Iterator
from typing import Any

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

STRIP_PIXELS = 1 << 22
"""Pixels of a strip, its margins included; but a strip is never lower than its margins together."""


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


def strips(rows: int, margin: int, row_pixels: int) -> Iterator[tuple[int, int, int, int]]:
    """Cut rows into strips: (first, last, first with margin, last with margin), ends exclusive.

    ``row_pixels`` is how many pixels of the picture one row stands for.
    """
    height = max(2 * margin, STRIP_PIXELS // row_pixels - 2 * margin)
    if rows <= height + 2 * margin:
        height = rows
    for top in range(0, rows, height):
        bottom = min(top + height, rows)
        yield top, bottom, max(0, top - margin), min(rows, bottom + margin)


HYPER_MARGIN = 1
"""Rows of the hyper-latent that its analysis needs around a strip."""


class Painter:
    """The floating-point networks of one model, ready to run.

    Args:
        arrays: the model's arrays by name.
        device: ``cpu`` or ``cuda``.
        low_precision: run the inner layers in bfloat16.
    """

    def __init__(self, arrays: dict[str, npt.NDArray[Any]], device: str, low_precision: bool) -> None:
        widths = widths_of(arrays)
        self.device, self.low_precision = torch.device(device), low_precision
        self.margin = -(-(56 * widths.blocks + 4) // LATENT_STRIDE)
        self.channels = widths.latent
        self.analysis = self._ready(Analysis(widths), arrays, "analysis")
        self.synthesis = self._ready(Synthesis(widths), arrays, "synthesis")
        self.hyper_analysis = self._ready(HyperAnalysis(widths), arrays, "hyper_analysis")

    def _ready(self, net: nn.Module, arrays: dict[str, npt.NDArray[Any]], part: str) -> nn.Module:
        net.load_state_dict({name: torch.from_numpy(value) for name, value in restored(arrays, part).items()})
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
        for top, bottom, first, last in strips(rows, self.margin, columns * LATENT_STRIDE**2):
            strip = torch.from_numpy(pixels[first * LATENT_STRIDE : last * LATENT_STRIDE]).to(self.device)
            x = strip.permute(2, 0, 1)[None].float().div_(255).sub_(0.5)
            y = self._run(self.analysis, x, quality)[0, :, top - first : bottom - first]
            latent[top:bottom] = y.permute(1, 2, 0).cpu().numpy()
        return latent

    def hyper(self, latent: Floats, gain: Floats, quality: int) -> npt.NDArray[np.int32]:
        """The latent (H/16, W/16, latent), to be scaled by gain (latent,), to symbols (H/64, W/64, hyper)."""
        ratio = HYPER_STRIDE // LATENT_STRIDE
        rows, columns = latent.shape[0] // ratio, latent.shape[1] // ratio
        t = relative(torch.full((1,), float(quality), device=self.device))
        parts = []
        for top, bottom, first, last in strips(rows, HYPER_MARGIN, columns * HYPER_STRIDE**2):
            x = torch.from_numpy(latent[first * ratio : last * ratio] * gain).to(self.device)
            with torch.no_grad():
                symbols = self.hyper_analysis(x.permute(2, 0, 1)[None], t).round()[0, :, top - first : bottom - first]
            parts.append(symbols.permute(1, 2, 0).cpu().numpy().astype(np.int32))
        return np.concatenate(parts)

    def paint(self, latent: Floats, quality: int) -> Bytes:
        """The dequantised latent (H/16, W/16, latent) to pixels (H, W, 3)."""
        rows, columns, _ = latent.shape
        pixels = np.empty((rows * LATENT_STRIDE, columns * LATENT_STRIDE, 3), np.uint8)
        for top, bottom, first, last in strips(rows, self.margin, columns * LATENT_STRIDE**2):
            x = torch.from_numpy(latent[first:last]).to(self.device).permute(2, 0, 1)[None]
            y = self._run(self.synthesis, x, quality)[
                0, :, (top - first) * LATENT_STRIDE : (bottom - first) * LATENT_STRIDE
            ]
            levels = y.add_(0.5).mul_(255).round_().clamp_(0, 255).to(torch.uint8)
            pixels[top * LATENT_STRIDE : bottom * LATENT_STRIDE] = levels.permute(1, 2, 0).cpu().numpy()
        return pixels


def padded(pixels: Bytes) -> Bytes:
    """(H, W, 3) pixels with the last row and column repeated up to multiples of 64."""
    height, width, _ = pixels.shape
    return np.pad(pixels, ((0, -height % HYPER_STRIDE), (0, -width % HYPER_STRIDE), (0, 0)), mode="edge")
