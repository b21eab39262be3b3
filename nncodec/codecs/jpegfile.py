"""An existing JPEG file, taken over unchanged. Payload: that file, with its own metadata, byte for byte."""

from nncodec.codec import Frame, Lossless, Options, Pixels
from nncodec.errors import EncodeError
from nncodec.image import Metadata
from nncodec.image.kept_jpeg import decode_kept, jpeg_metadata, size_to_keep
from nncodec.image.stills import not_built


class JpegFile:
    """Never encodes pixels: ``nnc encode --keep-jpeg`` wraps the file it was given."""

    id = 2
    name = "jpegfile"
    summary = "A JPEG file kept bit for bit, by --keep-jpeg where lepton does not shrink it. Some bytes larger than it."
    quality_step = 100.0
    fidelity = ()
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
        return self.decode_reduced(payload, frame, 0)

    def decode_reduced(self, payload: bytes, frame: Frame, halvings: int) -> Pixels:
        """Decode with sides halved up to three times, by libjpeg's scaled inverse transforms."""
        return decode_kept(payload, frame.shape, halvings)

    def frame(self, data: bytes) -> Frame:
        """The frame of a JPEG file; EncodeError if it is not a JPEG."""
        return Frame(*size_to_keep(data))

    def pack(self, data: bytes) -> bytes:
        """The file as it is."""
        return data

    def unpack(self, payload: bytes, frame: Frame) -> bytes:
        """The payload as it is."""
        return payload

    def metadata(self, payload: bytes) -> Metadata:
        """ICC, Exif, XMP and IPTC of the JPEG; a CMYK profile would not fit the decoded RGB and is left out."""
        return jpeg_metadata(payload)


CODEC = JpegFile()
