"""What is measured on training pictures once the transforms are final: contexts, then distributions of symbols."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nncodec.entropy.tables import Tables, logistic_masses, logistic_tables, scale_of, to_frequencies
from nncodec.lapped.context_torch import SIDE, contexts
from nncodec.lapped.encoder import LatentEncoder, Plane
from nncodec.lapped.layout import MAX_QUALITY_INDEX
from nncodec.lapped.model import Model, to_planes
from nncodec.lapped.transform import OPPONENT
from nncodec.nets import weights
from nncodec.training import data

PSEUDO_COUNT = 500.0
"""How many observed symbols the logistic distribution counts for."""


@dataclass(frozen=True)
class ContextSettings:
    """How much is measured."""

    crops: int = 256
    """Crops that the contexts of one plane are fitted to."""
    steps: int = 2500
    """Optimiser steps for each plane and group."""
    counted: int = 128
    """Crops whose symbols are counted for the tables."""


def with_contexts(
    filters: weights.Arrays, pictures: data.Pictures, settings: ContextSettings
) -> tuple[weights.Arrays, list[float]]:
    """Add contexts and tables to the arrays of transforms; also the loss of each context."""
    analysis = filters["analysis"].astype(np.float32)
    fitted_contexts, losses = contexts(pictures, analysis, settings.crops, settings.steps)
    arrays = filters | fitted_contexts | dict(logistic_tables().pack())
    crops = data.random_crops(pictures, settings.counted, SIDE, np.random.default_rng(1))
    return arrays | dict(fitted(counted(Model(0, arrays), crops)).pack()), losses


def counted(model: Model, crops: data.Bytes) -> list[npt.NDArray[np.float64]]:
    """How often each entry of each table is used when the crops are coded at as many qualities."""
    counts = [np.zeros(len(row)) for row in model.tables.frequencies]
    for number, crop in enumerate(crops):
        coder = LatentEncoder(model, round((number + 0.5) / len(crops) * MAX_QUALITY_INDEX), crop, 0)
        planes = to_planes(crop, OPPONENT)
        known = coder.known(len(planes))
        for at, plane in enumerate(planes):
            coded = Plane()
            coder.code(known, at, coder.latent(plane, at), coded)
            for _, symbols, indices in coded.parts:
                for index in np.unique(indices):
                    half = len(counts[index]) // 2 - 1
                    seen = symbols[indices == index]
                    place = np.where(np.abs(seen) > half, 2 * half + 1, seen + half)
                    counts[index] += np.bincount(place, minlength=2 * half + 2)
    return counts


def fitted(counts: list[npt.NDArray[np.float64]]) -> Tables:
    """Tables between the logistic distributions and what was observed, made symmetric."""
    rows = []
    for index, row in enumerate(counts):
        masses = logistic_masses(scale_of(index))
        both = row.copy()
        both[:-1] = (row[:-1] + row[-2::-1]) / 2
        rows.append(to_frequencies(both + PSEUDO_COUNT * masses))
    return Tables(tuple(rows))
