"""What a JPEG 2000 file says of its samples and carries beside them, where Pillow leaves it out or mistakes it.

References are to ITU-T T.800 (ISO/IEC 15444-1), annexes A and I.
"""

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image

from nncodec.errors import EncodeError
from nncodec.image.picture import Metadata

_Samples = npt.NDArray[Any]

_CODESTREAM = b"\xff\x4f\xff\x51"
"""The markers SOC and SIZ, with which a codestream begins (A.4.1, A.5.1)."""
_SIGNATURE = b"\0\0\0\x0cjP  "
_EXIF = b"JpgTiffExif->JP2"
_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_PROFILE = b"\2\0\0"
"""Start of a colour box with a profile: method 2, no precedence, not approximated (I.5.3.3)."""
_ENUMERATED, _PROFILES = 1, (2, 3)
"""Methods of a colour specification box (I.5.3.3); 3 is from T.801."""
_SRGB, _GRAY, _SYCC = 16, 17, 18
"""Colour spaces that such a box enumerates."""
_WAVELETS = 7
"""The only kind of compression (I.5.3.1)."""


def component_depths(data: bytes) -> tuple[int, ...]:
    """Bits per sample of each component (A.5.1); empty if the file has no codestream or its header is cut."""
    at = _codestream(data) + len(_CODESTREAM)
    if at < len(_CODESTREAM) or at + 36 > len(data):
        return ()
    (count,) = struct.unpack_from(">H", data, at + 36) if at + 38 <= len(data) else (0,)
    return tuple((size & 0x7F) + 1 for size in data[at + 38 : at + 38 + 3 * count : 3])


def add_metadata(still: PIL.Image.Image, data: bytes) -> None:
    """Put the ICC profile, Exif and XMP of a file's boxes where Pillow's other readers put them."""
    if still.format != "JPEG2000":
        return
    for kind, content in _all_boxes(data):
        if kind == b"colr" and content[:1] and content[0] in _PROFILES:
            still.info.setdefault("icc_profile", content[3:])
        if kind == b"uuid" and content.startswith(_EXIF):
            still.info["exif"] = content[len(_EXIF) :]
        if kind == b"uuid" and content.startswith(_XMP):
            still.info["xmp"] = content[len(_XMP) :]


def as_jp2(codestream: bytes, width: int, height: int, channels: int, depth: int) -> bytes:
    """A JP2 file (annex I) around a codestream of sRGB or gray samples of ``depth`` bits."""
    header = struct.pack(">2IH4B", height, width, channels, depth - 1, _WAVELETS, 0, 0)
    colour = struct.pack(">3BI", _ENUMERATED, 0, 0, _GRAY if channels == 1 else _SRGB)
    return b"".join(
        (
            _box(b"jP  ", b"\r\n\x87\n"),
            _box(b"ftyp", b"jp2 " + bytes(4) + b"jp2 "),
            _box(b"jp2h", _box(b"ihdr", header) + _box(b"colr", colour)),
            _box(b"jp2c", codestream),
        )
    )


def with_metadata(file: bytes, metadata: Metadata) -> bytes:
    """A JP2 file by Pillow or :func:`as_jp2`, with ICC, Exif and XMP of a picture in boxes of their own."""
    if metadata.icc is not None:
        start, end = next((start, end) for kind, start, end in _boxes(file, 0, len(file)) if kind == b"jp2h")
        boxes = [(kind, file[at:to]) for kind, at, to in _boxes(file, start, end)]
        own = [(kind, _PROFILE + metadata.icc if kind == b"colr" else content) for kind, content in boxes]
        header = b"".join(_box(kind, content) for kind, content in own)
        file = file[: start - 8] + _box(b"jp2h", header) + file[end:]
    at = _codestream(file) - 8
    added = [_box(b"uuid", _EXIF + metadata.exif)] if metadata.exif is not None else []
    added += [_box(b"uuid", _XMP + metadata.xmp)] if metadata.xmp is not None else []
    return file[:at] + b"".join(added) + file[at:]


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def box_notes(still: PIL.Image.Image, data: bytes) -> tuple[str, ...]:
    """A note on the boxes with metadata of other kinds, which are not kept."""
    if still.format != "JPEG2000":
        return ()
    others = {
        kind.decode().strip()
        for kind, content in _all_boxes(data)
        if kind in (b"xml ", b"uinf") or (kind == b"uuid" and content[:16] not in (_EXIF, _XMP))
    }
    return (f"its boxes of metadata {', '.join(sorted(others))} are dropped",) if others else ()


