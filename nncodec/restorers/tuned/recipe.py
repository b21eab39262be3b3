"""The recipe of the shared starts of `tuned`: one set of 378 weights for each of a list of codecs and qualities.

A start is trained on luma planes of the training pictures as its codec returns them. An encoder compares all starts of
its codec and begins at the best, so the qualities here need only be near those in use.
"""

import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nncodec import progress
from nncodec.codec import Codec, Frame, Options
from nncodec.codecs import by_name
from nncodec.entropy.scales import N_SCALES
from nncodec.entropy.tables import Tables, logistic_masses, scale_of, to_frequencies
from nncodec.nets import weights
from nncodec.nets.weights import opened_npz
from nncodec.restorers.tuned.adam import Adam
from nncodec.restorers.tuned.derivatives import Derivatives
from nncodec.restorers.tuned.fit import LumaRegions
from nncodec.restorers.tuned.network import HALO, N_PARAMETERS, Floats, correction, factors, luma
from nncodec.training.data import Pictures, find_pictures, load_pictures
from nncodec.training.options import STATE

STARTS = (
    *(("jpeg", quality) for quality in (5, 10, 20, 40, 70)),
    *(("jpeg2000", quality) for quality in (5, 20, 40, 60)),
    *(("webp", quality) for quality in (5, 30, 70)),
    *(("avif", quality) for quality in (15, 40, 65)),
)
"""Codec and quality of every start, in the order of their indices; each is trained from the one before."""

_MAX_TABLED = 31
"""Largest magnitude of a difference, in steps, that is not escaped."""
_SIDE, _CROP, _BATCH = 192, 48, 16
"""Sides of a region and of a crop, and crops in a batch."""
_N_TRAINING, _N_VALIDATION = 800, 24
"""Regions of each start, if there is time to code them."""
_VALIDATION_SHARE = 0.05
"""Share of a start's time for coding regions for validation, and as much for validation itself."""
_SECONDS_PER_SAVE = 60.0

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Hyperparameters:
    """Settings that the command line can change."""

    minutes: float


@dataclass
class Start:
    """A start in training, as it is kept on disk each minute and whenever training ends."""

    number: int
    parameters: Floats
    """(378,)"""
    adam: Adam
    share: float = 0.0
    """Share of its training that is done."""
    steps: int = 0

    def save(self, path: Path) -> None:
        """Write it, whole or not at all."""
        fresh = path.with_suffix(".fresh.npz")
        arrays: dict[str, Any] = {"number": self.number, "parameters": self.parameters, "share": self.share}
        np.savez(fresh, **arrays | {"done": self.steps} | self.adam.arrays())
        fresh.replace(path)

    @classmethod
    def load(cls, path: Path, number: int, parameters: Floats) -> "Start":
        """The start of this number in a file, or where there is none a new one with these parameters."""
        start = cls(number, parameters.copy(), Adam(N_PARAMETERS))
        if not path.exists():
            return start
        with opened_npz(path) as kept:
            arrays = {name: kept[name] for name in kept.files}
        if int(arrays["number"]) == number:
            start.parameters, start.share, start.steps = (
                arrays["parameters"],
                float(arrays["share"]),
                int(arrays["done"]),
            )
            start.adam.take(arrays)
        return start


def learn(folders: list[Path], output: Path, settings: Hyperparameters) -> None:
    """Train all starts, each for an equal share of the minutes, and write ``tuned.npz``, the weights as they ship.

    Coding regions takes half of a start's time at most. A finished start is kept in the folder ``output`` and not
    trained again, and the state of the one in training, so that an interrupted run can be resumed. Pictures are cached
    in ``cache`` beside it.
    """
    begun = time.monotonic()
    training, validation = (load_pictures(files, output.parent / "cache") for files in find_pictures(folders))
    output.mkdir(parents=True, exist_ok=True)
    paths = [output / f"{codec}-{quality}.npy" for codec, quality in STARTS]
    parameters = _random_start(np.random.default_rng(0))
    todo = sum(not path.exists() for path in paths)
    end = begun + 60 * settings.minutes * todo / len(STARTS)
    for number, path in enumerate(paths):
        if path.exists():
            parameters = np.load(path)
            continue
        start = Start.load(output / STATE, number, parameters)
        record = _trained(start, training, validation, max(0.0, end - time.monotonic()) / todo, output / STATE)
        with (output / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(record) + "\n")
        parameters, todo = start.parameters, todo - 1
        np.save(path, parameters)
    starts = np.stack([np.load(path) for path in paths])
    codecs = np.array([by_name(codec).id for codec, _ in STARTS], np.uint8)
    arrays: weights.Arrays = {"starts": starts.astype(np.float16), "codecs": codecs, **narrow_tables().pack()}
    weights.write(output / "tuned.npz", arrays)


def _trained(
    start: Start, training: Pictures, validation: Pictures, seconds: float, path: Path
) -> dict[str, float | int | str]:
    """Train a start for some seconds, coding included, its state kept in ``path``; return a line for the log."""
    codec, quality = STARTS[start.number]
    progress.stage(f"start {start.number + 1} of {len(STARTS)}: {codec} at quality {quality}")
    begun, rng = time.monotonic(), np.random.default_rng((start.number, start.steps))
    few = begun + seconds * _VALIDATION_SHARE
    held_out = make_regions(validation, by_name(codec), quality, _N_VALIDATION, np.random.default_rng(0), few)
    regions = make_regions(training, by_name(codec), quality, _N_TRAINING, rng, begun + seconds / 2)
    try:
        train_start(start, regions, begun + seconds * (1 - _VALIDATION_SHARE) - time.monotonic(), rng, path)
    finally:
        start.save(path)
    gain = round(mean_gain(start.parameters, held_out), 3)
    return {"codec": codec, "quality": quality, "steps": start.steps, "gain_db": gain}


