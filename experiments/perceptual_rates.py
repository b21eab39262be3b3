"""Perceptual measures of codecs at equal rates: a table of docs/results.md, from tables of ``nnc bench --measures``.

python experiments/perceptual_rates.py kodak 0.03,0.06,0.12 results/perceptual/kodak-*.tsv > rates.tsv
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from nncodec.bench.perceptual import MEASURES
from nncodec.bench.report.assembly import merged
from nncodec.bench.report.series import Series, data_sets

NOT_REACHED = "–"
"""In the place of values at a rate that the measured qualities of a codec do not reach."""


def at_rate(series: Series, bpp: float, values: Sequence[float]) -> float | None:
    """A mean over the pictures at a rate, between those of the nearest qualities, linear in log bpp."""
    rates = np.log([point.bpp for point in series.points])
    if not rates[0] <= np.log(bpp) <= rates[-1]:
        return None
    return float(np.interp(np.log(bpp), rates, values))


def rows(found: Sequence[Series], rates: Sequence[float], names: Sequence[str]) -> Iterator[list[str]]:
    """One row for each rate and codec: PSNR, then the measures."""
    for bpp in rates:
        for series in found:
            columns = [[point.psnr for point in series.points]]
            columns += [[point.measures[name] for point in series.points] for name in names]
            values = [at_rate(series, bpp, column) for column in columns]
            decimals = [2, *(1 if MEASURES[name].kind == "score" else 3 for name in names)]
            cells = [
                NOT_REACHED if value is None else f"{value:.{places}f}"
                for value, places in zip(values, decimals, strict=True)
            ]
            yield [f"{bpp:g}", series.name, *cells]


def main(folder: str, rates: Sequence[float], tables: Sequence[Path]) -> None:
    """Print the table."""
    data = next(each for each in data_sets(merged(list(tables)).rows) if each.name == folder)
    names = [name for name in MEASURES if all(name in point.measures for s in data.series for point in s.points)]
    print(f"# Means over {data.n_images} pictures, read off the curves of {', '.join(t.name for t in sorted(tables))}")
    print("\t".join(["bpp", "codec", "PSNR, dB", *(MEASURES[name].title for name in names)]))
    for row in rows(data.series, rates, names):
        print("\t".join(row))


if __name__ == "__main__":
    main(sys.argv[1], [float(rate) for rate in sys.argv[2].split(",")], [Path(name) for name in sys.argv[3:]])
