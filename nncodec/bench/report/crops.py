"""Crops to look at: the same part of a picture from every codec, at an equal number of bytes."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image

from nncodec.bench.measure.plan import find
from nncodec.bench.report.comparison import Comparison
from nncodec.bench.report.markdown import percent
from nncodec.bench.report.series import Series
from nncodec.bench.results_tsv import without_light
from nncodec.codec import Options
from nncodec.errors import NncError
from nncodec.image import Picture, read
from nncodec.image.metrics import psnr
from nncodec.pipeline import Settings, Target, decode, encode

SIDE = 160
"""Side of a crop in pixels."""
_STEP = 16
"""The crop is looked for on a grid of this pitch."""

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Crop:
    """One part of one picture, as PNG, with the codec's name, and size and PSNR of the file."""

    title: str
    caption: str
    png: bytes


@dataclass(frozen=True)
class Strip:
    """The same part of one picture from several codecs, the original first."""

    title: str
    crops: tuple[Crop, ...]


def strips(comparison: Comparison, folders: Sequence[Path]) -> list[Strip]:
    """Strips for the pictures on which the best measured codec gains most and least over the measured anchor.

    ``folders`` hold the pictures of the table. Each codec gets the bytes that the best one took at its middle
    quality, and encodes as well as these allow. A picture that cannot be found or read is left out.
    """
    ranking = [name for name in comparison.ranking() if name != comparison.measured_anchor]
    rates = comparison.picture_rates(ranking[0]) if ranking else {}
    if not rates:
        return []
    files = {source.image: source.path for source in find(folders)[0] if source.set == comparison.data.name}
    ends = (("most", min(rates, key=lambda image: rates[image])), ("least", max(rates, key=lambda image: rates[image])))
    made = [
        _strip(comparison, files[image], image, f"{ranking[0]} gains {word} on {image}: {percent(rates[image])}")
        for word, image in ends
        if image in files
    ]
    return [strip for strip in made if strip is not None]


def _strip(comparison: Comparison, file: Path, image: str, title: str) -> Strip | None:
    by_name = {series.name: series for series in comparison.data.series}
    names = list(comparison.ranking())
    budget = _middle_bytes(by_name[names[0]], image)
    try:
        original = read(file.read_bytes()).without_metadata()
    except (NncError, OSError):
        return None
    shown = {name: _at_most(original, by_name[name], budget) for name in names}
    top, left = _where(original.pixels, [pixels for pixels, _ in shown.values() if pixels is not None])
    window = np.s_[top : top + SIDE, left : left + SIDE]
    crops = [Crop("original", f"{original.width} \u00d7 {original.height}", _png(original.pixels[window]))]
    crops += [
        Crop(name, caption, _png(pixels[window])) for name, (pixels, caption) in shown.items() if pixels is not None
    ]
    unable = [name for name, (pixels, _) in shown.items() if pixels is None]
    title = f"{title} against {comparison.measured_anchor}, {budget} bytes each"
    return Strip(title + (f" ({', '.join(unable)} cannot make so small a file)" if unable else ""), tuple(crops))


def _middle_bytes(series: Series, image: str) -> int:
    """Bytes of the picture's file at the middle one of the codec's qualities."""
    sizes = sorted(row.bytes for row in series.rows if row.image == image)
    return sizes[len(sizes) // 2]


def _at_most(original: Picture, series: Series, budget: int) -> tuple[Array | None, str]:
    """Pixels of the best file of at most ``budget`` bytes, and its size and PSNR; without one, None and the error."""
    row = series.rows[0]
    restore, light = without_light(row.restore)
    settings = Settings(
        row.codec,
        Options(effort=row.effort, device=row.device),
        target=Target(size=budget),
        restore=restore,
        light=light,
    )
    try:
        done = encode(original, settings)
    except NncError as error:
        return None, str(error)
    pixels = decode(done.data, device=row.device).picture.pixels
    return pixels, f"{len(done.data)} bytes, {psnr(original.pixels, pixels):.2f} dB"


def _where(original: Array, shown: Sequence[Array]) -> tuple[int, int]:
    """Top and left of the crop with the largest error, summed over the codecs."""
    error = np.zeros(original.shape[:2])
    for pixels in shown:
        difference = (original.astype(np.float64) - pixels) ** 2
        error += difference if difference.ndim == 2 else difference.sum(axis=2)
    best, place = -math.inf, (0, 0)
    for top in range(0, max(1, original.shape[0] - SIDE + 1), _STEP):
        for left in range(0, max(1, original.shape[1] - SIDE + 1), _STEP):
            total = float(error[top : top + SIDE, left : left + SIDE].sum())
            if total > best:
                best, place = total, (top, left)
    return place


def _png(pixels: Array) -> bytes:
    """A PNG of gray or RGB; deep gray is shown in 8 bits."""
    out = io.BytesIO()
    shallow = pixels if pixels.dtype == np.uint8 else (pixels // 257).astype(np.uint8)
    PIL.Image.fromarray(np.ascontiguousarray(shallow)).save(out, "PNG", optimize=True)
    return out.getvalue()
