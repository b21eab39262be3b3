"""What adapting to the one picture saves in learned, over several qualities: writes results/learned/pictures.tsv.

    python experiments/learned_pictures.py SET 5,7 15,27,40,55 PICTURE...    # efforts of learned, its own qualities
    python experiments/learned_pictures.py SET jpeg 20,40,60,80 PICTURE...   # or another codec at effort 5
    python experiments/learned_pictures.py                                   # BD-rates: results/learned/pictures-bd.tsv

Bytes are those of whole .nnc files without restorers, of which *change* are those of the change of the network; times
are processor time of one thread, the decoding that checks included. Rows that the table has are not measured again.
Qualities go first, so that a run that was stopped has some for all pictures. BD-rates are of single pictures and their
means, against effort 5, by PSNR, where there are four qualities.
"""

import contextlib
import csv
import sys
import time
from collections import defaultdict
from pathlib import Path
from statistics import mean

from growing_table import GrowingTable

from nncodec.bench.report.bd import Curve, CurveError, bd_rate
from nncodec.codec import Options
from nncodec.codecs.learned import INDICES_PER_QUALITY
from nncodec.codecs.learned.decoder import decode_latent
from nncodec.codecs.learned.latent_encoder import LatentEncoder
from nncodec.codecs.learned.model import loaded
from nncodec.codecs.learned.payload import LearnedPayload
from nncodec.container import parse
from nncodec.image import Picture, read
from nncodec.pipeline import Settings, encode

RESULTS = Path(__file__).resolve().parent.parent / "results" / "learned"
COLUMNS = ("set", "picture", "codec", "quality", "pixels", "bytes", "change", "PSNR", "s")
TABLE, BD = GrowingTable(RESULTS / "pictures.tsv", COLUMNS, 4), RESULTS / "pictures-bd.tsv"
ANCHOR = "learned-e5"
Rows = list[dict[str, str]]


def change_bytes(data: bytes, picture: Picture, quality: float) -> int:
    """Bytes of the change of the network in a file of learned, rounded."""
    container = parse(data)
    height, width = picture.pixels.shape[:2]
    planes = 1 if picture.pixels.ndim == 2 else 3
    parsed = LearnedPayload.parse(container.payload, 1 if planes == 1 else 2, "learned")
    model = loaded(parsed.model)
    _, change = decode_latent(parsed, model, width, height, planes)
    pixels = picture.pixels.astype("uint8", copy=False)
    return round(LatentEncoder.of(model, round(quality * INDICES_PER_QUALITY), pixels).bits_of(change) / 8)


def measured(picture: Picture, name: str, quality: float) -> list[object]:
    """The last columns of a row."""
    codec, _, effort = name.partition("-e")
    settings = Settings(codec, Options(quality, int(effort or 5), threads=1), restore="none")
    start = time.process_time()
    done = encode(picture, settings)
    seconds = time.process_time() - start
    height, width = picture.pixels.shape[:2]
    change = change_bytes(done.data, picture, quality) if codec == "learned" else 0
    return [height * width, len(done.data), change, f"{done.psnr:.3f}", f"{seconds:.1f}"]


def measure(which: str, names: list[str], qualities: list[str], paths: list[Path]) -> None:
    """Add rows to the table."""
    for quality in qualities:
        for path in paths:
            for each in names:
                key = which, path.stem, f"learned-e{each}" if each.isdigit() else each, quality
                if not TABLE.has(key):
                    TABLE.add(key, measured(read(path.read_bytes()), key[2], float(quality)))


def curves(rows: Rows) -> dict[str, dict[str, Curve]]:
    """Curves by picture and by codec."""
    points: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        bpp = 8 * int(row["bytes"]) / int(row["pixels"])
        points[row["picture"]][row["codec"]].append((bpp, float(row["PSNR"])))
    return {
        picture: {name: Curve.of(name, found) for name, found in codecs.items() if len(found) > 3}
        for picture, codecs in points.items()
    }


def deltas_of(codecs: dict[str, Curve]) -> dict[str, float]:
    """BD-rates of a picture's curves against effort 5, of those that overlap enough."""
    found = {}
    for name, curve in codecs.items():
        with contextlib.suppress(CurveError):
            found[name] = bd_rate(curve, codecs[ANCHOR])
    return {name: value for name, value in found.items() if name != ANCHOR}


def summarise() -> None:
    """BD-rates against effort 5 by picture, and their means by set."""
    with TABLE.path.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    found: dict[str, dict[str, dict[str, float]]] = {}  # by set, picture and codec
    for which in dict.fromkeys(row["set"] for row in rows):
        of_set = curves([row for row in rows if row["set"] == which])
        deltas = {picture: deltas_of(codecs) for picture, codecs in of_set.items() if ANCHOR in codecs}
        found |= {which: deltas} if deltas else {}
    names = sorted({name for pictures in found.values() for deltas in pictures.values() for name in deltas})
    lines_out = ["# BD-rate against effort 5, in %", "\t".join(["set", "picture", *names])]
    for which, pictures in found.items():
        for picture, deltas in pictures.items():
            lines_out.append("\t".join([which, picture, *(_shown(deltas.get(name)) for name in names)]))
        means = [[deltas[name] for deltas in pictures.values() if name in deltas] for name in names]
        shown = [_shown(mean(values)) if len(values) == len(pictures) and values else "" for values in means]
        lines_out.append("\t".join([which, "mean", *shown]))
    BD.write_text("\n".join(lines_out) + "\n", encoding="utf-8")


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:+.1f}".replace("-", "\N{MINUS SIGN}")


if __name__ == "__main__":
    if sys.argv[1:]:
        measure(sys.argv[1], sys.argv[2].split(","), sys.argv[3].split(","), list(map(Path, sys.argv[4:])))
    else:
        summarise()
