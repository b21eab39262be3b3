"""PSD files: the composite is the picture, and their layers are not frames."""

import struct

import numpy as np
import pytest

from nncodec.errors import EncodeError, UnsupportedFile
from nncodec.image import read
from tests import pictures

COMPOSITE = pictures.photograph(2, 4)


def layer(value: int) -> tuple[bytes, bytes]:
    """The record and the samples of a layer of one gray, 4 x 2 (Adobe Photoshop File Formats, layer records)."""
    channels = b"".join(struct.pack(">hI", i, 2 + 8) for i in range(3))
    extra = struct.pack(">II4s", 0, 0, b"\1L  ")
    record = struct.pack(">4IH", 0, 0, 2, 4, 3) + channels + b"8BIMnorm" + b"\xff\0\0\0"
    return record + struct.pack(">I", len(extra)) + extra, (b"\0\0" + bytes([value]) * 8) * 3


def psd(layers: int, *, composite: bool = True) -> bytes:
    both = [layer(50 * i) for i in range(layers)]
    info = struct.pack(">h", layers) + b"".join(record for record, _ in both) + b"".join(data for _, data in both)
    info += bytes(len(info) % 2)
    section = struct.pack(">I", len(info)) + info + bytes(4)
    version = struct.pack(">IB", 1, composite) + bytes(13)
    resources = b"8BIM" + struct.pack(">HHI", 1057, 0, len(version)) + version
    header = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 2, 4, 8, 3)
    parts = [header, bytes(4), struct.pack(">I", len(resources)), resources, struct.pack(">I", len(section)), section]
    return b"".join([*parts, b"\0\0", np.ascontiguousarray(COMPOSITE.transpose(2, 0, 1)).tobytes()])


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("frame", [None, 0])
def test_the_composite_is_read_without_asking(layers: int, frame: int | None) -> None:
    found = read(psd(layers), frame=frame)
    assert np.array_equal(found.pixels, COMPOSITE)
    counted = {1: "1 layer", 2: "2 layers", 3: "3 layers"}[layers]
    assert found.notes == (f"only the composite of {counted} in the PSD file is kept",)


def test_layers_cannot_be_chosen() -> None:
    with pytest.raises(EncodeError, match="only the composite"):
        read(psd(2), frame=1)


def test_a_file_without_a_composite_is_refused() -> None:
    with pytest.raises(UnsupportedFile, match="no composite"):
        read(psd(2, composite=False))
