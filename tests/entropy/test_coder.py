"""Symbols survive the range coder; damage becomes one of our errors."""

from bisect import bisect_right

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nncodec.entropy import coder, range_coder
from nncodec.entropy.coder import MAX_SYMBOL, Decoder, Encoder, join_streams, split_streams
from nncodec.entropy.scales import N_SCALES
from nncodec.entropy.tables import scale_of
from nncodec.errors import CorruptFile, EncodeError, NncError
from nncodec.leb128 import read_number, write_number
from tests.logistic import logistic_tables

TABLES = logistic_tables()
OWN = coder._Backend(
    lambda row: range_coder.Distribution(row.tolist()), range_coder.RangeEncoder, range_coder.RangeDecoder
)

groups = st.lists(
    st.lists(
        st.tuples(
            st.one_of(st.integers(-4, 4), st.integers(-MAX_SYMBOL, MAX_SYMBOL)),
            st.integers(0, N_SCALES - 1),
        ),
        max_size=40,
    ),
    max_size=5,
)


def arrays(group: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    symbols, indices = zip(*group, strict=True) if group else ((), ())
    return np.array(symbols, np.int32), np.array(indices, np.uint8)


def written(parts: list[list[tuple[int, int]]]) -> tuple[bytes, bytes]:
    encoder = Encoder(TABLES)
    for part in parts:
        encoder.code(*arrays(part))
    return encoder.finish()


@settings(max_examples=60, deadline=None)
@given(groups)
def test_symbols_survive(parts):
    """Any symbols under any indices, group by group, escapes among them."""
    decoder = Decoder(TABLES, *written(parts))
    for part in parts:
        symbols, indices = arrays(part)
        assert np.array_equal(decoder.code(indices), symbols)
    decoder.finish()


@pytest.mark.parametrize("chunk", [1, 7, 39, 40])
def test_sorting_in_chunks_does_not_show(chunk, monkeypatch):
    rng = np.random.default_rng(0)
    part = list(zip(rng.integers(-999, 999, 40).tolist(), rng.integers(0, 9, 40).tolist(), strict=True))
    whole = written([part])
    monkeypatch.setattr(coder, "_CHUNK", chunk)
    assert written([part]) == whole
    assert np.array_equal(Decoder(TABLES, *whole).code(arrays(part)[1]), arrays(part)[0])


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=12), st.binary(max_size=60), st.lists(st.integers(0, N_SCALES - 1), max_size=60))
def test_only_our_errors(escapes, words, indices):
    """Whatever the bytes are, decoding gives symbols in range or one of our errors."""
    try:
        decoder = Decoder(TABLES, escapes, words)
        symbols = decoder.code(np.array(indices, np.uint8))
        decoder.finish()
    except NncError:
        return
    assert len(symbols) == len(indices)
    assert not len(symbols) or np.abs(symbols).max() <= MAX_SYMBOL


