"""Out of memory is one error, whichever library says so."""

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from nncodec.codecs import by_name
from nncodec.image.stills import pillow_errors
from nncodec.memory import as_memory_error, check_address_space
from tests.conftest import Ran
from tests.decoding_memory import status

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


resource = pytest.importorskip("resource", reason="no limits of resources on this system")


def test_address_space_is_compared_with_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    mapped = status("VmSize")
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (mapped + (300 << 20), resource.RLIM_INFINITY))
    check_address_space(200 << 20)
    with pytest.raises(MemoryError, match="400 MB of address space"):
        check_address_space(400 << 20)
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    check_address_space(1 << 60)


@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")
def test_torch_is_not_imported_where_it_would_abort_the_process(tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (700 << 20, 700 << 20))

    golden = next((Path(__file__).parent / "golden" / "recurrent").glob("*1x1.nnc"))
    command = [sys.executable, "-m", "nncodec", "decode", str(golden), "-o", str(tmp_path / "out.png")]
    ran = subprocess.run(command, preexec_fn=limit, capture_output=True, text=True)
    assert ran.returncode == 1
    assert ran.stderr.startswith("nnc: error:")
    assert "out of memory" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
