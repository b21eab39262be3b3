"""Files of results: one TSV row per picture, codec and quality, appended whole, readable at any moment.

Lines that start with ``#`` say how the rows after them were made: versions, machine, settings. A line of names says
which columns the rows after it have: those of ``COLUMNS``, then any number of measures. It comes again where a run
measures something new. A run that was cut off leaves at most one torn last line, which readers ignore and the next run
removes.
"""

import dataclasses
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from nncodec.errors import CorruptFile

MAGIC = "# nnc bench 1"
LIGHT = " light"
"""End of `Row.restore` where light weights were used."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One encoding of one picture. Times and memory are None unless the row comes from a timing pass."""

    codec: str
    quality: float
    effort: int
    device: str
    restore: str
    """``none``, ``auto``, or the name of a restorer, as in ``nnc encode --restore``; then `LIGHT` if so encoded."""
    set: str
    """Name of the folder the picture is in."""
    image: str
    """Path of the picture inside that folder, with ``/``."""
    width: int
    height: int
    bytes: int
    """Size of the whole .nnc file."""
    bpp: float
    """Bits of the file per pixel."""
    psnr: float
    """Over all samples of R, G and B, in dB; ``inf`` if nothing was lost."""
    psnr_y: float
    ssim: float
    ms_ssim: float
    encode_s: float | None = None
    """Seconds from pixels to bytes, median of the repetitions."""
    decode_s: float | None = None
    """Seconds from bytes to pixels, median of the repetitions."""
    encode_cpu_s: float | None = None
    """Processor seconds of encoding, over all threads; unlike time, hardly longer on a busy machine."""
    decode_cpu_s: float | None = None
    reps: int | None = None
    threads: int | None = None
    encode_mib: float | None = None
    """Largest memory of a fresh process that encodes this picture, everything it imports included, in MiB."""
    decode_mib: float | None = None
    version: str
    """Version of nnc."""
    measures: Mapping[str, float] = field(default_factory=dict, hash=False)
    """Values of the perceptual measures that were asked for, by their names."""

    @property
    def configuration(self) -> "Configuration":
        """The codec and its settings, but for the quality."""
        return (self.codec, self.effort, self.device, self.restore)

    @property
    def key(self) -> "Key":
        """The identity of a measurement: two rows with one key are the same measurement."""
        return (*self.configuration, self.quality, self.set, self.image, self.encode_s is not None)


Configuration = tuple[str, int, str, str]
"""Codec, effort, device and restorer."""
Key = tuple[str, int, str, str, float, str, str, bool]
"""Configuration, quality, set, image, and True if it was timed."""

COLUMNS = tuple(field.name for field in dataclasses.fields(Row) if field.name != "measures")
"""The columns of every table, in order."""
_MEASURE_DECIMALS = 6
_DECIMALS = {"bpp": 6, "psnr": 4, "psnr_y": 4, "ssim": 6, "ms_ssim": 6, "encode_mib": 1, "decode_mib": 1}
_DECIMALS |= {"encode_s": 5, "decode_s": 5, "encode_cpu_s": 5, "decode_cpu_s": 5}
_INTEGERS = frozenset({"effort", "width", "height", "bytes", "reps", "threads"})
_TEXTS = frozenset({"codec", "device", "restore", "set", "image", "version"})
_OPTIONAL = frozenset(
    {"encode_s", "decode_s", "encode_cpu_s", "decode_cpu_s", "reps", "threads", "encode_mib", "decode_mib"}
)


@dataclass(frozen=True)
class Results:
    """The contents of a file of results."""

    rows: tuple[Row, ...]
    comments: tuple[str, ...]
    """The comment lines, each once, without ``#``."""
    measures: tuple[str, ...] = ()
    """The columns of measures that the last rows have."""


def without_light(restore: str) -> tuple[str, bool]:
    """`Row.restore` as ``nnc encode --restore`` takes it, and whether light weights are meant."""
    return restore.removesuffix(LIGHT), restore.endswith(LIGHT)


def printable(name: str) -> str:
    """A file name as it is written in a row: tabs, line breaks and bytes that are no UTF-8 become escapes."""
    for character in "\\\t\r\n":
        name = name.replace(character, character.encode("unicode_escape").decode())
    return name.encode("utf-8", "backslashreplace").decode()


