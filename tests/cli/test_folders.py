"""Folders and lists of files: trees mirrored, failures gathered, runs resumed."""

import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import nncodec
from nncodec.bench.measure.plan import find
from nncodec.cli.batch import BatchOptions, Outcome, run
from nncodec.cli.files import Job
from nncodec.cli.planning import Sources, plan
from nncodec.cli.writing import write_output
from nncodec.image import picture_suffixes, read
from tests import pictures
from tests.conftest import Ran

Nnc = Callable[..., Ran]

NAMES = ["a", "sub folder/b", "sub folder/deep/Größe λ", "z"]


def names(folder: str | Path) -> set[str]:
    """Every file below a folder, hidden ones included."""
    return {str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file()}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_tree_is_mirrored_there_and_back(nnc: Nnc, tree: Path, workers: int) -> None:
    there = nnc("encode", "-r", tree, "-o", "out", "-c", "webp", "-q", "100", "-j", workers)
    assert (there.code, there.out) == (0, "")
    assert names("out") == {f"{name}.nnc" for name in NAMES}
    assert "nnc: 4 done" in there.err
    back = nnc("decode", "-r", "out", "-o", "back", "-j", workers)
    assert back.code == 0
    assert names("back") == {f"{name}.png" for name in NAMES}
    for name, suffix in zip(NAMES, (".png", ".jpg", ".webp", ".PNG"), strict=True):
        before, after = tree / f"{name}{suffix}", Path("back") / f"{name}.png"
        assert np.array_equal(read(before.read_bytes()).pixels, read(after.read_bytes()).pixels)
        assert before.stat().st_mtime_ns == after.stat().st_mtime_ns


def test_without_an_output_results_lie_beside_their_sources(nnc: Nnc, tree: Path) -> None:
    before = names(tree)
    assert nnc("encode", "-r", tree, "-j", "1").code == 0
    assert names(tree) - before == {f"{name}.nnc" for name in NAMES}


def test_hidden_files_and_folders_are_left_alone(nnc: Nnc, tree: Path) -> None:
    (tree / ".thumbnails").mkdir()
    (tree / ".thumbnails" / "t.png").write_bytes((tree / "a.png").read_bytes())
    nnc("encode", "-r", tree, "-o", "out", "-j", "1")
    assert names("out") == {f"{name}.nnc" for name in NAMES}


def test_links_to_folders_are_not_followed_and_cannot_go_round(nnc: Nnc, tree: Path) -> None:
    (tree / "round").symlink_to(tree.absolute(), target_is_directory=True)
    assert nnc("encode", "-r", tree, "-o", "out", "-j", "1").code == 0
    assert names("out") == {f"{name}.nnc" for name in NAMES}


def test_a_folder_needs_leave(nnc: Nnc, tree: Path) -> None:
    result = nnc("encode", tree)
    assert result.code == 2
    assert "-r walks folders" in result.err


def test_an_empty_folder_is_nothing_to_do(nnc: Nnc, here: Path) -> None:
    Path("empty").mkdir()
    result = nnc("encode", "-r", "empty")
    assert result.code == 1
    assert "nothing to do" in result.err


def test_several_sources_go_into_a_folder(nnc: Nnc, tree: Path) -> None:
    assert nnc("encode", tree / "a.png", tree / "z.PNG", "-o", "out", "-j", "1").code == 0
    assert names("out") == {"a.nnc", "z.nnc"}
    assert nnc("encode", tree / "a.png", "-r", tree / "sub folder", "-o", "mixed", "-j", "1").code == 0
    assert names("mixed") == {"a.nnc", "b.nnc", "deep/Größe λ.nnc"}