def with_whole_range(still: PIL.Image.Image, data: bytes) -> PIL.Image.Image:
    """A loaded JPEG 2000 picture whose brightest samples are 255, or 65535 in gray of more than 8 bits.

    Pillow shifts samples to 8 or 16 bits, which makes white darker. Other images are returned as they are. Raises
    EncodeError for components of fewer than 8 bits that Pillow has converted from YCC.
    """
    depths = component_depths(data) if still.format == "JPEG2000" else ()
    deep = still.mode == "I;16"
    if not depths or set(depths) <= ({16} if deep else {*range(8, 39)}):
        return still
    if not deep and _is_ycc(data):
        raise EncodeError("YCC samples of fewer than 8 bits cannot be kept", "convert it to RGB of 8 bits first")
    samples = np.array(still)
    planes = samples[..., np.newaxis] if samples.ndim == 2 else samples
    of_planes = depths[: planes.shape[2]]
    if len(of_planes) < planes.shape[2]:
        raise EncodeError(f"{len(depths)} components in mode {still.mode} cannot be kept", "convert it to RGB first")
    scaled = [
        _indices(planes[..., i], bits) if still.mode in ("P", "PA") and i == 0 else _scaled(planes[..., i], bits)
        for i, bits in enumerate(of_planes)
    ]
    return _like(still, np.stack(scaled, axis=-1) if samples.ndim == 3 else scaled[0])


def _like(still: PIL.Image.Image, samples: _Samples) -> PIL.Image.Image:
    """An image of samples with the mode, the palette and the metadata of another."""
    fixed = PIL.Image.fromarray(samples)
    if still.palette is not None and still.mode == "P":
        fixed.putpalette(still.palette.palette, still.palette.mode)
    fixed.info = dict(still.info)
    fixed.format = still.format
    return fixed


def _scaled(plane: _Samples, bits: int) -> _Samples:
    """Samples that were shifted to the highest bits of uint8 or uint16, scaled to its range and rounded."""
    whole = 8 * plane.dtype.itemsize
    if bits >= whole:
        return plane
    peak, most = 2**bits - 1, 2**whole - 1
    values = (plane >> (whole - bits)).astype(np.uint32)
    scaled: _Samples = ((values * most + peak // 2) // peak).astype(plane.dtype)
    return scaled


def _indices(plane: _Samples, bits: int) -> _Samples:
    """Indices into a palette, moved back to the lowest bits."""
    moved: _Samples = plane >> max(0, 8 * plane.dtype.itemsize - bits)
    return moved


def _is_ycc(data: bytes) -> bool:
    """True if the file is in sYCC or has components of a smaller size, which decoders take for YCC."""
    at = _codestream(data) + len(_CODESTREAM)
    factors = data[at + 38 : at + 38 + 3 * len(component_depths(data))]
    if set(factors[1::3]) | set(factors[2::3]) != {1}:
        return True
    return any(
        kind == b"colr" and content[:1] == bytes((_ENUMERATED,)) and content[3:7] == struct.pack(">I", _SYCC)
        for kind, content in _all_boxes(data)
    )


def _codestream(data: bytes) -> int:
    """The offset of the codestream; -1 if there is none."""
    if not data.startswith(_SIGNATURE):
        return data.find(_CODESTREAM)
    return next((start for kind, start, _ in _boxes(data, 0, len(data)) if kind == b"jp2c"), -1)


def _all_boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kinds and contents of the boxes of a file and of its header box; none of a bare codestream."""
    if not data.startswith(_SIGNATURE):
        return
    for kind, start, end in _boxes(data, 0, len(data)):
        if kind == b"jp2h":
            yield from ((inner, data[at:to]) for inner, at, to in _boxes(data, start, end))
        elif kind != b"jp2c":
            yield kind, data[start:end]


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kinds, starts and ends of the contents of boxes (I.4); those before the first that is cut."""
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1 and at + 16 <= end:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        size = size or end - at
        if size < head or at + size > end:
            return
        yield kind, at + head, at + size
        at += size
