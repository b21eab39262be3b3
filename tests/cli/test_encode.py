"""``nnc encode`` of single files."""

import errno
import json
import os
import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest

import nncodec
from nncodec.cli.files import Job
from nncodec.cli.verbs import encode as verb
from nncodec.codecs import by_name
from nncodec.container import MAGIC
from nncodec.image import Metadata, read
from nncodec.pipeline import Settings, SourceOptions, Target, encode
from tests import pictures
from tests.conftest import Ran

Nnc = Callable[..., Ran]


def files(folder: Path = Path()) -> set[str]:
    """Everything below a folder, temporary files included."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_output_lies_beside_the_source(nnc: Nnc, photo: Path) -> None:
    result = nnc("encode", photo)
    assert (result.code, result.out) == (0, "")
    assert files() == {"photo.png", "photo.nnc"}
    assert nncodec.decode("photo.nnc").pixels.shape == (24, 33, 3)


def test_one_line_says_what_was_done(nnc: Nnc, photo: Path) -> None:
    line = nnc("encode", photo, "-c", "webp").err
    assert re.fullmatch(r"photo\.png -> photo\.nnc  [\d ]+ bytes  \d+\.\d{3} bpp  \d+\.\d dB  \d+\.\d s\n", line)
    n_bytes = int(line.split("  ")[1].removesuffix(" bytes").replace(" ", ""))
    assert n_bytes == Path("photo.nnc").stat().st_size


def test_lossless_beside_a_conversion_says_so(nnc: Nnc, here: Path) -> None:
    Path("print.tif").write_bytes(
        pictures.file_of(PIL.Image.fromarray(pictures.photograph(24, 33)).convert("CMYK"), "TIFF")
    )
    said = nnc("encode", "--lossless", "print.tif").err
    assert "  lossless but for the notes  " in said
    assert "CMYK was converted to RGB" in said
    Path("photo.png").write_bytes(pictures.file_of(pictures.photograph(24, 33), "PNG"))
    assert "  lossless  " in nnc("encode", "--lossless", "-f", "photo.png").err


def test_reduced_samples_are_noted(nnc: Nnc, here: Path) -> None:
    Path("deep.png").write_bytes(pictures.file_of(pictures.deep(24, 33), "PNG"))
    said = nnc("encode", "--lossless", "--depth", "8", "deep.png").err
    assert "16 bits per sample were reduced to 8" in said
    assert "lossless but for the notes" in said


def test_quiet_says_nothing(nnc: Nnc, photo: Path) -> None:
    assert nnc("encode", photo, "--quiet") == (0, "", "")


def test_verbose_says_more(nnc: Nnc, photo: Path) -> None:
    said = nnc("encode", photo, "-v", "-c", "webp", "-q", "50").err
    assert re.search(r"webp, quality 50 \(its own: [0-9.]+\), effort 5", said)
    assert "payload" in said


def test_the_default_codec_and_quality_are_those_of_the_help(nnc: Nnc, photo: Path) -> None:
    nnc("encode", photo)
    explicit = nnc("encode", photo, "-o", "b.nnc", "-c", "avif", "-q", "85", "-e", "5")
    assert explicit.code == 0
    assert Path("photo.nnc").read_bytes() == Path("b.nnc").read_bytes()


@pytest.mark.parametrize(
    ("output", "where"),
    [
        ("other.nnc", "other.nnc"),
        ("no suffix", "no suffix"),
        ("new/deep/other.nnc", "new/deep/other.nnc"),
        ("new/", "new/photo.nnc"),
        ("there", "there/photo.nnc"),
        ("there/", "there/photo.nnc"),
    ],
)
def test_forms_of_output(nnc: Nnc, photo: Path, output: str, where: str) -> None:
    Path("there").mkdir()
    assert nnc("encode", photo, "-o", output).code == 0
    assert files() == {"photo.png", where}


def test_keep_suffix_appends(nnc: Nnc, photo: Path) -> None:
    assert nnc("encode", photo, "--keep-suffix").code == 0
    assert files() == {"photo.png", "photo.png.nnc"}


@pytest.mark.parametrize("name", ["Größe λ.png", "two  spaces.png", "-dash.png", "new\nline.png", "x" * 250 + ".png"])
def test_odd_names(nnc: Nnc, photo: Path, name: str) -> None:
    photo.rename(name)
    result = nnc("encode", "--", name)
    assert result.code == 0, result.err
    assert files() == {name, name[:-4] + ".nnc"}


def test_the_date_of_the_source_is_kept(nnc: Nnc, photo: Path) -> None:
    nnc("encode", photo)
    assert Path("photo.nnc").stat().st_mtime_ns == photo.stat().st_mtime_ns == 10**18 + 123_456_700
    nnc("decode", "photo.nnc", "-o", "back.png")
    assert Path("back.png").stat().st_mtime_ns == 10**18 + 123_456_700


def test_a_private_picture_stays_private(nnc: Nnc, photo: Path) -> None:
    photo.chmod(0o600)
    nnc("encode", photo)
    assert Path("photo.nnc").stat().st_mode & 0o777 == 0o600
    photo.chmod(0o400)
    nnc("encode", photo, "-o", "c.nnc")
    assert Path("c.nnc").stat().st_mode & 0o777 == 0o600  # who made a file may also change it
    photo.chmod(0o777)
    nnc("encode", photo, "-o", "b.nnc")
    Path("fresh").touch()  # what the user's umask gives a new file
    assert Path("b.nnc").stat().st_mode == Path("fresh").stat().st_mode


@pytest.mark.parametrize("refused", ["chmod", "utime"])
def test_a_file_system_that_refuses_attributes_gets_the_picture(
    nnc: Nnc, photo: Path, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    def refuse(*_args: object, **_more: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, refused, refuse)
    assert nnc("encode", photo).code == 0
    assert nnc("decode", "photo.nnc", "-o", "back.png").code == 0
    assert files() == {"photo.png", "photo.nnc", "back.png"}
    kept = Path("photo.nnc").stat()
    assert (kept.st_mtime_ns == photo.stat().st_mtime_ns) == (refused == "chmod")


# --- overwriting ----------------------------------------------------------------------------------------------------


def test_nothing_is_overwritten_without_force(nnc: Nnc, photo: Path) -> None:
    Path("photo.nnc").write_text("precious")
    result = nnc("encode", photo)
    assert result.code == 1
    assert "nnc: error: photo.png: photo.nnc exists" in result.err
    assert "nnc: hint: --force overwrites" in result.err
    assert Path("photo.nnc").read_text() == "precious"
    assert nnc("encode", photo, "--force").code == 0
    assert Path("photo.nnc").read_bytes().startswith(MAGIC)


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_never_onto_the_source(nnc: Nnc, photo: Path, force: list[str]) -> None:
    before = photo.read_bytes()
    Path("link.nnc").symlink_to("photo.png")
    Path("hard.nnc").hardlink_to("photo.png")
    for output in ("link.nnc", "./hard.nnc", Path("link.nnc").absolute()):
        result = nnc("encode", photo, "-o", output, *force)
        assert result.code == 1
        assert "is the source" in result.err
        assert photo.read_bytes() == before


def test_an_nnc_file_is_not_encoded_onto_itself(nnc: Nnc, photo: Path) -> None:
    nnc("encode", photo)
    before = Path("photo.nnc").read_bytes()
    assert nnc("encode", "photo.nnc", "--force").code == 1
    assert Path("photo.nnc").read_bytes() == before
    result = nnc("encode", "photo.nnc", "-o", "second.nnc")
    assert result.code == 0
    assert "its loss adds to the new one" in result.err


def test_skip_existing_leaves_what_is_there(nnc: Nnc, photo: Path) -> None:
    Path("photo.nnc").write_text("from an earlier run")
    result = nnc("encode", photo, "--skip-existing")
    assert result.code == 0
    assert "skipped" in result.err
    assert Path("photo.nnc").read_text() == "from an earlier run"


def test_dry_run_writes_nothing(nnc: Nnc, photo: Path) -> None:
    result = nnc("encode", photo, "-o", "new/", "--dry-run")
    assert (result.code, result.out) == (0, "")
    assert "photo.png -> new/photo.nnc" in result.err
    assert files() == {"photo.png"}
    assert not Path("new").exists()


def test_a_device_is_written_to(nnc: Nnc, photo: Path) -> None:
    assert nnc("encode", photo, "-o", "/dev/null").code == 0
    assert Path("/dev/null").is_char_device()


def test_a_named_pipe_is_written_to_and_not_replaced(nnc: Nnc, photo: Path) -> None:
    """Not even with --force: the same code, run as root on /dev/null, would end the machine's /dev/null."""
    os.mkfifo("pipe")
    received = []
    reader = threading.Thread(target=lambda: received.append(Path("pipe").read_bytes()), daemon=True)
    reader.start()
    assert nnc("encode", photo, "-o", "pipe", "--force").code == 0
    reader.join(10)
    assert Path("pipe").is_fifo()
    assert received[0].startswith(MAGIC)


