"""What a PNG states beside its pixels, and Pillow leaves out or mistakes: its transparent colour and colour space."""

import struct
import zlib
from collections.abc import Iterator

import numpy as np
import PIL.Image

from nncodec.errors import CorruptFile, EncodeError
from nncodec.image.stills import open_still

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GRAY_BITS = {"L;2": 2, "L;4": 4, "L": 8}
_DEEP, _LOW_BYTES = "RGB;16B", "RGB;16L"
"""Pillow's raw modes of 16-bit colour; of big-endian samples the second one takes the low bytes."""

_SRGB = (0.45455, 0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
"""The gAMA and cHRM chunks of sRGB (PNG, third edition, 11.3.2.5)."""
_TOLERANCE = 0.002
"""Chunks are rounded differently by different programs."""

_SRGB_CODES = bytes((1, 13, 0, 1))
"""The cICP chunk of sRGB: primaries, transfer, matrix and full range (PNG, third edition, 11.3.2.6)."""
_PRIMARIES = {1: "BT.709", 9: "BT.2020", 11: "DCI-P3", 12: "Display P3"}
_TRANSFERS = {1: "BT.709", 8: "linear", 13: "sRGB", 14: "BT.2020", 15: "BT.2020", 16: "PQ", 18: "HLG"}
"""Names of the code points of ITU-T H.273, tables 2 and 3, that are seen in PNG files."""


def without_damaged_chunks(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """A PNG without its damaged ancillary chunks, and notes on them; other files as they are.

    Decoders leave out such chunks (PNG, third edition, 13.2), but Pillow refuses the file. Raises CorruptFile if tRNS,
    which changes pixels, is damaged.
    """
    if not data.startswith(_SIGNATURE):
        return data, ()
    parts, kinds, copied, at = [], [], 0, len(_SIGNATURE)
    while at + 12 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + size
        if end > len(data):
            break
        if kind[0] & 32 and zlib.crc32(memoryview(data)[at + 4 : end - 4]) != int.from_bytes(
            data[end - 4 : end], "big"
        ):
            if kind == b"tRNS":
                raise CorruptFile("the picture cannot be read: its tRNS chunk is damaged")
            parts.append(data[copied:at])
            kinds.append(kind.decode("latin-1"))
            copied = end
        at = end
    if not kinds:
        return data, ()
    notes = tuple(f"its {kind} chunk is damaged, and dropped" for kind in sorted(set(kinds)))
    return b"".join([*parts, data[copied:]]), notes


def with_key_in_pixels(still: PIL.Image.Image, data: bytes) -> PIL.Image.Image:
    """A PNG, not loaded yet, with its transparent colour in the units of Pillow's pixels; other images as they are.

    The file states the colour in its own samples (PNG, third edition, 11.3.1.1), which Pillow scales to 8 bits without
    it. ``data`` is the file; without it, 16-bit colour is refused.
    """
    key, raw_mode = still.info.get("transparency"), _raw_mode(still)
    if still.format != "PNG" or key is None:
        return still
    if raw_mode == _DEEP:
        return _with_deep_key(still, data, key)
    if raw_mode in _GRAY_BITS:
        peak = 2 ** _GRAY_BITS[raw_mode] - 1
        key = (key & peak) * 255 // peak
    elif raw_mode == "RGB":
        key = tuple(side & 255 for side in key)
    if key == still.info["transparency"]:
        return still
    scaled = still.copy()
    scaled.info["transparency"] = key
    return scaled


def colour_notes(still: PIL.Image.Image, data: bytes) -> tuple[str, ...]:
    """Notes on what a PNG says of its colours and is not kept."""
    if still.format != "PNG":
        return ()
    notes, profile = [], still.info.get("icc_profile")
    if not profile and "icc_profile" in still.info:
        notes.append("its colour profile is damaged, and dropped: it may look different")
    elif profile and len(profile) < int.from_bytes(profile[:4], "big"):  # its size, by ICC.1:2022, 7.2.2
        notes.append("its colour profile is cut short, and kept as it is: it may look different")
    codes = dict(_header_chunks(data)).get(b"cICP")
    if codes is None:  # it comes before the others
        if _has_own_gamma(still):
            notes.append("its gAMA and cHRM chunks are dropped: it will be taken for sRGB, and may look different")
    elif codes != _SRGB_CODES:
        shown = "shown by its colour profile" if profile else "taken for sRGB"
        notes.append(f"its cICP chunk{_named(codes)} is dropped: it will be {shown}, and may look different")
    return tuple(notes)


def named_codes(primaries: int, transfer: int) -> str:
    """Code points of ITU-T H.273 in words, in brackets behind a space."""
    words = _PRIMARIES.get(primaries, primaries), _TRANSFERS.get(transfer, transfer)
    return f" (primaries {words[0]}, transfer {words[1]})"


def _raw_mode(still: PIL.Image.Image) -> str:
    tiles = getattr(still, "tile", [])
    arguments = tiles[0][3] if tiles else ""
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)


def _with_deep_key(still: PIL.Image.Image, data: bytes, key: tuple[int, int, int]) -> PIL.Image.Image:
    """16-bit colour as 8-bit RGBA: colours that only have the key's high bytes stay opaque."""
    if not data or getattr(still, "n_frames", 1) > 1:
        raise EncodeError("16-bit colour with a transparent colour cannot be kept", "convert it to RGBA first")
    low = open_still(data, "the picture", ["PNG"])
    low.tile = [tile._replace(args=_LOW_BYTES) for tile in low.tile]  # type: ignore[attr-defined]
    samples = np.asarray(still).astype(np.uint16) << 8 | np.asarray(low)
    opaque = (samples != np.array(key, np.uint16)).any(axis=2)
    both = still.copy()
    del both.info["transparency"]
    both.putalpha(PIL.Image.fromarray(opaque.astype(np.uint8) * 255))
    return both


def _header_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kinds and contents of the chunks before the pixels."""
    at = 8
    while at + 8 <= len(data) and data[at + 4 : at + 8] != b"IDAT":
        (size,) = struct.unpack_from(">I", data, at)
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        at += 12 + size


def _named(codes: bytes) -> str:
    """Primaries and transfer in words, in brackets; empty for a chunk of a wrong length."""
    return named_codes(*codes[:2]) if len(codes) == len(_SRGB_CODES) else ""


def _has_own_gamma(still: PIL.Image.Image) -> bool:
    """True if a PNG states by gamma and chromaticities alone that it is not sRGB (PNG, third edition, 11.3.2)."""
    if "srgb" in still.info or still.info.get("icc_profile"):  # they come first
        return False
    stated = (still.info.get("gamma", _SRGB[0]), *still.info.get("chromaticity", _SRGB[1:]))
    return any(abs(value - usual) > _TOLERANCE for value, usual in zip(stated, _SRGB, strict=False))
