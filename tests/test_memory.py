"""Out of memory is one error, whichever library says so."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nncodec.codecs import by_name
from nncodec.image.stills import pillow_errors
from nncodec.memory import as_memory_error
from tests.conftest import Ran

SAID = [
    ImportError("libtorch_cpu.so: failed to map segment from shared object"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: you tried to"),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 4096 bytes."),
    RuntimeError("std::bad_alloc"),
    RuntimeError("can't start new thread"),
    OSError("out of memory error when reading image file"),
    OSError(12, "Cannot allocate memory"),
]


@pytest.mark.parametrize("error", SAID, ids=str)
def test_the_libraries_say_so_in_many_words(error: Exception) -> None:
    with pytest.raises(MemoryError), as_memory_error():
        raise error
    with pytest.raises(MemoryError), pillow_errors("a picture"):
        raise error


def test_other_errors_pass() -> None:
    with pytest.raises(RuntimeError, match="negative"), as_memory_error():
        raise RuntimeError("Trying to create tensor with negative dimension -1")


@pytest.mark.parametrize("error", SAID[:2], ids=str)
def test_the_command_says_so_in_its_own(
    error: Exception, nnc: Callable[..., Ran], photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise error

    assert nnc("encode", photo, "-c", "webp", "--restore", "none").code == 0
    monkeypatch.setattr(type(by_name("webp")), "decode", fail)
    for arguments in (("decode", "photo.nnc", "-f"), ("encode", photo, "-f", "-c", "webp"), ("test", "photo.nnc")):
        ran = nnc(*arguments)
        assert ran.code == 1
        assert "out of memory" in ran.err
        assert "Traceback" not in ran.err
