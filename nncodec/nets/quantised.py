"""Weights as they ship, and back: painting networks as small integers with a step per output channel."""

from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[Any]]

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
