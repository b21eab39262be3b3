"""The pages in a real browser: files dropped, pixels compared, the slider dragged. Skipped without Chromium."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest

from nncodec.image import Picture, upright
from nncodec.image.heatmap import render
from nncodec.pages.comparing import Side, comparison_page
from nncodec.pages.viewing import view_page, viewed
from nncodec.pipeline import decode
from tests.pages.browser import CHROMIUM, Page, browser

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
SHOWN = """(() => {
    const picture = document.querySelector("#stage .sheet").firstElementChild;
    const canvas = document.createElement("canvas");
    canvas.width = picture.naturalWidth || picture.width;
    canvas.height = picture.naturalHeight || picture.height;
    const context = canvas.getContext("2d");
    context.drawImage(picture, 0, 0);
    return [canvas.height, canvas.width, ...context.getImageData(0, 0, canvas.width, canvas.height).data];
})()"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A page in a browser that all tests share."""
    with browser() as found:
        yield found


@pytest.fixture
def empty(page: Page, tmp_path: Path) -> Page:
    """The page without files."""
    file = tmp_path / "view.html"
    file.write_bytes(view_page([]))
    page.open(file, "!document.getElementById('empty').hidden && entries.length === 0")
    return page


def shown(page: Page) -> npt.NDArray[np.uint8]:
    """The picture on the stage, (H, W, 4)."""
    height, width, *samples = page.evaluate(SHOWN)
    return np.array(samples, np.uint8).reshape(height, width, 4)


def expected(data: bytes, **options: Any) -> npt.NDArray[np.uint8]:
    """What Python decodes of a file, upright, (H, W, 4)."""
    picture = upright(decode(data, **options).picture)
    colour = picture.pixels if picture.channels == 3 else np.repeat(picture.pixels[:, :, np.newaxis], 3, axis=2)
    alpha = np.full(colour.shape[:2], 255, np.uint8) if picture.alpha is None else picture.alpha
    return np.dstack([colour, alpha]).astype(np.uint8)


def difference(a: npt.NDArray[np.uint8], b: npt.NDArray[np.uint8]) -> int:
    """The largest difference of samples, colours of transparent pixels apart, which a canvas does not keep exactly."""
    assert a.shape == b.shape
    opaque = np.where(a[..., 3:] == 255, a[..., :3].astype(int) - b[..., :3], 0)
    return max(int(abs(opaque).max()), int(abs(a[..., 3].astype(int) - b[..., 3]).max()))


# (name, options of decode, largest difference): lossless pictures to the bit, others as libraries round
DRAWN = [
    ("webp/rgb-100", {}, 0),
    ("webp/rgba-100", {}, 0),
    ("webp/l-60", {}, 3),
    ("webp/rgb-60", {}, 3),
    ("avif/rgb-100", {}, 0),
    ("avif/rgba-100", {}, 0),
    ("avif/l-100", {}, 0),
    ("avif/rgb-60", {}, 3),
    ("avif/v1/rgb-60", {}, 3),
    ("avif/v1/rgb-100", {}, 0),
    ("jpeg/rgb-95", {}, 3),
    ("jpeg/la-95", {}, 3),
    ("jpegfile/kept-jpeg", {}, 3),
    ("container/metadata", {}, 0),
    ("container/constant-alpha", {}, 3),
    ("layered/jpeg-rgb-85", {"layers": 1}, 3),
    ("layered/rgb-100", {"layers": 1}, 0),
    ("restorers/luma/model52-webp-rgb", {"restore": False}, 3),
]


@pytest.mark.parametrize(("name", "options", "most"), DRAWN, ids=[name for name, *_ in DRAWN])
def test_what_is_dropped_is_drawn_as_python_decodes_it(
    empty: Page, name: str, options: dict[str, Any], most: int
) -> None:
    path = GOLDEN / f"{name}.nnc"
    empty.drop(path)
    empty.wait("current && current.view && !document.getElementById('stage').hidden")
    assert difference(shown(empty), expected(path.read_bytes(), **options)) <= most
    assert empty.evaluate("document.getElementById('name').textContent") == path.name


@pytest.mark.parametrize("name", ["learned/model10-gray-60-70x40", "jpeg2000/rgb-60", "recurrent/model97-rgb-50-1x1"])
def test_what_a_browser_cannot_decode_is_said(empty: Page, name: str) -> None:
    empty.drop(GOLDEN / f"{name}.nnc")
    empty.wait("current && current.problem")
    text = empty.evaluate("document.getElementById('refusal').innerText")
    assert f"No browser decodes {name.split('/')[0]}" in text
    assert "nnc view" in text
    assert empty.evaluate("document.getElementById('stage').hidden") is True
    assert empty.evaluate("document.getElementById('facts').innerText.includes('Bits per pixel')") is True


def test_a_base_without_its_restorers_is_called_so(empty: Page) -> None:
    empty.drop(GOLDEN / "restorers" / "luma" / "model52-webp-rgb.nnc")
    empty.wait("current && current.view")
    assert "without luma" in empty.evaluate("document.getElementById('what').textContent")
    assert "without the networks" in empty.evaluate("document.getElementById('notes').textContent")


