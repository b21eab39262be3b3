"""From rows to series, tables, plots and pages."""

import dataclasses
import math
import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("bjontegaard")

from nncodec.bench.report import crops, report_tables
from nncodec.bench.report.assembly import build, merged
from nncodec.bench.report.comparison import Comparison, ReportError, comparisons
from nncodec.bench.report.markdown import MarkdownTable, decibels, percent
from nncodec.bench.report.page import page, write
from nncodec.bench.report.reference import references
from nncodec.bench.report.series import data_sets, labels
from nncodec.bench.results_tsv import Appender, Results, Row
from tests.bench.bench_rows import QUALITIES, row, series


def comparison(rows: list[Row], *anchors: str, published: tuple[str, ...] = ()) -> Comparison:
    (found,) = comparisons(data_sets(rows), anchors, published)
    return found


def cells(table: MarkdownTable) -> dict[str, tuple[str, ...]]:
    return {row[0]: row[1:] for row in table.rows}


def test_a_point_is_the_mean_over_pictures() -> None:
    measured = {"psnr_y": 31.0, "ssim": 0.7, "ms_ssim": 0.8}
    rows = [
        row(image="a.png", psnr=30.0, bpp=0.5, bytes=500, **measured),
        row(image="b.png", psnr=34.0, bpp=0.7, bytes=700, psnr_y=37.0, ssim=0.9, ms_ssim=0.95),
    ]
    (one,) = data_sets(rows)
    (point,) = one.series[0].points
    assert (point.psnr, point.bpp, point.bytes) == pytest.approx((32.0, 0.6, 600))
    assert (point.psnr_y, point.ssim, point.ms_ssim) == pytest.approx((34.0, 0.8, 0.875))
    expected = ("600", "0.600", "32.00", "34.00", "0.8000", "0.8750")
    assert cells(report_tables.points(comparison(rows, "new"))) == {"new, 50": expected}
    assert (one.n_images, one.n_left_out) == (2, 0)


def test_means_are_over_the_pictures_all_codecs_have() -> None:
    """One codec lacks b.png at one quality: b.png counts nowhere, else the means would compare different pictures."""
    rows = [one for one in series("new") + series("old") if (one.codec, one.quality, one.image) != ("old", 30, "b.png")]
    (one,) = data_sets(rows)
    assert (one.n_images, one.n_left_out) == (1, 1)
    assert {kept.image for codec in one.series for kept in codec.rows} == {"a.png"}


def test_sets_are_kept_apart() -> None:
    found = data_sets(series("new") + series("new", set="other"))
    assert [one.name for one in found] == ["other", "small"]


def test_lossless_points_stay_out_of_curves() -> None:
    rows = [*series("new"), row(quality=100.0, psnr=math.inf, ms_ssim=1.0, bpp=9.0)]
    (one,) = data_sets([kept for kept in rows if kept.image == "a.png"])
    assert len(one.series[0].points) == 6
    assert len(one.series[0].psnr_curve().bpp) == len(one.series[0].ms_ssim_curve().bpp) == 5


def test_labels_are_as_short_as_they_can_be() -> None:
    rows = [row("a"), row("b", effort=5), row("b", effort=8), row("c"), row("c", device="cuda")]
    rows += [row("d"), row("d", restore="tuned"), row("e", restore="auto")]
    expected = ["a", "b -e 5", "b -e 8", "c on cpu", "c on cuda", "d", "d + tuned", "e + auto"]
    assert sorted(labels(rows).values()) == expected


def test_timed_rows_give_times_and_leave_curves_alone() -> None:
    timed = row("new", 50.0, "a.png", bpp=77.0, encode_s=0.2, decode_s=0.004, encode_cpu_s=0.15, encode_mib=50.0)
    one = comparison([*series("new"), *series("old", 2.0), timed], "old")
    assert max(point.bpp for point in one.data.series[0].points) < 4
    table = report_tables.times(one)
    assert table is not None
    assert cells(table) == {"new, 50": ("1", "77.00", "200.0", "150.0", "4.0", "\u2013", "50", "\u2013")}


