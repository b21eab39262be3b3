"""The result table: rows survive it unchanged, and it survives being cut off."""

import dataclasses
import math
from pathlib import Path

import pytest

from nncodec.bench.results_tsv import COLUMNS, MAGIC, Appender, Key, Row, printable, read
from nncodec.errors import CorruptFile

PLAIN = Row(
    codec="avif",
    quality=32.5,
    effort=8,
    device="cpu",
    restore="none",
    set="kodak",
    image="a/kodim01.png",
    width=768,
    height=512,
    bytes=12345,
    bpp=0.25116,
    psnr=33.25,
    psnr_y=34.5,
    ssim=0.9125,
    ms_ssim=0.96875,
    encode_s=None,
    decode_s=None,
    encode_cpu_s=None,
    decode_cpu_s=None,
    reps=None,
    threads=None,
    encode_mib=None,
    decode_mib=None,
    version="0.1.0",
)
TIMED = dataclasses.replace(
    PLAIN,
    encode_s=1.5,
    decode_s=0.02,
    encode_cpu_s=1.25,
    decode_cpu_s=0.01,
    reps=5,
    threads=1,
    encode_mib=61.5,
    decode_mib=40.0,
    psnr=math.inf,
)


def write(path: Path, *rows: Row, comments: tuple[str, ...] = ("nnc 0.1",)) -> None:
    with Appender(path, comments) as table:
        for row in rows:
            table.add(row)


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    write(tmp_path / "t.tsv", PLAIN, TIMED)
    table = read(tmp_path / "t.tsv")
    assert table.rows == (PLAIN, TIMED)
    assert table.comments == ("nnc 0.1",)


def test_the_file_is_plain_tsv(tmp_path: Path) -> None:
    write(tmp_path / "t.tsv", PLAIN)
    lines = (tmp_path / "t.tsv").read_text().split("\n")
    assert lines[:3] == [MAGIC, "\t".join(COLUMNS), "# nnc 0.1"]
    assert lines[3].split("\t")[:6] == ["avif", "32.5", "8", "cpu", "none", "kodak"]
    assert lines[4:] == [""]


