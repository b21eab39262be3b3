"""The fit of the contexts: latents of training crops on disk, one network after the other, then the tables.

Every network is trained apart, against the same latents. Each has a state of its own, so that a stopped run goes on
where it was.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from nncodec.codecs.learned.block_tables import fitted, logistic_block_tables
from nncodec.codecs.learned.context import by_network
from nncodec.codecs.learned.context_torch import GroupNetwork
from nncodec.codecs.learned.grid import MEAN_ONE, UNITS
from nncodec.codecs.learned.latent_encoder import PRICE_FACTOR, LatentEncoder
from nncodec.codecs.learned.mean_context import mean_passes
from nncodec.codecs.learned.mean_context_torch import MeanNetwork
from nncodec.codecs.learned.model import LearnedModel
from nncodec.lapped.layout import CHANNELS, FREQUENCIES, MAX_QUALITY_INDEX, N_GROUPS, PARITY, PLANES, STRIDE, step_size
from nncodec.lapped.model import to_planes
from nncodec.lapped.recipe import count
from nncodec.lapped.transform import OPPONENT, analyse
from nncodec.nets import weights
from nncodec.training import data, state
from nncodec.training.kept import Layout, kept

CROP = 256
"""Side of the crops whose latents are kept, in pixels."""
SIDE = CROP // STRIDE
SKEW, LOWEST_QUALITY, HIGHEST_QUALITY = 1.3, 6, 170
"""Quality indices are drawn as a uniform number to this power between these: the low ones more often."""
DEAD_ZONE = 0.38
"""What is added to magnitudes before they are cut to whole symbols, where there are no contexts yet to choose with."""
WIDTHS = ((64, *[96] * 6, *[64] * 4, *[48] * 4), (*[48] * 4, *[32] * 11))
"""Hidden units of the network of each group, by unit."""
SHARES = ((*[1.0] * 9, *[0.7] * 2, *[0.35] * 4), (*[0.6] * 3, *[0.35] * 5, *[0.25] * 7))
"""Share of the steps that each network is trained for: groups with few bits need fewer."""
_SWAPPED = [FREQUENCIES.index((v, u)) for u, v in FREQUENCIES]
"""Channel of each channel's frequency when the picture is transposed."""
COUNTED = 128
"""Crops whose symbols are counted for the tables."""
COUNTS = 2
"""How often they are counted, each time as they are chosen under the last tables."""
_SAVE_SECONDS = 60.0

Network = GroupNetwork | MeanNetwork


@dataclass(frozen=True)
class ContextSettings:
    """How much is trained."""

    crops: int = 4000
    """Crops whose latents are kept on disk, 0.8 MB each."""
    steps: int = 20_000
    """Optimiser steps of a network whose share is 1."""
    batch: int = 12
    """Crops a step; of group 0 twice as many."""
    rate: float = 2e-3
    seed: int = 0


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
    ) -> "Latents":
        """Those in ``folder``; where they are not whole, ``make`` gives each by its number, with its quality index."""
        shape = PLANES, SIDE, SIDE, CHANNELS
        layout: Layout = {"wanted": (np.float16, shape), "values": (np.int16, shape), "quality": (np.uint8, ())}
        return cls(*kept(folder, count, layout, make))

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
    pictures: data.Pictures, model: LearnedModel, folder: Path, settings: ContextSettings, chosen: bool
) -> Latents:
    """Latents of random crops under the transforms of a model.

    Their symbols are chosen under its contexts if ``chosen``, else by a dead zone.
    """

    def make(number: int) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.int16], int]:
        rng = np.random.default_rng((settings.seed, number))
        crop = data.random_crops(pictures, 1, CROP, rng)[0]
        quality = int(LOWEST_QUALITY + (HIGHEST_QUALITY - LOWEST_QUALITY) * rng.random() ** SKEW)
        planes = to_planes(crop, OPPONENT)
        if chosen:
            encoder = LatentEncoder(model, quality, crop, 0)
            wanted = np.stack([encoder.latent(plane, at) for at, plane in enumerate(planes)])
            return wanted, encoder.code(wanted, PRICE_FACTOR)[1], quality
        step = np.float32(step_size(quality))
        wanted = np.stack([analyse(plane, model.analysis[at]) / step for at, plane in enumerate(planes)])
        symbols = np.sign(wanted) * np.floor(np.abs(wanted) + DEAD_ZONE)
        return wanted, (MEAN_ONE * symbols).clip(-32767, 32767).astype(np.int16), quality

    return Latents.kept(folder, settings.crops, make)


