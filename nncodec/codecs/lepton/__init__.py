"""An existing JPEG file, its coefficients arithmetic-coded by Lepton, given back bit for bit.

After Horn et al. 2017, "The Design, Implementation, and Deployment of a System to Transparently Compress Hundreds of
Petabytes of Image Files for a File-Storage Service" (NSDI). The coder is the library lepton-jpeg-python; the payload is
in docs/format/lepton.md.
"""

import zlib
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from nncodec.codec import Frame, Lossless, Options, Pixels
from nncodec.codecs.lepton.bitstream import join, parse
from nncodec.errors import CorruptFile, EncodeError, UnsupportedFile, translated
from nncodec.image import Metadata
from nncodec.image.kept_jpeg import decode_kept, jpeg_metadata, size_to_keep
from nncodec.image.stills import not_built

_MODULE, _PACKAGE = "lepton_jpeg_python", "lepton-jpeg-python"
_HINT = f"pip install {_PACKAGE} (Linux on x86-64, macOS on ARM, Windows; elsewhere it has to be built with Rust)"
_CONFIG = {"max_partitions": 1}
"""More parts are coded in parallel, and take more bytes."""


class Lepton:
    """Never encodes pixels: ``nnc encode --keep-jpeg`` packs the file it was given."""

    id = 6
    name = "lepton"
    summary = "A JPEG file, to be given back bit for bit, in about four fifths of its bytes: by --keep-jpeg."
    quality_step = 100.0
    fidelity = ()
    lossless = Lossless.NEVER
    depths = frozenset({8})
    max_side = 16386
    decoding_memory = 32
    suffix = ".jpg"

    def missing(self) -> str | None:
        """The package or the part of Pillow that this installation lacks, in a few words; None if it has both."""
        return not_built("JPEG") or (None if find_spec(_MODULE) else f"the package {_PACKAGE}")

    def encode(self, pixels: Pixels, options: Options) -> bytes:
        """Raise EncodeError: there are no pixels to encode, only a file to keep."""
        raise EncodeError("lepton keeps existing JPEG files", "use --keep-jpeg on a JPEG, or -c jpeg")

    def decode(self, payload: bytes, frame: Frame, device: str) -> Pixels:
        """Decode the JPEG that :meth:`unpack` gives back to gray or RGB."""
        return self.decode_reduced(payload, frame, 0)

    def decode_reduced(self, payload: bytes, frame: Frame, halvings: int) -> Pixels:
        """Decode with sides halved up to three times, by libjpeg's scaled inverse transforms."""
        return decode_kept(self.unpack(payload, frame), frame.shape, halvings)

    def frame(self, data: bytes) -> Frame:
        """The frame of a JPEG file; EncodeError if it is not a JPEG."""
        return Frame(*size_to_keep(data))

    def pack(self, data: bytes) -> bytes:
        """Code a JPEG file, and decode it again as a check.

        Raises EncodeError if Lepton cannot code it or does not give back every bit, UnsupportedFile without the
        library.
        """
        with translated(EncodeError, "Lepton does not take it", _reason):
            payload = join(zlib.crc32(data), _library().compress_bytes(data, _CONFIG))
        try:
            if self.unpack(payload, self.frame(data)) == data:
                return payload
        except CorruptFile as error:
            raise EncodeError(f"Lepton does not give it back: {error}") from error
        raise EncodeError("Lepton does not give it back to the bit")

    def unpack(self, payload: bytes, frame: Frame) -> bytes:
        """The JPEG file, to the bit.

        Raises CorruptFile for a payload that no encoder wrote, before the library sees it wherever its headers tell,
        UnsupportedFile without the library, LimitExceeded for too many scans.
        """
        stream = parse(payload, frame)
        library = _library()
        with translated(CorruptFile, "the packed JPEG cannot be decoded", _reason):
            data: bytes = library.decompress_bytes(stream.lepton, _CONFIG)
        if len(data) != stream.n_bytes or zlib.crc32(data) != stream.checksum:
            raise CorruptFile("the packed JPEG decodes to other bytes than were packed")
        return data

    def metadata(self, payload: bytes) -> Metadata:
        """ICC, Exif, XMP and IPTC of the JPEG, whose headers are read without the library."""
        stream = parse(payload)
        return jpeg_metadata(stream.headers, stream.n_bytes)


def _library() -> Any:
    """The library; UnsupportedFile if it is not installed."""
    try:
        return import_module(_MODULE)
    except ImportError as error:
        raise UnsupportedFile(f"the package {_PACKAGE} is needed for a JPEG packed by lepton", _HINT) from error


def _reason(error: BaseException) -> str:
    """What an error of the library says behind its many words, or the name of its kind."""
    return (str(error).splitlines() or [""])[0].partition("failed: ")[2] or type(error).__name__


CODEC = Lepton()