def test_without_a_rate_pass_timed_rows_make_the_curves() -> None:
    rows = [dataclasses.replace(one, encode_s=0.1, decode_s=0.1, reps=1, threads=1) for one in series("new")]
    one = comparison(rows, "new")
    assert len(one.psnr["new"].bpp) == len(QUALITIES)


def test_no_times_no_table() -> None:
    assert report_tables.times(comparison(series("new"), "new")) is None


def test_deltas_have_the_known_answers() -> None:
    """A quarter more bits at equal quality, and 3 dB for every doubling."""
    one = comparison(series("old") + series("new", 1.25) + series("other", 0.5), "old")
    table, notes = report_tables.deltas(one)
    lost = f"\u2212{3 * math.log2(1.25):.2f} dB"
    assert cells(table) == {
        "other": ("\u221250.0 %", "+3.00 dB", "12.0 dB", "\u221250.0 %"),
        "new": ("+25.0 %", lost, "12.0 dB", "+25.0 %"),
    }
    assert [line[0] for line in table.rows] == ["other", "new"]  # the best first
    assert notes == ()


def test_curves_that_do_not_meet_are_refused_with_the_reason() -> None:
    far = [dataclasses.replace(one, psnr=one.psnr + 30) for one in series("far")]
    table, notes = report_tables.deltas(comparison(series("old") + far, "old"))
    assert cells(table)["far"][:3] == ("\u2013", "\u2013", "\u2013")
    assert notes == ("far and old share 0.00 dB, 4.00 dB are needed.",)


def test_the_matrix_has_both_directions() -> None:
    table = report_tables.matrix(comparison(series("old") + series("new", 0.8), "old"))
    assert table.header == ("BD-rate of, against", "new", "old")
    assert cells(table) == {"new": ("\u2013", "\u221220.0 %"), "old": ("+25.0 %", "\u2013")}


def test_single_pictures_name_the_best_and_the_worst() -> None:
    rows = series("old", images=("a.png", "b.png", "c.png")) + series("new", 0.5, ("a.png",))
    rows += series("new", 0.8, ("b.png",)) + series("new", 1.25, ("c.png",))
    table = report_tables.pictures(comparison(rows, "old"))
    assert table is not None
    assert cells(table) == {"new": ("a.png \u221250.0 %", "\u221220.0 %", "\u221215.0 %", "c.png +25.0 %")}


def test_published_curves_join_on_kodak_only() -> None:
    there = comparison(series("new", set="kodak"), "vtm", published=("vtm", "bpg"))
    assert set(there.psnr) == {"new", "vtm", "bpg"}
    assert report_tables.deltas(there)[0].header[0] == "against VTM"
    elsewhere = comparison(series("new", set="other"), "vtm", "new", published=("vtm",))
    assert (set(elsewhere.psnr), elsewhere.anchor) == ({"new"}, "new")


def test_the_matrix_of_published_curves_repeats_the_known_answers() -> None:
    table = report_tables.matrix(comparison(series("new", set="kodak"), "vtm", published=("vtm", "av1", "bpg")))
    column = table.header.index("VTM")
    shown = {line[0]: float(line[column].split()[0]) for line in table.rows if line[0] in ("AV1 still", "BPG 4:4:4")}
    assert shown == pytest.approx({"AV1 still": 16, "BPG 4:4:4": 22}, abs=1)


@pytest.mark.parametrize(
    ("anchors", "published", "words"), [(("nobody",), (), "no curve called nobody"), (("new",), ("x",), "called 'x'")]
)
def test_unknown_names_are_errors(anchors: tuple[str, ...], published: tuple[str, ...], words: str) -> None:
    with pytest.raises(ReportError, match=words) as caught:
        comparisons(data_sets(series("new")), anchors, published)
    assert caught.value.hint


