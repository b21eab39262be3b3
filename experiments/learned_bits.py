"""Bits of the learned codec by plane and channel group: results/learned/bits.tsv and docs/img/learned-bits.svg.

    python experiments/learned_bits.py kodak 4    # codes every fourth picture, seven qualities, effort 5; draws
    python experiments/learned_bits.py            # draws from the table

The bits of a symbol are their content under the distribution it is coded with, -log2 of frequency over 2^24; the range
coder adds less than 0.1 %. They are summed by unit and by group of channels, which are numbered by the sum of their
frequencies. ``rest`` is what is left of the whole file: escapes, headers, container.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt

from nncodec.codec import Options
from nncodec.codecs.learned import CODEC
from nncodec.codecs.learned.bitstream import Step, code_unit
from nncodec.codecs.learned.blocks import read as read_symbols
from nncodec.codecs.learned.context import Means
from nncodec.codecs.learned.grid import UNITS, DecodedLatent
from nncodec.codecs.learned.model import LearnedModel
from nncodec.codecs.learned.payload import LearnedPayload
from nncodec.container import Container, Header, Kind, Section, serialize
from nncodec.entropy.coder import Indices, Symbols
from nncodec.entropy.tables import Tables
from nncodec.image import read
from nncodec.lapped.decoder import opened, positions
from nncodec.lapped.layout import N_GROUPS, PLANES
from nncodec.nets import weights

mpl.use("svg")
import matplotlib.pyplot as plt  # the backend has to be chosen first

ROOT = Path(__file__).resolve().parent.parent
TABLE, PLOT = ROOT / "results" / "learned" / "bits.tsv", ROOT / "docs" / "img" / "learned-bits.svg"
QUALITIES = (5, 20, 35, 50, 65, 80, 95)
EFFORT = 5
PARTS = {
    "brightness, 0": (0, range(1)),
    "brightness, 1-4": (0, range(1, 5)),
    "brightness, 5-14": (0, range(5, N_GROUPS)),
    "colours, 0": (1, range(1)),
    "colours, 1-4": (1, range(1, 5)),
    "colours, 5-14": (1, range(5, N_GROUPS)),
}
"""Units and groups of channels."""
REST = "rest"


def content(tables: Tables, symbols: Symbols, indices: Indices) -> float:
    """Bits of symbols, those of escaped ones without what follows the escape."""
    total = 0.0
    for index in np.unique(indices):
        half, group = tables.half_widths[index], symbols[indices == index]
        total += tables.costs(index)[np.where(np.abs(group) > half, 2 * half + 1, group + half)].sum(dtype=np.float64)
    return total


def by_group(payload: bytes, model: LearnedModel, width: int, height: int) -> npt.NDArray[np.float64]:
    """Bits (units, N_GROUPS) of the symbols of a colour picture."""
    parsed = LearnedPayload.parse(payload, len(UNITS), "learned")
    known = DecodedLatent(*positions(width, height), PLANES)
    reader = opened(parsed, model, 0.0, width, height, PLANES)
    bits = np.zeros((len(UNITS), N_GROUPS))
    for unit, contexts in enumerate(model.unit_contexts(parsed.quality)):

        def code_symbols(step: Step, means: Means, indices: Indices, unit: int = unit) -> Symbols:
            def code(tables: Indices) -> Symbols:
                numbers = reader.code(None, tables)
                bits[unit, step.group] += content(model.tables, numbers, tables)
                return numbers

            return read_symbols(indices.reshape(-1), code).reshape(indices.shape)

        code_unit(known, contexts, parsed.groups[unit], code_symbols, model.adaptation(parsed.adaptive))
    reader.finish()
    return bits


def bits_of(path: Path, quality: float, model: LearnedModel) -> list[float]:
    """Bits per pixel of every part of one picture's file."""
    picture = read(path.read_bytes())
    payload = CODEC.encode(picture.pixels, Options(quality, effort=EFFORT, threads=1))
    header = Header(CODEC.id, picture.width, picture.height, colour=True)
    whole = 8 * len(serialize(Container(header, (Section(Kind.PAYLOAD, payload),))))
    bits = by_group(payload, model, picture.width, picture.height)
    parts = [float(bits[unit, groups].sum()) for unit, groups in PARTS.values()]
    return [part / (picture.width * picture.height) for part in (*parts, whole - sum(parts))]


def measured(folder: Path, every: int) -> Iterator[str]:
    """The lines of the table: means over the pictures, in bits per pixel."""
    pictures = sorted([*folder.glob("*.png"), *folder.glob("*.bmp")])[::every]
    number = weights.newest("learned")
    model = LearnedModel(number, weights.load(number, "learned"))
    which = f"{folder.name}, every {every}th" if every > 1 else folder.name
    yield f"# model {number}, effort {EFFORT}, mean over {len(pictures)} pictures ({which}), bits per pixel"
    yield "\t".join(["quality", *PARTS, REST, "file"])
    for quality in QUALITIES:
        means = np.mean([bits_of(path, quality, model) for path in pictures], axis=0)
        yield "\t".join([str(quality), *(f"{part:.4f}" for part in means), f"{means.sum():.4f}"])
        print(quality, means, flush=True)


def plot() -> None:
    """Bars stacked from the local means up, each part with its share of the file."""
    lines = [line.split("\t") for line in TABLE.read_text("utf-8").splitlines() if not line.startswith("#")]
    rows = np.array([[float(cell) for cell in line] for line in lines[1:]])
    figure, axes = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    below, places = np.zeros(len(rows)), np.arange(len(rows))
    for number, name in enumerate(lines[0][1:-1]):
        height = rows[:, 1 + number]
        shade = plt.get_cmap("viridis")(0.97 - 0.15 * number)
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


def main(arguments: list[str]) -> None:
    """Measure if there is a folder; draw."""
    if arguments:
        every = int(arguments[1]) if len(arguments) > 1 else 1
        TABLE.parent.mkdir(parents=True, exist_ok=True)
        TABLE.write_text("\n".join(measured(Path(arguments[0]), every)) + "\n", encoding="utf-8")
    plot()


if __name__ == "__main__":
    main(sys.argv[1:])
