"""BD-rate: hand-made curves with known answers, the published curves, and what is refused."""

import math

import pytest

pytest.importorskip("bjontegaard")

from nncodec.bench.report.bd import Curve, CurveError, bd_psnr, bd_rate, delta, ms_ssim_db
from nncodec.bench.report.reference import references

RATES = (0.1, 0.2, 0.4, 0.8, 1.6)


def line(name: str, rates: tuple[float, ...] = RATES, db_per_octave: float = 3.0, at_tenth: float = 28.0) -> Curve:
    """A straight line over the logarithm of the rate."""
    return Curve(name, rates, tuple(at_tenth + db_per_octave * math.log2(rate / 0.1) for rate in rates))


def test_a_curve_against_itself_is_zero() -> None:
    found = delta(line("a"), line("b"))
    assert (found.rate_percent, found.quality_db) == pytest.approx((0, 0), abs=1e-9)
    assert found.overlap_db == pytest.approx(12)


def test_half_the_bytes_is_minus_fifty_percent() -> None:
    half = Curve("half", tuple(rate / 2 for rate in RATES), line("a").quality)
    assert bd_rate(half, line("anchor")) == pytest.approx(-50)
    assert bd_rate(line("anchor"), half) == pytest.approx(100)
    assert bd_psnr(half, line("anchor")) == pytest.approx(3.0)


def test_one_decibel_better() -> None:
    better = line("better", at_tenth=29.0)
    assert bd_psnr(better, line("anchor")) == pytest.approx(1.0)
    assert bd_rate(better, line("anchor")) == pytest.approx(100 * (2 ** (-1 / 3) - 1))
    assert delta(better, line("anchor")).overlap_db == pytest.approx(11)


def test_curves_may_have_different_numbers_of_points() -> None:
    assert bd_rate(line("long", (*RATES, 3.2)), line("anchor")) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("test", "anchor", "percent"),
    [("av1", "vtm", 16), ("bpg", "vtm", 22), ("vtm", "bpg", -18)],
)
def test_the_known_answers(test: str, anchor: str, percent: float) -> None:
    """What the authors of the curves, and everyone who used them since, arrive at."""
    curves = references()
    assert bd_rate(curves[test].psnr_curve(), curves[anchor].psnr_curve()) == pytest.approx(percent, abs=1)


def test_too_little_overlap_is_refused() -> None:
    low, high = line("low"), line("high", at_tenth=38.5)
    with pytest.raises(CurveError, match=r"low and high share 1\.50 dB, 4\.00 dB are needed"):
        delta(low, high)
    with pytest.raises(CurveError, match=r"share 0\.00 dB"):
        delta(low, line("far", at_tenth=60))
    flat, steep = line("flat", db_per_octave=0.4), line("steep", db_per_octave=0.4)
    with pytest.raises(CurveError, match=r"share 1\.60 dB, 2\.00 dB are needed"):
        delta(flat, steep)


def test_the_overlap_that_is_needed_is_that_of_the_unit() -> None:
    low = Curve.of("low", [(1, 50), (2, 54), (3, 58), (4, 62)], "points", 5.0)
    high = Curve.of("high", [(1, 58.5), (2, 62), (3, 66), (4, 70)], "points", 5.0)
    with pytest.raises(CurveError, match=r"high and low share 3\.50 points, 5\.00 points are needed"):
        delta(high, low)


def test_equal_quality_at_rates_that_never_meet_is_refused() -> None:
    """BD-PSNR would integrate over an empty range."""
    cheap = Curve("cheap", tuple(rate / 100 for rate in RATES), line("a").quality)
    with pytest.raises(CurveError, match="cheap and anchor"):
        delta(cheap, line("anchor"))


def test_what_is_no_curve_is_refused() -> None:
    with pytest.raises(CurveError, match="3 points"):
        delta(line("short", RATES[:3]), line("anchor"))
    bent = Curve("bent", RATES, (28.0, 31.0, 30.5, 37.0, 40.0))
    with pytest.raises(CurveError, match=r"bent is not increasing: 31\.0000 is followed by 30\.5000"):
        delta(line("anchor"), bent)


def test_points_are_sorted_repeats_dropped_and_lossless_left_out() -> None:
    curve = Curve.of("c", [(0.4, 31.0), (0.1, 25.0), (0.4, 31.0), (9.0, math.inf)])
    assert (curve.bpp, curve.quality) == ((0.1, 0.4), (25.0, 31.0))


def test_ms_ssim_in_decibels() -> None:
    assert ms_ssim_db(0.99) == pytest.approx(20)
    assert ms_ssim_db(1.0) == math.inf


def test_every_reference_is_a_curve_with_a_source() -> None:
    for reference in references().values():
        reference.psnr_curve().check()
        assert len(reference.bpp) == len(reference.psnr)
        assert len(reference.ms_ssim) in (0, len(reference.bpp))
        assert "@" in reference.source, f"{reference.name} names no commit"
        assert reference.title
    assert {"vtm", "hm", "bpg", "av1", "jpeg-ref", "jpeg2000-ref", "webp-ref"} < set(references())


def test_ms_ssim_curves_only_where_published() -> None:
    curves = references()
    vtm = curves["vtm"].ms_ssim_curve()
    assert vtm is not None
    vtm.check()
    assert curves["elic"].ms_ssim_curve() is None