def test_codecs_without_a_common_picture_are_no_contest() -> None:
    rows = series("new", images=("a.png",)) + series("old", images=("b.png",))
    with pytest.raises(ReportError, match="no picture of small was measured with every codec"):
        comparisons(data_sets(rows), ("new",), ())


def test_numbers_carry_their_sign() -> None:
    assert percent(-12.345) == "\u221212.3 %"
    assert percent(3.0) == "+3.0 %"
    assert decibels(-0.1) == "\u22120.10 dB"


def test_a_table_as_markdown() -> None:
    table = MarkdownTable.of(("name", "n"), [("a|b", "1"), ("c", "100")])
    assert table.markdown() == "| name |   n |\n| ---- | --: |\n| a\\|b |   1 |\n| c    | 100 |\n"


def test_a_table_as_html_marks_gains_and_losses() -> None:
    table = MarkdownTable.of(
        ("<n>", "x", "y"), [("a", "+1 %", "+1 dB"), ("b", "\u22121 %", "\u2013")], (None, True, False)
    )
    html = table.html()
    assert "&lt;n&gt;" in html
    assert '<td class="loss">+1 %</td><td class="gain">+1 dB</td>' in html
    assert '<td class="gain">\u22121 %</td><td class="none">\u2013</td>' in html


def test_a_table_refuses_ragged_rows() -> None:
    with pytest.raises(ValueError, match="every row"):
        MarkdownTable.of(("a", "b"), [("x",)])


def test_a_report_is_files_and_a_page_that_needs_nothing_else(tmp_path: Path) -> None:
    rows = series("new", 0.8, set="kodak") + series("old", set="kodak")
    write(build(Results(tuple(rows), ("nnc 0.1 on a machine",)), ("vtm",), ("vtm", "elic")), tmp_path / "out")
    names = {file.name for file in (tmp_path / "out").iterdir()}
    assert names == {"index.html", "report.md"} | {
        f"kodak-{measure}-{scale}.svg" for measure in ("psnr", "ms-ssim") for scale in ("linear", "log")
    }
    html = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", html)
    assert "url(" not in html
    assert html.count("data:image/svg+xml;base64,") == 4
    assert len(re.findall('<b class="(?:gain|loss)">', html)) == 2
    text = (tmp_path / "out" / "report.md").read_text("utf-8")
    assert report_tables.deltas(comparison(rows, "vtm", published=("vtm", "elic")))[0].markdown() in text
    assert "nnc 0.1 on a machine" in text
    assert "nnc 0.1 on a machine" in html
    assert b"<svg" in (tmp_path / "out" / "kodak-psnr-log.svg").read_bytes()


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    results = Results(tuple(series("new") + series("old", 2.0)), ())
    for name in ("one", "two"):
        write(build(results, ("old",), ()), tmp_path / name)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes(), file.name


def test_cards_show_gain_and_loss_against_the_anchor() -> None:
    html = _page(series("old") + series("new", 0.8) + series("bad", 1.25))
    cards = dict(re.findall(r'<div class="card"><span>(\w+)</span><b class="(.*?)</b>', html))
    assert cards == {"old": 'none">anchor', "new": 'gain">\u221220.0 %', "bad": 'loss">+25.0 %'}


def test_crops_are_taken_where_the_codecs_err_most() -> None:
    original = np.full((400, 500), 100, np.uint8)
    shown = original.copy()
    shown[200:260, 320:400] = 90
    shown[0:20, 0:20] = 80  # 400 samples, each four times as bad as one of the 4800 others
    top, left = crops._where(original, [shown])
    assert top <= 200 < 260 <= top + crops.SIDE
    assert left <= 320 < 400 <= left + crops.SIDE


def test_names_from_folders_cannot_break_the_page(tmp_path: Path) -> None:
    rows = series("new", set="<script>x</script>") + series("old", 2.0, set="<script>x</script>")
    assert "<script>" not in _page(rows)


def _page(rows: list[Row]) -> str:
    return page(build(Results(tuple(rows), ()), ("old",), ()))


# --- perceptual measures ----------------------------------------------------------------------------------------------


