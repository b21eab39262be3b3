"""Published curves on Kodak, as further anchors. The table beside this file names the source of every point."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from nncodec.bench.report.bd import Curve, ms_ssim_db

DATA_SET = "kodak"
"""The published points are for this set of pictures and mean nothing beside any other."""


@dataclass(frozen=True)
class Reference:
    """A published codec: its points on Kodak, and where they were published."""

    name: str
    """Short name, as in ``--reference``."""
    title: str
    bpp: tuple[float, ...]
    psnr: tuple[float, ...]
    """Mean of per-image PSNR over R, G and B, in dB."""
    ms_ssim: tuple[float, ...]
    """Mean of per-image MS-SSIM; empty where it was not published."""
    source: str

    def psnr_curve(self) -> Curve:
        """PSNR over rate."""
        return Curve.of(self.name, zip(self.bpp, self.psnr, strict=True))

    def ms_ssim_curve(self) -> Curve | None:
        """MS-SSIM in dB over rate, or None."""
        if not self.ms_ssim:
            return None
        return Curve.of(self.name, zip(self.bpp, map(ms_ssim_db, self.ms_ssim), strict=True))


@cache
def references() -> dict[str, Reference]:
    """Every published curve by name, in the order of the table."""
    text = files("nncodec.bench.report").joinpath("reference.tsv").read_text("utf-8")
    rows: dict[str, list[dict[str, str]]] = {}
    for row in csv.DictReader((line for line in text.splitlines() if not line.startswith("#")), delimiter="\t"):
        rows.setdefault(row["name"], []).append(row)
    return {name: _reference(points) for name, points in rows.items()}


def _reference(points: list[dict[str, str]]) -> Reference:
    first = points[0]
    return Reference(
        name=first["name"],
        title=first["title"],
        bpp=tuple(float(point["bpp"]) for point in points),
        psnr=tuple(float(point["psnr"]) for point in points),
        ms_ssim=tuple(float(point["ms_ssim"]) for point in points if point["ms_ssim"]),
        source=first["source"],
    )
