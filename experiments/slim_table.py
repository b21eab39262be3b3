"""What thinner networks and shorter numbers cost: rows of results/training/slim.tsv.

    python experiments/slim_table.py kodak 1 luma shipped=weights/052-luma.npz light=runs/slim-luma/weights.npz

Each file of weights encodes every N-th picture of a folder, as weights of the user's own, so that all files name theirs
in 17 bytes; the first file is what the others are compared with. For `luma` a base codec's file is made once, for
`learned`, whose bits do not depend on the synthesis network at this effort, and for `superres` and `generative`, whose
small picture no network has made, the whole file. These paint at strength 0. ``decode_ms`` is the
processor time of decoding a picture in the middle of the qualities, one thread, the median over pictures; it suffers
little on a busy machine.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from painting_strengths import pictures
from threadpoolctl import threadpool_limits

import nncodec
from nncodec.bench.report.bd import Curve, bd_rate
from nncodec.codec import Options
from nncodec.container import Kind, Section, parse, serialize
from nncodec.image import Picture
from nncodec.image.metrics import psnr
from nncodec.nets import weights
from nncodec.nets.weights import OwnWeights
from nncodec.pipeline import Settings, encode
from nncodec.pipeline.own_weights import open_file
from nncodec.pipeline.restoring import planned, restored

COLUMNS = (
    "network",
    "weights",
    "bytes",
    "kmac_per_pixel",
    "decode_ms",
    "codec",
    "psnr",
    "change_db",
    "bd_rate_percent",
)
QUALITIES = (10, 30, 50, 70, 90)
CODECS = {
    "luma": ("jpeg", "avif"),
    "compact": ("compact",),
    "learned": ("learned",),
    "superres": ("superres",),
    "generative": ("generative",),
}
PAINTING = ("superres", "generative")
PARTS = {
    "luma": ("net", 4),
    "compact": ("rec", 4),
    "learned": ("net", 16),
    "superres": ("exact", 4),
    "generative": ("exact", 4),
}
"""The part whose network became thinner, and the pixels that one of its positions stands for."""


@dataclass(frozen=True)
class Variant:
    """Weights to measure."""

    label: str
    file: Path
    own: OwnWeights


def main() -> None:
    """Print rows."""
    folder, step, name, *files = sys.argv[1:]
    variants, images = named(files), pictures(Path(folder), int(step))
    print(f"# python {' '.join(sys.argv)}; {len(images)} pictures")
    with threadpool_limits(1):
        for codec in CODECS[name]:
            tell(name, codec, variants, images)


def named(files: list[str]) -> list[Variant]:
    """Weights given as LABEL=FILE."""
    parts = (each.partition("=") for each in files)
    return [Variant(label, Path(path), open_file(Path(path))) for label, _, path in parts]


def tell(name: str, codec: str, variants: list[Variant], images: list[Picture]) -> None:
    """Print the rows of one codec."""
    found = np.array(
        [list(points(name, codec, variants, image)) for image in images]
    )  # pictures, qualities, weights, 3
    rates, fidelities = found[..., 0].mean(0), found[..., 1].mean(0)
    for at, variant in enumerate(variants):
        curves = [
            Curve.of(each.label, zip(rates[:, n], fidelities[:, n], strict=True)) for n, each in enumerate(variants)
        ]
        kernels = [a for key, a in variant.own.arrays.items() if a.ndim == 4 and key.startswith(PARTS[name][0] + ".")]
        row = (
            name,
            variant.label,
            variant.file.stat().st_size,
            f"{sum(kernel.size for kernel in kernels) / PARTS[name][1] / 1000:.1f}",
            f"{statistics.median(found[:, len(QUALITIES) // 2, at, 2]):.0f}",
            codec,
            f"{fidelities[:, at].mean():.3f}",
            f"{(fidelities[:, at] - fidelities[:, 0]).mean():+.3f}",
            f"{bd_rate(curves[at], curves[0]):+.2f}",
        )
        print("\t".join(map(str, row)), flush=True)


def points(
    name: str, codec: str, variants: list[Variant], image: Picture
) -> Iterator[list[tuple[float, float, float]]]:
    """For each quality: bits per pixel, PSNR and milliseconds to decode for all weights."""
    for quality in QUALITIES:
        options = Options(
            quality, 1 if name == "learned" else 5, threads=1, perceptual=0.0 if name in PAINTING else None
        )
        make = {"luma": of_restorer, "compact": of_codec}.get(name, of_synthesis)(codec, options, image, variants[0])
        yield [measured(make(variant), variant, image) for variant in variants]


def measured(data: bytes, variant: Variant, image: Picture) -> tuple[float, float, float]:
    """Bits per pixel, PSNR and milliseconds."""
    begun = time.process_time()
    seen = nncodec.decode(data, weights=variant.file, threads=1).pixels
    passed = 1000 * (time.process_time() - begun)
    return 8 * len(data) / (image.width * image.height), psnr(image.pixels, seen), passed


Make = Callable[[Variant], bytes]


def of_codec(codec: str, options: Options, image: Picture, _: Variant) -> Make:
    """Files of a codec, each encoded anew."""
    return lambda variant: encode(image, Settings(codec, options, restore="none", weights=(variant.file,))).data


def of_restorer(codec: str, options: Options, image: Picture, _: Variant) -> Make:
    """Files of a base codec, with a restorer."""
    plain = encode(image, Settings(codec, options, restore="none"))
    seen = nncodec.decode(plain.data).pixels

    def make(variant: Variant) -> bytes:
        with weights.at_hand([variant.own]):
            return serialize(restored(plain.container, seen, image.pixels, planned("luma", options.effort))[0])

    return make


def of_synthesis(codec: str, options: Options, image: Picture, first: Variant) -> Make:
    """Files of a codec whose bits do not depend on the network: one, that names other weights."""
    made = parse(encode(image, Settings(codec, options, restore="none", weights=(first.file,))).data)

    def make(variant: Variant) -> bytes:
        payload = variant.own.model + made.payload[len(first.own.model) :]
        sections = tuple(Section(each.kind, payload) if each.kind == Kind.PAYLOAD else each for each in made.sections)
        return serialize(replace(made, sections=sections))

    return make


if __name__ == "__main__":
    main()
