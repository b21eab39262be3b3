"""What adapting to the one picture saves in the learned codec: writes results/learned/adaptation.tsv.

    python experiments/learned_adaptation.py 6,7 A.png B.webp ...           # efforts
    python experiments/learned_adaptation.py 6,7,parts A.png B.webp ...     # and effort 7 with each part left out

The middle 384 x 256 pixels of each picture are coded at quality 27. Savings are in bytes at equal PSNR: effort 5 at
this quality and at those around gives a curve, whose logarithm of bytes is interpolated at the PSNR found. Times are
processor time of one thread. Rows that the table has are not measured again.
"""

import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from growing_table import GrowingTable

from nncodec.codec import Frame, Options
from nncodec.codecs.learned import CODEC, INDICES_PER_QUALITY
from nncodec.codecs.learned.adaptive_encoder import AdaptiveEncoder
from nncodec.codecs.learned.decoder import decode_latent
from nncodec.codecs.learned.encoder import REFINED_FROM, Candidate, Encoder
from nncodec.codecs.learned.latent_encoder import LatentEncoder
from nncodec.codecs.learned.model import loaded
from nncodec.codecs.learned.payload import LearnedPayload
from nncodec.codecs.learned.search import Search
from nncodec.image import read
from nncodec.image.metrics import psnr
from nncodec.lapped.transform import Floats
from nncodec.nets import weights

RESULTS = Path(__file__).resolve().parent.parent / "results" / "learned"
COLUMNS = ("picture", "effort", "bytes", "change", "PSNR", "saved, %", "encoding, s", "decoding, s")
TABLE = GrowingTable(RESULTS / "adaptation.tsv", COLUMNS, 2)
QUALITY, AROUND, BEYOND = 27, (23, 27, 32), (38, 46)
"""The quality of the files, those of the curve of effort 5, and further ones for what is better than all of these."""
CROP, PARTS_EFFORT = (256, 384), 7
Pixels = npt.NDArray[np.uint8]


class WithoutIndices(Search):
    """Scale indices do not follow the picture."""

    _adaptive = False


class WithoutSlopes(Search):
    """Targets do not allow for what other symbols cost."""

    def _moves(self) -> Floats:
        return np.zeros(self.candidate.values.shape, np.float32)


class WithoutChange(Search):
    """The synthesis network is not changed."""

    def adapt(self, candidate: Candidate | None = None) -> None:
        """Take the coding up and leave the network as it is."""
        self.candidate = candidate or self.candidate


PARTS: dict[str, type[Search]] = {
    "7 without indices": WithoutIndices,
    "7 without slopes": WithoutSlopes,
    "7 without change": WithoutChange,
}


def frame_of(pixels: Pixels) -> Frame:
    """The frame that a decoder is told."""
    return Frame(pixels.shape[1], pixels.shape[0], 1 if pixels.ndim == 2 else 3)


class Against:
    """The curve of effort 5, by PSNR and logarithm of bytes."""

    def __init__(self, pixels: Pixels) -> None:
        self._pixels, self._beyond = pixels, list(BEYOND)
        self._points = sorted(self._point(quality) for quality in AROUND)

    def _point(self, quality: float) -> tuple[float, float]:
        payload = CODEC.encode(self._pixels, Options(quality, 5, threads=1))
        seen = CODEC.decode(payload, frame_of(self._pixels), "cpu")
        return psnr(self._pixels, seen), float(np.log(len(payload)))

    def saved(self, size: int, level: float) -> float:
        """Share of the bytes that a file of a PSNR saves; too small where it is better than all of effort 5."""
        while level > self._points[-1][0] and self._beyond:
            self._points.append(self._point(self._beyond.pop(0)))
        levels, sizes = zip(*self._points, strict=True)
        return float(1 - size / np.exp(np.interp(level, levels, sizes)))


def change_bytes(payload: bytes, pixels: Pixels) -> int:
    """Bytes of the change of the network in a payload, rounded."""
    frame = frame_of(pixels)
    parsed = LearnedPayload.parse(payload, 1 if pixels.ndim == 2 else 2, CODEC.name)
    _, change = decode_latent(parsed, loaded(parsed.model), frame.width, frame.height, frame.channels)
    return round(coder_of(pixels).bits_of(change) / 8)


def coder_of(pixels: Pixels) -> LatentEncoder:
    """The encoder of the latent at `QUALITY`."""
    return LatentEncoder.of(loaded(weights.newest(CODEC.name)), QUALITY * INDICES_PER_QUALITY, pixels)


def measured(pixels: Pixels, against: Against, encode: Callable[[], bytes]) -> list[object]:
    """Bytes, those of the change, PSNR, saving in per cent, and seconds to encode and to decode."""
    start = time.process_time()
    payload = encode()
    encoded = time.process_time()
    seen = CODEC.decode(payload, frame_of(pixels), "cpu")
    decoded = time.process_time()
    level = psnr(pixels, seen)
    saved = 100 * against.saved(len(payload), level)
    times = f"{encoded - start:.1f}", f"{decoded - encoded:.2f}"
    return [len(payload), change_bytes(payload, pixels), f"{level:.2f}", f"{saved:.1f}", *times]


def ways(pixels: Pixels, wanted: list[str]) -> Iterable[tuple[str, Callable[[], bytes]]]:
    """How to encode: at each effort, or without each part."""
    for each in wanted:
        if each == "parts":
            for name, kind in PARTS.items():
                yield name, partial(AdaptiveEncoder(Encoder(coder_of(pixels)), kind).best, PARTS_EFFORT - REFINED_FROM)
        else:
            yield each, partial(CODEC.encode, pixels, Options(QUALITY, int(each), threads=1))


def main() -> None:
    """Add rows to the table."""
    wanted = sys.argv[1].split(",")
    for path in map(Path, sys.argv[2:]):
        whole = read(path.read_bytes()).pixels
        top, left = ((side - part) // 2 for side, part in zip(whole.shape, CROP, strict=False))
        pixels = whole[top : top + CROP[0], left : left + CROP[1]]
        missing = [(name, way) for name, way in ways(pixels, wanted) if not TABLE.has((path.stem, name))]
        if not missing:
            continue
        against = Against(pixels)
        for name, way in missing:
            TABLE.add((path.stem, name), measured(pixels, against, way))


if __name__ == "__main__":
    main()