# --- failures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [["encode", "in/a.png", "in/z.PNG", "-o", "b.nnc"], ["encode", "-r", "in", "-o", "b.nnc"]]
    + [["decode", "a.nnc", "b.nnc", "-o", "b.png"]],
    ids=" ".join,
)
def test_a_folder_is_not_given_the_name_of_a_file(nnc: Nnc, tree: Path, arguments: list[str]) -> None:
    result = nnc(*arguments)
    assert (result.code, list(Path().iterdir())) == (2, [tree])
    assert f"{arguments[-1]} would be a folder" in result.err


def test_a_file_that_must_not_be_read_does_not_stop_the_run(
    nnc: Nnc, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(path: Path) -> bytes:
        if path.name == "z.PNG":
            raise PermissionError(13, "Permission denied", str(path))
        return read_bytes(path)

    read_bytes = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", closed)
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != "in/z.PNG")
    result = nnc("encode", "in/z.PNG", "in/a.png", "-o", "out", "-j", 1)
    assert (result.code, names("out")) == (1, {"a.nnc"})
    assert "nnc: error: in/z.PNG: permission denied" in result.err


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bad_file_does_not_stop_the_run(nnc: Nnc, tree: Path, workers: int) -> None:
    (tree / "b empty.png").write_bytes(b"")
    (tree / "c text.jpg").write_text("not a picture")
    result = nnc("encode", "-r", tree, "-o", "out", "-j", workers)
    assert result.code == 4  # the worst of 3, damaged, and 4, unsupported
    assert names("out") == {f"{name}.nnc" for name in NAMES}
    for bad in ("in/b empty.png", "in/c text.jpg"):
        assert result.err.count(f"nnc: error: {bad}: ") == result.err.count(bad) == 1
    sources = sum(path.stat().st_size for path in tree.rglob("*.*") if path.name in ("a.png", "b.jpg", "z.PNG"))
    sources += next(tree.rglob("*.webp")).stat().st_size
    results = sum(path.stat().st_size for path in Path("out").rglob("*.nnc"))
    words, total = result.err.splitlines()[-1].split("; ")
    assert words == "nnc: 4 done, 2 failed"
    saved = 100 * (1 - results / sources)
    assert total.replace(" ", "") == f"{sources}->{results}bytes" + (f",{saved:.1f}%less" if saved > 0 else "")


