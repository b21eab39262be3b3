"""Make the golden files: pictures that must decode for ever. ``python -m tests.make_golden`` never overwrites.

Beside ``NAME.nnc`` lies ``NAME.png``, what it decoded to on the day it was made, and in
expected.json how far a decoder may be from that, and what else the file holds.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nncodec.codec import Options
from nncodec.container import VERSION, Container, Header, Kind, Section, parse, serialize
from nncodec.image import Metadata, Picture
from nncodec.pipeline import Settings, decode, encode, inspect, keep_file
from nncodec.restorers import by_name
from tests import pictures
from tests.damage import Part, build, take_apart

FOLDER = Path(__file__).parent / "golden" / f"v{VERSION}"

EXACT = (0, 0.0)
ROUNDING = {"jpeg": (4, 0.8), "jpegfile": (4, 0.8), "jpeg2000": (1, 0.3), "webp": (0, 0.0), "avif": (1, 0.3)}
LAYERED = {"avif": (3, 0.6), "webp": (0, 0.0), "jpeg2000": (3, 0.6), "jpeg": (10, 2.0)}
RESTORED = {"jpeg": (5, 1.0), "webp": (1, 0.3), "avif": (2, 0.5), "ccnn": (2, 0.5)}
"""Largest and root mean square difference in levels of 8 bits, for lossy files of each codec.