def test_any_cut_leaves_the_rows_before_it_and_the_next_run_repairs_it(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.tsv", tmp_path / "cut.tsv"
    other = dataclasses.replace(PLAIN, image="b.png")
    write(whole, PLAIN, other)
    data = whole.read_bytes()
    for length in range(len(MAGIC) + 1, len(data)):
        cut.write_bytes(data[:length])
        expected = (PLAIN, other)[: data[:length].count(b"\navif")] if data[:length].endswith(b"\n") else None
        if expected is not None:
            assert read(cut).rows == expected
        with Appender(cut, ["nnc 0.1"]) as table:
            for row in (PLAIN, other):
                if row.key not in table.done:
                    table.add(row)
        assert cut.read_bytes() == data, f"cut at {length}"


def test_a_torn_last_line_is_not_a_row(tmp_path: Path) -> None:
    write(tmp_path / "t.tsv", PLAIN, dataclasses.replace(PLAIN, image="b.png"))
    data = (tmp_path / "t.tsv").read_bytes()
    (tmp_path / "t.tsv").write_bytes(data[:-1])  # complete but for its end: it may still be cut short
    assert read(tmp_path / "t.tsv").rows == (PLAIN,)


def test_appending_again_keeps_rows_and_repeats_no_comment(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    write(path, PLAIN)
    write(path, TIMED)
    write(path, dataclasses.replace(PLAIN, codec="webp"), comments=("nnc 0.2",))
    table = read(path)
    assert [row.codec for row in table.rows] == ["avif", "avif", "webp"]
    assert table.comments == ("nnc 0.1", "nnc 0.2")
    assert path.read_text().count("# nnc 0.1") == 1


def test_the_last_of_two_rows_with_one_key_counts(tmp_path: Path) -> None:
    write(tmp_path / "t.tsv", PLAIN, dataclasses.replace(PLAIN, bytes=99))
    assert [row.bytes for row in read(tmp_path / "t.tsv").rows] == [99]


def test_timed_and_untimed_are_two_measurements() -> None:
    assert PLAIN.key != TIMED.key


@pytest.mark.parametrize(
    "content", [b"", b"codec\tquality\n", b"\x89PNG\r\n", b"# nnc bench 2\n", MAGIC.encode(), b"\xff\xfe"]
)
def test_other_files_are_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.tsv"
    path.write_bytes(content)
    with pytest.raises(CorruptFile, match=r"t\.tsv is not a table"):
        read(path)
    if content:
        with pytest.raises(CorruptFile):
            Appender(path, [])
        assert path.read_bytes() == content


@pytest.mark.parametrize(("column", "text"), [("bytes", "12.5"), ("psnr", "good"), ("quality", ""), ("effort", "x")])
def test_a_damaged_field_is_named(tmp_path: Path, column: str, text: str) -> None:
    path = tmp_path / "t.tsv"
    write(path, PLAIN)
    lines = path.read_text().split("\n")
    fields = lines[3].split("\t")
    fields[COLUMNS.index(column)] = text
    lines[3] = "\t".join(fields)
    path.write_text("\n".join(lines))
    with pytest.raises(CorruptFile, match=f"t.tsv, line 4: '{text}' is no {column}"):
        read(path)


def test_a_row_with_a_field_too_few_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    write(path, PLAIN)
    path.write_text(path.read_text().replace("\tcpu", ""))
    with pytest.raises(CorruptFile, match="line 4: 23 fields, 24"):
        read(path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a\tb\nc\r.png", "a\\tb\\nc\\r.png"),
        ("\u00e4\u4e2d.png", "\u00e4\u4e2d.png"),
        ("bad\udcff.png", "bad\\udcff.png"),
        ("back\\slash", "back\\\\slash"),
    ],
)
def test_names_that_would_break_a_line_are_escaped(tmp_path: Path, name: str, expected: str) -> None:
    assert printable(name) == expected
    row = dataclasses.replace(PLAIN, image=printable(name))
    write(tmp_path / "t.tsv", row)
    assert read(tmp_path / "t.tsv").rows == (row,)


# --- perceptual measures ----------------------------------------------------------------------------------------------


def measured(row: Row, **measures: float) -> Row:
    return dataclasses.replace(row, measures=measures)


def append(path: Path, measures: tuple[str, ...], *rows: Row) -> frozenset[Key]:
    with Appender(path, [], measures) as table:
        for row in rows:
            table.add(row)
        return table.done


def test_measures_are_columns_after_the_others(tmp_path: Path) -> None:
    row = measured(PLAIN, gmsd=0.0625, ssimulacra2=-12.5)
    append(tmp_path / "t.tsv", ("ssimulacra2", "gmsd"), row)
    lines = (tmp_path / "t.tsv").read_text().split("\n")
    assert lines[1].split("\t") == [*COLUMNS, "ssimulacra2", "gmsd"]
    assert lines[2].split("\t")[len(COLUMNS) :] == ["-12.500000", "0.062500"]
    assert read(tmp_path / "t.tsv").rows == (row,)


def test_a_table_without_measures_takes_rows_with_some(tmp_path: Path) -> None:
    """Its own rows stay as they are, and do not count as done for the measures that they lack."""
    path = tmp_path / "t.tsv"
    write(path, PLAIN, TIMED)
    before = path.read_bytes()
    row = measured(dataclasses.replace(PLAIN, image="b.png"), gmsd=0.25)
    assert append(path, ("gmsd",), row) == frozenset()
    assert path.read_bytes().startswith(before)
    assert read(path).rows == (PLAIN, TIMED, row)
    assert append(path, ("gmsd",)) == {row.key}
    assert append(path, ()) == {PLAIN.key, TIMED.key, row.key}
    assert path.read_text().count("codec\t") == 2


def test_measures_of_the_same_file_add_up(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    append(path, ("gmsd", "haarpsi"), measured(PLAIN, gmsd=0.25, haarpsi=0.5))
    append(path, ("ssimulacra2", "gmsd"), measured(PLAIN, ssimulacra2=70.0, gmsd=0.125))
    assert read(path).rows == (measured(PLAIN, gmsd=0.125, haarpsi=0.5, ssimulacra2=70.0),)
    assert read(path).measures == ("gmsd", "haarpsi", "ssimulacra2")


def test_measures_of_another_file_do_not_outlive_it(tmp_path: Path) -> None:
    changed = dataclasses.replace(PLAIN, bytes=99)
    append(tmp_path / "t.tsv", ("gmsd",), measured(PLAIN, gmsd=0.25), changed)
    assert read(tmp_path / "t.tsv").rows == (changed,)


def test_a_damaged_measure_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    append(path, ("gmsd",), measured(PLAIN, gmsd=0.25))
    path.write_text(path.read_text().replace("0.250000\n", "good\n"))
    with pytest.raises(CorruptFile, match=r"t\.tsv, line 3: 'good' is no gmsd"):
        read(path)
