"""Training of the contexts of the lapped latent: one small network per plane and group."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nncodec import progress
from nncodec.entropy.scales import ANCHOR_SPACING, LEAK, N_ANCHORS, SCALE_UNIT
from nncodec.errors import EncodeError
from nncodec.lapped.context import FEATURE_BITS, HIDDEN_BITS, WEIGHT_BITS, lowest_index, shapes
from nncodec.lapped.encoder import PRICE
from nncodec.lapped.latent import MEAN_ONE, N_MEANS, DecodedLatent
from nncodec.lapped.layout import CHANNELS, GROUPS, MAX_QUALITY_INDEX, N_GROUPS, PLANES, STRIDE, step_size
from nncodec.lapped.rate_torch import bits, chosen
from nncodec.lapped.transform import OPPONENT, Floats, analyse
from nncodec.nets.weights import read, write
from nncodec.training import data
from nncodec.training.loop import Run
from nncodec.training.span import Span

SIDE = 256
"""Side of the crops that samples are taken from, in pixels."""
_KEPT = 0.5
"""Share of the places of a pass that become samples."""
_ROUNDING_OFFSET = 0.38
"""Added to magnitudes before they are cut to integers: about the same symbols as the encoder chooses."""
_BATCH, _RATE, _MEAN_RATE = 2048, 8e-3, 1e-3
"""Samples in a step, and learning rates: of all weights but those of the means, and of these."""
_SAMPLING = 0.3
"""Most of the time of a plane that taking samples may take."""
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


def samples(
    pictures: data.Pictures,
    analysis: Floats,
    count: int,
    plane: int,
    seed: int,
    enough: Callable[[], bool] = lambda: False,
) -> list[Samples]:
    """Samples for every group of one plane, from ``count`` random crops, each at another quality, in random order.

    ``enough`` is asked after each crop; true ends it with fewer.
    """
    rng = np.random.default_rng(seed)
    rows: list[list[tuple[npt.NDArray[np.generic], ...]]] = [[] for _ in range(N_GROUPS)]
    for number in rng.permutation(count):
        quality = int((number + rng.random()) / count * MAX_QUALITY_INDEX + 0.5)
        crop = data.random_crops(pictures, 1, SIDE, rng)[0]
        for group, row in _rows(crop, analysis, quality, plane, rng):
            rows[group].append(row)
        if enough():
            break
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


def fit(network: Network, sampled: Samples, steps: int, span: Span, tell: Callable[[str], None]) -> float:
    """Train a network by Adam, the rate falling to zero, for its steps or its time, whichever ends first.

    ``tell`` is called after each step. Returns the mean loss of the last tenth of the steps.
    """
    others = [value for name, value in network.named_parameters() if name != "mean"]
    groups = [{"params": others, "lr": _RATE}, {"params": [network.mean], "lr": _MEAN_RATE}]
    adam = torch.optim.Adam(groups, betas=(0.9, 0.98))
    generator = torch.Generator().manual_seed(0)
    losses: list[float] = []
    share = 0.0
    while share < 1:
        for group, rate in zip(adam.param_groups, (_RATE, _MEAN_RATE), strict=True):
            group["lr"] = rate * (1 - share)
        at = torch.randint(len(sampled.row), (_BATCH,), generator=generator)
        loss = network(Samples(*(column[at] for column in vars(sampled).values())))
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(float(loss.detach()))
        tell(f"step {len(losses)}, {losses[-1]:.4g} bits")
        share = max(len(losses) / steps, span.passed())
    return float(np.mean(losses[-max(1, len(losses) // 10) :]))


def contexts(
    pictures: data.Pictures, analysis: Floats, count: int, steps: int, folder: Path, run: Run, end: float
) -> tuple[Arrays, list[float]]:
    """Fit all networks: the flat integer arrays ``context.*``, and the loss of each network.

    Args:
        pictures: to train on.
        analysis: (PLANES, CHANNELS, TAPS, TAPS) filters.
        count: crops for each plane, if there is time.
        steps: of the optimiser, for each network, if there is time.
        folder: keeps the networks that are done, so that a stopped run goes on with the next.
        run: whose time this takes.
        end: share of the time of the run at which this ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts: dict[str, list[npt.NDArray[np.generic]]] = {name: [] for name in shapes(0, 0)}
    losses = []
    for plane, span in enumerate(Span.until(run.share, end).parts([1.0] * PLANES)):
        paths = [folder / f"{plane}-{group}.npz" for group in range(N_GROUPS)]
        if not all(path.exists() for path in paths):
            _fit_plane(pictures, analysis, count, steps, plane, paths, run, span)
        for path in paths:
            arrays = read(path.read_bytes())
            losses.append(float(arrays["loss"]))
            for name, column in parts.items():
                column.append(arrays[name].reshape(-1))
    flat = {f"context.{name}": np.concatenate(arrays) for name, arrays in parts.items()}
    return flat | {"context.sizes": sizes_table()}, losses


def _fit_plane(
    pictures: data.Pictures,
    analysis: Floats,
    count: int,
    steps: int,
    plane: int,
    paths: list[Path],
    run: Run,
    span: Span,
) -> None:
    """Fit the networks of a plane whose files do not exist, in the time of ``span``, and write each when it is done."""
    parts = span.parts([_SAMPLING, 1 - _SAMPLING])
    progress.stage(f"taking samples for the contexts of plane {plane}")
    sampled = samples(pictures, analysis, count, plane, plane, next(parts).over)
    missing = [group for group, path in enumerate(paths) if not path.exists()]
    for group, own in zip(missing, next(parts).parts([1.0] * len(missing)), strict=True):
        torch.manual_seed(N_GROUPS * plane + group)
        network = Network(plane, group)
        begin = f"context {group + 1} of {N_GROUPS} of plane {plane}: "
        loss = fit(network, sampled[group], steps, own, partial(_tell, run, begin))
        fresh = paths[group].with_suffix(".fresh.npz")
        write(fresh, network.integers() | {"loss": np.array(loss)})
        fresh.replace(paths[group])
        run.save()


def _tell(run: Run, begin: str, what: str) -> None:
    run.tell_other(begin + what)
