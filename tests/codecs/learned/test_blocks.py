"""Blocks: the code, the order of symbols, and that the encoder's choice is the cheapest."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nncodec.codecs.learned import blocks
from nncodec.codecs.learned.block_choice import choose
from nncodec.codecs.learned.block_tables import fitted, logistic_block_tables
from nncodec.codecs.learned.blocks import CHECKED, CHECKS, FIRST_INDEX, FREE, N_TABLES, SIZE, Blocks
from nncodec.entropy.coder import Decoder, Encoder
from nncodec.entropy.scales import N_SCALES
from nncodec.entropy.tables import scale_of
from nncodec.lapped.rdoq import Quantiser

TABLES = logistic_block_tables()
QUANTISER = Quantiser(TABLES, np.ones(1))


def step_of(seed: int, count: int, least: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scale indices (n,) and wanted values of such scales."""
    rng = np.random.default_rng(seed)
    indices = rng.integers(least, 40, count).astype(np.uint8)
    return indices, (rng.logistic(size=count) * [scale_of(index) for index in indices]).astype(np.float32)


def chosen(indices: np.ndarray, wanted: np.ndarray, price: float = 8.0) -> np.ndarray:
    symbols = np.rint(wanted).astype(np.int32)
    choose(wanted, indices, Blocks.of(indices), QUANTISER, price, symbols)
    return symbols


def test_words_of_the_code_differ_in_four_places_at_least():
    """No sum of one, two or three columns of the parity checks is zero."""
    columns = [*(1 << j for j in range(CHECKED)), *CHECKS.tolist()]
    assert len(set(columns)) == SIZE
    for count in (1, 2, 3):
        assert all(np.bitwise_xor.reduce(each) for each in combinations(columns, count))


@pytest.mark.parametrize(("count", "expected"), [(0, 0), (31, 0), (32, 1), (63, 1), (64, 2)])
def test_symbols_of_small_scales_and_those_left_over_are_in_no_block(count, expected):
    indices = np.concatenate([np.full(count, FIRST_INDEX, np.uint8), np.full(50, FIRST_INDEX - 1, np.uint8)])
    found = Blocks.of(indices)
    assert found.free.shape == (FREE, expected)
    assert found.checked.shape == (CHECKED, expected)
    assert {*found.free.flat, *found.checked.flat} == set(range(SIZE * expected))


def test_symbols_of_the_largest_scales_are_checked():
    """Ties go to the symbol that comes first; the rows of both arrays are in order."""
    indices = np.array([9, 30] * 32, np.uint8)
    found = Blocks.of(indices)
    assert found.checked.reshape(-1).tolist() == [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23]
    assert found.free.reshape(-1).tolist() == [*range(25, 64, 2), *range(0, 64, 2)]


@given(st.integers(0, 2**32), st.integers(0, 300))
def test_what_is_written_is_read(seed, count):
    indices, wanted = step_of(seed, count)
    symbols = chosen(indices, wanted)
    reads = iter(blocks.written(Blocks.of(indices), indices, symbols))

    def code(tables):
        numbers, expected = next(reads)
        assert np.array_equal(tables, expected)
        return numbers

    assert np.array_equal(blocks.read(indices, code), symbols)
    assert next(reads, None) is None


def test_the_range_coder_has_a_table_of_every_number():
    indices, wanted = step_of(3, 5000)
    symbols = chosen(indices, wanted)
    encoder = Encoder(TABLES)
    for numbers, tables in blocks.written(Blocks.of(indices), indices, symbols):
        encoder.code(numbers, tables)
    decoder = Decoder(TABLES, *encoder.finish())
    assert np.array_equal(blocks.read(indices, decoder.code), symbols)
    decoder.finish()


@given(st.integers(0, 2**32), st.integers(0, 2**32), st.sampled_from([0.5, 8.0, 50.0]))
def test_no_other_word_of_the_code_costs_less(seed, other, price):
    """Against symbols of random parities, each the best of its parity among those next to the wanted value."""
    indices, wanted = step_of(seed, SIZE, FIRST_INDEX)
    found = Blocks.of(indices)

    def cost(symbols):
        bits = sum(QUANTISER.bits(*part).sum() for part in blocks.written(Blocks.of(indices), indices, symbols))
        return bits + price * np.square(wanted - symbols).sum()

    symbols = np.rint(wanted).astype(np.int32)
    symbols += np.random.default_rng(other).integers(-1, 2, SIZE)
    symbols[found.checked] += (symbols[found.checked] ^ found.parities(symbols)) & 1
    assert np.array_equal(symbols[found.checked] & 1, found.parities(symbols))
    assert cost(chosen(indices, wanted, price)) <= cost(symbols) + 1e-2


def test_a_lattice_of_blocks_is_closer_than_whole_numbers():
    """At one density of points the squared error is 10 % less than the 1/12 of rounding (0.46 dB)."""
    rng = np.random.default_rng(0)
    wanted = rng.uniform(-50, 50, 500 * SIZE).astype(np.float32)
    indices = np.full(len(wanted), 60, np.uint8)
    error = np.square(wanted - chosen(indices, wanted, 1e6)).mean()
    density = 2.0 ** (-CHECKED / SIZE)  # of points, a dimension
    assert error * density**2 < 0.9 / 12


def test_tables_know_the_parity():
    """The tables of a checked symbol are those of all symbols, given its parity."""
    index, one = 20, 1 << 24
    whole = TABLES.frequencies[index] / one
    half = TABLES.half_widths[index]
    for odd in (0, 1):
        table = TABLES.frequencies[(2 + odd) * N_SCALES + index] / one
        middle = TABLES.half_widths[(2 + odd) * N_SCALES + index]
        given_parity = {n: whole[2 * n + odd + half] for n in range(-2, 3)}
        total = sum(whole[s + half] for s in range(-half, half + 1) if s % 2 == odd)
        for n, mass in given_parity.items():
            assert table[n + middle] == pytest.approx(mass / total, rel=1e-3)


def test_counted_tables_are_symmetric():
    """A symbol and its negative have the same bits, whatever was counted; of an odd one that is n and -1 - n."""
    rng = np.random.default_rng(0)
    tables = fitted([rng.integers(0, 10_000, len(row)).astype(np.float64) for row in TABLES.frequencies])
    assert len(tables.frequencies) == N_TABLES
    for number in (12, N_SCALES + 12, 2 * N_SCALES + 12, 3 * N_SCALES + 12):
        row, odd = tables.frequencies[number][:-1], number >= 3 * N_SCALES
        assert np.abs(row[: len(row) - odd] - row[: len(row) - odd][::-1]).max() < 10  # the largest takes the remainder
