"""The generators in NumPy: strengths, tiles, noise. Against PyTorch: test_painting_torch.py."""

import numpy as np
import pytest

from nncodec.image.scaling import downscale, halved, upscale
from nncodec.nets import weights
from nncodec.nets.quantised import restored
from nncodec.painting import networks
from nncodec.painting.networks import PLAIN, Painter
from tests import pictures

SEEDS = {"superres": None, "generative": 0xBEEF}


@pytest.fixture(scope="module", params=SEEDS)
def family(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def arrays(family: str) -> weights.Arrays:
    """Those that ship, but the painting network paints anything, and hears noise where there is some."""
    found = dict(weights.load(weights.newest(family), family))
    rng = np.random.default_rng(0)
    for name in sorted(found):
        if name.startswith("painted.") and found[name].ndim == 4:
            found[name] = found[name] + rng.integers(-6, 7, found[name].shape).astype(np.int16)
    return found


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("shape", [(200, 330, 3), (61, 75), (1, 1, 3), (1, 1), (3, 300, 3)], ids=str)
def test_tiles_do_not_show(
    family: str, arrays: weights.Arrays, times: int, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    painter, seed = Painter(arrays), SEEDS[family]
    pixels = pictures.photograph(*shape[:2], 3 if len(shape) == 3 else 1)
    small = downscale(pixels, times)
    condition = painter.families[0], 13, 15
    monkeypatch.setattr(networks, "equal_tiles", lambda *_: (1024, 1024))
    whole = painter.paint(small, *shape[:2], *condition, seed, times)
    assert small.shape == (halved(shape[0], times), halved(shape[1], times), *shape[2:])
    assert whole.shape == shape
    assert (whole != upscale(small, *shape[:2], times)).any() or shape[:2] == (1, 1)
    monkeypatch.setattr(networks, "equal_tiles", lambda *_: (32, 48))
    tiled = painter.paint(small, *shape[:2], *condition, seed, times)
    assert np.abs(tiled.astype(int) - whole).max() <= (
        1 if times == 1 else 4
    )  # roundings of the first time are seen again
    assert (tiled != whole).mean() < (0.01 if times == 1 else 0.05)


def test_a_quarter_is_painted_twice_unless_it_has_networks_of_its_own(arrays: weights.Arrays, family: str) -> None:
    painter, pixels = Painter(arrays), pictures.photograph(61, 75)
    small, rest = downscale(pixels, 2), (painter.families[0], 9, 12, SEEDS[family])
    half = painter.paint(small, 31, 38, *rest)
    twice = painter.paint(half, 61, 75, *rest)
    assert np.array_equal(painter.paint(small, 61, 75, *rest, 2), twice)
    own = {}
    for name, array in arrays.items():  # a network that makes each sample of the one for half four times
        part, _, rest_of = name.partition(".")
        squares = np.arange(12).reshape(3, 2, 2).repeat(2, 1).repeat(2, 2).ravel()
        if rest_of:
            finer = array[:, :, squares] if rest_of == "gain.values" else array
            own[f"{part}4.{rest_of}"] = finer[squares] if rest_of.startswith("leave.") else finer
    found = Painter(arrays | own).paint(small, 61, 75, *rest, 2)
    assert found.shape == (61, 75, 3)
    assert (found != twice).any()


def alone(arrays: weights.Arrays, share: float) -> Painter:
    """A painter both of whose networks are one, whose parameters are interpolated by hand in float64."""
    ends = {part: restored(dict(arrays), part) for part in ("exact", "painted")}
    mixed = {
        name: (1 - share) * value.astype(float) + share * ends["painted"][name] for name, value in ends["exact"].items()
    }
    both = {f"{part}.{name}": value.astype(np.float32) for part in ends for name, value in mixed.items()}
    return Painter(both | {name: value for name, value in arrays.items() if "." not in name})


@pytest.mark.parametrize("strength", [0, 6, 15])
def test_a_strength_is_the_network_between_both(family: str, arrays: weights.Arrays, strength: int) -> None:
    small = downscale(pictures.photograph(60, 74), 1)
    rest = (60, 74, Painter(arrays).families[0], 9)
    found = Painter(arrays).paint(small, *rest, strength, SEEDS[family]).astype(int)
    wanted = alone(arrays, strength / 15).paint(small, *rest, 7, SEEDS[family])
    assert np.abs(found - wanted).max() <= 1
    assert (found != wanted).mean() < 0.01


def test_more_strength_goes_farther_from_the_exact_network(family: str, arrays: weights.Arrays) -> None:
    small, painter = downscale(pictures.photograph(60, 74), 1), Painter(arrays)
    steps = [
        painter.paint(small, 60, 74, painter.families[0], 9, s, SEEDS[family]).astype(float) for s in (0, 5, 10, 15)
    ]
    moved = [np.square(step - steps[0]).mean() for step in steps]
    assert moved == sorted(moved)
    assert moved[-1] > 0.01


def test_the_seed_changes_the_picture_of_networks_with_noise_alone(family: str, arrays: weights.Arrays) -> None:
    painter, small = Painter(arrays), downscale(pictures.photograph(60, 74), 1)
    seeds = (1, 1, 2) if family == "generative" else (None, None, None)
    one, same, other = (painter.paint(small, 60, 74, painter.families[0], 9, 15, seed) for seed in seeds)
    assert np.array_equal(one, same)
    assert np.array_equal(one, other) == (family == "superres")


@pytest.mark.parametrize("shape", [(1, 1), (2, 2, 3), (9, 7)], ids=str)
def test_a_network_that_adds_nothing_leaves_the_up_scaled_picture(shape: tuple[int, ...]) -> None:
    arrays = dict(weights.load(weights.newest("superres"), "superres"))
    for part in ("exact", "painted"):
        for name in ("leave.weight", "leave.bias"):
            arrays[f"{part}.{name}"] = np.zeros_like(arrays[f"{part}.{name}"])
    small = pictures.noise(*shape[:2], 3 if len(shape) == 3 else 1)
    found = Painter(arrays).paint(small, 2 * shape[0], 2 * shape[1], PLAIN, 40, 15)
    assert np.array_equal(found, upscale(small, 2 * shape[0], 2 * shape[1], 1))
