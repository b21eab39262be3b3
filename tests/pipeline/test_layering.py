"""Layers and restorers: a restorer is fitted to all layers, and applied to nothing less."""

from collections.abc import Sequence

import numpy as np
import pytest

from nncodec import restorers
from nncodec.codec import Frame, Options, Pixels
from nncodec.container import Container, Header, Kind, Section, serialize
from nncodec.pipeline import decode, decoding, layering
from nncodec.restorers import make_section


class Sum:
    """Every byte of the payload is a layer: a level that is added to all samples. Full size from the first layer on."""

    id, name, summary, quality_step, fidelity = 200, "sum", "", 1.0, ()
    depths, max_side, decoding_memory, lossless = frozenset({8}), 100, 3, None

    def missing(self) -> None:
        return None

    def encode(self, pixels: Pixels, options: Options) -> bytes:
        raise NotImplementedError

    def decode(self, payload: bytes, frame: Frame, device: str) -> Pixels:
        return np.full(frame.shape, sum(payload), np.uint8)

    def cut(self, payload: bytes) -> list[bytes]:
        return [payload[i : i + 1] for i in range(len(payload))]

    def decode_layers(self, layers: Sequence[bytes], frame: Frame, device: str) -> Pixels:
        return self.decode(b"".join(layers), frame, device)


class Brighten:
    """Adds 100."""

    id, name = 250, "brighten"

    def apply(self, seen: Pixels, parameters: bytes, device: str) -> Pixels:
        return seen + np.uint8(100)


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Three layers, 1, 2 and 4, and a restorer."""
    for module in (decoding, layering):
        monkeypatch.setattr(module, "by_id", lambda number: Sum())
    monkeypatch.setattr(restorers, "all_restorers", lambda: {250: Brighten()})
    layers = (Section(Kind.PAYLOAD, b"\1"), Section(Kind.LAYER, b"\2"), Section(Kind.LAYER, b"\4"))
    plain = Container(Header(200, 3, 2, colour=False), layers)
    section = Section(Kind.RESTORER, make_section(250, plain.binding(), b""))
    return serialize(Container(plain.header, (*layers, section)))


@pytest.mark.parametrize(("layers", "level"), [(None, 107), (3, 107), (2, 3), (1, 1)])
def test_a_restorer_is_applied_to_all_layers_alone(file: bytes, layers: int | None, level: int) -> None:
    assert decode(file, layers=layers).pixels.tolist() == [[level] * 3] * 2


def test_no_restorer_is_applied_where_none_is_wanted(file: bytes) -> None:
    assert (decode(file, restore=False).pixels == 7).all()
