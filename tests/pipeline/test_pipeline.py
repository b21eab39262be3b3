"""Pictures to files and back, with everything that belongs to them."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from nncodec.codec import KeepsFiles, Options
from nncodec.codecs import all_codecs
from nncodec.container import Container, Header, Kind, Section, parse, serialize
from nncodec.errors import CorruptFile, EncodeError, LimitExceeded, UnsupportedFile
from nncodec.image import Metadata, Picture
from nncodec.image.metrics import psnr
from nncodec.pipeline import Settings, decode, encode, inspect, peek, read_any
from tests import pictures
from tests.damage import Part, build, head, offsets, take_apart

MODES = ["L", "LA", "RGB", "RGBA"]
CODECS = [codec.name for codec in all_codecs().values() if not isinstance(codec, KeepsFiles) and not codec.missing()]
QUICK = Options(80, effort=2)


def quick(codec: str, **more: object) -> Settings:
    """Settings that take no time."""
    return Settings(codec, QUICK, **more)


# --- there and back -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("codec", CODECS)
def test_everything_but_the_pixels_comes_back_exactly(codec: str, mode: str) -> None:
    picture = pictures.picture(mode, meta=pictures.metadata(6))
    found = decode(encode(picture, quick(codec)).data)
    assert (found.codec, found.complete, found.picture.mode) == (codec, True, mode)
    assert found.picture.pixels.shape == picture.pixels.shape
    assert found.metadata == picture.metadata
    assert (found.picture.alpha is None) == (picture.alpha is None)
    if picture.alpha is not None:
        assert np.array_equal(found.picture.alpha, picture.alpha)
    assert psnr(picture.pixels, found.picture.pixels) > 25


@pytest.mark.parametrize("codec", [name for name in CODECS if 16 in all_codecs()[name].depths])
def test_deep_gray_comes_back(codec: str) -> None:
    picture = pictures.picture("I;16")
    found = decode(encode(picture, Settings(codec, Options(100))).data)
    assert found.picture.mode == "I;16"
    assert np.array_equal(found.pixels, picture.pixels)


@pytest.mark.parametrize("codec", [name for name in CODECS if 16 not in all_codecs()[name].depths])
def test_deep_gray_is_refused_by_other_codecs(codec: str) -> None:
    with pytest.raises(EncodeError, match="holds no 16-bit samples") as caught:
        encode(pictures.picture("I;16"), Settings(codec))
    assert "jpeg2000" in (caught.value.hint or "")


def test_what_is_reported_is_what_the_file_decodes_to() -> None:
    picture = pictures.picture("RGB", 48, 64)
    done = encode(picture, quick("jpeg"))
    assert done.psnr == pytest.approx(psnr(picture.pixels, decode(done.data).picture.pixels))
    assert done.bpp == 8 * len(done.data) / (48 * 64)
    assert (done.codec, done.quality, done.tries) == ("jpeg", 80, 1)


def test_psnr_of_deep_gray_is_relative_to_16_bits() -> None:
    picture = pictures.picture("I;16")
    done = encode(picture, Settings("jpeg2000", Options(60)))
    error = decode(done.data).pixels.astype(float) - picture.pixels
    assert done.psnr == pytest.approx(10 * np.log10(65535**2 / (error**2).mean()))


def test_lossless_is_reported_as_infinite() -> None:
    assert encode(pictures.picture("RGB"), Settings("webp", Options(100))).psnr == float("inf")


def test_pixels_have_alpha_last() -> None:
    for mode, shape in (("L", (24, 33)), ("LA", (24, 33, 2)), ("RGB", (24, 33, 3)), ("RGBA", (24, 33, 4))):
        found = decode(encode(pictures.picture(mode), Settings("webp", Options(100))).data)
        assert found.pixels.shape == shape
        if mode.endswith("A"):
            assert np.array_equal(found.pixels[:, :, -1], pictures.transparency(24, 33))


def test_stripping_drops_exif_and_xmp_and_keeps_the_colours() -> None:
    picture = pictures.picture("RGBA", meta=pictures.metadata())
    data = encode(picture, quick("webp", strip=True)).data
    found = decode(data)
    assert found.metadata == Metadata(icc=pictures.icc())
    assert found.picture.mode == "RGBA"
    assert np.array_equal(found.pixels, decode(encode(picture, quick("webp")).data).pixels)
    assert b"nnc tests" not in data


def test_stripping_turns_the_picture_upright() -> None:
    """The orientation goes with the Exif data; 6 is upright after a quarter turn to the right."""
    picture = pictures.picture("RGBA", meta=pictures.metadata(6))
    done = encode(picture, Settings("webp", Options(100), strip=True))
    found = decode(done.data).picture
    assert np.array_equal(found.pixels, np.rot90(picture.pixels, -1))
    assert np.array_equal(found.alpha, np.rot90(picture.alpha, -1))
    assert done.psnr == float("inf")


def test_the_profile_is_dropped_on_its_own() -> None:
    picture = pictures.picture("RGB", meta=pictures.metadata(6))
    found = decode(encode(picture, quick("webp", strip_icc=True)).data)
    assert found.metadata == Metadata(None, pictures.exif(6), pictures.XMP)
    found = decode(encode(picture, quick("webp", strip=True, strip_icc=True)).data)
    assert found.metadata == Metadata()


def test_no_metadata_come_from_the_codecs_own_containers() -> None:
    """A payload with a profile or a date of its own would be paid for, and leak."""
    meta = replace(pictures.metadata(), iptc=pictures.IPTC)
    picture = pictures.picture("RGB", meta=meta)
    for codec in CODECS:
        payload = parse(encode(picture, quick(codec)).data).payload
        for data in (meta.icc or b"", meta.exif or b"", meta.xmp or b"", pictures.IPTC):
            assert data[:40] not in payload


def test_settings_travel_between_processes() -> None:
    settings = Settings("webp", Options(33, 2, "cpu", 1), None, True, 1000)
    assert pickle.loads(pickle.dumps(settings)) == settings  # noqa: S301


def test_an_nnc_file_is_a_picture_too() -> None:
    data = encode(pictures.picture("LA", meta=pictures.metadata()), Settings("webp", Options(100))).data
    found = read_any(data)
    assert found.mode == "LA"
    assert np.array_equal(found.pixels, pictures.picture("LA").pixels)
    assert read_any(pictures.file_of(found.pixels, "PNG")).mode == "L"


# --- limits and refusals --------------------------------------------------------------------------------------------


def test_the_pixel_limit_holds_both_ways() -> None:
    picture = pictures.picture("RGB")
    data = encode(picture, quick("jpeg", max_pixels=24 * 33)).data
    assert decode(data, max_pixels=24 * 33).pixels.shape == (24, 33, 3)
    for refused in (
        lambda: encode(picture, quick("jpeg", max_pixels=24 * 33 - 1)),
        lambda: decode(data, max_pixels=24 * 33 - 1),
        lambda: read_any(data, max_pixels=24 * 33 - 1),
    ):
        with pytest.raises(LimitExceeded):
            refused()


@pytest.mark.parametrize(
    "options",
    [Options(-1), Options(101), Options(float("nan")), Options(effort=0), Options(effort=10)],
    ids=["below", "above", "not a number", "no effort", "too much effort"],
)
def test_settings_out_of_range_are_refused(options: Options) -> None:
    with pytest.raises(EncodeError, match="quality runs from 0 to 100"):
        encode(pictures.picture("RGB"), Settings("jpeg", options))


def test_an_unknown_codec_is_refused_with_the_known_ones() -> None:
    with pytest.raises(EncodeError, match="no codec is called 'bmp'") as caught:
        encode(pictures.picture("RGB"), Settings("bmp"))
    assert "avif" in (caught.value.hint or "")


def test_a_picture_too_wide_for_a_codec_is_refused() -> None:
    for codec, width in (("webp", 16_384), ("avif", 32_769)):
        with pytest.raises(EncodeError, match="pixels a side"):
            encode(Picture(pictures.flat(1, width, 1)), Settings(codec))
        assert encode(Picture(pictures.flat(1, width, 1)), Settings("jpeg2000")).n_pixels == width


def test_too_much_metadata_is_refused_unless_stripped() -> None:
    picture = pictures.picture("L", 2, 2, meta=Metadata(xmp=bytes(2**24 + 1)))
    with pytest.raises(EncodeError, match="xmp of 16777217 bytes") as caught:
        encode(picture, quick("webp"))
    assert caught.value.hint == "--strip drops it"
    assert len(encode(picture, quick("webp", strip=True)).data) < 200
    picture = pictures.picture("L", 2, 2, meta=Metadata(icc=bytes(2**24 + 1)))
    with pytest.raises(EncodeError, match="icc of 16777217 bytes") as caught:
        encode(picture, quick("webp", strip=True))
    assert caught.value.hint == "--strip-icc drops it"
    assert len(encode(picture, quick("webp", strip_icc=True)).data) < 200


# --- files that are not quite right ---------------------------------------------------------------------------------

FILE = encode(pictures.picture("RGBA", meta=pictures.metadata()), quick("webp", restore="none")).data
HEADER, PARTS = take_apart(FILE)
NAMES = ["icc", "payload", "alpha", "exif", "xmp"]


def test_the_sections_are_those_of_the_format() -> None:
    assert [part.tag & 0x7F for part in PARTS] == [0x03, 0x10, 0x12, 0x21, 0x23]


def test_a_cut_file_is_refused_unless_the_sound_part_is_asked_for() -> None:
    ends = offsets(FILE)
    for index, name in enumerate(NAMES):
        for end in (ends[index], ends[index] + 1):
            if end >= len(FILE):
                continue
            with pytest.raises(CorruptFile):
                decode(FILE[:end])
            if name == "icc":
                with pytest.raises(CorruptFile):
                    decode(FILE[:end], partial=True)
                continue
            found = decode(FILE[:end], partial=True)
            assert not found.complete
            assert found.picture.notes == ("the file is damaged or cut: only its sound part was decoded",)
            assert (found.picture.alpha is not None) == (name != "payload")
            assert (found.metadata.exif is not None) == (name == "exif")


def test_asking_for_the_sound_part_of_a_sound_file_gives_all() -> None:
    found, whole = decode(FILE, partial=True), decode(FILE)
    assert found.complete
    assert found.picture.notes == ()
    assert np.array_equal(found.pixels, whole.pixels)


def test_an_unknown_codec_in_a_file_needs_a_newer_nnc() -> None:
    data = build(head(codec=200), [Part(0x90, b"x")])
    with pytest.raises(UnsupportedFile, match="codec number 200"):
        decode(data)
    assert inspect(data).codec == "unknown-200"


def test_unknown_ancillary_sections_change_nothing() -> None:
    more = [*PARTS[:-1], PARTS[-1]._replace(tag=0x23), Part(0xFF, b"new")]
    found = decode(build(HEADER, [Part(0x01, b"new"), *more]))
    assert np.array_equal(found.pixels, decode(FILE).pixels)
    assert found.metadata == pictures.metadata()


def test_layers_are_refused_by_codecs_without_them() -> None:
    """To leave them out would be to show a partly understood picture."""
    parts = [*PARTS[:3], Part(0x14, b"layer"), *PARTS[3:]]
    with pytest.raises(UnsupportedFile, match="layers"):
        decode(build(HEADER, parts))


@pytest.mark.parametrize("codec", CODECS)
def test_a_header_of_another_size_is_refused(codec: str) -> None:
    container = parse(encode(pictures.picture("RGB"), quick(codec)).data)
    for width, height in ((34, 24), (33, 25), (24, 33), (1, 1), (33, 8)):
        header = Header(container.header.codec, width, height, colour=True)
        with pytest.raises(CorruptFile):
            decode(serialize(Container(header, container.sections)))


def test_an_alpha_plane_of_another_size_is_refused() -> None:
    wrong = encode(Picture(pictures.flat(24, 34), pictures.transparency(24, 34)), quick("webp")).data
    alpha = parse(wrong).get(Kind.ALPHA) or b""
    with pytest.raises(CorruptFile, match="alpha"):
        decode(build(HEADER, [*PARTS[:2], Part(0x92, alpha)]))


# --- looking without decoding ---------------------------------------------------------------------------------------


def test_inspect_adds_up() -> None:
    info = inspect(FILE)
    assert (info.codec, info.width, info.height, info.mode, info.size) == ("webp", 33, 24, "RGBA", len(FILE))
    assert info.sections == tuple((n, len(part.data)) for n, part in zip(NAMES, PARTS, strict=True))
    assert info.overhead + sum(n for _, n in info.sections) == len(FILE)
    assert info.bpp == 8 * len(FILE) / (33 * 24)


def test_a_file_cut_where_a_section_ends_is_sound_up_to_there() -> None:
    whole = inspect(FILE)
    assert (whole.ends[-1], whole.complete) == (len(FILE), True)
    for number, end in enumerate(whole.ends[:-1], start=1):
        if "payload" not in NAMES[:number]:
            continue
        for cut in (end, end + 1):
            info = inspect(FILE[:cut], partial=True)
            assert (info.complete, info.sections, info.ends) == (False, whole.sections[:number], whole.ends[:number])
            assert info.overhead == cut - sum(n_bytes for _, n_bytes in info.sections)
        with pytest.raises(CorruptFile):
            inspect(FILE[:end])


def test_peek_gives_header_and_metadata() -> None:
    header, metadata = peek(FILE)
    assert (header.width, header.height, header.colour, header.alpha) == (33, 24, True, True)
    assert metadata == pictures.metadata()


def test_looking_decodes_no_pixel() -> None:
    broken = serialize(Container(Header(4, 9, 9, colour=True), (Section(Kind.PAYLOAD, b"not a WebP file"),)))
    assert inspect(broken).width == 9
    assert peek(broken)[0].width == 9
    with pytest.raises(CorruptFile):
        decode(broken)
