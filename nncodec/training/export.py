"""Trained parameters to the arrays of a file of weights, and such a file to go on from."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from nncodec.errors import UnsupportedFile
from nncodec.nets.quantised import stored
from nncodec.nets.weights import Arrays, read


def exported(parameters: Mapping[str, Tensor], prefix: str = "") -> Arrays:
    """All parameters, by their names after ``prefix``; see `nncodec.nets.quantised.stored`."""
    arrays: Arrays = {}
    for name, value in parameters.items():
        arrays |= stored(prefix + name, value.detach().numpy())
    return arrays


def shipped(path: Path, *names: str) -> Arrays:
    """Read the arrays of a file of weights; UnsupportedFile if one of the arrays ``names`` is missing."""
    arrays = read(path.read_bytes())
    if not arrays.keys() >= set(names):
        raise UnsupportedFile(f"{path} holds the weights of something else")
    return arrays
