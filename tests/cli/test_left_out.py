"""Pictures in a folder that are not encoded: counted and named, never passed over in silence."""

import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import PIL.Image
import PIL.TiffImagePlugin
import pytest

import nncodec
from nncodec.image.kinds import EXTRAS, Extra
from tests import pictures
from tests.conftest import Ran

Nnc = Callable[..., Ran]
QUICK = ("-c", "webp", "--restore", "none", "-j", "1")
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


@pytest.fixture
def folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one picture and files of many kinds; HEIC is not read."""
    for kind, extra in EXTRAS.items():
        monkeypatch.setitem(EXTRAS, kind, Extra("nncodec_no_such_module", extra.package, extra.suffixes))
    root = Path("in")
    root.mkdir()
    files = {
        "a.png": pictures.file_of(pictures.photograph(8, 9), "PNG"),
        "b.HEIC": HEIC,
        "c.heic": HEIC,
        "d.cr2": b"II*\0\x10\0\0\0CR\x02\0",
        "e.nef": b"II*\0\x08\0\0\0",
        "f.svg": b"<svg/>",
        "g.jpg.bak": pictures.file_of(pictures.photograph(8, 9), "JPEG"),
        "notes.txt": b"no picture",
        ".hidden.heic": HEIC,
    }
    for name, data in files.items():
        (root / name).write_bytes(data)
    return root


TOLD = (
    "nnc: left out: 2 HEIC (pip install pillow-heif), 2 camera raw (develop it to PNG or TIFF first), 1 SVG, "
    "1 JPEG (its suffix is .bak)\n"
)


def test_pictures_that_are_not_taken_are_counted_by_kind(nnc: Nnc, folder: Path) -> None:
    result = nnc("encode", "-r", folder, "-o", "out", *QUICK)
    assert (result.code, result.out) == (4, "")
    assert result.err.endswith(TOLD)
    assert "nnc: 1 done; " in result.err
    assert [path.name for path in Path("out").iterdir()] == ["a.nnc"]


def test_quiet_tells_it_too_and_verbose_names_each(nnc: Nnc, folder: Path) -> None:
    assert nnc("encode", "-r", folder, "-o", "out", *QUICK, "--quiet") == (4, "", TOLD)
    said = nnc("encode", "-r", folder, "-o", "more", *QUICK, "-v").err
    for name in ("b.HEIC", "c.heic", "d.cr2", "e.nef", "f.svg", "g.jpg.bak"):
        assert said.count(f"{folder / name}: ") == 1
    assert "hidden" not in said
    assert "notes" not in said


def test_json_has_a_line_for_each_that_is_left_out(nnc: Nnc, folder: Path) -> None:
    result = nnc("encode", "-r", folder, "-o", "out", *QUICK, "--json")
    assert (result.code, result.err) == (4, "")
    *records, end = map(json.loads, result.out.splitlines())
    left_out = {record["source"]: record for record in records if record["status"] == "left_out"}
    assert len(left_out) == end["summary"]["left_out"] == 6
    assert end["summary"]["kinds"] == {"HEIC": 2, "camera raw": 2, "SVG": 1, "JPEG": 1}
    heic = left_out["in/b.HEIC"]
    assert (heic["code"], heic["kind"], heic["hint"]) == (4, "HEIC", "pip install pillow-heif")
    assert all(set(records[0]) >= {key for key in record if key != "kind"} for record in left_out.values())


def test_a_folder_of_nothing_else_is_told_as_well(nnc: Nnc, folder: Path) -> None:
    (folder / "a.png").unlink()
    assert nnc("encode", "-r", folder, "-o", "out", *QUICK) == (4, "", TOLD)


def test_pictures_without_suffix_or_with_that_of_another_kind_are_taken(nnc: Nnc, here: Path) -> None:
    Path("in").mkdir()
    jpeg = pictures.file_of(pictures.photograph(8, 9), "JPEG")
    for name in ("IMG_1", "IMG_2.heic"):
        Path("in", name).write_bytes(jpeg)
    Path("in", "README").write_text("no picture")
    assert nnc("encode", "-r", "in", "-o", "out", *QUICK).code == 0
    assert {path.name for path in Path("out").iterdir()} == {"IMG_1.nnc", "IMG_2.nnc"}


@pytest.mark.parametrize("verb", ["decode", "test", "info"])
def test_nnc_files_under_other_names_are_not_passed_over(verb: str, nnc: Nnc, here: Path) -> None:
    Path("in").mkdir()
    data = nncodec.encode(pictures.photograph(8, 9), "webp")
    for name in ("a.nnc", "b", "c.nnc.bak"):
        Path("in", name).write_bytes(data)
    Path("in", "d.heic").write_bytes(HEIC)
    result = nnc(verb, "-r", "in")
    said = result.out + result.err
    assert result.code == 4
    assert said.count("in/a.nnc") == said.count("in/b:") + said.count("in/b ->") == 1
    assert said.endswith("nnc: left out: 1 .nnc file (its suffix is .bak)\n")


def test_a_linked_folder_is_told_but_is_no_failure(nnc: Nnc, folder: Path) -> None:
    Path("other").mkdir()
    (Path("other") / "a.png").write_bytes((folder / "a.png").read_bytes())
    (Path("other") / "link").symlink_to(folder.absolute(), target_is_directory=True)
    result = nnc("encode", "-r", "other", "-o", "out", *QUICK)
    assert result.code == 0
    assert result.err.endswith("nnc: note: links to folders are not followed: 1\n")


def test_a_named_pipe_is_not_waited_for(nnc: Nnc, here: Path) -> None:
    Path("in").mkdir()
    os.mkfifo("in/pipe")
    assert "nothing to do" in nnc("encode", "-r", "in").err


# --- raw files, which Pillow takes for their preview ----------------------------------------------------------------


def raw_tiff(**tags: tuple[int, int]) -> bytes:
    """A TIFF with more tags: numbers and values."""
    directory = PIL.TiffImagePlugin.ImageFileDirectory_v2()
    for number, value in tags.values():
        directory[number] = value
    out = io.BytesIO()
    PIL.Image.fromarray(pictures.photograph(8, 9)).save(out, "TIFF", tiffinfo=directory)
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"II*\0\x10\0\0\0CR\x02\0" + bytes(50),
        b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(50),
        raw_tiff(version=(50706, 1), more=(254, 1)),
        raw_tiff(reduced=(254, 1), others=(330, 8)),
    ],
)
def test_the_raw_file_of_a_camera_is_refused_not_its_preview_taken(data: bytes, nnc: Nnc, here: Path) -> None:
    Path("x.tif").write_bytes(data)
    result = nnc("encode", "x.tif", *QUICK)
    assert result.code == 4
    assert "the raw file of a camera is not read" in result.err
    assert not Path("x.nnc").exists()


def test_a_plain_tiff_is_none(nnc: Nnc, here: Path) -> None:
    Path("x.tif").write_bytes(raw_tiff(full=(254, 0)))
    assert nnc("encode", "x.tif", *QUICK).code == 0
