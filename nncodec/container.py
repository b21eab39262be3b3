"""The .nnc container: sections <-> bytes, as docs/format/container.md lays it out. Standard library only.

:func:`serialize` and :func:`parse` are inverse functions: there is exactly one byte string for each container,
and :func:`parse` accepts no other. The container knows nothing of codecs, pixels or files.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import accumulate
from typing import NamedTuple

from nncodec.errors import CorruptFile, EncodeError, UnsupportedFile
from nncodec.leb128 import read_number, write_number

MAGIC = b"\x8ennc"
"""The high bit of the first byte marks the file as binary; it is not valid UTF-8."""
VERSION = 2
"""Version of the format that is written."""
VERSIONS = (1, 2)
"""Versions that are read."""

MAX_SIDE = 2**24 - 1
"""Largest width or height the header may state."""
MAX_METADATA = 2**24
"""Largest ICC, Exif, XMP or IPTC section, in bytes."""

_LAST = 0x80
_CHECKSUM = struct.Struct("<I")
_COLOUR, _ALPHA, _DEEP = 1, 2, 4


class Kind(IntEnum):
    """Section kinds, in file order. Odd kinds are ancillary: a decoder that does not know one skips it."""

    ICC = 0x03
    PAYLOAD = 0x10
    ALPHA = 0x12
    LAYER = 0x14
    RESTORER = 0x16
    EXIF = 0x21
    XMP = 0x23
    IPTC = 0x25


KIND_NAMES = {int(kind): kind.name.lower() for kind in Kind}
_REPEATABLE = {Kind.LAYER, Kind.RESTORER}
_METADATA = {Kind.ICC, Kind.EXIF, Kind.XMP, Kind.IPTC}


class Section(NamedTuple):
    """One section: its kind (1 to 127) and its bytes, whose meaning the kind defines."""

    kind: int
    data: bytes

    @property
    def name(self) -> str:
        """The kind's name, or ``unknown-N``."""
        return KIND_NAMES.get(self.kind, f"unknown-{self.kind}")


@dataclass(frozen=True)
class Header:
    """The header of a file: codec, size and sample format of the picture."""

    codec: int
    """Wire number of the codec, 1 to 255."""
    width: int
    height: int
    colour: bool
    """Three channels (RGB) if true, one (gray) if not."""
    alpha: bool = False
    depth: int = 8
    """Bits per sample of the colour channels: 8 or 16."""
    version: int = VERSION
    """Version of the format that the file keeps to."""


@dataclass(frozen=True)
class Container:
    """A header and its sections, in ascending order of kind."""

    header: Header
    sections: tuple[Section, ...] = field(default_factory=tuple)

    def get(self, kind: int) -> bytes | None:
        """The bytes of the first section of this kind, or None."""
        return next((s.data for s in self.sections if s.kind == kind), None)

    def all(self, kind: int) -> list[bytes]:
        """The bytes of every section of this kind, in file order."""
        return [s.data for s in self.sections if s.kind == kind]

    @property
    def payload(self) -> bytes:
        """The codec's payload (every parsed container has one)."""
        return self.all(Kind.PAYLOAD)[0]

    def ends(self) -> list[int]:
        """The end of each section, as an offset in the file; cut there, the file is sound up to that section."""
        framed = (1 + len(write_number(len(s.data))) + len(s.data) + _CHECKSUM.size for s in self.sections)
        return list(accumulate(framed, initial=len(_header_bytes(self.header))))[1:]

    def binding(self) -> int:
        """CRC-32 of payload and layers, which a restorer section repeats: it is bound to them."""
        crc = 0
        for section in self.sections:
            if section.kind in (Kind.PAYLOAD, Kind.LAYER):
                crc = zlib.crc32(section.data, crc)
        return crc


class Span(NamedTuple):
    """A section, and the number of bytes that frame its content."""

    section: Section
    framing: int
    """Bytes of tag, length and checksum."""


def serialize(container: Container) -> bytes:
    """Write a container: the one byte string that stands for it.

    Raises EncodeError if the container breaks a rule of the format.
    """
    problem = _problem(container)
    if problem is not None:
        raise EncodeError(f"not a valid container: {problem}")
    covered = _header_bytes(container.header)
    out, crc = [covered], zlib.crc32(covered)
    for index, section in enumerate(container.sections, start=1):
        last = _LAST if index == len(container.sections) else 0
        head = bytes([section.kind | last]) + write_number(len(section.data))
        crc = zlib.crc32(section.data, zlib.crc32(head, crc))
        out += [head, section.data, _CHECKSUM.pack(crc)]
    return b"".join(out)


def parse(data: bytes) -> Container:
    """Read a whole file.

    Raises CorruptFile if it is damaged, cut short or not spelled as docs/format/container.md demands, and
    UnsupportedFile if it needs a newer reader.
    """
    header, spans = _read(data)
    return _checked(Container(header, tuple(span.section for span in spans)))


def parse_prefix(data: bytes) -> tuple[Container, bool]:
    """Read the whole, undamaged sections at the start of a file; the flag is True if that is the whole file.

    Raises as :func:`parse` does if not even header and payload are whole.
    """
    header, spans = _read(data)
    sections: list[Section] = []
    complete = True
    try:
        sections.extend(span.section for span in spans)
    except CorruptFile:
        complete = False
        if not any(s.kind == Kind.PAYLOAD for s in sections):
            raise
    return _checked(Container(header, tuple(sections)), complete=complete), complete


def read_header(prefix: bytes) -> Header:
    """Read the header alone, from the first bytes of a file (32 always suffice). Its checksum is not verified."""
    cursor = _Cursor(prefix)
    header = cursor.header()
    cursor.check_reserved()
    return header


