"""The one search behind --bpp, --target-size, --target-psnr and --target-ssim."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nncodec.codec import Options
from nncodec.codecs import by_name
from nncodec.errors import EncodeError
from nncodec.image.metrics import psnr, ssim
from nncodec.pipeline import Settings, Target, decode, encode, inspect
from nncodec.pipeline.targets import Attempt, search
from tests import pictures

STEPS = [0.1, 0.5, 1.0, 2.0, 5.0, 100.0]


def grid(step: float) -> int:
    """Index of the highest quality."""
    return round(100 / step)


@st.composite
def monotone_codecs(draw: st.DrawFn) -> tuple[float, list[Attempt]]:
    """A step, and for each quality on its grid a file: sizes and fidelity never fall, and may stand still."""
    step = draw(st.sampled_from(STEPS))
    rises = st.lists(st.integers(0, 5), min_size=grid(step) + 1, max_size=grid(step) + 1)
    files, size, score = [], 10, 20.0
    for index, (more, better) in enumerate(zip(draw(rises), draw(rises), strict=True)):
        size, score = size + more, score + better / 7
        files.append(Attempt(index * step, bytes(size), score))
    if draw(st.booleans()):
        files[-1] = Attempt(100.0, files[-1].data, math.inf)
    return step, files


def run(target: Target, step: float, files: list[Attempt]) -> tuple[Attempt, int]:
    """Search among ready-made files, and check what is asked of them."""
    asked = []

    def attempt(quality: float) -> Attempt:
        assert 0 <= quality <= 100
        asked.append(round(quality / step))
        return files[asked[-1]]

    found, tries = search(target, 1000, step, attempt)
    assert tries == len(asked) == len(set(asked))
    assert tries <= math.ceil(math.log2(len(files) + 1))
    return found, tries


def test_any_size_is_allowed_by_infinite_bits() -> None:
    files = [Attempt(0.0, bytes(10), 20.0), Attempt(100.0, bytes(99), 40.0)]
    for bpp in (math.inf, 1e308):
        assert run(Target(bpp=bpp), 100.0, files)[0].quality == 100


@given(monotone_codecs(), st.integers(1, 600))
def test_the_largest_file_that_fits_is_found(codec: tuple[float, list[Attempt]], size: int) -> None:
    step, files = codec
    fitting = [file for file in files if len(file.data) <= size]
    if not fitting:
        with pytest.raises(EncodeError, match="cannot be met"):
            run(Target(size=size), step, files)
        return
    found, _ = run(Target(size=size), step, files)
    assert found == fitting[-1]


@given(monotone_codecs(), st.integers(1, 600))
def test_bits_per_pixel_are_a_size(codec: tuple[float, list[Attempt]], size: int) -> None:
    step, files = codec
    if len(files[0].data) <= size:
        assert run(Target(bpp=8 * size / 1000), step, files) == run(Target(size=size), step, files)


@given(monotone_codecs(), st.floats(1, 120))
def test_the_smallest_file_that_is_good_enough_is_found(codec: tuple[float, list[Attempt]], least: float) -> None:
    step, files = codec
    enough = [file for file in files if file.psnr >= least]
    if not enough:
        with pytest.raises(EncodeError, match="cannot be met") as caught:
            run(Target(psnr=least), step, files)
        assert "quality 100" in (caught.value.hint or "")
        return
    found, _ = run(Target(psnr=least), step, files)
    assert found == enough[0]


@given(monotone_codecs(), st.floats(0.01, 1))
def test_the_smallest_file_that_is_similar_enough_is_found(codec: tuple[float, list[Attempt]], least: float) -> None:
    step, files = codec
    files = [replace(file, ssim=1 - 2 ** (-file.psnr / 10) if file.psnr < math.inf else 1.0) for file in files]
    enough = [file for file in files if file.ssim >= least]
    if not enough:
        with pytest.raises(EncodeError, match="SSIM .* cannot be met") as caught:
            run(Target(ssim=least), step, files)
        assert "quality 100" in (caught.value.hint or "")
        assert "SSIM" in (caught.value.hint or "")
        return
    found, _ = run(Target(ssim=least), step, files)
    assert found == enough[0]


@given(st.lists(st.integers(1, 300), min_size=101, max_size=101), st.integers(1, 300))
def test_even_a_codec_that_breaks_its_promise_never_breaks_the_target(sizes: list[int], size: int) -> None:
    files = [Attempt(float(index), bytes(n), 30.0) for index, n in enumerate(sizes)]
    try:
        found, _ = run(Target(size=size), 1.0, files)
    except EncodeError:
        return
    assert len(found.data) <= size


@pytest.mark.parametrize(
    "given_",
    [
        (None, None, None),
        (None, None, None, -0.5),
        (None, None, 30.0, 0.9),
        (100, 1.0, None),
        (1, 1, 1),
        (0, None, None),
        (-5, None, None),
        (None, 0.0, None),
    ],
    ids=str,
)
def test_a_target_is_one_positive_number(given_: tuple[float | None, ...]) -> None:
    with pytest.raises(EncodeError, match="one positive"):
        Target(*given_)


def test_not_a_number_is_no_target() -> None:
    with pytest.raises(EncodeError, match="one positive"):
        Target(psnr=math.nan)


def test_no_ssim_is_above_1() -> None:
    with pytest.raises(EncodeError, match=r"SSIM of 1\.5"):
        Target(ssim=1.5)


def test_targets_read_well() -> None:
    assert [str(t) for t in (Target(size=500), Target(bpp=0.25), Target(psnr=38.5), Target(ssim=0.95))] == [
        "500 bytes",
        "0.25 bpp",
        "38.5 dB",
        "SSIM 0.95",
    ]


# --- with real codecs -----------------------------------------------------------------------------------------------

PHOTO = pictures.picture("RGB", 64, 96, meta=pictures.metadata())


@pytest.mark.parametrize("codec", ["jpeg", "jpeg2000", "webp", "avif"])
def test_a_size_counts_the_whole_file(codec: str) -> None:
    """Metadata, too: 3000 bytes on disk is what was asked for, and one step more of quality would not fit."""
    done = encode(PHOTO, Settings(codec, target=Target(size=3000), restore="none"))
    assert len(done.data) <= 3000
    assert inspect(done.data).size == len(done.data)
    assert 2 <= done.tries <= 11
    better = encode(PHOTO, Settings(codec, Options(done.quality + by_name(codec).quality_step), restore="none"))
    assert len(better.data) > 3000


@pytest.mark.parametrize("restore", ["none", "tuned"])
def test_tries_are_the_encodes_that_were_made(restore: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a restorer, the last one, whose payload was coded before, is fitted once more at full effort."""
    codec, qualities = by_name("jpeg"), []
    plain = codec.encode
    monkeypatch.setattr(
        codec, "encode", lambda pixels, options: qualities.append(options.quality) or plain(pixels, options)
    )
    done = encode(PHOTO, Settings("jpeg", target=Target(size=3000), restore=restore))
    assert len(qualities) > 3
    assert done.tries == len(qualities) + (restore != "none")


