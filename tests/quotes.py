"""Numbers in documents, recomputed from the tables in results/.

A document quotes a measured figure or table between two comments that Markdown does not show::

    <!-- quote bd kodak.tsv kodak avif vtm -->+31.0 %<!-- / -->

``python -m tests.quotes`` brings every quotation up to date; a test says whether that changes anything.

    bd TABLE SET CODEC ANCHOR               BD-rate of the mean curves by PSNR
    fewer TABLE SET CODEC ANCHOR            the same as whole per cent of bytes saved
    bd-below BPP TABLE SET CODEC ANCHOR     the same of the codec's points of at most BPP bits per pixel
    bd-at-equal-rates TABLE SET CODEC ANCHOR  the same with every picture given the same bits per pixel
    bd-ms-ssim TABLE SET CODEC ANCHOR       the same by MS-SSIM in dB
    bd-luma rate|psnr TABLE SETS CODEC ANCHOR  mean of the BD-rates, or BD-PSNRs, of single pictures by luma PSNR
    bd-since TABLE OLDER SET CODEC          mean of the BD-rates of single pictures by PSNR, against an older table
    gain TABLE SET CODEC ANCHOR QUALITY     how much higher the mean luma PSNR is at a quality
    published CODEC ANCHOR                  BD-rate between two published curves
    mean COLUMN TABLE SET CODEC QUALITY     mean over pictures of bytes, bpp, psnr, psnr_y, ssim or ms_ssim
    time COLUMN TABLE SET CODEC QUALITY     median milliseconds over pictures: encode, decode, encode_cpu, decode_cpu
    seconds COLUMN TABLE SET CODEC QUALITY  the same in seconds, to two digits
    memory COLUMN TABLE SET CODEC QUALITY   largest memory in MiB over pictures: encode or decode
    images TABLE SET                        number of pictures
    table KIND TABLES SET ANCHOR PUBLISHED  deltas, matrix, pictures, points or times of a report
    measured-with TABLE                     the comments of a table, as a list
    sheet FILE [ROWS]                       a file in results/ that is no table of `nnc bench`; all rows, or those of a
                                            list of numbers, 1 being the first and -1 the last
    cell FILE ROW COLUMN                    one cell of such a file, both counted from 1
    comment FILE                            what such a file says of itself

TABLE is a file in results/; TABLES, SETS and PUBLISHED are lists with commas, PUBLISHED may be ``all`` or ``none``.
"""

import re
import statistics
from collections.abc import Callable
from functools import cache
from pathlib import Path

from nncodec.bench.report import report_tables
from nncodec.bench.report.assembly import merged
from nncodec.bench.report.bd import Curve, bd_rate, delta
from nncodec.bench.report.comparison import Comparison, comparisons
from nncodec.bench.report.markdown import MarkdownTable, decibels, percent
from nncodec.bench.report.reference import references
from nncodec.bench.report.series import DataSet, Series, data_sets
from nncodec.bench.results_tsv import Results

ROOT = Path(__file__).parent.parent
QUOTE = re.compile(r"<!-- quote ([^>]*?) -->(.*?)<!-- / -->", re.DOTALL)
NUMBER = re.compile(r"[+\u2212-]?\d+(?:\.\d+)? (?:%|dB\b|bpp\b|ms\b|MP/s|MiB\b)")


def documents() -> list[Path]:
    """The documents that may quote."""
    return [path for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if path.exists()]


def fill(text: str) -> str:
    """The text with every quotation recomputed."""
    return QUOTE.sub(lambda match: f"<!-- quote {match[1]} -->{_value(match[1])}<!-- / -->", text)


def unquoted(text: str) -> list[str]:
    """Figures with a unit that stand outside quotations, and that nothing would keep true."""
    return NUMBER.findall(re.sub(r"```.*?```", "", QUOTE.sub("", text), flags=re.DOTALL))


def _value(request: str) -> str:
    kind, *arguments = request.split()
    return _KINDS[kind](*arguments)


@cache
def _results(names: str) -> Results:
    return merged([ROOT / "results" / name for name in names.split(",")])


@cache
def _data_set(names: str, name: str) -> DataSet:
    return next(data for data in data_sets(_results(names).rows) if data.name == name)


def _series(names: str, set_name: str, codec: str) -> Series:
    return next(series for series in _data_set(names, set_name).series if series.name.replace(" ", "") == codec)


def _bd(names: str, set_name: str, codec: str, anchor: str) -> str:
    return percent(bd_rate(_series(names, set_name, codec).psnr_curve(), _anchor(names, set_name, anchor)))


def _fewer(names: str, set_name: str, codec: str, anchor: str) -> str:
    rate = bd_rate(_series(names, set_name, codec).psnr_curve(), _anchor(names, set_name, anchor))
    if rate > 0:
        raise ValueError(f"{codec} needs more bytes than {anchor}")
    return f"{-rate:.0f} %"


def _bd_below(limit: str, names: str, set_name: str, codec: str, anchor: str) -> str:
    whole = _series(names, set_name, codec).psnr_curve()
    part = Curve.of(
        whole.name, [point for point in zip(whole.bpp, whole.quality, strict=True) if point[0] <= float(limit)]
    )
    return percent(bd_rate(part, _anchor(names, set_name, anchor)))


