"""Layers: where a codec's payload is cut into sections, and pictures from the first of them."""

from nncodec.codec import Codec, DecodesReduced, Frame, HasBases, HasLayers
from nncodec.codecs import by_id
from nncodec.container import Container, Kind
from nncodec.errors import CorruptFile, EncodeError, UnsupportedFile
from nncodec.image import Pixels


def cut(codec: Codec, payload: bytes) -> list[bytes]:
    """The payload's layers; one for a codec that has none."""
    return codec.cut(payload) if isinstance(codec, HasLayers) else [payload]


def joined(container: Container) -> bytes:
    """The payload as the codec wrote it; inverse of :func:`cut`."""
    return b"".join([container.payload, *container.all(Kind.LAYER)])


def artefacts_of(container: Container) -> int:
    """Wire number of the codec whose artefacts the decoded picture shows: its own, or that of its base."""
    codec = by_id(container.header.codec)
    return codec.base_of(joined(container)) if isinstance(codec, HasBases) else codec.id


def decode_layers(
    codec: Codec,
    parts: list[bytes],
    frame: Frame,
    device: str,
    layers: int | None,
    complete: bool,
    halvings: int = 0,
) -> Pixels:
    """The picture of the first ``layers`` of a file's ``parts``; None is all there are, in the frame's size.

    Where the codec can, all there are come with sides halved up to ``halvings`` times. An incomplete file may have
    fewer parts than asked for, and then gives those. Raises as the codec's ``decode``, UnsupportedFile for layers
    of a codec without, EncodeError for more than a whole file has.
    """
    if len(parts) > 1 and not isinstance(codec, HasLayers):
        raise UnsupportedFile(f"{codec.name} has no layers, this file does", "the file may need a newer nnc")
    payload = b"".join(parts)
    if cut(codec, payload) != parts:
        raise CorruptFile(f"the {codec.name} payload is cut in {len(parts)}, and not between its layers")
    if layers is None:
        if halvings and isinstance(codec, DecodesReduced):
            return codec.decode_reduced(payload, frame, halvings)
        return codec.decode(payload, frame, device)
    if layers < 1:
        raise EncodeError(f"{layers} layers are no picture", "the first layer is number 1")
    if layers > len(parts) and complete:
        raise EncodeError(f"the file has {len(parts)} layer{'s' * (len(parts) > 1)}, not {layers}")
    if not isinstance(codec, HasLayers):
        return codec.decode(payload, frame, device)
    return codec.decode_layers(parts[:layers], frame, device)
