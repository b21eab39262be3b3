"""Small pictures for the tests, made by arithmetic: nothing here is copied from a photograph."""

import functools
import io

import numpy as np
import numpy.typing as npt
import PIL.Image
from PIL import ImageCms

from nncodec.image import Metadata, Picture

Gray = npt.NDArray[np.uint8]

XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><t>Größe λ</t></x:xmpmeta>'.encode()

IPTC = b"\x1c\x02\x05\0\x05title\x1c\x02\x50\0\x04name"
"""A title and a name, as records of IPTC (IIM 4.2, 2:05 and 2:80)."""


@functools.cache
def icc() -> bytes:
    """An sRGB profile; its date of creation is wiped, so that it is the same every time."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    data[24:36] = bytes(12)
    return bytes(data)


def exif(orientation: int = 1, maker: str = "nnc tests") -> bytes:
    """Exif as .nnc files hold it: a TIFF structure without the JPEG prefix."""
    block = PIL.Image.Exif()
    block[0x0112] = orientation
    block[0x010F] = maker
    return block.tobytes().removeprefix(b"Exif\0\0")


def metadata(orientation: int = 1) -> Metadata:
    """All three kinds."""
    return Metadata(icc(), exif(orientation), XMP)


def photograph(height: int, width: int, channels: int = 3, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Something like a photograph: soft light, hard edges, texture and a little noise. (H, W) or (H, W, C)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(height, width, 2)
    planes = []
    for plane in range(channels):
        light = 90 + 80 * x + 50 * np.sin(5 * y + plane) * np.cos(4 * x - plane)
        disk = 60 * ((x - 0.4) ** 2 + (y - 0.3) ** 2 < 0.04)
        texture = 12 * np.sin(90 * x + 40 * y) * (y > 0.4)
        planes.append(light + disk - 70 * (x > 0.8) + texture + rng.normal(0, 3, (height, width)))
    stack = np.clip(np.stack(planes, axis=-1), 0, 255).astype(np.uint8)
    return stack[:, :, 0] if channels == 1 else stack


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Incompressible samples."""
    shape = (height, width) if channels == 1 else (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def stripes(height: int, width: int) -> npt.NDArray[np.uint8]:
    """Gray slanted waves, (height, width), such as no separable filter looks like."""
    y, x = np.mgrid[:height, :width]
    waves = np.sin((x + 1.7 * y) * 0.9) + 0.6 * np.sin((x - 0.6 * y) * 1.3)
    return np.clip(128 + 50 * waves, 0, 255).astype(np.uint8)


def flat(height: int, width: int, channels: int = 3, value: int = 130) -> npt.NDArray[np.uint8]:
    """One value everywhere."""
    return np.full((height, width) if channels == 1 else (height, width, channels), value, np.uint8)


def deep(height: int, width: int, seed: int = 0) -> npt.NDArray[np.uint16]:
    """16-bit gray over the whole range, with low bits that matter."""
    ramp = np.add.outer(np.arange(height), np.arange(width)) * (65535 // (height + width))
    return (ramp + np.random.default_rng(seed).integers(0, 200, ramp.shape)).clip(0, 65535).astype(np.uint16)


def transparency(height: int, width: int) -> Gray:
    """A soft alpha plane with wholly opaque and wholly transparent parts."""
    y, x = np.mgrid[0:height, 0:width]
    return np.clip(512 * x / max(width - 1, 1) - 128 + 16 * (y % 3), 0, 255).astype(np.uint8)


def picture(mode: str, height: int = 24, width: int = 33, *, meta: Metadata | None = None) -> Picture:
    """A picture of one of the modes an .nnc file can hold."""
    pixels = deep(height, width) if mode == "I;16" else photograph(height, width, 1 if mode.startswith("L") else 3)
    alpha = transparency(height, width) if mode.endswith("A") else None
    return Picture(pixels, alpha, meta or Metadata())


def file_of(still: PIL.Image.Image | npt.NDArray[np.generic], pillow_format: str, **parameters: object) -> bytes:
    """A picture as a file in one of Pillow's formats."""
    image = still if isinstance(still, PIL.Image.Image) else PIL.Image.fromarray(still)
    out = io.BytesIO()
    image.save(out, pillow_format, **parameters)
    return out.getvalue()
