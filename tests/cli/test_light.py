"""``nnc encode --light``: told by ``nnc info``, and an error where nothing light is used."""

import json
from collections.abc import Callable
from pathlib import Path

import PIL.Image

from tests.conftest import Ran
from tests.pipeline.test_light import SCENE

Nnc = Callable[..., Ran]


def test_info_tells_light_networks_from_others(nnc: Nnc, here: Path) -> None:
    PIL.Image.fromarray(SCENE).save("scene.png")
    assert nnc("encode", "scene.png", "-c", "jpeg", "--codec-quality", "30", "--light").code == 0
    assert "  restorer luma, light" in nnc("info", "scene.nnc").out
    assert json.loads(nnc("info", "scene.nnc", "--json").out)["light"] == ["luma"]
    assert nnc("encode", "-f", "scene.png", "-c", "jpeg", "--codec-quality", "30").code == 0
    assert "light" not in nnc("info", "scene.nnc").out
    assert json.loads(nnc("info", "scene.nnc", "--json").out)["light"] == []


def test_nothing_light_to_use_is_an_error_before_any_work(nnc: Nnc, photo: Path) -> None:
    ran = nnc("encode", photo, "--light", "--restore", "none")
    assert ran.code == 1
    assert "error: nothing that has light weights is used" in ran.err
    assert "hint: luma has some" in ran.err
    assert not Path("photo.nnc").exists()
