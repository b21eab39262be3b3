"""Light weights: never the default, named by the file, and an error where there are none to use."""

from pathlib import Path

import numpy as np
import pytest

import nncodec
from nncodec.codecs import by_name
from nncodec.container import Kind, parse
from nncodec.errors import EncodeError
from nncodec.names import LIGHT_WEIGHTS
from nncodec.nets import weights
from nncodec.nets.quantised import restored
from nncodec.nets.resnet import Shape
from nncodec.pipeline.encoding import Settings
from tests import pictures

SCENE = np.rint(128 + 90 * np.sin(np.add.outer(np.arange(256) / 9, np.arange(256) / 17))).astype(np.uint8)
LIGHT = weights.newest_light("luma")


def model_of(data: bytes) -> int:
    return parse(data).all(Kind.RESTORER)[0][5]


def test_light_numbers_are_the_last_eight_of_their_family() -> None:
    for numbers in weights.NUMBERS.values():
        light = [number for number in numbers if number in LIGHT_WEIGHTS]
        assert light in ([], list(numbers)[-8:])
        assert len(light) < len(numbers)


def test_the_newest_are_never_light_ones() -> None:
    for name in weights.NUMBERS:
        assert weights.newest(name) not in LIGHT_WEIGHTS
    assert LIGHT in LIGHT_WEIGHTS
    assert weights.newest_light("learned") is None


def test_a_light_network_takes_a_fifth_of_the_multiplications() -> None:
    whole, light = (weights.load(number, "luma") for number in (weights.newest("luma"), LIGHT))
    assert light["codecs"].tolist() == whole["codecs"].tolist()[: light["codecs"].size]
    count = [sum(kernel.size for kernel in arrays.values() if kernel.ndim == 4) for arrays in (whole, light)]
    assert count[1] < count[0] / 4
    assert Shape.of(restored(dict(light), "net")).out == Shape.of(restored(dict(whole), "net")).out


def test_a_file_names_light_weights_and_is_told_apart() -> None:
    usual, light = (nncodec.encode(SCENE, codec="jpeg", quality=30, light=light) for light in (False, True))
    assert (model_of(usual), model_of(light)) == (weights.newest("luma"), LIGHT)
    assert nncodec.inspect(usual).light == ()
    assert nncodec.inspect(light).light == ("luma",)
    assert nncodec.inspect(light).restorers == ("luma",)
    plain = nncodec.decode(light, restore=False).pixels.astype(int)
    errors = [np.square(seen - SCENE.astype(int)).mean() for seen in (plain, nncodec.decode(light).pixels)]
    assert errors[1] < errors[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"restore": "none"}, "nothing that has light weights"),
        ({"codec": "webp", "effort": 2}, "nothing that has light weights"),
        ({"restore": "tuned"}, "nothing that has light weights"),
    ],
    ids=str,
)
def test_nothing_to_be_light_is_an_error_that_says_what_has_some(options: dict[str, object], message: str) -> None:
    with pytest.raises(EncodeError, match=message) as refused:
        nncodec.encode(SCENE, light=True, **options)  # type: ignore[arg-type]
    assert refused.value.hint == "luma has some"


def test_own_weights_come_before_light_ones() -> None:
    own = Path(str(weights.folder())) / weights.manifest()[weights.newest("luma")].file
    with pytest.raises(EncodeError, match="nothing that has light weights"):
        Settings("jpeg", weights=(own,), light=True).check_weights()


def test_a_drawing_is_coded_without_loss_all_the_same() -> None:
    drawing = np.kron(np.random.default_rng(0).integers(0, 2, (8, 8)), np.full((16, 16), 255)).astype(np.uint8)
    info = nncodec.inspect(nncodec.encode(drawing, light=True))
    assert (info.light, info.codec in ("webp", "jpeg2000")) == ((), True)


def test_a_payload_of_a_codec_without_weights_is_never_light() -> None:
    """WebP's begin with R, 82; no byte of theirs is a number of weights."""
    data = nncodec.encode(pictures.photograph(16, 16), codec="jpeg", restore="none")
    assert by_name("jpeg").id == parse(data).header.codec
    assert nncodec.inspect(data).light == ()
