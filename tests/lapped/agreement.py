"""What a second decoder has to agree on with the package, for the tests of the codec on the lapped latent."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from nncodec.codec import Codec, Frame
from nncodec.container import parse
from nncodec.nets import weights
from tests.lapped import tiny_lapped

Decoded = Callable[..., tuple[int, Any]]
"""The second decoder: checksum of the symbols, and pixels before rounding."""


def check_payload(decoded: Decoded, codec: Codec, payload: bytes, number: int, frame: Frame) -> None:
    """Both agree on the pixels but for rounding, and the second finds the checksum, which it computes itself."""
    arrays = tiny_lapped.model(number).arrays
    checksum, found = decoded(payload, arrays, frame.width, frame.height, frame.channels)
    assert checksum == int.from_bytes(payload[2:4], "little")
    seen = codec.decode(payload, frame, "cpu")
    assert seen.shape == found.shape
    assert np.abs(seen - found.clip(0, 255)).max() < 0.51
    assert 0 < found.std() < 1000  # or the comparison would show nothing


def check_golden(decoded: Decoded, codec: Codec, path: Path) -> None:
    """With the weights that ship, the second finds the checksum and the pixels that were kept."""
    found = parse(path.read_bytes())
    width, height, planes = found.header.width, found.header.height, 3 if found.header.colour else 1
    arrays = weights.load(found.payload[0], codec.name)
    checksum, pixels = decoded(found.payload, arrays, width, height, planes)
    assert checksum == int.from_bytes(found.payload[2:4], "little")
    with PIL.Image.open(path.with_suffix(".png")) as expected:
        assert np.abs(pixels.clip(0, 255) - np.asarray(expected)).max() < 0.51
