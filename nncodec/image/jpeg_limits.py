"""Limits of JPEG files, from their markers alone: the number of scans, and the bytes that a picture's size needs."""

from nncodec.errors import CorruptFile, LimitExceeded
from nncodec.image.jpeg_markers import SOS, segments

MAX_SCANS = 100
"""Scans a JPEG may have; encoders write about ten."""
_BITS_PER_BLOCK = {0xC0: 2, 0xC1: 2, 0xC2: 1}
"""Fewest bits of a block of 8 x 8 samples, by the frame's marker: a Huffman code for DC, and one for the end of block.

In progressive frames one code may end thousands of blocks. Arithmetic coding, which is not here, has no such bound.
"""


def check_limits(data: bytes, what: str, n_bytes: int | None = None) -> None:
    """Refuse a JPEG that would cost far more time or memory than its bytes are worth.

    ``n_bytes`` is the length of the file, where ``data`` holds its headers alone.
    LimitExceeded for too many scans, of which each costs a pass over the picture and only 34 bytes; CorruptFile for
    fewer bytes than the blocks of a picture of its size need.
    """
    n_scans, n_bytes = 0, len(data) if n_bytes is None else n_bytes
    for segment in segments(data):
        n_scans += segment.marker == SOS
        if n_scans > MAX_SCANS:
            raise LimitExceeded(f"{what} has more than {MAX_SCANS} scans")
        bits = _BITS_PER_BLOCK.get(segment.marker, 0)
        if bits and 8 * n_bytes < bits * _blocks(data[segment.start : segment.end]):
            raise CorruptFile(f"{what} has {n_bytes} bytes, too few for its size")


def _blocks(frame: bytes) -> int:
    """Blocks of all components, from the content of a frame header (B.2.2); 0 if it is damaged."""
    height, width = int.from_bytes(frame[1:3], "big"), int.from_bytes(frame[3:5], "big")
    samplings = [divmod(byte, 16) for byte in frame[7::3]]  # horizontal, vertical
    widest, tallest = (max((each[axis] for each in samplings), default=0) for axis in (0, 1))
    if not widest or not tallest:
        return 0
    return sum(-(-width * h // (8 * widest)) * -(-height * v // (8 * tallest)) for h, v in samplings)
