"""The scale of quality that all codecs share, and what each codec says of its own."""

from itertools import pairwise
from pathlib import Path
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nncodec.bench.results_tsv import read
from nncodec.codec import Codec, Lossless
from nncodec.codecs import all_codecs, by_name
from nncodec.errors import EncodeError
from nncodec.pipeline.quality import DEFAULT_QUALITY, own_quality, quality_for, shared_quality

RESULTS = Path(__file__).parents[2] / "results"
TABLES = ("scale", "effort5", "learned", "ccnn", "layered", "compact", "recurrent", "painted")
NAMES = [
    *(name for name, codec in all_codecs().items() if codec.fidelity),
    *("layered:jpeg", "layered:webp", "layered:jpeg2000", "compact:jpeg", "compact:webp", "compact:jpeg2000"),
    *("superres:jpeg", "superres:webp", "superres:jpeg2000"),
    *("superres:avif/4", "superres:jpeg/4", "superres:webp/4", "superres:jpeg2000/4"),
]
QUALITIES = st.floats(0, 100)


@pytest.fixture(params=NAMES)
def codec(request: pytest.FixtureRequest) -> Codec:
    return by_name(request.param)


def measured() -> dict[tuple[str, float], float]:
    """Mean PSNR over the Kodak pictures by codec and its own quality, without restorers, at the first effort found."""
    found: dict[tuple[str, float], float] = {}
    for table in TABLES:
        rows: dict[tuple[str, float], list[float]] = {}
        for row in read(RESULTS / f"kodak-{table}.tsv").rows:
            if row.restore == "none" and row.psnr is not None:
                rows.setdefault((row.codec, row.quality), []).append(row.psnr)
        found = {key: mean(values) for key, values in rows.items() if len(values) == 24} | found
    return found


def test_every_point_is_what_was_measured(codec: Codec) -> None:
    table = measured()
    for own, psnr in codec.fidelity:
        assert table[codec.name, own] == pytest.approx(psnr, abs=0.01)


def test_points_ascend_and_stop_short_of_lossless(codec: Codec) -> None:
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(codec.fidelity))
    assert codec.lossless is not Lossless.AT_100 or codec.fidelity[-1][0] < 100


@pytest.mark.parametrize("quality", [*range(1, 96), 12.5, 100])
def test_the_scale_is_that_of_libjpeg(quality: float) -> None:
    assert own_quality(by_name("jpeg"), quality) == pytest.approx(quality, abs=0.5)


@pytest.mark.parametrize("name", NAMES)
@given(QUALITIES, QUALITIES)
def test_more_quality_is_never_less_of_a_codecs_own(name: str, one: float, other: float) -> None:
    codec = by_name(name)
    low, high = (own_quality(codec, quality) for quality in sorted((one, other)))
    assert 0 <= low <= high <= 100
    steps = high / codec.quality_step
    assert steps == pytest.approx(round(steps))


@pytest.mark.parametrize("name", NAMES)
@given(QUALITIES)
def test_the_way_back_gives_the_nearest_quality_that_the_codec_has(name: str, quality: float) -> None:
    codec = by_name(name)
    own = own_quality(codec, min(quality, 98))
    assert own_quality(codec, shared_quality(codec, own)) == pytest.approx(own)


def test_hundred_is_hundred_everywhere(codec: Codec) -> None:
    assert own_quality(codec, 100) == 100
    assert shared_quality(codec, 100) == 100


@pytest.mark.parametrize("name", ["avif", "learned", "ccnn", "layered"])
def test_codecs_agree_at_the_default(name: str) -> None:
    """Their own numbers differ: libavif's is 56 where libjpeg's is 85."""
    codec = by_name(name)
    own = own_quality(codec, DEFAULT_QUALITY)
    assert own < DEFAULT_QUALITY - 20
    assert shared_quality(codec, own) == pytest.approx(DEFAULT_QUALITY, abs=1)


def test_a_codecs_own_quality_is_taken_as_it_is() -> None:
    assert quality_for("avif", None, 61.5) == 61.5
    assert quality_for("avif", None, None) == quality_for("avif", DEFAULT_QUALITY, None)


@pytest.mark.parametrize(
    ("shared", "own"), [(-1.0, None), (100.5, None), (None, -0.1), (50.0, 50.0), (float("nan"), None)]
)
def test_qualities_out_of_range_and_both_at_once_are_refused(shared: float | None, own: float | None) -> None:
    with pytest.raises(EncodeError):
        quality_for("jpeg", shared, own)
