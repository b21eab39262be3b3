"""The base layer of a file as an ordinary picture file: the coded samples untouched, metadata around them."""

import io
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest

import nncodec
from nncodec.codec import HasFile, KeepsFiles, Options
from nncodec.codecs import all_codecs, by_name
from nncodec.container import Container, Kind, Section, parse, serialize
from nncodec.errors import CorruptFile, LimitExceeded, UnsupportedFile
from nncodec.image import Picture, read
from nncodec.image.metrics import psnr
from nncodec.image.scaling import downscale
from nncodec.pipeline import Settings, decode, encode, extract, keep_file, suffix_of
from nncodec.pipeline.extracting import SUFFIXES
from tests import pictures
from tests.make_golden import GOLDEN

FORMATS = {"jpeg": "JPEG", "webp": "WEBP", "avif": "AVIF", "jpeg2000": "JPEG2000"}
ORIENTATION = 0x0112


def coded(codec: str, picture: Picture, quality: float = 60) -> bytes:
    """A file without restorers."""
    return encode(picture, Settings(codec, Options(quality, 1), restore="none")).data


def opened(file: bytes, codec: str) -> PIL.Image.Image:
    """The extracted file, by Pillow's reader of the codec's own format alone."""
    return PIL.Image.open(io.BytesIO(file), formats=[FORMATS[codec]])


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("codec", FORMATS)
def test_the_file_has_the_coded_bytes_and_the_same_pixels(codec: str, mode: str) -> None:
    data = coded(codec, pictures.picture(mode, 40, 57))
    found = extract(data)
    payload = parse(data).payload
    coded_part = {"jpeg": payload[2:], "avif": payload[-60:]}.get(codec, payload)
    assert coded_part in found.data
    seen = np.asarray(opened(found.data, codec).convert(mode))
    assert np.abs(seen.astype(int) - decode(data).pixels).max() <= (1 if codec == "webp" else 0)
    assert (found.suffix, found.notes) == (suffix_of(data), ())


def test_a_webp_without_metadata_is_the_payload() -> None:
    data = coded("webp", pictures.picture("RGB"))
    assert extract(data).data == parse(data).payload


def test_an_avif_without_metadata_has_the_boxes_that_pillow_writes() -> None:
    pixels = pictures.photograph(40, 57)
    by_pillow = pictures.file_of(pixels, "AVIF", quality=60, speed=10, subsampling="4:4:4", advanced={"tune": "psnr"})
    assert extract(coded("avif", Picture(pixels))).data == by_pillow


