"""Tables and scale indices of ``learned`` fitted to symbols as the encoder chooses them, after training.

Networks learn their scale indices on single symbols. The encoder chooses blocks of symbols, by rate and distortion
under these very indices, and then other indices would have been better: a little larger where many symbols are small.
"""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from nncodec.codecs.learned.encoder import Encoder
from nncodec.codecs.learned.latent_encoder import PRICE_FACTOR, CodedUnit, LatentEncoder
from nncodec.codecs.learned.model import LearnedModel
from nncodec.entropy.scales import ANCHOR_SPACING, N_ANCHORS, N_SCALES, SCALE_UNIT
from nncodec.entropy.tables import count
from nncodec.lapped.counting import at_all_qualities, never
from nncodec.lapped.layout import N_GROUPS
from nncodec.lapped.rdoq import Quantiser
from nncodec.nets.weights import Arrays
from nncodec.training import data

_MOVES = np.arange(-4, 5)
"""Moves of a scale index that are tried, in whole numbers; the best one is interpolated."""
_FEWEST_BITS = 200.0
"""Bits of a group at an anchor below which it is left alone."""
_FURTHER = 1.5
"""How far indices move, in moves that are best for given symbols: the encoder then chooses other symbols."""

Costs = npt.NDArray[np.float64]


def counted(
    model: LearnedModel, crops: data.Bytes, enough: Callable[[], bool] = never
) -> list[npt.NDArray[np.float64]]:
    """Counts of every entry of every table when the crops are coded at as many qualities, in random order.

    Scale indices follow the crops, as in files. ``enough`` is asked after each crop; true ends it with fewer.
    """
    counts = [np.zeros(len(row)) for row in model.tables.frequencies]
    for _, units in _coded(model, crops, enough, adaptive=True):
        for unit in units:
            for _, symbols, indices in unit.to_code():
                count(symbols, indices, counts)
    return counts


def calibrated(arrays: Arrays, crops: data.Bytes, enough: Callable[[], bool] = never) -> Arrays:
    """The arrays with the scale indices of every network moved, by quality anchor, to what coded crops say.

    Args:
        arrays: a whole model of ``learned``.
        crops: (n, side, side, 3) uint8, coded at as many qualities.
        enough: asked after each crop; true ends it with fewer.
    """
    costs = _costs(LearnedModel(0, arrays), crops, enough)
    moved = dict(arrays)
    for unit, letter in enumerate("yc"):
        for group in range(N_GROUPS):
            name = f"{letter}{group}"
            place, index = int(arrays[f"{name}.bits"][-1]), arrays[f"{name}.index"].copy()  # (N_ANCHORS, 2 channels)
            steps = [_best_move(cost) * _FURTHER / SCALE_UNIT * 2**place for cost in costs[unit, group]]
            index[:, index.shape[1] // 2 :] += np.rint(steps).astype(index.dtype)[:, None]
            moved[f"{name}.index"] = index
    return moved


def _coded(
    model: LearnedModel, crops: data.Bytes, enough: Callable[[], bool], adaptive: bool
) -> Iterator[tuple[int, list[CodedUnit]]]:
    """The quality indices and coded units of crops, in random order; ``adaptive`` as in `LatentEncoder.code`."""
    for quality, crop in at_all_qualities(crops, enough):
        coder = LatentEncoder(model, quality, crop, 0)
        yield quality, coder.code(Encoder(coder).latents(None), PRICE_FACTOR, adaptive)[0]


def _costs(model: LearnedModel, crops: data.Bytes, enough: Callable[[], bool]) -> Costs:
    """Bits (2 units, N_GROUPS, N_ANCHORS, moves) of the symbols of coded crops under moved indices."""
    costs = np.zeros((2, N_GROUPS, N_ANCHORS, len(_MOVES)))
    bits = Quantiser(model.tables, np.ones(1)).bits
    for quality, units in _coded(model, crops, enough, adaptive=False):
        near = np.maximum(0, 1 - np.abs(quality / ANCHOR_SPACING - np.arange(N_ANCHORS)))  # (N_ANCHORS,)
        for number, unit in enumerate(units):
            for group, symbols, tables in unit.parts:
                kind, scale = np.divmod(tables.astype(np.int64), N_SCALES)
                for at, move in enumerate(_MOVES):
                    others = N_SCALES * kind + np.clip(scale + move, 0, N_SCALES - 1)
                    spent = bits(symbols.astype(np.int32), others.astype(tables.dtype)).sum(dtype=np.float64)
                    costs[number, group, :, at] += near * spent
    return costs


def _best_move(cost: Costs) -> float:
    """The move of least cost (moves,), between whole ones by a parabola through the three lowest; 0 for few bits."""
    at = int(cost.argmin())
    if cost[len(_MOVES) // 2] < _FEWEST_BITS:
        return 0.0
    if at in (0, len(_MOVES) - 1):
        return float(_MOVES[at])
    before, least, after = cost[at - 1 : at + 2]
    bend = before - 2 * least + after
    return float(_MOVES[at] + (0.5 * (before - after) / bend if bend > 0 else 0.0))
