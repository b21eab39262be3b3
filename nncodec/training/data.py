"""Training pictures: decoded once into one memory-mapped file, then cropped at random."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image as PillowImage

from nncodec import progress
from nncodec.errors import EncodeError

Bytes = npt.NDArray[np.uint8]

SUFFIXES = frozenset({".avif", ".jpeg", ".jpg", ".png", ".webp"})
VALIDATION_PICTURES = 24
"""Pictures held out of training. A hash of their names chooses them, so that added pictures change few of them."""


@dataclass(frozen=True)
class Pictures:
    """Decoded pictures, end to end in one array.

    ``pixels`` is (n_bytes,) uint8; row i of ``index`` is (offset, height, width) of an RGB picture, rows first.
    """

    pixels: Bytes
    index: npt.NDArray[np.int64]

    def crop(self, picture: int, side: int, top: int, left: int) -> Bytes:
        """A (side, side, 3) view of one picture."""
        offset, height, width = (int(value) for value in self.index[picture])
        whole = self.pixels[offset : offset + height * width * 3].reshape(height, width, 3)
        return whole[top : top + side, left : left + side]

    def fitting(self, side: int) -> npt.NDArray[np.int64]:
        """Indices of the pictures whose sides are at least ``side``."""
        return np.flatnonzero(self.index[:, 1:].min(axis=1) >= side)


def find_pictures(folders: list[Path]) -> tuple[list[Path], list[Path]]:
    """Training and validation files under the folders, each sorted by the SHA-256 of the file's name."""
    files = [path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES]
    if len(files) <= VALIDATION_PICTURES:
        raise EncodeError(
            f"{len(files)} pictures found, more than {VALIDATION_PICTURES} are needed",
            f"{VALIDATION_PICTURES} are held out of training; files ending in {', '.join(sorted(SUFFIXES))} count",
        )
    files.sort(key=lambda path: hashlib.sha256(path.name.encode()).digest())
    return files[VALIDATION_PICTURES:], files[:VALIDATION_PICTURES]


def check_sides(files: list[Path], side: int) -> None:
    """Raise EncodeError if no picture for validation is as large as ``side`` x ``side``; none is decoded."""
    for path in files:
        with PillowImage.open(path) as picture:
            if min(picture.size) >= side:
                return
    raise _no_validation(side)


def _no_validation(side: int) -> EncodeError:
    return EncodeError(f"no validation picture is as large as {side} x {side}")


def load_pictures(files: list[Path], cache: Path) -> Pictures:
    """Decode ``files`` into ``cache`` (a folder) unless it already holds exactly these; map them into memory."""
    names = hashlib.sha256("\n".join(path.name for path in files).encode()).hexdigest()[:16]
    pixels, index = cache / f"{names}.pixels.npy", cache / f"{names}.index.npy"
    if not index.exists():
        cache.mkdir(parents=True, exist_ok=True)
        np.save(index, _decode_all(files, pixels))
    return Pictures(np.load(pixels, mmap_mode="r"), np.load(index))


def _decode_all(files: list[Path], target: Path) -> npt.NDArray[np.int64]:
    sizes = []
    for path in files:
        with PillowImage.open(path) as picture:
            sizes.append((picture.height, picture.width))
    ends = np.cumsum([height * width * 3 for height, width in sizes])
    out = np.lib.format.open_memmap(target, mode="w+", dtype=np.uint8, shape=(int(ends[-1]),))
    index = np.empty((len(files), 3), np.int64)
    tick = progress.counter("reading pictures", len(files))
    for row, (path, (height, width)) in enumerate(zip(files, sizes, strict=True)):
        offset = int(ends[row]) - height * width * 3
        index[row] = offset, height, width
        with PillowImage.open(path) as picture:
            out[offset : int(ends[row])] = np.asarray(picture.convert("RGB")).reshape(-1)
        tick()
    out.flush()
    return index


def random_crops(pictures: Pictures, count: int, side: int, rng: np.random.Generator) -> Bytes:
    """(count, side, side, 3) uint8 crops, pictures drawn by their area, each flipped and transposed at random."""
    fitting = pictures.fitting(side)
    if not len(fitting):
        raise EncodeError(f"no training picture is as large as {side} x {side}")
    area = np.prod(pictures.index[fitting, 1:], axis=1, dtype=np.float64)
    batch = np.empty((count, side, side, 3), np.uint8)
    for row, picture in enumerate(rng.choice(fitting, count, p=area / area.sum())):
        _, height, width = pictures.index[picture]
        crop = pictures.crop(picture, side, rng.integers(height - side + 1), rng.integers(width - side + 1))
        if rng.random() < 0.5:
            crop = crop[:, ::-1]
        if rng.random() < 0.5:
            crop = crop.swapaxes(0, 1)
        batch[row] = crop
    return batch


def centre_crops(pictures: Pictures, side: int) -> Bytes:
    """(n, side, side, 3) uint8: the middle of every picture that is large enough; for validation."""
    crops = []
    for picture in pictures.fitting(side):
        _, height, width = pictures.index[picture]
        crops.append(pictures.crop(int(picture), side, (height - side) // 2, (width - side) // 2))
    if not crops:
        raise _no_validation(side)
    return np.stack(crops)
