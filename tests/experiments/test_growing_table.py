"""experiments/growing_table.py: rows are added once, behind a header, and found again by a later run."""

from pathlib import Path

import pytest

from tests.experiments import scripts


def table_at(path: Path):
    return scripts.load("growing_table").GrowingTable(path, ("picture", "effort", "bytes"), 2)


def test_a_new_table_has_its_header_and_no_rows(tmp_path: Path) -> None:
    assert not table_at(tmp_path / "t.tsv").has(("a", "5"))
    assert (tmp_path / "t.tsv").read_text() == "picture\teffort\tbytes\n"


def test_rows_are_found_by_their_first_columns_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table_at(tmp_path / "t.tsv").add(("a", "5"), [1234])
    later = table_at(tmp_path / "t.tsv")
    assert later.has(("a", "5"))
    assert not later.has(("a", "7"))
    assert not later.has(("a", "5", "1234"))
    assert capsys.readouterr().out == "a 5 1234\n"
    assert (tmp_path / "t.tsv").read_text().splitlines()[1:] == ["a\t5\t1234"]


def test_rows_may_be_added_to_a_new_file_at_once(tmp_path: Path) -> None:
    table_at(tmp_path / "t.tsv").add(("b", "7"), ["9"])
    assert (tmp_path / "t.tsv").read_text().splitlines() == ["picture\teffort\tbytes", "b\t7\t9"]
