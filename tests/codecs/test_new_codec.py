"""Adding a codec is one file and one row: the codec in CONTRIBUTING.md is added as it says there."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from nncodec import codecs
from nncodec.codec import Codec
from nncodec.codecs import all_codecs, by_id, by_name
from nncodec.pipeline import Settings, decode, encode_lossless, inspect
from tests import golden_cases, make_golden, pictures, test_docs, test_golden
from tests.codecs import battery
from tests.conftest import Ran

GUIDE = (Path(__file__).resolve().parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
SOURCE = re.findall(r"^```python\n(.*?)^```$", GUIDE, re.M | re.S)[0]
ROW = "| 200 | [png](png.md) | 8 | PNG file, gray or RGB |"


def forget() -> None:
    """Make the registry look for codecs again."""
    for function in (codecs._names, codecs._load, codecs.all_codecs):
        function.cache_clear()


@pytest.fixture
def png(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Codec]:
    """The codec of the guide, which the registry finds in a folder of this test."""
    folder = tmp_path_factory.mktemp("codecs")
    (folder / "png.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.setattr(codecs, "__path__", [*codecs.__path__, str(folder)])
    forget()
    yield by_name("png")
    monkeypatch.undo()
    del sys.modules[f"{codecs.__name__}.png"], codecs.png
    forget()


def test_the_registry_finds_it(png: Codec) -> None:
    assert by_id(png.id) is by_name("png") is all_codecs()["png"] is png
    assert list(all_codecs())[-1] == "png"


def test_without_the_file_it_is_not_there() -> None:
    assert "png" not in all_codecs()


@pytest.mark.parametrize("check", battery.CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_it_passes_the_battery(check: Callable[[Codec], None], png: Codec) -> None:
    check(png)


def test_the_command_line_uses_it(png: Codec, nnc: Callable[..., Ran], photo: Path) -> None:
    assert nnc("encode", photo, "-c", "png", "-q", 10, "--restore", "none").code == 0
    assert "png" in nnc("info", "photo.nnc").out
    assert json.loads(nnc("info", "--json", "photo.nnc").out)["codec"] == "png"
    assert nnc("decode", "photo.nnc", "-o", "again.png").code == 0
    with PIL.Image.open(photo) as before, PIL.Image.open("again.png") as after:
        assert np.array_equal(np.asarray(before), np.asarray(after))
    assert "200  png         PNG, always lossless" in nnc("codecs").out


def test_lossless_encoding_tries_it(png: Codec, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = pictures.picture("RGB")
    assert inspect(encode_lossless(picture, Settings(), "png").data).codec == "png"
    assert inspect(encode_lossless(picture, Settings()).data).codec != "png"  # WebP is smaller
    monkeypatch.setattr(type(png), "encode", lambda self, pixels, options: b"as if it were smaller")
    monkeypatch.setattr(type(png), "decode", lambda self, payload, frame, device: picture.pixels)
    assert inspect(encode_lossless(picture, Settings()).data).codec == "png"


def test_its_row_and_page_are_demanded(png: Codec, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError):
        test_docs.test_codecs_and_their_numbers_are_those_of_the_code()
    with pytest.raises(AssertionError):
        test_docs.test_every_codec_and_restorer_has_a_page_of_its_name("png")
    last = re.findall(r"^\| \d+ \| \[recurrent\].*$", test_docs.FORMAT, re.M)[0]
    monkeypatch.setattr(test_docs, "FORMAT", test_docs.FORMAT.replace(last, f"{last}\n{ROW}"))
    test_docs.test_codecs_and_their_numbers_are_those_of_the_code()


def test_its_golden_files_are_demanded_and_made(png: Codec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError, match="png has no golden files: run python -m tests.make_golden"):
        test_golden.test_every_codec_has_golden_files_in_a_folder_of_its_name()
    monkeypatch.setattr(make_golden, "GOLDEN", tmp_path)
    mine = {name: case for name, case in golden_cases.cases() if name.startswith("png/")}
    assert set(mine) == {"png/l-100", "png/la-100", "png/rgb-100", "png/rgba-100"}
    for name, case in mine.items():
        assert make_golden.write(name, case)
    found = {path.stem: decode(path.read_bytes()) for path in (tmp_path / "png").glob("*.nnc")}
    assert {name: done.codec for name, done in found.items()} == dict.fromkeys(found, "png")
    said = json.loads((tmp_path / "png" / make_golden.LISTING).read_text())
    assert {entry["peak_error"] for entry in said.values()} == {0}
