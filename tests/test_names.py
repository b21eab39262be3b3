"""The table of names: those of the registries, so that `nnc info` says the same without importing them."""

import pytest

from nncodec import names
from nncodec.codec import HasBases, Paints
from nncodec.codecs import all_codecs
from nncodec.container import Container, Header, Kind, Section, serialize
from nncodec.nets.weights import OWN
from nncodec.pipeline import inspect
from nncodec.restorers import all_restorers, make_section


def test_codecs_are_those_of_the_registry() -> None:
    assert {codec.id: codec.name for codec in all_codecs().values()} == names.CODECS


def test_codecs_that_name_a_base_are_those_that_have_bases() -> None:
    assert {codec.id for codec in all_codecs().values() if isinstance(codec, HasBases)} == names.WITH_BASES


def test_codecs_that_invent_detail_are_those_that_say_so() -> None:
    painting = {codec.id for codec in all_codecs().values() if isinstance(codec, Paints)}
    assert painting == names.PAINTING == {21, 22}


def test_restorers_are_those_of_the_registry() -> None:
    assert {number: restorer.name for number, restorer in all_restorers().items()} == names.RESTORERS


def test_numbers_of_own_weights_are_those_of_the_families() -> None:
    assert set(OWN.values()) == names.OWN_WEIGHTS


@pytest.mark.parametrize(("number", "name"), [(2, "luma"), (99, "unknown-99")])
def test_a_restorer_is_named_or_said_to_be_unknown(number: int, name: str) -> None:
    sections = (Section(Kind.PAYLOAD, b"x"), Section(Kind.RESTORER, make_section(number, 0, b"")))
    assert inspect(serialize(Container(Header(4, 1, 1, colour=True), sections))).restorers == (name,)
