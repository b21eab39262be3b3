"""The colour profile of a BMP with a header of version 5, which Pillow does not read (Microsoft, BITMAPV5HEADER)."""

import struct

import PIL.Image

_HEADER_AT, _HEADER_BYTES = 14, 124
_SPACE_AT, _PROFILE_AT = 56, 112
"""Offsets in the header of the kind of colour space, and of the profile's offset and size."""
_EMBEDDED, _LINKED = b"DEBM", b"KNIL"
"""The kinds as the file has them, in little-endian order."""


def embedded_profile(still: PIL.Image.Image, data: bytes) -> bytes | None:
    """The profile within a BMP file; None if there is none, it lies outside the file, or the file is no BMP."""
    if _kind(still, data) != _EMBEDDED:
        return None
    offset, size = struct.unpack_from("<II", data, _HEADER_AT + _PROFILE_AT)
    profile = data[_HEADER_AT + offset : _HEADER_AT + offset + size]
    return profile if len(profile) == size > 0 else None


def profile_notes(still: PIL.Image.Image, data: bytes) -> tuple[str, ...]:
    """A note on a profile that a BMP names and that cannot be kept."""
    kind = _kind(still, data)
    if kind == _LINKED:
        return ("its colour profile is in another file, and is not kept: it may look different",)
    if kind == _EMBEDDED and embedded_profile(still, data) is None:
        return ("its colour profile is cut, and dropped: it may look different",)
    return ()


def _kind(still: PIL.Image.Image, data: bytes) -> bytes:
    """The kind of colour space; empty without a header of version 5."""
    (size,) = struct.unpack_from("<I", data, _HEADER_AT) if len(data) >= _HEADER_AT + _HEADER_BYTES else (0,)
    if still.format != "BMP" or size != _HEADER_BYTES:
        return b""
    return data[_HEADER_AT + _SPACE_AT : _HEADER_AT + _SPACE_AT + 4]
