"""Sound files to damage: of every codec, every kind of section, and every format of sources that is read."""

from pathlib import Path

import numpy as np
import PIL.Image

from nncodec.codec import Options
from nncodec.codecs import by_name
from nncodec.pipeline import Settings, encode, keep_file
from tests import pictures
from tests.fuzz.damage import Stock

GOLDEN = Path(__file__).parents[1] / "golden"
SEEDS = Path(__file__).with_name("seeds")
LARGEST = 20_000
"""Bytes of the largest golden file that is damaged."""


def stock() -> Stock:
    """All sound files, and the worst files of earlier runs."""
    return Stock(files(), sources(), seeds())


def seeds() -> list[tuple[str, bytes]]:
    """The worst files of earlier runs, each with its verb, ``decode`` or ``encode``."""
    return [(path.parent.name, path.read_bytes()) for path in sorted(SEEDS.glob("*/*"))]


def files() -> list[bytes]:
    """The golden files that are not large, kept JPEGs of several kinds, and layered files on every base and scale."""
    golden = [path.read_bytes() for path in sorted(GOLDEN.rglob("*.nnc")) if path.stat().st_size <= LARGEST]
    kept = [keep_file(data, Settings(), plain=plain).data for data in _jpegs() for plain in (True, False)]
    return golden + kept + [_layered(base) for base in by_name("layered").bases]


def _layered(base: str) -> bytes:
    picture = pictures.picture("RGB", 40, 56, meta=pictures.metadata())
    return encode(picture, Settings(f"layered:{base}", Options(70, effort=1), restore="none")).data


def _jpegs() -> list[bytes]:
    photo, parameters = pictures.photograph(40, 56), {"icc_profile": pictures.icc(), "xmp": pictures.XMP}
    exif = b"Exif\0\0" + pictures.exif(6)
    return [
        pictures.file_of(photo, "JPEG", exif=exif, dpi=(300, 300), comment=b"a comment", **parameters),
        pictures.file_of(photo, "JPEG", progressive=True, subsampling="4:2:0"),
        pictures.file_of(photo[:, :, 0], "JPEG", restart_marker_blocks=2),
        pictures.file_of(_cmyk(photo), "JPEG", icc_profile=pictures.icc()),
    ]


def _cmyk(photo: pictures.Gray) -> PIL.Image.Image:
    return PIL.Image.fromarray(np.dstack([photo, photo[:, :, 0] // 2]), "CMYK")


def sources() -> list[bytes]:
    """Pictures in the formats that are read, with metadata where they take them."""
    rgb, gray = pictures.photograph(40, 56), pictures.photograph(40, 56, 1)
    rgba = np.dstack([rgb, pictures.transparency(40, 56)])
    deep = pictures.deep(40, 56)
    indexed = PIL.Image.fromarray(rgb).quantize(16)
    other = PIL.Image.fromarray(rgb[::-1])
    meta = {"icc_profile": pictures.icc(), "exif": b"Exif\0\0" + pictures.exif(3)}
    found = [
        *_jpegs(),
        *(pictures.file_of(still, "PNG", **meta, dpi=(72, 72)) for still in (rgb, gray, rgba, deep)),
        pictures.file_of(indexed, "PNG", transparency=3, bits=4),
        pictures.file_of(rgb, "PNG", save_all=True, append_images=[other]),
        *(pictures.file_of(rgb, "TIFF", compression=name) for name in (None, "tiff_lzw", "tiff_adobe_deflate", "jpeg")),
        *(pictures.file_of(still, "TIFF", icc_profile=pictures.icc()) for still in (gray, rgba, deep, _cmyk(rgb))),
        pictures.file_of(PIL.Image.fromarray(gray).convert("1"), "TIFF", compression="group4"),
        pictures.file_of(rgb, "WEBP", **meta),
        pictures.file_of(rgba, "WEBP", lossless=True),
        pictures.file_of(rgb, "WEBP", save_all=True, append_images=[other], duration=50),
        *(pictures.file_of(still, "BMP") for still in (rgb, gray, rgba, indexed)),
        *(pictures.file_of(still, "TGA", compression=name) for still in (rgb, rgba) for name in (None, "tga_rle")),
        pictures.file_of(indexed, "GIF", transparency=2),
        pictures.file_of(indexed, "GIF", save_all=True, append_images=[other.quantize(8)]),
        pictures.file_of(rgb, "PPM"),
        *(pictures.file_of(still, "JPEG2000") for still in (rgb, deep)),
        pictures.file_of(rgb, "JPEG2000", no_jp2=True),
        *(pictures.file_of(still, "AVIF", speed=10) for still in (rgb, rgba)),
        pictures.file_of(rgba, "ICO", sizes=[(32, 32)]),
    ]
    return [data for data in found if len(data) <= LARGEST]