@pytest.mark.parametrize("codec", ["superres", "generative"])
def test_invented_detail_is_noted(empty: Page, codec: str) -> None:
    empty.drop(next(path for path in sorted((GOLDEN / codec).glob("*.nnc")) if "131x97" in path.name))
    empty.wait("current && (current.view || current.problem)")
    assert "invented" in empty.evaluate("document.getElementById('notes').textContent")
    if codec == "superres":
        assert "paints it large" in empty.evaluate("document.getElementById('what').textContent")


@pytest.mark.parametrize("at", [0, 5, 20, 200, -1])
def test_a_damaged_file_is_refused_and_shows_nothing(empty: Page, tmp_path: Path, at: int) -> None:
    data = bytearray((GOLDEN / "jpeg" / "rgb-60.nnc").read_bytes())
    data[at] ^= 1
    (tmp_path / "bad.nnc").write_bytes(data)
    empty.drop(tmp_path / "bad.nnc")
    empty.wait("current && current.problem")
    assert "Refused" in empty.evaluate("document.getElementById('refusal').innerText")
    assert empty.evaluate("document.querySelectorAll('#stage .sheet > *').length") == 0


def test_several_files_are_listed_and_chosen(empty: Page) -> None:
    empty.drop(GOLDEN / "webp" / "rgb-60.nnc", GOLDEN / "avif" / "31x17.nnc")
    empty.wait("document.querySelectorAll('#strip button').length === 2 && current === entries[1]")
    empty.evaluate("document.querySelector('#strip button').click()")
    assert empty.evaluate("document.getElementById('name').textContent") == "rgb-60.nnc"
    assert difference(shown(empty), expected((GOLDEN / "webp" / "rgb-60.nnc").read_bytes())) <= 3


def test_a_page_with_files_shows_what_nnc_decoded_and_the_base_on_demand(page: Page, tmp_path: Path) -> None:
    names = ("learned/model10-rgb-20-130x96", "restorers/luma/model52-webp-rgb")
    files = [(GOLDEN / f"{name}.nnc").read_bytes() for name in names]
    (tmp_path / "view.html").write_bytes(view_page([viewed("one.nnc", files[0]), viewed("two.nnc", files[1])]))
    page.open(
        tmp_path / "view.html", "document.querySelectorAll('#strip button').length === 2 && current === entries[0]"
    )
    assert difference(shown(page), expected(files[0])) == 0
    page.evaluate("document.querySelectorAll('#strip button')[1].click()")
    assert difference(shown(page), expected(files[1])) == 0
    page.evaluate("document.querySelectorAll('#views button')[1].click()")
    assert difference(shown(page), expected(files[1], restore=False)) <= 3


# --- nnc compare --html ---------------------------------------------------------------------------------------------


@pytest.fixture
def compared(page: Page, tmp_path: Path) -> Page:
    """Red against blue."""
    red, blue = (
        np.zeros((300, 400, 3), np.uint8) + np.array(colour, np.uint8) for colour in ((200, 0, 0), (0, 0, 200))
    )
    sides = [Side(name, Picture(pixels), 1000) for name, pixels in (("red", red), ("blue", blue))]
    (tmp_path / "compare.html").write_bytes(comparison_page(*sides, (red, blue), [("PSNR", "5.00 dB")]))
    page.open(tmp_path / "compare.html", "Object.values(images).every((image) => image.naturalWidth === 400)")
    return page


def seen(page: Page) -> npt.NDArray[np.uint8]:
    """The window as it looks, (H, W, 3)."""
    return np.asarray(PIL.Image.open(io.BytesIO(page.screenshot())).convert("RGB"))


def middle(page: Page) -> tuple[float, float]:
    """The middle of the slider."""
    box = page.evaluate(
        "(({ left, width, top, height }) => [left + width / 2, top + height / 2])(slider.getBoundingClientRect())"
    )
    return box[0], box[1]


def test_the_slider_divides_the_two_where_it_is_dragged_to(compared: Page) -> None:
    x, y = middle(compared)
    row = int(y) + 60  # below the handle
    for target in (x - 150, x + 120):
        compared.drag(middle(compared), (target, y))
        window = seen(compared)
        at = int(target)
        assert window[row, at - 10].tolist() == [200, 0, 0]
        assert window[row, at + 10].tolist() == [0, 0, 200]


def test_the_line_stays_where_it_is_when_the_pictures_are_magnified(compared: Page) -> None:
    x, y = middle(compared)
    compared.evaluate("document.querySelector('[data-zoom=in]').click()")
    window = seen(compared)
    assert middle(compared) == (x, y)
    assert window[int(y) + 60, int(x) - 10].tolist() == [200, 0, 0]
    assert window[int(y) + 60, int(x) + 10].tolist() == [0, 0, 200]


@pytest.mark.parametrize(("mode", "colour"), [("a", [200, 0, 0]), ("b", [0, 0, 200]), ("difference", None)])
def test_one_of_them_or_the_difference_alone_can_be_shown(compared: Page, mode: str, colour: list[int] | None) -> None:
    if colour is None:
        pixel = np.array([[[200, 0, 0]]], np.uint8), np.array([[[0, 0, 200]]], np.uint8)
        colour = render(*pixel)[0, 0].tolist()
    compared.evaluate(f"document.querySelector('[data-mode={mode}]').click()")
    window = seen(compared)
    for x in (300, 600):
        assert window[500, x].tolist() == colour


def test_the_keys_move_the_line(compared: Page) -> None:
    compared.evaluate("slider.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft', shiftKey: true }))")
    assert compared.evaluate("slider.ariaValueNow") == "40"
