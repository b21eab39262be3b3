"""AV1 still pictures: the shortest bit stream that stands for one, and the reading of its sequence header.

A picture is two open bitstream units (OBUs): the sequence header, and the frame. Encoders put a temporal delimiter
before them and state the length of each; as the last of a known number of bytes, the frame needs neither.
"""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from nncodec.errors import CorruptFile
from nncodec.leb128 import write_number

_SEQUENCE_HEADER, _TEMPORAL_DELIMITER, _FRAME = 1, 2, 6
_HAS_SIZE = 2


class SequenceHeader(NamedTuple):
    """The sequence header of an 8-bit still picture, gray or 4:4:4 (AV1 specification, 5.5)."""

    profile: int
    """0 for gray, 1 for 4:4:4."""
    level: int
    """``seq_level_idx``, 0 to 31."""
    width: int
    height: int
    colour: tuple[int, int, int]
    """Colour primaries, transfer characteristics and matrix coefficients: code points of ITU-T H.273."""
    full_range: bool

    @property
    def gray(self) -> bool:
        """True for a single plane, false for three."""
        return self.profile == 0


def bare(item: bytes) -> bytes:
    """Strip a still picture, as encoders write it, to sequence header and frame.

    Raises CorruptFile if it is not one sequence header followed by one frame, with or without a delimiter before.
    """
    try:
        units = list(islice(_units(item), 4))
    except (IndexError, ValueError) as error:
        raise _not_a_still() from error
    if [kind for kind, _ in units] not in ([_TEMPORAL_DELIMITER, _SEQUENCE_HEADER, _FRAME], [_SEQUENCE_HEADER, _FRAME]):
        raise _not_a_still()
    return _unit(*units[-2]) + bytes([_FRAME << 3]) + units[-1][1]


def complete(picture: bytes) -> bytes:
    """The temporal unit of a bare picture, delimiter first, each unit with its length; inverse of :func:`bare`.

    Raises CorruptFile if it is not one sequence header followed by one frame.
    """
    header, frame = _split(picture)
    return _unit(_TEMPORAL_DELIMITER, b"") + _unit(_SEQUENCE_HEADER, header) + _unit(_FRAME, frame)


def sequence_header(picture: bytes) -> SequenceHeader:
    """The sequence header of a bare picture (AV1 specification, 5.5).

    Raises CorruptFile if it is anything but a reduced still picture, 8 bits deep, gray or 4:4:4, of stated colour.
    """
    try:
        return _sequence_header(_Bits(_split(picture)[0]))
    except ValueError as error:
        raise _not_a_still() from error


def _not_a_still() -> CorruptFile:
    return CorruptFile("the AVIF payload is not a single still picture")


def _unit(kind: int, content: bytes) -> bytes:
    return bytes([kind << 3 | _HAS_SIZE]) + write_number(len(content)) + content


def _split(picture: bytes) -> tuple[bytes, bytes]:
    """Content of the two units of a bare picture."""
    length = picture[1] if picture[:1] == bytes([_SEQUENCE_HEADER << 3 | _HAS_SIZE]) and len(picture) > 1 else 0x80
    frame = 2 + length
    if length > 0x7F or picture[frame : frame + 1] != bytes([_FRAME << 3]):  # above, the length would go on
        raise _not_a_still()
    return picture[2:frame], picture[frame + 1 :]


def _units(item: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and content of each unit (AV1 specification, 5.3); IndexError or ValueError for other layouts."""
    at = 0
    while at < len(item):
        kind, rest = divmod(item[at], 8)
        if kind > 15 or rest != _HAS_SIZE:
            raise ValueError("unit header")
        size, at = _length(item, at + 1)
        if size > len(item) - at:
            raise ValueError("unit size")
        yield kind, item[at : at + size]
        at += size


def _length(item: bytes, at: int) -> tuple[int, int]:
    """A leb128() of at most 8 bytes (4.10.5), and where it ends."""
    size = 0
    for n in range(8):
        byte = item[at + n]
        size |= (byte & 0x7F) << 7 * n
        if byte < 0x80:
            return size, at + n + 1
    raise ValueError("unit size")


class _Bits:
    """Bits of a byte string, most significant first."""

    def __init__(self, data: bytes) -> None:
        self.value, self.left = int.from_bytes(data, "big"), 8 * len(data)

    def take(self, n: int) -> int:
        """The next ``n`` bits as a number; ValueError if there are not as many."""
        self.left -= n
        if self.left < 0:
            raise ValueError("sequence header ends early")
        return self.value >> self.left & (1 << n) - 1


def _sequence_header(bits: _Bits) -> SequenceHeader:
    profile, reduced_still, level = bits.take(3), bits.take(2), bits.take(5)
    if profile > 1 or reduced_still != 0b11:
        raise ValueError("not a reduced still picture of 4:4:4 or gray")
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    width, height = bits.take(width_bits) + 1, bits.take(height_bits) + 1
    bits.take(6)  # 128 x 128 superblocks, filter intra, intra edge filter, superres, CDEF, loop restoration
    high_bitdepth, gray = bits.take(1), bits.take(1) if profile == 0 else 0
    if high_bitdepth or gray == profile:
        raise ValueError("not 8 bits of 4:4:4 or gray")
    if not bits.take(1):
        raise ValueError("no colour description")
    primaries, transfer, matrix = bits.take(8), bits.take(8), bits.take(8)
    if matrix == 0:
        raise ValueError("not YCbCr")  # with sRGB primaries and transfer the next bit would have another meaning
    return SequenceHeader(profile, level, width, height, (primaries, transfer, matrix), bool(bits.take(1)))