def _bd_at_equal_rates(names: str, set_name: str, codec: str, anchor: str) -> str:
    return percent(bd_rate(_series(names, set_name, codec).equal_rate_curve(), _anchor(names, set_name, anchor)))


def _bd_ms_ssim(names: str, set_name: str, codec: str, anchor: str) -> str:
    curves = [_series(names, set_name, name).ms_ssim_curve() for name in (codec, anchor)]
    return percent(bd_rate(*curves))


def _bd_luma(which: str, names: str, sets: str, codec: str, anchor: str) -> str:
    deltas = []
    for name in sets.split(","):
        anchors = _series(names, name, anchor).picture_curves(luma=True)
        curves = _series(names, name, codec).picture_curves(luma=True)
        deltas += [delta(curves[image], anchors[image]) for image in anchors]
    if which == "psnr":
        return decibels(statistics.fmean(one.quality_db for one in deltas))
    return percent(statistics.fmean(one.rate_percent for one in deltas))


def _bd_since(names: str, older: str, set_name: str, codec: str) -> str:
    curves, anchors = (_series(each, set_name, codec).picture_curves() for each in (names, older))
    return percent(statistics.fmean(bd_rate(curves[image], anchors[image]) for image in anchors))


def _gain(names: str, set_name: str, codec: str, anchor: str, quality: str) -> str:
    higher, lower = (
        next(point.psnr_y for point in _series(names, set_name, name).points if point.quality == float(quality))
        for name in (codec, anchor)
    )
    return decibels(higher - lower)


def _anchor(names: str, set_name: str, anchor: str):  # type: ignore[no-untyped-def]
    if anchor in references():
        return references()[anchor].psnr_curve()
    return _series(names, set_name, anchor).psnr_curve()


def _published(codec: str, anchor: str) -> str:
    return percent(bd_rate(references()[codec].psnr_curve(), references()[anchor].psnr_curve()))


def _mean(column: str, names: str, set_name: str, codec: str, quality: str) -> str:
    point = next(point for point in _series(names, set_name, codec).points if point.quality == float(quality))
    shown: dict[str, str] = {"bytes": "{:.0f} bytes", "bpp": "{:.3f} bpp", "psnr": "{:.2f} dB", "psnr_y": "{:.2f} dB"}
    return shown.get(column, "{:.4f}").format(getattr(point, column))


def _timed(column: str, names: str, set_name: str, codec: str, quality: str) -> list[float]:
    timed = {name.replace(" ", ""): rows for name, rows in _data_set(names, set_name).timed.items()}
    return [getattr(row, column) for row in timed[codec] if row.quality == float(quality)]


def _time(which: str, *series: str) -> str:
    return f"{1000 * statistics.median(_timed(which + '_s', *series)):.1f} ms"


def _seconds(which: str, *series: str) -> str:
    return f"{statistics.median(_timed(which + '_s', *series)):.2g} s"


def _memory(which: str, *series: str) -> str:
    return f"{max(_timed(which + '_mib', *series)):.0f} MiB"


def _report_table(kind: str, names: str, set_name: str, anchor: str, published: str) -> str:
    table = getattr(report_tables, kind)(_comparison(names, set_name, anchor, published))
    if isinstance(table, tuple):
        table = table[0]
    return f"\n\n{table.markdown()}\n"


def _comparison(names: str, set_name: str, anchor: str, published: str) -> Comparison:
    chosen = {"all": tuple(references()), "none": ()}.get(published, tuple(published.split(",")))
    return comparisons([_data_set(names, set_name)], [anchor], chosen)[0]


def _measured_with(names: str) -> str:
    return "\n\n" + "".join(f"- {comment}\n" for comment in _results(names).comments) + "\n"


def _lines(name: str) -> list[str]:
    return (ROOT / "results" / name).read_text("utf-8").splitlines()


def _sheet(name: str, chosen: str = "") -> str:
    header, *rows = (line.split("\t") for line in _lines(name) if not line.startswith("#"))
    if chosen:
        rows = [rows[number - (number > 0)] for number in map(int, chosen.split(","))]
    return f"\n\n{MarkdownTable.of(header, rows).markdown()}\n"


def _cell(name: str, row: str, column: str) -> str:
    _, *rows = (line.split("\t") for line in _lines(name) if not line.startswith("#"))
    return rows[int(row) - 1][int(column) - 1]


def _comment(name: str) -> str:
    return "; ".join(line.removeprefix("#").strip() for line in _lines(name) if line.startswith("#"))


_KINDS: dict[str, Callable[..., str]] = {
    "bd": _bd,
    "fewer": _fewer,
    "bd-below": _bd_below,
    "bd-at-equal-rates": _bd_at_equal_rates,
    "bd-ms-ssim": _bd_ms_ssim,
    "bd-luma": _bd_luma,
    "bd-since": _bd_since,
    "gain": _gain,
    "published": _published,
    "mean": _mean,
    "time": _time,
    "seconds": _seconds,
    "memory": _memory,
    "images": lambda names, set_name: str(_data_set(names, set_name).n_images),
    "table": _report_table,
    "measured-with": _measured_with,
    "sheet": _sheet,
    "cell": _cell,
    "comment": _comment,
}


if __name__ == "__main__":
    for document in documents():
        before = document.read_text("utf-8")
        if fill(before) != before:
            document.write_text(fill(before), "utf-8")
