"""From trained parameters to the arrays that ship: integers where bits are decided, small floats elsewhere."""

import math

import numpy as np
import numpy.typing as npt
from torch import Tensor

from nncodec.entropy.exact import WEIGHT_BITS
from nncodec.entropy.layout import INDICES_PER_OCTAVE
from nncodec.entropy.prior import GAIN_BITS, INDEX_ONE
from nncodec.entropy.tables import Tables
from nncodec.errors import EncodeError
from nncodec.nets.hyperprior import TABLE_UNIT
from nncodec.nets.shipped import EXACT, PAINTING
from nncodec.nets.stored import stored

Arrays = dict[str, npt.NDArray[np.generic]]


def _integers(name: str, values: npt.NDArray[np.float64]) -> npt.NDArray[np.generic]:
    """Rounded: int16 for kernels, int32 for the few other numbers."""
    kind = np.int16 if values.ndim == 4 else np.int32
    whole = np.rint(values)
    if not np.all(np.abs(whole) <= np.iinfo(kind).max):
        raise EncodeError(f"{name} does not fit {np.dtype(kind).name}")
    return whole.astype(kind)


def to_arrays(parameters: dict[str, Tensor], tables: Tables) -> Arrays:
    """The arrays of a model, by name.

    Args:
        parameters: of `Hyperprior`, by name; the averaged ones.
        tables: distributions for its scale indices.

    Returns:
        int16 and int32 for what decides bits, in the units of `nncodec.entropy`; `nncodec.nets.stored` for the
        transforms; and the tables.

    Raises:
        EncodeError: a value is too large for its type.
    """
    arrays: Arrays = {}
    for name, tensor in parameters.items():
        values = tensor.detach().cpu().double().numpy()
        part = name.split(".")[0]
        if part in EXACT:
            arrays[name] = _integers(name, values * 2**WEIGHT_BITS)
        elif part in PAINTING:
            arrays |= stored(name, values)
    log_gain = parameters["log_gain"].detach().cpu().double().numpy()
    index = parameters["hyper_index"].detach().cpu().double().numpy()
    arrays["gain"] = _integers("gain", np.exp(log_gain) * 2**GAIN_BITS)
    arrays["offset"] = _integers("offset", log_gain * (INDICES_PER_OCTAVE / math.log(2) * INDEX_ONE))
    arrays["hyper_index"] = _integers("hyper_index", index * TABLE_UNIT * INDEX_ONE)
    return arrays | dict(tables.pack())