# --- settings -------------------------------------------------------------------------------------------------------


def test_settings_reach_the_encoder(nnc: Nnc, photo: Path) -> None:
    nnc("encode", photo, "-c", "webp", "-q", "33.5", "-e", "2")
    assert Path("photo.nnc").read_bytes() == nncodec.encode(photo, "webp", 33.5, effort=2)


@pytest.mark.parametrize(
    ("target", "limit"), [(["--target-size", "700"], 700), (["--target-size", "0.7k"], 700), (["--bpp", "7"], 693)]
)
def test_targets(nnc: Nnc, photo: Path, target: list[str], limit: int) -> None:
    result = nnc("encode", photo, "-c", "jpeg", *target)
    assert result.code == 0
    assert Path("photo.nnc").stat().st_size <= limit
    assert re.search(r"\(target .*: quality \d+, \d+ tries\)", result.err)


def test_a_target_that_cannot_be_met_fails_and_says_what_can(nnc: Nnc, photo: Path) -> None:
    result = nnc("encode", photo, "-c", "jpeg", "--target-size", "50")
    assert result.code == 1
    assert "50 bytes cannot be met" in result.err
    assert "hint: quality 0: " in result.err
    assert files() == {"photo.png"}


@pytest.mark.parametrize(
    ("pixels", "codec"),
    [
        (pictures.photograph(64, 96), "jpeg2000"),
        (pictures.deep(24, 32), "jpeg2000"),
        (np.kron(pictures.noise(4, 6), np.ones((16, 16, 1), np.uint8)), "webp"),
    ],
    ids=["photograph", "deep", "squares"],
)
def test_lossless_is_lossless_and_takes_the_smaller_codec(
    nnc: Nnc, here: Path, pixels: npt.NDArray[np.generic], codec: str
) -> None:
    PIL.Image.fromarray(pixels).save("a.png")
    result = nnc("encode", "a.png", "--lossless")
    assert result.code == 0
    assert "  lossless  " in result.err
    assert nncodec.inspect("a.nnc").codec == codec
    assert np.array_equal(nncodec.decode("a.nnc").pixels, pixels)


