"""Weights of the recurrent codec, small and random, but with all the machinery of those that ship."""

from functools import cache

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch, an extra of the package, is not installed")

from nncodec.codecs.recurrent import recipe as recurrent
from nncodec.codecs.recurrent.bitplane_schedule import Bitplane
from nncodec.codecs.recurrent.model_torch import RecurrentModel
from nncodec.codecs.recurrent.transform import PER_PLANE
from nncodec.codecs.recurrent.unrolled_torch import UnrolledCodec
from nncodec.nets import weights

torch.set_num_threads(1)  # more would only wait for each other here

SETTINGS = recurrent.Hyperparameters(minutes=1, encoder=4, decoder=6, hidden=5)
LOW = (0, 1, 2, 3, 16, 17, 32, PER_PLANE, 2 * PER_PLANE)
"""Channels of low frequency in all three planes."""
LAYERS = 4


def bitplanes() -> list[Bitplane]:
    """Thresholds of 1,024 levels down to 32 in the first layer, then halved in each."""
    found = [Bitplane(0, 10 - e, c, e, 1.4 * 2**e, 0.2) for e in range(10, 4, -1) for c in LOW]
    for layer in range(1, LAYERS):
        found += [Bitplane(layer, 0, channel, 5 - layer, 1.5 * 2 ** (5 - layer), 0.3) for channel in LOW]
    return found


@cache
def trainable(additive: bool = False) -> UnrolledCodec:
    """Lively weights wherever they start at zero."""
    sizes = SETTINGS.encoder, SETTINGS.decoder, SETTINGS.hidden
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = UnrolledCodec(bitplanes(), [4.0 ** (6 - layer) for layer in range(LAYERS)], *sizes, additive)
        for parameter in (*model.network.parameters(), *model.prior.parameters()):
            parameter.data += 0.03 * torch.randn_like(parameter)
    return model


@cache
def arrays(additive: bool = False) -> weights.Arrays:
    """As they would ship."""
    return trainable(additive).to_arrays()


@cache
def model(additive: bool = False) -> RecurrentModel:
    """Ready to code."""
    return RecurrentModel(arrays(additive))


def picture(height: int, width: int, channels: int = 3) -> np.ndarray:
    """Smooth, so that a few channels hold most of it; (H, W) or (H, W, 3) uint8."""
    y, x = np.mgrid[:height, :width] / 40
    planes = [128 + 70 * np.sin(y + plane) * np.cos(x - plane) for plane in range(channels)]
    return np.rint(np.stack(planes, -1) if channels == 3 else planes[0]).astype(np.uint8)
