"""Scaling by powers of two: down by Lanczos, for encoders, and up in integers, the same on every machine.

:func:`upscale` is part of the format (docs/format/layered.md): residuals are added to its result.
"""

import numpy as np
import numpy.typing as npt
import PIL.Image

Bytes = npt.NDArray[np.uint8]
"""(H, W) or (H, W, 3) samples of 8 bits."""

TAPS = (-5, 14, -28, 124, 29, -7, 3, -2)
"""Weights in 128ths of eight neighbours in a row for the sample a quarter of a step right of the fourth; mirrored for
the sample left of the fifth.

Rounded from least squares on photographs that :func:`downscale` had halved and AVIF had coded at medium quality.
"""
_BEFORE, _AFTER = 4, 4
"""Neighbours before and after a sample that the two samples made of it depend on."""
_SHIFT = 14
"""The two passes together multiply by 128 squared."""
_STRIP_SAMPLES = 1 << 18
"""Samples that are doubled at once, to save memory."""


def halved(side: int, times: int) -> int:
    """A side halved a number of times, each time rounded up: at least 1."""
    return -(-side >> times)


def downscale(pixels: Bytes, times: int) -> Bytes:
    """Halve both sides a number of times, rounded up, by Pillow's Lanczos filter.

    Only encoders need it: its result is not part of the format.
    """
    size = (halved(pixels.shape[1], times), halved(pixels.shape[0], times))
    return np.asarray(PIL.Image.fromarray(pixels).resize(size, PIL.Image.Resampling.LANCZOS))


def shrink(plane: Bytes, height: int, width: int) -> Bytes:
    """Shrink a plane (H, W) to (height, width), its sides halved some number of times, by means of square blocks.

    Halves round up. Blocks at the right and the lower border are cut.
    """
    if plane.shape == (height, width):
        return plane
    step = next(
        1 << t for t in range(1, 32) if (halved(plane.shape[0], t), halved(plane.shape[1], t)) == (height, width)
    )
    starts = [np.arange(0, side, step) for side in plane.shape]
    # sums of the blocks and their numbers of samples, (height, width) each
    sums = np.add.reduceat(np.add.reduceat(plane, starts[0], axis=0, dtype=np.int64), starts[1], axis=1)
    counts = np.multiply.outer(*(np.diff(at, append=side) for at, side in zip(starts, plane.shape, strict=True)))
    means: Bytes = ((2 * sums + counts) // (2 * counts)).astype(np.uint8)
    return means


def upscale(pixels: Bytes, height: int, width: int, times: int) -> Bytes:
    """Double both sides a number of times, to exactly height x width.

    ``pixels`` are (h, w) or (h, w, 3), h and w being ``halved(height, times)`` and ``halved(width, times)``.
    """
    for remaining in range(times - 1, -1, -1):
        pixels = _doubled(pixels, halved(height, remaining), halved(width, remaining))
    return pixels


def _doubled(pixels: Bytes, height: int, width: int) -> Bytes:
    """Double both sides once, strip by strip; the last row or column is dropped where the new side is odd."""
    around = [(_BEFORE, _AFTER), (0, 0), (0, 0)][: pixels.ndim]
    rows = np.pad(pixels, around, mode="edge")
    out = np.empty((height, width, *pixels.shape[2:]), np.uint8)
    step = max(1, _STRIP_SAMPLES // pixels[0].size)
    for top in range(0, len(pixels), step):
        strip = rows[top : top + step + _BEFORE + _AFTER].astype(np.int32)  # (n + 8, w, ...)
        # rows first, (2 n, w, ...), then columns, (2 n, 2 w, ...)
        sums = _interpolated(np.pad(_interpolated(strip, 0), [(0, 0), *around[:-1]], mode="edge"), 1)
        sums += 1 << (_SHIFT - 1)
        sums >>= _SHIFT
        here = out[2 * top : 2 * (top + step)]
        here[:] = np.clip(sums, 0, 255)[: len(here), :width]
    return out


def _interpolated(padded: npt.NDArray[np.int32], axis: int) -> npt.NDArray[np.int32]:
    """Interpolate along an axis: for each sample that is not padding two, a quarter of a step to either side.

    The results are in 128ths.
    """
    n = padded.shape[axis] - _BEFORE - _AFTER
    shape = list(padded.shape)
    shape[axis] = 2 * n
    out = np.zeros(shape, np.int32)
    before, after = (out[_along(axis, slice(start, None, 2))] for start in (0, 1))
    for at, weight in enumerate(TAPS):
        after += weight * padded[_along(axis, slice(at + 1, at + 1 + n))]
        before += weight * padded[_along(axis, slice(8 - at - 1, 8 - at - 1 + n))]
    return out


def _along(axis: int, part: slice) -> tuple[slice, ...]:
    """An index that takes part of one axis and all of those before it."""
    return (slice(None),) * axis + (part,)
