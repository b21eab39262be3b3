"""The fit of one context: bounded by steps and by time, and gone on from where it was stopped."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch, an extra of the package, is not installed")

from nncodec.codecs.learned import context_fit_torch as fitting
from nncodec.codecs.learned.mean_context_torch import MeanNetwork
from nncodec.training.span import Span

STEPS = 5


class Fit:
    """A fit of a small network, whose time the test sets."""

    def __init__(self, path: Path) -> None:
        torch.manual_seed(0)
        self.path, self.now, self.network = path, 0.0, MeanNetwork(0, 4)

    def steps(self) -> Iterator[fitting.Progress]:
        span = Span(lambda: self.now, 0.0, 1.0)
        return fitting.fit(self.network, 0, None, STEPS, self.path, fitting.ContextSettings(), span)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the state is kept; the cost is that of the network's weights alone."""
    monkeypatch.setattr(fitting, "cost", lambda network, *_: sum(p.square().sum() for p in network.parameters()))
    return tmp_path / "y0.npz"


def test_all_steps_are_done_if_there_is_time(path: Path) -> None:
    costs = [done.cost for done in Fit(path).steps()]
    assert len(costs) == STEPS
    assert costs[-1] < costs[0]


def test_the_time_ends_it(path: Path) -> None:
    fit, seen = Fit(path), []
    for done in fit.steps():
        seen.append(done.step)
        fit.now = 0.5 * done.step  # it is read after the next step
    assert seen == [1, 2, 3]
    assert not list(Fit(path).steps())  # the time of this network was over


def test_no_step_is_taken_when_the_time_is_over_before(path: Path) -> None:
    fit = Fit(path)
    fit.now = 1.0
    assert not list(fit.steps())


def test_a_stopped_fit_goes_on_as_if_it_had_not_been_stopped(path: Path) -> None:
    whole = Fit(path.with_name("whole.npz"))
    for _ in whole.steps():
        pass
    with closing(Fit(path).steps()) as first:
        assert [next(first).step, next(first).step] == [1, 2]
    again = Fit(path)
    assert [done.step for done in again.steps()] == [3, 4, 5]
    for name, value in whole.network.state_dict().items():
        assert torch.allclose(again.network.state_dict()[name], value, atol=1e-6), name
