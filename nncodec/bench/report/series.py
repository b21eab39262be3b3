"""From rows to curves: the mean over pictures of one codec at each of its qualities.

The rule everywhere: PSNR (and every other measure) per picture, then the mean over the pictures; likewise bits per
pixel.
Means over different pictures compare nothing, so only pictures enter that every codec of the table has at every one
of its qualities; how many were left out is part of the result.
"""

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nncodec.bench.perceptual import Measure
from nncodec.bench.report.bd import Curve, ms_ssim_db
from nncodec.bench.results_tsv import Configuration, Row


@dataclass(frozen=True)
class Point:
    """Means over the pictures at one quality."""

    quality: float
    bytes: float
    bpp: float
    psnr: float
    """Infinite if any picture was coded without loss."""
    psnr_y: float
    ssim: float
    ms_ssim: float
    measures: Mapping[str, float]
    """Means of the perceptual measures that every picture has."""


@dataclass(frozen=True)
class Series:
    """One codec on one set, one point per quality."""

    name: str
    """The codec, with effort and device where the table has several of them."""
    points: tuple[Point, ...]
    rows: tuple[Row, ...]
    """The rows the points were made of."""

    def psnr_curve(self) -> Curve:
        """PSNR of R, G and B over rate."""
        return Curve.of(self.name, ((point.bpp, point.psnr) for point in self.points))

    def ms_ssim_curve(self) -> Curve:
        """MS-SSIM in dB over rate."""
        return Curve.of(self.name, ((point.bpp, ms_ssim_db(point.ms_ssim)) for point in self.points))

    def measure_curve(self, measure: Measure) -> Curve | None:
        """A perceptual measure over rate, the mean over pictures taken first; None if a point lacks it."""
        if not all(measure.name in point.measures for point in self.points):
            return None
        points = ((point.bpp, measure.quality(point.measures[measure.name])) for point in self.points)
        return Curve.of(self.name, points, measure.unit, measure.min_overlap)

    def picture_curves(self, luma: bool = False) -> dict[str, Curve]:
        """PSNR, or that of luma, over rate of every single picture, by its name."""
        points: dict[str, list[tuple[float, float]]] = {}
        for row in self.rows:
            points.setdefault(row.image, []).append((row.bpp, row.psnr_y if luma else row.psnr))
        return {image: Curve.of(self.name, points[image]) for image in sorted(points)}

    def equal_rate_curve(self, n_points: int = 8) -> Curve:
        """Mean PSNR over pictures that all get the same bits per pixel, read off each picture's own curve (PCHIP).

        It shows how much of a codec's mean curve is due to the allocation of bits to pictures: a codec whose quality is
        a fixed PSNR spends most of them on the pictures where they gain least. Every picture reaches each of the rates.
        """
        import numpy as np
        from scipy.interpolate import PchipInterpolator

        curves = list(self.picture_curves().values())
        rates = np.geomspace(max(c.bpp[0] for c in curves), min(c.bpp[-1] for c in curves), n_points)
        readings = [PchipInterpolator(np.log(c.bpp), c.quality)(np.log(rates)) for c in curves]
        return Curve.of(self.name, zip(map(float, rates), map(float, np.mean(readings, axis=0)), strict=True))


@dataclass(frozen=True)
class DataSet:
    """All series on one set of pictures."""

    name: str
    series: tuple[Series, ...]
    n_images: int
    n_left_out: int
    """Pictures that some codec lacks at some quality, and that enter nothing."""
    timed: dict[str, tuple[Row, ...]]
    """Rows with times by name of the codec, whatever pictures they cover."""


def data_sets(rows: Iterable[Row]) -> list[DataSet]:
    """The sets in a table, by name, each with its series.

    A timing pass usually covers less than the set: its rows enter the curves only where there are no others.
    """
    by_set: dict[str, list[Row]] = {}
    for row in rows:
        by_set.setdefault(row.set, []).append(row)
    return [_data_set(name, by_set[name]) for name in sorted(by_set)]


def labels(rows: Iterable[Row]) -> dict[Configuration, str]:
    """A name for every configuration: codec and restorer, and effort and device where there are several of them."""
    configurations = sorted({row.configuration for row in rows})
    found = {}
    for configuration in configurations:
        codec, effort, device, restore = configuration
        alike = [other for other in configurations if other[0] == codec]
        name = codec if restore == "none" else f"{codec} + {restore}"
        if len({other[1] for other in alike}) > 1:
            name += f" -e {effort}"
        if len({other[2] for other in alike}) > 1:
            name += f" on {device}"
        found[configuration] = name
    return found


def _data_set(name: str, rows: list[Row]) -> DataSet:
    names = labels(rows)
    timed = [row for row in rows if row.encode_s is not None]
    cells: dict[tuple[str, float], dict[str, Row]] = {}
    for row in [row for row in rows if row.encode_s is None] or timed:
        cells.setdefault((names[row.configuration], row.quality), {})[row.image] = row
    common = set.intersection(*(set(cell) for cell in cells.values()))
    everything = set.union(*(set(cell) for cell in cells.values()))
    series = [
        _series(
            label, [cell for (own, _), cell in sorted(cells.items(), key=lambda item: item[0]) if own == label], common
        )
        for label in names.values()
    ]
    return DataSet(
        name,
        tuple(one for one in series if one.points),
        len(common),
        len(everything - common),
        {label: tuple(row for row in timed if names[row.configuration] == label) for label in names.values()},
    )


def _series(label: str, cells: list[dict[str, Row]], images: set[str]) -> Series:
    kept = [[cell[image] for image in sorted(images)] for cell in cells if images]
    return Series(label, tuple(_point(rows) for rows in kept), tuple(row for rows in kept for row in rows))


def _point(rows: list[Row]) -> Point:
    mean = statistics.fmean
    measures = set.intersection(*(set(row.measures) for row in rows))
    return Point(
        quality=rows[0].quality,
        bytes=mean(row.bytes for row in rows),
        bpp=mean(row.bpp for row in rows),
        psnr=mean(row.psnr for row in rows),
        psnr_y=mean(row.psnr_y for row in rows),
        ssim=mean(row.ssim for row in rows),
        ms_ssim=mean(row.ms_ssim for row in rows),
        measures={name: mean(row.measures[name] for row in rows) for name in measures},
    )
