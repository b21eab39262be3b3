"""``--perceptual`` and ``--scale``: invented detail on the command line, and what is said of it."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from nncodec.pipeline import inspect
from tests import pictures
from tests.conftest import Ran

Nnc = Callable[..., Ran]

INVENTED = "invents detail: faces, text and textures may differ from what was there"
ENLARGED = "the picture was enlarged 2 times: its finest detail is invented"


def opened(path: str) -> np.ndarray:
    with PIL.Image.open(path) as picture:
        return np.asarray(picture)


@pytest.fixture
def painted(nnc: Nnc, photo: Path) -> Path:
    """``photo.nnc``, by superres at two thirds of its strength."""
    ran = nnc("encode", photo, "-c", "superres:webp", "-q", 30, "--perceptual", 0.66)
    assert ran.code == 0
    assert f"note: photo.png: superres:webp {INVENTED}" in ran.err
    return Path("photo.nnc")


def test_a_picture_there_and_back(nnc: Nnc, here: Path) -> None:
    alpha = np.dstack([pictures.photograph(75, 101), pictures.transparency(75, 101)])
    PIL.Image.fromarray(alpha).save("a.png")
    assert nnc("encode", "a.png", "-c", "superres:jpeg", "-q", "30").code == 0
    assert nnc("test", "a.nnc").code == 0
    assert nnc("decode", "a.nnc", "-o", "b.png").code == 0
    assert opened("b.png").shape == (75, 101, 4)
    assert np.array_equal(opened("b.png")[:, :, 3], alpha[:, :, 3])


def test_decoding_says_that_detail_is_invented(nnc: Nnc, painted: Path) -> None:
    ran = nnc("decode", painted, "-o", "a.png")
    assert ran.code == 0
    assert f"note: photo.nnc: superres {INVENTED}" in ran.err
    record = json.loads(nnc("decode", painted, "-f", "-o", "a.png", "--json").out)
    assert record["notes"] == [f"superres {INVENTED}"]


def test_the_strength_may_be_said_at_decoding(nnc: Nnc, painted: Path) -> None:
    for name, arguments in (("file", ()), ("same", ("--perceptual", 10 / 15)), ("none", ("--perceptual", 0))):
        assert nnc("decode", painted, "-o", f"{name}.png", *arguments).code == 0
    assert np.array_equal(opened("file.png"), opened("same.png"))
    assert opened("none.png").shape == opened("file.png").shape


def test_info_tells_it(nnc: Nnc, painted: Path) -> None:
    said = nnc("info", painted).out
    assert "superres on webp at 1/2" in said
    assert said.splitlines()[-1] == (
        "  detail is invented, at strength 0.67: what the picture shows may not have been there"
    )
    assert json.loads(nnc("info", "--json", painted).out)["perceptual"] == pytest.approx(10 / 15)
    assert nnc("encode", "photo.png", "-c", "webp", "-f").code == 0
    assert "invented" not in nnc("info", painted).out
    assert json.loads(nnc("info", "--json", painted).out)["perceptual"] is None


def test_a_picture_of_twice_the_size(nnc: Nnc, photo: Path) -> None:
    assert nnc("encode", photo, "-c", "webp").code == 0
    ran = nnc("decode", "photo.nnc", "--scale", 2, "-o", "large.png")
    assert (ran.code, opened("large.png").shape) == (0, (48, 66, 3))
    assert f"note: photo.nnc: {ENLARGED}" in ran.err
    assert "66 x 48" in ran.err
    assert nnc("decode", "photo.nnc", "--scale", 2, "--perceptual", 0, "-o", "exact.png").code == 0
    assert nnc("decode", "photo.nnc", "--scale", 1, "-o", "same.png").code == 0
    assert opened("same.png").shape == (24, 33, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--scale", 2, "--max-side", 9), "either shrunk by --max-side or enlarged by --scale"),
        (("--scale", 2, "--original"), "nothing is painted into it"),
        (("--perceptual", 0.5, "--original"), "nothing is painted into it"),
        (("--scale", 3), "'3' is not one of '1', '2'"),
        (("--perceptual", 1.5), "not in the range 0<=x<=1"),
        (("--perceptual", "high"), "not a valid float"),
    ],
)
def test_wrong_usage_is_told(nnc: Nnc, painted: Path, arguments: tuple[object, ...], message: str) -> None:
    ran = nnc("decode", painted, "-o", "x.png", *arguments)
    assert ran.code == 2
    assert message in ran.err
    assert not Path("x.png").exists()


@pytest.mark.parametrize("verb", ["encode", "decode"])
def test_codecs_that_do_not_paint_are_named(nnc: Nnc, photo: Path, verb: str) -> None:
    assert nnc("encode", photo, "-c", "webp").code == 0
    arguments = ("encode", photo, "-c", "webp", "-f") if verb == "encode" else ("decode", "photo.nnc", "-o", "x.png")
    ran = nnc(*arguments, "--perceptual", 0.5)
    assert ran.code == 1
    assert "webp invents no detail, strong or weak" in ran.err
    assert "Traceback" not in ran.err


def test_limits_hold_for_the_large_picture(nnc: Nnc, photo: Path) -> None:
    assert nnc("encode", photo, "-c", "webp").code == 0
    assert nnc("decode", "photo.nnc", "--scale", 2, "--max-pixels", 24 * 33, "-o", "x.png").code == 5
    assert nnc("decode", "photo.nnc", "--max-pixels", 24 * 33, "-o", "x.png").code == 0


def test_a_photograph_is_not_painted_unless_it_is_asked_for(nnc: Nnc, photo: Path) -> None:
    for arguments in ((), ("-c", "auto"), ("--bpp", 2), ("-q", 1)):
        assert nnc("encode", photo, "-f", *arguments).code == 0
        assert inspect(Path("photo.nnc").read_bytes()).perceptual is None
