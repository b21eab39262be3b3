"""Bjontegaard deltas between rate-distortion curves, by the ``bjontegaard`` package.

The method is PCHIP over the logarithm of the rate, as in recent common test conditions, over the range both curves
cover. A delta over a sliver of common range means nothing, so curves that hardly overlap are refused, and the overlap
is part of every result.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

MIN_OVERLAP_DB = 2.0
"""Curves in dB that have less quality range than this in common are refused."""
MIN_OVERLAP_SHARE = 1 / 3
"""Curves whose common range is less than this share of the shorter curve's own range are refused, too."""
MIN_POINTS = 4
"""Bjontegaard's measure is defined on four points or more."""


class CurveError(ValueError):
    """Two curves cannot be compared, or one is no rate-distortion curve; the message says why."""


@dataclass(frozen=True)
class Curve:
    """Points of one codec on one set of pictures, both values strictly increasing."""

    name: str
    bpp: tuple[float, ...]
    """Bits per pixel, above 0."""
    quality: tuple[float, ...]
    """In ``unit``: mean PSNR, -10 log10(1 - MS-SSIM), or what a perceptual measure has for its curves."""
    unit: str = "dB"
    min_overlap: float = MIN_OVERLAP_DB
    """The least range of quality, in ``unit``, to have in common with another curve."""

    @classmethod
    def of(
        cls,
        name: str,
        points: Iterable[tuple[float, float]],
        unit: str = "dB",
        min_overlap: float = MIN_OVERLAP_DB,
    ) -> "Curve":
        """A curve through (bpp, quality) points in any order. Repeated ones count once, lossless ones are left out."""
        kept = sorted({(bpp, quality) for bpp, quality in points if math.isfinite(quality)})
        return cls(name, tuple(bpp for bpp, _ in kept), tuple(quality for _, quality in kept), unit, min_overlap)

    def check(self) -> None:
        """Raise CurveError if there are fewer than four points, or more bits ever buy less quality."""
        if len(self.bpp) < MIN_POINTS:
            raise CurveError(f"{self.name} has {len(self.bpp)} points, {MIN_POINTS} are needed")
        for values in (self.bpp, self.quality):
            for low, high in zip(values, values[1:], strict=False):
                if low >= high:
                    raise CurveError(f"{self.name} is not increasing: {low:.4f} is followed by {high:.4f}")


@dataclass(frozen=True)
class Delta:
    """The Bjontegaard deltas of a codec against an anchor."""

    rate_percent: float
    """Mean change of the rate at equal quality; negative is better."""
    quality_db: float
    """Mean change of the quality at equal rate; positive is better."""
    overlap_db: float
    """The quality range that both curves cover, over which ``rate_percent`` was taken."""


def delta(test: Curve, anchor: Curve) -> Delta:
    """Compare ``test`` with ``anchor``.

    Both have one unit. Raises CurveError if a curve has fewer than four points or is not increasing, or if the two
    share less than the anchor's ``min_overlap``, or less than MIN_OVERLAP_SHARE of the shorter one's range.
    """
    import bjontegaard

    test.check()
    anchor.check()
    overlap = _overlap(test, anchor)
    arguments = (anchor.bpp, anchor.quality, test.bpp, test.quality, "pchip")
    return Delta(
        rate_percent=float(bjontegaard.bd_rate(*arguments, require_matching_points=False, min_overlap=0)),
        quality_db=float(bjontegaard.bd_psnr(*arguments, require_matching_points=False, min_overlap=0)),
        overlap_db=overlap,
    )


def bd_rate(test: Curve, anchor: Curve) -> float:
    """Mean change of the rate at equal quality in percent; raises as ``delta`` does."""
    return delta(test, anchor).rate_percent


def bd_psnr(test: Curve, anchor: Curve) -> float:
    """Mean change of the quality at equal rate in dB; raises as ``delta`` does."""
    return delta(test, anchor).quality_db


def ms_ssim_db(value: float) -> float:
    """MS-SSIM on the usual logarithmic scale, -10 log10(1 - value); infinite for 1."""
    return -10.0 * math.log10(1.0 - value) if value < 1.0 else math.inf


def _overlap(test: Curve, anchor: Curve) -> float:
    """The common quality range in dB; CurveError if it is too small to mean anything."""
    low = max(test.quality[0], anchor.quality[0])
    high = min(test.quality[-1], anchor.quality[-1])
    shorter = min(curve.quality[-1] - curve.quality[0] for curve in (test, anchor))
    needed = max(anchor.min_overlap, MIN_OVERLAP_SHARE * shorter)
    common_rate = min(test.bpp[-1], anchor.bpp[-1]) - max(test.bpp[0], anchor.bpp[0])
    if high - low < needed or common_rate <= 0:
        raise CurveError(
            f"{test.name} and {anchor.name} share {max(0.0, high - low):.2f} {anchor.unit}, "
            f"{needed:.2f} {anchor.unit} are needed"
        )
    return high - low
