"""What is measured on training pictures once the weights are final: distributions of symbols, worth of channels."""

import numpy as np
import numpy.typing as npt
import torch

from nncodec.entropy.choose import Rounder
from nncodec.entropy.coder import Indices, Symbols
from nncodec.entropy.layout import LATENT_STRIDE, N_SCALES
from nncodec.entropy.prior import GAIN_BITS, Means, Prior
from nncodec.entropy.tables import Tables, logistic_masses, scale_of, to_frequencies
from nncodec.entropy.walk import HYPER, walk, wanted
from nncodec.nets.hyperprior import relative
from nncodec.nets.painter import Bytes, Floats, Painter
from nncodec.nets.search import PRICES, trade_off
from nncodec.training.export import Arrays

PSEUDO_COUNT = 500.0
"""How many observed symbols the logistic distribution counts for."""
QUALITIES = tuple(range(0, 201, 20))


def energies(painter: Painter, crops: Bytes, quality: int) -> Floats:
    """Squared error, in 0..255 levels and averaged over the colours, of a latent's error of 1, by channel.

    Args:
        painter: the networks.
        crops: (n, H, W, 3) pixels, sides multiples of 64.
        quality: the quality index to measure at.

    Returns:
        (latent,) float32: one latent of each channel is moved by 1, in the middle of each crop.
    """
    total: npt.NDArray[np.floating] = np.zeros(())
    for crop in crops:
        latent = torch.from_numpy(painter.analyse(crop, quality)).permute(2, 0, 1)[None].to(painter.device)
        channels = latent.shape[1]
        moved = latent.repeat(channels, 1, 1, 1)
        each = torch.arange(channels)
        moved[each, each, latent.shape[2] // 2, latent.shape[3] // 2] += 1.0
        t = relative(torch.full((1,), float(quality), device=painter.device))
        with torch.no_grad():
            base = painter.synthesis(latent, t)
            change = torch.cat([painter.synthesis(part, t) - base for part in moved.split(16)])  # type: ignore[no-untyped-call]
        total = total + change.square().sum((1, 2, 3)).cpu().numpy() * (255**2 / 3 / len(crops))
    return np.asarray(total, np.float32)


def observed(painter: Painter, arrays: Arrays, crops: Bytes, quality: int) -> list[npt.NDArray[np.float64]]:
    """Counts of the symbols that rate-distortion optimised rounding gives, laid out like the tables of ``arrays``."""
    prior = Prior(arrays, quality, "cpu")  # type: ignore[arg-type]
    gain = (prior.gain / (1 << GAIN_BITS)).astype(np.float32)
    rounder = Rounder(prior.tables, PRICES[0][1] * trade_off(quality) * arrays["energy"] / gain**2)  # type: ignore[operator]
    counts = [np.zeros(len(row)) for row in prior.tables.frequencies]
    for crop in crops:
        latent = painter.analyse(crop, quality)
        hyper = painter.hyper(latent, gain, quality)

        def exchange(step: int, means: Means, indices: Indices, latent: Floats = latent, z: Symbols = hyper) -> Symbols:
            symbols = z if step == HYPER else rounder(wanted(latent, step, gain, means), indices)
            for index in range(N_SCALES):
                row = counts[index]
                half = len(row) // 2 - 1
                seen = symbols[indices == index]
                place = np.where(np.abs(seen) > half, 2 * half + 1, seen + half)
                row += np.bincount(place, minlength=len(row))
            return symbols

        walk(prior, hyper.shape[0], hyper.shape[1], exchange)
    return counts


def fitted(counts: list[npt.NDArray[np.float64]]) -> Tables:
    """Tables between the logistic distributions and what was observed, made symmetric."""
    rows = []
    for index, row in enumerate(counts):
        masses = logistic_masses(scale_of(index))
        both = row.copy()
        both[:-1] = (row[:-1] + row[-2::-1]) / 2
        rows.append(to_frequencies(both + PSEUDO_COUNT * masses))
    return Tables(tuple(rows))


def crops_for(quality: int, crops: Bytes, count: int) -> Bytes:
    """A few crops to measure one quality on, others for the next."""
    start = quality * count // max(QUALITIES[1], 1) % len(crops)
    return np.roll(crops, -start, axis=0)[:count]


def calibrated(arrays: Arrays, crops: Bytes, count: int, device: str) -> Arrays:
    """Add energies and fitted tables to a model's arrays.

    Args:
        arrays: from `nncodec.training.export.to_arrays`, with logistic tables.
        crops: (n, H, W, 3) training pixels, sides multiples of 64.
        count: crops to use for each quality.
        device: where to run the networks.
    """
    painter = Painter(arrays, device, low_precision=False)
    middle = QUALITIES[len(QUALITIES) // 2]
    edge = 8 * LATENT_STRIDE
    arrays = arrays | {"energy": energies(painter, crops[:4, :edge, :edge], middle)}
    counts = [
        np.sum(rows, axis=0)
        for rows in zip(
            *(observed(painter, arrays, crops_for(quality, crops, count), quality) for quality in QUALITIES),
            strict=True,
        )
    ]
    return arrays | dict(fitted(counts).pack())