def perceived(codec: str, rate: float = 1.0, gain: float = 1.0) -> list[Row]:
    """Rows whose GMSD halves with every doubling of the rate, and whose SSIMULACRA 2 grows by 10 then."""
    return [
        dataclasses.replace(
            one, measures={"gmsd": 0.01 / (gain * one.bpp / rate), "ssimulacra2": 60 + 10 * math.log2(one.bpp)}
        )
        for one in series(codec, rate)
    ]


def test_bd_rates_by_perceptual_measures_have_the_known_answers() -> None:
    """Twice as good a GMSD at equal bytes is half the bytes at equal GMSD; SSIMULACRA 2 is that of the rate alone."""
    found = comparison(perceived("new", gain=2.0) + perceived("old"), "old")
    table = report_tables.perceptual(found)
    assert table is not None
    assert table.header == ("against old", "PSNR", "SSIMULACRA 2", "GMSD")
    assert cells(table) == {"new": ("+0.0 %", "+0.0 %", "−50.0 %")}


def test_perceptual_measures_are_compared_with_a_measured_anchor() -> None:
    """A published curve has none."""
    rows = [dataclasses.replace(one, set="kodak") for one in perceived("new", gain=2.0) + perceived("old", rate=1.5)]
    table = report_tables.perceptual(comparison(rows, "vtm", published=("vtm",)))
    assert table is not None
    assert table.header[0] == "against old"


def test_codecs_without_a_measure_have_no_figure_and_no_curve() -> None:
    found = comparison(perceived("new") + perceived("old") + series("plain"), "old")
    table = report_tables.perceptual(found)
    assert table is not None
    assert cells(table)["plain"] == ("+0.0 %", "–", "–")
    assert set(found.perceptual["gmsd"]) == {"new", "old"}
    point = cells(report_tables.points(found))
    assert (point["plain, 50"][-2:], point["new, 50"][-1]) == (("–", "–"), f"{0.01 / (0.1 * 2**2.5):.5f}")


def test_a_picture_without_a_measure_takes_it_from_the_curve() -> None:
    rows = perceived("new") + perceived("old")
    rows[0] = dataclasses.replace(rows[0], measures={})
    assert set(comparison(rows, "old").perceptual["gmsd"]) == {"old"}


def test_tables_without_perceptual_measures_get_no_table_of_them() -> None:
    assert report_tables.perceptual(comparison(series("new") + series("old"), "old")) is None


def test_a_report_draws_the_perceptual_measures_that_there_are() -> None:
    made = build(Results(tuple(perceived("new") + series("old")), ()), ("old",), ())
    (section,) = made.sections
    names = {plot.name for plot in section.plots}
    assert {name for name in names if "gmsd" in name} == {"small-gmsd-linear", "small-gmsd-log"}
    assert not any("haarpsi" in name for name in names)
    (drawn,) = (plot for plot in section.plots if plot.name == "small-gmsd-log")
    assert b"GMSD in dB" in drawn.svg
    assert "By perceptual measures" in made.markdown()


def test_tables_are_merged_and_later_ones_count(tmp_path: Path) -> None:
    for name, size in (("one.tsv", 1), ("two.tsv", 2)):
        with Appender(tmp_path / name, [name]) as table:
            table.add(row(bytes=size))
    both = merged([tmp_path / "one.tsv", tmp_path / "two.tsv"])
    assert [one.bytes for one in both.rows] == [2]
    assert both.comments == ("one.tsv", "two.tsv")


def test_a_table_without_rows_is_no_report(tmp_path: Path) -> None:
    with Appender(tmp_path / "t.tsv", []):
        pass
    with pytest.raises(ReportError, match="not one row"):
        merged([tmp_path / "t.tsv"])


def test_every_published_curve_can_be_drawn() -> None:
    names = tuple(references())
    made = build(Results(tuple(series("new", set="kodak")), ()), ("vtm",), names)
    svg = made.sections[0].plots[0].svg.decode()
    assert all(references()[name].title in svg for name in names)
