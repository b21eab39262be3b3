"""Latents of training crops for the contexts, on disk: what the encoder wants, and the values that a decoder has."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nncodec.codecs.learned.coded_crops_torch import has_network
from nncodec.codecs.learned.encoder import Encoder
from nncodec.codecs.learned.grid import MEAN_ONE
from nncodec.codecs.learned.latent_encoder import PRICE_FACTOR, LatentEncoder
from nncodec.codecs.learned.model import LearnedModel
from nncodec.codecs.learned.search import Search
from nncodec.lapped.layout import CHANNELS, FREQUENCIES, PARITY, PLANES, STRIDE
from nncodec.training import data
from nncodec.training.kept import Layout, kept

CROP = 256
"""Side of the crops whose latents are kept, in pixels."""
SIDE = CROP // STRIDE
SKEW, LOWEST_QUALITY, HIGHEST_QUALITY = 1.3, 6, 170
"""Quality indices are drawn as a uniform number to this power between these: the low ones more often."""
REFINED_EVERY, ROUNDS = 3, 2
"""One of so many crops has symbols that were chosen so often again, as those of most files are."""
DEAD_ZONE = 0.38
"""What is added to magnitudes before they are cut to whole symbols, where there are no contexts yet to choose with."""
_SWAPPED = [FREQUENCIES.index((v, u)) for u, v in FREQUENCIES]
"""Channel of each channel's frequency when the picture is transposed."""


@dataclass(frozen=True)
class Latents:
    """Latents of n crops, in memory-mapped files."""

    wanted: npt.NDArray[np.float16]
    """(n, PLANES, SIDE, SIDE, CHANNELS) in symbols, not quantised."""
    values: npt.NDArray[np.int16]
    """The same as a decoder has them, in 1/16 symbol."""
    quality: npt.NDArray[np.uint8]
    """Quality indices (n,)."""

    @classmethod
    def kept(
        cls,
        folder: Path,
        count: int,
        make: Callable[[int], tuple[npt.NDArray[np.floating], npt.NDArray[np.int16], int]],
        enough: Callable[[], bool],
    ) -> "Latents":
        """Those in ``folder``; where they are not whole, ``make`` gives each by its number, with its quality index.

        ``enough`` may end that with fewer; see `nncodec.training.kept.kept`.
        """
        shape = PLANES, SIDE, SIDE, CHANNELS
        layout: Layout = {"wanted": (np.float16, shape), "values": (np.int16, shape), "quality": (np.uint8, ())}
        return cls(*kept(folder, count, layout, make, enough))

    def batch(
        self, rng: np.random.Generator, size: int, planes: slice, channels: slice
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Wanted and values (B, planes, SIDE, SIDE, channels) and quality (B,) of random crops, turned at random."""
        at = np.sort(rng.integers(len(self.quality), size=size))
        pair = [torch.from_numpy(array[at, planes, :, :, channels]).float() for array in (self.wanted, self.values)]
        flips = [bool(flip) for flip in rng.integers(0, 2, 3)]
        turned = [_turned(each, flips, channels) for each in pair]
        return turned[0], turned[1], torch.from_numpy(self.quality[at].astype(np.int64))


def _turned(latent: Tensor, flips: list[bool], channels: slice) -> Tensor:
    """A latent (B, planes, h, w, channels) as that of the picture mirrored vertically, horizontally, and transposed."""
    for axis, flip in ((0, flips[0]), (1, flips[1])):
        if flip:
            latent = latent.flip(2 + axis) * torch.from_numpy(PARITY[channels, axis].astype(np.float32))
    return latent.transpose(2, 3)[..., _SWAPPED[channels]] if flips[2] else latent


def latents_of(
    pictures: data.Pictures,
    model: LearnedModel,
    folder: Path,
    seed: int,
    count: int,
    chosen: bool,
    enough: Callable[[], bool],
) -> Latents:
    """Latents of random crops under the transforms of a model.

    Their symbols are chosen under its contexts if ``chosen``, and for some crops twice again, for the targets that the
    encoder has by default, if there is a network; else by a dead zone. ``enough`` may end that with fewer.
    """
    refined = chosen and has_network(model)

    def make(number: int) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.int16], int]:
        rng = np.random.default_rng((seed, number))
        crop = data.random_crops(pictures, 1, CROP, rng)[0]
        quality = int(LOWEST_QUALITY + (HIGHEST_QUALITY - LOWEST_QUALITY) * rng.random() ** SKEW)
        encoder = Encoder(LatentEncoder(model, quality, crop, 0))
        if refined and number % REFINED_EVERY == 0:
            search = Search(encoder, None)
            for _ in range(ROUNDS):
                search.advance()
            return search.targets, search.candidate.values, quality
        wanted = np.stack(list(encoder.latents(None)))
        if chosen:
            return wanted, encoder.coder.code(wanted, PRICE_FACTOR)[1], quality
        symbols = np.sign(wanted) * np.floor(np.abs(wanted) + DEAD_ZONE)
        return wanted, (MEAN_ONE * symbols).clip(-32767, 32767).astype(np.int16), quality

    return Latents.kept(folder, count, make, enough)
