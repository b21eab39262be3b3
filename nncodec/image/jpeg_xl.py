"""The beginning of a JPEG XL file: size, depth, orientation and animation, before anything is decoded.

References are to ISO/IEC 18181-1 (codestream) and 18181-2 (file format).
"""

from collections.abc import Iterator
from typing import NamedTuple

_SIGNATURE = b"\xff\x0a"
_RATIOS = ((1, 1), (1, 1), (6, 5), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
"""Width to height by the ratio in a size header; 0 stands for a width of its own (18181-1, D.2)."""
_SIDE = ((1, 9), (1, 13), (1, 18), (1, 30))
_BITS, _FLOAT_BITS = ((8, 0), (10, 0), (12, 0), (1, 6)), ((32, 0), (16, 0), (24, 0), (1, 6))
_PREVIEW, _PREVIEW_DIV8 = ((1, 6), (65, 8), (321, 10), (1345, 12)), ((16, 0), (32, 0), (1, 5), (33, 9))
_Choices = tuple[tuple[int, int], ...]


class JxlHeader(NamedTuple):
    """What the headers of a codestream say (18181-1, annex D)."""

    width: int
    """Before it is turned, as the height."""
    height: int
    bits: int
    """Bits per sample."""
    orientation: int
    """As in Exif, 1 to 8; decoders turn the pixels by it."""
    animated: bool


def header(data: bytes) -> JxlHeader:
    """The headers of a file, a bare codestream or one in boxes. Raises ValueError if there is none."""
    bits = _Bits(_codestream(data)[len(_SIGNATURE) :])
    width, height = _size(bits)
    orientation, animated, depth = 1, False, 8
    if not bits.take(1):  # not all by default
        if bits.take(1):  # extra fields
            orientation = 1 + bits.take(3)
            if bits.take(1):
                _size(bits)  # the intrinsic size
            if bits.take(1):
                _preview(bits)
            animated = bool(bits.take(1))
        # Ticks per second and loops stand between; an animation is refused whatever its depth.
        if not animated:
            depth = bits.choose(_FLOAT_BITS if bits.take(1) else _BITS)
    return JxlHeader(width, height, depth, orientation, animated)


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of the boxes of a file (18181-2, 9.1); none of a bare codestream, or behind a damaged one."""
    at = 0
    while not data.startswith(_SIGNATURE) and at + 8 <= len(data):
        size, start = int.from_bytes(data[at : at + 4], "big"), at + 8
        if size == 1:
            size, start = int.from_bytes(data[at + 8 : at + 16], "big"), at + 16
        end = at + size if size else len(data)
        if not start <= end <= len(data):
            return
        yield data[at + 4 : at + 8], data[start:end]
        at = end


def _codestream(data: bytes) -> bytes:
    """The codestream, or its first part."""
    if data.startswith(_SIGNATURE):
        return data
    for kind, content in boxes(data):
        if kind in (b"jxlc", b"jxlp"):
            found = content if kind == b"jxlc" else content[4:]
            if found.startswith(_SIGNATURE):
                return found
    raise ValueError("it holds no codestream")


def _size(bits: "_Bits") -> tuple[int, int]:
    """Width and height (D.2)."""
    div8 = bits.take(1)
    height = 8 * (bits.take(5) + 1) if div8 else bits.choose(_SIDE)
    ratio = bits.take(3)
    if ratio:
        across, down = _RATIOS[ratio]
        return height * across // down, height
    return 8 * (bits.take(5) + 1) if div8 else bits.choose(_SIDE), height


def _preview(bits: "_Bits") -> None:
    """Skip the size of a preview (D.3.3)."""
    choices: _Choices = _PREVIEW_DIV8 if bits.take(1) else _PREVIEW
    bits.choose(choices)
    if not bits.take(3):
        bits.choose(choices)


class _Bits:
    """Bits from the lowest of each byte on (18181-1, B.2.1)."""

    def __init__(self, data: bytes) -> None:
        self._bits, self._left = int.from_bytes(data[:64], "little"), 8 * len(data[:64])

    def take(self, n_bits: int) -> int:
        """The next bits as a number; ValueError where there are none."""
        if n_bits > self._left:
            raise ValueError("its header ends too soon")
        value = self._bits & ((1 << n_bits) - 1)
        self._bits, self._left = self._bits >> n_bits, self._left - n_bits
        return value

    def choose(self, choices: _Choices) -> int:
        """A number (U32, B.2.2): one of four offsets, with so many bits added."""
        offset, n_bits = choices[self.take(2)]
        return offset + self.take(n_bits)
