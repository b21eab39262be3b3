"""HEIC and JPEG XL, whose readers are packages of their own: opened as Pillow images where these are installed."""

import io
import struct
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageFile

from nncodec.errors import UnsupportedFile
from nncodec.image.exif import with_orientation
from nncodec.image.jpeg_xl import JxlHeader, boxes, header
from nncodec.image.kinds import EXTRAS, HEAD, HEIC, kind_by_content
from nncodec.image.orientation import exif_orientation
from nncodec.threads import available

HEIF_FORMAT, JXL_FORMAT = "HEIF", "JXL"
_TAKEN = "they will be taken for square"
_DEEP = {"RGB;16": "RGB", "RGBA;16": "RGBA"}
"""Modes of the JPEG XL reader that Pillow does not have."""


def open_optional(data: bytes, what: str) -> PIL.Image.Image | None:
    """Open a HEIC or JPEG XL picture without decoding it; None for other files.

    The HEIC reader is not registered with Pillow; that of JPEG XL does so as it is imported. Raises UnsupportedFile
    where the reader is not installed, else what readers raise on damaged bytes.
    """
    kind = kind_by_content(data[:HEAD])
    if kind not in EXTRAS:
        return None
    extra = EXTRAS[kind]
    if not extra.installed:
        raise UnsupportedFile(f"{what} is {kind}, for which {extra.package} is needed", extra.hint)
    return _open_heif(data) if kind == HEIC else JxlFile(io.BytesIO(data))


def _open_heif(data: bytes) -> PIL.Image.Image:
    still: PIL.Image.Image = import_module("pillow_heif").HeifImageFile(io.BytesIO(data))
    return still


class JxlFile(PIL.ImageFile.ImageFile):
    """A JPEG XL picture. The plugin's own class decodes as it opens, before a limit of pixels can be checked."""

    format, format_description = JXL_FORMAT, "JPEG XL image"
    header: JxlHeader
    """The beginning of its codestream."""

    def _open(self) -> None:
        self._data = self.fp.read() if self.fp else b""
        self.header = header(self._data)
        self._size, self._mode = (self.header.width, self.header.height), "RGB"
        self._loaded = False

    def load(self) -> Any:
        """Decode the first frame; mode, profile and metadata are known from then on."""
        if not self._loaded:
            self._loaded = True
            self._take(*self._decoded())
        return super().load()

    def _decoded(self) -> tuple[PIL.Image.Image, dict[Any, Any]]:
        """The first frame, turned as the codestream says, and its metadata."""
        decoder = import_module("pillow_jxl").Decoder
        is_jpeg, info, samples, profile, _ = decoder(num_threads=available())(self._data)
        found: dict[Any, Any] = dict(self._metadata())
        if is_jpeg:  # the very file that was packed into it; its Exif turns it
            with PIL.Image.open(io.BytesIO(samples), formats=["JPEG"]) as packed:
                packed.load()
                self.applist = getattr(packed, "applist", [])
                return packed.copy(), found | packed.info
        if profile:
            found["icc_profile"] = profile
        if "exif" in found:
            found["exif"] = _not_turned(found["exif"])
        size, mode = (info.width, info.height), info.mode
        if mode in _DEEP:
            deep = np.frombuffer(samples, np.uint16).astype(np.uint32)
            samples, mode = ((deep * 255 + 32767) // 65535).astype(np.uint8).tobytes(), _DEEP[mode]
        return PIL.Image.frombytes(mode, size, samples), found

    def _take(self, decoded: PIL.Image.Image, info: dict[Any, Any]) -> None:
        self._mode, self._size, self.im = decoded.mode, decoded.size, decoded.im
        self.info |= info

    def _metadata(self) -> Iterator[tuple[str, bytes]]:
        """Exif, behind an offset of 4 bytes that some writers leave out, and XMP."""
        for kind, content in boxes(self._data):
            if kind == b"Exif":
                yield "exif", content[4:] if content[4:6] in (b"II", b"MM") else content
            elif kind == b"xml ":
                yield "xmp", content


def _not_turned(exif: bytes) -> bytes:
    """Exif of a picture whose codestream has turned it (ISO/IEC 18181-2, 9.7: the codestream comes first)."""
    try:
        return exif if exif_orientation(exif) == 1 else with_orientation(exif, 1)
    except (LookupError, struct.error):
        return exif


def optional_notes(still: PIL.Image.Image, data: bytes) -> tuple[str, ...]:
    """Notes on what a HEIC or JPEG XL file, ``data``, holds beside the picture and its metadata."""
    dropped, notes = list[str](), list[str]()
    if still.format == HEIF_FORMAT:
        kinds = " ".join(still.info.get("aux", {}))
        dropped += ["depth map"] if still.info.get("depth_images") else []
        dropped += ["HDR gain map"] if "hdrgainmap" in kinds else []
        dropped += ["mattes"] if "matte" in kinds else []
        across, down = still.info.get("pixel_aspect_ratio") or (1, 1)
        if across != down:  # of a pixel, so of the pixels to the same length it is the other way round
            notes.append(f"its pixels are not square ({down} across, {across} down to the same length): {_TAKEN}")
    elif isinstance(still, JxlFile):
        kinds_of_boxes = {kind for kind, _ in boxes(data)}
        dropped += ["compressed metadata"] if b"brob" in kinds_of_boxes and b"jbrd" not in kinds_of_boxes else []
        if hdr_profile(still.info.get("icc_profile", b"")):
            notes.append("its HDR transfer is kept in its colour profile alone: it may look different")
    if dropped:
        notes.append(f"its {' and '.join(dropped)} {'is' if len(dropped) == 1 else 'are'} dropped")
    return tuple(notes)


def hdr_profile(icc: bytes) -> bool:
    """True if a profile says PQ or HLG by code points (ICC.1:2022, 10.3: a tag of type cicp)."""
    at = icc.find(b"cicp\0\0\0\0")
    return at >= 0 and icc[at + 9 : at + 10] in (b"\x10", b"\x12")
