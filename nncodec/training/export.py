"""Trained parameters as the arrays that ship."""

from collections.abc import Mapping

from torch import Tensor

from nncodec.models import Arrays
from nncodec.nets.stored import stored


def exported(parameters: Mapping[str, Tensor], prefix: str = "") -> Arrays:
    """All parameters, by their names after ``prefix``; see `nncodec.nets.stored.stored`."""
    arrays: Arrays = {}
    for name, value in parameters.items():
        arrays |= stored(prefix + name, value.detach().numpy())
    return arrays
