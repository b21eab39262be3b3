"""A picture in memory: pixels, alpha and metadata, as they are stored in an .nnc file."""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from nncodec.errors import EncodeError

Pixels = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
"""(H, W) gray or (H, W, 3) RGB, C-contiguous. uint16 uses the whole range and is gray only."""


@dataclass(frozen=True)
class Metadata:
    """Opaque blocks carried along with a picture; none is parsed to decode its pixels."""

    icc: bytes | None = None
    """ICC profile."""
    exif: bytes | None = None
    """Exif as a TIFF structure, without the ``Exif\\0\\0`` that JPEG puts before it."""
    xmp: bytes | None = None
    """XMP packet."""
    iptc: bytes | None = None
    """IPTC records (IIM 4.2)."""

    def as_info(self) -> dict[str, bytes]:
        """ICC, Exif and XMP as far as they are set, under the names that Pillow's own readers use in ``Image.info``."""
        fields = {"icc_profile": self.icc, "exif": self.exif, "xmp": self.xmp}
        return {name: value for name, value in fields.items() if value is not None}


@dataclass(frozen=True)
class Picture:
    """Pixels as stored: an Exif orientation has *not* been applied to them."""

    pixels: Pixels
    alpha: npt.NDArray[np.uint8] | None = None
    """(H, W) opacity, 255 is opaque; not premultiplied."""
    metadata: Metadata = field(default_factory=Metadata)
    notes: tuple[str, ...] = ()
    """Changes that reading made, one sentence each."""

    def without_metadata(self) -> "Picture":
        """The same picture without metadata; its pixels are not turned."""
        return replace(self, metadata=Metadata())

    @property
    def width(self) -> int:
        """Pixels per row."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def channels(self) -> int:
        """1 for gray, 3 for RGB; alpha does not count."""
        return 1 if self.pixels.ndim == 2 else 3

    @property
    def depth(self) -> int:
        """Bits per colour sample: 8 or 16."""
        return 8 * self.pixels.dtype.itemsize

    @property
    def mode(self) -> str:
        """``L``, ``LA``, ``RGB``, ``RGBA`` or ``I;16``, as Pillow calls them."""
        if self.depth == 16:
            return "I;16"
        return ("L" if self.channels == 1 else "RGB") + ("A" if self.alpha is not None else "")


def from_array(array: npt.NDArray[np.generic]) -> Picture:
    """A picture of an array, (H, W) or (H, W, 1..4) uint8, or (H, W) uint16; of 2 and 4 channels the last is alpha.

    Raises EncodeError for any other shape or dtype, or an empty array.
    """
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    gray = array.ndim == 2
    if not (gray or (array.ndim == 3 and array.shape[2] in (2, 3, 4))) or 0 in array.shape:
        hint = "(height, width) is, and (height, width, channels) with up to 4 of them"
        raise EncodeError(f"an array of shape {array.shape} is not a picture", hint)
    if array.dtype != np.uint8 and not (gray and array.dtype == np.uint16):
        advice = "scale it to 0 to 255, round it and convert it to uint8" if array.dtype.kind == "f" else None
        raise EncodeError(f"an array of {array.dtype} is not a picture: uint8, or uint16 for gray, is needed", advice)
    if gray or array.shape[2] == 3:
        return Picture(np.ascontiguousarray(array))
    colour = array[:, :, 0] if array.shape[2] == 2 else array[:, :, :3]
    return Picture(np.ascontiguousarray(colour), np.ascontiguousarray(array[:, :, -1]).astype(np.uint8, copy=False))
