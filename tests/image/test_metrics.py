"""The measures against a slow direct reference, against values worked out by hand, and at their edges."""

import math

import numpy as np
import numpy.typing as npt
import pytest

from nncodec.image import metrics

WEIGHTS = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333]  # Wang, Simoncelli, Bovik 2003, section 3.2


def noisy(shape: tuple[int, ...], spread: float, seed: int = 1) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """A smooth picture with texture, and the same with noise."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    base = 128 + 60 * np.sin(rows / 7) * np.cos(cols / 11)
    if len(shape) == 3:
        base = base[..., None] + np.array([0, 15, -20])
    a = base + rng.normal(0, 8, shape)
    b = a + rng.normal(0, spread, shape)
    return a.clip(0, 255).astype(np.uint8), b.clip(0, 255).astype(np.uint8)


def slow_similarity(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], peak: float) -> tuple[float, float]:
    """Wang et al. 2004, equations 13 to 16, one window after the other."""
    axis = np.arange(-5, 6)
    window = np.exp(-(axis[:, None] ** 2 + axis[None, :] ** 2) / (2 * 1.5**2))
    window /= window.sum()
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    full, structure = [], []
    for i in range(x.shape[0] - 10):
        for j in range(x.shape[1] - 10):
            p, q = x[i : i + 11, j : j + 11], y[i : i + 11, j : j + 11]
            mp, mq = (window * p).sum(), (window * q).sum()
            vp, vq = (window * (p - mp) ** 2).sum(), (window * (q - mq) ** 2).sum()
            cov = (window * (p - mp) * (q - mq)).sum()
            structure.append((2 * cov + c2) / (vp + vq + c2))
            full.append(structure[-1] * (2 * mp * mq + c1) / (mp * mp + mq * mq + c1))
    return float(np.mean(full)), float(np.mean(structure))


def slow_multi_scale(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], weights: list[float]) -> float:
    """Wang, Simoncelli, Bovik 2003, equation 7, with 2 x 2 means between the scales."""
    result = 1.0
    for scale, weight in enumerate(weights):
        full, structure = slow_similarity(x, y, 255)
        last = scale == len(weights) - 1
        result *= (full if last else structure) ** (weight / sum(weights))
        rows, cols = x.shape[0] // 2, x.shape[1] // 2
        x, y = (p[: 2 * rows, : 2 * cols].reshape(rows, 2, cols, 2).mean((1, 3)) for p in (x, y))
    return result


@pytest.mark.parametrize("size", [(11, 11), (12, 80), (74, 75), (33, 19)])
def test_ssim_equals_the_direct_sum(size: tuple[int, int]) -> None:
    a, b = noisy(size, 12)
    expected, _ = slow_similarity(a.astype(float), b.astype(float), 255)
    assert metrics.ssim(a, b) == pytest.approx(expected, abs=1e-10)


def test_ms_ssim_equals_the_direct_sum() -> None:
    a, b = noisy((177, 181), 20)
    expected = slow_multi_scale(a.astype(float), b.astype(float), WEIGHTS)
    assert metrics.ms_ssim(a, b) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("side", "n_scales"), [(175, 4), (88, 4), (87, 3), (44, 3), (43, 2), (22, 2), (21, 1)])
def test_ms_ssim_of_small_pictures_uses_fewer_scales(side: int, n_scales: int) -> None:
    a, b = noisy((side, 200), 20)
    expected = slow_multi_scale(a.astype(float), b.astype(float), WEIGHTS[:n_scales])
    assert metrics.ms_ssim(a, b) == pytest.approx(expected, abs=1e-9)


def test_colour_is_the_mean_of_the_channels() -> None:
    a, b = noisy((40, 50, 3), 15)
    b[..., 0] = a[..., 0]
    channels = [(a[..., c], b[..., c]) for c in range(3)]
    assert metrics.ssim(a, b) == pytest.approx(np.mean([metrics.ssim(p, q) for p, q in channels]), abs=1e-12)
    assert metrics.ms_ssim(a, b) == pytest.approx(np.mean([metrics.ms_ssim(p, q) for p, q in channels]), abs=1e-12)
    assert metrics.ssim(a, b) > 1 / 3


def test_ssim_agrees_with_torch_convolutions() -> None:
    """By another library: dense two-dimensional convolutions of the whole picture."""
    torch = pytest.importorskip("torch")
    a, b = noisy((90, 130), 18)
    axis = torch.arange(11, dtype=torch.float64) - 5
    window = torch.exp(-(axis**2) / 4.5)
    kernel = torch.outer(window, window)[None, None] / window.sum() ** 2
    x, y = (torch.from_numpy(p.astype(np.float64))[None, None] for p in (a, b))
    mx, my, xx, yy, xy = (torch.nn.functional.conv2d(p, kernel) for p in (x, y, x * x, y * y, x * y))
    c1, c2 = 2.55**2, 7.65**2
    expected = (2 * mx * my + c1) * (2 * (xy - mx * my) + c2) / ((mx**2 + my**2 + c1) * (xx - mx**2 + yy - my**2 + c2))
    assert metrics.ssim(a, b) == pytest.approx(expected.mean().item(), abs=1e-10)


def test_ssim_of_two_flat_pictures_is_the_luminance_term() -> None:
    """No variance: equation 13 leaves (2 m n + C1) / (m^2 + n^2 + C1)."""
    a, b = np.full((20, 30), 100, np.uint8), np.full((20, 30), 150, np.uint8)
    c1 = (0.01 * 255) ** 2
    assert metrics.ssim(a, b) == pytest.approx((2 * 100 * 150 + c1) / (100**2 + 150**2 + c1), abs=1e-9)


def test_ssim_of_a_negative_is_negative_and_ms_ssim_stops_at_zero() -> None:
    a, _ = noisy((200, 200), 0)
    negative = 255 - a
    assert metrics.ssim(a, negative) < 0
    assert metrics.ms_ssim(a, negative) == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (300, 1), (5, 5, 3), (11, 11), (10, 64), (65, 74, 3), (1, 75)])
def test_equal_pictures_of_any_size_score_one(shape: tuple[int, ...]) -> None:
    a = np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)
    scores = metrics.measure(a, a.copy())
    assert (scores.mse, scores.psnr, scores.psnr_y) == (0, math.inf, math.inf)
    assert scores.ssim == pytest.approx(1, abs=1e-12)
    assert scores.ms_ssim == pytest.approx(1, abs=1e-12)


def test_a_narrow_picture_has_a_narrow_window() -> None:
    """One column: the window is 11 x 1, so the two-dimensional sum becomes a one-dimensional one."""
    a, b = noisy((30, 1), 25)
    window = np.exp(-(np.arange(-5, 6) ** 2) / 4.5)
    window /= window.sum()
    x, y = a[:, 0].astype(float), b[:, 0].astype(float)
    values = []
    for i in range(20):
        p, q = x[i : i + 11], y[i : i + 11]
        mp, mq = window @ p, window @ q
        v, w, c = window @ (p - mp) ** 2, window @ (q - mq) ** 2, window @ ((p - mp) * (q - mq))
        values.append((2 * mp * mq + 6.5025) * (2 * c + 58.5225) / ((mp**2 + mq**2 + 6.5025) * (v + w + 58.5225)))
    assert metrics.ssim(a, b) == pytest.approx(np.mean(values), abs=1e-10)


def test_mse_and_psnr_by_hand() -> None:
    a = np.array([[0, 10], [20, 255]], np.uint8)
    b = np.array([[3, 10], [16, 255]], np.uint8)
    assert metrics.mse(a, b) == (9 + 16) / 4
    assert metrics.mse(b, a) == (9 + 16) / 4  # unsigned differences must not wrap
    assert metrics.psnr(a, b) == pytest.approx(10 * math.log10(255**2 / 6.25))
    assert metrics.psnr(np.zeros((4, 4), np.uint8), np.full((4, 4), 255, np.uint8)) == 0


def test_psnr_of_a_constant_error_of_one() -> None:
    """The textbook figure: one code value everywhere is 48.13 dB."""
    a = np.full((400, 900, 3), 7, np.uint8)  # more samples than one strip
    assert metrics.mse(a, a + np.uint8(1)) == 1
    assert metrics.psnr(a, a + np.uint8(1)) == pytest.approx(48.1308, abs=5e-5)


def test_mse_is_the_plain_mean_over_many_strips() -> None:
    a, b = noisy((701, 400, 3), 9)
    assert metrics.mse(a, b) == pytest.approx(np.mean((a.astype(float) - b) ** 2), rel=1e-12)


def test_sixteen_bits_score_as_eight_do() -> None:
    a, b = noisy((60, 70, 3), 10)
    wide = metrics.measure(a.astype(np.uint16) * 257, b.astype(np.uint16) * 257)
    narrow = metrics.measure(a, b)
    assert wide.mse == pytest.approx(narrow.mse * 257**2)
    assert wide[1:] == pytest.approx(narrow[1:], abs=1e-6)


def test_luma_of_the_primaries() -> None:
    rgb = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [9, 9, 9]]], np.uint8)
    assert metrics.luma(rgb)[0].tolist() == pytest.approx([76.245, 149.685, 29.07, 255, 9], abs=1e-4)
    assert metrics.luma(rgb[..., 1]).tolist() == rgb[..., 1].tolist()
    assert metrics.luma(rgb).dtype == np.float32


def test_psnr_y_weighs_the_channels() -> None:
    """An error of 10 in green alone is 5.87 in luma."""
    a = np.full((8, 8, 3), 100, np.uint8)
    b = a.copy()
    b[..., 1] += 10
    assert metrics.measure(a, b).psnr_y == pytest.approx(20 * math.log10(255 / 5.87), abs=1e-4)


def test_measure_agrees_with_the_single_measures() -> None:
    a, b = noisy((190, 210, 3), 14)
    scores = metrics.measure(a, b)
    assert scores == (
        metrics.mse(a, b),
        metrics.psnr(a, b),
        metrics.psnr(metrics.luma(a), metrics.luma(b), 255),
        metrics.ssim(a, b),
        metrics.ms_ssim(a, b),
    )


def test_more_noise_is_worse() -> None:
    scores = [metrics.measure(*noisy((180, 180, 3), spread)) for spread in (3, 10, 30)]
    for worse, better in ((1, 0), (2, 1)):
        assert scores[worse].mse > scores[better].mse
        assert all(w < b for w, b in zip(scores[worse][1:], scores[better][1:], strict=True))


@pytest.mark.parametrize("measure", [metrics.mse, metrics.psnr, metrics.ssim, metrics.ms_ssim, metrics.measure])
def test_refuses_what_cannot_be_compared(measure: object) -> None:
    assert callable(measure)
    with pytest.raises(ValueError, match="different shapes"):
        measure(np.zeros((4, 4), np.uint8), np.zeros((4, 5), np.uint8))
    with pytest.raises(ValueError, match="expected"):
        measure(np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8))
    with pytest.raises(ValueError, match="expected"):
        measure(np.zeros((0, 4), np.uint8), np.zeros((0, 4), np.uint8))


@pytest.mark.parametrize("measure", [metrics.psnr, metrics.ssim, metrics.ms_ssim, metrics.measure])
def test_floats_need_a_peak(measure: object) -> None:
    assert callable(measure)
    a = np.zeros((12, 12), np.float32)
    with pytest.raises(ValueError, match="peak"):
        measure(a, a)
    with pytest.raises(ValueError, match="peak"):
        measure(a.astype(np.uint8), a.astype(np.uint16))
