"""Restorer sections as a decoder meets them, with a toy restorer that adds a constant."""

import numpy as np
import pytest

from nncodec import restorers
from nncodec.codec import Options
from nncodec.container import Container, Kind, Section, parse, serialize
from nncodec.errors import CorruptFile, UnsupportedFile
from nncodec.image import Picture, Pixels
from nncodec.pipeline import Settings, decode, encode, inspect
from nncodec.restorers import Task, make_section
from tests import pictures
from tests.damage import Part, build, head


class Brighten:
    """Adds its one parameter to every sample."""

    id = 250
    name = "brighten"

    def fit(self, task: Task) -> bytes | None:
        """The mean difference, if there is one."""
        step = round(float(np.mean(task.original.astype(int) - task.seen)))
        return bytes([step]) if step > 0 else None

    def apply(self, seen: Pixels, parameters: bytes, device: str) -> Pixels:
        """Add it."""
        if len(parameters) != 1:
            raise CorruptFile("brighten has one parameter")
        return np.clip(seen.astype(int) + parameters[0], 0, 255).astype(seen.dtype)


class Double:
    """Doubles every sample: the order of two restorers shows."""

    id = 251
    name = "double"

    def fit(self, task: Task) -> bytes | None:
        """Never pays."""
        return None

    def apply(self, seen: Pixels, parameters: bytes, device: str) -> Pixels:
        """Double it."""
        return np.clip(seen.astype(int) * 2, 0, 255).astype(seen.dtype)


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> None:
    """These two, whatever others there are."""
    monkeypatch.setattr(restorers, "all_restorers", lambda: {250: Brighten(), 251: Double()})


PIXELS = pictures.flat(8, 9, value=50)
PLAIN = encode(Picture(PIXELS, pictures.transparency(8, 9)), Settings("webp", Options(100), restore="none")).data


def restored(*sections: bytes, data: bytes = PLAIN) -> bytes:
    """A file with restorer sections added."""
    container = parse(data)
    added = tuple(Section(Kind.RESTORER, section) for section in sections)
    return serialize(Container(container.header, container.sections + added))


def binding(data: bytes = PLAIN) -> int:
    """What its restorers must be bound to."""
    return parse(data).binding()


def test_a_restorer_is_applied_to_the_colours_and_not_to_alpha() -> None:
    found = decode(restored(make_section(250, binding(), b"\x07"))).picture
    assert (found.pixels == 57).all()
    assert found.alpha is not None
    assert np.array_equal(found.alpha, pictures.transparency(8, 9))


def test_a_restorer_comes_once() -> None:
    add = make_section(250, binding(), b"\x07")
    with pytest.raises(CorruptFile, match="twice"):
        decode(restored(add, add))


def test_restorers_are_applied_in_file_order() -> None:
    add, double = make_section(250, binding(), b"\x07"), make_section(251, binding(), b"")
    assert (decode(restored(add, double)).picture.pixels == 114).all()
    assert (decode(restored(double, add)).picture.pixels == 107).all()


def test_the_base_layer_is_shown_on_request() -> None:
    for section in (make_section(250, binding(), b"\x07"), make_section(9, binding(), b""), b"", b"\xfa\0\0\0\0\1"):
        assert np.array_equal(decode(restored(section), restore=False).picture.pixels, PIXELS)


def test_a_restorer_of_another_payload_is_refused() -> None:
    """Else one picture's corrections would be painted onto another."""
    other = encode(Picture(pictures.flat(8, 9, value=51)), Settings("webp", Options(100), restore="none")).data
    assert binding(other) != binding()
    with pytest.raises(CorruptFile, match="another payload"):
        decode(restored(make_section(250, binding(other), b"\x07")))


def test_a_restorer_is_bound_to_the_payload_and_to_nothing_else() -> None:
    """Metadata may be added or stripped later without a new fit."""
    container = parse(restored(make_section(250, binding(), b"\x07")))
    data = serialize(Container(container.header, (*container.sections, Section(Kind.XMP, b"<x/>"))))
    assert (decode(data).picture.pixels == 57).all()


def test_an_unknown_restorer_is_unsupported_with_a_hint() -> None:
    with pytest.raises(UnsupportedFile, match="restorer number 9 is unknown") as caught:
        decode(restored(make_section(9, binding(), b"")))
    assert "--no-restore" in (caught.value.hint or "")


@pytest.mark.parametrize("n_bytes", range(5))
def test_a_section_without_room_for_its_head_is_corrupt(n_bytes: int) -> None:
    with pytest.raises(CorruptFile, match="restorer section"):
        decode(restored(make_section(250, binding(), b"")[:n_bytes]))


def test_impossible_parameters_are_corrupt() -> None:
    with pytest.raises(CorruptFile, match="one parameter"):
        decode(restored(make_section(250, binding(), b"\1\2")))


def test_a_section_is_number_binding_parameters() -> None:
    """As docs/format/container.md has it, spelled out."""
    assert make_section(250, 0x01020304, b"xy") == bytes.fromhex("fa 04 03 02 01 78 79")


def test_restorers_show_in_the_breakdown() -> None:
    data = restored(make_section(250, binding(), b"\x07"), make_section(251, binding(), b""))
    assert [s for s in inspect(data).sections if s[0] == "restorer"] == [("restorer", 6), ("restorer", 5)]


def test_a_cut_restorer_is_left_out_of_the_sound_part() -> None:
    data = restored(make_section(250, binding(), b"\x07"))
    found = decode(data[:-1], partial=True)
    assert not found.complete
    assert np.array_equal(found.picture.pixels, PIXELS)


def test_a_hidden_restorer_cannot_come_before_its_payload() -> None:
    with pytest.raises(CorruptFile, match="after section"):
        decode(build(head(), [Part(0x16, make_section(250, 0, b"\1")), Part(0x90, b"x")]))


def test_the_registry_holds_one_restorer_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    for number, restorer in restorers.all_restorers().items():
        assert restorer.id == number
        assert 1 <= number <= 255
        assert restorer.name
