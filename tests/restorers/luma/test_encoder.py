"""The choice of a condition and strengths for `luma`."""

import numpy as np
import pytest

from nncodec.nets import weights
from nncodec.nets.resnet import ArtifactNet
from nncodec.restorers import Task
from nncodec.restorers.luma.bitstream import RestorerCondition
from nncodec.restorers.luma.correction import corrections
from nncodec.restorers.luma.encoder import Sample, best_condition, spread_regions
from tests import pictures


def task(height: int = 104, width: int = 136) -> Task:
    """A photograph with noise."""
    original = pictures.photograph(height, width)
    noise = np.random.default_rng(0).normal(0, 6, original.shape)
    return Task(np.clip(np.rint(original + noise), 0, 255).astype(np.uint8), original, 1, 10**6, 5)


def test_strengths_are_those_of_least_squares():
    job = task()
    net = ArtifactNet(weights.load(weights.newest("luma"), "luma"))
    sample = Sample(net, job)
    left, found = sample.fitted(0, 4)
    assert 0 < found.luma < 15
    assert 0 < found.chroma < 15
    errors = {}
    for strengths in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)):
        near = RestorerCondition(0, 4, found.luma + strengths[0], found.chroma + strengths[1])
        total = 0.0
        for region in sample.regions:
            y, c = corrections(net, job.seen, region, near)
            added = y[:, :, None] * near.luma / 8 + c * near.chroma / 8
            total += np.square(job.original[region] - job.seen[region].astype(float) - added).sum()
        errors[strengths] = total
    assert errors[0, 0] == pytest.approx(left, rel=1e-3)
    assert min(errors, key=errors.__getitem__) == (0, 0)


class Attuned:
    """A network that adds 6 to luma, and the more noise the farther it is from one family and level."""

    families, halo = 3, 0

    def __init__(self, family: int, level: int) -> None:
        self._best = family, level

    def correction(self, ycc: np.ndarray, family: int, level: float) -> np.ndarray:
        """Adds it."""
        far = abs(40 * level - self._best[1]) + 5 * (family != self._best[0])
        added = np.zeros_like(ycc)
        added[:, :, 0] = 6 + far * np.random.default_rng(0).normal(size=ycc.shape[:2])
        return added


@pytest.mark.parametrize("level", [0, 5, 13, 17, 33, 40])
def test_the_best_family_and_level_are_found(level):
    """Levels that the search can reach: in steps of 10, then 5, then 2."""
    seen = np.full((64, 64, 3), 100, np.uint8)
    found = best_condition(Attuned(2, level), Task(seen, seen + np.uint8(3), 1, 1000, 5), [0, 2])
    assert (found.family, found.level, found.luma) == (2, level, 4)  # 4/8 of 6


@pytest.mark.parametrize(
    ("height", "width", "count"), [(1, 1, 1), (128, 128, 1), (130, 100, 1), (200, 128, 2), (900, 700, 4)]
)
def test_regions_are_spread_over_the_picture(height, width, count):
    regions = spread_regions(height, width)
    assert len(set(map(str, regions))) == len(regions) == count
    for rows, columns in regions:
        assert rows.start % 8 == columns.start % 8 == 0
        assert rows.stop - rows.start == min(128, height - rows.start) > 0
        assert columns.stop - columns.start == min(128, width - columns.start) > 0


def test_regions_lie_in_the_middles_of_the_quarters():
    """Of a side of 1152: 1024 starts, of which a quarter and three quarters are taken."""
    found = spread_regions(1152, 128)
    assert found == [(slice(256, 384), slice(0, 128)), (slice(768, 896), slice(0, 128))]