def read(path: Path) -> Results:
    """Read a file of results. Raises CorruptFile if it is none or a whole line is damaged; a torn last line is ignored.

    Where several rows have one key, ``later`` says what counts.
    """
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError:
        raise CorruptFile(f"{path.name} is not a table of nnc bench") from None
    lines = text.split("\n")
    if not text.startswith(MAGIC + "\n"):
        raise CorruptFile(f"{path.name} is not a table of nnc bench")
    rows: dict[Key, Row] = {}
    comments: dict[str, None] = {}
    columns = COLUMNS
    for number, line in enumerate(lines[1:-1], 2):  # after the last line end comes nothing, or a torn line
        fields = line.split("\t")
        if line.startswith("#"):
            comments[line[1:].strip()] = None
        elif tuple(fields[: len(COLUMNS)]) == COLUMNS:
            columns = tuple(fields)
        else:
            row = _parse(fields, columns, f"{path.name}, line {number}")
            rows[row.key] = later(rows.get(row.key), row)
    return Results(tuple(rows.values()), tuple(comments), columns[len(COLUMNS) :])


def later(before: Row | None, row: Row) -> Row:
    """The row that counts of two with one key: the later one, with the measures that the earlier one has besides.

    These are kept only if both are of the same file and the same decoded picture, as far as size and PSNR tell.
    """
    if before is None or (before.bytes, before.psnr) != (row.bytes, row.psnr):
        return row
    return dataclasses.replace(row, measures={**before.measures, **row.measures})


class Appender:
    """Appends rows to a file of results; every row reaches the file in one write, so the file is valid at any moment.

    ::

        with Appender(path, ["nnc 0.1"]) as rows:
            rows.add(row)

    ``measures`` are the perceptual measures that rows will have. Raises CorruptFile if the file exists and holds
    anything else. ``done`` holds the keys it already has with all of these measures.
    """

    def __init__(self, path: Path, comments: Iterable[str], measures: Iterable[str] = ()) -> None:
        before = Results((), ())
        if path.exists() and path.stat().st_size:
            _cut_torn_line(path)
            before = read(path)
        self.done = frozenset(row.key for row in before.rows if row.measures.keys() >= set(measures))
        new = [name for name in measures if name not in before.measures]
        self._measures = (*before.measures, *new)
        self._handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        size = path.stat().st_size
        if size <= len(MAGIC) + 1 or new:
            self._write(("" if size else MAGIC + "\n") + "\t".join((*COLUMNS, *self._measures)))
        for comment in comments:
            if comment not in before.comments:
                self._write(f"# {comment}")

    def add(self, row: Row) -> None:
        """Append one row."""
        fields = [_format(name, getattr(row, name)) for name in COLUMNS]
        values = (row.measures.get(name) for name in self._measures)
        fields += ["" if value is None else f"{value:.{_MEASURE_DECIMALS}f}" for value in values]
        self._write("\t".join(fields))

    def _write(self, line: str) -> None:
        os.write(self._handle, (line + "\n").encode())

    def __enter__(self) -> "Appender":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._handle)


def _cut_torn_line(path: Path) -> None:
    """Remove a last line without its end, and nothing from a file that is not ours."""
    data = path.read_bytes()
    if data.startswith(f"{MAGIC}\n".encode()) and not data.endswith(b"\n"):
        os.truncate(path, data.rindex(b"\n") + 1)


def _parse(fields: list[str], columns: tuple[str, ...], place: str) -> Row:
    if len(fields) != len(columns):
        raise CorruptFile(f"{place}: {len(fields)} fields, {len(columns)} are expected")
    values: dict[str, object] = {}
    measures: dict[str, float] = {}
    for name, text in zip(columns, fields, strict=True):
        try:
            if name in COLUMNS:
                values[name] = _value(name, text)
            elif text:
                measures[name] = float(text)
        except ValueError:
            raise CorruptFile(f"{place}: {text!r} is no {name}") from None
    return Row(**values, measures=measures)  # type: ignore[arg-type]


def _value(name: str, text: str) -> object:
    if name in _TEXTS:
        return text
    if not text and name in _OPTIONAL:
        return None
    return int(text) if name in _INTEGERS else float(text)


def _format(name: str, value: object) -> str:
    if value is None:
        return ""
    if name in _DECIMALS:
        return f"{value:.{_DECIMALS[name]}f}"
    return str(value).removesuffix(".0") if name == "quality" else str(value)
