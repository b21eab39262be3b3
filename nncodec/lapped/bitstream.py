"""The bitstream of the lapped latent: the payload as a value, and its coders of symbols."""

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nncodec.entropy.coder import Decoder, Encoder, Indices, Symbols, join_streams, split_streams
from nncodec.entropy.tables import Tables
from nncodec.errors import CorruptFile
from nncodec.lapped.layout import MAX_QUALITY_INDEX, N_GROUPS
from nncodec.nets import weights

if TYPE_CHECKING:
    from typing_extensions import Self

COLOUR_BYTES = 9
LEAST_DETERMINANT = 1 << 20
"""Least magnitude of the determinant of a matrix of colours, which the synthesis may invert.

The determinant of an orthonormal matrix, times 127, is about 2^21.
"""
_OWN_COLOURS = 1
_Fields = tuple[weights.Model, int, int, tuple[int, ...], bytes | None, bytes, bytes]


def stamp(width: int, height: int, channels: int, quality: int) -> int:
    """CRC-32 of size and quality, from which the checksum of the symbols goes on."""
    return zlib.crc32(struct.pack("<IIBB", width, height, channels, quality))


class Writer:
    """Range coder of symbols, with the checksum over them."""

    def __init__(self, tables: Tables, start: int) -> None:
        self._encoder, self._crc = Encoder(tables), start

    def code(self, symbols: Symbols, indices: Indices) -> Symbols:
        """Write symbols under scale indices, both (n,) or (n, channels)."""
        self._crc = zlib.crc32(symbols.astype("<i4").tobytes(), self._crc)
        self._encoder.code(symbols.reshape(-1), indices.reshape(-1))
        return symbols

    def finish(self) -> tuple[int, bytes, bytes]:
        """Checksum, escapes and words."""
        return self._crc & 0xFFFF, *self._encoder.finish()


class Reader:
    """Inverse of `Writer`."""

    def __init__(self, tables: Tables, start: int, checksum: int, escapes: bytes, words: bytes) -> None:
        self._decoder, self._crc, self._expected = Decoder(tables, escapes, words), start, checksum

    def code(self, _: Symbols | None, indices: Indices) -> Symbols:
        """Read symbols of these scale indices, in their shape."""
        symbols = self._decoder.code(indices.reshape(-1)).reshape(indices.shape)
        self._crc = zlib.crc32(symbols.astype("<i4").tobytes(), self._crc)
        return symbols

    def finish(self) -> None:
        """Check that everything was read and that the symbols are those that were written; CorruptFile if not."""
        self._decoder.finish()
        if self._crc & 0xFFFF != self._expected:
            raise CorruptFile(f"the symbols' checksum is {self._crc & 0xFFFF:04x}, not {self._expected:04x}")


@dataclass(frozen=True)
class LatentPayload:
    """A payload before any symbol is decoded. `serialize` and `parse` are inverse functions."""

    model: weights.Model
    quality: int
    checksum: int
    """Low 16 bits of the CRC-32 of size and quality, then of all symbols."""
    groups: tuple[int, ...]
    """Coded groups of each plane, or of planes that are coded together: 1 to N_GROUPS."""
    colours: bytes | None
    """Nine signed bytes, a 3 x 3 matrix row by row, or None for the shared colours."""
    escapes: bytes
    words: bytes

    @property
    def flags(self) -> int:
        """The byte of flags."""
        return _OWN_COLOURS * (self.colours is not None)

    @property
    def own_fields(self) -> bytes:
        """What a codec has behind the colours."""
        return b""

    def serialize(self) -> bytes:
        """To bytes, as docs/format/ has them on the page of the codec."""
        head = weights.model_field(self.model) + bytes([self.quality]) + self.checksum.to_bytes(2, "little")
        head += bytes([*self.groups, self.flags]) + (self.colours or b"") + self.own_fields
        return head + join_streams(self.escapes, self.words)

    @classmethod
    def parse(cls, data: bytes, parts: int, codec: str) -> "Self":
        """From bytes, with groups of this many parts: one of gray, more of colour.

        Raises CorruptFile if they are too short, contradict themselves, or name no weights of the codec.
        """
        return cls(*cls._fields(data, parts, codec, _OWN_COLOURS)[0])

    @classmethod
    def _own_length(cls, flags: int, parts: int) -> int:
        """The length of ``own_fields``."""
        return 0

    @classmethod
    def _fields(cls, data: bytes, parts: int, codec: str, most_flags: int) -> tuple[_Fields, int, bytes]:
        """The fields in their order, the flags, which are at most ``most_flags``, and ``own_fields``."""
        model, data = weights.split_model(data, codec)
        weights.check_model(model, codec)
        at = 4 + parts
        if len(data) <= at:
            raise CorruptFile(f"a payload of {len(data)} bytes behind the name of its weights")
        groups, flags = tuple(data[3 : 3 + parts]), data[3 + parts]
        own_colours = flags & _OWN_COLOURS
        if data[0] > MAX_QUALITY_INDEX or not all(1 <= count <= N_GROUPS for count in groups):
            raise CorruptFile(f"a payload of quality index {data[0]} and groups {groups}")
        if flags > most_flags or (own_colours and parts == 1):
            raise CorruptFile(f"the flags of the payload are {flags:#04x}")
        colours = data[at : at + COLOUR_BYTES] if own_colours else None
        at += COLOUR_BYTES if own_colours else 0
        own = data[at : at + cls._own_length(flags, parts)]
        coded = split_streams(data, at + len(own))
        if colours is not None:
            check_colours(colours)
        return (model, data[0], int.from_bytes(data[1:3], "little"), groups, colours, *coded), flags, own


def check_colours(colours: bytes) -> None:
    """CorruptFile unless nine signed bytes are a matrix that can be inverted."""
    if abs(_determinant(colours)) < LEAST_DETERMINANT:
        raise CorruptFile(f"a matrix of colours whose determinant is {_determinant(colours)}")


def _determinant(colours: bytes) -> int:
    """The determinant of a 3 x 3 matrix of signed bytes."""
    a, b, c, d, e, f, g, h, i = struct.unpack("9b", colours)
    return int(a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g))
