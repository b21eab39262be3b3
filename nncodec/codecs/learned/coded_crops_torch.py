"""Crops of training pictures, with their latents as the encoder codes them, which the synthesis network learns from.

A network that has learned from symbols of a simpler encoder does much worse: what matters is which symbols became zero.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nncodec import progress
from nncodec.codecs.learned.latent_encoder import PRICE_FACTOR, LatentEncoder
from nncodec.codecs.learned.model import LearnedModel
from nncodec.lapped.layout import CHANNELS, PLANES, STRIDE
from nncodec.lapped.model import to_planes
from nncodec.lapped.recipe import to_input
from nncodec.lapped.transform import OPPONENT
from nncodec.training import data

SKEW, LOWEST_QUALITY, HIGHEST_QUALITY = 1.4, 4, 190
"""Quality indices are drawn as a uniform number to this power between these: the low ones more often."""
_ONE = 16.0


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
    def made(cls, crops: data.Bytes, qualities: npt.NDArray[np.integer], model: LearnedModel) -> "CodedCrops":
        """Code crops (n, side, side, 3) at quality indices (n,)."""
        coded = [coded_values(crop, int(quality), model) for crop, quality in zip(crops, qualities, strict=True)]
        return cls(crops, np.stack(coded), qualities.astype(np.uint8))

    @classmethod
    def kept(
        cls, folder: Path, count: int, side: int, pictures: data.Pictures, model: LearnedModel, seed: int
    ) -> "CodedCrops":
        """Those in ``folder``, in memory-mapped files; where they are not whole they are made, from random crops."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / f"{name}-{count}.npy" for name in ("pixels", "values", "quality")]
        if not paths[-1].exists():
            cls._make(paths, count, side, pictures, model, seed)
        return cls(*(np.load(path, mmap_mode="r") for path in paths))

    @classmethod
    def _make(
        cls, paths: list[Path], count: int, side: int, pictures: data.Pictures, model: LearnedModel, seed: int
    ) -> None:
        shapes = (count, side, side, 3), (count, PLANES, side // STRIDE, side // STRIDE, CHANNELS)
        pixels, values = (
            np.lib.format.open_memmap(path, mode="w+", dtype=kind, shape=shape)
            for path, kind, shape in zip(paths, (np.uint8, np.int16), shapes, strict=False)
        )
        quality = np.empty(count, np.uint8)
        tick = progress.counter("coding crops", count)
        for number in range(count):
            rng = np.random.default_rng((seed, number))
            pixels[number] = data.random_crops(pictures, 1, side, rng)[0]
            quality[number] = LOWEST_QUALITY + (HIGHEST_QUALITY - LOWEST_QUALITY) * rng.random() ** SKEW
            values[number] = coded_values(pixels[number], int(quality[number]), model)
            tick()
        np.save(paths[-1], quality)

    def batch(self, at: npt.NDArray[np.integer]) -> tuple[Tensor, Tensor, Tensor]:
        """Symbols (B, PLANES * CHANNELS, h, w), planes (B, 3, side, side) in levels and quality (B,) of these crops."""
        values = self.values[at].astype(np.float32) / np.float32(_ONE)  # (B, PLANES, h, w, CHANNELS)
        symbols = torch.from_numpy(values).movedim(-1, 2).flatten(1, 2)
        return symbols, to_input(self.pixels[at]), torch.from_numpy(self.quality[at].astype(np.float32))


def coded_values(crop: data.Bytes, quality: int, model: LearnedModel) -> npt.NDArray[np.int16]:
    """The values of a crop (side, side, 3) as a decoder has them, (PLANES, h, w, CHANNELS) in 1/16 symbol."""
    encoder = LatentEncoder(model, quality, crop, 0)
    planes = to_planes(crop, OPPONENT)
    return encoder.code((encoder.latent(plane, at) for at, plane in enumerate(planes)), PRICE_FACTOR)[1]
