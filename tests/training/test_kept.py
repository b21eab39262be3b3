"""Arrays of examples on disk: as many as there is time for, and never made twice."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nncodec.training.kept import Layout, kept

LAYOUT: Layout = {"square": (np.int64, (2,)), "number": (np.uint8, ())}


def examples(
    folder: Path, made: list[int], enough: Callable[[], bool] = lambda: False, least: int = 1, stop: int = -1
) -> list[list[int]]:
    def make(number: int) -> tuple[list[int], int]:
        if number == stop:
            raise KeyboardInterrupt
        made.append(number)
        return [number, number**2], number

    squares, numbers = kept(folder, 6, LAYOUT, make, enough, least)
    assert squares.tolist() == [[number, number**2] for number in numbers]
    return numbers.tolist()


def test_all_are_made_once(tmp_path: Path) -> None:
    made: list[int] = []
    assert examples(tmp_path, made) == examples(tmp_path, made) == [0, 1, 2, 3, 4, 5]
    assert made == [0, 1, 2, 3, 4, 5]


def test_an_interrupted_sitting_keeps_what_it_made(tmp_path: Path) -> None:
    made: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        examples(tmp_path, made, stop=3)
    assert examples(tmp_path, made) == [0, 1, 2, 3, 4, 5]
    assert made == [0, 1, 2, 3, 4, 5]


def test_the_time_ends_it_with_fewer(tmp_path: Path) -> None:
    made: list[int] = []
    assert examples(tmp_path, made, lambda: len(made) >= 2) == [0, 1]
    assert examples(tmp_path, made, lambda: True) == [0, 1]
    assert examples(tmp_path, made, lambda: len(made) >= 4) == [0, 1, 2, 3]
    assert made == [0, 1, 2, 3]


@pytest.mark.parametrize("least", [1, 3])
def test_some_are_made_without_time(tmp_path: Path, least: int) -> None:
    assert len(examples(tmp_path, [], lambda: True, least)) == least
