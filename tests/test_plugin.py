"""Pillow opens and saves .nnc files as it does its own formats."""

import copy
import io
import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageSequence
import pytest

import nncodec
from nncodec import plugin
from nncodec.container import Container, Header, Kind, Section, serialize
from nncodec.image import Picture
from nncodec.pipeline import Settings, decode, encode, inspect
from tests import pictures

MODES = ["L", "LA", "RGB", "RGBA", "I;16"]


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    """The plugin is there in these tests, and gone after them."""
    tables = (PIL.Image.OPEN, PIL.Image.SAVE, PIL.Image.EXTENSION, PIL.Image.MIME)
    before, order = [dict(table) for table in tables], list(PIL.Image.ID)
    nncodec.register_pillow()
    yield
    for table, content in zip(tables, before, strict=True):
        table.clear()
        table.update(content)
    PIL.Image.ID[:] = order


def nnc(mode: str = "RGB", meta: bool = True) -> bytes:
    """A lossless file."""
    picture = pictures.picture(mode, meta=pictures.metadata(6) if meta else None)
    return nncodec.encode(picture, "jpeg2000", 100)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """One on disk."""
    found = tmp_path / "a.nnc"
    found.write_bytes(nnc())
    return found


@pytest.mark.parametrize("mode", MODES)
def test_pixels_modes_and_metadata_are_there(mode: str) -> None:
    with PIL.Image.open(io.BytesIO(nnc(mode))) as still:
        assert (still.format, still.mode, still.size) == ("NNC", mode, (33, 24))
        assert still.get_format_mimetype() == "image/x-nnc"
        assert still.info["icc_profile"] == pictures.icc()
        assert still.info["xmp"] == pictures.XMP
        assert still.getexif()[0x0112] == 6
        assert np.array_equal(np.asarray(still), decode(nnc(mode)).pixels)


def test_opening_decodes_nothing_until_pixels_are_asked_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []
    monkeypatch.setattr(plugin, "decode", lambda *args, **more: decoded.append(1) or decode(*args, **more))
    with PIL.Image.open(path) as still:
        assert (still.size, still.mode, decoded) == ((33, 24), "RGB", [])
        still.load()
        still.load()
        still.getpixel((0, 0))
        assert decoded == [1]


def test_a_file_is_closed_when_it_is_loaded(path: Path) -> None:
    """Otherwise a loop over a folder runs out of file handles, and warns of each."""
    still = PIL.Image.open(path)
    still.load()
    assert still.fp is None or still.fp.closed


def test_two_images_of_one_file_do_not_disturb_each_other(path: Path) -> None:
    first, second = PIL.Image.open(path), PIL.Image.open(path)
    first.putpixel((0, 0), (1, 2, 3))
    assert second.getpixel((0, 0)) != (1, 2, 3)
    first.close()
    assert np.asarray(second).shape == (24, 33, 3)


@pytest.mark.parametrize(
    "use",
    [
        lambda still: still.convert("L"),
        lambda still: still.resize((8, 8)),
        lambda still: still.crop((1, 1, 5, 5)),
        lambda still: still.copy(),
        lambda still: still.rotate(90),
        lambda still: still.thumbnail((8, 8)),
        lambda still: still.transpose(PIL.Image.Transpose.ROTATE_90),
        lambda still: still.split(),
        lambda still: still.tobytes(),
        lambda still: still.histogram(),
        lambda still: still.save(io.BytesIO(), "PNG"),
        lambda still: copy.copy(still),
        lambda still: copy.deepcopy(still),
        lambda still: list(PIL.ImageSequence.Iterator(still)),
        lambda still: still.verify(),
    ],
)
def test_what_people_do_with_images_works(use) -> None:
    with PIL.Image.open(io.BytesIO(nnc())) as still:
        use(still)


@pytest.mark.parametrize("loaded", [False, True])
def test_an_image_travels_between_processes(loaded: bool) -> None:
    """As data loaders do with images."""
    with PIL.Image.open(io.BytesIO(nnc())) as still:
        if loaded:
            still.load()
        found = pickle.loads(pickle.dumps(still))  # noqa: S301
        assert np.array_equal(np.asarray(found), decode(nnc()).pixels)


