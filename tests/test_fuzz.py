"""A short run of the fuzzer, and proof that it sees what it is for. ``make fuzz`` is the long one."""

import os
import random
import time
from pathlib import Path

import pytest

from nncodec.codecs import by_name
from nncodec.container import parse
from nncodec.errors import CorruptFile, InternalError
from nncodec.pipeline import decode
from tests import fuzz_decode
from tests.fuzz_damage import damaged
from tests.fuzz_decode import Limits, attempt, run, seeds


@pytest.fixture(scope="module")
def valid() -> list[bytes]:
    """Sound files of every codec that works here."""
    return seeds()


def test_the_seeds_are_valid_and_of_every_codec(valid: list[bytes]) -> None:
    assert {decode(data).codec for data in valid} >= {"jpeg", "jpegfile", "jpeg2000", "webp", "avif"}


def test_damaged_files_raise_only_our_errors(valid: list[bytes]) -> None:
    reached = 0
    for index in range(400):
        data = damaged(random.Random(index), valid)
        result = attempt(index, data, Limits())
        assert not result.harm, f"index {index}: {result.harm}"
        try:
            parse(data)
        except CorruptFile:
            continue
        except Exception:
            pass
        reached += 1
    assert reached > 200  # most get past the container to the decoder behind it


def test_the_same_seed_makes_the_same_files(valid: list[bytes]) -> None:
    for index in range(50):
        assert damaged(random.Random(index), valid) == damaged(random.Random(index), valid)


def test_a_foreign_exception_is_seen(valid: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(data: bytes, **more: object) -> None:
        raise MemoryError("a bug")

    monkeypatch.setattr(fuzz_decode, "decode", bug)
    result = attempt(7, valid[0], Limits())
    assert result.outcome == "MemoryError"
    assert "a bug" in result.harm


def test_a_foreign_exception_is_seen_behind_the_boundary_of_decode(
    valid: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*arguments: object) -> None:
        raise IndexError("a bug")

    monkeypatch.setattr(type(by_name("jpeg")), "decode", bug)
    data = next(data for data in valid if decode_fails_for(data))
    result = attempt(7, data, Limits())
    assert result.outcome == "InternalError"
    assert result.harm.endswith("IndexError: a bug")


def decode_fails_for(data: bytes) -> bool:
    """Test whether a file provokes a fault."""
    try:
        decode(data)
    except InternalError:
        return True
    return False


def crash_or_hang(pipe, seed, indices, limits, keep) -> None:
    """A worker that dies at the second file and hangs at the fourth."""
    pipe.send(fuzz_decode.Result(-1, "ready", 0.0, 1))
    for index in indices:
        (keep / "current.nnc").write_bytes(b"%d" % index)
        if index == 1:
            os._exit(11)
        if index == 3:
            time.sleep(60)
        pipe.send(fuzz_decode.Result(index, "decoded", 0.0, 1))


def test_crashes_and_hangs_are_seen_survived_and_their_files_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fuzz_decode, "work", crash_or_hang)
    tally = run(6, 1, Limits(seconds=2.0), tmp_path)
    assert dict(tally.counts) == {"decoded": 4, "crash": 1, "hang": 1}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"1-1.nnc": b"1", "1-3.nnc": b"3"}
