"""The restorer `tuned`: its parameters in the file, what it gains, and what it refuses."""

import functools
import json
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner

from nncodec.cli.verbs import train
from nncodec.codec import Options
from nncodec.codecs import by_name
from nncodec.container import Container, Kind, Section, parse, serialize
from nncodec.errors import CorruptFile, EncodeError, NncError
from nncodec.image import Picture
from nncodec.nets import weights
from nncodec.pipeline import Settings, Target, decode, encode
from nncodec.restorers import Task, make_section, tuned
from nncodec.restorers.tuned import RESTORER, recipe
from nncodec.training import data
from tests import own, pictures

ROOT = Path(__file__).parents[3]
PHOTO = pictures.photograph(96, 128)
MODEL = weights.newest("tuned")


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough to see a fit at work."""
    monkeypatch.setattr("nncodec.restorers.tuned._STAGES", (10, 20, 20, 0, 0, 0))


@functools.cache
def seen(codec: str = "jpeg", quality: float = 10) -> np.ndarray:  # type: ignore[type-arg]
    """The photograph as a codec returns it."""
    return decode(encode(Picture(PHOTO), Settings(codec, Options(quality), restore="none")).data).picture.pixels


@functools.cache
def fitted(effort: int, n_bytes: int = 10**6) -> bytes:
    """Parameters for it, in a file so large that bytes hardly count."""
    found = RESTORER.fit(Task(seen(), PHOTO, by_name("jpeg").id, n_bytes, effort))
    assert found is not None
    return found


def mse(a: np.ndarray, b: np.ndarray) -> float:  # type: ignore[type-arg]
    """Mean squared error."""
    return float(np.square(a.astype(float) - b).mean())


def test_a_shared_start_alone_brings_jpeg_closer_to_the_original() -> None:
    parameters = fitted(1)
    assert len(parameters) == 2
    assert mse(RESTORER.apply(seen(), parameters, "cpu"), PHOTO) < 0.95 * mse(seen(), PHOTO)


def test_fitting_to_the_picture_gains_more_than_the_start() -> None:
    start, fit = (mse(RESTORER.apply(seen(), fitted(effort), "cpu"), PHOTO) for effort in (1, 6))
    assert fit < start


def test_more_effort_never_gives_a_worse_trade() -> None:
    """What an effort tries, the higher ones try too; one region is all of this picture."""

    def cost(effort: int) -> float:
        task = Task(seen(), PHOTO, by_name("jpeg").id, 4000, effort)
        parameters = RESTORER.fit(task)
        assert parameters is not None
        gray = [
            picture.astype(float) @ [0.299, 0.587, 0.114]
            for picture in (RESTORER.apply(seen(), parameters, "cpu"), PHOTO)
        ]
        before = mse(seen().astype(float) @ [0.299, 0.587, 0.114], gray[1])
        return mse(*gray) / before + task.price(len(parameters))

    costs = [cost(effort) for effort in (1, 5, 6)]
    assert costs[1] < costs[0]
    assert costs[2] < costs[1] + 1e-3  # quantised to 8 bits


def test_bytes_count_in_a_small_file() -> None:
    assert len(fitted(6, n_bytes=10**6)) > 40
    assert len(fitted(6, n_bytes=100)) == 2


def test_a_file_with_it_is_better_and_says_how_many_bytes_it_took() -> None:
    plain, restored = (encode(Picture(PHOTO), Settings("jpeg", Options(10), restore=r)) for r in ("none", "tuned"))
    assert restored.psnr > plain.psnr
    container = parse(restored.data)
    assert container.payload == parse(plain.data).payload
    assert len(restored.data) == len(plain.data) + len(container.all(Kind.RESTORER)[0]) + 6
    assert mse(decode(restored.data).picture.pixels, PHOTO) < mse(decode(plain.data).picture.pixels, PHOTO)


@pytest.mark.parametrize("codec", ["jpeg", "jpeg2000", "webp", "avif"])
@pytest.mark.parametrize("quality", [0, 40, 90])
@pytest.mark.parametrize("picture", [pictures.noise(24, 31), PHOTO[:40, :40], PHOTO[:40, :40, 0], PHOTO[:1, :1]])
def test_asking_for_it_never_makes_a_picture_worse(codec: str, quality: float, picture: np.ndarray) -> None:  # type: ignore[type-arg]
    plain, asked = (encode(Picture(picture), Settings(codec, Options(quality, 3), restore=r)) for r in ("none", "auto"))
    assert asked.psnr >= plain.psnr
    assert asked.data == plain.data or asked.psnr > plain.psnr


def test_lossless_and_deep_pictures_are_left_alone() -> None:
    deep = (PHOTO[:, :, 0].astype(np.uint16) << 8) + 7
    for picture, settings in (
        (PHOTO, Settings("webp", Options(100))),
        (deep, Settings("jpeg2000", Options(30))),
    ):
        assert not parse(encode(Picture(picture), settings).data).all(Kind.RESTORER)


def test_targets_hold_with_a_restorer() -> None:
    for target in (Target(size=2000), Target(psnr=30.0)):
        found = encode(Picture(PHOTO), Settings("jpeg", target=target))
        assert target.size is None or len(found.data) <= target.size
        assert target.psnr is None or found.psnr >= target.psnr


def test_an_unknown_restorer_is_refused_before_any_work() -> None:
    with pytest.raises(EncodeError, match="no restorer is called 'magic'"):
        encode(Picture(PHOTO), Settings("jpeg", restore="magic"))


def test_strips_and_their_order_do_not_show() -> None:
    """A picture of several strips, and its rows beyond the first strip on their own."""
    picture, parameters = np.tile(seen(), (3, 5, 1)), fitted(1)
    whole = RESTORER.apply(picture, parameters, "cpu")
    lower = RESTORER.apply(picture[128:], parameters, "cpu")
    assert np.abs(whole[128 + 5 :].astype(int) - lower[5:]).max() <= 1


@pytest.mark.parametrize(
    ("added", "expected"), [(300, 255), (-300, 0), (2.6, 103), (-2.6, 97), (40_000, 255), (-40_000, 0)]
)
@pytest.mark.parametrize("shape", [(70, 9), (70, 9, 3)], ids=["gray", "colour"])
def test_samples_are_rounded_and_limited_to_8_bits(
    added: float, expected: int, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even for corrections beyond 16 bits, which damaged weights can give."""
    monkeypatch.setattr(tuned, "correction", lambda _, x: np.full([side - 10 for side in x.shape], added, np.float32))
    corrected = RESTORER.apply(np.full(shape, 100, np.uint8), bytes([MODEL, 0]), "cpu")
    assert corrected.dtype == np.uint8
    assert (corrected == expected).all()