def narrow_tables() -> Tables:
    """Logistic distributions of magnitudes up to 31; larger ones, which are rare, are escaped."""
    rows = []
    for index in range(N_SCALES):
        masses = logistic_masses(scale_of(index))
        middle, half = len(masses) // 2 - 1, min(len(masses) // 2 - 1, _MAX_TABLED)
        kept = masses[middle - half : middle + half + 1]
        rows.append(to_frequencies(np.append(kept, masses.sum() - kept.sum())))
    return Tables(tuple(rows))


def make_regions(
    pictures: Pictures,
    codec: Codec,
    quality: float,
    count: int,
    rng: np.random.Generator,
    latest: float = math.inf,
) -> LumaRegions:
    """Cut random regions of 192 x 192 pixels and code the luma of each as a gray picture of its own.

    ``latest`` is the time of `time.monotonic` after which no more are coded, however few there are.
    """
    planes, decoded, frame = [], [], Frame(_SIDE, _SIDE, 1)
    tick = progress.counter("coding regions", count)
    for plane in _planes(pictures, count, rng):
        payload = codec.encode(plane, Options(quality, threads=1))
        planes.append(plane)
        decoded.append(codec.decode(payload, frame, "cpu"))
        tick()
        if time.monotonic() > latest:
            break
    seen = np.pad(np.stack(decoded).astype(np.float32), ((0, 0), (HALO, HALO), (HALO, HALO)), mode="edge")
    return LumaRegions(seen, np.stack(planes).astype(np.float32))


def _planes(pictures: Pictures, count: int, rng: np.random.Generator) -> Iterator[Bytes]:
    """Yield the luma of random regions, (192, 192) uint8."""
    for picture in rng.choice(pictures.fitting(_SIDE), count):
        _, height, width = pictures.index[picture]
        crop = pictures.crop(picture, _SIDE, rng.integers(height - _SIDE + 1), rng.integers(width - _SIDE + 1))
        yield np.rint(luma(crop)).astype(np.uint8)


def mean_gain(parameters: Floats, regions: LumaRegions) -> float:
    """Mean over the regions of the gain in PSNR by the network, in dB, measured on 8-bit luma."""
    gains = []
    for seen, original in zip(regions.seen, regions.original, strict=True):
        inner = seen[HALO:-HALO, HALO:-HALO]
        restored = np.clip(np.rint(inner + correction(parameters, seen)), 0, 255)
        before, after = np.square(inner - original).mean(), np.square(restored - original).mean()
        if before > 0 and after > 0:
            gains.append(10 * np.log10(before / after))
    return float(np.mean(gains))


def train_start(start: Start, regions: LumaRegions, seconds: float, rng: np.random.Generator, path: Path) -> None:
    """Train a start by Adam, at a rate that falls to zero over ``seconds``; write its state to ``path`` each minute."""
    begun, before, saved = time.monotonic(), start.share, time.monotonic()
    derivatives = Derivatives(_BATCH, _CROP + 2 * HALO, _CROP + 2 * HALO)
    while (passed := time.monotonic() - begun) < seconds:
        start.share = before + (1 - before) * passed / seconds
        seen, original = _batch(regions, rng)
        # Divided by the error before, so that smooth crops count as much as those that code badly.
        error = np.square(seen[:, HALO:-HALO, HALO:-HALO] - original).mean((1, 2), keepdims=True)
        loss, grad = derivatives.gradient(start.parameters, seen, original, 1 / ((error + 4) * original.size))
        start.adam.step(start.parameters, grad, 8e-3 * (1 - start.share))
        start.steps += 1
        told = f"training: step {start.steps}, loss {loss:.4g}, {(seconds - passed) / 60:.1f} min left for this start"
        progress.report(told, round(100 * start.share), 100)
        if time.monotonic() - saved > _SECONDS_PER_SAVE:
            start.save(path)
            saved = time.monotonic()


def _batch(regions: LumaRegions, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Random crops, flipped and transposed at random: decoded (16, 58, 58) with the halo, and original (16, 48, 48)."""
    chosen = rng.integers(len(regions.seen), size=_BATCH)
    top, left = rng.integers(0, _SIDE - _CROP + 1, 2)
    seen = regions.seen[chosen, top : top + _CROP + 2 * HALO, left : left + _CROP + 2 * HALO]
    original = regions.original[chosen, top : top + _CROP, left : left + _CROP]
    for axes in ((1,), (2,)):
        if rng.random() < 0.5:
            seen, original = np.flip(seen, axes), np.flip(original, axes)
    if rng.random() < 0.5:
        seen, original = seen.swapaxes(1, 2), original.swapaxes(1, 2)
    return seen, original


def _random_start(rng: np.random.Generator) -> Floats:
    """New weights (378,): MSRA initialisation (He et al. 2015), a small last layer, depthwise kernels near identity."""
    parameters = np.zeros(N_PARAMETERS, np.float32)
    enter, blocks, leave = factors(parameters)
    enter[:] = rng.normal(0, np.sqrt(2 / 9), enter.shape)
    for depthwise, pointwise in blocks:
        depthwise[:] = rng.normal(0, 1 / 6, depthwise.shape)
        depthwise[:, 4] += 0.7
        pointwise[:] = rng.normal(0, np.sqrt(2 / 6), pointwise.shape)
    leave[:] = rng.normal(0, 0.02 * np.sqrt(2 / 54), leave.shape)
    return parameters
