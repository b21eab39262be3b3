"""The contexts of group 0 of ``learned`` as trainable networks, twins of `nncodec.codecs.learned.mean_context`."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from nncodec.codecs.learned.context import LINEAR_BITS
from nncodec.codecs.learned.grid import MEAN_ONE, UNITS
from nncodec.codecs.learned.mean_context import LOWEST, N_ROWS, NEAREST, MeanPass
from nncodec.codecs.learned.trunk_torch import (
    ENTER_BITS,
    LINEAR_GAIN,
    Arrays,
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


class MeanNetwork(nn.Module):
    """The network of group 0 of a unit."""

    def __init__(self, unit: int, width: int) -> None:
        super().__init__()
        self.planes, self.others = UNITS[unit], () if unit == 0 else (0,)
        self.name, self.lowest = f"{'yc'[unit]}0", LOWEST[unit]
        differences = 16 * len(self.planes) + 17 * len(self.others)
        self.enter = nn.Conv2d(2 * differences, width, 1)
        self.trunk = Trunk(width, len(self.planes))
        self.linear = nn.Parameter(torch.zeros(N_ROWS, differences, len(self.planes)))
        self.row = nn.Parameter(torch.zeros(N_ROWS, width))
        self.row_index = nn.Parameter(torch.zeros(N_ROWS, 2 * len(self.planes)))
        self.quality = nn.Parameter(torch.zeros(N_ANCHORS, width))
        self.index = nn.Parameter(torch.zeros(N_ANCHORS, 2 * len(self.planes)))

    def forward(self, means: Tensor, quality: Tensor, passes: Sequence[MeanPass]) -> list[tuple[Tensor, Tensor]]:
        """Means in symbols and scale indices (B, n, planes) of every pass.

        ``means`` (B, all planes, h, w) is group 0 in 1/16 symbol; ``quality`` are indices (B,).
        """
        share = anchored(quality)
        moved, index = (share @ self.quality)[:, :, None], (share @ self.index)[:, None]
        found = []
        for each in passes:
            offset = self.row_index[each.row] + index  # (B, 1, 2 planes)
            if each.offsets:
                guesses, differences = self._differences(means, each)
                features = torch.cat([signed(differences), sizes(differences)], -1).movedim(-1, 1)[..., None]
                with torch.autocast("cpu", torch.bfloat16):
                    sums = self.enter(features) + (self.row[each.row][:, None] + moved)[..., None]
                    out = self.trunk(sums)[..., 0].movedim(1, -1) + offset
                straight = guesses / MEAN_ONE + LINEAR_GAIN * (differences / MEAN_ONE @ self.linear[each.row])
            else:
                out = (bias_of(self.trunk.leave) + offset).expand(len(means), len(each.y), -1)
                out, straight = out * torch.tensor([0.0, 1.0]).repeat_interleave(len(self.planes)), out.new_zeros(())
            mean, scale = out.chunk(2, -1)
            found.append((mean + straight, (SCALE_UNIT * scale).clamp(self.lowest, N_SCALES - 1)))
        return found

    def _differences(self, means: Tensor, each: MeanPass) -> tuple[Tensor, Tensor]:
        """First guesses (B, n, planes), and what neighbours differ by from them (B, n, differences)."""
        ys, xs, there = each.neighbours(slice(None), *means.shape[2:])
        near = torch.from_numpy(there).float()
        count = near[:, :NEAREST].sum(1)
        guesses, differences = [], []
        for plane in (*self.planes, *self.others):
            around = means[:, plane][:, ys, xs]  # (B, n, 16)
            guess = torch.floor((around[..., :NEAREST] * near[:, :NEAREST]).sum(-1) / count + 0.5)
            differences.append((around - guess[..., None]) * near)
            if plane in self.others:
                differences.append((means[:, plane][:, each.y, each.x] - guess)[..., None])
            else:
                guesses.append(guess)
        return torch.stack(guesses, -1), torch.cat(differences, -1)

    def cost(self, wanted: Tensor, means: Tensor, quality: Tensor, passes: Sequence[MeanPass]) -> Tensor:
        """Bits a position of group 0 as it is to be coded, (B, all planes, h, w) in symbols; see `cost_of`."""
        target = torch.stack([wanted[:, plane] for plane in self.planes], -1)
        costs = (
            cost_of(target[:, each.y, each.x] - mean, index)
            for each, (mean, index) in zip(passes, self(means, quality, passes), strict=True)
        )
        total: Tensor = sum(costs)  # type: ignore[assignment]
        return total / (target.numel() / target.shape[-1])

    def integers(self) -> Arrays:
        """The arrays that ship, by their names after that of the network."""
        count = self.linear.shape[1]
        units, most = feature_units(count, count)
        rows = matrix(self.enter) / units
        bias, moved = doubles(bias_of(self.enter)) + doubles(self.row), doubles(self.quality)
        at = places_for(rows, most, np.abs(bias).max(0) + np.abs(moved).max(0), ENTER_BITS)
        index, row_index = doubles(self.index), doubles(self.row_index)
        arrays, places = self.trunk.integers(np.abs(index).max(0) + np.abs(row_index).max(0))
        leave = doubles(bias_of(self.trunk.leave)) + row_index
        del arrays["leave.bias"]
        arrays |= {
            "bits": np.array([at, *places], np.uint8),
            "enter": whole(rows.T, at, np.int16),
            "row": whole(bias, at, np.int32),
            "quality": whole(moved, at, np.int32),
            "leave.row": whole(leave, places[-1], np.int32),
            "index": whole(index, places[-1], np.int32),
            "linear": whole(LINEAR_GAIN * doubles(self.linear), LINEAR_BITS, np.int16),
        }
        return {f"{self.name}.{name}": array for name, array in arrays.items()}

    @torch.no_grad()
    def take(self, arrays: Mapping[str, Arrays]) -> None:
        """Begin with the networks of `nncodec.codecs.learned.context.by_network`: the inverse of `integers`."""
        parts = arrays[self.name]
        at, *places = parts["bits"].tolist()
        count = self.linear.shape[1]
        units = torch.from_numpy(feature_units(count, count)[0]).float()
        self.enter.weight.copy_((floats(parts["enter"].T, at) * units)[:, :, None, None])
        bias_of(self.enter).zero_()
        self.row.copy_(floats(parts["row"], at))
        self.quality.copy_(floats(parts["quality"], at))
        self.index.copy_(floats(parts["index"], places[-1]))
        self.row_index.copy_(floats(parts["leave.row"], places[-1]))
        self.linear.copy_(floats(parts["linear"], LINEAR_BITS) / LINEAR_GAIN)
        self.trunk.take(parts, places)
