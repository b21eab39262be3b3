"""Compare `nnc encode` without -c with the fixed codec for photographs, by folder of pictures.

    python experiments/auto_choice.py DIR... > results/choice/auto.tsv

A row for each folder: its pictures, those that were coded without loss, the bytes of all files without -c and with the
fixed codec, and of those without loss alone; and the largest factor by which a file without -c is larger. Quality and
effort are the defaults. Pictures that cannot be read or coded are left out.
"""

import math
import sys
from pathlib import Path

from nncodec.bench.measure.machine import machine, versions
from nncodec.codec import Options
from nncodec.errors import NncError
from nncodec.image import Picture, read
from nncodec.pipeline import DEFAULT_CODEC, Settings, SourceOptions, encode_picture, quality_for

COLUMNS = (
    "pictures of",
    "pictures",
    "without loss",
    "bytes",
    "bytes by avif",
    "of those without loss",
    "by avif",
    "worst",
)


def pictures(folder: Path) -> list[Picture]:
    """The pictures of 8 bits below a folder, in the order of their names."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            found.append(read(path.read_bytes()))
        except NncError:
            continue
    return [picture for picture in found if picture.depth == 8]


def row(folder: Path) -> tuple[object, ...]:
    """The figures of a folder; see `COLUMNS`."""
    settings = Settings(options=Options(quality_for(DEFAULT_CODEC, None, None)))
    lossless, sizes = [], []
    for picture in pictures(folder):
        done, fixed = (encode_picture(picture, settings, SourceOptions(name)) for name in (None, DEFAULT_CODEC))
        sizes.append((len(done.data), len(fixed.data)))
        if math.isinf(done.psnr) and done.codec != DEFAULT_CODEC:
            lossless.append(sizes[-1])
    whole, exact = ([sum(column) for column in zip((0, 0), *part, strict=True)] for part in (sizes, lossless))
    worst = max(ours / theirs for ours, theirs in sizes)
    return (folder.name, len(sizes), len(lossless), *whole, *exact, f"{worst:.3f}")


def main(folders: list[str]) -> None:
    """Print the table."""
    print(f"# {versions()}; {machine()}")
    print("\t".join(COLUMNS))
    for folder in folders:
        print("\t".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row(Path(folder))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
