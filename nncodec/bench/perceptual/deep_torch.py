"""Measures over features of a VGG16 network: shift-tolerant LPIPS, and a distance between sets of patches.

Pictures of more than 1024 pixels on a side are measured in tiles without overlap.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F

from nncodec.bench.perceptual.samples import Array
from nncodec.bench.perceptual.vgg_torch import features, tiles, weights

_PATCH_LAYER = 3
"""relu4_3, whose samples lie 8 pixels apart."""
_PATCH, _STEP = 8, 4
"""Side of a patch and distance to the next one, in samples of that layer: 64 and 32 pixels."""
_BLOCK = 1024
"""Patches whose pairs with all others are formed at once."""


def scores(a: Array, b: Array, names: Sequence[str]) -> dict[str, float]:
    """The measures ``names`` of two pictures (H, W, 3) uint8: both are 0 for equal ones."""
    distances, n_pixels = 0.0, 0
    patches: tuple[list[torch.Tensor], list[torch.Tensor]] = ([], [])
    with torch.inference_mode():
        for x, y in tiles(a, b):
            both = _features_of_reference(x.tobytes(), x.shape), features(y)
            area = x.shape[0] * x.shape[1]
            distances += area * _lpips(*both)
            n_pixels += area
            for found, one in zip(patches, both, strict=True):
                found.append(_patches(one[_PATCH_LAYER]))
        result = {"st_lpips": distances / n_pixels}
        if "vgg_patch_mmd" in names:
            result["vgg_patch_mmd"] = patch_mmd(torch.cat(patches[0]), torch.cat(patches[1]))
    return {name: result[name] for name in names}


@lru_cache(1)
def _features_of_reference(samples: bytes, shape: tuple[int, ...]) -> list[torch.Tensor]:
    """Features of a tile, kept until another is asked for: a bench compares one picture with many codings of it."""
    return features(np.frombuffer(samples, np.uint8).reshape(shape))


def _lpips(x: list[torch.Tensor], y: list[torch.Tensor]) -> float:
    """The learned weighted sum of squared differences of features, mean over places, sum over layers.

    Zhang et al.: "The unreasonable effectiveness of deep features as a perceptual metric", CVPR 2018, equation 1.
    """
    found = weights()
    layers = (
        F.conv2d((one - other).square(), found[f"lin{layer}.model.1.weight"]).mean()
        for layer, (one, other) in enumerate(zip(x, y, strict=True))
    )
    return float(sum(layers))


def _patches(layer: torch.Tensor) -> torch.Tensor:
    """Mean features (N, C) of the patches of a layer (1, C, h, w); none of one that is smaller than a patch."""
    if min(layer.shape[2:]) < _PATCH:
        return layer.new_empty(0, layer.shape[1])
    return F.avg_pool2d(layer, _PATCH, _STEP)[0].flatten(1).T


def patch_mmd(x: torch.Tensor, y: torch.Tensor) -> float:
    """The squared maximum mean discrepancy of two sets of features (N, C), patch i of both being of one place.

    Gretton et al.: "A kernel two-sample test", JMLR 13, 2012, lemma 6, with the kernel (x.y + 1)^3. The mean leaves out
    pairs of one place, so it is unbiased although the two patches of a place depend on each other; it is 0 for equal
    sets, and may be a little below 0 for sets that hardly differ.
    """
    x, y = x.double(), y.double()
    n = len(x)
    total = 0.0
    for top in range(0, n, _BLOCK):
        rows = slice(top, top + _BLOCK)
        total += float((_kernel(x[rows], x) + _kernel(y[rows], y) - 2 * _kernel(x[rows], y)).sum())
    same = [((one * other).sum(dim=1) + 1) ** 3 for one, other in ((x, x), (y, y), (x, y))]
    total -= float((same[0] + same[1] - 2 * same[2]).sum())
    return total / (n * (n - 1))


def _kernel(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return (x @ y.T + 1) ** 3
