"""The description of an .nnc file: header, sections and sizes, without decoding a pixel.

It needs the container alone, and imports no codec but those whose payloads name another, so that `nnc info` is quick.
"""

from dataclasses import dataclass

from nncodec.container import KIND_NAMES, Container, Header, Kind, parse, parse_prefix, read_header
from nncodec.errors import UnsupportedFile
from nncodec.names import CODECS, PAINTING, RESTORERS, WITH_BASES
from nncodec.pipeline.faults import naming
from nncodec.pipeline.own_weights import OwnModel, light_in, needed

_UNKNOWN = "unknown-"


@dataclass(frozen=True)
class Info:
    """A file's header and where its bytes go."""

    version: int
    """Version of the format."""
    codec: str
    """Name of the codec, or ``unknown-N``."""
    width: int
    height: int
    mode: str
    """``L``, ``LA``, ``RGB``, ``RGBA`` or ``I;16``."""
    size: int
    """Bytes of the whole file."""
    sections: tuple[tuple[str, int], ...]
    """Name and content bytes of each section, in file order."""
    overhead: int
    """Bytes of header, tags, lengths and checksums, and of a damaged rest."""
    ends: tuple[int, ...] = ()
    """End of each section, in bytes from the start of the file: a file cut there is sound up to that section."""
    base: str | None = None
    """Name of the codec that ``codec`` builds on, if it builds on one."""
    scale: int = 1
    """Sides of the picture, divided by those of the base codec's picture: 1, 2, 4 or 8."""
    restorers: tuple[str, ...] = ()
    """Their names, in file order."""
    own_weights: tuple[OwnModel, ...] = ()
    """Weights of the user's own that decoding needs: of the codec, then of restorers."""
    light: tuple[str, ...] = ()
    """Names of the codec and the restorers whose light weights decode the file."""
    perceptual: float | None = None
    """Strength, 0 to 1, at which the codec invents detail; None for codecs that do not."""
    complete: bool = True
    """False if the file is cut or damaged, and only its sound sections are described (``partial=True``)."""

    @property
    def layers(self) -> int:
        """Layers of the picture, the payload being the first; 1 but for files of progressive codecs."""
        return sum(name in (KIND_NAMES[Kind.PAYLOAD], KIND_NAMES[Kind.LAYER]) for name, _ in self.sections)

    @property
    def bpp(self) -> float:
        """Bits of the whole file per pixel."""
        return 8 * self.size / (self.width * self.height)


def inspect(data: bytes, *, partial: bool = False) -> Info:
    """Describe a file, or what is sound of a cut or damaged one; its checksums are verified.

    Raises CorruptFile, UnsupportedFile, or InternalError for whatever else the payload provokes.
    """
    container, complete = parse_prefix(data) if partial else (parse(data), True)
    with naming(_name(container.header.codec)):
        return describe(container, len(data), complete)


def describe(container: Container, size: int, complete: bool = True) -> Info:
    """Describe a container that was parsed from, or serialized to, ``size`` bytes."""
    header = container.header
    codec, base, scale = _coding(container)
    sections = tuple((section.name, len(section.data)) for section in container.sections)
    return Info(
        header.version,
        codec,
        header.width,
        header.height,
        mode_name(header),
        size,
        sections,
        overhead=size - sum(n_bytes for _, n_bytes in sections),
        ends=tuple(container.ends()),
        base=base,
        scale=scale,
        restorers=tuple(map(_restorer, container.all(Kind.RESTORER))),
        own_weights=() if codec.startswith(_UNKNOWN) else tuple(needed(container)),
        light=tuple(light_in(container)),
        perceptual=_perceptual(container),
        complete=complete,
    )


def claim(data: bytes) -> str:
    """The header of a file in words, its checksum not verified.

    Raises CorruptFile or UnsupportedFile.
    """
    header = read_header(data)
    return f"{header.width} x {header.height} {mode_name(header)}, {_name(header.codec)}"


def _name(codec: int) -> str:
    """The name of a codec; that of a codec which is not in the table is the registry's to know."""
    if codec in CODECS:
        return CODECS[codec]
    from nncodec.codecs import by_id

    try:
        return by_id(codec).name
    except UnsupportedFile:
        return f"{_UNKNOWN}{codec}"


def _restorer(section: bytes) -> str:
    """The name of a section's restorer; that of a restorer which is not in the table is the registry's to know."""
    if section and section[0] in RESTORERS:
        return RESTORERS[section[0]]
    from nncodec.restorers import name_of

    return name_of(section)


def _coding(container: Container) -> tuple[str, str | None, int]:
    """The names of the codec and of its base codec, if there is one, and the scale of that one's picture."""
    number = container.header.codec
    name = _name(number)
    if name.startswith(_UNKNOWN) or (number in CODECS and number not in WITH_BASES):
        return name, None, 1
    from nncodec.codec import HasBases
    from nncodec.codecs import by_id
    from nncodec.pipeline.layering import joined

    codec = by_id(number)
    if not isinstance(codec, HasBases):
        return name, None, 1
    payload = joined(container)
    return name, _name(codec.base_of(payload)), 2 ** codec.halvings_of(payload)


def _perceptual(container: Container) -> float | None:
    """The strength at which a codec that paints does so."""
    if container.header.codec not in PAINTING:
        return None
    from nncodec.codec import Paints
    from nncodec.codecs import by_id

    codec = by_id(container.header.codec)
    assert isinstance(codec, Paints)
    return codec.perceptual_of(container.payload)


def mode_name(header: Header) -> str:
    """The picture's mode as Pillow calls it."""
    if header.depth == 16:
        return "I;16"
    return ("RGB" if header.colour else "L") + ("A" if header.alpha else "")
