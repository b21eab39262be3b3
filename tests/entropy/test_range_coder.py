"""The range coder in plain Python against constriction: the same words, and the same symbols of any words."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nncodec.entropy import coder, range_coder
from nncodec.entropy.coder import Decoder
from nncodec.entropy.scales import N_SCALES
from nncodec.errors import CorruptFile
from tests.entropy.test_coder import OWN, TABLES, arrays, groups, written


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
        patch.setattr(coder, "_backend", lambda: OWN)
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
        patch.setattr(coder, "_backend", lambda: OWN)
        assert outcome(words, indices, bytes(12)) == by_constriction


@pytest.mark.parametrize("carries", [1, 2, 40])
def test_a_carry_runs_through_many_words(carries):
    """Worst for an encoder: words of ones that the last symbol turns into zeros."""
    encoder = range_coder.RangeEncoder()
    encoder._words, encoder._low = [7, *[2**32 - 1] * carries], 2**64 - 2
    encoder._add(3)
    assert (encoder._words, encoder._low) == ([8, *[0] * carries], 1)


@pytest.mark.parametrize(("low", "word"), [(5 << 32, 5), ((5 << 32) + 1, 6), ((6 << 32) - 1, 6)])
def test_the_last_word_is_the_first_within_the_range(low, word):
    encoder = range_coder.RangeEncoder()
    encoder._low, encoder._range = low, 1 << 40
    assert encoder.get_compressed().tolist() == [word]


def test_a_point_beyond_the_range_is_an_error():
    """The last few of 2^64 points belong to no entry, since the range is cut into 2^24 equal units."""
    decoder = range_coder.RangeDecoder(np.full(2, 2**32 - 1, np.uint32))
    with pytest.raises(ValueError, match="beyond the range"):
        decoder.decode(range_coder.Distribution([2**23, 2**23]), 1)


def test_without_constriction_files_are_the_same():
    """Our own coder steps in by itself."""
    pytest.importorskip("constriction")
    code = (
        "import sys, numpy as np; sys.modules |= dict.fromkeys(sys.argv[1:])\n"
        "from nncodec.entropy.coder import Encoder\n"
        "from tests.logistic import logistic_tables\n"
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


@pytest.mark.parametrize("n_symbols", [0, 1, 3])
@pytest.mark.parametrize("beyond", [0, 1, 2**32 - 1, 2**32, 2**33 - 2, 2**33 - 1, 2**33, 2**40])
def test_the_end_of_a_message_is_judged_as_by_constriction(n_symbols, beyond):
    """At points at or beyond the lower end of the final interval; an encoder stays within 2^33 - 2 of it."""
    pytest.importorskip("constriction")
    frequencies = TABLES.frequencies[20]
    entries = np.full(n_symbols, TABLES.half_widths[20], np.int32)
    encoder = range_coder.RangeEncoder()
    encoder.encode(entries, range_coder.Distribution(frequencies.tolist()))
    assert not encoder._words
    point = encoder._low + beyond
    words = np.array([point >> 32, point & 2**32 - 1], np.uint32)
    verdicts = []
    for backend in (OWN, coder._backend()):
        decoder = backend.decoder(words)
        if n_symbols:
            assert decoder.decode(backend.distribution(frequencies), n_symbols).tolist() == entries.tolist()
        verdicts.append(decoder.maybe_exhausted())
    assert verdicts[0] == verdicts[1]
    if n_symbols:
        assert verdicts[0] == (beyond < 2**33 - 1)