def test_lossless_by_a_codec_of_choice_or_not_at_all(nnc: Nnc, photo: Path) -> None:
    assert nnc("encode", photo, "--lossless", "-c", "avif").code == 0
    assert nncodec.inspect("photo.nnc").codec == "avif"
    result = nnc("encode", photo, "--lossless", "-c", "jpeg", "--force")
    assert result.code == 1
    assert "jpeg is not lossless" in result.err
    assert nncodec.inspect("photo.nnc").codec == "avif"


def test_a_file_larger_than_its_source_is_noted(nnc: Nnc, here: Path) -> None:
    PIL.Image.fromarray(pictures.photograph(96, 128)).save("a.jpg", quality=5)
    said = nnc("encode", "a.jpg", "-q", "95", "-e", "1").err
    note = re.search(r"nnc: note: a\.jpg: larger than the source, which has ([\d ]+) bytes; --keep-jpeg", said)
    assert note is not None
    assert int(note[1].replace(" ", "")) == Path("a.jpg").stat().st_size
    assert "note" not in nnc("encode", "a.jpg", "-q", "5", "-e", "1", "-f").err
    assert "note" not in nnc("encode", "a.jpg", "--keep-jpeg", "-f").err


def test_what_would_not_be_smaller_can_be_left_out(nnc: Nnc, here: Path) -> None:
    """The source stays the only file; others of the run are encoded."""
    PIL.Image.fromarray(pictures.flat(1, 1)).save("dot.png")
    PIL.Image.fromarray(pictures.photograph(24, 33)).save("photo.png")
    result = nnc("encode", "dot.png", "photo.png", "-o", "out", "-c", "jpeg", "--skip-if-larger", "-j", "1")
    assert (result.code, files(Path("out"))) == (0, {"photo.nnc"})
    assert "dot.png: not smaller, skipped: 2" in result.err
    assert "nnc: 1 done, 1 skipped" in result.err
    record = json.loads(nnc("encode", "dot.png", "-c", "jpeg", "--skip-if-larger", "--json").out)
    assert record["status"] == "skipped"
    assert record["bytes"] > Path("dot.png").stat().st_size
    nnc("encode", "dot.png", "-c", "jpeg", "-o", "dot.nnc")
    assert Path("dot.nnc").stat().st_size == record["bytes"]


