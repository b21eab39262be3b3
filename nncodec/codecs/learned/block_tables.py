"""The distributions of ``learned``: one for every scale index and kind of symbol (`nncodec.codecs.learned.blocks`)."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from nncodec.entropy.scales import N_SCALES
from nncodec.entropy.tables import TAIL, Tables, fitted_frequencies, logistic_masses, scale_of, to_frequencies

Masses = npt.NDArray[np.float64]


def logistic_block_tables() -> Tables:
    """The tables of symbols whose distribution is logistic, which networks are trained for."""
    return Tables(tuple(to_frequencies(masses) for masses, _ in _logistic()))


def fitted(counts: list[Masses]) -> Tables:
    """Tables between the logistic distributions and the observed counts of their entries, made symmetric."""
    kinds = zip(counts, _logistic(), strict=True)
    return Tables(tuple(fitted_frequencies(row, masses, last) for row, (masses, last) in kinds))


def _logistic() -> Iterator[tuple[Masses, int]]:
    """Probabilities of the entries of every table, and the last entry that has a mirror image among those from 0 on."""
    whole = [logistic_masses(scale_of(index)) for index in range(N_SCALES)]
    for masses in whole * 2:  # alone, free
        yield masses, len(masses) - 2
    for odd in (0, 1):
        for masses in whole:
            yield _of_parity(masses, odd), len(_of_parity(masses, odd)) - 2 - odd


def _of_parity(masses: Masses, odd: int) -> Masses:
    """Probabilities of the numbers n that stand for symbols 2 n + ``odd``, given all symbols' and the escape's."""
    half = len(masses) // 2 - 1
    most = half // 2 + 1
    symbols = 2 * np.arange(-most, most + 1) + odd
    inside = np.abs(symbols) <= half
    found = np.where(inside, masses[np.where(inside, symbols + half, 0)], TAIL)
    return np.append(found, TAIL)
