"""The pages as files: what they hold, and what they do not."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import PIL.Image
import pytest

import nncodec
from nncodec.pages.assembly import as_script_data, assemble
from nncodec.pages.viewing import view_page, viewed
from tests import pictures
from tests.conftest import Ran

Nnc = Callable[..., Ran]
GOLDEN = Path(__file__).resolve().parents[1] / "golden"


@pytest.fixture
def pair(here: Path) -> tuple[str, str]:
    """A picture, and a file made of it."""
    Path("a.png").write_bytes(pictures.file_of(pictures.photograph(40, 60), "PNG"))
    Path("a.nnc").write_bytes(nncodec.encode("a.png", "webp", 30, restore="none"))
    return "a.png", "a.nnc"


def data_in(page: str) -> object:
    """The data that a page's script reads."""
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    return json.loads(text)


def test_nothing_is_fetched_and_no_place_is_left_empty() -> None:
    page = view_page([viewed("a.nnc", (GOLDEN / "webp" / "rgb-60.nnc").read_bytes())]).decode()
    assert re.findall(r"\b(?:src|href)=\"?(?!data:)[^\s>]*", page) == []
    assert not re.search(r"https?://|\bfetch\(|XMLHttpRequest|import\(|\{\{\w+\}\}", page)
    assert page.count("<script") == 2


@pytest.mark.parametrize("name", ["</script><script>alert(1)", "<!--", "&lt;{{script}}"])
def test_names_of_files_are_no_html_and_no_script(name: str) -> None:
    plain = view_page([viewed("a.nnc", (GOLDEN / "webp" / "rgb-60.nnc").read_bytes())]).decode()
    page = view_page([viewed(name, (GOLDEN / "webp" / "rgb-60.nnc").read_bytes())]).decode()
    assert (page.count("<script"), page.count("</script")) == (plain.count("<script"), plain.count("</script"))
    found = data_in(page)
    assert isinstance(found, list)
    assert found[0]["name"] == name


def test_data_cannot_end_their_element() -> None:
    assert json.loads(as_script_data(["</script>"])) == ["</script>"]
    assert "<" not in as_script_data({"<": "<!--"})


def test_a_place_that_is_not_filled_is_an_error() -> None:
    with pytest.raises(KeyError):
        assemble("compare.html", ("page.css",), ("stage.js",), None, title="x")


def test_view_writes_a_page_once(nnc: Nnc, pair: tuple[str, str]) -> None:
    arguments = ("view", "a.nnc", "-o", "page.html", "--no-open")
    assert nnc(*arguments) == (0, "", "")
    assert "a.nnc" in Path("page.html").read_text("utf-8")
    assert nnc(*arguments).code == 1
    assert nnc(*arguments, "-f").code == 0


def test_view_opens_a_temporary_page(nnc: Nnc, pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or True)
    monkeypatch.setattr("tempfile.tempdir", str(Path.cwd()))
    assert nnc("view", "a.nnc").code == 0
    (page,) = Path.cwd().glob("nnc-*.html")
    assert opened == [page.as_uri()]
    assert isinstance(data_in(page.read_text("utf-8")), list)


def test_view_without_a_browser_says_where_the_page_is(
    nnc: Nnc, pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webbrowser.open", lambda url: False)
    result = nnc("view", "a.nnc", "-o", "page.html")
    assert result.code == 1
    assert "no browser could be started" in result.err
    assert "page.html" in result.err


def test_view_without_files_is_an_empty_page(nnc: Nnc, here: Path) -> None:
    assert nnc("view", "-o", "page.html", "--no-open").code == 0
    assert data_in(Path("page.html").read_text("utf-8")) == []


def test_view_refuses_damaged_files_and_calls_that_make_no_sense(nnc: Nnc, pair: tuple[str, str]) -> None:
    Path("bad.nnc").write_bytes(Path("a.nnc").read_bytes()[:-1])
    result = nnc("view", "bad.nnc", "-o", "page.html", "--no-open")
    assert (result.code, Path("page.html").exists()) == (3, False)
    assert result.err.startswith("nnc: error: bad.nnc: ")
    assert nnc("view", "a.nnc", "--no-open").code == 2
    assert nnc("view", "none.nnc", "-o", "page.html", "--no-open").code == 1


def test_compare_writes_a_page_beside_its_figures(nnc: Nnc, pair: tuple[str, str]) -> None:
    result = nnc("compare", *pair, "--html", "page.html")
    assert result.code == 0
    found = data_in(Path("page.html").read_text("utf-8"))
    assert isinstance(found, dict)
    assert (found["a"]["bytes"], found["b"]["bytes"]) == tuple(Path(name).stat().st_size for name in pair)
    for name, value in found["measures"]:
        assert re.search(rf"^  {name} +{re.escape(value)}$", result.out, re.M)
    assert nnc("compare", *pair, "--html", "page.html").code == 1
    assert nnc("compare", *pair, "--html", "page.html", "-f").code == 0


def test_a_page_on_standard_output_moves_the_figures_to_standard_error(nnc: Nnc, pair: tuple[str, str]) -> None:
    assert nnc("compare", *pair, "--html", "-", "--json").code == 2
    assert nnc("compare", *pair, "--html", "-", "--heatmap", "-").code == 2


def test_turned_pictures_are_compared_as_stored_and_shown_upright(nnc: Nnc, here: Path) -> None:
    still = pictures.photograph(30, 50)
    Path("a.png").write_bytes(pictures.file_of(still, "PNG", exif=b"Exif\0\0" + pictures.exif(6)))
    Path("b.png").write_bytes(pictures.file_of(still, "PNG"))
    assert nnc("compare", "a.png", "b.png", "--html", "page.html").code == 0
    found = data_in(Path("page.html").read_text("utf-8"))
    assert isinstance(found, dict)
    assert (found["width"], found["height"]) == (30, 50)
    with PIL.Image.open("b.png") as b:
        assert b.size == (50, 30)
