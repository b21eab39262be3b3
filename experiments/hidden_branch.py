"""PSNR with and without the hidden branch of the lapped synthesis: results/training/hidden-branch.tsv, and its means.

    python experiments/hidden_branch.py KODAK OLD

Weights 3 (codec learned) and 65 (ccnn) had 32 hidden channels a plane: a 3 x 3 convolution of the latent and a leaky
ReLU, whose result the transposed convolution added to the plane with 32 filters of its own. Weights 4 and 66 have none.
Six pictures of the folder KODAK are coded at effort 1. As no symbol depends on the branch, the files are the same but
for the model's number, and the symbols are decoded three times: with the branch; without it, the weights else as they
were; and, for learned, with the network that was trained on without it (weights 4). The folder OLD holds the two old
files of weights, 003-learned.npz and 065-ccnn.npz, from the history of this repository:

    git show 7a99bbf:weights/003-learned.npz > OLD/003-learned.npz
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
import numpy.typing as npt

from nncodec.codec import Options
from nncodec.codecs import by_name
from nncodec.codecs.ccnn import decoder as ccnn_decoder
from nncodec.codecs.learned import decoder as learned_decoder
from nncodec.codecs.learned import synthesis as learned_synthesis
from nncodec.container import Container, Header, Kind, Section, serialize
from nncodec.image import read
from nncodec.image.metrics import psnr
from nncodec.lapped.bitstream import Payload
from nncodec.lapped.layout import CHANNELS, PARITY
from nncodec.lapped.model import LappedModel, loaded
from nncodec.lapped.transform import EDGE, Floats, Region, mirrored, synthesise
from nncodec.nets import weights
from nncodec.nets.weights import Arrays

TABLE = Path(__file__).resolve().parent.parent / "results" / "training" / "hidden-branch.tsv"
MEANS = TABLE.with_name("hidden-branch-means.tsv")
PICTURES = (1, 5, 9, 13, 17, 21)
QUALITIES = (8, 20, 40, 60)
OLD = {"learned": (3, "003-learned.npz"), "ccnn": (65, "065-ccnn.npz")}
SATURATION, LEAK = 4.0, 0.125
COLUMNS = ("codec", "picture", "quality", "bytes", "PSNR with branch", "PSNR without", "PSNR of the new weights")
MEAN_COLUMNS = ("codec", "quality", "bytes", "dB with branch", "without", "new weights")


class Branch:
    """The synthesis of one picture with the hidden branch, in place of `nncodec.lapped.transform.synthesise`."""

    def __init__(self, arrays: Arrays) -> None:
        names = ("synthesis", "hidden", "bias", "paint")
        self._of_plane = [[arrays[name][plane].astype(np.float32) for name in names] for plane in range(3)]
        self._planes: dict[int, Floats] = {}

    def __call__(
        self, values: npt.NDArray[np.number], filters: Floats, unit: float = 1.0, region: Region | None = None
    ) -> Floats:
        """Reconstruct a plane once, and return the region of it. The filters tell which plane it is."""
        number = next(number for number, own in enumerate(self._of_plane) if np.array_equal(own[0], filters))
        if number not in self._planes:
            hidden = _hidden_part(values * np.float32(unit), *self._of_plane[number][1:])
            self._planes[number] = synthesise(values, filters, unit) + hidden
        whole = self._planes[number]
        return whole if region is None else whole[tuple(slice(8 * side.start, 8 * side.stop) for side in region)]


def _hidden_part(values: Floats, kernel: Floats, bias: Floats, paint: Floats) -> Floats:
    """The hidden channels' part of a plane (8 h, 8 w), from values (h, w, CHANNELS) in symbols."""
    height, width = values.shape[:2]
    (rows, above), (columns, left) = mirrored(height, 2), mirrored(width, 2)
    wide = values[rows][:, columns]
    wide = wide * np.where(above[:, None], PARITY[:, 0], 1)[:, None] * np.where(left[:, None], PARITY[:, 1], 1)
    seen = wide[..., 1:].clip(-SATURATION, SATURATION).astype(np.float32)  # (h + 4, w + 4, CHANNELS - 1)
    taps = ((i, j) for i in range(3) for j in range(3))
    hidden = bias + sum(seen[i : i + height + 2, j : j + width + 2] @ kernel[:, :, i, j].T for i, j in taps)
    hidden = np.maximum(hidden, LEAK * hidden)  # (h + 2, w + 2, 32)
    out = np.zeros((8 * height + 24, 8 * width + 24), np.float32)
    for i in range(16):
        for j in range(16):
            out[i : i + 8 * height + 16 : 8, j : j + 8 * width + 16 : 8] += hidden @ paint[:, i, j]
    return out[8 + EDGE : -8 - EDGE, 8 + EDGE : -8 - EDGE]


def decoded(codec: str, payload: Payload, arrays: Arrays, branch: bool, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Pixels of a payload with these weights, with or without the hidden branch."""
    model, user = LappedModel(payload.model, arrays), ccnn_decoder if codec == "ccnn" else learned_synthesis
    with mock.patch.object(user, "synthesise", Branch(arrays) if branch else synthesise):
        if codec == "ccnn":
            return ccnn_decoder.decode(payload, model, *size, 3)
        return learned_decoder.decode(payload, model, *size, 3, "cpu")


def rows(kodak: Path, old: Path) -> Iterator[list[str]]:
    """The lines of the table, each picture and quality."""
    for codec, (_, file) in OLD.items():
        before, after = weights.read((old / file).read_bytes()), loaded(weights.newest(codec), codec).arrays
        assert before["hidden"].shape[2] == CHANNELS - 1
        for picture in PICTURES:
            path = kodak / f"kodim{picture:02}.png"
            pixels = read(path.read_bytes()).pixels
            size = pixels.shape[1], pixels.shape[0]
            for quality in QUALITIES:
                data = by_name(codec).encode(pixels, Options(quality, effort=1))
                file_size = len(
                    serialize(Container(Header(by_name(codec).id, *size, True, False), (Section(Kind.PAYLOAD, data),)))
                )
                payload = Payload.parse(data, 3, weights.NUMBERS[codec])
                seen = [(before, True), (before, False), (after, False)]
                found = [psnr(pixels, decoded(codec, payload, arrays, branch, size)) for arrays, branch in seen]
                yield [codec, path.stem, str(quality), str(file_size), *(f"{value:.3f}" for value in found)]


def means(lines: list[list[str]]) -> Iterator[list[str]]:
    """Means over the pictures by codec and quality: bytes, PSNR with the branch, and differences to that."""
    for codec, quality in dict.fromkeys((line[0], line[2]) for line in lines):
        cells = [line[3:] for line in lines if (line[0], line[2]) == (codec, quality)]
        size, *found = np.mean(np.array(cells, float), axis=0)
        yield [codec, quality, f"{size:.0f}", f"{found[0]:.3f}", *(f"{value - found[0]:+.3f}" for value in found[1:])]


def main(kodak: str, old: str) -> None:
    """Measure, and write the tables of pictures and of means."""
    found = []
    for row in rows(Path(kodak), Path(old)):
        found.append(row)
        print(*row, sep="\t", flush=True)
    write(TABLE, COLUMNS, found)
    write(MEANS, MEAN_COLUMNS, list(means(found)))


def write(path: Path, columns: tuple[str, ...], lines: list[list[str]]) -> None:
    """Write a table with the command above it."""
    text = ["# `python experiments/hidden_branch.py KODAK OLD`, effort 1, six pictures"]
    text += ["\t".join(line) for line in [columns, *lines]]
    path.write_text("\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
