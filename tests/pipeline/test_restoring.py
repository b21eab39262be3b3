"""The choice of restorers."""

import numpy as np
import pytest

from nncodec.container import Container, Header, Kind, Section
from nncodec.errors import EncodeError
from nncodec.image import Pixels
from nncodec.pipeline.restoring import Restoring, planned, restored
from nncodec.restorers import Task
from tests import pictures

ORIGINAL = pictures.photograph(40, 40)


class _Asked(Exception):
    """A restorer was asked for parameters."""


class _Curious:
    id, name = 250, "curious"

    def fit(self, task: Task) -> bytes:
        raise _Asked

    def apply(self, seen: Pixels, parameters: bytes, device: str) -> Pixels:
        raise NotImplementedError


class _Mends(_Curious):
    """Gives back the original in the first rows."""

    def __init__(self, rows: int) -> None:
        self._rows = rows

    def fit(self, task: Task) -> bytes:
        return b"!"

    def apply(self, seen: Pixels, parameters: bytes, device: str) -> Pixels:
        return np.concatenate([ORIGINAL[: self._rows], seen[self._rows :]])


def file_of(n_bytes: int) -> Container:
    return Container(Header(5, 40, 40, colour=True), (Section(Kind.PAYLOAD, bytes(n_bytes)),))


@pytest.mark.parametrize(("levels", "asks"), [(0, False), (1, False), (40, True)])
def test_a_restorer_is_asked_only_where_there_is_something_to_repair(levels: int, asks: bool) -> None:
    """One sample of 4800 that is off by one level gives 85 dB, as scans in black and white have."""
    seen = ORIGINAL.copy()
    seen[7, 7, 0] ^= levels
    plain, plan = file_of(8), Restoring((_Curious(),), effort=1)
    if asks:
        with pytest.raises(_Asked):
            restored(plain, seen, ORIGINAL, plan)
    else:
        assert restored(plain, seen, ORIGINAL, plan)[0] == plain
    assert bool(np.any(seen != ORIGINAL)) == bool(levels)


@pytest.mark.parametrize(("rows", "least", "kept"), [(1, 0.0, True), (1, 0.04, False), (2, 0.04, True)])
def test_a_restorer_may_have_to_be_worth_its_time(rows: int, least: float, kept: bool) -> None:
    """Each of 40 rows holds a fortieth of the error."""
    seen, plain = ORIGINAL ^ np.uint8(4), file_of(10_000)
    whole, better = restored(plain, seen, ORIGINAL, Restoring((_Mends(rows),), 5, least))
    assert (len(whole.sections) == 2) == kept
    assert np.array_equal(better, seen) != kept


@pytest.mark.parametrize(
    ("effort", "names"),
    [(1, []), (2, []), (3, ["luma"]), (5, ["luma"]), (6, ["luma"]), (7, ["luma", "tuned"]), (9, ["luma", "tuned"])],
)
def test_auto_tries_more_with_more_effort(effort: int, names: list[str]) -> None:
    plan = planned("auto", effort)
    assert [restorer.name for restorer in plan.restorers] == names
    assert bool(plan.least_gain) == (effort <= 6)
    assert plan.effort == effort


def test_names_are_tried_as_they_are_given_at_any_effort() -> None:
    assert [restorer.name for restorer in planned("tuned+luma", 1).restorers] == ["tuned", "luma"]
    assert planned("tuned", 1).least_gain == 0
    assert planned("none", 9).restorers == ()
    for wrong in ("luma+luma", "luma+", "Luma", "", "none+luma"):
        with pytest.raises(EncodeError):
            planned(wrong, 5)
