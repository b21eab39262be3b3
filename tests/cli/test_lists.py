"""--filelist and --root: names read as they are needed, and the tree that -o gets."""

import io
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from nncodec.cli.lists import ListFile
from nncodec.cli.mirror import Mirror, common_folder
from tests.conftest import Ran

Nnc = Callable[..., Ran]
QUICK = ("-c", "webp", "--restore", "none", "-j", "1")


def results(folder: str) -> set[str]:
    return {str(path.relative_to(folder)) for path in Path(folder).rglob("*.*") if path.is_file()}


@pytest.mark.parametrize("separator", ["\n", "\0"])
def test_a_long_list_is_read_again_and_again(here: Path, separator: str) -> None:
    """Longer than what is read at once, and cut within names."""
    names = [f"folder {index}/{'x' * (index % 90)}.png" for index in range(4000)]
    Path("list").write_text(separator.join(names))
    found = ListFile("list")
    assert [list(found), list(found)] == [names, names]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_list_may_be_a_pipe(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `--filelist <(find ...)` and `find ... | nnc encode --filelist -` give it."""
    read, write = os.pipe()
    os.write(write, b"a.png\nb.png\n")
    os.close(write)
    found = ListFile(f"/dev/fd/{read}")
    os.close(read)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"a.png\nb.png\n")))
    for each in (found, ListFile("-")):
        assert [list(each), list(each)] == [["a.png", "b.png"]] * 2


def test_an_output_gets_the_tree_below_the_common_folder(nnc: Nnc, tree: Path) -> None:
    shutil.copytree(tree, "more")
    shutil.move("more", "in/sub folder")
    Path("list").write_text("in/sub folder/b.jpg\nin/sub folder/more/a.png\nin/sub folder/../sub folder/more/z.PNG\n")
    assert nnc("encode", "--filelist", "list", "-o", "out", *QUICK).code == 0
    assert results("out") == {"b.nnc", "more/a.nnc", "more/z.nnc"}


def test_one_name_in_two_folders_no_longer_clashes(nnc: Nnc, tree: Path) -> None:
    shutil.copy(tree / "a.png", tree / "sub folder")
    Path("list").write_text(f"in/a.png\n{Path('in/sub folder/a.png').absolute()}\n")
    assert nnc("encode", "--filelist", "list", "-o", "out", *QUICK).code == 0
    assert results("out") == {"a.nnc", "sub folder/a.nnc"}


def test_a_root_says_what_tree_an_output_gets(nnc: Nnc, tree: Path) -> None:
    Path("list").write_text("in/sub folder/b.jpg\n")
    common = ("--root", ".", "-o", "out", *QUICK)
    assert nnc("encode", "--filelist", "list", *common).code == 0
    assert nnc("encode", "in/a.png", *common).code == 0
    assert nnc("encode", "-r", "in/sub folder/deep", *common).code == 0
    assert results("out") == {"in/sub folder/b.nnc", "in/a.nnc", "in/sub folder/deep/Größe λ.nnc"}
    assert nnc("decode", "-r", "out/in", "--root", "out", "-o", "back", "-j", "1").code == 0
    assert results("back") == {name.replace(".nnc", ".png") for name in results("out")}


def test_a_source_outside_the_root_fails_alone(nnc: Nnc, tree: Path) -> None:
    Path("list").write_text("in/a.png\nin/sub folder/b.jpg\n")
    result = nnc("encode", "--filelist", "list", "--root", "in/sub folder", "-o", "out", *QUICK)
    assert (result.code, results("out")) == (1, {"b.nnc"})
    assert "nnc: error: in/a.png: not in in/sub folder" in result.err


def test_a_hint_names_what_tells_two_results_apart(nnc: Nnc, tree: Path) -> None:
    shutil.copy(tree / "a.png", tree / "sub folder")
    named = ("in/a.png", "in/sub folder/a.png")
    result = nnc("encode", *named, "-o", "out", *QUICK)
    assert "in/a.png also becomes out/a.nnc" in result.err
    assert "hint: --root keeps the folders they lie in" in result.err
    assert nnc("encode", *named, "-o", "kept", "--root", "in", *QUICK).code == 0
    assert results("kept") == {"a.nnc", "sub folder/a.nnc"}


def test_two_listed_sources_of_one_result_clash(nnc: Nnc, tree: Path) -> None:
    shutil.copy(tree / "a.png", tree / "a.bmp")
    Path("list").write_text("in/a.bmp\nin/z.PNG\nin/a.png\nin/a.bmp\n")
    result = nnc("encode", "--filelist", "list", "-o", "out", "--force", *QUICK)
    assert (result.code, results("out")) == (1, {"a.nnc", "z.nnc"})
    assert "in/a.bmp also becomes out/a.nnc" in result.err
    assert "nnc: 2 done, 1 failed" in result.err


def test_a_listed_folder_is_walked_with_r_and_fails_without(nnc: Nnc, tree: Path) -> None:
    Path("list").write_text("in/sub folder\nin/a.png\n")
    result = nnc("encode", "--filelist", "list", "-o", "out", *QUICK)
    assert (result.code, results("out")) == (1, {"a.nnc"})
    assert "in/sub folder: is a directory" in result.err
    assert nnc("encode", "-r", "--filelist", "list", "-o", "all", *QUICK).code == 0
    assert results("all") == {"a.nnc", "sub folder/b.nnc", "sub folder/deep/Größe λ.nnc"}


def test_a_listed_folder_that_is_the_root_itself_fails_alone(nnc: Nnc, tree: Path) -> None:
    Path("list").write_text("in\n.\n/\nin/a.png\n")
    result = nnc("encode", "--filelist", "list", "--root", "in", "-o", "out", *QUICK)
    assert (result.code, results("out")) == (1, {"a.nnc"})
    assert "nnc: error: in: is a folder" in result.err
    result = nnc("encode", "--filelist", "list", *QUICK)
    assert (result.code, Path("in/a.nnc").exists()) == (1, True)
    assert "nnc: error: .: is a folder" in result.err


@pytest.mark.parametrize("root", ["missing", "in/a.png", ""])
def test_a_root_is_a_folder(nnc: Nnc, tree: Path, root: str) -> None:
    assert nnc("encode", "in/a.png", "--root", root, "-o", "out").code == 2


def test_a_dash_in_a_list_is_a_file(nnc: Nnc, tree: Path) -> None:
    shutil.copy(tree / "a.png", "-")
    Path("list").write_text("-\n")
    assert nnc("encode", "--filelist", "list", "-o", "out", *QUICK).code == 0
    assert results("out") == {"-.nnc"}


@pytest.mark.parametrize("verb", ["encode", "decode"])
def test_urls_are_refused(nnc: Nnc, tree: Path, verb: str) -> None:
    Path("list").write_text("s3://bucket/a.nnc\n")
    for sources in (["s3://bucket/a.nnc"], ["--filelist", "list", "-o", "out"]):
        result = nnc(verb, *sources)
        assert result.code == 1
        assert "nnc: error: s3://bucket/a.nnc: URLs are not read" in result.err
    result = nnc(verb, "in/a.png", "-o", "s3://bucket/a.nnc")
    assert result.code == 2
    assert "s3://bucket/a.nnc is a URL" in result.err


def test_names_decide_what_is_inside() -> None:
    mirror = Mirror("/photos")
    assert mirror.inside("/photos/a/../b.png") == Path("b.png")
    assert mirror.inside("/photos") == Path()
    assert mirror.inside("/photos2/b.png") is None
    assert Mirror("/").inside("/a.png") == Path("a.png")


def test_the_common_folder_is_one_of_whole_names() -> None:
    assert common_folder(["/photos/a/1.png", "/photos/ab/2.png"]) == os.path.abspath("/photos")  # noqa: PTH100
    assert common_folder(["/photos/a/1.png", "/photos/a/b/2.png", "/photos/a/3.png"]) == os.path.abspath("/photos/a")  # noqa: PTH100
    assert common_folder(["/x/1.png", "/y/2.png"]) == os.path.abspath("/")  # noqa: PTH100