def breakdown(data: bytes) -> list[Span]:
    """The sections of a file, each with the bytes that frame it. Raises CorruptFile for damaged ones."""
    return list(_read(data)[1])


class _Cursor:
    """A position in a file, and the running checksum of what lies before it."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.crc = data, 0, 0
        self.reserved = 0

    def take(self, n: int) -> bytes:
        """The next ``n`` bytes, which count towards the checksum."""
        if n > len(self.data) - self.at:
            raise CorruptFile(f"file ends early: {n} bytes expected at offset {self.at}, {len(self.data)} in all")
        piece = self.data[self.at : self.at + n]
        self.at += n
        self.crc = zlib.crc32(piece, self.crc)
        return piece

    def number(self) -> int:
        """The next LEB128 number."""
        value, end = read_number(self.data, self.at)
        self.take(end - self.at)
        return value

    def check(self) -> None:
        """Compare the next four bytes, which do not count themselves, with the checksum of all before."""
        expected, at = self.crc, self.at
        if _CHECKSUM.unpack(self.take(4))[0] != expected:
            raise CorruptFile(f"checksum mismatch at offset {at}")
        self.crc = expected

    def header(self) -> Header:
        """The header. Its reserved bits are kept for :meth:`check_reserved`, after the checksum."""
        if not self.data:
            raise CorruptFile("the file is empty")
        if not self.data.startswith(MAGIC):
            raise CorruptFile("not an .nnc file")
        self.take(len(MAGIC))
        version = self.take(1)[0]
        if version not in VERSIONS:
            known = " and ".join(map(str, VERSIONS))
            raise UnsupportedFile(f"format version {version}; this nnc reads {known}", "the file may need a newer nnc")
        codec, mode = self.take(2)
        width, height = self.number(), self.number()
        self.reserved = mode & ~(_COLOUR | _ALPHA | _DEEP)
        depth = 16 if mode & _DEEP else 8
        return Header(codec, width, height, bool(mode & _COLOUR), bool(mode & _ALPHA), depth, version)

    def check_reserved(self) -> None:
        """Refuse picture modes of a later format."""
        if self.reserved:
            raise UnsupportedFile(f"unknown picture mode bits {self.reserved:#04x}", "the file may need a newer nnc")


def _read(data: bytes) -> tuple[Header, Iterator[Span]]:
    """The header, and the sections one by one, each after its checksum was verified."""
    cursor = _Cursor(data)
    return cursor.header(), _sections(cursor)


def _sections(cursor: _Cursor) -> Iterator[Span]:
    last = False
    while not last:
        start = cursor.at
        tag = cursor.take(1)[0]
        content = cursor.take(cursor.number())
        cursor.check()
        cursor.check_reserved()
        last = bool(tag & _LAST)
        yield Span(Section(tag & ~_LAST, content), cursor.at - start - len(content))
    if cursor.at != len(cursor.data):
        raise CorruptFile(f"{len(cursor.data) - cursor.at} bytes after the last section")


def _checked(container: Container, *, complete: bool = True) -> Container:
    """Return a container whose checksums were right if it keeps the format's rules and needs nothing newer."""
    for section in container.sections:
        if _is_foreign(section.kind):
            raise UnsupportedFile(f"unknown critical section {section.kind}", "the file may need a newer nnc")
    problem = _problem(container, complete=complete)
    if problem is not None:
        raise CorruptFile(problem)
    return container


def _problem(container: Container, *, complete: bool = True) -> str | None:
    """The first rule of docs/format/container.md that the container breaks, or None."""
    return _header_problem(container.header) or _sections_problem(container, complete)


def _is_foreign(kind: int) -> bool:
    """A critical section of a later format (odd kinds may be skipped, 0 is not a kind)."""
    return kind not in KIND_NAMES and kind % 2 == 0 and kind > 0


def _header_problem(header: Header) -> str | None:
    if header.version not in VERSIONS:
        return f"format version {header.version}"
    if not 1 <= header.codec <= 255:
        return f"codec number {header.codec}"
    if not (1 <= header.width <= MAX_SIDE and 1 <= header.height <= MAX_SIDE):
        return f"picture size {header.width} x {header.height}"
    if header.depth not in (8, 16):
        return f"bit depth {header.depth}"
    if header.depth == 16 and (header.colour or header.alpha):
        return "16 bits per sample, but not plain gray"
    return None


def _sections_problem(container: Container, complete: bool) -> str | None:
    kinds = [s.kind for s in container.sections]
    for kind in kinds:
        if not 1 <= kind <= 127 or _is_foreign(kind):
            return f"section of kind {kind}"
    for before, after in zip(kinds, kinds[1:], strict=False):
        if after < before or (after == before and after not in _REPEATABLE):
            return f"section {after} after section {before}"
    if Kind.PAYLOAD not in kinds:
        return "no payload"
    if Kind.ALPHA in kinds and not container.header.alpha:
        return "an alpha section, but the header says there is no alpha"
    if complete and container.header.alpha and Kind.ALPHA not in kinds:
        return "no alpha section, but the header says there is alpha"
    for section in container.sections:
        if section.kind in _METADATA and not 0 < len(section.data) <= MAX_METADATA:
            return f"{section.name} section of {len(section.data)} bytes"
    return None


def _header_bytes(header: Header) -> bytes:
    mode = header.colour * _COLOUR | header.alpha * _ALPHA | (header.depth == 16) * _DEEP
    start = MAGIC + bytes([header.version, header.codec, mode])
    return start + write_number(header.width) + write_number(header.height)
