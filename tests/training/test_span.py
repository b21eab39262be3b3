"""Parts of the time of a run: each ends when its share has passed."""

import pytest

from nncodec.training.span import Span


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_span_passes_with_the_time() -> None:
    clock = Clock()
    clock.now = 0.2
    span = Span.until(clock, 0.6)
    for now, passed in ((0.2, 0), (0.3, 0.25), (0.6, 1), (0.9, 1)):
        clock.now = now
        assert span.passed() == pytest.approx(passed)
        assert span.over() == (passed == 1)


def test_a_span_whose_end_has_passed_is_over() -> None:
    clock = Clock()
    clock.now = 0.7
    assert Span.until(clock, 0.6).over()


def test_time_that_a_task_leaves_is_the_others() -> None:
    clock = Clock()
    parts = Span.until(clock, 0.8).parts([2.0, 1.0, 1.0])
    assert next(parts).end == pytest.approx(0.4)
    clock.now = 0.2
    assert next(parts).end == pytest.approx(0.5)


def test_a_task_that_overruns_shortens_the_rest() -> None:
    clock = Clock()
    parts = Span.until(clock, 0.8).parts([1.0, 1.0, 1.0])
    next(parts)
    clock.now = 0.6
    assert next(parts).end == pytest.approx(0.7)
    clock.now = 0.9
    assert next(parts).over()
