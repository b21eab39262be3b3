"""The 378-parameter network in NumPy: planes, regions, fitting. Against torch: test_network_torch.py."""

import numpy as np
import numpy.typing as npt
import pytest

from nncodec.restorers.tuned.fit import Fitter
from nncodec.restorers.tuned.network import HALO, N_PARAMETERS, correction, factors, luma, luma_with_halo

Floats = npt.NDArray[np.float32]


def parameters(seed: int = 0) -> Floats:
    """Weights under which every layer matters."""
    return np.random.default_rng(seed).normal(0, 0.4, N_PARAMETERS).astype(np.float32)


def plane(*shape: int) -> Floats:
    """Random luma."""
    return np.random.default_rng(7).uniform(0, 255, shape).astype(np.float32)


def test_378_weights_and_no_more() -> None:
    enter, blocks, leave = factors(parameters())
    assert enter.size + sum(d.size + p.size for d, p in blocks) + leave.size == N_PARAMETERS == 378


def test_correction_does_not_depend_on_how_a_plane_lies_in_memory() -> None:
    weights, x = parameters(), plane(40, 30)
    for view in (x.T, x[3:25, 2:20], x[::-1, ::-1]):
        assert np.array_equal(correction(weights, view), correction(weights, view.copy()))


def test_a_piece_with_its_halo_gives_the_same_as_the_whole() -> None:
    weights, x = parameters(2), plane(60, 50)
    piece = correction(weights, x[20 : 40 + 2 * HALO, 10 : 30 + 2 * HALO])
    assert piece == pytest.approx(correction(weights, x)[20:40, 10:30], rel=1e-4, abs=1e-3)


def test_luma_of_gray_is_gray_itself_and_of_white_is_white() -> None:
    gray = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert np.array_equal(luma(gray), gray.astype(np.float32))
    assert luma(np.full((2, 2, 3), 255, np.uint8)) == pytest.approx(255)


def test_luma_with_halo_a_region_repeats_the_border_of_the_picture() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    padded = np.pad(picture, ((HALO, HALO), (HALO, HALO), (0, 0)), mode="edge").astype(float) @ [0.299, 0.587, 0.114]
    for rows, columns in ((slice(0, 20), slice(0, 30)), (slice(3, 9), slice(25, 30)), (slice(19, 20), slice(0, 1))):
        expected = padded[rows.start : rows.stop + 2 * HALO, columns.start : columns.stop + 2 * HALO]
        assert luma_with_halo(picture, rows, columns) == pytest.approx(expected, abs=1e-3)


def test_fitting_lowers_the_error_it_is_fitted_to() -> None:
    """A plane whose every second column was darkened: nothing a 3 x 3 kernel could not see."""
    original = np.tile(np.linspace(60, 190, 32, dtype=np.float32), (32, 1))
    seen = original.copy()
    seen[:, ::2] -= 12
    pair = Fitter(seen, original)
    start = parameters(3) * 0.5
    first, second = (fit.parameters for fit in pair.fits(start, (20, 40)))
    assert pair.sample().error_after(first) < 0.95 * pair.sample().error_after(start)
    assert pair.sample().error_after(second) < pair.sample().error_after(first)


def test_a_fit_knows_how_the_error_curves_around_it() -> None:
    """Gauss-Newton is exact where the error is linear in the weights: in those of the last layer."""
    pair = Fitter(plane(32, 32), plane(32, 32) * 0.9)
    (fit,) = pair.fits(parameters(5), (1,))
    sample, before = pair.sample(), pair.sample().error_before()
    change = np.zeros(N_PARAMETERS, np.float32)
    change[324:] = np.random.default_rng(0).normal(0, 0.05, 54)
    here, there, back = (sample.error_after(fit.parameters + sign * change) / before for sign in (0, 1, -1))
    assert change @ fit.curvature @ change == pytest.approx(there + back - 2 * here, rel=0.01)


@pytest.mark.parametrize("shape", [(1, 1), (1, 70), (70, 1), (9, 13)])
def test_planes_smaller_than_a_region_can_be_fitted(shape: tuple[int, int]) -> None:
    pair = Fitter(plane(*shape), plane(*shape))
    (fit,) = pair.fits(parameters(), (2,))
    assert np.isfinite(fit.parameters).all()
    assert np.isfinite(fit.curvature).all()
