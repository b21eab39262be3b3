"""The training loop: a schedule by the clock, guarded optimiser steps, averaged parameters, checkpoints, a log."""

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from nncodec import progress
from nncodec.errors import UnsupportedFile
from nncodec.training import state
from nncodec.training.options import STATE

SECONDS_PER_SAVE = 60.0
"""Time between checkpoints; a killed run loses no more."""
REPORT_SHARE = 0.02
"""Share of the whole time that one validation may take."""


@dataclass(frozen=True)
class Schedule:
    """The training time, and the learning rate as a function of the share of it that has passed."""

    minutes: float
    """Time over all sittings, for all that a recipe does; reading pictures, validation and saving count."""
    warmup_steps: int = 100
    hold: float = 0.3
    """Share of the time at the full rate; then it falls linearly to zero."""
    end: float = 1.0
    """Share of the time at which the training ends; the rest is for what the recipe does then."""

    def rate(self, share: float, step: int) -> float:
        """Factor on the learning rate, 0 to 1, at a share of the time (0 to 1), ``step`` steps into a phase."""
        return min(1.0, (step + 1) / self.warmup_steps, max(0.0, (1 - share) / (1 - self.hold)))


class Guard:
    """Running means of loss and gradient norm, by which rare bad batches are skipped or clipped.

    Batches are bad if bfloat16 overflows or a picture is degenerate: one step of them can undo thousands.
    """

    LOSS_FACTOR = 3.0
    """Losses above this multiple of their running mean are refused."""
    NORM_FACTOR = 2.0
    """Gradients are clipped to this multiple of their running mean norm."""
    MEMORY = 0.98
    """Decay of the running means, per step."""

    def __init__(self, loss: float = 0.0, norm: float = 0.0) -> None:
        self.loss, self.norm = loss, norm

    def refuses(self, loss: float) -> bool:
        """True for a loss that is not finite, or above LOSS_FACTOR times its running mean."""
        return not math.isfinite(loss) or (self.loss > 0 and loss > self.LOSS_FACTOR * self.loss)

    def limit(self, parameters: list[Tensor]) -> bool:
        """Clip the gradient to NORM_FACTOR times its running mean norm; False if it is not finite."""
        norm = float(torch.nn.utils.clip_grad_norm_(parameters, self.NORM_FACTOR * self.norm or math.inf))
        if not math.isfinite(norm):
            return False
        self.norm = self._blend(self.norm, min(norm, self.NORM_FACTOR * self.norm or norm))
        return True

    def accept(self, loss: float) -> None:
        """Add a loss to the running mean."""
        self.loss = self._blend(self.loss, loss)

    def _blend(self, mean: float, value: float) -> float:
        return value if mean == 0 else self.MEMORY * mean + (1 - self.MEMORY) * value


