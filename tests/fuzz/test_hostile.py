"""Hostile files are refused with little memory: each is decoded in a process of its own."""

from pathlib import Path

import pytest

from nncodec.errors import NncError
from nncodec.pipeline import decode
from tests.fuzz import hostile

FILES = hostile.files()
SOUND = {"jpeg2000, a small flat picture", "webp, flat and lossless"}
"""Any size of these is a picture."""
SLOW = {"recurrent, a first layer of 3 bytes"}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no way to measure memory")
@pytest.mark.parametrize("name", sorted(set(FILES) - SOUND - SLOW))
def test_a_hostile_file_is_refused_with_little_memory(name: str) -> None:
    outcome, _, memory = hostile.measured(FILES[name])
    assert outcome == ("LimitExceeded" if "terapixels" in name else "CorruptFile")
    assert memory < 100_000_000


@pytest.mark.parametrize("name", sorted(SOUND))
def test_flat_pictures_of_any_size_are_sound(name: str) -> None:
    """They are what their codec says, so that the rest of the list is not refused for its container alone."""
    with pytest.raises(NncError, match="pixels"):
        decode(FILES[name], max_pixels=10**6)