def test_a_folder_that_cannot_be_read_is_a_failure(nnc: Nnc, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who converts an archive must not lose a part of it in silence."""
    scandir = os.scandir

    def locked(path: str) -> object:
        if str(path).endswith("deep"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", locked)
    result = nnc("encode", "-r", tree, "-o", "out", "-j", "1")
    assert result.code == 1
    assert "in/sub folder/deep" in result.err
    assert names("out") == {"a.nnc", "sub folder/b.nnc", "z.nnc"}


def test_a_named_folder_that_cannot_be_read_is_a_failure(nnc: Nnc, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(path: str) -> object:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", locked)
    monkeypatch.setattr(Path, "read_bytes", locked)
    for more in ([], ["-o", "out"]):
        result = nnc("encode", "-r", tree, *more, "-j", "1")
        assert (result.code, result.out) == (1, "")
        assert result.err == "nnc: error: in: permission denied\n"


def test_two_sources_of_one_result_clash(nnc: Nnc, tree: Path) -> None:
    """The second must not overwrite the first, not even with --force."""
    PIL.Image.new("L", (5, 5)).save(tree / "a.bmp")
    for force in ([], ["--force"]):
        result = nnc("encode", "-r", tree, "-o", "out", "-j", "1", *force)
        assert result.code == 1
        assert "in/a.bmp also becomes out/a.nnc" in result.err
        assert "hint: --keep-suffix tells them apart" in result.err
    assert nnc("encode", "-r", tree, "-o", "kept", "-j", "1", "--keep-suffix").code == 0
    assert {"a.bmp.nnc", "a.png.nnc"} <= names("kept")


def test_the_same_source_twice_is_done_once(nnc: Nnc, tree: Path) -> None:
    result = nnc("encode", tree / "a.png", tree / "a.png", "-o", "out", "-j", "1")
    assert result.code == 0
    assert names("out") == {"a.nnc"}


def test_json_has_a_line_for_each(nnc: Nnc, tree: Path) -> None:
    (tree / "bad.png").write_bytes(b"")
    result = nnc("encode", "-r", tree, "-o", "out", "-j", "1", "--json")
    *records, end = [json.loads(line) for line in result.out.splitlines()]
    assert result.err == ""  # a failure is told once, here as JSON
    assert {r["source"]: r["status"] for r in records} == {
        "in/a.png": "done",
        "in/bad.png": "failed",
        "in/sub folder/b.jpg": "done",
        "in/sub folder/deep/Größe λ.webp": "done",
        "in/z.PNG": "done",
    }
    n_bytes = sum(p.stat().st_size for p in Path("out").rglob("*.nnc"))
    assert sum(r.get("bytes", 0) for r in records) == n_bytes
    (summary,) = end.values()
    assert (summary["done"], summary["failed"], summary["left_out"], summary["bytes"]) == (4, 1, 0, n_bytes)
    assert summary["source_bytes"] == sum(r["source_bytes"] or 0 for r in records)


# --- resuming -------------------------------------------------------------------------------------------------------


def test_a_run_is_resumed(nnc: Nnc, tree: Path) -> None:
    nnc("encode", "-r", tree, "-o", "out", "-j", "1")
    Path("out/z.nnc").unlink()
    Path("out/a.nnc").write_text("from before")
    result = nnc("encode", "-r", tree, "-o", "out", "-j", "1", "--skip-existing")
    assert result.code == 0
    assert "nnc: 1 done, 3 skipped" in result.err
    assert Path("out/a.nnc").read_text() == "from before"
    assert nncodec.inspect("out/z.nnc").width == 20


def test_a_dry_run_names_every_result_and_writes_none(nnc: Nnc, tree: Path) -> None:
    before = names(".")
    result = nnc("encode", "-r", tree, "-o", "out", "--dry-run", "-j", "1")
    assert result.code == 0
    assert "in/sub folder/b.jpg -> out/sub folder/b.nnc" in result.err
    assert "nnc: 4 planned" in result.err
    assert names(".") == before
    assert not Path("out").exists()


# --- lists ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", ["\n", "\0", "\r\n"], ids=["lines", "NUL", "CRLF"])
@pytest.mark.parametrize("end", [True, False])
def test_a_list_of_files(nnc: Nnc, tree: Path, separator: str, end: bool) -> None:
    wanted = ["in/a.png", "in/sub folder/b.jpg", "in/sub folder/deep/Größe λ.webp"]
    Path("list").write_text(separator.join(wanted) + separator * end, newline="")
    assert nnc("encode", "--filelist", "list", "-o", "out", "-j", "1").code == 0
    assert names("out") == {"a.nnc", "sub folder/b.nnc", "sub folder/deep/Größe λ.nnc"}


def test_names_with_newlines_go_into_nul_lists(nnc: Nnc, tree: Path) -> None:
    (tree / "a.png").rename(tree / "new\nline.png")
    Path("list").write_bytes(b"in/new\nline.png\0in/z.PNG\0")
    assert nnc("encode", "--filelist", "list", "-o", "out", "-j", "1").code == 0
    assert names("out") == {"new\nline.nnc", "z.nnc"}


def test_a_list_of_one_behaves_like_a_list(nnc: Nnc, tree: Path) -> None:
    """A script must not have to count before it knows where its results go."""
    Path("list").write_text("in/a.png\n")
    assert nnc("encode", "--filelist", "list", "-o", "out").code == 0
    assert names("out") == {"a.nnc"}


def test_an_empty_or_missing_list(nnc: Nnc, here: Path) -> None:
    Path("list").write_text("\n\n")
    assert nnc("encode", "--filelist", "list").code == 2
    assert nnc("encode", "--filelist", "missing").code == 1


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text here")
def test_names_of_any_bytes(nnc: Nnc, tree: Path) -> None:
    """On Linux a name is any bytes; not UTF-8 is not a reason to end in a traceback."""
    odd = os.fsdecode(b"in/\xff\xfe.png")
    (tree / "a.png").rename(odd)
    result = nnc("encode", "-r", tree, "-o", "out", "-j", "1", "--json")
    assert result.code == 0
    *records, _ = map(json.loads, result.out.splitlines())
    assert r"in/\xff\xfe.png" in {record["source"] for record in records}
    assert r"out/\xff\xfe.nnc" in {record["output"] for record in records}
    assert os.fsdecode(b"\xff\xfe.nnc") in names("out")
    assert nnc("info", os.fsdecode(b"out/\xff\xfe.nnc")).code == 0


# --- worker processes -----------------------------------------------------------------------------------------------


def dies_on_bad(job: Job) -> Outcome:
    """Work that takes its process down, as the kernel does for want of memory."""
    if "bad" in job.source:
        os._exit(9)
    Path(job.output).write_text("done")
    return Outcome(job, "done", f"{job.source} done")


def test_a_worker_that_dies_takes_one_job_with_it(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    jobs = [Job(f"{'bad' if index == 3 else 'good'} {index}", f"{index}.out") for index in range(12)]
    assert run(jobs, dies_on_bad, BatchOptions(workers=2)) == 1
    assert names(".") == {f"{index}.out" for index in range(12) if index != 3}
    said = capfd.readouterr().err
    assert "nnc: error: bad 3: its worker process died" in said
    assert "nnc: 11 done, 1 failed" in said


def fails_on_bad(job: Job) -> Outcome:
    """Work with a bug."""
    if "bad" in job.source:
        raise IndexError("a bug")
    Path(job.output).write_text("done")
    return Outcome(job, "done", f"{job.source} done")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bug_in_one_file_is_the_failure_of_that_file(
    workers: int, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    jobs = [Job(f"{'bad' if index in (1, 3) else 'good'} {index}", f"{index}.out") for index in range(6)]
    assert run(jobs, fails_on_bad, BatchOptions(workers=workers)) == 1
    assert names(".") == {f"{index}.out" for index in range(6) if index not in (1, 3)}
    said = capfd.readouterr().err
    assert said.count("nnc: error: bad 1: IndexError: a bug\n") == 1
    assert said.count("nnc: hint: a fault of nnc: please report it, with the file\n") == 1
    assert "nnc: 4 done, 2 failed" in said
    assert "Traceback" not in said


def test_verbose_shows_where_a_bug_is(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run([Job("bad", "out")], fails_on_bad, BatchOptions(verbose=True)) == 1
    assert re.search(r"^  Traceback .*^ +File .*, in fails_on_bad$", capfd.readouterr().err, re.M | re.S)


def removes_results_at_the_end(job: Job) -> Outcome:
    """Work beside which somebody removes the folder of results, and which makes it again."""
    if job.source == "2":
        shutil.rmtree("out")
    write_output(job, b"done", make_folders=True)
    return Outcome(job, "done", f"{job.source} done", sizes=(10, 4))


@pytest.mark.parametrize("as_json", [False, True])
def test_results_that_are_gone_at_the_end_are_failures(
    as_json: bool, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for index in range(4):
        Path(str(index)).write_bytes(b"a source")
    jobs = [Job(f"{index}", f"out/{index}.out") for index in range(4)]
    assert run(jobs, removes_results_at_the_end, BatchOptions(as_json=as_json)) == 1
    said = capsys.readouterr()
    gone = "out/0.out was written, and is there no more"
    assert (gone in said.out, f"nnc: error: 0: {gone}" in said.err) == (as_json, not as_json)
    if as_json:
        last = {record["source"]: record["status"] for record in map(json.loads, said.out.splitlines())}
        assert last == {"0": "failed", "1": "failed", "2": "done", "3": "done"}
    else:
        assert said.err.endswith("nnc: 2 done, 2 failed; 20 -> 8 bytes, 60.0 % less\n")


def environment(job: Job) -> Outcome:
    """Work that tells what its process was told about threads."""
    Path(job.output).write_text(os.environ.get("OMP_NUM_THREADS", "") + (" torch" if "torch" in sys.modules else ""))
    return Outcome(job, "done")


@pytest.mark.parametrize(("threads", "each"), [("1", "1"), ("7", "3")])
def test_workers_share_the_threads(threads: str, each: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    run([Job("a", "a.out"), Job("b", "b.out")], environment, BatchOptions(workers=2, quiet=True))
    assert {Path(name).read_text() for name in ("a.out", "b.out")} == {each}
    assert os.environ["OMP_NUM_THREADS"] == threads


# --- planning -------------------------------------------------------------------------------------------------------


def test_the_order_is_that_of_names(tree: Path) -> None:
    jobs = [
        item
        for item in plan(Sources((str(tree),), None, True, frozenset({".png", ".jpg", ".webp"}), ".nnc"))
        if isinstance(item, Job)
    ]
    assert [job.source for job in jobs] == sorted((job.source for job in jobs), key=lambda s: (s.count("/"), s))


def test_pictures_are_found_by_suffix_whatever_its_case(tree: Path) -> None:
    jobs = [
        item for item in plan(Sources((str(tree),), None, True, frozenset({".png"}), ".nnc")) if isinstance(item, Job)
    ]
    assert {Path(job.source).name for job in jobs} == {"a.png", "z.PNG"}


def test_suffixes_are_those_of_pictures_that_are_read() -> None:
    found = picture_suffixes()
    assert {".png", ".jpg", ".jpeg", ".jfif", ".tif", ".webp", ".avif", ".gif", ".bmp", ".jp2", ".mpo", ".ppm"} <= found
    assert found.isdisjoint({".eps", ".ps", ".pdf", ".wmf", ".mpg", ".h5", ".nnc", ".txt", ""})


def test_bench_finds_the_pictures_that_encode_finds(tmp_path: Path) -> None:
    for suffix in (*picture_suffixes(), ".txt", ".nnc"):
        (tmp_path / f"a{suffix}").write_bytes(b"")
    sources, _ = find([tmp_path])
    jobs = [
        item
        for item in plan(Sources((str(tmp_path),), None, True, picture_suffixes(), ".nnc"))
        if isinstance(item, Job)
    ]
    assert [str(source.path) for source in sources] == [job.source for job in jobs]
    assert len(sources) == len(picture_suffixes())


def test_a_deep_picture_among_others_is_named(nnc: Nnc, tree: Path) -> None:
    (tree / "deep.ppm").write_bytes(b"P6\n2 1\n65535\n" + bytes(12))
    result = nnc("encode", "-r", tree, "-o", "out", "-j", "1")
    assert result.code == 1
    assert "in/deep.ppm: 16 bits per sample" in result.err


def test_the_bytes_are_the_same_alone_and_in_a_folder_run(
    nnc: Nnc, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The threads that each has differ."""
    Path("in").mkdir()
    for name in "ab":
        PIL.Image.fromarray(pictures.photograph(400, 640)).save(f"in/{name}.png")
    common = ("--restore", "none", "--quiet")
    for threads in ("1", "2"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        assert nnc("encode", "in/a.png", "-o", f"alone-{threads}.nnc", *common).code == 0
    assert nnc("encode", "-r", "in", "-o", "out", "-j", "2", *common).code == 0
    files = ("alone-1.nnc", "alone-2.nnc", "out/a.nnc", "out/b.nnc")
    assert len({Path(file).read_bytes() for file in files}) == 1