@pytest.mark.parametrize(("more", "status"), [(0, "skipped"), (1, "done")], ids=["as large", "a byte smaller"])
def test_as_large_as_the_source_is_not_smaller(nnc: Nnc, here: Path, more: int, status: str) -> None:
    """Bytes after the end of a PNG file change its size, and no pixel."""
    png = pictures.file_of(pictures.flat(1, 1), "PNG")
    n_bytes = len(nncodec.encode(png, "jpeg"))
    assert n_bytes > len(png)
    Path("dot.png").write_bytes(png + bytes(n_bytes + more - len(png)))
    record = json.loads(nnc("encode", "dot.png", "-c", "jpeg", "--skip-if-larger", "--json").out)
    assert (record["status"], record["bytes"]) == (status, n_bytes)


def test_metadata_survive_unless_stripped(nnc: Nnc, here: Path) -> None:
    exif = b"Exif\0\0" + pictures.exif(6)
    PIL.Image.fromarray(pictures.photograph(8, 8)).save("a.jpg", exif=exif, icc_profile=pictures.icc())
    nnc("encode", "a.jpg")
    nnc("encode", "a.jpg", "-o", "b.nnc", "--strip")
    nnc("encode", "a.jpg", "-o", "c.nnc", "--strip", "--strip-icc")
    assert nncodec.decode("a.nnc").metadata.exif == pictures.exif(6)
    assert nncodec.decode("b.nnc").metadata == Metadata(icc=pictures.icc())
    assert nncodec.decode("c.nnc").metadata == Metadata()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["photo.png", "-q", "101"],
        ["photo.png", "-q", "-1"],
        ["photo.png", "-q", "high"],
        ["photo.png", "-e", "0"],
        ["photo.png", "-e", "10"],
        ["photo.png", "-q", "50", "--bpp", "1"],
        ["photo.png", "--bpp", "1", "--target-size", "1k"],
        ["photo.png", "--bpp", "0"],
        ["photo.png", "--target-psnr", "-3"],
        ["photo.png", "--target-ssim", "0"],
        ["photo.png", "--target-ssim", "1.01"],
        ["photo.png", "--target-ssim", "0.9", "--target-psnr", "30"],
        ["photo.png", "--target-size", "many"],
        ["photo.png", "--target-size", "0"],
        ["photo.png", "-j", "0"],
        ["photo.png", "--frame", "-1"],
        ["photo.png", "--no-such-option"],
        ["photo.png", "--device", "abacus"],
        ["photo.png", "-c", "nosuch"],
        ["photo.png", "--restore", "nosuch"],
        ["photo.png", "--restore", "luma+luma"],
        ["photo.png", "--lossless", "-q", "90"],
        ["photo.png", "--lossless", "--bpp", "1"],
        ["photo.png", "out.nnc"],
        ["photo.png", "out"],
        ["photo.png", "-o", ""],
        ["photo.png", ""],
        ["photo.png", "--keep-jpeg", "--bpp", "1"],
        ["photo.png", "--keep-jpeg", "--strip"],
        ["photo.png", "--keep-jpeg", "--strip-icc"],
        ["photo.png", "--plain-jpeg", "--bpp", "1"],
        ["photo.png", "-", "-o", "-"],
        ["photo.png", "photo.png", "-o", "-"],
        ["photo.png", "-o", "-", "--json"],
        ["."],
    ],
    ids=" ".join,
)
def test_wrong_usage(nnc: Nnc, photo: Path, arguments: list[str]) -> None:
    result = nnc("encode", *arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("nnc: error: ")
    assert "nnc: hint: " in result.err
    assert files() == {"photo.png"}


@pytest.mark.parametrize("arguments", [["--plain-jpeg"], ["-o", "-"]], ids=" ".join)
def test_nothing_is_left_out_where_that_makes_no_sense(nnc: Nnc, photo: Path, arguments: list[str]) -> None:
    result = nnc("encode", photo, "--skip-if-larger", *arguments)
    assert (result.code, result.out, files()) == (2, "", {"photo.png"})
    assert "--skip-if-larger" in result.err


def test_who_names_the_output_as_a_second_source_is_told_how(nnc: Nnc, photo: Path) -> None:
    """As cjxl and avifenc are called."""
    assert "-o out.nnc" in nnc("encode", "photo.png", "out.nnc").err
    assert nnc("encode", "photo.png", "missing.png").code == 1  # that is a source, and the other is encoded
    assert files() == {"photo.png", "photo.nnc"}


def test_a_name_that_begins_with_a_dash(nnc: Nnc, photo: Path) -> None:
    photo.rename("-photo.png")
    result = nnc("encode", "-photo.png")
    assert result.code == 2
    assert "nnc: hint: -- goes before names" in result.err


# --- what goes wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "code", "said"),
    [
        (None, 1, "no such file"),
        (b"", 3, "empty"),
        (b"not a picture", 4, "not a picture"),
        (pictures.file_of(pictures.photograph(24, 33), "PNG")[:200], 3, "cannot be read"),
        (MAGIC + b"\x01\x04", 3, "ends early"),
        (MAGIC + b"\x09", 4, "format version 9"),
    ],
    ids=["missing", "empty", "text", "cut", "cut nnc", "newer nnc"],
)
def test_sources_that_cannot_be_read(nnc: Nnc, here: Path, make: bytes | None, code: int, said: str) -> None:
    if make is not None:
        Path("a.png").write_bytes(make)
    result = nnc("encode", "a.png")
    assert result.code == code
    assert result.err.startswith("nnc: error: a.png: ")
    assert said in result.err
    assert "Traceback" not in result.err
    assert files() == ({"a.png"} if make is not None else set())


