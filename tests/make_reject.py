"""Make the files that must be refused, each rule of docs/format/container.md broken once. It never overwrites.

``python -m tests.make_reject`` writes ``reject/vN/ERROR.what-is-wrong.nnc``, N being the version of the format;
decoding must raise exactly ERROR.
"""

import struct
import sys
import zlib
from pathlib import Path

import numpy as np

from nncodec.codec import Options
from nncodec.codecs import by_id, by_name
from nncodec.codecs.avif import heif
from nncodec.container import VERSION
from nncodec.pipeline import Settings, encode
from tests import pictures
from tests.damage import Part, build, head, leb128, take_apart

QUICK = Options(effort=1)
FOLDER = Path(__file__).parent / "reject" / f"v{VERSION}"


def files() -> dict[str, bytes]:
    """Every file by name."""
    return {
        f"{error}.{what}": data
        for error, group in (_corrupt(), _unsupported(), _limits())
        for what, data in group.items()
    }


def _base(mode: str = "RGBA", codec: str = "webp") -> tuple[bytes, list[Part]]:
    """Header and sections of a sound file of 33 x 24 pixels."""
    return take_apart(encode(pictures.picture(mode), Settings(codec, Options(60))).data)


def _corrupt() -> tuple[str, dict[str, bytes]]:
    header, (payload, alpha) = _base()
    found = {
        "nothing": b"",
        "another-format": pictures.file_of(pictures.photograph(3, 4), "PNG"),
        "magic-alone": head()[:4],
        "header-cut": head()[:8],
        "no-section": header,
        "codec-zero": build(header[:5] + b"\0" + header[6:], [payload, alpha]),
        "width-zero": build(header[:7] + b"\0" + header[8:], [payload, alpha]),
        "height-zero": build(header[:8] + b"\0", [payload, alpha]),
        "width-over-24-bits": build(header[:7] + leb128(2**24) + header[8:], [payload, alpha]),
        "width-not-shortest": build(header[:7] + leb128(33, padding=1) + header[8:], [payload, alpha]),
        "width-endless": build(header[:7] + b"\xff" * 12, []),
        "width-of-33-bits": build(header[:7] + leb128(2**32) + header[8:], [payload, alpha]),
        "16-bit-colour": build(header[:6] + b"\5" + header[7:], [payload._replace(tag=0x90)]),
        "16-bit-with-alpha": build(header[:6] + b"\6" + header[7:], [payload, alpha]),
        "16-bit-webp": build(header[:6] + b"\4" + header[7:], [payload._replace(tag=0x90)]),
        "kind-zero": build(header, [Part(0, b"x"), payload, alpha]),
        "no-payload": build(header, [alpha]),
        "two-payloads": build(header, [payload, payload, alpha]),
        "alpha-missing": build(header, [payload._replace(tag=0x90)]),
        "alpha-not-announced": build(header[:6] + b"\1" + header[7:], [payload, alpha]),
        "two-alphas": build(header, [payload, alpha._replace(tag=0x12), alpha]),
        "sections-not-ascending": build(header, [Part(0x21, b"x"), payload, alpha]),
        "exif-twice": build(header, [payload, alpha._replace(tag=0x12), Part(0x21, b"x"), Part(0xA1, b"x")]),
        "xmp-empty": build(header, [payload, alpha._replace(tag=0x12), Part(0xA3, b"")]),
        "iptc-empty": build(header, [payload, alpha._replace(tag=0x12), Part(0xA5, b"")]),
        "no-last-section": build(header, [payload, alpha._replace(tag=0x12)]),
        "something-after-the-last-section": build(header, [payload, alpha]) + b"\0",
        "two-last-sections": build(header, [payload, alpha, Part(0xA1, b"x")]),
        "length-not-shortest": build(header, [payload, alpha._replace(data=b"x", length=b"\x81\0")]),
        "length-past-the-end": build(header, [payload._replace(length=leb128(2**32 - 1))]),
        "length-of-33-bits": build(header, [payload._replace(length=leb128(2**32))]),
        "checksum-of-payload": _flip(build(header, [payload, alpha]), -10),
        "checksum-of-last-section": _flip(build(header, [payload, alpha]), -1),
        "checksum-over-earlier-checksums": _naive(header, [payload, alpha]),
        "unknown-ancillary-damaged": _flip(build(header, [payload, alpha._replace(tag=0x12), Part(0xFF, b"xyz")]), -5),
        "own-weights-hash-cut": build(head(16, 1, 33, 24), [Part(0x90, bytes([112, *range(15)]))]),
        "own-weights-hash-cut-in-a-restorer": build(
            header, [payload, alpha._replace(tag=0x12), Part(0x96, _bound(payload, 2, bytes([114, *range(15)])))]
        ),
        "learned-flags": build(head(16, 1, 33, 24), [Part(0x90, bytes([8, 0, 0, 0, 1, 1, 8, 0]))]),
        "learned-change-of-a-head-cut": build(head(16, 1, 33, 24), [Part(0x90, bytes([8, 0, 0, 0, 1, 1, 4, 9, 0, 0]))]),
        "learned-change-of-25-places": build(
            head(16, 1, 33, 24), [Part(0x90, bytes([8, 0, 0, 0, 1, 1, 4, 25, 0, 0, 0, 0]))]
        ),
        "learned-change-under-table-64": build(
            head(16, 1, 33, 24), [Part(0x90, bytes([8, 0, 0, 0, 1, 1, 4, 9, 0, 64, 0, 0]))]
        ),
        "payload-empty": build(header, [payload._replace(data=b""), alpha]),
        "payload-cut": build(header, [payload._replace(data=payload.data[:40]), alpha]),
        "payload-of-another-size": build(header[:7] + b"\x20" + header[8:], [payload, alpha]),
        "payload-of-another-codec": build(header[:5] + b"\1" + header[6:], [payload, alpha]),
        "alpha-empty": build(header, [payload, alpha._replace(data=b"")]),
        "alpha-in-two-bytes": build(header, [payload, alpha._replace(data=b"xy")]),
        "alpha-of-another-size": build(header, [payload, alpha._replace(data=_gray_png(33, 25))]),
        "alpha-of-another-format": build(header, [payload, alpha._replace(data=_jpeg())]),
        "alpha-in-colour": build(
            header, [payload, alpha._replace(data=pictures.file_of(pictures.flat(24, 33), "PNG"))]
        ),
        "restorer-without-a-head": build(header, [payload, alpha._replace(tag=0x12), Part(0x96, b"\1\0\0\0")]),
        "restorer-of-another-payload": build(header, [payload, alpha._replace(tag=0x12), Part(0x96, b"\1\0\0\0\0x")]),
        "jpeg-gray-for-colour": build(head(1, 1, 33, 24), [Part(0x90, _jpeg())]),
        "jpegfile-no-jpeg": build(head(2, 1, 33, 24), [Part(0x90, b"no JPEG")]),
        "webp-with-alpha": build(head(4, 1, 33, 24), [Part(0x90, _webp_with_alpha())]),
        "jpeg2000-in-62500-tiles": build(head(3, 1, 1000, 1000), [Part(0x90, _tiles(4))]),
        "jpeg2000-of-65535-layers": build(head(3, 1, 64, 64), [Part(0x90, _layers())]),
    }
    return "CorruptFile", found | _corrupt_avif() | _corrupt_layered() | _corrupt_painted()


