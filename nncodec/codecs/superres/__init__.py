"""Superres: a picture of half or a quarter of the size by a base codec, and a network that paints it large.

After Ledig et al. 2017, "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network" (SRGAN).
What it paints is likely, not what was there: `perceptual` says how much. The generators are in
`nncodec.painting.networks`, the payload in docs/format/superres.md.
"""

from dataclasses import replace

from nncodec.codec import Codec, Frame, HasFile, PictureFile
from nncodec.codecs import base_codecs, by_name
from nncodec.image import Metadata
from nncodec.painting.painted import Painted

_NAME = "superres"
_DEFAULT_BASE = "avif"
_QUARTER = "/4"
"""End of a base's name that halves the sides twice, not once."""
_FIDELITY = {
    "avif": ((0, 22.08), (10, 23.96), (25, 25.92), (55, 28.59)),
    "jpeg": ((0, 20.74), (20, 25.32), (60, 27.24)),
    "webp": ((0, 22.97), (30, 26.67)),
    "jpeg2000": ((0, 20.73), (25, 24.61), (60, 28.22)),
    "avif/4": ((0, 20.08), (60, 25.20)),
    "jpeg/4": ((0, 19.44), (60, 24.08)),
    "webp/4": ((0, 20.07), (60, 24.60)),
    "jpeg2000/4": ((0, 19.29), (60, 24.82)),
}
"""What `Codec.fidelity` says, by the name of the base codec.

It ends where better pictures take more bytes than a codec that paints nothing: no quality that users name on the shared
scale leads beyond.
"""


class Superres(Painted):
    """The codec ``superres``; see the module's docstring."""

    id = 21
    family = _NAME
    summary = (
        "A picture of half the width and height, painted large by a network that invents detail. For very small files "
        "that are looked at. Its base codec is avif, or superres:webp, :jpeg2000, :jpeg. superres:avif/4 codes a "
        "quarter of the width and height, for the smallest files."
    )
    most_halvings = 2

    def __init__(self, base: str = _DEFAULT_BASE) -> None:
        self.base, slash, _ = base.partition(_QUARTER)
        self.halvings = 2 if slash else 1
        self.name = _NAME if base == _DEFAULT_BASE else f"{_NAME}:{base}"

    @property
    def fidelity(self) -> tuple[tuple[float, float], ...]:
        """Own qualities and their PSNR on photographs; see `Codec.fidelity`."""
        return _FIDELITY[self.base + (_QUARTER if self.halvings > 1 else "")]

    @property
    def bases(self) -> tuple[str, ...]:
        """The names of the base codecs, then the same for a quarter of the size."""
        return tuple(f"{base.name}{scale}" for scale in ("", _QUARTER) for base in base_codecs(_DEFAULT_BASE))

    @property
    def max_side(self) -> int:
        """Largest width or height: that of the base codec, though its pictures are smaller."""
        return by_name(self.base).max_side

    def on(self, base: str) -> "Superres":
        """This codec on another base, at a quarter of the size if the base's name ends so."""
        return Superres(base)

    def small_codec(self) -> Codec:
        """The base codec."""
        return by_name(self.base)

    def small_codecs(self) -> dict[int, Codec]:
        """All base codecs, by wire number."""
        return {codec.id: codec for codec in base_codecs(_DEFAULT_BASE)}

    def file(self, payload: bytes, frame: Frame, metadata: Metadata) -> PictureFile:
        """The small picture as a file of its codec, with a note on its size."""
        from nncodec.nets.enlarging import halved_frame

        parsed = self.parsed(payload)
        small = halved_frame(frame, parsed.halvings)
        by = self.small_codecs()[parsed.base]
        assert isinstance(by, HasFile)
        file = by.file(parsed.small, small, metadata)
        note = f"it is the small picture, {small.width} x {small.height}, that a network paints large"
        return replace(file, notes=(note, *file.notes))


CODEC = Superres()