def test_the_pixel_limit(nnc: Nnc, photo: Path) -> None:
    result = nnc("encode", photo, "--max-pixels", 24 * 33 - 1)
    assert result.code == 5
    assert "--max-pixels raises the limit" in result.err
    assert nnc("encode", photo, "--max-pixels", 24 * 33).code == 0


def test_animations_and_depth_say_what_to_do(nnc: Nnc, here: Path) -> None:
    frames = [PIL.Image.fromarray(pictures.flat(8, 8, value=value)) for value in (10, 200)]
    frames[0].save("a.gif", save_all=True, append_images=frames[1:])
    result = nnc("encode", "a.gif")
    assert result.code == 1
    assert "hint: --frame 0 takes the first" in result.err
    assert nnc("encode", "a.gif", "--frame", "1").code == 0
    Path("deep.ppm").write_bytes(b"P6\n2 1\n65535\n" + bytes(12))
    assert "hint: --depth 8 allows it" in nnc("encode", "deep.ppm").err
    assert nnc("encode", "deep.ppm", "--depth", "8").code == 0


@pytest.mark.parametrize("output", ["file/photo.nnc", "/proc/photo.nnc"])
def test_a_place_that_cannot_be_written(nnc: Nnc, photo: Path, output: str) -> None:
    Path("file").write_text("not a folder")
    result = nnc("encode", photo, "-o", output)
    assert result.code == 1
    assert result.err.startswith(f"nnc: error: photo.png: cannot write {output}: ")
    assert files() == {"photo.png", "file"}