def networks() -> Iterator[tuple[Network, int, float]]:
    """Every network, new, with its unit and its share of the steps."""
    for unit in range(len(UNITS)):
        for group in range(N_GROUPS):
            torch.manual_seed(N_GROUPS * unit + group)
            width = WIDTHS[unit][group]
            yield (GroupNetwork(unit, group, width) if group else MeanNetwork(unit, width)), unit, SHARES[unit][group]


def cost(network: Network, unit: int, latents: Latents, rng: np.random.Generator, batch: int) -> Tensor:
    """Bits a position of a fresh batch; see `nncodec.codecs.learned.trunk_torch.cost_of`."""
    planes = slice(0, 1) if unit == 0 else slice(0, PLANES)
    if isinstance(network, GroupNetwork):
        return network.cost(*latents.batch(rng, batch, planes, slice(0, CHANNELS)))
    wanted, values, quality = latents.batch(rng, 2 * batch, planes, slice(0, 1))
    return network.cost(wanted[..., 0], values[..., 0], quality, mean_passes(SIDE, SIDE))


def fit(network: Network, unit: int, latents: Latents, steps: int, path: Path, settings: ContextSettings) -> float:
    """Train one network by Adam, the rate falling to zero; return the mean cost of the last steps.

    The state in ``path`` is written every minute and at the end; a state that is there is gone on from.
    """
    optimiser = torch.optim.Adam(network.parameters(), lr=settings.rate, betas=(0.9, 0.98))
    first, mean = _taken_up(network, optimiser, path)
    saved = time.monotonic()
    for step in range(first, steps):
        torch.manual_seed(step)
        rng = np.random.default_rng((settings.seed, step))
        for group in optimiser.param_groups:
            group["lr"] = settings.rate * min(1.0, (step + 1) / 100) * (1 - step / steps)
        loss = cost(network, unit, latents, rng, settings.batch)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        mean = float(loss.detach()) if step == 0 else 0.99 * mean + 0.01 * float(loss.detach())
        if step + 1 == steps or time.monotonic() - saved > _SAVE_SECONDS:
            parts = {"model": dict(network.state_dict()), "optimiser": state.optimiser_arrays([optimiser])}
            state.save(path, parts, {"step": step + 1, "cost": mean})
            saved = time.monotonic()
    return mean


def _taken_up(network: Network, optimiser: torch.optim.Optimizer, path: Path) -> tuple[int, float]:
    """Steps and mean cost of the state in ``path``, which is taken in; none if there is no state."""
    if not path.exists():
        return 0, 0.0
    parts, numbers = state.load(path)
    network.load_state_dict(parts["model"])
    state.restore_optimisers([optimiser], parts.get("optimiser", {}))
    return int(numbers["step"]), numbers["cost"]


def with_contexts(
    filters: weights.Arrays,
    pictures: data.Pictures,
    folder: Path,
    settings: ContextSettings,
    tell: Callable[[str, float], None],
    before: weights.Arrays | None = None,
) -> weights.Arrays:
    """Add contexts and tables to the arrays of transforms.

    Args:
        filters: the arrays of the transforms.
        pictures: to train on.
        folder: for latents and states.
        settings: how much.
        tell: called with the name and the mean cost of every network that is done.
        before: weights whose contexts the networks begin with, and under which the symbols of the latents are chosen;
            without, a dead zone chooses them.
    """
    model = LearnedModel(0, (before or {}) | filters)
    latents = latents_of(pictures, model, folder, settings, before is not None)
    arrays = filters | dict(logistic_block_tables().pack())
    begun = by_network(before or {})
    for network, unit, share in networks():
        if network.name in begun:
            network.take(begun)
        path = folder / f"{network.name}.npz"
        tell(network.name, fit(network, unit, latents, max(1, round(share * settings.steps)), path, settings))
        arrays |= network.integers()
    crops = data.random_crops(pictures, COUNTED, CROP, np.random.default_rng(1))
    for _ in range(COUNTS):
        arrays |= dict(fitted(counted(LearnedModel(0, arrays), crops)).pack())
    return arrays


def counted(model: LearnedModel, crops: data.Bytes) -> list[npt.NDArray[np.float64]]:
    """Counts of every entry of every table when the crops are coded at as many qualities."""
    counts = [np.zeros(len(row)) for row in model.tables.frequencies]
    for number, crop in enumerate(crops):
        encoder = LatentEncoder(model, round((number + 0.5) / len(crops) * MAX_QUALITY_INDEX), crop, 0)
        planes = (encoder.latent(plane, at) for at, plane in enumerate(to_planes(crop, OPPONENT)))
        units, _ = encoder.code(planes, PRICE_FACTOR)
        for unit in units:
            for _, symbols, indices in unit.to_code():
                count(symbols, indices, counts)
    return counts