def _corrupt_painted() -> dict[str, bytes]:
    """Heads of superres and generative with a byte that no writer writes, and small pictures of other sizes."""
    found = {}
    for codec, other in (("superres:webp", 16), ("generative", 4)):
        settings = Settings(codec, Options(20, effort=1))
        header, (payload,) = take_apart(encode(pictures.picture("RGB"), settings).data)
        head_of, small = payload.data[:4], payload.data[4:]
        model, base, level, strength = head_of
        payloads = {
            "on-another-codec": bytes([model, other, level, strength]) + small,
            "level-over-40": bytes([model, base, 41, strength]) + small,
            "strength-of-bit-7": bytes([model, base, level, strength | 128]) + small,
            "half-size-with-bits-of-a-quarter": bytes([model, base, level, strength | 32]) + small,
            "quarter-with-a-picture-of-half-the-size": bytes([model, base, level, strength | 16]) + small,
            "of-an-odd-height": bytes([model, base, level | 0x80, strength]) + small,
            "small-picture-empty": head_of,
            "small-picture-cut": head_of + small[: len(small) // 2],
            "small-picture-in-full-size": head_of + by_id(base).encode(pictures.photograph(24, 33), QUICK),
            "with-weights-of-another-codec": bytes([4]) + payload.data[1:],
        }
        name = codec.partition(":")[0]
        found |= {f"{name}-{what}": build(header, [Part(0x90, data)]) for what, data in payloads.items()}
    return found


def _corrupt_layered() -> dict[str, bytes]:
    settings = Settings("layered:webp", Options(90), restore="none")
    header, (payload, layer) = take_apart(encode(pictures.picture("RGB"), settings).data)
    first, second = payload.data, layer.data
    scale, number = first[0] & 7, first[0] >> 3
    small = first[2 + (first[1] > 127) :]
    found = {
        "on-itself": [payload._replace(data=bytes([8 << 3 | scale]) + first[1:]), layer],
        "on-learned": [payload._replace(data=bytes([16 << 3 | scale]) + first[1:]), layer],
        "in-full-size": [payload._replace(data=bytes([number << 3]) + first[1:]), layer],
        "in-another-scale": [payload._replace(data=bytes([number << 3 | scale % 3 + 1]) + first[1:]), layer],
        "small-picture-cut": [payload._replace(data=first[:1] + leb128(40) + small[:40]), layer],
        "small-picture-empty": [payload._replace(data=first[:1] + b"\0"), layer],
        "residual-in-the-payload": [Part(0x90, first + second)],
        "residual-empty": [payload, layer._replace(data=b"")],
        "residual-cut": [payload, layer._replace(data=second[:40])],
        "residual-of-the-small-size": [payload, layer._replace(data=small)],
        "three-layers": [payload, Part(0x14, second[:9]), Part(0x94, second[9:])],
    }
    return {f"layered-{what}": build(header, parts) for what, parts in found.items()}


def _corrupt_avif() -> dict[str, bytes]:
    picture = by_name("avif").encode(pictures.flat(24, 33), Options(effort=1))
    header = picture[: 2 + picture[1]]
    file = pictures.file_of(pictures.flat(24, 33), "AVIF", subsampling="4:4:4", speed=10)
    subsampled = pictures.file_of(pictures.flat(24, 33), "AVIF", subsampling="4:2:0", speed=10)
    payloads = {
        "avif-in-a-file": file,
        "avif-4-2-0": heif.unwrap(subsampled),
        "avif-without-a-frame": header,
        "avif-without-a-sequence-header": picture[len(header) :],
        "avif-two-sequence-headers": header + picture,
        "avif-with-the-length-of-the-frame": header + b"\x32" + leb128(len(picture) - len(header) - 1) + picture[-1:],
        "avif-length-past-the-end": b"\x0a\x7f" + picture[2:],
        "avif-length-not-shortest": b"\x0a" + leb128(picture[1], padding=1) + picture[2:],
    }
    found = {what: build(head(5, 1, 33, 24), [Part(0x90, payload)]) for what, payload in payloads.items()}
    found["avif-coded-larger-than-it-says"] = build(head(5, 1, 6, 4), [Part(0x90, picture)])
    found["avif-gray-for-colour"] = build(head(5, 0, 33, 24), [Part(0x90, picture)])
    found["avif-bare-in-version-1"] = build(head(5, 1, 33, 24, version=1), [Part(0x90, picture)])
    return found


def _unsupported() -> tuple[str, dict[str, bytes]]:
    header, (payload, alpha) = _base()
    binding = struct.pack("<BI", 255, zlib.crc32(payload.data))
    found = {
        "version-3": build(header[:4] + b"\3" + header[5:], [payload, alpha]),
        "version-0": build(header[:4] + b"\0" + header[5:], [payload, alpha]),
        "version-3-and-nothing-else": head(version=3)[:5],
        "mode-bit-3": build(header[:6] + b"\x0b" + header[7:], [payload, alpha]),
        "mode-bit-7": build(header[:6] + b"\x83" + header[7:], [payload, alpha]),
        "codec-255": build(header[:5] + b"\xff" + header[6:], [payload, alpha]),
        "critical-section-unknown": build(header, [payload, alpha._replace(tag=0x12), Part(0xFE, b"x")]),
        "critical-section-unknown-before-the-payload": build(header, [Part(2, b"x"), payload, alpha]),
        "restorer-255": build(header, [payload, alpha._replace(tag=0x12), Part(0x96, binding)]),
        "own-weights-not-here": build(head(16, 1, 33, 24), [Part(0x90, bytes([112, *range(16), 100]))]),
        "own-weights-of-a-restorer-not-here": build(
            header, [payload, alpha._replace(tag=0x12), Part(0x96, _bound(payload, 2, bytes([114, *range(16), 0, 0])))]
        ),
        "layers-of-a-codec-without": build(header, [payload, alpha._replace(tag=0x12), Part(0x94, b"x")]),
    }
    return "UnsupportedFile", found


def _bound(payload: Part, number: int, parameters: bytes) -> bytes:
    """The content of a restorer section for a payload."""
    return struct.pack("<BI", number, zlib.crc32(payload.data)) + parameters


def _limits() -> tuple[str, dict[str, bytes]]:
    header, (payload, alpha) = _base()
    huge = leb128(2**24 - 1)
    found = {
        "281-terapixels": build(header[:7] + huge + huge, [payload, Part(0x92, b"\0")]),
        "just-over-the-default": build(header[:7] + leb128(13378) + leb128(13378), [payload, alpha]),
        "jpeg-of-101-scans": build(head(1, 0, 64, 64), [Part(0x90, _scans(101))]),
    }
    return "LimitExceeded", found


def _flip(data: bytes, at: int) -> bytes:
    out = bytearray(data)
    out[at] ^= 1
    return bytes(out)


def _naive(header: bytes, parts: list[Part]) -> bytes:
    """Checksums of all bytes before, earlier checksums among them."""
    out = header
    for part in parts:
        out += bytes([part.tag]) + leb128(len(part.data)) + part.data
        out += zlib.crc32(out).to_bytes(4, "little")
    return out


def _gray_png(width: int, height: int) -> bytes:
    return pictures.file_of(pictures.transparency(height, width), "PNG")


def _jpeg() -> bytes:
    return pictures.file_of(pictures.photograph(24, 33, 1), "JPEG")


def _webp_with_alpha() -> bytes:
    return pictures.file_of(np.dstack([pictures.flat(24, 33), pictures.transparency(24, 33)]), "WEBP")


def _tiles(side: int) -> bytes:
    out = bytearray(by_name("jpeg2000").encode(pictures.flat(64, 64), Options(100)))
    at = out.index(b"\xff\x51")
    out[at + 6 : at + 14] = struct.pack(">2I", 1000, 1000)
    out[at + 22 : at + 30] = struct.pack(">2I", side, side)
    return bytes(out)


def _layers() -> bytes:
    out = bytearray(by_name("jpeg2000").encode(pictures.flat(64, 64), Options(100)))
    at = out.index(b"\xff\x52")
    out[at + 6 : at + 8] = b"\xff\xff"
    return bytes(out)


def _scans(n: int) -> bytes:
    """A progressive JPEG whose second scan comes again and again."""
    jpeg = pictures.file_of(pictures.flat(64, 64, 1), "JPEG", progressive=True)
    second = jpeg.index(b"\xff\xda", jpeg.index(b"\xff\xda") + 2)
    scan = jpeg[jpeg.rindex(b"\xff\xc4", 0, second) : jpeg.index(b"\xff\xc4", second)]
    return jpeg[:-2] + scan * (n - jpeg.count(b"\xff\xda")) + jpeg[-2:]


def main() -> int:
    """Write what is not there yet."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, data in files().items():
        target = FOLDER / f"{name}.nnc"
        if target.exists():
            print(f"{target.name} exists and stays as it is")
        else:
            target.write_bytes(data)
            print(f"{target.name}: {len(data)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
