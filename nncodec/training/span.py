"""Parts of the time of a training run, so that all that a recipe does ends when the time given is over."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """A part of the time of a run."""

    share: Callable[[], float]
    """The share of the run's time that has passed, 0 to 1; see `nncodec.training.loop.Run.share`."""
    begin: float
    end: float
    """Shares at which the part begins and ends."""

    @classmethod
    def until(cls, share: Callable[[], float], end: float) -> "Span":
        """The time from now until a share of the whole has passed."""
        return cls(share, share(), end)

    def passed(self) -> float:
        """The share of this part that has passed, 0 to 1."""
        length = self.end - self.begin
        return 1.0 if length <= 0 else min(1.0, max(0.0, (self.share() - self.begin) / length))

    def over(self) -> bool:
        """True once the part has passed."""
        return self.passed() >= 1

    def parts(self, sizes: Sequence[float]) -> Iterator["Span"]:
        """Divide the part among tasks. The part of each begins when it is asked for, so that none is lost to others.

        Args:
            sizes: of the tasks, in any unit.
        """
        for number, size in enumerate(sizes):
            now = self.share()
            yield Span(self.share, now, now + max(0.0, self.end - now) * size / sum(sizes[number:]))
