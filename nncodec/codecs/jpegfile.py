"""An existing JPEG file, taken over unchanged. Payload: that file, with its own metadata, byte for byte."""

import PIL.Image

from nncodec.codec import Frame, Lossless, Options, Pixels
from nncodec.errors import CorruptFile, EncodeError
from nncodec.image import Metadata, from_pillow, metadata_of
from nncodec.image.jpeg import check_jpeg
from nncodec.image.jpeg_markers import JPEG_SIGNATURE, closed
from nncodec.image.stills import decode_still, not_built, open_still, pillow_errors

_WHAT = "the kept JPEG"


class JpegFile:
    """Never encodes pixels: ``nnc encode --keep-jpeg`` wraps the file it was given."""

    id = 2
    name = "jpegfile"
    summary = "A JPEG file kept bit for bit, by --keep-jpeg. A few bytes larger than that file."
    quality_step = 100.0
    lossless = Lossless.NEVER
    depths = frozenset({8})
    max_side = 65535
    decoding_memory = 32
    suffix = ".jpg"

    def missing(self) -> str | None:
        """The format that Pillow was built without, in a few words; None if it has it."""
        return not_built("JPEG")

    def encode(self, pixels: Pixels, options: Options) -> bytes:
        """Raise EncodeError: there are no pixels to encode, only a file to keep."""
        raise EncodeError("jpegfile keeps existing JPEG files", "use --keep-jpeg on a JPEG, or -c jpeg")

    def decode(self, payload: bytes, frame: Frame, device: str) -> Pixels:
        """Decode the JPEG to gray or RGB; CMYK is converted as when a CMYK picture is read."""
        whole = closed(payload)
        still = decode_still(whole, _WHAT, "JPEG", frame.shape)
        if whole is not payload:
            check_jpeg(payload, _WHAT)
        if (still.mode == "L") != (frame.channels == 1):
            raise CorruptFile(f"{_WHAT} is {still.mode}, the file says {frame.channels} channels")
        return from_pillow(still).pixels

    def wrap(self, data: bytes) -> Frame:
        """The frame of a JPEG file; EncodeError if it is not a JPEG."""
        still = _open(data) if data.startswith(JPEG_SIGNATURE) else None
        if still is None:
            raise EncodeError("not a JPEG file, which is all that can be kept unchanged")
        return Frame(still.width, still.height, 1 if still.mode == "L" else 3)

    def metadata(self, payload: bytes) -> Metadata:
        """ICC, Exif, XMP and IPTC of the JPEG; a CMYK profile would not fit the decoded RGB and is left out."""
        with pillow_errors(_WHAT):
            return metadata_of(_open(payload))


def _open(data: bytes) -> PIL.Image.Image:
    return open_still(data, _WHAT, ["JPEG"])


CODEC = JpegFile()
