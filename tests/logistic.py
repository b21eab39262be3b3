"""Tables of distributions for tests."""

from nncodec.entropy.scales import N_SCALES
from nncodec.entropy.tables import Tables, logistic_masses, scale_of, to_frequencies


def logistic_tables() -> Tables:
    """Logistic tables of all scale indices."""
    return Tables(tuple(to_frequencies(logistic_masses(scale_of(index))) for index in range(N_SCALES)))
