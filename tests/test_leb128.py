"""LEB128 numbers: 32 bits, in their shortest form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nncodec.errors import CorruptFile, EncodeError
from nncodec.leb128 import read_number, write_number
from tests.damage import leb128


@pytest.mark.parametrize("value", [0, 1, 127, 128, 16383, 16384, 2**28 - 1, 2**28, 2**32 - 1])
def test_numbers_of_32_bits_come_back(value: int) -> None:
    assert write_number(value) == leb128(value)
    assert read_number(b"xy" + leb128(value) + b"z", 2) == (value, 2 + len(leb128(value)))


@given(st.integers(0, 2**32 - 1))
def test_all_numbers_of_32_bits_come_back(value: int) -> None:
    data = write_number(value)
    assert data == leb128(value)
    assert read_number(b"x" + data + b"y", 1) == (value, 1 + len(data))


@pytest.mark.parametrize("value", [2**32, 2**32 + 1, 2**35 - 1])
def test_numbers_of_more_bits_are_refused(value: int) -> None:
    with pytest.raises(CorruptFile, match="32 bits"):
        read_number(leb128(value), 0)
    with pytest.raises(EncodeError, match="32 bits"):
        write_number(value)


def test_negative_numbers_are_refused() -> None:
    with pytest.raises(EncodeError, match="32 bits"):
        write_number(-1)


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 4, b"\xff" * 5, b"\xff" * 5 + b"\0"])
def test_cut_and_endless_numbers_are_refused(data: bytes) -> None:
    with pytest.raises(CorruptFile, match="cut short"):
        read_number(data, 0)


@pytest.mark.parametrize("padding", [1, 2, 3])
def test_longer_spellings_are_refused(padding: int) -> None:
    with pytest.raises(CorruptFile, match="shortest"):
        read_number(leb128(5, padding=padding), 0)


@pytest.mark.parametrize("data", [b"\x80\x00", b"\x80\x80\x80\x80\x00"])
def test_a_last_byte_of_zero_is_a_longer_spelling(data: bytes) -> None:
    with pytest.raises(CorruptFile, match="shortest"):
        read_number(data, 0)


@pytest.mark.parametrize("data", [b"\xff\xff\xff\xff\x10", b"\xff\xff\xff\xff\x7f"])
def test_five_bytes_of_more_than_32_bits_are_refused(data: bytes) -> None:
    with pytest.raises(CorruptFile, match="32 bits"):
        read_number(data, 0)
