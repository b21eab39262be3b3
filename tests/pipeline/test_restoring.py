"""The choice of restorers."""

import numpy as np
import pytest

from nncodec.container import Container, Header, Kind, Section
from nncodec.pipeline import restoring
from nncodec.restorers import Task
from tests import pictures


class _Asked(Exception):
    """A restorer was asked for parameters."""


class _Restorer:
    name = "asked"

    def fit(self, task: Task) -> bytes:
        raise _Asked


@pytest.mark.parametrize(("levels", "asks"), [(0, False), (1, False), (40, True)])
def test_a_restorer_is_asked_only_where_there_is_something_to_repair(
    levels: int, asks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sample of 4800 that is off by one level gives 85 dB, as scans in black and white have."""
    monkeypatch.setattr(restoring, "chosen", lambda which: [_Restorer()])
    original = pictures.photograph(40, 40)
    seen = original.copy()
    seen[7, 7, 0] ^= levels
    plain = Container(Header(5, 40, 40, colour=True), (Section(Kind.PAYLOAD, b"anything"),))
    if asks:
        with pytest.raises(_Asked):
            restoring.restored(plain, seen, original, "auto", 1)
    else:
        assert restoring.restored(plain, seen, original, "auto", 1)[0] == plain
    assert bool(np.any(seen != original)) == bool(levels)
