"""The last validation of `nnc train superres` or `generative`, from its log: a table of docs/training.md.

python experiments/painting_table.py runs/superres/log.jsonl > results/training/superres.tsv
python experiments/painting_table.py runs/quarter/log.jsonl 384 > results/training/superres-quarter.tsv
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nncodec.painting.recipe import VALIDATION_LEVELS

NAMES = ["small picture by", "level", "PSNR up-scaled", "exact", "painted", "distance up-scaled", "exact", "painted"]
FAMILIES = ("jpeg", "jpeg2000", "webp", "avif", "learned", "plain")


def rows(line: dict[str, Any]) -> Iterator[list[str]]:
    """One row for each family and level of damage."""
    for family in FAMILIES:
        values = line.get(family, [])
        width = len(values) // len(VALIDATION_LEVELS)
        for number, level in enumerate(VALIDATION_LEVELS):
            found = values[number * width : (number + 1) * width]
            if found and family == "plain":
                yield [family, "-", *_cells(found)]
                break
            if found:
                yield [family, f"{level:g}", *_cells(found)]


def _cells(found: list[float]) -> list[str]:
    return [*(f"{value:.2f}" for value in found[:3]), *(f"{value:.1f}" for value in found[3:])]


def main(log: Path, side: int) -> None:
    """Print the table."""
    line = json.loads(log.read_text(encoding="utf-8").splitlines()[-1])
    print(
        f"# Held-out regions of {side} x {side} after {line['step']:,} steps in {line['minutes']:.0f} minutes: PSNR in "
        "dB, and the distance of shift-tolerant LPIPS over AlexNet, times 100"
    )
    print("\t".join(NAMES))
    for row in rows(line):
        print("\t".join(row))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 192)
