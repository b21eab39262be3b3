"""Where the learned codec's bits go, by quality: results/learned/bits.tsv and docs/img/learned-bits.svg.

    python tools/learned_bits.py kodak      # codes every picture at seven qualities, at effort 5, and draws
    python tools/learned_bits.py            # draws from the table

The bits of a group of symbols are their content under the distributions they are coded with, -log2 of frequency over
2^24; the range coder adds less than 0.1 %. ``rest`` is what is left of the whole file: escapes, headers, container.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch

from nncodec import models
from nncodec.codecs import Frame, Options
from nncodec.codecs.learned import CODEC
from nncodec.container import Container, Header, Kind, Section, serialize
from nncodec.entropy.coder import Decoder, Indices, Symbols
from nncodec.entropy.layout import N_SCALES
from nncodec.entropy.tables import Tables
from nncodec.image import read

mpl.use("svg")
import matplotlib.pyplot as plt  # the backend has to be chosen first

ROOT = Path(__file__).resolve().parent.parent
TABLE, PLOT = ROOT / "results" / "learned" / "bits.tsv", ROOT / "docs" / "img" / "learned-bits.svg"
QUALITIES = (5, 20, 35, 50, 65, 80, 95)
PARTS = ("hyper-latent", "step 1", "step 2", "step 3", "step 4", "rest")


def meter(tables: Tables) -> list[float]:
    """A list that gets the bits of every group of symbols that is decoded from now on."""
    groups: list[float] = []
    costs = [tables.costs(index).astype(np.float64) for index in range(N_SCALES)]
    decoded = Decoder.code

    def code(decoder: Decoder, indices: Indices) -> Symbols:
        symbols, total = decoded(decoder, indices), 0.0
        for index in np.unique(indices):
            half, group = tables.half_widths[index], symbols[indices == index]
            total += costs[index][np.where(np.abs(group) > half, 2 * half + 1, group + half)].sum()
        groups.append(total)
        return symbols

    Decoder.code = code  # type: ignore[method-assign,assignment]
    return groups


def bits_of(path: Path, quality: float, groups: list[float]) -> list[float]:
    """Bits per pixel of every part of one picture's file."""
    picture = read(path.read_bytes())
    frame = Frame(picture.width, picture.height, picture.channels)
    payload = CODEC.encode(picture.pixels, Options(quality, effort=5, device="cpu", threads=1))
    header = Header(CODEC.id, frame.width, frame.height, colour=frame.channels == 3)
    whole = 8 * len(serialize(Container(header, (Section(Kind.PAYLOAD, payload),))))
    groups.clear()
    CODEC.decode(payload, frame, "cpu")
    return [part / (frame.width * frame.height) for part in (*groups, whole - sum(groups))]


def measured(folder: Path) -> Iterator[str]:
    """The lines of the table: means over the pictures, in bits per pixel."""
    pictures = sorted(folder.glob("*.png")) or sorted(folder.glob("*.bmp"))
    number = models.newest("learned")
    groups = meter(Tables.unpack(models.load(number, "learned")))
    yield f"# model {number}, effort 5, mean over {len(pictures)} pictures of {folder.name}, bits per pixel"
    yield "\t".join(["quality", *PARTS, "file"])
    for quality in QUALITIES:
        means = np.mean([bits_of(path, quality, groups) for path in pictures], axis=0)
        yield "\t".join([str(quality), *(f"{part:.4f}" for part in means), f"{means.sum():.4f}"])
        print(quality, means, flush=True)


def plot() -> None:
    """Bars stacked from the hyper-latent up, each part with its share of the file."""
    lines = [line.split("\t") for line in TABLE.read_text("utf-8").splitlines() if not line.startswith("#")]
    rows = np.array([[float(cell) for cell in line] for line in lines[1:]])
    figure, axes = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    below, places = np.zeros(len(rows)), np.arange(len(rows))
    for number, name in enumerate(lines[0][1:-1]):
        height = rows[:, 1 + number]
        shade = plt.get_cmap("viridis")(0.95 - 0.17 * number)
        axes.bar(places, height, 0.7, below, color=shade, edgecolor="white", lw=0.4, label=name)
        for x, part, start, whole in zip(places, height, below, rows[:, -1], strict=True):
            if part / rows[:, -1].max() > 0.03:
                ink = "white" if number > 2 else "black"
                axes.text(
                    float(x), start + part / 2, f"{part / whole:.0%}", ha="center", va="center", fontsize=7, color=ink
                )
        below = below + height
    axes.set_xticks(places, [f"{quality:g}" for quality in rows[:, 0]])
    axes.set(xlabel="quality", ylabel="bits per pixel", title="Where the bits of the learned codec go")
    handles, names = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], names[::-1], fontsize=8)
    mpl.rcParams["svg.hashsalt"] = "learned-bits"
    figure.savefig(PLOT, metadata={"Date": None})


def main(folders: list[str]) -> None:
    """Measure if there is a folder; draw."""
    torch.set_num_threads(1)
    if folders:
        TABLE.parent.mkdir(parents=True, exist_ok=True)
        TABLE.write_text("\n".join(measured(Path(folders[0]))) + "\n", encoding="utf-8")
    plot()


if __name__ == "__main__":
    main(sys.argv[1:])
