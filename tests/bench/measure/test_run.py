"""Measuring: what the numbers are of, what is skipped, and what a run leaves when it is stopped."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner, Result

from nncodec import pipeline
from nncodec.bench import perceptual
from nncodec.bench.measure import memory, plan, rows, run
from nncodec.bench.measure.memory import peak_bytes
from nncodec.bench.measure.plan import Failure, Measurement, Source
from nncodec.bench.perceptual import compute
from nncodec.bench.report.series import labels
from nncodec.bench.results_tsv import Row, read
from nncodec.cli.verbs.bench import command
from nncodec.codec import Options
from nncodec.codecs import by_name
from nncodec.errors import NncError, UnsupportedFile
from nncodec.image import Picture, from_array, metrics
from tests.pictures import photograph

ROOT = Path(__file__).parents[3]

QUALITIES = (10.0, 50.0, 90.0)


def save(path: Path, *shape: int, seed: int = 0) -> np.ndarray:
    pixels = photograph(*shape, seed=seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(pixels).save(path)
    return pixels


def measurement(path: Path, codec: str = "jpeg", quality: float = 50.0) -> Measurement:
    return Measurement(Source("set", path.name, path), codec, quality, 5, "cpu")


def nnc_bench(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pictures in a tree, one that will not decode, one that is none."""
    top = tmp_path_factory.mktemp("pictures")
    save(top / "b.png", 128, 192)
    save(top / "a" / "deep.webp", 120, 141, seed=1)
    (top / "broken.png").write_bytes((top / "b.png").read_bytes()[:300])
    (top / "notes.txt").write_text("no picture")
    (top / ".hidden.png").write_bytes(b"")
    return top


@pytest.fixture(scope="module")
def table(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """One run over the folder and one that does not exist."""
    out = tmp_path_factory.mktemp("out") / "t.tsv"
    result = nnc_bench(folder, folder / "missing", "-c", "jpeg,webp", "-q", "90,10,50", "-o", out, "-j", 1)
    return out, result


def test_a_row_for_every_picture_codec_and_quality(folder: Path, table: tuple[Path, Result]) -> None:
    rows = read(table[0]).rows
    assert [(row.image, row.codec, row.quality) for row in rows] == [
        (image, codec, quality)
        for image in ("b.png", "a/deep.webp")
        for codec in ("jpeg", "webp")
        for quality in QUALITIES
    ]
    assert {row.set for row in rows} == {folder.name}
    assert {(row.encode_s, row.encode_mib) for row in rows} == {(None, None)}


def test_what_could_not_be_measured_is_named_skipped_and_counted(table: tuple[Path, Result]) -> None:
    words = table[1].stderr
    assert table[1].exit_code == 1
    assert "missing: no such folder" in words
    assert words.count("broken.png: ") == 1
    assert "7 measurements or folders skipped" in words  # one folder, and one picture for two codecs at three qualities
    assert table[1].stdout == ""


def test_a_row_is_of_the_file_and_of_the_decoded_picture(folder: Path, table: tuple[Path, Result]) -> None:
    row = next(row for row in read(table[0]).rows if (row.codec, row.quality, row.image) == ("webp", 50, "b.png"))
    pixels = np.asarray(PIL.Image.open(folder / "b.png"))
    data = pipeline.encode(from_array(pixels), _settings("none")).data
    error = ((pixels.astype(float) - pipeline.decode(data).picture.pixels) ** 2).mean()
    assert row.bytes == len(data)
    assert row.bpp == pytest.approx(8 * len(data) / (128 * 192), abs=1e-6)
    assert row.psnr == pytest.approx(10 * np.log10(255**2 / error), abs=1e-4)
    assert (row.width, row.height) == (192, 128)
    shown = pipeline.decode(data).picture.pixels
    luma_error = (((pixels.astype(float) - shown) @ [0.299, 0.587, 0.114]) ** 2).mean()
    assert row.psnr_y == pytest.approx(10 * np.log10(255**2 / luma_error), abs=1e-4)
    assert row.ssim == pytest.approx(metrics.ssim(pixels, shown), abs=1e-6)
    assert row.ms_ssim == pytest.approx(metrics.ms_ssim(pixels, shown), abs=1e-6)


@pytest.mark.parametrize("restore", ["none", "auto"])
def test_a_restorer_is_part_of_what_is_measured(folder: Path, restore: str) -> None:
    source = Source("set", "b.png", folder / "b.png")
    row = rows.rate(Measurement(source, "webp", 50.0, 5, "cpu", restore))
    data = pipeline.encode(from_array(np.asarray(PIL.Image.open(folder / "b.png"))), _settings(restore)).data
    assert isinstance(row, Row)
    assert (row.bytes, row.restore) == (len(data), restore)


def test_light_networks_are_measured_and_said(tmp_path: Path) -> None:
    """In the columns of a table, and with its times; where there are none to use, that is a failure."""
    waves = np.rint(128 + 90 * np.sin(np.add.outer(np.arange(128) / 9, np.arange(128) / 17))).astype(np.uint8)
    (tmp_path / "set").mkdir()
    PIL.Image.fromarray(waves).save(tmp_path / "set" / "p.png")
    arguments = ("-c", "jpeg", "-q", "30", "-j", "1", "-o", tmp_path / "t.tsv", "--restore")
    assert nnc_bench(tmp_path / "set", *arguments, "luma").exit_code == 0
    assert nnc_bench(tmp_path / "set", *arguments, "luma", "--light").exit_code == 0
    assert nnc_bench(tmp_path / "set", *arguments, "luma", "--light", "--timing", "--reps", "1").exit_code == 0
    usual, light, timed = read(tmp_path / "t.tsv").rows
    assert [row.restore for row in (usual, light, timed)] == ["luma", "luma light", "luma light"]
    picture = from_array(np.asarray(PIL.Image.open(tmp_path / "set" / "p.png")))
    settings = pipeline.Settings("jpeg", Options(quality=30, threads=1), restore="luma", light=True)
    shown = pipeline.decode(pipeline.encode(picture, settings).data).picture.pixels
    assert usual.psnr != light.psnr == timed.psnr == pytest.approx(metrics.psnr(waves, shown), abs=1e-4)
    assert timed.encode_mib is None or timed.encode_mib > 10
    assert labels([usual, light])[light.configuration] == "jpeg + luma light"
    refused = nnc_bench(tmp_path / "set", *arguments, "none", "--light")
    assert (refused.exit_code, "light" in refused.stderr) == (1, True)


def _settings(restore: str) -> pipeline.Settings:
    return pipeline.Settings("webp", Options(quality=50, threads=1), restore=restore)


def test_the_same_command_again_adds_only_what_is_missing(folder: Path, table: tuple[Path, Result]) -> None:
    path = table[0]
    before = path.read_bytes()
    lines = before.splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-3]) + lines[-3][:20])
    again = nnc_bench(folder, "-c", "jpeg,webp", "-q", "90,10,50", "-o", path, "-j", 1)
    assert "9 of 18 rows are already there" in again.stderr
    assert path.read_bytes() == before


