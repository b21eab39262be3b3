"""One measurement: a picture encoded to a real file, that file decoded, the result compared with the picture."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from nncodec.bench import perceptual
from nncodec.bench.measure.plan import Failure, Measurement
from nncodec.bench.results_tsv import LIGHT, Row, without_light
from nncodec.codec import Options
from nncodec.codecs import by_name
from nncodec.errors import CorruptFile, NncError
from nncodec.image import Picture, read
from nncodec.image.metrics import Scores, luma, measure
from nncodec.pipeline import Settings, decode, encode
from nncodec.pipeline.restoring import NONE
from nncodec.version import __version__

MIB = 1 << 20


def rate(measurement: Measurement) -> Row | Failure:
    """Size and fidelity. Safe to run beside others: nothing here is timed."""
    return _guarded(measurement, lambda picture, folder: _rate(measurement, picture, folder, 1))


def timed(measurement: Measurement, reps: int, threads: int) -> Row | Failure:
    """Size, fidelity, seconds and memory; has to run alone, in a process that was given ``threads`` cores.

    The measurement of size and fidelity is the warm-up. Then encoding and decoding are repeated ``reps`` times each,
    in memory, and the medians taken. Encoding is the codec's work alone, without the check of the finished file that
    ``nnc encode`` makes; with a restorer it is everything, as the fit needs the decoded picture. Memory is that of a
    fresh process each.
    """
    return _guarded(measurement, lambda picture, folder: _timed(measurement, picture, folder, reps, threads))


def _guarded(measurement: Measurement, work: Callable[[Picture, Path], Row]) -> Row | Failure:
    """Read the picture and do the work in a scratch folder; whatever goes wrong becomes a Failure.

    Whatever: a codec's bug on one picture must not cost a night of measuring.
    """
    name = f"{measurement.source.set}/{measurement.source.image}"
    try:
        picture = _picture(measurement.source.path, measurement.source.gray)
    except (NncError, OSError) as error:
        return Failure(name, str(error), name)
    label = f"{measurement.codec} {name}"
    try:
        with tempfile.TemporaryDirectory(prefix="nnc-bench-") as folder:
            return work(picture, Path(folder))
    except (NncError, OSError) as error:
        return Failure(label, str(error), f"{measurement.codec}: {error}")
    except Exception as error:
        return Failure(label, f"{type(error).__name__}: {error}", f"{measurement.codec}: {type(error).__name__}")


@lru_cache(maxsize=1)
def _picture(path: Path, gray: bool) -> Picture:
    """The picture, or its luma, rounded; the last one is kept, as its measurements follow one another."""
    picture = read(path.read_bytes()).without_metadata()
    if not gray:
        return picture
    plane = np.rint(luma(picture.pixels))
    return replace(picture, pixels=plane.astype(np.uint8) if picture.depth == 8 else plane.astype(np.uint16))


def _settings(measurement: Measurement, threads: int) -> Settings:
    options = Options(
        quality=measurement.quality, effort=measurement.effort, device=measurement.device, threads=threads
    )
    restore, light = without_light(measurement.restore)
    return Settings(measurement.codec, options, restore=restore, light=light)


def _rate(measurement: Measurement, picture: Picture, folder: Path, threads: int) -> Row:
    file = folder / "picture.nnc"
    file.write_bytes(encode(picture, _settings(measurement, threads)).data)
    shown = decode(file.read_bytes(), device=measurement.device).picture.pixels
    if shown.shape != picture.pixels.shape or shown.dtype != picture.pixels.dtype:
        raise CorruptFile(f"decoded to {shown.shape} {shown.dtype} from {picture.pixels.shape} {picture.pixels.dtype}")
    row = _row(measurement, picture, file.stat().st_size, measure(picture.pixels, shown))
    return replace(row, measures=perceptual.compute(picture.pixels, shown, measurement.measures))


def _timed(measurement: Measurement, picture: Picture, folder: Path, reps: int, threads: int) -> Row:
    warm = _rate(measurement, picture, folder, threads)
    data = (folder / "picture.nnc").read_bytes()
    codec, settings = by_name(measurement.codec), _settings(measurement, threads)

    def encode_once() -> None:
        if measurement.restore == NONE:
            codec.encode(picture.pixels, settings.options)
        else:
            encode(picture, settings)

    encode_s, encode_cpu_s = _median_seconds(encode_once, reps)
    decode_s, decode_cpu_s = _median_seconds(lambda: decode(data, device=measurement.device), reps)
    return Row(
        **{
            **vars(warm),
            "encode_s": encode_s,
            "decode_s": decode_s,
            "encode_cpu_s": encode_cpu_s,
            "decode_cpu_s": decode_cpu_s,
            "reps": reps,
            "threads": threads,
            "encode_mib": _peak_mib("encode", measurement.source.path, settings),
            "decode_mib": _peak_mib("decode", folder / "picture.nnc", settings),
        }
    )


def _row(measurement: Measurement, picture: Picture, n_bytes: int, scores: Scores) -> Row:
    return Row(
        codec=measurement.codec,
        quality=measurement.quality,
        effort=measurement.effort,
        device=measurement.device,
        restore=measurement.restore,
        set=measurement.source.set,
        image=measurement.source.image,
        width=picture.width,
        height=picture.height,
        bytes=n_bytes,
        bpp=8 * n_bytes / (picture.width * picture.height),
        psnr=scores.psnr,
        psnr_y=scores.psnr_y,
        ssim=scores.ssim,
        ms_ssim=scores.ms_ssim,
        version=__version__,
    )


def _median_seconds(work: Callable[[], object], reps: int) -> tuple[float, float]:
    """Medians of the time that passes and of the processor time that it takes."""
    passed, used = [], []
    for _ in range(reps):
        start, start_cpu = time.perf_counter(), time.process_time()
        work()
        passed.append(time.perf_counter() - start)
        used.append(time.process_time() - start_cpu)
    return statistics.median(passed), statistics.median(used)


def _peak_mib(verb: str, file: Path, settings: Settings) -> float | None:
    """Largest memory of a fresh process that does the work once; None where the system does not tell."""
    options = settings.options
    how = (
        settings.codec,
        options.quality,
        options.effort,
        options.device,
        options.threads,
        settings.restore + LIGHT * settings.light,
    )
    command = [sys.executable, "-m", "nncodec.bench.measure.memory", verb, str(file), *map(str, how)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CorruptFile(f"the process that measures memory failed: {done.stderr.strip()[-200:]}")
    return int(done.stdout) / MIB if done.stdout.strip() else None
