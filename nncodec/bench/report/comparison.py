"""All curves on one set of pictures, measured and published, and the anchor they are compared with."""

from collections.abc import Sequence
from dataclasses import dataclass

from nncodec.bench.perceptual import MEASURES
from nncodec.bench.report.bd import Curve, CurveError, Delta, delta
from nncodec.bench.report.reference import DATA_SET, references
from nncodec.bench.report.series import DataSet
from nncodec.errors import NncError


class ReportError(NncError):
    """A report cannot be made as it was asked for."""


@dataclass(frozen=True)
class Comparison:
    """A set of pictures, the curves on it, and the anchor."""

    data: DataSet
    psnr: dict[str, Curve]
    """PSNR over rate by name, measured codecs first."""
    ms_ssim: dict[str, Curve]
    """MS-SSIM in dB over rate, where there is one."""
    perceptual: dict[str, dict[str, Curve]]
    """Curves by name for each perceptual measure that a codec of the set has, by the measure's name."""
    titles: dict[str, str]
    """The name of each curve for reading."""
    anchor: str
    """Name of the curve the others are compared with."""

    @property
    def measured(self) -> tuple[str, ...]:
        """Names of the measured codecs."""
        return tuple(series.name for series in self.data.series)

    @property
    def measured_anchor(self) -> str:
        """The anchor if it was measured, else the measured codec that needs most bits for its quality.

        Single pictures are compared with it, since published curves are means.
        """
        if self.anchor in self.measured:
            return self.anchor
        return self.ranking()[-1] if self.ranking() else self.measured[0]

    def ranking(self) -> tuple[str, ...]:
        """The measured codecs that compare with the anchor, best first."""
        deltas = {name: self.against_anchor(name) for name in self.measured}
        found = {name: one.rate_percent for name, one in deltas.items() if isinstance(one, Delta)}
        return tuple(sorted(found, key=lambda name: found[name]))

    def against_anchor(self, name: str) -> Delta | CurveError:
        """Compare a curve with the anchor; the error if the two do not overlap enough."""
        return compare(self.psnr[name], self.psnr[self.anchor])

    def picture_rates(self, name: str) -> dict[str, float]:
        """BD-rate of a measured codec against the measured anchor on each picture where there is one."""
        curves = {series.name: series.picture_curves() for series in self.data.series}
        anchors = curves[self.measured_anchor]
        found = {image: compare(curve, anchors[image]) for image, curve in curves[name].items()}
        return {image: one.rate_percent for image, one in found.items() if isinstance(one, Delta)}


def comparisons(sets: Sequence[DataSet], anchors: Sequence[str], published: Sequence[str]) -> list[Comparison]:
    """One comparison per set. ``anchors`` are names in order of preference; published curves join on Kodak only.

    Raises ReportError for unknown published names, and for a set that has none of the anchors or no common picture.
    """
    for name in published:
        if name not in references():
            raise ReportError(f"no published curve is called {name!r}", f"there are {', '.join(references())}")
    return [_comparison(data, anchors, published if data.name == DATA_SET else ()) for data in sets]


def compare(test: Curve, anchor: Curve) -> Delta | CurveError:
    """The delta, or the reason why there is none."""
    try:
        return delta(test, anchor)
    except CurveError as error:
        return error


def _comparison(data: DataSet, anchors: Sequence[str], published: Sequence[str]) -> Comparison:
    if not data.n_images:
        raise ReportError(f"no picture of {data.name} was measured with every codec at every quality")
    psnr = {series.name: series.psnr_curve() for series in data.series}
    ms_ssim = {series.name: series.ms_ssim_curve() for series in data.series}
    titles = {series.name: series.name for series in data.series}
    for name in published:
        reference = references()[name]
        psnr[name], titles[name] = reference.psnr_curve(), reference.title
        curve = reference.ms_ssim_curve()
        if curve is not None:
            ms_ssim[name] = curve
    anchor = next((name for name in anchors if name in psnr), None)
    if anchor is None:
        raise ReportError(
            f"{data.name} has no curve called {' or '.join(anchors)}", f"--anchor takes one of {', '.join(psnr)}"
        )
    return Comparison(data, psnr, ms_ssim, _perceptual(data), titles, anchor)


def _perceptual(data: DataSet) -> dict[str, dict[str, Curve]]:
    found: dict[str, dict[str, Curve]] = {}
    for name, measure in MEASURES.items():
        curves = {series.name: series.measure_curve(measure) for series in data.series}
        found[name] = {codec: curve for codec, curve in curves.items() if curve is not None}
    return {name: curves for name, curves in found.items() if curves}
