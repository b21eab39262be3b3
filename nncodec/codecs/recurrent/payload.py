"""The payload of the recurrent codec, as a value: the number of the weights, then one segment for each iteration."""

from dataclasses import dataclass

from nncodec.errors import CorruptFile
from nncodec.leb128 import read_number, write_number
from nncodec.nets import weights

LAYERS = 16
"""Most layers that a payload can have."""
CHECKSUM_MASK = 0xFFFF
_CHECKSUM_BYTES = 2


@dataclass(frozen=True)
class Segment:
    """One layer."""

    checksum: int
    """Low 16 bits of a CRC-32 over the bits of all layers up to this one's end."""
    words: bytes
    """The range coder's, without trailing zeros."""

    def serialize(self) -> bytes:
        """To bytes."""
        return self.checksum.to_bytes(_CHECKSUM_BYTES, "little") + write_number(len(self.words)) + self.words


@dataclass(frozen=True)
class Payload:
    """What the bytes say, before any bit is decoded. `layers`, joined, and `parse` are inverse functions."""

    model: int
    """Number of the weights."""
    segments: tuple[Segment, ...]

    def layers(self) -> list[bytes]:
        """The bytes of each layer; the first begins with the number of the weights."""
        first, *others = (segment.serialize() for segment in self.segments)
        return [bytes([self.model]) + first, *others]

    @classmethod
    def parse(cls, data: bytes) -> "Payload":
        """From bytes; CorruptFile if they contradict themselves."""
        if not data or data[0] not in weights.NUMBERS["recurrent"]:
            raise CorruptFile("a recurrent payload that does not begin with the number of its weights")
        segments: list[Segment] = []
        at = 1
        while at < len(data) or not segments:
            checksum = int.from_bytes(data[at : at + _CHECKSUM_BYTES], "little")
            length, start = read_number(data, at + _CHECKSUM_BYTES)
            at = start + length
            if at > len(data):
                raise CorruptFile(f"layer {len(segments) + 1} of a recurrent payload is cut short")
            segments.append(Segment(checksum, data[start:at]))
        if len(segments) > LAYERS:
            raise CorruptFile(f"{len(segments)} layers in a recurrent payload")
        return cls(data[0], tuple(segments))
