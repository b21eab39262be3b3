"""JPEG 2000 by Pillow (OpenJPEG). Payload: a bare codestream, ITU-T T.800 annex A."""

import struct

import numpy as np

from nncodec.codec import LOSSLESS_QUALITY, Frame, Lossless, Options, PictureFile, Pixels
from nncodec.errors import CorruptFile
from nncodec.image import Metadata, oriented
from nncodec.image.embedding import no_iptc
from nncodec.image.jpeg2000 import as_jp2, with_metadata
from nncodec.image.stills import decode_still, encode_still, not_built, pillow_errors

_SIZ, _COD, _QCD, _COM, _SOT = 0xFF51, 0xFF52, 0xFF5C, 0xFF64, 0xFF90
_SOD, _EOC = b"\xff\x93", b"\xff\xd9"
_COD_BYTES = 10
"""Of a COD segment without precincts, its length left out (ITU-T T.800, A.6.1)."""
_LEVELS = 5
"""Offset in it of the number of wavelet levels."""
_MODES = {(1, 8): "L", (3, 8): "RGB", (1, 16): "I;16"}


class Jpeg2000:
    """Irreversible 9/7 wavelet and colour transform below quality 100, reversible 5/3 (lossless) at 100."""

    id = 3
    name = "jpeg2000"
    summary = "JPEG 2000. Smaller than JPEG, slower. Lossless at quality 100. Keeps 16-bit gray."
    quality_step = 0.1
    fidelity = (
        (0, 21.65),
        (3, 22.5),
        (10, 24.0),
        (20, 26.22),
        (30, 28.43),
        (40, 30.64),
        (50, 32.85),
        (60, 35.07),
        (70, 37.23),
        (80, 39.39),
        (90, 41.44),
        (95, 42.42),
        (98, 43.01),
    )
    lossless = Lossless.AT_100
    depths = frozenset({8, 16})
    max_side = 2**24 - 1
    decoding_memory = 24
    slopes = (0, 8, 20, 28, 35, 43, 52, 60, 69, 78, 88, 95, 99.9)

    def missing(self) -> str | None:
        """The format that Pillow was built without, in a few words; None if it has it."""
        return not_built("JPEG2000")

    def encode(self, pixels: Pixels, options: Options) -> bytes:
        """Encode to a target PSNR of 22 dB at quality 0, rising by 0.22 dB a step. Effort changes nothing."""
        colour = int(pixels.ndim == 3)
        if options.quality >= LOSSLESS_QUALITY:
            return _without_comment(encode_still(pixels, "JPEG2000", no_jp2=True, mct=colour))
        decibels = 22.0 + 0.22 * options.quality
        lossy = {"irreversible": True, "quality_mode": "dB", "quality_layers": [decibels]}
        return _without_comment(encode_still(pixels, "JPEG2000", no_jp2=True, mct=colour, **lossy))

    def decode(self, payload: bytes, frame: Frame, device: str) -> Pixels:
        """Decode; channels and depth of the codestream must be the frame's."""
        return self.decode_reduced(payload, frame, 0)

    def decode_reduced(self, payload: bytes, frame: Frame, halvings: int) -> Pixels:
        """Decode with sides halved as often as the codestream has wavelet levels, at most."""
        levels = _check_profile(payload, frame)
        still = decode_still(payload, "the JPEG 2000 payload", "JPEG2000", frame.shape, min(halvings, levels))
        if still.mode != _MODES[frame.channels, frame.depth]:
            raise CorruptFile(f"the JPEG 2000 payload is {still.mode}, not {frame.channels} x {frame.depth} bits")
        with pillow_errors("the JPEG 2000 payload"):
            return np.array(still)

    def file(self, payload: bytes, frame: Frame, metadata: Metadata) -> PictureFile:
        """A JP2 file around the codestream, with metadata; few viewers turn it as Exif says."""
        file = as_jp2(payload, frame.width, frame.height, frame.channels, frame.depth)
        turned = oriented(metadata) != 1
        notes = ("few viewers turn a JPEG 2000 picture as its Exif says",) if turned else ()
        return PictureFile(with_metadata(file, metadata), ".jp2", notes + no_iptc("JPEG 2000", metadata))


def _without_comment(codestream: bytes) -> bytes:
    """The codestream without the name of the library that wrote it."""
    segments, at = _main_header(codestream)
    kept = [struct.pack(">2H", marker, 2 + len(data)) + data for marker, data in segments if marker != _COM]
    return codestream[:2] + b"".join(kept) + codestream[at:]


def _check_profile(payload: bytes, frame: Frame) -> int:
    """Refuse what our encoder never writes: several tiles or layers, precincts, parts; return the wavelet levels.

    They multiply a decoder's work and memory: 195 bytes of tiny tiles would take 700 MB.
    """
    try:
        main, at = _main_header(payload)
    except (IndexError, struct.error) as error:
        raise CorruptFile("the JPEG 2000 payload ends within its header") from error
    if [marker for marker, _ in main if marker != _COM] != [_SIZ, _COD, _QCD]:
        raise CorruptFile("the JPEG 2000 payload has another header than SIZ, COD, QCD")
    (_, siz), (_, cod) = main[:2]
    size = struct.pack(">2I", frame.width, frame.height)
    if siz[2:34] != size + bytes(8) + size + bytes(8):
        raise CorruptFile("the JPEG 2000 payload is not one tile of the picture's size")
    if len(cod) != _COD_BYTES or cod[0] != 0 or cod[2:4] != b"\0\1":
        raise CorruptFile("the JPEG 2000 payload has a short COD, precincts or several layers")
    part = struct.pack(">2HI2B", 10, 0, len(payload) - at - 2, 0, 1)
    if payload[at + 2 : at + 12] != part or payload[at + 12 : at + 14] != _SOD or payload[-2:] != _EOC:
        raise CorruptFile("the JPEG 2000 payload is not one tile part")
    return cod[_LEVELS]


def _main_header(payload: bytes) -> tuple[list[tuple[int, bytes]], int]:
    """The marker segments before the first tile part, and where that begins (ITU-T T.800, A.3)."""
    segments: list[tuple[int, bytes]] = []
    at = 2
    while True:
        marker, length = struct.unpack_from(">2H", payload, at)
        if marker == _SOT:
            return segments, at
        segments.append((marker, payload[at + 4 : at + 2 + length]))
        at += 2 + max(length, 2)


CODEC = Jpeg2000()
