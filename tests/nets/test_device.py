"""The network that polishes, in torch as on a GPU, against NumPy."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch, an extra of the package, is not installed")

from nncodec.errors import UnsupportedFile
from nncodec.nets import weights
from nncodec.nets.device import net_on
from nncodec.nets.quantised import stored
from nncodec.nets.resnet import ArtifactNet
from nncodec.nets.resnet_torch import Accelerated
from nncodec.nets.resnet_torch import ArtifactNet as Trainable
from nncodec.restorers.luma import RESTORER

torch.set_num_threads(1)


def arrays(stride: int, blocks: int) -> dict[str, np.ndarray]:
    """A network with random parameters, as it would ship."""
    with torch.random.fork_rng():
        torch.manual_seed(stride)
        net = Trainable(1, stride, 16, blocks)
        for value in net.parameters():
            torch.nn.init.normal_(value, 0, 0.1)
    found: dict[str, np.ndarray] = {}
    for name, value in net.state_dict().items():
        found |= stored(f"net.{name}", value.numpy())
    return found


@pytest.mark.parametrize(("stride", "blocks"), [(4, 1), (4, 4), (2, 2)])
def test_torch_adds_what_numpy_adds(stride, blocks):
    weights = arrays(stride, blocks)
    mender, accelerated = ArtifactNet(weights), Accelerated(weights, "cpu")
    assert (accelerated.families, accelerated.halo) == (mender.families, mender.halo)
    side = 24 + 2 * mender.halo
    region = np.random.default_rng(0).normal(0, 40, (side, side + 8, 3)).astype(np.float32)
    expected = mender.correction(region, 0, 0.3)
    assert np.abs(expected).max() > 1
    assert np.abs(accelerated.correction(region, 0, 0.3) - expected).max() < 1e-2


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is one")
def test_cuda_where_there_is_none():
    with pytest.raises(UnsupportedFile, match="cuda"):
        net_on("cuda", arrays(4, 1))
    newest = bytes([weights.newest("luma"), 0, 0x88])
    with pytest.raises(UnsupportedFile, match="cuda"):
        RESTORER.apply(np.zeros((8, 8, 3), np.uint8), newest, "cuda")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_adds_what_numpy_adds():
    weights = arrays(4, 2)
    net = net_on("cuda", weights)
    region = np.random.default_rng(0).normal(0, 40, (24 + 2 * net.halo,) * 2 + (3,)).astype(np.float32)
    assert np.abs(net.correction(region, 0, 0.3) - ArtifactNet(weights).correction(region, 0, 0.3)).max() < 0.5
