"""Perceptual measures of two pictures, for ``nnc compare`` and ``nnc bench``, and how reports draw their curves.

The registry below is plain data: a measure's module, and the packages that it needs, are imported when it is computed.
All measures take 8-bit R, G and B. Deep samples are rounded to 8 bits, and gray is three equal channels. No colour
profile is applied: samples are taken for sRGB.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal

from nncodec.errors import NncError


class MeasureError(NncError):
    """A measure cannot be computed here, or not for these pictures."""


@dataclass(frozen=True)
class Measure:
    """One perceptual measure."""

    name: str
    """As in ``--measures``, in JSON, and as a column of a table of ``nnc bench``."""
    title: str
    kind: Literal["score", "similarity", "distance"]
    """A score grows with quality, a similarity up to 1, that of equal pictures; a distance of equal ones is 0."""
    module: str
    """Its module in this package, with a function ``scores(a, b, names)``."""
    needs: tuple[str, ...] = ()
    """Packages, as they are imported."""
    extras: str = "bench"
    """Extras of nnc that bring these packages."""
    min_side: int = 16
    """Smallest side of a picture, in pixels."""
    decimals: int = 5

    @property
    def unit(self) -> str:
        """Unit of a curve."""
        return "points" if self.kind == "score" else "dB"

    @property
    def min_overlap(self) -> float:
        """The least range of quality in common, in ``unit``, for which a BD-rate is given."""
        return 5.0 if self.kind == "score" else 2.0

    @property
    def label(self) -> str:
        """The title with the scale of a curve."""
        error = {"score": "", "similarity": "1 \u2212 value", "distance": "value"}[self.kind]
        return f"{self.title} in dB, \u221210 log10({error})" if error else self.title

    def quality(self, value: float) -> float:
        """The value on the scale of a curve, which grows with quality; infinite where no difference was found."""
        if self.kind == "score":
            return value
        error = value if self.kind == "distance" else 1.0 - value
        return -10.0 * math.log10(error) if error > 0 else math.inf


_VGG: dict[str, Any] = {"module": "deep_torch", "needs": ("torch", "stlpips_pytorch"), "extras": "bench,torch"}

MEASURES = {
    measure.name: measure
    for measure in (
        Measure(
            "ssimulacra2", "SSIMULACRA 2", "score", "ssimulacra2", ("scipy", "ssimulacra2"), min_side=8, decimals=3
        ),
        Measure("st_lpips", "ST-LPIPS", "distance", min_side=18, **_VGG),
        Measure("haarpsi", "HaarPSI", "similarity", "haarpsi"),
        Measure("gmsd", "GMSD", "distance", "gmsd", min_side=6),
        Measure("vgg_patch_mmd", "VGG patch MMD", "distance", min_side=96, **_VGG),
    )
}
"""Every measure by name, in the order of tables."""


def check_installed(names: Iterable[str]) -> None:
    """Raise MeasureError, with the command that installs it, if a package that these measures need is missing."""
    for name in names:
        measure = MEASURES[name]
        missing = [package for package in measure.needs if find_spec(package) is None]
        if missing:
            packages = " and ".join(package.replace("_", "-") for package in missing)
            raise MeasureError(f"{name} needs {packages}", f"pip install 'nnc-image[{measure.extras}]' brings it")


def compute(a: Any, b: Any, names: Sequence[str]) -> dict[str, float]:
    """Measure the difference of two pictures, ``a`` the original, by names of measures.

    Both are (H, W) or (H, W, 3), uint8 or uint16, of one shape. Raises MeasureError if a package is missing or the
    picture is too small.
    """
    from nncodec.bench.perceptual.samples import rgb8

    check_installed(names)
    for name in names:
        if min(a.shape[:2]) < MEASURES[name].min_side:
            least = MEASURES[name].min_side
            raise MeasureError(f"{name} needs pictures of {least} x {least} pixels and more")
    by_module: dict[str, list[str]] = {}
    for name in names:
        by_module.setdefault(MEASURES[name].module, []).append(name)
    found: dict[str, float] = {}
    for module, wanted in by_module.items():
        found |= import_module(f"{__name__}.{module}").scores(rgb8(a), rgb8(b), wanted)
    return {name: found[name] for name in names}
