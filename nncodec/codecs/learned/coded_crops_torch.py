"""Crops of training pictures, with their latents as the encoder codes them, which the synthesis network learns from.

A network that has learned from symbols of a simpler encoder does much worse: what matters is which symbols became zero.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nncodec.codecs.learned.adaptive_encoder import AdaptiveEncoder
from nncodec.codecs.learned.encoder import Encoder
from nncodec.codecs.learned.grid import MEAN_ONE
from nncodec.codecs.learned.latent_encoder import PRICE_FACTOR, LatentEncoder
from nncodec.codecs.learned.model import LearnedModel
from nncodec.lapped.layout import CHANNELS, PLANES, STRIDE
from nncodec.lapped.recipe import to_input
from nncodec.training import data
from nncodec.training.kept import Layout, kept

SKEW, LOWEST_QUALITY, HIGHEST_QUALITY = 1.4, 4, 190
"""Quality indices are drawn as a uniform number to this power between these: the low ones more often."""
REFINED_EVERY = 5
"""One of so many random crops has symbols that were chosen again, for targets that allow for the network there is."""


@dataclass(frozen=True)
class CodedCrops:
    """n crops, each coded once."""

    pixels: npt.NDArray[np.uint8]
    """(n, side, side, 3)"""
    values: npt.NDArray[np.int16]
    """(n, PLANES, side / STRIDE, side / STRIDE, CHANNELS), in 1/16 symbol."""
    quality: npt.NDArray[np.uint8]
    """Quality indices (n,)."""

    @classmethod
    def random(
        cls,
        folder: Path,
        count: int,
        side: int,
        pictures: data.Pictures,
        model: LearnedModel,
        seed: int,
        enough: Callable[[], bool],
    ) -> "CodedCrops":
        """Random crops, kept in ``folder``; ``enough`` may end the coding with fewer (`nncodec.training.kept.kept`).

        Some are refined if the model has a network.
        """

        def make(number: int) -> tuple[data.Bytes, npt.NDArray[np.int16], int]:
            rng = np.random.default_rng((seed, number))
            crop = data.random_crops(pictures, 1, side, rng)[0]
            quality = int(LOWEST_QUALITY + (HIGHEST_QUALITY - LOWEST_QUALITY) * rng.random() ** SKEW)
            refined = number % REFINED_EVERY == 0 and has_network(model)
            return crop, coded_values(crop, quality, model, refined), quality

        return cls(*kept(folder, count, _layout(side), make, enough))

    @classmethod
    def of(
        cls, folder: Path, crops: data.Bytes, qualities: Sequence[int], model: LearnedModel, enough: Callable[[], bool]
    ) -> "CodedCrops":
        """Crops (n, side, side, 3), or the first of them, each at all qualities; kept in ``folder``."""

        def make(number: int) -> tuple[data.Bytes, npt.NDArray[np.int16], int]:
            crop, quality = crops[number // len(qualities)], qualities[number % len(qualities)]
            return crop, coded_values(crop, quality, model), quality

        count = len(crops) * len(qualities)
        return cls(*kept(folder, count, _layout(crops.shape[1]), make, enough, least=len(qualities)))

    def batch(self, at: npt.NDArray[np.integer]) -> tuple[Tensor, Tensor, Tensor]:
        """Symbols (B, PLANES * CHANNELS, h, w), planes (B, 3, side, side) in levels and quality (B,) of these crops."""
        values = self.values[at].astype(np.float32) / np.float32(MEAN_ONE)  # (B, PLANES, h, w, CHANNELS)
        symbols = torch.from_numpy(values).movedim(-1, 2).flatten(1, 2)
        return symbols, to_input(self.pixels[at]), torch.from_numpy(self.quality[at].astype(np.float32))


def _layout(side: int) -> Layout:
    """The arrays of coded crops of a side."""
    latent = PLANES, side // STRIDE, side // STRIDE, CHANNELS
    return {"pixels": (np.uint8, (side, side, 3)), "values": (np.int16, latent), "quality": (np.uint8, ())}


def has_network(model: LearnedModel) -> bool:
    """Whether a model has a synthesis network, and not transforms and contexts alone."""
    return "net.place" in model.arrays


def coded_values(crop: data.Bytes, quality: int, model: LearnedModel, refined: bool = False) -> npt.NDArray[np.int16]:
    """The values of a crop (side, side, 3) as a decoder has them, (PLANES, h, w, CHANNELS) in 1/16 symbol.

    They are ``refined`` by one round of what the encoder does from effort 4 on (`nncodec.codecs.learned.refine`), which
    needs the network.
    """
    coder = LatentEncoder(model, quality, crop, 0)
    encoder = Encoder(coder)
    if refined:
        return AdaptiveEncoder(encoder).found(None, 1).values
    return coder.code(encoder.latents(None), PRICE_FACTOR)[1]
