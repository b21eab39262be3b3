"""What a desktop is told of .nnc files: their MIME type, the bytes that they begin with, and how to make thumbnails."""

import configparser
import os
import shlex
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import PIL.Image
import pytest

from nncodec.container import MAGIC
from nncodec.plugin import register_pillow
from tests.conftest import Ran

SHARE = Path(__file__).resolve().parent.parent / "share"
MIME = SHARE / "mime" / "packages" / "nnc.xml"
NAMESPACE = {"m": "http://www.freedesktop.org/standards/shared-mime-info"}


def mime_type() -> ET.Element:
    """The only type that the XML file defines."""
    (found,) = ET.parse(MIME).getroot().findall("m:mime-type", NAMESPACE)
    return found


def thumbnailer() -> configparser.SectionProxy:
    """The section of the thumbnailer entry."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str
    parser.read(SHARE / "thumbnailers" / "nnc.thumbnailer", encoding="utf-8")
    return parser["Thumbnailer Entry"]


def test_the_magic_is_the_signature_of_the_format() -> None:
    (match,) = mime_type().findall("m:magic/m:match", NAMESPACE)
    assert (match.get("type"), match.get("offset")) == ("string", "0")
    assert match.get("value", "").encode().decode("unicode_escape").encode("latin-1") == MAGIC


def test_the_suffix_and_the_type_are_those_that_pillow_is_told() -> None:
    register_pillow()
    (glob,) = mime_type().findall("m:glob", NAMESPACE)
    assert glob.get("pattern") == "*.nnc"
    assert mime_type().get("type") == PIL.Image.MIME["NNC"]
    assert thumbnailer()["MimeType"] == f"{mime_type().get('type')};"


def test_the_thumbnailer_makes_a_png_over_the_file_that_a_desktop_has_made(nnc: Callable[..., Ran], here: Path) -> None:
    golden = Path(__file__).parent / "golden" / "webp" / "rgb-60.nnc"
    shutil.copy(golden, "a picture.nnc")
    Path("out.png").touch()
    given = {"%i": "a picture.nnc", "%o": "out.png", "%s": "20"}
    program, *arguments = (given.get(word, word) for word in shlex.split(thumbnailer()["Exec"]))
    assert program == thumbnailer()["TryExec"] == "nnc"
    assert nnc(*arguments).code == 0
    with PIL.Image.open("out.png") as small:
        assert (small.format, max(small.size)) == ("PNG", 20)


@pytest.mark.skipif(not shutil.which("update-mime-database"), reason="shared-mime-info is not installed")
def test_the_database_of_a_desktop_takes_the_type(tmp_path: Path) -> None:
    (tmp_path / "packages").mkdir()
    shutil.copy(MIME, tmp_path / "packages")
    done = subprocess.run(
        ["update-mime-database", str(tmp_path)],
        env=os.environ | {"LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "nnc" not in done.stderr
    assert MAGIC in (tmp_path / "magic").read_bytes()
    assert "image/x-nnc:*.nnc" in (tmp_path / "globs").read_text()