def test_damaged_parameters_give_a_picture_or_our_error_and_nothing_else() -> None:
    """The container's checksum catches accidents; this is for those who repair it."""
    good, rng = fitted(6), np.random.default_rng(5)
    for _ in range(30):
        bad = bytearray(good)
        bad[rng.integers(1, len(bad))] ^= 1 << rng.integers(8)
        try:
            assert RESTORER.apply(seen(), bytes(bad), "cpu").shape == PHOTO.shape
        except NncError:
            continue


def test_it_is_refused_on_deep_samples() -> None:
    container = parse(encode(Picture(np.zeros((8, 8), np.uint16)), Settings("jpeg2000", Options(100))).data)
    section = Section(Kind.RESTORER, make_section(RESTORER.id, container.binding(), bytes([MODEL, 0])))
    with pytest.raises(CorruptFile, match="8 bits"):
        decode(serialize(Container(container.header, (*container.sections, section))))


def test_every_start_that_ships_is_in_the_log() -> None:
    """The table that docs/training.md quotes has a row for each, of the codec that it is for."""
    lines = (ROOT / "results" / "training" / "tuned-starts.tsv").read_text(encoding="utf-8").splitlines()
    logged = [line.split("\t")[0] for line in lines[2:]]
    shipped = weights.load(MODEL, "tuned")
    assert [by_name(codec).id for codec in logged] == shipped["codecs"].tolist()
    assert len(shipped["starts"]) == len(logged)


def test_command_trains_starts_and_keeps_finished_ones(tmp_path, monkeypatch):
    for number in range(4):
        PIL.Image.fromarray(pictures.photograph(192, 200, seed=number)).save(tmp_path / f"{number}.png")
    monkeypatch.setattr(data, "VALIDATION_PICTURES", 2)
    for name, value in {"STARTS": recipe.STARTS[:2], "_N_TRAINING": 2, "_N_VALIDATION": 1}.items():
        monkeypatch.setattr(recipe, name, value)
    output = tmp_path / "runs" / "x"
    for _ in range(2):
        arguments = ["tuned", "--data", str(tmp_path), "--minutes", "0.01", "-o", str(output)]
        assert CliRunner().invoke(train.command, arguments, catch_exceptions=False).exit_code == 0
    lines = [json.loads(line) for line in (output / "log.jsonl").read_text().splitlines()]
    assert [(line["codec"], line["quality"]) for line in lines] == [("jpeg", 5), ("jpeg", 10)]
    arrays = weights.read((output / "tuned.npz").read_bytes())
    assert arrays.keys() == weights.load(MODEL, "tuned").keys()
    assert arrays["starts"].shape == (2, 378)
    assert np.ptp(arrays["starts"]) > 0
    own.check_restorer(output / "tuned.npz", "tuned")


def test_coding_regions_for_a_start_ends_when_it_is_late(tmp_path, monkeypatch):
    PIL.Image.fromarray(pictures.photograph(200, 210)).save(tmp_path / "a.png")
    found = data.load_pictures([tmp_path / "a.png"], tmp_path / "cache")
    times = iter([1.0, 2.0, 3.0, 4.0])
    monkeypatch.setattr(recipe.time, "monotonic", lambda: next(times))
    regions = recipe.make_regions(found, by_name("jpeg"), 20, 100, np.random.default_rng(0), latest=2.5)
    assert len(regions.original) == 3