def test_deep_gray_stays_deep() -> None:
    picture = pictures.picture("I;16")
    still = opened(extract(coded("jpeg2000", picture, 100)).data, "jpeg2000")
    assert np.array_equal(np.asarray(still), picture.pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("codec", FORMATS)
def test_metadata_are_in_the_file(codec: str, orientation: int) -> None:
    meta = pictures.metadata(orientation)
    found = extract(coded(codec, pictures.picture("RGB", 40, 57, meta=meta)))
    seen = read(found.data).metadata
    assert (seen.icc, seen.exif, seen.xmp) == (meta.icc, meta.exif, meta.xmp)
    assert opened(found.data, codec).size == (57, 40)
    noted = codec == "jpeg2000" and orientation > 1
    assert [("turn" in note) for note in found.notes] == [True] * noted


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_avif_is_turned_by_its_boxes(orientation: int) -> None:
    """Viewers turn it by these and not by Exif; here they are those that Pillow writes."""
    meta = replace(pictures.metadata(orientation), icc=None, xmp=None)
    found = extract(coded("avif", Picture(pictures.photograph(40, 57), metadata=meta)))
    assert opened(found.data, "avif").getexif().get(ORIENTATION, 1) == orientation
    exif = b"Exif\0\0" + pictures.exif(orientation)
    by_pillow = pictures.file_of(pictures.photograph(40, 57), "AVIF", exif=exif)
    for box in (b"irot", b"imir"):
        at, there = found.data.find(box), by_pillow.find(box)
        assert found.data[at : at + 5] == by_pillow[there : there + 5] if at >= 0 else there < 0


@pytest.mark.parametrize("codec", FORMATS)
def test_iptc_is_carried_or_noted(codec: str) -> None:
    meta = replace(pictures.metadata(), iptc=pictures.IPTC)
    found = extract(coded(codec, pictures.picture("RGB", meta=meta)))
    carried = read(found.data).metadata.iptc == pictures.IPTC
    assert carried != any("IPTC" in note for note in found.notes)
    assert carried == (codec == "jpeg")


def test_a_large_profile_is_cut_into_segments_and_exif_that_is_too_large_noted() -> None:
    icc = bytes(16) + b"RGB " + bytes(range(256)) * 600
    meta = replace(pictures.metadata(), icc=icc, exif=pictures.exif(maker="x" * 70_000))
    found = extract(coded("jpeg", pictures.picture("RGB", meta=meta)))
    assert opened(found.data, "jpeg").info["icc_profile"] == icc
    assert [note for note in found.notes if "Exif" in note] == ["its Exif is too large for a JPEG, and not in the file"]


def test_a_gray_profile_does_not_go_into_a_webp_of_three_channels() -> None:
    meta = replace(pictures.metadata(), icc=bytes(16) + b"GRAY" + bytes(108))
    found = extract(coded("webp", pictures.picture("L", meta=meta)))
    assert "icc_profile" not in opened(found.data, "webp").info
    assert any("profile" in note for note in found.notes)


@pytest.mark.parametrize("plain", [True, False])
def test_a_kept_jpeg_comes_back_bit_for_bit(plain: bool) -> None:
    name = "jpegfile" if plain else "lepton"
    if by_name(name).missing():
        pytest.skip(str(by_name(name).missing()))
    jpeg = pictures.file_of(pictures.photograph(90, 120), "JPEG", quality=90, xmp=pictures.XMP)
    data = keep_file(jpeg, Settings(), plain=plain).data
    assert nncodec.inspect(data).codec == name
    assert (extract(data).data, extract(data).suffix, extract(data).notes) == (jpeg, ".jpg", ())
    container = parse(data)
    later = serialize(Container(container.header, (*container.sections, Section(Kind.XMP, b"<new/>"))))
    assert extract(later).data == jpeg
    assert "given to it later" in extract(later).notes[0]


@pytest.mark.parametrize(("codec", "base"), [("layered:webp", "webp"), ("layered", "avif"), ("layered:jpeg", "jpeg")])
def test_of_a_layered_picture_the_small_one_is_extracted(codec: str, base: str) -> None:
    picture = pictures.picture("RGB", 64, 80)
    data = coded(codec, picture, 85)
    found = extract(data)
    small = np.asarray(opened(found.data, base))
    assert small.shape == (32, 40, 3)
    assert psnr(downscale(picture.pixels, 1), small) > 25
    assert found.notes == ("it is the small picture, 40 x 32: the rest is not in the file",)


def test_of_a_compact_picture_the_small_one_is_extracted() -> None:
    data = (GOLDEN / "compact" / "model83-webp-30-131x97.nnc").read_bytes()
    found = extract(data)
    assert opened(found.data, "webp").size == (66, 49)
    assert (found.suffix, suffix_of(data)) == (".webp", ".webp")
    assert "66 x 49" in found.notes[0]


def test_of_a_painted_picture_the_small_one_is_extracted() -> None:
    data = next((GOLDEN / "superres").glob("*webp-30-131x97.nnc")).read_bytes()
    found = extract(data)
    assert opened(found.data, "webp").size == (66, 49)
    assert (found.suffix, suffix_of(data)) == (".webp", ".webp")
    assert found.notes == ("it is the small picture, 66 x 49, that a network paints large",)


def test_alpha_and_restorers_are_noted() -> None:
    assert "alpha" in extract(coded("webp", pictures.picture("RGBA"))).notes[0]
    path = next((GOLDEN / "restorers" / "luma").glob("*jpeg*.nnc"))
    assert "--no-restore" in extract(path.read_bytes()).notes[-1]


def test_files_of_version_1_are_extracted() -> None:
    data = (GOLDEN / "avif" / "v1" / "rgb-60.nnc").read_bytes()
    assert np.array_equal(np.asarray(opened(extract(data).data, "avif")), decode(data).pixels)


@pytest.mark.parametrize("codec", ["learned", "ccnn", "recurrent", "generative"])
def test_codecs_of_networks_hold_no_ordinary_picture(codec: str) -> None:
    data = next((GOLDEN / codec).glob("*.nnc")).read_bytes()
    for ask in (extract, suffix_of):
        with pytest.raises(UnsupportedFile, match=f"{codec} holds no picture") as caught:
            ask(data)
        assert "nnc decode" in str(caught.value.hint)


def test_lossless_colour_by_avif_is_no_picture_for_viewers() -> None:
    with pytest.raises(UnsupportedFile, match="three gray planes"):
        extract(coded("avif", pictures.picture("RGB"), 100))
    gray = pictures.picture("L")
    assert np.array_equal(np.asarray(opened(extract(coded("avif", gray, 100)).data, "avif")), gray.pixels)


def test_every_codec_with_a_file_has_a_suffix() -> None:
    with_file = {name for name, codec in all_codecs().items() if isinstance(codec, (HasFile, KeepsFiles))}
    assert with_file == {*SUFFIXES, "layered", "compact", "superres"}


@pytest.mark.parametrize("codec", ["jpeg", "webp"])
def test_a_payload_that_is_no_file_of_its_format_is_refused(codec: str) -> None:
    container = parse(coded(codec, pictures.picture("RGB", meta=pictures.metadata())))
    sections = (s._replace(data=b"no picture") if s.kind == Kind.PAYLOAD else s for s in container.sections)
    with pytest.raises(CorruptFile):
        extract(serialize(Container(container.header, tuple(sections))))


def test_limits_hold() -> None:
    data = coded("webp", pictures.picture("RGB", 24, 33))
    for limits in ({"max_pixels": 24 * 33 - 1}, {"max_memory": 1000}):
        with pytest.raises(LimitExceeded):
            extract(data, **limits)


def test_python_has_the_same() -> None:
    data = coded("webp", pictures.picture("RGBA"))
    found = extract(data)
    assert nncodec.extract(data) == (found.data, found.suffix, found.notes)
    assert nncodec.extract(io.BytesIO(data)) == nncodec.extract(bytearray(data))
