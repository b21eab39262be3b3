"""The boundary: whatever a payload provokes is an error of ours that names the codec."""

import pytest

import nncodec
from nncodec.codecs import by_name
from nncodec.pipeline import Settings, decode, inspect, keep_file, peek
from tests import pictures


@pytest.fixture
def file() -> bytes:
    """A file whose base codec is asked for by ``inspect``, too."""
    return nncodec.encode(pictures.photograph(40, 56), "layered")


def raising(error: BaseException):
    """A method that raises."""

    def method(*arguments: object) -> None:
        raise error

    return method


@pytest.mark.parametrize(
    "error",
    [
        IndexError("list index out of range"),
        KeyError(3),
        RecursionError("too deep"),
        AssertionError(),
        OSError("broken data stream"),
        Warning("odd"),
    ],
    ids=repr,
)
def test_what_a_payload_provokes_names_the_codec(
    file: bytes, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(by_name("layered")), "decode", raising(error))
    with pytest.raises(
        nncodec.InternalError, match=rf"^unexpected fault with codec layered: {type(error).__name__}"
    ) as raised:
        decode(file)
    assert raised.value.__cause__ is error
    assert raised.value.hint == "a fault of nnc: please report it, with the file"
    assert f"{type(error).__name__}" in raised.value.trace()[-1]


@pytest.mark.parametrize(
    "error",
    [KeyboardInterrupt(), SystemExit(1), MemoryError(), nncodec.CorruptFile("no picture")],
    ids=repr,
)
def test_what_has_a_meaning_of_its_own_passes(
    file: bytes, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(by_name("layered")), "decode", raising(error))
    with pytest.raises(type(error)) as raised:
        decode(file)
    assert raised.value is error


def test_memory_that_a_library_lacks_is_no_fault(file: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(by_name("layered")), "decode", raising(RuntimeError("cannot allocate memory")))
    with pytest.raises(MemoryError):
        decode(file)


def test_describing_a_file_has_the_same_boundary(file: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(by_name("layered")), "base_of", raising(IndexError("out of range")))
    with pytest.raises(nncodec.InternalError, match="^unexpected fault with codec layered: IndexError: out of range$"):
        inspect(file)


def test_the_metadata_of_a_kept_file_have_the_same_boundary(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = pictures.file_of(pictures.photograph(40, 56), "JPEG")
    kept = keep_file(photo, Settings(), plain=True).data
    monkeypatch.setattr(type(by_name("jpegfile")), "metadata", raising(IndexError("out of range")))
    with pytest.raises(nncodec.InternalError, match="^unexpected fault with codec jpegfile: IndexError: out of range$"):
        peek(kept)
