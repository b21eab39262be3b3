"""The stored form of network weights: integers of 16 bits, or of 8, with a step per output channel.

It is for networks that reconstruct pixels. Weights that predict symbols are whole numbers and ship as such.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[Any]]

STEPS_PER_RMS = 32
"""Steps in the root mean square of a kernel: near the precision of bfloat16, which the networks tolerate."""
STEP = ".step"
"""End of the name of an array of steps."""


def stored(name: str, values: npt.NDArray[np.floating]) -> Arrays:
    """Convert one parameter to the arrays that ship.

    Kernels of convolutions (W, C, k, k) become int16 and a float32 step (W,); everything else becomes float16, the
    linear transforms too, because they carry most of the picture.
    """
    if values.ndim != 4 or "linear" in name:
        return {name: values.astype(np.float16)}
    size = np.sqrt(np.square(values).mean((1, 2, 3)))
    step = (np.maximum(size, 1e-12) / STEPS_PER_RMS).astype(np.float32)
    return {name: np.rint(values / step[:, None, None, None]).astype(np.int16), name + STEP: step}


def restored(arrays: Arrays, part: str) -> dict[str, npt.NDArray[np.float32]]:
    """Float32 parameters of one part (``net``, ``com``, ...), by their names within it; inverse of `stored`."""
    start = part + "."
    values = {}
    for name, array in arrays.items():
        if name.startswith(start) and not name.endswith(STEP):
            value = array.astype(np.float32)
            if name + STEP in arrays:
                value *= arrays[name + STEP][:, None, None, None]
            values[name[len(start) :]] = value
    return values
