"""Weights as they ship, and back: painting networks as small integers with a step per output channel."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nncodec.entropy.exact import WEIGHT_BITS
from nncodec.entropy.prior import GAIN_BITS, INDEX_ONE
from nncodec.nets.hyperprior import TABLE_UNIT

Arrays = dict[str, npt.NDArray[Any]]

EXACT = ("hyper_synthesis", "steps")
"""Networks that decide bits, in exact arithmetic."""
PAINTING = ("analysis", "synthesis", "hyper_analysis")
"""Networks that only paint, and the encoder's."""

LEVELS = 32
"""Steps per root mean square of a kernel: near the precision of bfloat16, in which the networks may run anyway."""
STEP = ".step"


def stored(name: str, values: npt.NDArray[np.floating]) -> Arrays:
    """One parameter as arrays: kernels of convolutions as int16 and float32 steps, all else as float16.

    The linear transforms are float16, too: they carry most of the picture.
    """
    if values.ndim != 4 or "linear" in name:
        return {name: values.astype(np.float16)}
    size = np.sqrt(np.square(values).mean((1, 2, 3)))
    step = (np.maximum(size, 1e-12) / LEVELS).astype(np.float32)
    return {name: np.rint(values / step[:, None, None, None]).astype(np.int16), name + STEP: step}


def restored(arrays: Arrays, part: str) -> dict[str, npt.NDArray[np.float32]]:
    """Float32 parameters of one part (``analysis``, ...), by their names within it."""
    start = part + "."
    values = {}
    for name, array in arrays.items():
        if name.startswith(start) and not name.endswith(STEP):
            value = array.astype(np.float32)
            if name + STEP in arrays:
                value *= arrays[name + STEP][:, None, None, None]
            values[name[len(start) :]] = value
    return values


def from_arrays(arrays: Arrays) -> dict[str, Tensor]:
    """The parameters of `Hyperprior`, float32 by name, from a model's arrays: what `nncodec.training.export` rounded.

    With them training goes on from weights that ship, and the encoder differentiates through the prior.
    """
    parameters: dict[str, npt.NDArray[np.floating]] = {
        name: array / 2.0**WEIGHT_BITS for name, array in arrays.items() if name.split(".")[0] in EXACT
    }
    for part in PAINTING:
        parameters |= {f"{part}.{name}": values for name, values in restored(arrays, part).items()}
    parameters["log_gain"] = np.log(arrays["gain"] / 2.0**GAIN_BITS)
    parameters["hyper_index"] = arrays["hyper_index"] / (TABLE_UNIT * INDEX_ONE)
    return {name: torch.from_numpy(np.asarray(values, np.float32)) for name, values in parameters.items()}
