"""The change of the synthesis network that pays for a picture: least squares, and bits for every weight.

The squared error is a quadratic function of the weights, whose terms are sums over the picture. Weight after weight
takes the whole number of least cost, given all others, until none changes.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nncodec.codecs.learned.change import MOST_PLACES, Change, ChangeHead
from nncodec.entropy.coder import Symbols
from nncodec.lapped.rdoq import Quantiser

Sums = npt.NDArray[np.floating]

_SWEEPS = 6
_TABLES = (0, 4, 6, 8, 10, 12, 15, 18, 22)
"""Tables that are tried for the weights of a plane."""
_LARGEST = 1000
"""Largest magnitude of a weight, in units."""
_FINER = (-3, -2, -1, 0)
"""Binary places that are tried, beside those at which one unit of a weight is worth about a bit."""


@dataclass(frozen=True)
class Moments:
    """Sums over the positions of a picture."""

    square: Sums
    """(inputs, inputs) of products of inputs of the last layer; the last input is 1."""
    cross: Sums
    """(inputs, outputs) of products of inputs and what the outputs lack."""

    @classmethod
    def sum(cls, parts: "Iterable[Moments]") -> "Moments":
        """Those of several regions together, in double precision."""
        squares, crosses = zip(*((part.square, part.cross) for part in parts), strict=True)
        return cls(np.sum(squares, 0, dtype=np.float64), np.sum(crosses, 0, dtype=np.float64))


def fitted(moments: Moments, planes: int, quantiser: Quantiser, price: float) -> Change | None:
    """The change of least cost, or None if all zeros cost least.

    Args:
        moments: of the picture, its error in quantiser steps.
        planes: 1 or 3; the outputs are theirs.
        quantiser: knows the bits of all tables.
        price: bits that a unit of squared error is worth.
    """
    whole = round(0.5 * float(np.log2(price * np.median(np.diag(moments.square)) + 1)))
    best, least = None, -8.0 * ChangeHead.length(planes)
    for places in sorted({min(max(whole + finer, 0), MOST_PLACES) for finer in _FINER}):
        gains, weights = _descended(moments, places, quantiser, price)
        by_plane = gains.reshape(len(_TABLES), planes, -1).sum(2)  # (tables, planes)
        chosen = by_plane.argmax(0)
        gain = float(by_plane.max(0).sum())
        if gain + least > 0:
            parts = [np.split(weights[at], planes, 1)[plane] for plane, at in enumerate(chosen)]
            head = ChangeHead(places, tuple(_TABLES[at] for at in chosen))
            best, least = Change(head, np.concatenate(parts, 1).T), -gain
    return best


def _descended(moments: Moments, places: int, quantiser: Quantiser, price: float) -> tuple[Sums, Symbols]:
    """For each of the tables: bits that the weights of each output gain (tables, outputs), and the weights.

    The weights are (tables, inputs, outputs).
    """
    unit, tables = 2.0**-places, np.array(_TABLES, np.uint8)[:, None]
    left = np.repeat(moments.cross[None], len(_TABLES), 0).astype(np.float64)  # half the gradient of what they gain
    weights = np.zeros(left.shape, np.int32)

    def bits(numbers: Symbols) -> npt.NDArray[np.float32]:
        return quantiser.bits(numbers, np.broadcast_to(tables, numbers.shape))

    for _ in range(_SWEEPS):
        moved = False
        for row, energy in enumerate(np.diag(moments.square).tolist()):
            if energy <= 0:
                continue
            before = weights[:, row]
            wanted = before + left[:, row] * (1 / (energy * unit))
            nearest = np.rint(wanted).clip(-_LARGEST, _LARGEST).astype(np.int32)
            choices = np.stack([before, nearest, nearest - np.sign(nearest), np.zeros_like(nearest)])
            costs = bits(choices) + price * energy * unit**2 * (wanted - choices) ** 2
            chosen = np.take_along_axis(choices, costs.argmin(0)[None], 0)[0]  # (tables, outputs)
            change = (chosen - before) * unit
            if change.any():
                moved = True
                left -= moments.square[:, row, None] * change[:, None]
                weights[:, row] = chosen
        if not moved:
            break
    gained = (weights * unit * (moments.cross + left)).sum(1)  # of squared error
    spent = quantiser.bits(weights, np.broadcast_to(tables[..., None], weights.shape)).sum(1, dtype=np.float64)
    return price * gained - spent, weights