def test_a_picture_in_two_sets_is_two_pictures(tmp_path: Path) -> None:
    for name in ("x/set", "y/set"):
        save(tmp_path / name / "p.png", 8, 8)
    sources, failures = plan.find([tmp_path / "x" / "set", tmp_path / "y" / "set"])
    assert [source.set for source in sources] == ["set", "set-2"]
    assert failures == []


def test_a_folder_without_pictures_is_a_failure(tmp_path: Path) -> None:
    sources, failures = plan.find([tmp_path])
    assert sources == []
    assert [failure.message for failure in failures] == ["no pictures in this folder"]


def test_a_codec_that_cannot_is_a_failure_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A codec without its weights fails on every picture alike: one cause."""
    save(tmp_path / "p.png", 8, 8)

    def fail(*arguments: object) -> None:
        raise UnsupportedFile("the weights of model 3 are missing")

    monkeypatch.setattr(rows, "encode", fail)
    found = [rows.rate(measurement(tmp_path / "p.png", "jpeg", quality)) for quality in QUALITIES]
    assert {one.cause for one in found if isinstance(one, Failure)} == {"jpeg: the weights of model 3 are missing"}
    assert len(found) == 3


def test_a_bug_on_one_picture_does_not_end_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "p.png", 8, 8)
    monkeypatch.setattr(rows, "encode", lambda *arguments: [][1])
    found = rows.rate(measurement(tmp_path / "p.png"))
    assert found == Failure("jpeg set/p.png", "IndexError: list index out of range", "jpeg: IndexError")


def test_a_decoder_that_returns_another_shape_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "p.png", 8, 9)
    wrong = pipeline.Decoded(from_array(np.zeros((9, 8, 3), np.uint8)), "jpeg")
    monkeypatch.setattr(rows, "decode", lambda data, device: wrong)
    found = rows.rate(measurement(tmp_path / "p.png"))
    assert isinstance(found, Failure)
    assert "(9, 8, 3)" in found.message


def test_a_timed_row_has_times_and_memory(tmp_path: Path) -> None:
    save(tmp_path / "p.png", 64, 64)
    row = rows.timed(measurement(tmp_path / "p.png"), reps=3, threads=1)
    plain = rows.rate(measurement(tmp_path / "p.png"))
    assert isinstance(row, Row)
    assert isinstance(plain, Row)
    assert (row.bytes, row.psnr) == (plain.bytes, plain.psnr)
    assert row.encode_s is not None
    assert row.decode_s is not None
    assert row.encode_s > 0
    assert row.encode_cpu_s is not None
    assert row.encode_cpu_s > 0
    assert row.decode_s > 0
    assert (row.reps, row.threads) == (3, 1)
    if sys.platform.startswith("linux"):
        assert row.encode_mib is not None
        assert row.encode_mib > 5


@pytest.mark.parametrize("restore", ["none", "luma"])
def test_the_encoder_is_given_the_settings_that_the_row_states(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, restore: str
) -> None:
    """Threads above all: with 0, the encoder would take every core."""
    save(tmp_path / "p.png", 64, 64)
    asked: list[tuple[str, Options]] = []
    plain, codec = pipeline.encode, by_name("jpeg")

    def spied(picture: Picture, settings: pipeline.Settings) -> pipeline.Encoded:
        asked.append(("pipeline", settings.options))
        return plain(picture, settings)

    class Spy:
        def encode(self, pixels: np.ndarray, options: Options) -> bytes:
            asked.append(("codec", options))
            return codec.encode(pixels, options)

    monkeypatch.setattr(rows, "encode", spied)
    monkeypatch.setattr(rows, "by_name", lambda name: Spy())
    monkeypatch.setattr(
        rows, "_peak_mib", lambda verb, file, settings: asked.append((f"{verb} {file.suffix}", settings.options))
    )
    one = Measurement(Source("set", "p.png", tmp_path / "p.png"), "jpeg", 37.0, 2, "cpu", restore)
    assert isinstance(rows.rate(one), Row)
    assert asked == [("pipeline", Options(37.0, 2, "cpu", threads=1))]
    asked.clear()
    row = rows.timed(one, reps=2, threads=3)
    assert isinstance(row, Row)
    assert (row.threads, row.quality, row.effort) == (3, 37.0, 2)
    assert {options for _, options in asked} == {Options(37.0, 2, "cpu", threads=3)}
    repeated = "codec" if restore == "none" else "pipeline"  # after the warm-up
    assert [name for name, _ in asked] == ["pipeline", repeated, repeated, "encode .png", "decode .nnc"]


def test_memory_is_measured_with_the_settings_of_the_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "p.png", 16, 16)
    called: list[object] = []
    monkeypatch.setattr(rows.subprocess, "run", lambda command, **more: memory.main(command[3:]) or Done())

    class Done:
        returncode, stdout = 0, "2097152"

    monkeypatch.setattr(memory, "encode", lambda picture, settings: called.append((picture.width, settings)))
    monkeypatch.setattr(memory, "decode", lambda data, device: called.append((data, device)))
    settings = pipeline.Settings("webp", Options(37.5, 2, "cpu", threads=3), restore="luma")
    assert rows._peak_mib("encode", tmp_path / "p.png", settings) == 2.0
    (tmp_path / "p.nnc").write_bytes(b"file")
    assert rows._peak_mib("decode", tmp_path / "p.nnc", settings) == 2.0
    assert called == [(16, settings), (b"file", "cpu")]


def test_the_median_is_taken_of_time_and_of_processor_time(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([0.0, 9.0, 10.0, 11.0, 20.0, 22.0])
    cpu_ticks = iter([0.0, 1.0, 1.0, 1.5, 2.0, 5.0])
    monkeypatch.setattr(rows.time, "perf_counter", lambda: next(ticks))
    monkeypatch.setattr(rows.time, "process_time", lambda: next(cpu_ticks))
    assert rows._median_seconds(lambda: None, 3) == (2.0, 1.0)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_is_that_of_this_process_at_its_largest() -> None:
    before = peak_bytes()
    block = np.ones(64 << 20, np.uint8)
    after = peak_bytes()
    assert before is not None
    assert after is not None
    assert block.sum() == 64 << 20
    assert after >= 64 << 20


def test_workers_are_told_their_threads_before_they_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    names: Sequence[str] = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
    assert list(run._run(os.getenv, names, 1, threads=3, pinned=False)) == ["3", "3"]  # type: ignore[arg-type]
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no affinity on this system")
def test_a_timing_worker_stays_on_its_cores() -> None:
    (cores,) = run._run(os.sched_getaffinity, [0], 1, threads=1, pinned=True)  # type: ignore[arg-type, list-item]
    assert len(cores) == 1  # type: ignore[arg-type]
    assert cores <= os.sched_getaffinity(0)  # type: ignore[operator]


def test_workers_leave_ctrl_c_to_their_parent() -> None:
    (handler,) = run._run(signal.getsignal, [signal.SIGINT], 1, threads=1, pinned=False)  # type: ignore[arg-type, list-item]
    assert handler == signal.SIG_IGN


def test_a_worker_that_dies_is_a_failure_and_not_a_crash(tmp_path: Path) -> None:
    measurements = [measurement(tmp_path / "p.png", quality=quality) for quality in QUALITIES]
    found = list(run._run(_die, measurements, 1, threads=1, pinned=False))
    assert [one.cause for one in found if isinstance(one, Failure)] == ["a worker process died"] * 3


def _die(one: Measurement) -> Row:
    os._exit(9)


def test_stopping_does_not_wait_for_a_measurement_under_way(tmp_path: Path) -> None:
    started, finished = tmp_path / "started", tmp_path / "finished"
    results = run._run(_linger, [tmp_path, started, finished], 1, threads=1, pinned=False)  # type: ignore[arg-type, list-item]
    next(results)
    while not started.exists():
        time.sleep(0.01)
    results.close()
    assert not finished.exists()
    assert not multiprocessing.active_children()


def _linger(path: Path) -> Path:
    """Return a folder; for a file, make it, take long, and make the file ``finished``."""
    if not path.is_dir():
        path.touch()
        time.sleep(30)
        path.with_name("finished").touch()
    return path


def test_ctrl_c_leaves_a_valid_table_to_go_on_from(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.tsv"
    whole = run.rates

    def interrupted(measurements: Sequence[Measurement], workers: int):
        results = whole(measurements, workers)
        yield next(results)
        yield next(results)
        results.close()
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "rates", interrupted)
    arguments = (folder, "-c", "jpeg", "-q", "10,50,90", "-o", path, "-j", 1)
    stopped = nnc_bench(*arguments)
    assert stopped.exit_code != 0
    assert "stopped after 2 of 9; the same command goes on from there" in stopped.stderr
    assert len(read(path).rows) == 2
    monkeypatch.setattr(run, "rates", whole)
    assert "2 of 9 rows are already there" in nnc_bench(*arguments).stderr
    assert len(read(path).rows) == 6


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-c", "jpegg"), "no codec is called 'jpegg'"),
        (("-q", "10,101"), "0 to 100"),
        (("-q", "high"), "could not convert"),
        (("-q", ","), "0 to 100"),
        (("-e", "0"), "range"),
        (("--restore", "magic"), "no restorer is called 'magic'"),
    ],
)
def test_wrong_usage(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    result = nnc_bench(tmp_path, "-o", tmp_path / "t.tsv", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert not (tmp_path / "t.tsv").exists()


def test_run_is_the_default_command(tmp_path: Path) -> None:
    """`nnc bench X` and `nnc bench run X` are the same, options may come first, and help is the group's."""
    missing, out = tmp_path / "missing", tmp_path / "t.tsv"
    spellings = [(missing, "-o", out), ("run", missing, "-o", out), ("-o", out, "--", missing)]
    answers = {nnc_bench(*spelling).stderr for spelling in spellings}
    assert len(answers) == 1
    assert "no such folder" in answers.pop()
    assert "report" in nnc_bench("--help").stdout


