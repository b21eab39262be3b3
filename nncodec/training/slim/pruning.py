"""Fewer channels for a residual network, such that its results change as little as the moments can tell."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from nncodec.training.slim.importance import Doubles, Importance

Values = dict[str, npt.NDArray[np.float32]]

_RIDGE = 1e-3
"""Share of the mean of a diagonal that is added to it before it is inverted."""


def pruned(values: Mapping[str, npt.NDArray[np.float32]], importance: Importance, width: int) -> Values:
    """The parameters of a network with ``width`` channels in its trunk and in each block, which were more.

    All that reads the trunk does so linearly, so it may be seen from any directions. Those stay which lose least, the
    error weighed by the moments of the loss's derivatives: after Ashkboos et al., "SliceGPT" (2024), who weigh all
    directions alike. In a block, behind an activation, channels themselves stay or go by their effect on the loss; the
    second convolution is given what those that stay can foretell of those that go.

    Args:
        values: parameters of `nncodec.nets.resnet_torch.ArtifactNet`.
        importance: of the same network.
        width: at most that of the network.
    """
    seen, back = directions(importance.trunk, importance.slope, width)
    found: Values = {}
    for name, value in values.items():
        block = int(name.split(".")[1]) if name.startswith("blocks.") else -1
        stay = np.sort(np.argsort(-importance.effect[block])[:width]) if block >= 0 else np.arange(0)
        whole: npt.NDArray[np.floating]
        match name.partition(".")[2].partition(".")[2] if block >= 0 else name:
            case "inner.weight":
                whole = _read(value[stay], back)
            case "inner.bias":
                whole = value[stay]
            case "gain.values" | "bias.values" if block >= 0:
                whole = value[..., stay]
            case "outer.weight":
                whole = _written(_read(value, foretold(importance.hidden[block], stay)), seen)
            case "enter.weight" | "enter.bias" | "outer.bias" | "place":
                whole = _written(value, seen)
            case "bias.values":
                whole = value @ seen.T
            case "leave.weight":
                whole = _read(value, back)
            case _:
                whole = value
        found[name] = np.ascontiguousarray(whole, np.float32)
    return found


def shallower(
    values: Mapping[str, npt.NDArray[np.float32]], importance: Importance, blocks: int
) -> tuple[Values, Importance]:
    """The parameters and the importance of a network with so many of its blocks: those with most effect on the loss."""
    effects = [effect.sum() for effect in importance.effect]
    stay = sorted(np.argsort(effects)[::-1][:blocks].tolist())
    start = "blocks."
    found = {name: value for name, value in values.items() if not name.startswith(start)}
    for number, block in enumerate(stay):
        own = f"{start}{block}."
        found |= {f"{start}{number}.{name[len(own) :]}": values[name] for name in values if name.startswith(own)}
    hidden, effect = ([of_blocks[block] for block in stay] for of_blocks in (importance.hidden, importance.effect))
    return found, replace(importance, hidden=hidden, effect=effect)


def directions(moments: Doubles, slopes: Doubles, width: int) -> tuple[Doubles, Doubles]:
    """The matrix (width, W) that sees W channels from fewer directions, and the one (W, width) that goes back.

    Of all such pairs one that loses least of values with these second moments, by an error with these weights. None of
    the fewer is more than twice their mean size: where the kernels that read them are rounded, to one step for all,
    the small weights of a large direction would lose much (after Ashkboos et al., "QuaRot", 2024).
    """
    root = _root(_ridged(slopes))
    vectors = np.linalg.eigh(root @ moments @ root)[1][:, ::-1][:, :width]  # the largest first
    vectors = vectors @ _cosines(width).T
    seen, back = vectors.T @ root, np.linalg.solve(root, vectors)
    size = np.sqrt(np.trace(moments) / len(moments) / (np.trace(seen @ moments @ seen.T) / width))
    return seen * size, back / size


def foretold(moments: Doubles, stay: npt.NDArray[np.intp]) -> Doubles:
    """The matrix (W, n) that foretells W channels from the n that stay, by least squares; those themselves exactly."""
    matrix: Doubles = moments[:, stay] @ np.linalg.inv(_ridged(moments[np.ix_(stay, stay)], 1e-6))
    matrix[stay] = np.eye(len(stay))
    return matrix


def _cosines(width: int) -> Doubles:
    """An orthogonal matrix (width, width) whose first column is even: the basis of the cosine transform."""
    places = np.arange(width)
    columns: Doubles = np.cos(np.pi * (places[:, None] + 0.5) * places / width) * np.sqrt(2 / width)
    columns[:, 0] /= np.sqrt(2)
    return columns


def _read(kernel: npt.NDArray[np.float32], matrix: Doubles) -> Doubles:
    """A kernel (O, C, k, k) that is given c channels, where a matrix (C, c) makes the C of these."""
    whole: Doubles = np.einsum("oirs,ij->ojrs", kernel, matrix)
    return whole


def _written(values: npt.NDArray[np.floating], matrix: Doubles) -> Doubles:
    """Values (C, ...) seen by a matrix (c, C)."""
    whole: Doubles = np.tensordot(matrix, values, 1)
    return whole


def _ridged(moments: Doubles, share: float = _RIDGE) -> Doubles:
    ridged: Doubles = moments + (share * np.trace(moments) / len(moments) + 1e-30) * np.eye(len(moments))
    return ridged


def _root(moments: Doubles) -> Doubles:
    """The symmetric square root, scaled so that the mean of its squares' diagonal is one."""
    sizes, vectors = np.linalg.eigh(moments / (np.trace(moments) / len(moments)))
    root: Doubles = (vectors * np.sqrt(np.maximum(sizes, 0))) @ vectors.T
    return root
