"""Shared starts of the 378-parameter restorer: one set of weights for each codec and quality.

Fitted to luma planes of the training pictures as each codec returns them. An encoder tries all starts of its codec
and goes on from the best; so the qualities here need only be near enough to those people use.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nncodec.codec import Codec, Frame, Options
from nncodec.codecs import by_name
from nncodec.entropy.scales import N_SCALES
from nncodec.entropy.tables import Tables, logistic_masses, scale_of, to_frequencies
from nncodec.nets import weights
from nncodec.restorers.tuned.adam import Adam
from nncodec.restorers.tuned.derivatives import Derivatives
from nncodec.restorers.tuned.network import HALO, N_PARAMETERS, Floats, correction, factors, luma
from nncodec.training.data import Pictures, find_pictures, load_pictures

STARTS = (
    *(("jpeg", quality) for quality in (5, 10, 20, 40, 70)),
    *(("jpeg2000", quality) for quality in (5, 20, 40, 60)),
    *(("webp", quality) for quality in (5, 30, 70)),
    *(("avif", quality) for quality in (15, 40, 65)),
)
"""Codec and quality of every start, in the order in which they are numbered; each is trained from the one before."""

_MAX_TABLED = 31
_SIDE, _CROP, _BATCH = 192, 48, 16
_N_PAIRS, _N_VALIDATION = 800, 24

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Pairs:
    """Planes as a codec returns them, with a halo, and the originals, both float32 in levels."""

    seen: Floats
    """(n, SIDE + 10, SIDE + 10)"""
    original: Floats
    """(n, SIDE, SIDE)"""

    def gain(self, parameters: Floats) -> float:
        """Mean over the pairs of what the network adds to the PSNR, in dB, as 8-bit pictures."""
        gains = []
        for seen, original in zip(self.seen, self.original, strict=True):
            inner = seen[HALO:-HALO, HALO:-HALO]
            restored = np.clip(np.rint(inner + correction(parameters, seen)), 0, 255)
            before, after = np.square(inner - original).mean(), np.square(restored - original).mean()
            if before > 0 and after > 0:
                gains.append(10 * np.log10(before / after))
        return float(np.mean(gains))


def learn(folders: list[Path], output: Path, minutes: float) -> None:
    """Train all starts, the time shared equally, and write ``tuned.npz``, the weights as they ship.

    A start that is finished is kept in ``output`` and not trained again, so a run can be taken up where it stopped.
    """
    training, validation = (load_pictures(files, output.parent / "cache") for files in find_pictures(folders))
    output.mkdir(parents=True, exist_ok=True)
    parameters = _random_start(np.random.default_rng(0))
    for number, (codec, quality) in enumerate(STARTS):
        kept = output / f"{codec}-{quality}.npy"
        if kept.exists():
            parameters = np.load(kept)
            continue
        rng = np.random.default_rng(number)
        pairs = make_pairs(training, by_name(codec), quality, _N_PAIRS, rng)
        held_out = make_pairs(validation, by_name(codec), quality, _N_VALIDATION, np.random.default_rng(0))
        steps = train_start(parameters, pairs, 60 * minutes / len(STARTS), rng)
        record = {"codec": codec, "quality": quality, "steps": steps, "gain_db": round(held_out.gain(parameters), 3)}
        with (output / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(record) + "\n")
        np.save(kept, parameters)
    starts = np.stack([np.load(output / f"{codec}-{quality}.npy") for codec, quality in STARTS])
    codecs = np.array([by_name(codec).id for codec, _ in STARTS], np.uint8)
    arrays: weights.Arrays = {"starts": starts.astype(np.float16), "codecs": codecs, **narrow_tables().pack()}
    weights.write(output / "tuned.npz", arrays)


def narrow_tables() -> Tables:
    """Logistic distributions cut to magnitudes of at most 31: differences to a start are small."""
    rows = []
    for index in range(N_SCALES):
        masses = logistic_masses(scale_of(index))
        middle, half = len(masses) // 2 - 1, min(len(masses) // 2 - 1, _MAX_TABLED)
        kept = masses[middle - half : middle + half + 1]
        rows.append(to_frequencies(np.append(kept, masses.sum() - kept.sum())))
    return Tables(tuple(rows))


def make_pairs(pictures: Pictures, codec: Codec, quality: float, count: int, rng: np.random.Generator) -> Pairs:
    """Random regions of the pictures, their luma coded as a gray picture."""
    planes = list(_planes(pictures, count, rng))
    frame = Frame(_SIDE, _SIDE, 1)
    decoded = [codec.decode(codec.encode(p, Options(quality, threads=1)), frame, "cpu") for p in planes]
    seen = np.pad(np.stack(decoded).astype(np.float32), ((0, 0), (HALO, HALO), (HALO, HALO)), mode="edge")
    return Pairs(seen, np.stack(planes).astype(np.float32))


def _planes(pictures: Pictures, count: int, rng: np.random.Generator) -> Iterator[Bytes]:
    for picture in rng.choice(pictures.fitting(_SIDE), count):
        _, height, width = pictures.index[picture]
        crop = pictures.crop(picture, _SIDE, rng.integers(height - _SIDE + 1), rng.integers(width - _SIDE + 1))
        yield np.rint(luma(crop)).astype(np.uint8)


def train_start(parameters: Floats, pairs: Pairs, seconds: float, rng: np.random.Generator) -> int:
    """Adam with a rate falling to zero over ``seconds``, in place; return the number of steps."""
    adam, begun, steps = Adam(N_PARAMETERS), time.monotonic(), 0
    derivatives = Derivatives(_BATCH, _CROP + 2 * HALO, _CROP + 2 * HALO)
    while (share := (time.monotonic() - begun) / seconds) < 1:
        seen, original = _batch(pairs, rng)
        # Each crop counts by how far it can improve, not by how hard it is.
        before = np.square(seen[:, HALO:-HALO, HALO:-HALO] - original).mean((1, 2), keepdims=True)
        _, grad = derivatives.gradient(parameters, seen, original, 1 / ((before + 4) * original.size))
        adam.step(parameters, grad, 8e-3 * (1 - share))
        steps += 1
    return steps


def _batch(pairs: Pairs, rng: np.random.Generator) -> tuple[Floats, Floats]:
    chosen = rng.integers(len(pairs.seen), size=_BATCH)
    top, left = rng.integers(0, _SIDE - _CROP + 1, 2)
    seen = pairs.seen[chosen, top : top + _CROP + 2 * HALO, left : left + _CROP + 2 * HALO]
    original = pairs.original[chosen, top : top + _CROP, left : left + _CROP]
    for axes in ((1,), (2,)):
        if rng.random() < 0.5:
            seen, original = np.flip(seen, axes), np.flip(original, axes)
    if rng.random() < 0.5:
        seen, original = seen.swapaxes(1, 2), original.swapaxes(1, 2)
    return seen, original


def _random_start(rng: np.random.Generator) -> Floats:
    """MSRA initialisation (He et al. 2015), the last layer small, depthwise kernels near the identity."""
    parameters = np.zeros(N_PARAMETERS, np.float32)
    enter, blocks, leave = factors(parameters)
    enter[:] = rng.normal(0, np.sqrt(2 / 9), enter.shape)
    for depthwise, pointwise in blocks:
        depthwise[:] = rng.normal(0, 1 / 6, depthwise.shape)
        depthwise[:, 4] += 0.7
        pointwise[:] = rng.normal(0, np.sqrt(2 / 6), pointwise.shape)
    leave[:] = rng.normal(0, 0.02 * np.sqrt(2 / 54), leave.shape)
    return parameters
