"""Perceptual measures: the registry, what is refused, and known answers of HaarPSI and GMSD."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nncodec.bench import perceptual
from nncodec.bench.perceptual import MEASURES, MeasureError, compute
from nncodec.bench.perceptual.samples import rgb8

WITHOUT_PACKAGES = ("haarpsi", "gmsd")


def picture(height: int, width: int) -> np.ndarray:
    """A pattern of edges, ramps and texture, the same on every machine."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [(3 * x + 2 * y) % 256, (x * y // 7) % 256, (5 * y + (x // 16) * 40) % 256]
    return np.stack(planes, axis=2).astype(np.uint8)


def coarse(pixels: np.ndarray) -> np.ndarray:
    """Six levels for each channel."""
    return pixels // 48 * 48 + 24


def shifted(pixels: np.ndarray) -> np.ndarray:
    """One pixel to the right, around the border."""
    return np.roll(pixels, 1, axis=1)


@pytest.mark.parametrize(
    ("size", "change", "expected"),
    [
        ((96, 128), coarse, 0.52886597709326),
        ((96, 128), shifted, 0.7847943167572067),
        ((97, 131), coarse, 0.5337856630713157),
        ((97, 131), shifted, 0.7909133307403386),
    ],
)
def test_haarpsi_is_that_of_the_authors_program(
    size: tuple[int, int], change: Callable[[Any], Any], expected: float
) -> None:
    """Their NumPy program (github.com/rgcda/haarpsi), run on these pictures with SciPy 1.17."""
    a = picture(*size)
    assert compute(a, change(a), ["haarpsi"])["haarpsi"] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("size", "change", "expected"),
    [
        ((96, 128), coarse, 0.18702041987256687),
        ((96, 128), shifted, 0.12887084490551107),
        ((97, 131), coarse, 0.18481268707722953),
        ((97, 131), shifted, 0.1265950331016801),
    ],
)
def test_gmsd_is_that_of_another_implementation(
    size: tuple[int, int], change: Callable[[Any], Any], expected: float
) -> None:
    """``piq.gmsd`` of piq 0.8.0 on these pictures, in float64."""
    a = picture(*size)
    assert compute(a, change(a), ["gmsd"])["gmsd"] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("pixels", [picture(40, 33), np.zeros((40, 33), np.uint8), np.full((40, 33), 255, np.uint8)])
def test_equal_pictures_have_no_distance(pixels: np.ndarray) -> None:
    found = compute(pixels, pixels.copy(), WITHOUT_PACKAGES)
    assert found == {"haarpsi": 1.0, "gmsd": 0.0}
    assert all(MEASURES[name].quality(value) == math.inf for name, value in found.items())


def test_more_noise_is_worse() -> None:
    a = picture(64, 64)
    noise = np.random.default_rng(0).integers(-9, 10, a.shape)
    values = [compute(a, np.clip(a + k * noise, 0, 255).astype(np.uint8), WITHOUT_PACKAGES) for k in (1, 2, 4)]
    assert values[0]["haarpsi"] > values[1]["haarpsi"] > values[2]["haarpsi"] > 0
    assert 0 < values[0]["gmsd"] < values[1]["gmsd"] < values[2]["gmsd"]


def test_gray_is_measured_as_three_equal_channels_and_deep_samples_are_rounded() -> None:
    a = picture(48, 48)[:, :, 0]
    b = coarse(a)
    expected = compute(np.stack([a] * 3, axis=2), np.stack([b] * 3, axis=2), WITHOUT_PACKAGES)
    assert compute(a, b, WITHOUT_PACKAGES) == expected
    deep = (a.astype(np.uint16) * 257, b.astype(np.uint16) * 257 + 100)
    assert compute(*deep, WITHOUT_PACKAGES) == expected
    assert rgb8(np.array([[65535, 128, 129]], np.uint16))[0, :, 0].tolist() == [255, 0, 1]


def test_results_come_in_the_order_of_the_names() -> None:
    a = picture(32, 32)
    assert list(compute(a, a, ["gmsd", "haarpsi"])) == ["gmsd", "haarpsi"]
    assert compute(a, a, []) == {}


@pytest.mark.parametrize("name", WITHOUT_PACKAGES)
def test_the_smallest_picture_is_measured_and_a_smaller_one_refused(name: str) -> None:
    side = MEASURES[name].min_side
    a = picture(side, side)
    assert math.isfinite(compute(a, 255 - a, [name])[name])
    with pytest.raises(MeasureError, match=f"{name} needs pictures of {side} x {side} pixels"):
        compute(a[1:], a[1:], [name])


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perceptual, "find_spec", lambda name: None)
    perceptual.check_installed(WITHOUT_PACKAGES)
    with pytest.raises(MeasureError, match="^st_lpips needs torch and stlpips-pytorch$") as failure:
        compute(picture(32, 32), picture(32, 32), ["gmsd", "st_lpips"])
    assert failure.value.hint == "pip install 'nnc-image[bench,torch]' brings it"
    with pytest.raises(MeasureError, match="^ssimulacra2 needs scipy and ssimulacra2$"):
        perceptual.check_installed(["ssimulacra2"])


def test_scales_of_curves_grow_with_quality() -> None:
    assert MEASURES["gmsd"].quality(0.01) == pytest.approx(20.0)
    assert MEASURES["haarpsi"].quality(0.999) == pytest.approx(30.0)
    assert MEASURES["ssimulacra2"].quality(-12.5) == -12.5
    assert MEASURES["vgg_patch_mmd"].quality(-0.001) == math.inf
    assert {measure.unit for measure in MEASURES.values()} == {"dB", "points"}
