"""The contexts of groups 1 to 14 of ``learned`` as trainable networks, twins of `nncodec.codecs.learned.context`."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nncodec.codecs.learned.context import LINEAR_BITS, Inputs
from nncodec.codecs.learned.grid import LATTICES, MEAN_ONE, N_PASSES, Channels, width_of
from nncodec.codecs.learned.rows import OWN_TAPS, RING, TAPS
from nncodec.codecs.learned.trunk_torch import (
    ENTER_BITS,
    LINEAR_GAIN,
    Arrays,
    Doubles,
    Trunk,
    anchored,
    bias_of,
    cost_of,
    doubles,
    feature_units,
    floats,
    matrix,
    places_for,
    signed,
    sizes,
    whole,
)
from nncodec.entropy.scales import N_ANCHORS, N_SCALES, SCALE_UNIT


def picked(values: Tensor, channels: Channels) -> Tensor:
    """Channels (B, C, h, w) of values (B, planes, h, w, CHANNELS)."""
    parts = [values[:, plane, :, :, part] for plane, part in channels]
    none = values.new_zeros(values.shape[0], *values.shape[2:4], 0)
    return torch.cat(parts or [none], -1).movedim(-1, 1)


class GroupNetwork(nn.Module):
    """The network of a group but the first."""

    def __init__(self, unit: int, group: int, width: int) -> None:
        super().__init__()
        self.inputs, self.name = Inputs.of(unit, group), f"{'yc'[unit]}{group}"
        own, directed = width_of(self.inputs.own), width_of(self.inputs.signed)
        around = directed + width_of(self.inputs.sizes)
        ring = len(RING) * len(self.inputs.means)
        here = width_of(self.inputs.signed_here)
        self.around = nn.Conv2d(around, width, 3, bias=False) if around else None
        self.own = nn.Conv2d(2 * own + 1, width, 3, bias=False)
        self.here = nn.Conv2d(2 * ring + here + width_of(self.inputs.sizes_here), width, 1)
        self.trunk = Trunk(width, own)
        self.linear = nn.Parameter(torch.zeros(N_PASSES, own, directed + own, 3, 3))
        self.linear_here = nn.Parameter(torch.zeros(own, ring + here, 1, 1))
        self.each_pass = nn.Parameter(torch.zeros(N_PASSES, width))
        self.quality = nn.Parameter(torch.zeros(N_ANCHORS, width))
        self.index = nn.Parameter(torch.zeros(N_ANCHORS, 2 * own))
        for layer in (self.around, self.own, self.here):
            if layer is not None:
                layer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, values: Tensor, quality: Tensor) -> list[tuple[int, int, Tensor, Tensor]]:
        """Means in symbols and scale indices of every lattice, (B, channels, h / 2, w / 2), with its row and column.

        ``values`` (B, planes, h, w, CHANNELS) are in 1/16 symbol, h and w even; ``quality`` are indices (B,).
        """
        own, directed = picked(values, self.inputs.own), picked(values, self.inputs.signed)
        features = _padded(torch.cat([signed(directed), sizes(picked(values, self.inputs.sizes))], 1))
        ring, here = ring_differences(values, self.inputs.means), picked(values, self.inputs.signed_here)
        at = torch.cat([signed(ring), sizes(ring), signed(here), sizes(picked(values, self.inputs.sizes_here))], 1)
        straight = torch.cat([ring, here], 1) / MEAN_ONE
        share = anchored(quality)
        moved, index = share @ self.quality, (share @ self.index)[:, :, None, None]
        known, found = torch.zeros_like(own[:1, :1]), []
        for number, lattice in enumerate(LATTICES):
            seen = own * known
            mine = _padded(torch.cat([signed(seen), sizes(seen), known.expand(len(own), 1, -1, -1)], 1))
            exact = _padded(torch.cat([directed, seen], 1) / MEAN_ONE)
            bias = (self.each_pass[number] + moved)[:, :, None, None]
            for y, x in lattice:
                with torch.autocast("cpu", torch.bfloat16):
                    sums = self.here(at[..., y::2, x::2]) + F.conv2d(mine[..., y:, x:], self.own.weight, stride=2)
                    if self.around is not None:
                        sums = sums + F.conv2d(features[..., y:, x:], self.around.weight, stride=2)
                    out = self.trunk(sums + bias) + index
                means = F.conv2d(exact[..., y:, x:], self.linear[number], stride=2)
                means = means + F.conv2d(straight[..., y::2, x::2], self.linear_here)
                mean, scale = out.chunk(2, 1)
                found.append((y, x, mean + LINEAR_GAIN * means, (SCALE_UNIT * scale).clamp(0, N_SCALES - 1)))
            known = known.clone()
            for y, x in lattice:
                known[..., y::2, x::2] = 1
        return found

    def cost(self, wanted: Tensor, values: Tensor, quality: Tensor) -> Tensor:
        """Bits a position of the latent that is to be coded (B, planes, h, w, CHANNELS), in symbols; see `cost_of`."""
        target = picked(wanted, self.inputs.own)
        costs = (cost_of(target[..., y::2, x::2] - mean, index) for y, x, mean, index in self(values, quality))
        total: Tensor = sum(costs)  # type: ignore[assignment]
        return total / (target.numel() / target.shape[1])

    def integers(self) -> Arrays:
        """The arrays that ship, by their names after that of the network."""
        entering, at = self._entering()
        arrays, places = self.trunk.integers(np.abs(doubles(self.index)).max(0))
        arrays |= entering | self._straight()
        arrays["bits"] = np.array([at, *places], np.uint8)
        arrays["index"] = whole(doubles(self.index), places[-1], np.int32)
        return {f"{self.name}.{name}": array for name, array in arrays.items()}

    def _entering(self) -> tuple[Arrays, int]:
        """The arrays of the first layer, and the binary places of its sums."""
        (units, most), (own_units, own_most), (here_units, here_most) = self._features()
        width = len(bias_of(self.here))
        around = doubles(self.around.weight) if self.around is not None else np.zeros((width, 0, 3, 3))
        rows = (around / units[:, None, None]).transpose(0, 2, 3, 1).reshape(width, -1)  # (width, tap and channel)
        own = doubles(self.own.weight) / own_units[:, None, None]
        own_rows = [np.concatenate([own[:, :, 1 + y, 1 + x] for y, x in taps], 1) for taps in OWN_TAPS[1:]]
        here = matrix(self.here) / here_units
        bias, moved = doubles(bias_of(self.here)) + doubles(self.each_pass), doubles(self.quality)
        every = np.concatenate([rows, np.maximum(*np.abs(own_rows)), here], 1)
        largest = np.concatenate([np.tile(most, len(TAPS)), np.tile(own_most, len(OWN_TAPS[1])), here_most])
        at = places_for(every, largest, np.abs(bias).max(0) + np.abs(moved).max(0), ENTER_BITS)
        arrays = {
            "enter.around": whole(rows.T, at, np.int16),
            "enter.own": whole(np.stack([each.T for each in own_rows]), at, np.int16),
            "enter.here": whole(here.T, at, np.int16),
            "pass": whole(bias, at, np.int32),
            "quality": whole(moved, at, np.int32),
        }
        return arrays, at

    def _straight(self) -> Arrays:
        """The arrays of the linear part."""
        linear, directed = LINEAR_GAIN * doubles(self.linear), width_of(self.inputs.signed)
        around = linear[:, :, :directed].transpose(0, 3, 4, 2, 1)  # (passes, rows, columns, channels, own channels)
        own = [
            np.concatenate([linear[number, :, directed:, 1 + y, 1 + x].T for y, x in OWN_TAPS[number]])
            for number in range(1, N_PASSES)
        ]
        here = LINEAR_GAIN * doubles(self.linear_here)[:, :, 0, 0].T
        return {
            "linear.around": whole(around.reshape(N_PASSES, -1, around.shape[-1]), LINEAR_BITS, np.int16),
            "linear.own": whole(np.stack(own), LINEAR_BITS, np.int16),
            "linear.here": whole(here, LINEAR_BITS, np.int16),
        }

    @torch.no_grad()
    def take(self, arrays: Mapping[str, Arrays]) -> None:
        """Begin with the networks of `nncodec.codecs.learned.context.by_network`: the inverse of `integers`."""
        parts = arrays[self.name]
        at, *places = parts["bits"].tolist()
        width, count, directed = len(bias_of(self.here)), width_of(self.inputs.own), width_of(self.inputs.signed)
        units, own_units, here_units = (torch.from_numpy(part).float() for part, _ in self._features())
        if self.around is not None:
            rows = floats(parts["enter.around"].T, at).reshape(width, 3, 3, -1) * units
            self.around.weight.copy_(rows.permute(0, 3, 1, 2))
        for number, taps in enumerate(OWN_TAPS[1:]):
            rows = floats(parts["enter.own"][number].T, at).reshape(width, len(taps), -1) * own_units
            straight = floats(parts["linear.own"][number], LINEAR_BITS).reshape(len(taps), count, count) / LINEAR_GAIN
            for tap, (y, x) in enumerate(taps):
                self.own.weight[:, :, 1 + y, 1 + x] = rows[:, tap]
                self.linear[number + 1, :, directed:, 1 + y, 1 + x] = straight[tap].T
        self.here.weight.copy_((floats(parts["enter.here"].T, at) * here_units)[:, :, None, None])
        bias_of(self.here).zero_()
        self.each_pass.copy_(floats(parts["pass"], at))
        self.quality.copy_(floats(parts["quality"], at))
        self.index.copy_(floats(parts["index"], places[-1]))
        around = floats(parts["linear.around"], LINEAR_BITS).reshape(N_PASSES, 3, 3, directed, count) / LINEAR_GAIN
        self.linear[:, :, :directed] = around.permute(0, 4, 3, 1, 2)
        self.linear_here.copy_((floats(parts["linear.here"].T, LINEAR_BITS) / LINEAR_GAIN)[:, :, None, None])
        self.trunk.take(parts, places)

    def _features(self) -> list[tuple[Doubles, Doubles]]:
        """Units in which features are 1 to the network, and largest magnitudes: around, the group's own, in place."""
        inputs, ring = self.inputs, len(RING) * len(self.inputs.means)
        own, inside = width_of(inputs.own), np.ones(1)
        blocks = (
            [feature_units(width_of(inputs.signed), width_of(inputs.sizes))],
            [feature_units(own, own), (inside, inside)],
            [feature_units(ring, ring), feature_units(width_of(inputs.signed_here), width_of(inputs.sizes_here))],
        )
        found = []
        for parts in blocks:
            units, most = (np.concatenate(columns) for columns in zip(*parts, strict=True))
            found.append((units, most))
        return found


def _padded(x: Tensor) -> Tensor:
    """One position of zeros on each side."""
    return F.pad(x, (1, 1, 1, 1)).contiguous(memory_format=torch.channels_last)


def ring_differences(values: Tensor, planes: Sequence[int]) -> Tensor:
    """What group 0 of the eight positions around has more, (B, 8 x planes, h, w); the border is repeated beyond it."""
    means = torch.stack([values[:, plane, :, :, 0] for plane in planes], 1)
    height, width = means.shape[2:]
    wide = F.pad(means, (1, 1, 1, 1), mode="replicate")
    return torch.cat([wide[:, :, 1 + y : 1 + y + height, 1 + x : 1 + x + width] - means for y, x in RING], 1)
