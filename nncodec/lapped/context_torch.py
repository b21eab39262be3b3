"""Training of the contexts of the lapped latent: one small network per plane and group."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nncodec.entropy.scales import ANCHOR_SPACING, LEAK, N_ANCHORS, SCALE_UNIT
from nncodec.errors import EncodeError
from nncodec.lapped.context import FEATURE_BITS, HIDDEN_BITS, WEIGHT_BITS, lowest_index, shapes
from nncodec.lapped.encoder import PRICE
from nncodec.lapped.latent import MEAN_ONE, N_MEANS, DecodedLatent
from nncodec.lapped.layout import CHANNELS, GROUPS, MAX_QUALITY_INDEX, N_GROUPS, PLANES, STRIDE, step_size
from nncodec.lapped.rate_torch import bits, chosen
from nncodec.lapped.transform import OPPONENT, Floats, analyse
from nncodec.training import data

SIDE = 256
"""Side of the crops that samples are taken from, in pixels."""
_KEPT = 0.5
"""Share of the places of a pass that become samples."""
_ROUNDING_OFFSET = 0.38
"""Added to magnitudes before they are cut to integers: about the same symbols as the encoder chooses."""
_BATCH, _RATE, _MEAN_RATE = 2048, 8e-3, 1e-3
"""Samples in a step, and learning rates: of all weights but those of the means, and of these."""
_START_INDEX = 20.0
"""Scale index that a network gives before it is trained."""

Arrays = dict[str, npt.NDArray[np.generic]]


@dataclass(frozen=True)
class Samples:
    """Training samples of one network."""

    features: Tensor
    """(n, features) sizes, in units of 2^-7."""
    signed: Tensor
    """(n, values) in 1/16 symbol; no columns for groups without means."""
    wanted: Tensor
    """(n, channels) in symbols, not rounded."""
    row: Tensor
    """(n,) number of the pass."""
    quality: Tensor
    """(n,) index."""


def sizes_table() -> npt.NDArray[np.uint8]:
    """Logarithmic sizes of the magnitudes 0 to 4095, in 1/16 symbol: 8 log2(1 + m / 8)."""
    sizes: npt.NDArray[np.uint8] = np.rint(8 * np.log2(1 + np.arange(4096) / 8)).astype(np.uint8)
    return sizes


def samples(pictures: data.Pictures, analysis: Floats, count: int, plane: int, seed: int) -> list[Samples]:
    """Samples for every group of one plane, from ``count`` random crops, each at another quality."""
    rng = np.random.default_rng(seed)
    rows: list[list[tuple[npt.NDArray[np.generic], ...]]] = [[] for _ in range(N_GROUPS)]
    for number in range(count):
        quality = int((number + rng.random()) / count * MAX_QUALITY_INDEX + 0.5)
        crop = data.random_crops(pictures, 1, SIDE, rng)[0]
        for group, row in _rows(crop, analysis, quality, plane, rng):
            rows[group].append(row)
    return [Samples(*(torch.from_numpy(np.concatenate(column)) for column in zip(*each, strict=True))) for each in rows]


def _rows(
    crop: data.Bytes, analysis: Floats, quality: int, plane: int, rng: np.random.Generator
) -> Iterator[tuple[int, tuple[npt.NDArray[np.generic], ...]]]:
    """Groups and columns of `Samples`, from one crop (SIDE, SIDE, 3) at one quality index."""
    planes = np.moveaxis((crop.astype(np.float32) - 128) @ OPPONENT.T, -1, 0)
    side = SIDE // STRIDE
    known = DecodedLatent(side, side, plane + 1, sizes_table())
    for other in range(plane + 1):
        latent = analyse(planes[other], analysis[other]).reshape(-1, CHANNELS)[known.order]
        latent /= np.float32(step_size(quality))
        symbols = (np.sign(latent) * np.floor(np.abs(latent) + _ROUNDING_OFFSET)).astype(np.int32)
        everywhere = np.arange(side * side)
        for group in range(N_GROUPS):
            part = symbols[:, GROUPS[group]]
            known.put(other, group, everywhere, part, np.zeros_like(part))
            if group == 0:
                known.sizes[other, :, 0] = _surprise(known, other)
            known.finish(other, group)
    for group in range(N_GROUPS):
        for each in known.passes(group):
            kept = rng.random(len(each.places)) < _KEPT
            places, neighbours = each.places[kept], None if each.neighbours is None else each.neighbours[kept]
            means = np.zeros((len(places), 1), np.int32) if neighbours is None else _middle(known, plane, neighbours)
            features = known.features(plane, group, places, neighbours, means).astype(np.int16)
            signed = known.signed(plane, group, places, neighbours) if group < N_MEANS else np.zeros((len(places), 0))
            n = len(places)
            levels = np.full(n, each.row, np.uint8), np.full(n, quality, np.uint8)
            yield group, (features, signed.astype(np.int16), latent[places, GROUPS[group]], *levels)


def _middle(known: DecodedLatent, plane: int, neighbours: npt.NDArray[np.integer]) -> npt.NDArray[np.int32]:
    """Means (n, 1) of the four neighbours' values in group 0, which is near what the trained weights predict."""
    middle: npt.NDArray[np.int32] = np.rint(known.values[plane][neighbours, 0].mean(1, keepdims=True)).astype(np.int32)
    return middle


def _surprise(known: DecodedLatent, plane: int) -> npt.NDArray[np.uint8]:
    """Sizes (n,) of the differences between values of group 0 and the mean of their neighbours."""
    out = np.empty(known.values.shape[1], np.uint8)
    for each in known.passes(0):
        values = known.values[plane, each.places, 0].astype(np.int32)
        off = values if each.neighbours is None else values - _middle(known, plane, each.neighbours)[:, 0]
        out[each.places] = known.size(np.abs(off))
    return out


