"""The codec ``avif``: the settings it gives to libavif, and payloads that it refuses."""

import io

import numpy as np
import PIL.Image
import pytest

from nncodec.codec import Frame, Options, ReadsOlderPayloads
from nncodec.codecs import by_name
from nncodec.codecs.avif import heif
from nncodec.errors import CorruptFile
from tests import pictures
from tests.codecs.battery import QUICK

PHOTO = pictures.photograph(96, 128)
SPEEDS = {1: 10, 2: 9, 3: 8, 4: 7, 5: 6, 6: 4, 7: 3, 8: 2, 9: 1}
"""libavif's speed for each effort: 10 is the fastest speed, 9 the highest effort."""


def by_pillow(quality: int = 50, speed: int = 6, **more: object) -> bytes:
    """The payload of PHOTO, as Pillow is asked for it by hand."""
    parameters: dict[str, object] = {"quality": quality, "speed": speed, "subsampling": "4:4:4", "max_threads": 1}
    parameters["advanced"] = {"tune": "psnr"}
    return heif.unwrap(pictures.file_of(PHOTO, "AVIF", **(parameters | more)))


@pytest.mark.parametrize("effort", SPEEDS)
def test_more_effort_is_less_speed(effort: int) -> None:
    assert by_name("avif").encode(PHOTO, Options(50, effort)) == by_pillow(speed=SPEEDS[effort])


def test_effort_changes_the_payload_and_makes_it_smaller() -> None:
    """Or the speeds above would show nothing."""
    assert len({by_pillow(speed=speed) for speed in (10, 8, 6, 4, 2)}) >= 4
    fast, slow = (len(by_name("avif").encode(PHOTO, Options(80, effort))) for effort in (1, 9))
    assert slow < fast


def test_it_is_tuned_for_psnr() -> None:
    assert by_name("avif").encode(PHOTO, Options(50)) == by_pillow()
    assert by_pillow() != by_pillow(advanced={})
    assert by_pillow() != by_pillow(advanced={"tune": "ssim"})


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The numbers of threads that Pillow is given from now on."""
    numbers: list[object] = []
    save = PIL.Image.Image.save

    def watched(self: PIL.Image.Image, *arguments: object, **parameters: object) -> None:
        numbers.append(parameters.get("max_threads", 0))
        save(self, *arguments, **parameters)

    monkeypatch.setattr(PIL.Image.Image, "save", watched)
    return numbers


@pytest.mark.parametrize("quality", [50, 100])
@pytest.mark.parametrize("threads", [1, 3])
def test_threads_are_those_that_libavif_is_given(threads: int, quality: int, given: list[object]) -> None:
    by_name("avif").encode(PHOTO, Options(quality, 1, threads=threads))
    assert given == [threads]


def test_without_a_number_libavif_is_given_the_threads_of_the_process(
    given: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    by_name("avif").encode(PHOTO, Options(50, 1))
    assert given == [5]


@pytest.mark.parametrize(("quality", "channels"), [(75, 3), (75, 1), (100, 3)])
def test_the_bytes_are_those_of_one_thread_whatever_the_threads(quality: int, channels: int) -> None:
    """Two threads of libaom choose otherwise than one, if it codes rows in parallel."""
    picture = pictures.photograph(400, 640, channels)
    one, two, seven = (by_name("avif").encode(picture, Options(quality, threads=threads)) for threads in (1, 2, 7))
    assert one == two == seven


def test_one_thread_writes_what_it_wrote_before_rows_were_forbidden() -> None:
    """So the tables of results stay valid."""
    picture = pictures.photograph(400, 640)
    parameters = {"quality": 75, "speed": 6, "subsampling": "4:4:4", "advanced": {"tune": "psnr"}, "max_threads": 1}
    assert by_name("avif").encode(picture, Options(75)) == heif.unwrap(pictures.file_of(picture, "AVIF", **parameters))


def test_version_1_kept_the_file_whole() -> None:
    codec, file = by_name("avif"), pictures.file_of(PHOTO, "AVIF", quality=50, speed=10, subsampling="4:4:4")
    assert isinstance(codec, ReadsOlderPayloads)
    bare = codec.modern(file, 1)
    assert codec.modern(bare, 2) == bare == heif.unwrap(file)
    with PIL.Image.open(io.BytesIO(file)) as still:
        assert np.array_equal(codec.decode(bare, Frame(128, 96, 3), "cpu"), np.asarray(still))
    with pytest.raises(CorruptFile):
        codec.modern(bare, 1)


def test_avif_is_refused_if_it_is_coded_larger_than_the_file_says() -> None:
    """An AV1 decoder allocates by the sequence header."""
    payload = by_name("avif").encode(pictures.flat(400, 600), QUICK)
    with pytest.raises(CorruptFile, match="coded as 600 x 400"):
        by_name("avif").decode(payload, Frame(6, 4, 3), "cpu")


def test_avif_in_colour_is_refused_for_gray() -> None:
    payload = by_name("avif").encode(pictures.photograph(16, 16), QUICK)
    with pytest.raises(CorruptFile, match="the file says gray"):
        by_name("avif").decode(payload, Frame(16, 16, 1), "cpu")
