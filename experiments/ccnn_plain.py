"""The published form of ccnn, whose network begins by chance: writes results/training/ccnn-plain.tsv, plots and ratios.

    python experiments/ccnn_plain.py PICTURE 5 plain:0,10,20 plain/48:0,20    # effort; forms and their own qualities
    python experiments/ccnn_plain.py PICTURE 5 linear:20 bent:20              # what makes the difference to ccnn
    python experiments/ccnn_plain.py                                          # docs/img/ccnn-plain*.svg, and ratios

*linear* begins by chance and has no leaky ReLU, *bent* begins with the lapped transform and has that of plain. Bytes
are those of whole .nnc files, and for these two of payloads, 19 bytes less; those of weights are what a payload with
the same latent and weights of zero lacks.
Seconds are processor time. Rows that the table has are not measured again. Curves of JPEG and of ccnn, on the same
picture, are those of results/ccnn-crops.tsv.
"""

import csv
import sys
import time
from dataclasses import replace
from pathlib import Path

import ccnn_plots
import numpy as np
from growing_table import GrowingTable

from nncodec.bench.results_tsv import read as read_results
from nncodec.codec import Options
from nncodec.codecs.ccnn import bitstream
from nncodec.codecs.ccnn.decoder import decode
from nncodec.codecs.ccnn.encoder import Plan
from nncodec.codecs.ccnn.encoder import encode as encode_payload
from nncodec.codecs.ccnn.layout import LEAK_ONE
from nncodec.codecs.ccnn.plain import plan_of
from nncodec.container import parse
from nncodec.image import Picture, read
from nncodec.image.metrics import psnr
from nncodec.pipeline import Settings, encode

COLUMNS = ("picture", "form", "effort", "quality", "channels", "bytes", "of weights", "PSNR", "s")
TABLE = GrowingTable(ccnn_plots.RESULTS / "training" / "ccnn-plain.tsv", COLUMNS, 4)
PLOTTED = "5"
"""The effort whose curves are drawn."""


def weights_of(payload: bytes, width: int, height: int) -> tuple[int, int]:
    """Channels of a payload in colour, and bytes of the weights of its filters."""
    parsed = bitstream.Payload.parse(payload, 3)
    values, weights = bitstream.read(parsed, width, height, 3)
    bare = bitstream.write(values, np.zeros_like(weights), parsed.shape, (width, height), parsed.step, parsed.leak)
    return parsed.shape.channels, len(payload) - len(bare)


def measured(picture: Picture, form: str, effort: int, quality: int) -> list[object]:
    """The last columns of a row."""
    pixels = picture.pixels.astype(np.uint8, copy=False)
    height, width, _ = pixels.shape
    plain = plan_of(quality, effort, 2)
    parts = {"linear": replace(plain, leak=LEAK_ONE), "bent": replace(Plan.of(quality, effort), leak=plain.leak)}
    start = time.process_time()
    if form in parts:
        data = payload = encode_payload(pixels, parts[form])
        level = psnr(pixels, decode(payload, width, height, 3))
    else:
        done = encode(picture, Settings(f"ccnn:{form}", Options(quality, effort, threads=1), restore="none"))
        data, payload, level = done.data, parse(done.data).payload, done.psnr
    seconds = time.process_time() - start
    channels, of_weights = weights_of(payload, width, height)
    return [channels, len(data), of_weights, f"{level:.2f}", f"{seconds:.0f}"]


def measure(path: Path, effort: int, wanted: list[str]) -> None:
    """Add rows to the table."""
    picture = read(path.read_bytes())
    for each in wanted:
        form, _, qualities = each.partition(":")
        for quality in map(int, qualities.split(",")):
            key = path.stem, form, str(effort), str(quality)
            if not TABLE.has(key):
                TABLE.add(key, measured(picture, form, effort, quality))


def draw() -> None:
    """The plots, and the table of ratios."""
    with TABLE.path.open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines, delimiter="\t") if row["effort"] == PLOTTED]
    forms: dict[str, ccnn_plots.Points] = {}
    for row in sorted(rows, key=lambda row: int(row["bytes"])):
        forms.setdefault(row["form"], []).append((int(row["bytes"]), float(row["PSNR"])))
    usual: dict[str, ccnn_plots.Points] = {}
    for row in read_results(ccnn_plots.RESULTS / "ccnn-crops.tsv").rows:
        if Path(row.image).stem == rows[0]["picture"] and row.psnr is not None:
            usual.setdefault(row.codec, []).append((row.bytes, row.psnr))
    beside = {"ccnn:plain": forms["plain"], "linear": forms["linear"]}
    beside |= {name: sorted(usual[name]) for name in ("jpeg", "ccnn")}
    ccnn_plots.draw(beside, ccnn_plots.IMAGES / "ccnn-plain.svg")
    sizes = {name: points for name, points in sorted(forms.items()) if name.startswith("plain")}
    ccnn_plots.draw(sizes, ccnn_plots.IMAGES / "ccnn-plain-filters.svg")
    ccnn_plots.write_ratios(beside, ccnn_plots.RESULTS / "training" / "ccnn-plain-ratios.tsv")


if __name__ == "__main__":
    ccnn_plots.mpl.rcParams["svg.hashsalt"] = "ccnn"
    if sys.argv[1:]:
        measure(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
    else:
        draw()
