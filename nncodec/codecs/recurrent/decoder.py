"""The decoder of the recurrent codec as far as the sums, in NumPy; `decoder_torch` makes pixels of them.

Damaged bits are so found before torch is imported.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence

from nncodec.codecs.recurrent.bitstream import CHECKSUM_MASK, BitReader, Segment, code_round
from nncodec.codecs.recurrent.context import BitState, Contexts, Round, phases
from nncodec.codecs.recurrent.transform import PER_PLANE, SIDE
from nncodec.errors import CorruptFile


def grid(width: int, height: int) -> tuple[int, int]:
    """Rows and columns of positions of a picture of this size in pixels."""
    return -(-height // SIDE), -(-width // SIDE)


def first_checksum(width: int, height: int, planes: int) -> int:
    """The checksum before the first bit, CRC-32 of the picture's size."""
    return zlib.crc32(struct.pack("<IIB", width, height, planes))


def decoded_layers(
    contexts: Contexts, segments: Sequence[Segment], width: int, height: int, planes: int
) -> Iterator[BitState]:
    """Decode layer after layer; yields, after each, the one state of the picture, which the next layer changes.

    Raises CorruptFile if the bits of a layer do not have its checksum, or if there are more layers than the weights
    have: the first two errors before any memory is taken for the picture.

    Args:
        contexts: the weights.
        segments: the layers, the first ones or all.
        width, height: of the picture, in pixels.
        planes: 1 or 3.
    """
    if len(segments) > contexts.n_layers:
        raise CorruptFile(f"{len(segments)} layers, of which the weights know {contexts.n_layers}")
    rows, columns = grid(width, height)
    checksum, state = first_checksum(width, height, planes), None
    for layer, segment in enumerate(segments):
        parts = contexts.rounds_of(layer, planes * PER_PLANE)
        if segment.words:
            state = state or BitState(planes * PER_PLANE, rows, columns)
            reader = BitReader(contexts.tables, segment.words, checksum)
            for part in parts:
                code_round(state, contexts, layer, part, reader)
            reader.finish()
            checksum = reader.checksum
        else:
            checksum = _checksum_of_zeros(parts, rows, columns, checksum)
        if checksum & CHECKSUM_MASK != segment.checksum:
            raise CorruptFile(f"the bits of layer {layer + 1} are not those that were written")
        state = state or BitState(planes * PER_PLANE, rows, columns)
        yield state


def _checksum_of_zeros(parts: Sequence[Round], rows: int, columns: int, checksum: int) -> int:
    """The checksum after a layer without words: range coding gives the first entry of each table, the bit 0."""
    sizes = [len(at) for at in phases(rows, columns)]
    for part in parts:
        for size in sizes:
            packed = bytes(-(-len(part.channels) * size // 8))
            for _ in ("+", "-"):
                checksum = zlib.crc32(packed, checksum)
    return checksum
