"""The one search behind ``--bpp`` and the options ``--target-...``, the same for every codec."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from nncodec import progress
from nncodec.errors import EncodeError


@dataclass(frozen=True)
class Target:
    """A limit on the size or the quality of a file; exactly one of the four is set."""

    size: int | None = None
    """Largest size of the file, in bytes."""
    bpp: float | None = None
    """Largest size of the file, in bits per pixel."""
    psnr: float | None = None
    """Least PSNR of the decoded picture, in dB."""
    ssim: float | None = None
    """Least SSIM of the decoded picture, above 0 and at most 1: `nncodec.image.metrics.ssim`, of one scale."""

    def __post_init__(self) -> None:
        """Raise EncodeError unless exactly one is set, to a positive number."""
        given = [value for value in (self.size, self.bpp, self.psnr, self.ssim) if value is not None]
        if len(given) != 1 or not given[0] > 0:
            raise EncodeError("a target is one positive size, bpp, PSNR or SSIM")
        if self.ssim is not None and self.ssim > 1:
            raise EncodeError(f"an SSIM of {self.ssim:g} cannot be met", "1 is that of equal pictures")

    @classmethod
    def of(cls, size: int | None, bpp: float | None, psnr: float | None, ssim: float | None = None) -> "Target | None":
        """The target that is set, None if none of the four is."""
        given = (size, bpp, psnr, ssim)
        return None if all(value is None for value in given) else cls(*given)

    def max_bytes(self, n_pixels: int) -> float | None:
        """The largest size in bytes, which may be infinite; None for a target of quality."""
        return self.bpp * n_pixels / 8 if self.bpp is not None else self.size

    def met_by(self, attempt: "Attempt", n_pixels: int) -> bool:
        """True if a trial encode is small enough, or good enough."""
        max_bytes = self.max_bytes(n_pixels)
        if max_bytes is not None:
            return len(attempt.data) <= max_bytes
        if self.ssim is not None:
            return attempt.ssim is not None and attempt.ssim >= self.ssim
        return self.psnr is not None and attempt.psnr >= self.psnr

    def __str__(self) -> str:
        if self.psnr is not None:
            return f"{self.psnr:g} dB"
        if self.ssim is not None:
            return f"SSIM {self.ssim:g}"
        return f"{self.bpp:g} bpp" if self.bpp is not None else f"{self.size} bytes"


@dataclass(frozen=True)
class Attempt:
    """One trial encode of a search."""

    quality: float
    data: bytes
    psnr: float
    """PSNR of the decoded picture, in dB; infinite if lossless."""
    ssim: float | None = None
    """SSIM of the decoded picture; None if the target does not need it."""

    def __str__(self) -> str:
        found = f"{self.psnr:.2f} dB" if self.ssim is None else f"SSIM {self.ssim:.5f}"
        return f"quality {self.quality:g}: {len(self.data)} bytes, {found}"


Trial = TypeVar("Trial", bound=Attempt)


def search(
    target: Target, n_pixels: int, step: float, attempt: Callable[[float], Trial], highest: float = 100.0
) -> tuple[Trial, int]:
    """Find the best attempt that meets the target; returns it and the number of attempts.

    For a size, that is the highest quality that fits; for a PSNR or an SSIM, the lowest that reaches it. Bisects the
    multiples of ``step`` from 0 to ``highest``, relying on size and fidelity growing with quality. Raises EncodeError
    if nothing meets the target.
    """
    low, high = 0, round(highest / step)
    most = (high + 1).bit_length()
    best: Trial | None = None
    tries, last = 0, None
    while low <= high:
        middle = (low + high) // 2
        tries += 1
        with progress.attempt(tries, most):
            last = attempt(middle * step)
        meets = target.met_by(last, n_pixels)
        if meets:
            best = last
        if meets == (target.max_bytes(n_pixels) is not None):
            low = middle + 1
        else:
            high = middle - 1
    if best is None:
        assert last is not None
        raise EncodeError(f"{target} cannot be met", str(last))
    return best, tries
