"""Every figure that the documents quote is what the tables in results/ give, and those tables are plausible."""

import re
from pathlib import Path

import pytest

pytest.importorskip("bjontegaard")

from nncodec.bench.report.bd import bd_rate
from nncodec.bench.report.reference import references
from nncodec.bench.report.series import Series, data_sets
from nncodec.bench.results_tsv import read
from tests.quotes import QUOTE, ROOT, documents, fill, unquoted

TABLES = sorted((ROOT / "results").glob("*.tsv"))


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.name)
def test_quotations_are_what_the_tables_give(document: Path) -> None:
    text = document.read_text("utf-8")
    for now, then in zip(QUOTE.finditer(fill(text)), QUOTE.finditer(text), strict=True):
        assert then[2] == now[2], f"{document.name} is out of date: run python -m tests.quotes ({now[1]})"


def test_the_results_page_has_no_figure_of_its_own() -> None:
    assert unquoted((ROOT / "docs" / "results.md").read_text("utf-8")) == []


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.name)
def test_no_line_of_prose_begins_with_a_quotation(document: Path) -> None:
    """In Markdown a line that begins with a comment ends the paragraph."""
    assert re.findall(r"^ {0,3}<!-- quote [^>]*-->(?=.)", document.read_text("utf-8"), re.M) == []


def test_figures_outside_quotations_are_found() -> None:
    text = "it is <!-- quote published av1 vtm -->+1 %<!-- / --> or +12.5 %, 3 dB, 0.25 bpp\n```\n9 dB\n```\n"
    assert unquoted(text) == ["+12.5 %", "3 dB", "0.25 bpp"]


def test_a_wrong_quotation_is_put_right() -> None:
    text = "<!-- quote published vtm vtm -->+99.0 %<!-- / -->"
    assert fill(text) == "<!-- quote published vtm vtm -->+0.0 %<!-- / -->"


def test_plots_of_the_results_page_exist() -> None:
    text = (ROOT / "docs" / "results.md").read_text("utf-8")
    names = re.findall(r"\]\((img/[^)]+)\)", text)
    assert names
    assert all((ROOT / "docs" / name).is_file() for name in names)


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_tables_are_whole(path: Path) -> None:
    """No torn line, every picture at every quality, and rates that agree with the bytes."""
    assert path.read_bytes().endswith(b"\n")
    rows = read(path).rows
    for data in data_sets(rows):
        assert data.n_left_out == 0
    for row in rows:
        assert row.bpp == pytest.approx(8 * row.bytes / (row.width * row.height), abs=1e-6)
        assert 0 < row.ssim <= 1
        assert 0 < row.ms_ssim <= 1


@pytest.fixture(scope="module")
def kodak() -> dict[str, Series]:
    """The measured codecs at high effort."""
    (data,) = data_sets(read(ROOT / "results" / "kodak-effort8.tsv").rows)
    assert data.n_images == 24
    return {series.name: series for series in data.series}


@pytest.mark.parametrize(("codec", "percent", "within"), [("webp", 77, 5), ("jpeg", 180, 14)])
def test_known_answers_on_kodak_against_vtm(
    kodak: dict[str, Series], codec: str, percent: float, within: float
) -> None:
    """What an earlier, independent measurement with the same libraries found; our JPEGs go without some headers."""
    vtm = references()["vtm"].psnr_curve()
    assert bd_rate(kodak[codec].psnr_curve(), vtm) == pytest.approx(percent, abs=within)


def test_avif_lies_between_its_known_answers(kodak: dict[str, Series]) -> None:
    """No better than published AV1 at its slowest, and no worse than AVIF that is not tuned for PSNR (+31)."""
    vtm = references()["vtm"].psnr_curve()
    assert bd_rate(references()["av1"].psnr_curve(), vtm) < bd_rate(kodak["avif"].psnr_curve(), vtm) < 31


def test_known_answer_of_jpeg2000_holds_at_equal_rates(kodak: dict[str, Series]) -> None:
    """That measurement gave every picture the same rate; our quality aims at a PSNR, which costs a good deal more."""
    vtm = references()["vtm"].psnr_curve()
    assert bd_rate(kodak["jpeg2000"].equal_rate_curve(), vtm) == pytest.approx(52, abs=5)
    assert bd_rate(kodak["jpeg2000"].psnr_curve(), vtm) > 70


@pytest.mark.parametrize(("measured", "published"), [("jpeg", "jpeg-ref"), ("webp", "webp-ref")])
def test_measured_codecs_agree_with_their_published_curves(
    kodak: dict[str, Series], measured: str, published: str
) -> None:
    """Other years, other encoder settings, the same format: within 10 %."""
    assert bd_rate(kodak[measured].psnr_curve(), references()[published].psnr_curve()) == pytest.approx(0, abs=10)