A difference of one in JPEG's YCbCr can be a few levels of RGB. WebP and AVIF specify their decoders to the bit up to
the conversion to RGB.
"""


def files() -> dict[str, tuple[bytes, tuple[int, float]]]:
    """Every golden file by name, with its limits."""
    found: dict[str, tuple[bytes, tuple[int, float]]] = {}
    for codec in ("jpeg", "jpeg2000", "webp", "avif"):
        for mode in ("L", "LA", "RGB", "RGBA"):
            for quality in (60, 100) if codec != "jpeg" else (60, 95):
                if mode.endswith("A") and quality == 60:
                    continue
                data = _encode(pictures.picture(mode, 40, 56), codec, quality)
                lossless = quality == 100
                found[f"{codec}-{mode.lower()}-{quality}"] = data, EXACT if lossless else ROUNDING[codec]
    for size in ((1, 1), (1, 300), (300, 1), (17, 31)):
        name = f"avif-{size[1]}x{size[0]}"
        found[name] = _encode(Picture(pictures.photograph(*size)), "avif", 75), ROUNDING["avif"]
    for codec, effort in (("webp", 5), ("jpeg", 6)):  # a shared start, and one fitted to the picture
        settings = Settings(codec, Options(60, effort), restore="tuned")
        found[f"{codec}-tuned"] = encode(pictures.picture("RGB", 40, 56), settings).data, RESTORED[codec]
    found |= layered() | shared()
    for quality in (60, 100):
        data = _encode(pictures.picture("I;16"), "jpeg2000", quality)
        found[f"jpeg2000-gray16-{quality}"] = data, EXACT if quality == 100 else (257, 60.0)
    everything = pictures.picture("RGBA", meta=metadata())
    found["metadata"] = encode(everything, Settings("webp", Options(100))).data, EXACT
    found["constant-alpha"] = (
        encode(Picture(pictures.photograph(9, 9), pictures.flat(9, 9, 1, 200)), Settings("webp", Options(100))).data,
        EXACT,
    )
    exif = b"Exif\0\0" + pictures.exif(6)
    jpeg = pictures.file_of(pictures.photograph(40, 56), "JPEG", exif=exif, xmp=pictures.XMP, progressive=True)
    found["kept-jpeg"] = keep_file(jpeg, Settings()).data, ROUNDING["jpegfile"]
    header, parts = take_apart(found["webp-rgb-100"][0])
    parts = [Part(0x01, b"of a later version"), parts[0]._replace(tag=0x10), Part(0xFF, b"also later")]
    found["unknown-ancillary"] = build(header, parts), EXACT
    found["dump"] = dump(), EXACT
    return found


def layered() -> dict[str, tuple[bytes, tuple[int, float]]]:
    """One layer and two, on every base."""
    found = {}
    for mode, quality in (("RGB", 10), ("RGB", 85), ("L", 85), ("RGBA", 85), ("RGB", 100)):
        data = _encode(pictures.picture(mode, 41, 55), "layered", quality)
        found[f"layered-{mode.lower()}-{quality}"] = data, EXACT if quality == 100 else LAYERED["avif"]
    for base in ("webp", "jpeg2000", "jpeg"):
        data = _encode(pictures.picture("RGB", 41, 55), f"layered:{base}", 85)
        found[f"layered-{base}-rgb-85"] = data, LAYERED[base]
    found["layered-1x1"] = _encode(Picture(pictures.photograph(1, 1)), "layered", 85), LAYERED["avif"]
    return found


def shared() -> dict[str, tuple[bytes, tuple[int, float]]]:
    """With the restorers that all pictures share, alone and followed by another."""
    found = {}
    for codec, mode, restore, quality in (
        ("webp", "RGB", "luma", 40),
        ("avif", "L", "luma", 40),
        ("jpeg", "RGB", "luma+tuned", 70),
        ("jpeg", "L", "luma", 40),
        ("ccnn", "RGB", "luma", 40),
    ):
        data = encode(pictures.picture(mode, 128, 192), Settings(codec, Options(quality), restore=restore)).data
        applied = [section[0] for section in parse(data).all(Kind.RESTORER)]
        assert applied == [by_name(name).id for name in restore.split("+")], "a restorer did not pay"
        found[f"{codec}-{mode.lower()}-{restore.replace('+', '-')}"] = data, RESTORED[codec]
    return found


def _encode(picture: Picture, codec: str, quality: float) -> bytes:
    return encode(picture, Settings(codec, Options(quality), restore="none")).data


def metadata() -> Metadata:
    """Small ones: a whole profile would be most of the golden files."""
    return Metadata(b"not a profile, but kept", pictures.exif(6), pictures.XMP)


def dump() -> bytes:
    """The small file that docs/format/container.md shows byte by byte."""
    pixels = np.array([[0, 128], [255, 64]], np.uint8)
    data = encode(Picture(pixels, pictures.flat(2, 2, 1, 200)), Settings("webp", Options(100))).data
    container = parse(data)
    assert container.header == Header(4, 2, 2, colour=False, alpha=True)
    return serialize(
        Container(container.header, (Section(Kind.PAYLOAD, container.payload), Section(Kind.ALPHA, b"\xc8")))
    )


def describe(data: bytes, limits: tuple[int, float]) -> dict[str, object]:
    """What expected.json says of a file."""
    found, info = decode(data), inspect(data)
    described: dict[str, object] = {"codec": found.codec, "mode": info.mode, "width": info.width, "height": info.height}
    described |= {"peak_error": limits[0], "rms_error": limits[1]}
    held = vars(found.metadata).items()
    return described | {name: hashlib.sha256(value).hexdigest() for name, value in held if value is not None}


def reference(pixels: npt.NDArray[np.generic]) -> tuple[str, bytes]:
    """Suffix and bytes of a decoded picture."""
    return ".png", pictures.file_of(pixels, "PNG", compress_level=9)


def main() -> int:
    """Write what is not there yet."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    listing = FOLDER / "expected.json"
    expected = json.loads(listing.read_text()) if listing.exists() else {}
    for name, (data, limits) in files().items():
        target = FOLDER / f"{name}.nnc"
        if target.exists():
            print(f"{target.name} exists and stays as it is")
            continue
        suffix, picture = reference(decode(data).pixels)
        target.write_bytes(data)
        target.with_suffix(suffix).write_bytes(picture)
        expected[target.name] = describe(data, limits)
        print(f"{target.name}: {len(data)} bytes")
    listing.write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
