"""The schedule of the recurrent codec: which thresholds of which coefficients are asked for, in order of worth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nncodec.codecs.recurrent.transform import PER_PLANE, Floats

TARGETS = (0.03, 0.06, 0.1, 0.15, 0.2, 0.26, 0.33, 0.41, 0.5, 0.62, 0.76, 0.92, 1.1, 1.35, 1.65, 2.0)
"""Bits per pixel up to each layer, as estimated here; contexts make it less."""
EXPONENTS = range(11, 1, -1)
"""Thresholds are 2^11 to 2^2 levels."""
LEAST_SHARE = 5e-4
"""Slots that are used more seldom are left out."""
_CLASSES = 8
"""Positions are told apart by their energy, as contexts will do far better."""


@dataclass(frozen=True)
class Slot:
    """One threshold of one channel."""

    layer: int
    round: int
    channel: int
    exponent: int
    amplitude: float
    """Mean magnitude of residuals above the threshold, in levels."""
    share: float
    """Share of the positions whose residual is above the threshold, in magnitude."""


@dataclass(frozen=True)
class _Candidate:
    channel: int
    exponent: int
    amplitude: float
    share: float
    rate: float
    """Bits per position."""
    slope: float
    """Squared error saved per bit; no more than that of the channel's earlier candidates."""


def plan(coefficients: Floats, targets: Sequence[float] = TARGETS) -> tuple[list[Slot], list[float]]:
    """Slots of all layers, by layer, round and channel, and the slope that each layer ends at.

    Args:
        coefficients: (n, channels) of training pictures.
        targets: bits per pixel up to each layer.
    """
    candidates = sorted(_candidates(coefficients), key=lambda each: -each.slope)
    total = np.cumsum([each.rate for each in candidates]) / PER_PLANE
    slots: list[Slot] = []
    slopes, start = [], 0
    for layer, target in enumerate(targets):
        end = min(int(np.searchsorted(total, target)), len(candidates) - 1)
        seen: dict[int, int] = {}
        for each in candidates[start:end]:
            number = seen[each.channel] = seen.get(each.channel, -1) + 1
            slots.append(Slot(layer, number, each.channel, each.exponent, each.amplitude, each.share))
        slopes.append(candidates[end].slope)
        start = end
    return sorted(slots, key=lambda slot: (slot.layer, slot.round, slot.channel)), slopes


def _candidates(coefficients: Floats) -> list[_Candidate]:
    energy = np.square(coefficients[:, 1:]).sum(1)
    classes = np.digitize(energy, np.quantile(energy, np.arange(1, _CLASSES) / _CLASSES))
    found = []
    for channel, column in enumerate(coefficients.T):
        residual, slope = column.astype(np.float64), np.inf
        for exponent in EXPONENTS:
            large = np.abs(residual) > 2**exponent
            if large.mean() < LEAST_SHARE:
                continue
            amplitude = float(np.abs(residual[large]).mean())
            after = residual - np.sign(residual) * amplitude * large
            rate = float(np.mean([_entropy(large[classes == each].mean()) for each in range(_CLASSES)]) + large.mean())
            slope = min(slope, float(np.square(residual).mean() - np.square(after).mean()) / rate)
            found.append(_Candidate(channel, exponent, amplitude, float(large.mean()), rate, slope))
            residual = after
    return found


def _entropy(share: npt.NDArray[np.float64] | float) -> float:
    p = float(np.clip(share, 1e-6, 1 - 1e-6))
    return float(-p * np.log2(p) - (1 - p) * np.log2(1 - p))
