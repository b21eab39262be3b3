"""Measures by a VGG16 network: shift-tolerant LPIPS against its authors' program, and the distance of patches."""

import itertools
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("stlpips_pytorch")

from nncodec.bench.perceptual import MeasureError, compute, deep_torch, vgg_torch
from nncodec.nets import stlpips_torch
from tests.bench.perceptual.test_measures import coarse, picture, shifted

BOTH = ("st_lpips", "vgg_patch_mmd")


@pytest.mark.parametrize(
    ("size", "change", "expected"),
    [
        ((96, 128), coarse, 0.2841320037841797),
        ((96, 128), shifted, 0.023327670991420746),
        ((97, 131), coarse, 0.28113478422164917),
        ((97, 131), shifted, 0.025362523272633553),
    ],
)
def test_st_lpips_is_that_of_the_authors_program(
    size: tuple[int, int], change: Callable[[Any], Any], expected: float
) -> None:
    """``stlpips.LPIPS(net="vgg", variant="shift_tolerant")`` of stlpips-pytorch 0.0.2, run on these pictures."""
    a = picture(*size)
    assert compute(a, change(a), ["st_lpips"])["st_lpips"] == pytest.approx(expected, abs=2e-6)


def test_equal_pictures_have_no_distance() -> None:
    a = picture(96, 96)
    assert compute(a, a.copy(), BOTH) == {"st_lpips": 0.0, "vgg_patch_mmd": 0.0}


def test_the_set_of_patches_hardly_changes_by_a_shift_and_much_by_what_they_show() -> None:
    a = picture(96, 128)
    moved, quantised = (compute(a, change(a), BOTH)["vgg_patch_mmd"] for change in (shifted, coarse))
    assert abs(moved) < 0.01 < 0.5 < quantised


def test_patch_mmd_is_the_u_statistic_of_its_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mean over all ordered pairs of different places, written out; in blocks that do not divide the number."""
    monkeypatch.setattr(deep_torch, "_BLOCK", 4)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(7, 3)), rng.normal(0.3, 1, size=(7, 3))

    def kernel(u: Any, v: Any) -> float:
        return float((np.dot(u, v) + 1) ** 3)

    pairs = [
        kernel(x[i], x[j]) + kernel(y[i], y[j]) - kernel(x[i], y[j]) - kernel(x[j], y[i])
        for i, j in itertools.permutations(range(7), 2)
    ]
    found = deep_torch.patch_mmd(torch.from_numpy(x), torch.from_numpy(y))
    assert found == pytest.approx(sum(pairs) / len(pairs), rel=1e-12)


def test_large_pictures_are_measured_in_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """The value of ST-LPIPS is the mean of the tiles by their areas."""
    a, b = picture(100, 131), coarse(picture(100, 131))
    parts = [(slice(0, 66), 66), (slice(66, 131), 65)]
    each = [compute(a[:, part], b[:, part], ["st_lpips"])["st_lpips"] * width for part, width in parts]
    monkeypatch.setattr(vgg_torch, "_TILE", 100)
    assert compute(a, b, ["st_lpips"])["st_lpips"] == pytest.approx(sum(each) / 131, abs=1e-6)


@pytest.mark.parametrize("name", BOTH)
def test_the_smallest_picture_is_measured(name: str) -> None:
    side = {"st_lpips": 18, "vgg_patch_mmd": 96}[name]
    a = picture(side, side)
    assert compute(a, 255 - a, [name])[name] > 0
    with pytest.raises(MeasureError, match=f"{side} x {side}"):
        compute(a[1:], a[1:], [name])


def test_another_file_of_weights_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spec = ModuleSpec("stlpips_pytorch", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(stlpips_torch, "find_spec", lambda name: spec)
    file = tmp_path / "weights" / "vST0.0" / "vgg_shift_tolerant.pth"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"something else")
    stlpips_torch.weights.cache_clear()
    with pytest.raises(MeasureError, match=r"weights of stlpips-pytorch 0\.0\.2") as failure:
        vgg_torch.weights()
    assert failure.value.hint == "pip install stlpips-pytorch==0.0.2"
