"""Where the residual blocks of codec ``learned`` and restorer ``luma`` run: in NumPy on the CPU, in torch on a GPU."""

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from nncodec.errors import UnsupportedFile
from nncodec.nets import weights
from nncodec.nets.quantised import restored
from nncodec.nets.resnet import UNIT, ArtifactNet, Shape

Floats = npt.NDArray[np.float32]
Arrays = dict[str, npt.NDArray[Any]]


class Net(Protocol):
    """A network that corrects regions of a picture; see `nncodec.nets.resnet.ArtifactNet`."""

    families: int
    halo: int

    def correction(self, ycc: Floats, family: int, level: float) -> Floats:
        """What to add to three planes of a region, given it with a halo."""


def net_on(device: str, arrays: Arrays) -> Net:
    """The network on ``cpu``, ``cuda``, or ``auto``, which is the CPU: there it takes no `import torch`.

    Raises UnsupportedFile if there is no such device.
    """
    if device != "cuda":
        return ArtifactNet(arrays)
    weights.require("torch", "device cuda", "use the CPU")
    import torch

    if not torch.cuda.is_available():
        raise UnsupportedFile("there is no cuda device here", "use the CPU; the picture is the same")
    return Accelerated(arrays, device)


class Accelerated:
    """The same function as `nncodec.nets.resnet.ArtifactNet`, in torch."""

    def __init__(self, arrays: Arrays, device: str) -> None:
        from nncodec.nets.resnet_torch import BLOCK
        from nncodec.nets.resnet_torch import ArtifactNet as Trainable

        values = restored(arrays, "net")
        self._net = Trainable.of(values).requires_grad_(False).to(device)
        self._device = device
        shape = Shape.of(values)
        self.families, self.halo = shape.families, shape.halo
        self._border = -self.halo % BLOCK

    def correction(self, ycc: Floats, family: int, level: float) -> Floats:
        """See `nncodec.nets.resnet.ArtifactNet.correction`."""
        import torch
        from torch.nn import functional as F

        x = torch.from_numpy(np.moveaxis(ycc, -1, 0) / np.float32(UNIT))[None].to(self._device)
        conditions = torch.tensor([family], device=self._device), torch.tensor([level], device=self._device)
        y = self._net(F.pad(x, [self._border] * 4), *conditions)[0]
        inner = slice(self.halo + self._border, -(self.halo + self._border))
        added: Floats = y[:, inner, inner].permute(1, 2, 0).cpu().numpy() * np.float32(UNIT)
        return added
