"""The fit of the contexts: latents of training crops on disk, one network after the other, then the tables.

Every network is trained apart, against the same latents. Each has a state of its own, so that a stopped run goes on
where it was.
"""

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from nncodec import progress
from nncodec.codecs.learned.block_tables import fitted, logistic_block_tables
from nncodec.codecs.learned.calibration import calibrated, counted
from nncodec.codecs.learned.context import by_network
from nncodec.codecs.learned.context_latents_torch import CROP, Latents, latents_of
from nncodec.codecs.learned.context_torch import GroupNetwork
from nncodec.codecs.learned.grid import UNITS
from nncodec.codecs.learned.mean_context import mean_passes
from nncodec.codecs.learned.mean_context_torch import MeanNetwork
from nncodec.codecs.learned.model import LearnedModel
from nncodec.lapped.layout import CHANNELS, N_GROUPS, PLANES
from nncodec.nets import weights
from nncodec.training import data, state
from nncodec.training.loop import SECONDS_PER_SAVE, Run
from nncodec.training.span import Span

WIDTHS = ((64, *[96] * 6, *[64] * 4, *[48] * 4), (*[48] * 4, *[32] * 11))
"""Hidden units of the network of each group, by unit."""
SHARES = ((*[1.0] * 9, *[0.7] * 2, *[0.35] * 4), (*[0.6] * 3, *[0.35] * 5, *[0.25] * 7))
"""Share of the steps that each network is trained for: groups with few bits need fewer."""
COUNTED = 400
"""Crops whose symbols are counted for the tables, if there is time."""
COUNTS = 2
"""How often they are counted, each time as they are chosen under the last tables."""

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


class Ends(NamedTuple):
    """Shares of the time of a run at which the parts of the fit end, however much was done."""

    latents: float
    networks: float
    tables: float


@dataclass
class Progress:
    """How far the training of one network has come."""

    step: int = 0
    cost: float = 0.0
    """Running mean of the bits a position."""
    passed: float = 0.0
    """Share of the network's time that has passed."""

    def share(self, steps: int) -> float:
        """Share of the training that is done, 0 to 1: of the steps or of the time, whichever is more."""
        return min(1.0, max(self.step / steps, self.passed))

    def add(self, cost: float) -> None:
        """Count a step and its cost."""
        self.cost = cost if self.step == 0 else 0.99 * self.cost + 0.01 * cost
        self.step += 1


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
    return network.cost(wanted[..., 0], values[..., 0], quality, mean_passes(*wanted.shape[2:4]))


def fit(
    network: Network, unit: int, latents: Latents, steps: int, path: Path, settings: ContextSettings, span: Span
) -> Generator[Progress, None, None]:
    """Train one network by Adam, the rate falling to zero, for its steps or its time; yield after each step.

    The state in ``path`` is written every minute and whenever this ends; a state that is there is gone on from.
    """
    optimiser = torch.optim.Adam(network.parameters(), lr=settings.rate, betas=(0.9, 0.98))
    done = _taken_up(network, optimiser, path)
    before, saved = done.passed, time.monotonic()
    done.passed = before + (1 - before) * span.passed()  # all, if nothing is left of the time: then no step is taken
    try:
        while done.share(steps) < 1:
            torch.manual_seed(done.step)
            rng = np.random.default_rng((settings.seed, done.step))
            for group in optimiser.param_groups:
                group["lr"] = settings.rate * min(1.0, (done.step + 1) / 100) * (1 - done.share(steps))
            loss = cost(network, unit, latents, rng, settings.batch)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            done.add(float(loss.detach()))
            done.passed = before + (1 - before) * span.passed()
            yield done
            if time.monotonic() - saved > SECONDS_PER_SAVE:
                _save(network, optimiser, path, done)
                saved = time.monotonic()
    finally:
        _save(network, optimiser, path, done)


def _save(network: Network, optimiser: torch.optim.Optimizer, path: Path, done: Progress) -> None:
    parts = {"model": dict(network.state_dict()), "optimiser": state.optimiser_arrays([optimiser])}
    state.save(path, parts, {"step": done.step, "cost": done.cost, "passed": done.passed})


def _taken_up(network: Network, optimiser: torch.optim.Optimizer, path: Path) -> Progress:
    """The progress of the state in ``path``, which is taken in; none if there is no state."""
    if not path.exists():
        return Progress()
    parts, numbers = state.load(path)
    network.load_state_dict(parts["model"])
    state.restore_optimisers([optimiser], parts.get("optimiser", {}))
    return Progress(int(numbers["step"]), numbers["cost"], numbers.get("passed", 0.0))


def with_contexts(
    filters: weights.Arrays,
    pictures: data.Pictures,
    folder: Path,
    settings: ContextSettings,
    run: Run,
    ends: Ends,
    before: weights.Arrays | None = None,
) -> weights.Arrays:
    """Add contexts and tables to the arrays of transforms.

    Args:
        filters: the arrays of the transforms.
        pictures: to train on.
        folder: for latents and states.
        settings: how much, if there is time.
        run: whose time this takes. It is saved every minute, and logs the mean cost of every network that is done.
        ends: when the parts end.
        before: weights whose contexts the networks begin with, and under which the symbols of the latents are chosen;
            without, a dead zone chooses them.
    """
    progress.stage("coding crops for the contexts")
    model = LearnedModel(0, (before or {}) | filters)
    latents = latents_of(
        pictures, model, folder, settings.seed, settings.crops, before is not None, run.past(ends.latents)
    )
    arrays = filters | dict(logistic_block_tables().pack())
    arrays |= _fitted_networks(latents, folder, settings, run, ends.networks, by_network(before or {}))
    crops = data.random_crops(pictures, COUNTED, CROP, np.random.default_rng(1))
    first, *rest = Span.until(run.share, ends.tables).parts([1.0] * (COUNTS + 1))
    progress.stage("counting symbols")
    arrays = calibrated(arrays, crops, first.over)
    for part in rest:
        arrays |= dict(fitted(counted(LearnedModel(0, arrays), crops, part.over)).pack())
    return arrays


def _fitted_networks(
    latents: Latents, folder: Path, settings: ContextSettings, run: Run, end: float, begun: dict[str, weights.Arrays]
) -> weights.Arrays:
    """The arrays of all networks, each trained for its steps or its part of the time until ``end``."""
    arrays: weights.Arrays = {}
    saved = time.monotonic()
    parts = Span.until(run.share, end).parts([share for _, _, share in networks()])
    for (network, unit, share), span in zip(networks(), parts, strict=True):
        if network.name in begun:
            network.take(begun)
        steps, done = max(1, round(share * settings.steps)), Progress()
        with closing(fit(network, unit, latents, steps, folder / f"{network.name}.npz", settings, span)) as training:
            for done in training:
                run.tell_other(f"context {network.name}: step {done.step}, {done.cost:.4g} bits a position")
                if time.monotonic() - saved > SECONDS_PER_SAVE:
                    run.save()
                    saved = time.monotonic()
        if done.step:  # else it was finished in an earlier sitting
            run.log(context=network.name, cost=round(done.cost, 4))
        arrays |= network.integers()
    return arrays