@pytest.mark.parametrize("mode", MODES)
def test_saving_keeps_pixels_and_metadata(tmp_path: Path, mode: str) -> None:
    with PIL.Image.open(io.BytesIO(nnc(mode))) as still:
        still.save(tmp_path / "b.nnc", codec="jpeg2000", quality=100)
    found = decode((tmp_path / "b.nnc").read_bytes())
    assert np.array_equal(found.pixels, decode(nnc(mode)).pixels)
    assert found.metadata == pictures.metadata(6)


def test_saving_takes_parameters() -> None:
    still = PIL.Image.fromarray(pictures.photograph(24, 33))

    def saved(**parameters: object) -> bytes:
        out = io.BytesIO()
        still.save(out, "NNC", **parameters)
        return out.getvalue()

    assert inspect(saved()).codec == inspect(nncodec.encode(pictures.flat(2, 2))).codec
    assert inspect(saved(codec="webp")).codec == "webp"
    assert len(saved(codec="webp", quality=5)) < len(saved(codec="webp", quality=95))
    assert len(saved(codec="webp", target_size=200)) <= 200
    assert len(saved(codec="webp", bpp=2)) <= 2 * 24 * 33 / 8
    assert inspect(saved(lossless=True)).codec in ("webp", "jpeg2000")
    assert np.array_equal(decode(saved(lossless=True)).pixels, np.asarray(still))
    assert inspect(saved(lossless=True, codec="avif")).codec == "avif"
    assert saved(codec="webp", effort=1) != saved(codec="webp", effort=6)


def test_metadata_can_be_given_when_saving() -> None:
    exif = PIL.Image.Exif()
    exif[0x010F] = "given"
    out = io.BytesIO()
    still = PIL.Image.open(io.BytesIO(nnc()))
    still.save(out, "NNC", exif=exif, xmp=b"<given/>", icc_profile=b"given")
    found = PIL.Image.open(io.BytesIO(out.getvalue()))
    assert (found.getexif()[0x010F], found.info["xmp"], found.info["icc_profile"]) == ("given", b"<given/>", b"given")
    assert still.info["xmp"] == pictures.XMP  # the image itself is as it was


def test_saving_what_cannot_be_kept_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(nncodec.EncodeError):
        PIL.Image.new("F", (3, 3)).save(tmp_path / "f.nnc")
    assert list(tmp_path.iterdir()) == []


def test_other_files_are_none_of_its_business() -> None:
    with PIL.Image.open(io.BytesIO(pictures.file_of(pictures.photograph(3, 4), "PNG"))) as still:
        assert still.format == "PNG"
    with pytest.raises(PIL.UnidentifiedImageError):
        PIL.Image.open(io.BytesIO(b"hello"))


def test_damage_is_an_oserror_as_with_pillows_own_formats() -> None:
    data = nnc()
    with pytest.raises(OSError, match="checksum"):
        PIL.Image.open(io.BytesIO(data[:-1] + b"\0"))
    hidden = serialize(Container(Header(4, 9, 9, colour=True), (Section(Kind.PAYLOAD, b"no WebP"),)))
    with PIL.Image.open(io.BytesIO(hidden)) as still, pytest.raises(OSError, match="WebP"):
        still.load()


def test_pillows_limit_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who set Pillow's limit meant it for every format."""
    data = encode(Picture(pictures.flat(40, 50)), Settings("webp")).data
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 900)
    with pytest.raises(PIL.Image.DecompressionBombError):
        PIL.Image.open(io.BytesIO(data))
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", None)
    assert PIL.Image.open(io.BytesIO(data)).getpixel((0, 0)) is not None


def test_registering_twice_is_once() -> None:
    before = (dict(PIL.Image.OPEN), dict(PIL.Image.EXTENSION))
    nncodec.register_pillow()
    assert (dict(PIL.Image.OPEN), dict(PIL.Image.EXTENSION)) == before
    assert PIL.Image.ID.count("NNC") == 1
