"""The bitplane schedule of the recurrent codec: large coefficients come first."""

import numpy as np

from nncodec.codecs.recurrent.bitplane_schedule import schedule_bitplanes


def test_the_schedule_asks_for_large_coefficients_first():
    """Two channels that are 64 times as large as the two others are asked for more often, and earlier."""
    rng = np.random.default_rng(0)
    found, slopes = schedule_bitplanes(
        rng.laplace(0, [640, 640, 10, 10], (4000, 4)).astype(np.float32), (0.01, 0.02, 0.04)
    )
    assert found == sorted(found, key=lambda each: (each.layer, each.round, each.channel))
    assert slopes == sorted(slopes, reverse=True)
    per_channel = [[each.exponent for each in found if each.channel == channel] for channel in range(4)]
    assert all(each == sorted(each, reverse=True) and len(set(each)) == len(each) for each in per_channel)
    assert len(per_channel[0]) > len(per_channel[2])
    assert all(2**each.exponent < each.amplitude < 2.5 * 2**each.exponent for each in found if each.exponent > 3)
    assert min(each.layer for each in found if each.channel in (0, 1)) == 0
    assert all(each.layer for each in found if each.channel in (2, 3))
