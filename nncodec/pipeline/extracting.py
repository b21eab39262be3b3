"""From the bytes of an .nnc file to the ordinary picture file that its base layer is."""

from dataclasses import replace

from nncodec.codec import HasFile, KeepsFiles, PictureFile
from nncodec.codecs import by_id
from nncodec.container import Container, Kind, parse
from nncodec.errors import UnsupportedFile
from nncodec.image import Metadata
from nncodec.image.stills import MAX_PIXELS, check_pixels
from nncodec.memory import as_memory_error
from nncodec.pipeline.decoding import frame_of, payload_of
from nncodec.pipeline.faults import naming
from nncodec.pipeline.limits import check_memory

SUFFIXES = {"jpeg": ".jpg", "webp": ".webp", "avif": ".avif", "jpeg2000": ".jp2", "jpegfile": ".jpg", "lepton": ".jpg"}
_OTHER_FORMAT = "'nnc decode' gives the picture as PNG or in another format"


@as_memory_error()
def extract(data: bytes, *, max_pixels: int = MAX_PIXELS, max_memory: int | None = None) -> PictureFile:
    """The base layer of a file in the format that it is coded in, with metadata, and notes on what is not in it.

    Samples stay as they are coded; a JPEG that was kept comes back bit for bit. Raises CorruptFile, LimitExceeded, and
    UnsupportedFile for codecs that hold no file of an ordinary format.
    """
    container = parse(data)
    codec = by_id(container.header.codec)
    check_pixels(container.header.width, container.header.height, max_pixels)
    with naming(codec.name):
        check_memory(container, codec, max_memory)
        return _of(container)


def _of(c: Container) -> PictureFile:
    codec, frame = by_id(c.header.codec), frame_of(c.header)
    metadata = Metadata(c.get(Kind.ICC), c.get(Kind.EXIF), c.get(Kind.XMP), c.get(Kind.IPTC))
    if isinstance(codec, KeepsFiles):
        changed = any(value is not None for value in vars(metadata).values())
        notes = ("metadata that were given to it later are not in the file",) if changed else ()
        found = PictureFile(codec.unpack(c.payload, frame), codec.suffix, notes)
    elif isinstance(codec, HasFile):
        found = codec.file(payload_of(c), frame, metadata)
    else:
        raise UnsupportedFile(f"{codec.name} holds no picture in an ordinary format", _OTHER_FORMAT)
    return replace(found, notes=(*found.notes, *_left_out(c)))


def _left_out(c: Container) -> tuple[str, ...]:
    """Notes on the sections that change how a picture looks, and have no place in another format."""
    notes = ["its alpha plane is not in the file"] if c.get(Kind.ALPHA) is not None else []
    notes += ["without the networks that repair it, as by 'nnc decode --no-restore'"] if c.all(Kind.RESTORER) else []
    return tuple(notes)


def suffix_of(data: bytes) -> str:
    """The suffix of the file that :func:`extract` would give, from the headers alone. Raises as it does."""
    from nncodec.pipeline.inspecting import inspect

    info = inspect(data)
    suffix = SUFFIXES.get(info.base or info.codec)
    if suffix is None:
        raise UnsupportedFile(f"{info.codec} holds no picture in an ordinary format", _OTHER_FORMAT)
    return suffix
