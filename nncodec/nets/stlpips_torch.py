"""The networks of shift-tolerant LPIPS: weights, from the package ``stlpips-pytorch``, and AlexNet's features.

The package is not imported, as it would need torchvision: only its files of weights are read. Their SHA-256 is checked
first, since other files would give other figures. Networks are trained with AlexNet and judged with VGG16
(`nncodec.bench.perceptual.vgg_torch`), so that the judge is not the loss.
"""

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from nncodec.errors import UnsupportedFile

Weights = dict[str, Tensor]

_PACKAGE = "stlpips_pytorch"
_FILES = {
    "vgg": (
        "weights/vST0.0/vgg_shift_tolerant.pth",
        "44597da68f49c1837c100ff52299050f274d102eb102e5837178c79be6f0e250",
    ),
    "alex": (
        "weights/vST0.0/alex_shift_tolerant.pth",
        "b356b382f96010f77d085ee8343ecd9fd322d0a56e8de2b2d0549fafcad8b9ee",
    ),
}
_SLICES = ((5,), (9,), (11,), (13,))
"""Numbers of the convolutions of AlexNet behind the first."""
_POOLED = {2: 4, 3: 8}
"""Numbers of the smoothing filters, by the slice that begins with pooling."""


@cache
def weights(network: str) -> Weights:
    """Arrays of ``vgg`` or ``alex`` by name; UnsupportedFile if the package or its file is missing or another."""
    file, digest = _FILES[network]
    spec = find_spec(_PACKAGE)
    path = Path(spec.origin or "").parent / file if spec else Path()
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        raise UnsupportedFile("the weights of stlpips-pytorch 0.0.2 are missing", "pip install stlpips-pytorch==0.0.2")
    arrays: Weights = torch.load(path, map_location="cpu", weights_only=True)
    return arrays


def unit_length(x: Tensor) -> Tensor:
    """Features (B, C, h, w) divided by their length over the channels."""
    return x / (x.square().sum(dim=1, keepdim=True) + 1e-10).sqrt()


def _smoothed(x: Tensor, filters: Tensor) -> Tensor:
    """Every second sample after a smoothing filter, over a border of two reflected samples."""
    return F.conv2d(F.pad(x, (2, 2, 2, 2), mode="reflect"), filters, stride=2, groups=x.shape[1])


@cache
def _first_kernel() -> Tensor:
    """The first convolution, 11 x 11, and the smoothing behind it as one of 13 x 13 and stride 2.

    It takes a third of the products, and is the same but for the border, which the smoothing would reflect.
    """
    found = weights("alex")
    kernel, smoothing = found["net.slice1.0.weight"], found["net.slice1.1.filt"][0, 0]
    with torch.autocast("cpu", enabled=False):  # what is kept must not have the type of the first call
        spread = F.conv_transpose2d(kernel.flatten(0, 1)[:, None], smoothing[None, None])
    return spread.view(len(kernel), 3, 13, 13)


def alex_features(rgb: Tensor) -> list[Tensor]:
    """Outputs of the five slices of AlexNet, each of unit length over the channels.

    Ghildyal, Liu: "Shift-tolerant perceptual similarity metric", ECCV 2022, section 4. The first
    convolution has stride 1.

    Args:
        rgb: (B, 3, H, W) in levels of 0..255, sides of 32 at least.
    """
    found = weights("alex")
    x = (rgb / 127.5 - 1 - found["scaling_layer.shift"]) / found["scaling_layer.scale"]
    x = F.relu(F.conv2d(x, _first_kernel(), found["net.slice1.0.bias"], stride=2, padding=4))
    outputs = [x]
    for number, convolutions in enumerate(_SLICES, 2):
        name = f"net.slice{number}"
        if number in _POOLED:
            x = _smoothed(F.max_pool2d(x, kernel_size=3, stride=1), found[f"{name}.{_POOLED[number]}.filt"])
        for place in convolutions:
            kernel = found[f"{name}.{place}.weight"]
            x = F.relu(F.conv2d(x, kernel, found[f"{name}.{place}.bias"], padding=kernel.shape[-1] // 2))
        outputs.append(x)
    return [unit_length(x) for x in outputs]


def alex_distance(x: Tensor, y: Tensor) -> Tensor:
    """The distance (B,) of pictures (B, 3, H, W) in levels: the weighted sum of squared differences of features.

    Zhang et al.: "The unreasonable effectiveness of deep features as a perceptual metric", CVPR 2018, equation 1.
    """
    found = weights("alex")
    with torch.no_grad():
        wanted = alex_features(y)
    layers = [
        F.conv2d((one - other).square(), found[f"lin{layer}.model.1.weight"]).mean((1, 2, 3))
        for layer, (one, other) in enumerate(zip(alex_features(x), wanted, strict=True))
    ]
    return torch.stack(layers).sum(0)