@pytest.mark.parametrize("codec", ["jpeg", "jpeg2000", "webp", "avif"])
def test_a_psnr_is_that_of_the_decoded_file(codec: str) -> None:
    done = encode(PHOTO, Settings(codec, target=Target(psnr=34.0)))
    assert done.psnr >= 34.0
    assert psnr(PHOTO.pixels, decode(done.data).picture.pixels) == pytest.approx(done.psnr)


@pytest.mark.parametrize(("codec", "least"), [("jpeg", 0.97), ("webp", 0.9)])
def test_an_ssim_is_that_of_the_decoded_file_and_one_step_less_would_miss_it(codec: str, least: float) -> None:
    done = encode(PHOTO, Settings(codec, target=Target(ssim=least), restore="none"))
    assert ssim(PHOTO.pixels, decode(done.data).picture.pixels) >= least
    worse = encode(PHOTO, Settings(codec, Options(done.quality - by_name(codec).quality_step), restore="none"))
    assert ssim(PHOTO.pixels, decode(worse.data).picture.pixels) < least


def test_16_bits_have_an_ssim_too() -> None:
    deep = pictures.picture("I;16")
    done = encode(deep, Settings("jpeg2000", target=Target(ssim=0.99)))
    assert ssim(deep.pixels, decode(done.data).picture.pixels) >= 0.99
    assert done.quality < 100


def test_bpp_is_bits_of_the_whole_file_per_pixel() -> None:
    done = encode(PHOTO, Settings("jpeg", target=Target(bpp=5.0), restore="none"))
    assert done.bpp == 8 * len(done.data) / (64 * 96) <= 5.0


def test_what_cannot_be_met_is_refused_with_the_nearest() -> None:
    with pytest.raises(EncodeError, match="20 bytes cannot be met") as caught:
        encode(PHOTO, Settings("webp", target=Target(size=20)))
    assert "quality 0: " in (caught.value.hint or "")
    with pytest.raises(EncodeError, match="90 dB cannot be met"):
        encode(PHOTO, Settings("jpeg", target=Target(psnr=90)))


@pytest.mark.parametrize("target", [Target(psnr=90), Target(ssim=1.0), Target(size=10**6)], ids=str)
def test_a_search_stays_below_lossless_coding(target: Target) -> None:
    if target.psnr or target.ssim:
        with pytest.raises(EncodeError, match="cannot be met"):
            encode(PHOTO, Settings("webp", target=target))
    else:
        done = encode(PHOTO, Settings("webp", target=target))
        assert done.quality == 99.5
        assert not math.isinf(done.psnr)
