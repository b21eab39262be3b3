"""The trainable learned codec from the weights that ship."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nncodec.entropy.exact import WEIGHT_BITS
from nncodec.entropy.prior import GAIN_BITS, INDEX_ONE
from nncodec.nets.hyperprior import TABLE_UNIT
from nncodec.nets.stored import Arrays, restored

EXACT = ("hyper_synthesis", "steps")
"""Networks that decide bits, in exact arithmetic."""
PAINTING = ("analysis", "synthesis", "hyper_analysis")
"""Networks that only paint, and the encoder's."""


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
