"""Shards: parts of a run that are the same on all machines, do not overlap, and leave nothing out."""

import json
import os
import shutil
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

import pytest

from nncodec.cli.sharding import Shard
from tests.cli.test_left_out import HEIC
from tests.conftest import Ran

Nnc = Callable[..., Ran]
QUICK = ("-c", "webp", "--restore", "none", "-j", "1")


def part_of(name: str, count: int) -> int:
    (number,) = [number for number in range(1, count + 1) if Shard(number, count).has(name)]
    return number


def results(folder: str) -> set[str]:
    return {str(path.relative_to(folder)) for path in Path(folder).rglob("*.*") if path.is_file()}


def test_the_part_is_the_documented_hash_of_the_path() -> None:
    """As `b2sum -l 64` prints it: fixed for ever, or an array that is resumed loses files."""
    assert blake2b(b"2024/may/img_1", digest_size=8).hexdigest() == "78b9c3df623bee56"
    assert part_of("2024/May/IMG_1.JPG", 1000) == 0x78B9C3DF623BEE56 % 1000 + 1


def test_every_name_is_in_one_part_and_parts_are_about_equal() -> None:
    names = [f"{index // 100}/{index}.png" for index in range(3000)]
    sizes = [sum(Shard(number, 5).has(name) for name in names) for number in range(1, 6)]
    assert sum(sizes) == 3000
    assert all(500 < size < 700 for size in sizes)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a/b.jpg", "a/b.png"),
        ("a/b.jpg", "./a//b.jpg"),
        ("a/B.jpg", "a/b.JPG"),
        ("a/\u00e9.jpg", "a/e\u0301.jpg"),
    ],
)
def test_names_that_may_have_one_result_are_in_one_part(one: str, other: str) -> None:
    assert part_of(one, 10**4) == part_of(other, 10**4)


def test_names_of_any_bytes_have_a_part() -> None:
    assert part_of(os.fsdecode(b"\xff.png"), 7) in range(1, 8)


@pytest.mark.parametrize("moved", ["elsewhere/photos", "in"])
def test_the_parts_of_a_folder_make_the_whole_wherever_it_lies(nnc: Nnc, tree: Path, moved: str) -> None:
    whole = {"a.nnc", "z.nnc", "sub folder/b.nnc", "sub folder/deep/Größe λ.nnc"}
    assert nnc("encode", "-r", tree, "-o", "1", *QUICK, "--shard", "1/2").code == 0
    first = results("1")
    if moved != "in":
        shutil.copytree(tree, moved)
    assert nnc("encode", "-r", moved, "-o", "2", *QUICK, "--shard", "2/2").code == 0
    assert first | results("2") == whole
    assert first & results("2") == set()
    assert len(first) in (1, 2, 3)


def test_decode_and_test_take_parts_as_encode_does(nnc: Nnc, tree: Path) -> None:
    nnc("encode", "-r", tree, "-o", "out", *QUICK)
    for number in (1, 2):
        shard = ("--shard", f"{number}/2", "-j", "1")
        nnc("encode", "-r", tree, "-o", f"part{number}", *QUICK, "--shard", f"{number}/2")
        assert nnc("decode", "-r", "out", "-o", f"back{number}", *shard).code == 0
        parts = {name.removesuffix(".nnc") for name in results(f"part{number}")}
        assert {name.removesuffix(".png") for name in results(f"back{number}")} == parts
        said = nnc("test", "-r", "out", *shard, "--json").out.splitlines()
        sources = {json.loads(line).get("source") for line in said} - {None}
        assert sources == {f"out/{name}.nnc" for name in parts}


def test_the_parts_of_a_list_make_the_whole(nnc: Nnc, tree: Path) -> None:
    listed = [f"in/{index}.png" for index in range(6)]
    for name in listed:
        shutil.copy(tree / "a.png", name)
    Path("list").write_text("\n".join(listed))
    taken = []
    for number in (1, 2, 3):
        part = ("--shard", f"{number}/3", "--dry-run", "--json", "-j", "1")
        lines = nnc("encode", "--filelist", "list", "-o", "out", *part).out.splitlines()
        taken += [record["source"] for record in map(json.loads, lines) if "source" in record]
    assert sorted(taken) == listed


def test_what_is_left_out_is_told_by_one_part(nnc: Nnc, tree: Path) -> None:
    for index in range(5):
        (tree / f"{index}.svg").write_text("<svg/>")
    (tree / "6.cr3").write_bytes(HEIC)
    found = []
    for number in (1, 2, 3):
        said = nnc("encode", "-r", tree, "--dry-run", "--json", "-j", "1", "--shard", f"{number}/3")
        found.append(json.loads(said.out.splitlines()[-1])["summary"]["left_out"])
    assert sum(found) == 6


def test_sources_of_one_result_clash_in_a_part(nnc: Nnc, tree: Path) -> None:
    """On different machines each would overwrite the other's."""
    shutil.copy(tree / "a.png", tree / "a.bmp")
    codes = [nnc("encode", "-r", tree, "-o", "out", *QUICK, "--shard", f"{number}/3").code for number in (1, 2, 3)]
    assert sorted(codes) == [0, 0, 1]


def test_a_part_without_files_is_no_failure(nnc: Nnc, tree: Path) -> None:
    shutil.rmtree(tree / "sub folder")
    (tree / "z.PNG").unlink()
    ends = [nnc("encode", "-r", tree, "-o", "out", *QUICK, "--shard", f"{number}/2") for number in (1, 2)]
    assert [end.code for end in ends] == [0, 0]
    assert sum("nnc: no file belongs to this shard" in end.err for end in ends) == 1


def test_a_missing_source_fails_in_every_part(nnc: Nnc, here: Path) -> None:
    """A folder that is not mounted on one of the machines."""
    assert [nnc("encode", "-r", "photos", "--shard", f"{number}/2").code for number in (1, 2)] == [1, 1]


@pytest.mark.parametrize("wrong", ["0/2", "3/2", "1", "1/0", "a/b", "1/2/3", "-1/2", " 1/2"])
def test_what_is_no_part_is_wrong_usage(nnc: Nnc, photo: Path, wrong: str) -> None:
    result = nnc("encode", photo, f"--shard={wrong}")
    assert result.code == 2
    assert "is not one of 1/N to N/N" in result.err
