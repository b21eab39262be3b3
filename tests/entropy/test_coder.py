"""Symbols survive the range coder; damage becomes one of our errors."""

import subprocess
import sys
from bisect import bisect_right

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nncodec.entropy import coder, range_coder
from nncodec.entropy.coder import MAX_SYMBOL, Decoder, Encoder
from nncodec.entropy.scales import N_SCALES
from nncodec.entropy.tables import TOTAL, Tables, logistic_masses, logistic_tables, scale_of, to_frequencies
from nncodec.errors import CorruptFile, EncodeError, NncError, UnsupportedFile
from nncodec.leb128 import read_number, write_number

TABLES = logistic_tables()

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


def test_too_large_a_symbol():
    with pytest.raises(EncodeError, match="larger"):
        Encoder(TABLES).code(np.array([MAX_SYMBOL + 1], np.int32), np.array([0], np.uint8))


@pytest.mark.parametrize(
    ("escapes", "words", "why"),
    [
        (b"", b"\x01\x02\x03\x04\x00", "zero byte"),
        (b"\x01", b"", "not used"),
        (b"", bytes(range(1, 200)), "not used"),
    ],
)
def test_leftovers_are_refused(escapes, words, why):
    """Nothing may be appended unnoticed."""

    def read():
        decoder = Decoder(TABLES, escapes, words)
        decoder.code(np.zeros(3, np.uint8))
        decoder.finish()

    with pytest.raises(CorruptFile, match=why):
        read()


@given(st.integers(0, 2**32 - 1))
def test_numbers_survive(value):
    data = write_number(value)
    assert read_number(b"x" + data + b"y", 1) == (value, 1 + len(data))


@pytest.mark.parametrize(
    "data", [b"", b"\x80", b"\x80\x00", b"\xff\xff\xff\xff\x10", b"\x80\x80\x80\x80\x00", b"\xff\xff\xff\xff\xff\x01"]
)
def test_numbers_have_one_spelling(data):
    with pytest.raises(CorruptFile):
        read_number(data, 0)


def test_tables_are_symmetric_and_whole():
    for row, half in zip(TABLES.frequencies, TABLES.half_widths, strict=True):
        assert row.sum() == TOTAL == 2**24
        body = row[:-1]
        assert np.array_equal(np.delete(body, half), np.delete(body[::-1], half))
    widths = TABLES.half_widths
    assert widths == sorted(widths)


def test_logistic_masses_match_the_distribution():
    """Against the logistic distribution function, computed another way."""
    scale = scale_of(30)
    masses = logistic_masses(scale)
    half = len(masses) // 2 - 1
    expected = [
        (np.tanh((k + 0.5) / (2 * scale)) - np.tanh((k - 0.5) / (2 * scale))) / 2 for k in range(-half, half + 1)
    ]
    assert np.allclose(masses[:-1], expected, atol=1e-12)
    assert abs(masses.sum() - 1) < 1e-12


def test_tables_survive_packing():
    again = Tables.unpack(TABLES.pack())
    assert all(np.array_equal(a, b) for a, b in zip(again.frequencies, TABLES.frequencies, strict=True))


@pytest.mark.parametrize("spoil", ["zero", "sum", "count"])
def test_damaged_tables_are_refused(spoil):
    rows = [row.copy() for row in TABLES.frequencies]
    if spoil == "zero":
        rows[3][0], rows[3][1] = 0, rows[3][1] + rows[3][0]
    elif spoil == "sum":
        rows[3][0] += 1
    else:
        rows.pop()
    with pytest.raises(UnsupportedFile):
        Tables(tuple(rows))


def test_frequencies_are_positive():
    row = to_frequencies(np.array([0.0, 1.0, 0.0, 0.0]))
    assert row.min() >= 1
    assert row.sum() == TOTAL


# --- without constriction -------------------------------------------------------------------------------------------

OWN = coder._RangeCoding(
    lambda row: range_coder.Distribution(row.tolist()), range_coder.RangeEncoder, range_coder.RangeDecoder
)


def outcome(words: bytes, indices: list[int], escapes: bytes) -> list[int] | None:
    """The symbols, or None for words that are refused."""
    try:
        decoder = Decoder(TABLES, escapes, words)
        symbols = decoder.code(np.array(indices, np.uint8)).tolist()
        decoder.finish()
    except CorruptFile:
        return None
    return symbols


@settings(max_examples=60, deadline=None)
@given(groups)
def test_our_own_coder_writes_and_reads_the_same_bytes(parts):
    pytest.importorskip("constriction")
    by_constriction = written(parts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coder, "_range_coding", lambda: OWN)
        assert written(parts) == by_constriction
        decoder = Decoder(TABLES, *by_constriction)
        for part in parts:
            symbols, indices = arrays(part)
            assert np.array_equal(decoder.code(indices), symbols)
        decoder.finish()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=24), st.booleans(), st.lists(st.integers(0, N_SCALES - 1), max_size=12))
def test_our_own_coder_makes_the_same_of_any_words(words, high, indices):
    pytest.importorskip("constriction")
    words = (b"\xff" * 8 * high + words).rstrip(b"\0")
    by_constriction = outcome(words, indices, bytes(12))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coder, "_range_coding", lambda: OWN)
        assert outcome(words, indices, bytes(12)) == by_constriction


@pytest.mark.parametrize("carries", [1, 2, 40])
def test_a_carry_runs_through_many_words(carries):
    """Worst for an encoder: words of ones that the last symbol turns into zeros."""
    encoder = range_coder.RangeEncoder()
    encoder._words, encoder._low = [7, *[2**32 - 1] * carries], 2**64 - 2
    encoder._add(3)
    assert (encoder._words, encoder._low) == ([8, *[0] * carries], 1)


def test_without_constriction_files_are_the_same():
    """Our own coder steps in by itself."""
    pytest.importorskip("constriction")
    code = (
        "import sys, numpy as np; sys.modules |= dict.fromkeys(sys.argv[1:])\n"
        "from nncodec.entropy.coder import Encoder\n"
        "from nncodec.entropy.tables import logistic_tables\n"
        "encoder = Encoder(logistic_tables())\n"
        "encoder.code(np.arange(-50, 50, dtype=np.int32), np.arange(100, dtype=np.uint8) % 64)\n"
        "print(encoder.finish()[1].hex(), 'nncodec.entropy.range_coder' in sys.modules)"
    )
    with_it, without = (
        subprocess.run(
            [sys.executable, "-c", code, *lacking], capture_output=True, text=True, check=True
        ).stdout.split()
        for lacking in ([], ["constriction"])
    )
    assert with_it[0] == without[0]
    assert (with_it[1], without[1]) == ("False", "True")
