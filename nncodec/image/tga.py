"""The alpha of TGA files, which Pillow takes from every fourth sample, whatever the header says of it.

References are to the Truevision TGA file format specification, version 2.0.
"""

import PIL.Image

_DESCRIPTOR_AT, _ALPHA_BITS = 17, 0x0F
"""Field 5.6: the lowest four bits are the number of alpha bits per pixel."""
_OPAQUE = {"RGBA": "RGB", "LA": "L"}


def without_padding(still: PIL.Image.Image, data: bytes) -> PIL.Image.Image:
    """A loaded TGA without its last channel, if the header says that it holds no alpha; others as they are."""
    return still.convert(_OPAQUE[still.mode]) if _padded(still, data) else still


def padding_notes(still: PIL.Image.Image, data: bytes) -> tuple[str, ...]:
    """A note on the channel that :func:`without_padding` takes away."""
    return ("its last channel is left out: the header says that it is no alpha",) if _padded(still, data) else ()


def _padded(still: PIL.Image.Image, data: bytes) -> bool:
    is_tga = still.format == "TGA" and still.mode in _OPAQUE and len(data) > _DESCRIPTOR_AT
    return is_tga and not data[_DESCRIPTOR_AT] & _ALPHA_BITS
