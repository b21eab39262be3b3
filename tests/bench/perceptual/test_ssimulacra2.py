"""SSIMULACRA 2 against scores of the reference program."""

import numpy as np
import pytest

pytest.importorskip("ssimulacra2")

from nncodec.bench.perceptual import compute

MASK = (1 << 64) - 1


def flat(side: int, level: int) -> np.ndarray:
    return np.full((side, side, 3), level, np.uint8)


def ramp(side: int) -> np.ndarray:
    """Gray levels from 0 on the left to 255 on the right."""
    levels = (np.arange(side) * 255 // (side - 1)).astype(np.uint8)
    return np.broadcast_to(levels[None, :, None], (side, side, 3)).copy()


def lcg_noise(side: int, seed: int) -> np.ndarray:
    """Bits 33 to 40 of a linear congruential generator with Knuth's constants."""
    samples = []
    for _ in range(side * side * 3):
        seed = (seed * 6364136223846793005 + 1442695040888963407) & MASK
        samples.append(seed >> 33 & 255)
    return np.array(samples, np.uint8).reshape(side, side, 3)


def ssimulacra2(a: np.ndarray, b: np.ndarray) -> float:
    return compute(a, b, ["ssimulacra2"])["ssimulacra2"]


@pytest.mark.parametrize(
    ("side", "level", "expected"),
    [
        (64, 148, 56.05855584),
        (64, 178, -8.75942256),
        (128, 138, 77.84296299),
        (128, 148, 54.27883917),
        (128, 178, -9.82383315),
        (256, 148, 59.77892918),
        (256, 178, -0.39085784),
    ],
)
def test_scores_of_flat_pictures_are_those_of_the_reference_program(side: int, level: int, expected: float) -> None:
    """Scores of ``ssimulacra2`` of libjxl, as published in github.com/imazen/ssimulacra2 (src/reference_data.rs).

    The reference computes in float32, which matters on flat pictures: for shifts below 10 levels by up to two points.
    """
    assert ssimulacra2(flat(side, 128), flat(side, level)) == pytest.approx(expected, abs=0.12)


def test_scores_of_a_ramp_and_of_noise_are_those_of_the_reference_program() -> None:
    """From the same table: the smallest pictures, which have fewer scales, and scores far below 0."""
    assert ssimulacra2(ramp(64), flat(64, 128)) == pytest.approx(-64.56872148, abs=0.01)
    assert ssimulacra2(lcg_noise(64, 42), flat(64, 128)) == pytest.approx(-47.33572558, abs=0.01)


def test_equal_pictures_score_100_at_any_size() -> None:
    for size in ((8, 8), (9, 40), (65, 33)):
        pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
        assert ssimulacra2(pixels, pixels.copy()) == 100.0


def test_rows_and_columns_are_treated_alike() -> None:
    a, b = lcg_noise(40, 7)[:33], lcg_noise(40, 7)[:33] // 32 * 32
    assert ssimulacra2(a.swapaxes(0, 1), b.swapaxes(0, 1)) == pytest.approx(ssimulacra2(a, b), abs=1e-9)
