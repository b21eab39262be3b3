"""The choice of the library that a residual network runs in: NumPy on the CPU, torch on a GPU."""

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from nncodec.nets import weights
from nncodec.nets.resnet import ArtifactNet

Floats = npt.NDArray[np.float32]
Arrays = dict[str, npt.NDArray[Any]]


class Net(Protocol):
    """A network that corrects regions of a picture; see `nncodec.nets.resnet.ArtifactNet`."""

    families: int
    """Number of codecs that it was trained for."""
    halo: int
    """Samples on each side of a region that a result depends on."""

    def correction(self, ycc: Floats, family: int, level: float) -> Floats:
        """The correction (H, W, 3) of the inner part of a region (H + 2 halo, W + 2 halo, 3), both in levels."""


def net_on(device: str, arrays: Arrays) -> Net:
    """Make the network on ``cpu``, ``cuda``, or ``auto``, which is the CPU: there it takes no `import torch`.

    Raises UnsupportedFile if there is no such device.
    """
    if device != "cuda":
        return ArtifactNet(arrays)
    weights.require("torch", "device cuda", "use the CPU")
    from nncodec.nets.resnet_torch import net_on_cuda

    return net_on_cuda(arrays)
