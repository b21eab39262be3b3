"""JPEG files that end too soon: libjpeg fills them with gray, and only warns."""

import io
import itertools

import numpy as np
import PIL.Image
import pytest

from nncodec.errors import CorruptFile
from nncodec.image import read
from nncodec.image.jpeg import check_jpeg
from nncodec.image.jpeg_markers import APP2, END, SOS, segments
from nncodec.pipeline import Settings, SourceOptions, decode, encode_source, original
from tests import pictures

KINDS: dict[str, dict[str, object]] = {
    "baseline": {},
    "4:4:4": {"subsampling": "4:4:4"},
    "optimised": {"optimize": True},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_blocks": 3},
    "progressive with restarts": {"progressive": True, "restart_marker_blocks": 5},
}


def jpeg(channels: int = 3, height: int = 37, width: int = 83, **parameters: object) -> bytes:
    return pictures.file_of(pictures.photograph(height, width, channels), "JPEG", **parameters)


def scans(data: bytes) -> list[tuple[int, int]]:
    """Where the coded samples of each scan begin and end."""
    both = itertools.pairwise(segments(data))
    return [(scan.end, after.at) for scan, after in both if scan.marker == SOS]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_whole_files_are_read(kind: str, channels: int) -> None:
    data = jpeg(channels, **KINDS[kind])
    assert read(data).notes == ()
    assert np.array_equal(read(data).pixels, np.asarray(PIL.Image.open(io.BytesIO(data))))


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (16, 17), (1, 300), (300, 1)])
@pytest.mark.parametrize("kind", KINDS)
def test_whole_files_of_odd_sizes_are_read(kind: str, size: tuple[int, int]) -> None:
    assert read(jpeg(3, *size, **KINDS[kind])).notes == ()


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.98])
@pytest.mark.parametrize("kind", KINDS)
def test_a_scan_cut_and_closed_is_damage(kind: str, part: float) -> None:
    data = jpeg(**KINDS[kind])
    start, end = scans(data)[-1]
    cut = data[: start + int((end - start) * part)] + END
    with pytest.raises(CorruptFile, match="end too soon"):
        read(cut)
    with pytest.raises(CorruptFile, match="end too soon"):
        encode_source(cut, Settings(), SourceOptions(keep_jpeg=True))


def test_a_cut_in_a_scan_before_the_last_is_damage() -> None:
    data = jpeg(progressive=True)
    start, end = scans(data)[1]
    with pytest.raises(CorruptFile, match="end too soon"):
        read(data[: (start + end) // 2] + data[end:])


def test_samples_missing_in_a_restart_interval_are_damage() -> None:
    data = jpeg(restart_marker_blocks=3)
    start, _ = scans(data)[0]
    restarts = [start + data[start:].index(bytes((0xFF, 0xD0 + i))) for i in (0, 1)]
    with pytest.raises(CorruptFile, match="end too soon"):
        read(data[: sum(restarts) // 2] + data[restarts[1] :])


def test_missing_restart_intervals_are_damage_wherever_the_cut_is() -> None:
    data = jpeg(restart_marker_blocks=3)
    last = data.rindex(b"\xff", 0, len(data) - 2)
    assert 0xD0 <= data[last + 1] <= 0xD7
    for cut in (data[:last] + END, data[: last + 2] + END):
        with pytest.raises(CorruptFile, match="end too soon"):
            read(cut)


def test_a_component_without_a_scan_is_damage() -> None:
    gray = jpeg(1)
    frame = next(segment for segment in segments(gray) if segment.marker == 0xC0)
    content = gray[frame.start : frame.start + 5] + b"\3" + gray[frame.start + 6 : frame.end]
    colour = content + bytes((2, 0x11, 0, 3, 0x11, 0))
    header = b"\xff\xc0" + (2 + len(colour)).to_bytes(2, "big")
    with pytest.raises(CorruptFile, match="end too soon"):
        read(gray[: frame.at] + header + colour + gray[frame.end :])


@pytest.mark.parametrize("frame", [0, 1])
def test_the_frames_of_mpo_files_are_checked(frame: int) -> None:
    first, second = (PIL.Image.fromarray(pictures.photograph(40, 50, seed=seed)) for seed in (1, 2))
    data = pictures.file_of(first, "MPO", save_all=True, append_images=[second])
    assert read(data, frame=frame).notes == ()
    starts = [data.index(b"\xff\xda"), data.rindex(b"\xff\xda")]
    damaged = bytearray(data)
    at = data.index(END, starts[frame])
    damaged[at - 60 : at + 2] = END + bytes(60)
    with pytest.raises(CorruptFile, match="end too soon"):
        read(bytes(damaged), frame=frame)


def test_missing_scans_of_a_progressive_file_are_noted() -> None:
    data = jpeg(progressive=True)
    assert read(data[: scans(data)[-2][1]] + END).notes == (
        "its last scans are missing: it is coarser than it once was",
    )


@pytest.mark.parametrize("lost", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_without_its_end_of_image_is_read_with_a_note(kind: str, lost: int) -> None:
    data = jpeg(**KINDS[kind])
    found = read(data[:-lost])
    assert found.notes == ("its end of image marker is missing",)
    assert np.array_equal(found.pixels, read(data).pixels)


def test_a_file_without_its_end_of_image_is_kept_to_the_byte() -> None:
    data = jpeg()[:-2]
    encoded = encode_source(data, Settings(), SourceOptions(keep_jpeg=True))
    assert encoded.notes == ("its end of image marker is missing",)
    assert original(encoded.data) == (data, ".jpg")
    assert np.array_equal(decode(encoded.data).picture.pixels, read(data).pixels)


def test_a_file_cut_without_an_end_is_damage() -> None:
    data = jpeg()
    for end in (scans(data)[0][0] + 100, len(data) - 20, 300, 20):
        with pytest.raises(CorruptFile):
            check_jpeg(data[:end], "the file")


def test_bytes_behind_a_whole_scan_are_no_damage() -> None:
    """Some cameras fill the end of the scan; libjpeg skips to the next marker."""
    data = jpeg()
    padded = data[:-2] + bytes(20) + b"\xff\xff\xff" + END
    assert read(padded).notes == ()
    assert read(data + b"more").notes == ()


def test_a_profile_with_a_missing_part_is_noted() -> None:
    profile = pictures.icc() + bytes(70_000)
    data = jpeg(icc_profile=profile)
    parts = [segment for segment in segments(data) if segment.marker == APP2]
    assert len(parts) == 2
    assert read(data).metadata.icc == profile
    found = read(data[: parts[1].at] + data[parts[1].end :])
    assert found.notes == ("a part of its colour profile is missing: it is dropped, and may look different",)
    assert found.metadata.icc is None