def test_a_folder_that_must_not_be_written_is_told_before_the_work(
    nnc: Nnc, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    monkeypatch.setattr("nncodec.cli.verbs.encode.read_source", lambda source: pytest.fail("read in vain"))
    result = nnc("encode", photo, "-o", "closed/photo.nnc")
    assert (result.code, files()) == (1, {"photo.png"})
    assert "cannot write closed/photo.nnc: no permission to write into ." in result.err


def test_a_drive_that_is_not_there(nnc: Nnc, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows not even the root of a path need exist."""
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: path == photo and exists(path))
    result = nnc("encode", photo, "-o", "out/photo.nnc")
    assert (result.code, "cannot write out/photo.nnc: out is not a folder" in result.err) == (1, True)


def test_a_failing_write_leaves_nothing(nnc: Nnc, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk, say: neither a temporary file nor half a result."""

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    result = nnc("encode", photo)
    assert result.code == 1
    assert "photo.png: cannot write photo.nnc: no space left on device" in result.err
    assert files() == {"photo.png"}


def test_with_force_the_old_file_stands_until_the_new_one_is_whole(nnc: Nnc, photo: Path) -> None:
    Path("photo.nnc").write_text("old")
    assert nnc("encode", photo, "--force", "-c", "jpeg", "--target-size", "50").code == 1
    assert Path("photo.nnc").read_text() == "old"


# --- keeping JPEG files ---------------------------------------------------------------------------------------------


def test_a_kept_jpeg_comes_back_bit_for_bit(nnc: Nnc, here: Path) -> None:
    Path("a.jpg").write_bytes(pictures.file_of(pictures.photograph(16, 16), "JPEG", quality=60))
    assert nnc("encode", "a.jpg", "--keep-jpeg").code == 0
    assert Path("a.nnc").stat().st_size <= Path("a.jpg").stat().st_size + 20
    assert nnc("decode", "a.nnc", "--original", "-o", "b.jpg").code == 0
    assert Path("a.jpg").read_bytes() == Path("b.jpg").read_bytes()


@pytest.fixture
def without_lepton(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without the package lepton-jpeg-python."""
    monkeypatch.setitem(sys.modules, "lepton_jpeg_python", None)
    monkeypatch.setattr(type(by_name("lepton")), "missing", lambda self: "the package lepton-jpeg-python")


def test_without_the_coder_kept_jpegs_are_stored_as_they_are_with_one_note(
    nnc: Nnc, here: Path, without_lepton: None
) -> None:
    for name in ("a.jpg", "b.jpg"):
        Path(name).write_bytes(pictures.file_of(pictures.photograph(96, 128), "JPEG"))
    result = nnc("encode", "a.jpg", "b.jpg", "--keep-jpeg", "-j", "1")
    assert (result.code, result.err.count("lepton-jpeg-python")) == (0, 1)
    assert Path("a.jpg").read_bytes() in Path("a.nnc").read_bytes()
    assert "lepton" not in nnc("encode", "a.jpg", "--plain-jpeg", "-f").err
    assert nnc("encode", "a.jpg", "--keep-jpeg", "--skip-if-larger").code == 2


def test_what_lepton_does_not_shrink_can_be_left_out(nnc: Nnc, here: Path) -> None:
    pytest.importorskip("lepton_jpeg_python", exc_type=ImportError)
    Path("a.jpg").write_bytes(pictures.file_of(pictures.photograph(96, 128), "JPEG"))
    cmyk = PIL.Image.fromarray(pictures.photograph(96, 128)).convert("CMYK")
    Path("b.jpg").write_bytes(pictures.file_of(cmyk, "JPEG"))
    result = nnc("encode", "a.jpg", "b.jpg", "--keep-jpeg", "--skip-if-larger", "-v", "-j", "1")
    assert result.code == 0
    assert files() == {"a.jpg", "b.jpg", "a.nnc"}
    before, after = Path("a.jpg").stat().st_size, Path("a.nnc").stat().st_size
    assert f"bytes, {100 * (before - after) / before:.1f} % less" in result.err


def test_the_reason_for_storing_a_jpeg_as_it_is_is_told_with_verbose(nnc: Nnc, here: Path) -> None:
    pytest.importorskip("lepton_jpeg_python", exc_type=ImportError)
    cmyk = PIL.Image.fromarray(pictures.photograph(16, 16)).convert("CMYK")
    Path("b.jpg").write_bytes(pictures.file_of(cmyk, "JPEG"))
    assert "stored as it is" not in nnc("encode", "b.jpg", "--keep-jpeg").err
    assert "stored as it is: Lepton does not take it" in nnc("encode", "b.jpg", "--keep-jpeg", "-v", "-f").err


def test_lossless_keeps_a_jpeg_and_codes_its_pixels_on_request(nnc: Nnc, here: Path) -> None:
    Path("a.jpg").write_bytes(pictures.file_of(pictures.photograph(24, 33), "JPEG"))
    assert nnc("encode", "a.jpg", "--lossless").code == 0
    assert nnc("decode", "a.nnc", "--original", "-o", "b.jpg").code == 0
    assert Path("a.jpg").read_bytes() == Path("b.jpg").read_bytes()
    assert nnc("encode", "a.jpg", "--lossless", "-c", "webp", "-f").code == 0
    assert nnc("decode", "a.nnc", "--original", "-o", "c.jpg").code == 1


def test_keep_jpeg_encodes_other_formats(nnc: Nnc, photo: Path) -> None:
    """A folder of both is one command."""
    assert nnc("encode", photo, "--keep-jpeg", "-c", "webp", "-q", "50").code == 0
    assert Path("photo.nnc").read_bytes() == nncodec.encode(photo, "webp", 50)
    result = nnc("decode", "photo.nnc", "--original")
    assert result.code == 1
    assert "holds no original" in result.err


# --- for machines ---------------------------------------------------------------------------------------------------


def test_json_lines(nnc: Nnc, photo: Path) -> None:
    result = nnc("encode", photo, "-c", "webp", "--json")
    (line,) = result.out.splitlines()
    record = json.loads(line)
    assert record | {"seconds": 0, "psnr": 0, "bpp": 0, "bytes": 0, "codec_quality": 0} == {
        "source": "photo.png",
        "source_bytes": photo.stat().st_size,
        "output": "photo.nnc",
        "status": "done",
        "codec": "webp",
        "quality": pytest.approx(85.0, abs=0.2),
        "codec_quality": 0,
        "bytes": 0,
        "bpp": 0,
        "psnr": 0,
        "seconds": 0,
        "tries": 1,
        "notes": [],
        "code": 0,
        "error": None,
        "hint": None,
    }
    assert record["bytes"] == Path("photo.nnc").stat().st_size
    assert record["bpp"] == pytest.approx(8 * record["bytes"] / (24 * 33))
    original = np.asarray(PIL.Image.open(photo)).astype(float)
    mse = ((original - nncodec.decode("photo.nnc").pixels) ** 2).mean()
    assert record["psnr"] == pytest.approx(10 * np.log10(255**2 / mse))


def test_seconds_are_those_that_passed(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 112.5])
    monkeypatch.setattr(verb, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    done = verb.encode_file(Job(str(photo), "photo.nnc"), Settings("webp"), SourceOptions(), skip_if_larger=False)
    assert done.record["seconds"] == 12.5
    assert "12.5 s" in done.line


def test_tries_of_a_target_are_told(nnc: Nnc, photo: Path) -> None:
    arguments = ("-c", "jpeg", "--target-size", "2k", "--restore", "none", "--json")
    record = json.loads(nnc("encode", photo, *arguments).out)
    told = encode(read(photo.read_bytes()), Settings("jpeg", target=Target(size=2000), restore="none"))
    assert record["tries"] == told.tries > 3


def test_a_target_ssim_is_the_one_that_compare_prints(nnc: Nnc, photo: Path) -> None:
    result = nnc("encode", photo, "-c", "webp", "--target-ssim", "0.95")
    assert "target SSIM 0.95: quality" in result.err
    assert json.loads(nnc("compare", photo, "photo.nnc", "--json").out)["ssim"] >= 0.95


def test_json_lines_of_failures_and_lossless(nnc: Nnc, photo: Path) -> None:
    failed = json.loads(nnc("encode", "missing.png", "--json").out)
    assert (failed["status"], failed["code"], failed["source"]) == ("failed", 1, "missing.png")
    assert ("no such file" in failed["error"], failed["hint"]) == (True, None)
    assert json.loads(nnc("encode", photo, "--json", "--target-size", "9").out)["hint"].startswith("quality 0: ")
    assert json.loads(nnc("encode", photo, "--json", "-q", "100").out)["psnr"] is None
    assert json.loads(nnc("encode", photo, "--json", "--skip-existing").out)["status"] == "skipped"
    assert json.loads(nnc("encode", photo, "--json", "--dry-run", "-o", "b.nnc").out)["status"] == "planned"


@pytest.mark.parametrize("name", ["photo.png", "b.png", "b.JPG", "b.webp"])
def test_an_nnc_file_is_not_given_the_name_of_another_format(nnc: Nnc, photo: Path, name: str) -> None:
    before = photo.read_bytes()
    result = nnc("encode", photo, "-o", name)
    assert result.code == 2
    assert "under another format's name" in result.err
    assert photo.read_bytes() == before
    assert files() == {"photo.png"}