def reference_decode(words: bytes, indices: list[int], escapes: bytes) -> list[int]:
    """The range decoder of docs/format/container.md, in plain integers; indices in the order they are coded."""
    data = [int(word) for word in np.frombuffer(words + bytes(-len(words) % 4), "<u4")] + [0, 0]
    mask = (1 << 64) - 1
    lower, span, point, at, used, out = 0, mask, data[0] << 32 | data[1], 2, 0, []
    for index in indices:
        row = TABLES.frequencies[index].tolist()
        edges = [sum(row[:place]) for place in range(len(row))]
        unit = span >> 24
        place = bisect_right(edges, ((point - lower) & mask) // unit) - 1
        lower, span = (lower + unit * edges[place]) & mask, unit * row[place]
        if span < 1 << 32:
            lower, span, point = lower << 32 & mask, span << 32, (point << 32 & mask) | (data + [0] * 9)[at]
            at += 1
        half = len(row) // 2 - 1
        symbol = place - half
        if place == 2 * half + 1:
            value, used = read_number(escapes, used)
            symbol = (value // 2 + half + 1) * (-1 if value % 2 else 1)
        out.append(symbol)
    return out


def test_against_plain_integers():
    """An independent decoder reads the same symbols: the description in the format document suffices."""
    rng = np.random.default_rng(1)
    indices = np.sort(rng.integers(0, 40, 120)).astype(np.uint8)
    symbols = np.rint(rng.logistic(0, [scale_of(index) for index in indices])).astype(np.int32)
    symbols[::50] += 5000
    encoder = Encoder(TABLES)
    encoder.code(symbols, indices)
    escapes, words = encoder.finish()
    assert reference_decode(words, indices.tolist(), escapes) == symbols.tolist()


def test_golden_words():
    """The bytes of a fixed message never change, and mean what the independent decoder reads in them."""
    symbols, indices = [0, 1, -1, 3, -70000, 0], [10, 30, 30, 40, 5, 0]
    encoder = Encoder(TABLES)
    encoder.code(np.array(symbols, np.int32), np.array(indices, np.uint8))
    escapes, words = encoder.finish()
    assert (escapes.hex(), words.hex()) == ("dbc508", "9a04fdff6dc74f2d")
    order = np.argsort(indices, kind="stable")
    assert reference_decode(words, sorted(indices), escapes) == np.array(symbols)[order].tolist()


def test_cost_is_what_the_tables_say():
    """The coder wastes less than four bytes beside the information content."""
    rng = np.random.default_rng(2)
    indices = rng.integers(0, N_SCALES, 20_000).astype(np.uint8)
    symbols = np.zeros(20_000, np.int32)
    for index in range(N_SCALES):
        here = indices == index
        half = TABLES.half_widths[index]
        row = TABLES.frequencies[index]
        symbols[here] = rng.choice(len(row) - 1, here.sum(), p=row[:-1] / row[:-1].sum()) - half
    bits = sum(
        24 - np.log2(TABLES.frequencies[i][s + TABLES.half_widths[i]]) for s, i in zip(symbols, indices, strict=True)
    )
    encoder = Encoder(TABLES)
    encoder.code(symbols, indices)
    escapes, words = encoder.finish()
    assert not escapes
    assert bits / 8 - 1 <= len(words) <= bits / 8 + 12


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_symbol_is_two_to_the_20(sign):
    largest, index = np.array([sign * 2**20], np.int32), np.array([0], np.uint8)
    encoder = Encoder(TABLES)
    encoder.code(largest, index)
    decoder = Decoder(TABLES, *encoder.finish())
    assert decoder.code(index).tolist() == largest.tolist()
    with pytest.raises(EncodeError, match="larger"):
        Encoder(TABLES).code(largest + sign, index)


@pytest.mark.parametrize("sign", [1, -1])
def test_an_escape_beyond_the_largest_symbol_is_refused(sign):
    """One more than an encoder may write; the number of an escape grows by two from one magnitude to the next."""
    encoder = Encoder(TABLES)
    encoder.code(np.array([sign * 2**20], np.int32), np.array([0], np.uint8))
    escapes, words = encoder.finish()
    number, _ = read_number(escapes, 0)
    with pytest.raises(CorruptFile, match="larger"):
        Decoder(TABLES, write_number(number + 2), words).code(np.array([0], np.uint8))


def test_an_escape_is_a_number_from_the_end_of_its_table():
    """As the format's page has it: magnitude n // 2 + H + 1, odd numbers for negative symbols."""
    half = TABLES.half_widths[7]
    encoder = Encoder(TABLES)
    encoder.code(np.array([half, half + 1, -half - 1, half + 3, -half], np.int32), np.full(5, 7, np.uint8))
    assert encoder.finish()[0] == bytes([0, 1, 4])


def test_streams_are_joined_with_the_length_of_the_first():
    joined = join_streams(bytes(200), b"words")
    assert joined == b"\xc8\x01" + bytes(200) + b"words"
    assert split_streams(b"head" + joined, 4) == (bytes(200), b"words")
    assert split_streams(b"\x03abc", 0) == (b"abc", b"")
    with pytest.raises(CorruptFile, match="escapes"):
        split_streams(b"\x04abc", 0)


@pytest.mark.parametrize("backend", [coder._backend(), OWN], ids=["chosen", "own"])
@pytest.mark.parametrize(
    ("escapes", "words", "why"),
    [
        (b"", b"\x01\x02\x03\x04\x00", "zero byte"),
        (b"\x01", b"", "not used"),
        (b"", bytes(range(1, 200)), "not used"),
    ],
)
def test_leftovers_are_refused(backend, escapes, words, why, monkeypatch):
    """Nothing may be appended unnoticed."""
    monkeypatch.setattr(coder, "_backend", lambda: backend)

    def read():
        decoder = Decoder(TABLES, escapes, words)
        decoder.code(np.zeros(3, np.uint8))
        decoder.finish()

    with pytest.raises(CorruptFile, match=why):
        read()


@pytest.mark.parametrize("backend", [coder._backend(), OWN], ids=["chosen", "own"])
@pytest.mark.parametrize("more", [bytes(4) + b"\x01", bytes(7) + b"\xff", b"\xff" * 8])
def test_two_words_more_than_were_written_are_refused(backend, more, monkeypatch):
    """One more can be read as the end of a longer message."""
    monkeypatch.setattr(coder, "_backend", lambda: backend)
    indices = np.full(90, 30, np.uint8)
    encoder = Encoder(TABLES)
    encoder.code(np.arange(-45, 45, dtype=np.int32), indices)
    escapes, words = encoder.finish()
    decoder = Decoder(TABLES, escapes, words + bytes(-len(words) % 4) + more)
    assert decoder.code(indices).tolist() == list(range(-45, 45))
    with pytest.raises(CorruptFile, match="not used"):
        decoder.finish()


class Panic(BaseException):
    """As those of constriction are: no `Exception`."""


def failing(error):
    """A backend that fails at the first symbol."""

    class Coder:
        """An encoder or decoder."""

        def encode(self, entries, distribution):
            """Fail."""
            raise error

        def decode(self, distribution, n):
            """Fail."""
            raise error

    return coder._Backend(lambda row: None, Coder, lambda words: Coder())


@pytest.mark.parametrize(
    "error", [Panic("x"), AssertionError("x"), KeyError("x")], ids=lambda error: type(error).__name__
)
def test_panics_become_our_errors(error, monkeypatch):
    monkeypatch.setattr(coder, "_backend", lambda: failing(error))
    with pytest.raises(EncodeError, match="x"):
        Encoder(TABLES).code(*arrays([(0, 0)]))
    with pytest.raises(CorruptFile, match="x"):
        Decoder(TABLES, b"", b"").code(np.zeros(1, np.uint8))


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), SystemExit(), MemoryError()], ids=lambda error: type(error).__name__
)
def test_an_interruption_is_no_damage(error, monkeypatch):
    monkeypatch.setattr(coder, "_backend", lambda: failing(error))
    with pytest.raises(type(error)):
        Encoder(TABLES).code(*arrays([(0, 0)]))
    with pytest.raises(type(error)):
        Decoder(TABLES, b"", b"").code(np.zeros(1, np.uint8))