def test_without_a_choice_every_codec_that_encodes_pixels_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "p.png", 8, 8)
    asked: list[str] = []
    monkeypatch.setattr(
        run,
        "rates",
        lambda measurements, workers: iter(asked.extend(measurement.codec for measurement in measurements) or ()),
    )
    monkeypatch.setattr(type(by_name("avif")), "missing", lambda self: "not built in")
    assert nnc_bench(tmp_path, "-q", "50", "-o", tmp_path / "t.tsv").exit_code == 0
    assert {"jpeg", "jpeg2000", "webp"} <= set(asked)
    assert not {"jpegfile", "avif"} & set(asked)


def test_a_report_without_its_libraries_says_what_is_missing(
    table: tuple[Path, Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nncodec.cli.verbs.bench.find_spec", lambda name: None if name == "matplotlib" else object())
    result = nnc_bench("report", table[0], "-o", tmp_path / "out")
    assert isinstance(result.exception, NncError)
    assert str(result.exception) == "a report needs matplotlib"
    assert result.exception.hint == "pip install matplotlib"


def test_a_report_of_the_run_with_crops(folder: Path, table: tuple[Path, Result], tmp_path: Path) -> None:
    pytest.importorskip("bjontegaard")
    path = tmp_path / "t.tsv"
    assert nnc_bench(folder, "-c", "jpeg,webp", "-q", "10,30,50,70,90", "-o", path, "-j", 1).exit_code == 1
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("kept")
    arguments = ("report", path, "-o", out, "--anchor", "jpeg", "--pictures", folder)
    refused = nnc_bench(*arguments)
    assert refused.exit_code != 0
    assert "is not empty" in str(refused.exception)
    result = nnc_bench(*arguments, "--force")
    assert result.exit_code == 0, result.stderr
    page = (out / "index.html").read_text("utf-8")
    assert "webp gains most on" in page
    assert page.count("data:image/png;base64,") == 6  # two strips of the original, webp and jpeg
    assert (out / "mine.txt").read_text() == "kept"


def test_a_table_says_what_it_was_measured_with(table: tuple[Path, Result]) -> None:
    versions, machine = read(table[0]).comments
    assert f"Pillow {PIL.__version__}, libjpeg-turbo " in versions
    assert versions.startswith("nnc ")
    assert machine.endswith(" cores")


_PARENT = """
import multiprocessing, time
from tests.bench.measure.test_run import _work_for_ever
worker = multiprocessing.get_context("spawn").Process(target=_work_for_ever)
worker.start()
time.sleep(1800)
"""


def _work_for_ever() -> None:
    run._start_worker(None)
    print("ready", flush=True)
    time.sleep(1800)


@pytest.mark.skipif(os.name != "posix", reason="looks for a process by its number")
def test_workers_end_with_a_parent_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE, text=True, cwd=ROOT) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        parent.kill()
        left, _ = parent.communicate(timeout=900)  # ends when the worker, which shares the pipe, has ended
    assert left == ""


def test_the_luma_of_pictures_is_coded_as_a_gray_picture(tmp_path: Path) -> None:
    pixels = save(tmp_path / "set" / "a.png", 64, 80)
    ((source,), _) = plan.find([tmp_path / "set"], gray=True)
    assert source.set == "set-luma"
    row = rows.rate(Measurement(source, "jpeg", 50.0, 5, "cpu"))
    expected = np.rint(metrics.luma(pixels)).astype(np.uint8)
    done = pipeline.encode(from_array(expected), pipeline.Settings("jpeg", Options(50.0), restore="none"))
    assert isinstance(row, Row)
    assert (row.bytes, row.psnr) == (len(done.data), done.psnr)
    assert row.psnr_y == row.psnr


def test_perceptual_measures_are_of_the_decoded_picture(tmp_path: Path) -> None:
    pixels = save(tmp_path / "set" / "a.png", 64, 48)
    out = tmp_path / "t.tsv"
    arguments = (tmp_path / "set", "-c", "jpeg", "-q", "20", "-o", out, "-j", 1)
    assert nnc_bench(*arguments).exit_code == 0
    assert read(out).rows[0].measures == {}
    assert nnc_bench(*arguments, "--measures", "gmsd,haarpsi").exit_code == 0
    (row,) = read(out).rows
    decoded = pipeline.decode(
        pipeline.encode(from_array(pixels), pipeline.Settings("jpeg", Options(20), restore="none")).data
    )
    expected = compute(pixels, decoded.picture.pixels, ["gmsd", "haarpsi"])
    assert row.measures == pytest.approx(expected, abs=1e-6)
    again = nnc_bench(*arguments, "--measures", "haarpsi")
    assert "1 of 1 rows are already there" in again.output


def test_measures_whose_packages_are_missing_are_refused_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "set" / "a.png", 64, 48)
    monkeypatch.setattr(perceptual, "find_spec", lambda name: None)
    result = nnc_bench(tmp_path / "set", "-c", "jpeg", "-o", tmp_path / "t.tsv", "--measures", "all")
    assert isinstance(result.exception, NncError)
    assert "ssimulacra2" in str(result.exception)
    assert not (tmp_path / "t.tsv").exists()


def test_luma_is_not_timed(tmp_path: Path) -> None:
    result = nnc_bench(tmp_path, "--gray", "--timing", "-o", tmp_path / "t.tsv")
    assert result.exit_code == 2
    assert "--gray" in result.output