@dataclass
class Run:
    """One training run: parameters, optimisers, averages and counters, as `save` writes and `resume` reads."""

    model: nn.Module
    optimisers: list[torch.optim.Optimizer]
    schedule: Schedule
    folder: Path
    average: state.Average
    guard: Guard
    step: int = 0
    skipped: int = 0
    phase: int = 0
    """Number of the phase; its meaning is the recipe's."""
    phase_start: int = 0
    """Step at which the phase began."""
    seconds: float = 0.0
    """Time of earlier sittings."""
    rate_from: float = 0.0
    """Share of the time from which the rate is scheduled; see `begin_phase`."""
    since: float = field(default_factory=time.monotonic)
    """When this sitting began, by `time.monotonic`."""

    def __post_init__(self) -> None:
        self._rates = [[group["lr"] for group in optimiser.param_groups] for optimiser in self.optimisers]

    @property
    def path(self) -> Path:
        """The checkpoint file."""
        return self.folder / STATE

    def elapsed(self) -> float:
        """Seconds that have passed, over all sittings."""
        return self.seconds + time.monotonic() - self.since

    def share(self) -> float:
        """Share of the time that has passed, 0 to 1."""
        return min(1.0, self.elapsed() / (60 * self.schedule.minutes))

    def past(self, share: float) -> Callable[[], bool]:
        """A function that tells if a share of the time has passed."""
        return lambda: self.share() >= share

    def allowance(self, share: float) -> Callable[[], bool]:
        """A function that tells if more than a share of the whole time has passed since now."""
        end = self.elapsed() + share * 60 * self.schedule.minutes
        return lambda: self.elapsed() > end

    def begin_phase(self, phase: int, full_rate: bool = False) -> None:
        """Begin a phase with another loss: warm up again, with a new guard.

        With ``full_rate`` the schedule of the rate begins anew, too, over the time that is left.
        """
        self.phase, self.phase_start, self.guard = phase, self.step, Guard()
        if full_rate:
            self.rate_from = self.share()

    def learn(self, loss: Tensor) -> None:
        """One guarded optimiser step on ``loss``."""
        value = float(loss.detach())
        factor = self.schedule.rate(self._rate_share(), self.step - self.phase_start)
        for optimiser, rates in zip(self.optimisers, self._rates, strict=True):
            optimiser.zero_grad(set_to_none=True)
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * factor
        if self.guard.refuses(value):
            self.skipped += 1
        else:
            loss.backward()  # type: ignore[no-untyped-call]
            if self.guard.limit([p for p in self.model.parameters() if p.grad is not None]):
                for optimiser in self.optimisers:
                    optimiser.step()
                self.average.update(self.model, self.step)
            else:
                self.skipped += 1
        if math.isfinite(value):
            # Skipped losses count too, or a lasting change of level would never be let through.
            self.guard.accept(min(value, Guard.LOSS_FACTOR * (self.guard.loss or value)))
        self.step += 1

    def _rate_share(self) -> float:
        """Share of the time that the rate is scheduled over, 0 to 1."""
        length = self.schedule.end - self.rate_from
        return min(1.0, (self.share() - self.rate_from) / length) if length > 0 else 1.0

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Give the model its averaged parameters within the block."""
        current = {name: value.clone() for name, value in self.model.named_parameters()}
        self.model.load_state_dict(self.average.values)
        try:
            yield
        finally:  # also when Ctrl-C ends the block: the state that is saved then holds the parameters themselves
            self.model.load_state_dict(current)

    def tell(self) -> None:
        """Report the progress: step, loss, phase, and the time that is left."""
        self.tell_other(f"training: step {self.step}, loss {self.guard.loss:.4g}, phase {self.phase}")

    def tell_other(self, what: str) -> None:
        """Report the progress of work that has words of its own, and the time that is left."""
        left = max(0.0, self.schedule.minutes - self.elapsed() / 60)
        progress.report(f"{what}, {left:.1f} min left", round(100 * self.share()), 100)

    def save(self) -> None:
        """Write the checkpoint."""
        parts = {
            "model": {name: value.detach() for name, value in self.model.named_parameters()},
            "average": self.average.values,
            "optimiser": state.optimiser_arrays(self.optimisers),
        }
        numbers = {
            "step": self.step,
            "skipped": self.skipped,
            "phase": self.phase,
            "phase_start": self.phase_start,
            "seconds": self.elapsed(),
            "loss": self.guard.loss,
            "norm": self.guard.norm,
            "rate_from": self.rate_from,
        }
        state.save(self.path, parts, numbers)

    def resume(self) -> None:
        """Load the checkpoint in the run's folder.

        Raises CorruptFile if the file is no checkpoint, UnsupportedFile if it is that of another network.
        """
        parts, numbers = state.load(self.path)
        try:
            self._take(parts, numbers)
        except (KeyError, RuntimeError, ValueError) as error:
            what = str(error).partition("\n")[0]
            hint = "resume with the options that the run was begun with"
            raise UnsupportedFile(f"{self.path} is the state of another network: {what}", hint) from error

    def _take(self, parts: dict[str, dict[str, Tensor]], numbers: dict[str, float]) -> None:
        self.model.load_state_dict(parts["model"])
        device = next(self.model.parameters()).device
        self.average.values = {name: value.to(device) for name, value in parts["average"].items()}
        state.restore_optimisers(self.optimisers, parts.get("optimiser", {}))
        self.guard = Guard(numbers["loss"], numbers["norm"])
        self.step, self.skipped, self.seconds = int(numbers["step"]), int(numbers["skipped"]), numbers["seconds"]
        self.phase, self.phase_start = int(numbers["phase"]), int(numbers["phase_start"])
        self.rate_from = numbers.get("rate_from", 0.0)  # states of older versions have none

    def log(self, **values: float | int | str | list[float]) -> None:
        """Append one line of JSON to the run's log."""
        line = {"step": self.step, "minutes": round(self.elapsed() / 60, 2), "skipped": self.skipped} | values
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")


def train(run: Run, loss: Callable[[int, float], Tensor], report: Callable[[], None], every_minutes: float) -> None:
    """Train until the schedule ends; report every few minutes and at the end, save each minute and then.

    The state is also saved when Ctrl-C or a signal ends the training. Each step tells its progress.

    Args:
        run: the run, new or resumed.
        loss: loss of a fresh batch, given the step number and the share of the time that has passed.
        report: validates and logs.
        every_minutes: time between reports.
    """
    begun = run.elapsed()
    report_due, save_due = begun + 60 * every_minutes, begun + SECONDS_PER_SAVE
    try:
        while run.share() < run.schedule.end:
            run.learn(loss(run.step, run.share()))
            run.tell()
            if run.elapsed() >= report_due:
                _validate(report)
                report_due = run.elapsed() + 60 * every_minutes
            if run.elapsed() >= save_due:
                run.save()
                save_due = run.elapsed() + SECONDS_PER_SAVE
        _validate(report)
    finally:
        run.save()


def _validate(report: Callable[[], None]) -> None:
    progress.stage("validating")
    report()