class Network(nn.Module):
    """The network of one plane's group, in floating point; `integers` gives the weights as they ship."""

    def __init__(self, plane: int, group: int) -> None:
        super().__init__()
        all_shapes = shapes(plane, group)
        inputs = all_shapes["enter"][0]
        self.enter = nn.Parameter(torch.randn(all_shapes["enter"]) / inputs**0.5)
        self.each_pass = nn.Parameter(torch.zeros(all_shapes["pass"]))
        self.quality = nn.Parameter(torch.zeros(all_shapes["quality"]))
        self.leave = nn.Parameter(torch.randn(all_shapes["leave"]) * 0.3)
        self.index = nn.Parameter(torch.full(all_shapes["index"], _START_INDEX / SCALE_UNIT))
        self.mean = nn.Parameter(torch.zeros(all_shapes["mean"]))
        self.floor = lowest_index(plane, group)
        with torch.no_grad():
            if group == 0:
                self.mean[1:] = 0.25

    def scales(self, batch: Samples) -> Tensor:
        """Scale indices (n, channels), not rounded."""
        quality = batch.quality.float() / ANCHOR_SPACING
        anchors = F.relu(1 - (quality[:, None] - torch.arange(N_ANCHORS)).abs())
        features = batch.features.float() * 2.0**-FEATURE_BITS
        hidden = features @ self.enter + self.each_pass[batch.row.long()] + anchors @ self.quality
        return SCALE_UNIT * (F.leaky_relu(hidden, LEAK) @ self.leave + anchors @ self.index)

    def residuals(self, batch: Samples) -> Tensor:
        """Wanted values less their means, (n, channels)."""
        if not batch.signed.shape[1]:
            return batch.wanted
        every = torch.stack([batch.signed.float() / MEAN_ONE @ weight for weight in self.mean], 1)
        return batch.wanted - every[torch.arange(len(batch.row)), batch.row.long()]

    def forward(self, batch: Samples) -> Tensor:
        """Bits per sample of symbols chosen as by the encoder, plus bits of values with noise.

        Means learn from noise, which has a gradient everywhere; scales from the symbols that will be coded.
        """
        index, residual = self.scales(batch).clamp(min=self.floor), self.residuals(batch)
        noisy = residual + torch.rand_like(residual) - 0.5
        own = bits(chosen(residual, index, torch.tensor(PRICE)).detach(), index)
        return (own + bits(noisy, index.detach())).sum(1).mean()

    def integers(self) -> Arrays:
        """The weights in the units of `nncodec.lapped.context`."""
        inner, outer = WEIGHT_BITS + FEATURE_BITS, WEIGHT_BITS + HIDDEN_BITS
        scales: dict[str, tuple[Tensor, int, type[np.signedinteger]]] = {
            "enter": (self.enter, WEIGHT_BITS, np.int16),
            "pass": (self.each_pass, inner, np.int32),
            "quality": (self.quality, inner, np.int32),
            "leave": (self.leave, WEIGHT_BITS, np.int16),
            "index": (self.index, outer, np.int32),
            "mean": (self.mean, WEIGHT_BITS, np.int16),
        }
        return {name: _whole(name, value, power, kind) for name, (value, power, kind) in scales.items()}


def _whole(name: str, value: Tensor, power: int, kind: type[np.signedinteger]) -> npt.NDArray[np.generic]:
    whole = np.rint(value.detach().double().numpy() * 2.0**power)
    if np.abs(whole).max(initial=0) > np.iinfo(kind).max:
        raise EncodeError(f"the weights {name!r} of a context are too large")
    return whole.astype(kind)


def fit(network: Network, sampled: Samples, steps: int) -> float:
    """Train a network by Adam, the rate falling to zero; return the mean loss of the last tenth of the steps."""
    others = [value for name, value in network.named_parameters() if name != "mean"]
    groups = [{"params": others, "lr": _RATE}, {"params": [network.mean], "lr": _MEAN_RATE}]
    adam = torch.optim.Adam(groups, betas=(0.9, 0.98))
    generator = torch.Generator().manual_seed(0)
    losses = []
    for step in range(steps):
        for group, rate in zip(adam.param_groups, (_RATE, _MEAN_RATE), strict=True):
            group["lr"] = rate * (1 - step / steps)
        at = torch.randint(len(sampled.row), (_BATCH,), generator=generator)
        loss = network(Samples(*(column[at] for column in vars(sampled).values())))
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(float(loss.detach()))
    return float(np.mean(losses[-max(1, steps // 10) :]))


def contexts(pictures: data.Pictures, analysis: Floats, count: int, steps: int) -> tuple[Arrays, list[float]]:
    """Fit all networks: the flat integer arrays ``context.*``, and the loss of each network.

    Args:
        pictures: to train on.
        analysis: (PLANES, CHANNELS, TAPS, TAPS) filters.
        count: crops for each plane.
        steps: of the optimiser, for each network.
    """
    parts: dict[str, list[npt.NDArray[np.generic]]] = {name: [] for name in shapes(0, 0)}
    losses = []
    for plane in range(PLANES):
        for group, sampled in enumerate(samples(pictures, analysis, count, plane, plane)):
            torch.manual_seed(N_GROUPS * plane + group)
            network = Network(plane, group)
            losses.append(fit(network, sampled, steps))
            for name, array in network.integers().items():
                parts[name].append(array.reshape(-1))
    flat = {f"context.{name}": np.concatenate(arrays) for name, arrays in parts.items()}
    return flat | {"context.sizes": sizes_table()}, losses
