"""The bitplane schedule of the recurrent codec: which bitplanes of which coefficients each layer codes.

Bitplanes are ordered by the squared error that they save per bit, as in embedded coding of wavelets. They are measured
on the coefficients of training pictures; the schedule ships with the weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nncodec.codecs.recurrent.transform import PER_PLANE, Floats

TARGETS = (0.03, 0.06, 0.1, 0.15, 0.2, 0.26, 0.33, 0.41, 0.5, 0.62, 0.76, 0.92, 1.1, 1.35, 1.65, 2.0)
"""Bits per pixel up to the end of each layer, as estimated here; trained contexts need fewer."""
EXPONENTS = range(11, 1, -1)
"""Thresholds are 2^11 to 2^2 levels."""
LEAST_SHARE = 5e-4
"""Bitplanes in which fewer coefficients are significant than this share are left out."""
_CLASSES = 8
"""Classes of positions, by energy, with an estimate of the rate each, in place of contexts."""


@dataclass(frozen=True)
class Bitplane:
    """One threshold of one channel: per position, a symbol -1, 0 or 1 for a residual below, within or above it."""

    layer: int
    round: int
    channel: int
    exponent: int
    """The threshold is 2^exponent levels."""
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


def schedule_bitplanes(coefficients: Floats, targets: Sequence[float] = TARGETS) -> tuple[list[Bitplane], list[float]]:
    """Choose the bitplanes of all layers.

    Args:
        coefficients: (n, channels), at n positions of training pictures, in levels.
        targets: bits per pixel up to the end of each layer.

    Returns:
        the bitplanes, by layer, round and channel, and for each layer the squared error that its last bit saves.
    """
    candidates = sorted(_candidates(coefficients), key=lambda each: -each.slope)
    total = np.cumsum([each.rate for each in candidates]) / PER_PLANE
    bitplanes: list[Bitplane] = []
    slopes, start = [], 0
    for layer, target in enumerate(targets):
        end = min(int(np.searchsorted(total, target)), len(candidates) - 1)
        seen: dict[int, int] = {}
        for each in candidates[start:end]:
            number = seen[each.channel] = seen.get(each.channel, -1) + 1
            bitplanes.append(Bitplane(layer, number, each.channel, each.exponent, each.amplitude, each.share))
        slopes.append(candidates[end].slope)
        start = end
    return sorted(bitplanes, key=lambda each: (each.layer, each.round, each.channel)), slopes


def _candidates(coefficients: Floats) -> list[_Candidate]:
    """All bitplanes of all channels, each after the larger thresholds of its channel were coded."""
    energy = np.square(coefficients[:, 1:]).sum(1)  # (n,)
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
            # Significance at the entropy of its class, signs at one bit.
            rate = float(np.mean([_entropy(large[classes == each].mean()) for each in range(_CLASSES)]) + large.mean())
            slope = min(slope, float(np.square(residual).mean() - np.square(after).mean()) / rate)
            found.append(_Candidate(channel, exponent, amplitude, float(large.mean()), rate, slope))
            residual = after
    return found


def _entropy(share: npt.NDArray[np.float64] | float) -> float:
    """Bits per symbol of a binary source."""
    p = float(np.clip(share, 1e-6, 1 - 1e-6))
    return float(-p * np.log2(p) - (1 - p) * np.log2(1 - p))
