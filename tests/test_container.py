"""The container: inverse functions, one spelling, every cut and flip noticed, nothing but our own errors."""

import contextlib
import tracemalloc
import zlib
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nncodec.container import (
    MAX_METADATA,
    MAX_SIDE,
    Container,
    Header,
    Kind,
    Section,
    breakdown,
    parse,
    parse_prefix,
    read_header,
    serialize,
)
from nncodec.errors import CorruptFile, EncodeError, LimitExceeded, NncError, UnsupportedFile
from nncodec.pipeline import decode, inspect
from tests.damage import Part, build, head, leb128, offsets, repair, take_apart

GRAY = Header(1, 5, 3, colour=False)
BIG = Container(
    Header(4, 768, 512, colour=True, alpha=True),
    (
        Section(Kind.ICC, b"colours"),
        Section(Kind.PAYLOAD, bytes(range(200))),
        Section(Kind.ALPHA, b"\xff"),
        Section(Kind.LAYER, b"first"),
        Section(Kind.LAYER, b""),
        Section(Kind.RESTORER, b"\x01\x00\x00\x00\x00!"),
        Section(Kind.EXIF, b"MM\x00*"),
        Section(Kind.XMP, b"<x/>"),
        Section(0x41, b"of a later version"),
    ),
)
SMALL = Container(GRAY, (Section(Kind.PAYLOAD, b"payload"),))
DEEP = Container(Header(3, 300, 1, colour=False, depth=16), (Section(Kind.PAYLOAD, b""), Section(Kind.XMP, b"<x/>")))


def one(*sections: tuple[int, bytes], header: Header = GRAY) -> Container:
    """A container of these sections."""
    return Container(header, tuple(Section(*section) for section in sections))


@st.composite
def headers(draw: st.DrawFn) -> Header:
    side = st.one_of(st.integers(1, MAX_SIDE), st.sampled_from([1, 127, 128, 16383, 16384, MAX_SIDE]))
    codec, width, height = draw(st.integers(1, 255)), draw(side), draw(side)
    if draw(st.booleans()):
        header = Header(codec, width, height, colour=False, depth=16)
    else:
        header = Header(codec, width, height, colour=draw(st.booleans()), alpha=draw(st.booleans()))
    return replace(header, version=draw(st.sampled_from([1, 2])))


@st.composite
def containers(draw: st.DrawFn) -> Container:
    header, content = draw(headers()), st.binary(max_size=150)
    filled = st.binary(min_size=1, max_size=150)
    found = [(Kind.PAYLOAD, draw(content))]
    found += [(kind, draw(filled)) for kind in (Kind.ICC, Kind.EXIF, Kind.XMP, Kind.IPTC) if draw(st.booleans())]
    found += [(Kind.ALPHA, draw(content))] if header.alpha else []
    found += [(kind, data) for kind in (Kind.LAYER, Kind.RESTORER) for data in draw(st.lists(content, max_size=3))]
    unknown = st.sampled_from([1, 5, 0x11, 0x27, 0x7F])
    found += [(kind, draw(content)) for kind in draw(st.sets(unknown, max_size=2))]
    found.sort(key=lambda section: section[0])
    return one(*found, header=header)


# --- the bytes themselves -------------------------------------------------------------------------------------------


def test_a_container_is_these_bytes() -> None:
    """Written by hand from docs/format/container.md; the checksums are those of the zlib command line."""
    header = Header(4, 200, 3, colour=True, alpha=True)
    container = one((Kind.PAYLOAD, b"abc"), (Kind.ALPHA, b"\x80"), header=header)
    expected = bytes.fromhex(
        "8e6e6e63 02 04 03 c801 03"  # magic, version, codec, mode, 200 x 3
        "10 03 616263 ccf922c1"  # payload
        "92 01 80 1873de7d"  # alpha, the last
    )
    assert serialize(container).hex(" ") == expected.hex(" ")


def test_a_container_of_version_1_is_these_bytes() -> None:
    """As above, with the version of its first files."""
    header = Header(4, 200, 3, colour=True, alpha=True, version=1)
    container = one((Kind.PAYLOAD, b"abc"), (Kind.ALPHA, b"\x80"), header=header)
    expected = bytes.fromhex("8e6e6e63 01 04 03 c801 03  10 03 616263 cd9fc058  92 01 80 c356bf01")
    assert serialize(container).hex(" ") == expected.hex(" ")
    assert parse(expected) == container


def test_a_768_x_512_picture_costs_at_most_20_bytes() -> None:
    for n_bytes in (100, 5_000, 300_000, 3_000_000):
        container = one((Kind.PAYLOAD, bytes(n_bytes)), header=Header(5, 768, 512, colour=True))
        assert len(serialize(container)) - n_bytes <= 20


# --- inverse functions ----------------------------------------------------------------------------------------------


@given(containers())
@example(BIG)
@example(SMALL)
@example(DEEP)
def test_parse_undoes_serialize(container: Container) -> None:
    assert parse(serialize(container)) == container


def spellings(value: int) -> st.SearchStrategy[bytes]:
    """Spellings of a number: most are right, some too long, some cut."""
    right = st.just(leb128(value))
    return st.one_of(right, right, st.integers(1, 4).map(lambda n: leb128(value, padding=n)), st.binary(max_size=6))


@st.composite
def almost_files(draw: st.DrawFn) -> bytes:
    """Valid files with up to two fields changed, the checksums right all the same."""
    container = draw(containers())
    header, parts = take_apart(serialize(container))
    sides = [leb128(container.header.width), leb128(container.header.height)]
    start, tail = bytearray(header[:7]), b""
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(parts) - 1))
        match draw(st.sampled_from(["field", "side", "tag", "length", "swap", "repeat", "drop", "tail"])):
            case "field":
                start[draw(st.integers(5, 6))] = draw(st.integers(0, 255))
            case "side":
                sides[at % 2] = draw(st.integers(0, 2**25).flatmap(spellings))
            case "tag":
                parts[at] = parts[at]._replace(tag=draw(st.integers(0, 255)))
            case "length":
                parts[at] = parts[at]._replace(length=draw(spellings(len(parts[at].data))))
            case "swap":
                parts[at], parts[0] = parts[0], parts[at]
            case "repeat":
                parts.insert(at, parts[at])
            case "drop" if len(parts) > 1:
                del parts[at]
            case "tail":
                tail = draw(st.binary(max_size=3))
    return build(bytes(start) + b"".join(sides), parts) + tail


@given(almost_files())
def test_whatever_parse_accepts_serialize_writes_back(data: bytes) -> None:
    try:
        container = parse(data)
    except (CorruptFile, UnsupportedFile):
        return
    assert serialize(container) == data


@given(st.binary(max_size=60))
def test_one_spelling_only(tail: bytes) -> None:
    for start in (head()[:5], head(), head() + b"\x90"):
        data = repair(start + tail)
        try:
            container = parse(data)
        except NncError:
            continue
        assert serialize(container) == data


def test_the_strategy_reaches_what_it_should() -> None:
    """The helpers above build files the reader takes, or the two tests before this one would show nothing."""
    for container in (BIG, SMALL, DEEP):
        data = serialize(container)
        assert build(*take_apart(data)) == data
        assert repair(data[:-1] + bytes([data[-1] ^ 1])) == data


# --- damage ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("container", [BIG, SMALL, DEEP])
def test_every_cut_is_noticed(container: Container) -> None:
    data = serialize(container)
    for end in range(len(data)):
        with pytest.raises(CorruptFile):
            parse(data[:end])


@pytest.mark.parametrize("container", [BIG, SMALL, DEEP])
def test_every_flipped_bit_is_noticed(container: Container) -> None:
    data = serialize(container)
    for bit in range(8 * len(data)):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises((CorruptFile, UnsupportedFile)):
            parse(bytes(damaged))


@given(containers(), st.data())
def test_any_cut_and_any_flip_is_noticed(container: Container, data: st.DataObject) -> None:
    whole = serialize(container)
    with pytest.raises(NncError):
        parse(whole[: data.draw(st.integers(0, len(whole) - 1))])
    damaged = bytearray(whole)
    damaged[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(NncError):
        parse(bytes(damaged))


def test_neighbouring_bytes_swapped_are_noticed() -> None:
    data = serialize(BIG)
    for at in range(len(data) - 1):
        if data[at] != data[at + 1]:
            with pytest.raises((CorruptFile, UnsupportedFile)):
                parse(data[:at] + data[at + 1 : at + 2] + data[at : at + 1] + data[at + 2 :])


def test_sections_of_another_file_are_noticed() -> None:
    """A section is bound to all before it: the header, too."""
    ours, other = serialize(BIG), serialize(Container(Header(5, 768, 512, True, True), BIG.sections))
    cut = offsets(ours)[1]
    with pytest.raises(CorruptFile, match="checksum"):
        parse(ours[:cut] + other[cut:])


@pytest.mark.parametrize("container", [BIG, SMALL, DEEP])
def test_a_prefix_holds_the_whole_sections_before_the_cut(container: Container) -> None:
    data = serialize(container)
    ends = offsets(data)
    payload_end = ends[[s.kind for s in container.sections].index(Kind.PAYLOAD)]
    for end in range(len(data) + 1):
        if end < payload_end:
            with pytest.raises(CorruptFile):
                parse_prefix(data[:end])
            continue
        found, complete = parse_prefix(data[:end])
        assert found == Container(container.header, container.sections[: sum(e <= end for e in ends)])
        assert complete == (end == len(data))


def test_a_prefix_ends_before_the_first_damaged_section() -> None:
    data = serialize(BIG)
    ends = offsets(data)
    for index in range(2, len(ends)):
        damaged = bytearray(data)
        damaged[ends[index] - 1] ^= 1
        found, complete = parse_prefix(bytes(damaged))
        assert (found.sections, complete) == (BIG.sections[:index], False)


def test_a_prefix_of_a_file_with_something_after_it_is_the_whole_file() -> None:
    found, complete = parse_prefix(serialize(SMALL) + b"\0")
    assert (found, complete) == (SMALL, False)


@given(st.binary(max_size=200))
def test_nothing_but_our_errors_comes_out(data: bytes) -> None:
    for candidate in (data, head()[:5] + data, repair(head()[:5] + data), repair(head() + data)):
        for reader in (parse, parse_prefix, read_header, breakdown, inspect, decode):
            with contextlib.suppress(NncError):
                reader(candidate)


# --- the rules one by one -------------------------------------------------------------------------------------------

PAYLOAD = Part(0x90, b"x")


@pytest.mark.parametrize(
    ("data", "error"),
    [
        pytest.param(b"", CorruptFile, id="nothing"),
        pytest.param(b"\x89PNG\r\n\x1a\n", CorruptFile, id="another format"),
        pytest.param(build(head(codec=0), [PAYLOAD]), CorruptFile, id="codec 0"),
        pytest.param(build(head(version=3), [PAYLOAD]), UnsupportedFile, id="a later version"),
        pytest.param(head(version=3)[:5], UnsupportedFile, id="a later version, nothing after it"),
        pytest.param(build(head(version=0), [PAYLOAD]), UnsupportedFile, id="version 0"),
        pytest.param(build(head(width=0), [PAYLOAD]), CorruptFile, id="no width"),
        pytest.param(build(head(height=0), [PAYLOAD]), CorruptFile, id="no height"),
        pytest.param(build(head(width=2**24), [PAYLOAD]), CorruptFile, id="too wide"),
        pytest.param(build(head(height=2**24), [PAYLOAD]), CorruptFile, id="too high"),
        pytest.param(build(head(height=2**32), [PAYLOAD]), CorruptFile, id="height of 33 bits"),
        pytest.param(build(head()[:7] + b"\x81\x00\x01", [PAYLOAD]), CorruptFile, id="width not in shortest form"),
        pytest.param(build(head()[:7] + b"\xff" * 9 + b"\x01\x01", [PAYLOAD]), CorruptFile, id="endless width"),
        pytest.param(build(head(mode=5), [PAYLOAD]), CorruptFile, id="16-bit colour"),
        pytest.param(build(head(mode=6), [Part(0x10, b"x"), Part(0x92, b"x")]), CorruptFile, id="16-bit with alpha"),
        pytest.param(build(head(mode=8), [PAYLOAD]), UnsupportedFile, id="reserved mode bit"),
        pytest.param(build(head(mode=128), [PAYLOAD]), UnsupportedFile, id="highest reserved mode bit"),
        pytest.param(build(head(), []), CorruptFile, id="no section"),
        pytest.param(build(head(), [Part(0x10, b"x")]), CorruptFile, id="no last section"),
        pytest.param(build(head(), [PAYLOAD]) + b"\0", CorruptFile, id="a byte too many"),
        pytest.param(build(head(), [PAYLOAD, Part(0xA1, b"x")]), CorruptFile, id="two last sections"),
        pytest.param(build(head(), [Part(0x80, b"x")]), CorruptFile, id="kind 0 alone"),
        pytest.param(build(head(), [Part(0, b"x"), PAYLOAD]), CorruptFile, id="kind 0 before the payload"),
        pytest.param(build(head(), [Part(0xA1, b"x")]), CorruptFile, id="no payload"),
        pytest.param(build(head(), [Part(0x10, b"x"), PAYLOAD]), CorruptFile, id="two payloads"),
        pytest.param(build(head(), [Part(0x21, b"x"), PAYLOAD]), CorruptFile, id="sections out of order"),
        pytest.param(build(head(), [Part(3, b"x"), Part(3, b"x"), PAYLOAD]), CorruptFile, id="two profiles"),
        pytest.param(build(head(), [Part(0x10, b"x"), Part(0xA1, b"")]), CorruptFile, id="empty Exif"),
        pytest.param(build(head(), [Part(3, bytes(2**24 + 1)), PAYLOAD]), CorruptFile, id="profile above 16 MiB"),
        pytest.param(build(head(), [Part(0x10, b"x"), Part(0x92, b"x")]), CorruptFile, id="alpha not announced"),
        pytest.param(build(head(mode=2), [PAYLOAD]), CorruptFile, id="alpha missing"),
        pytest.param(build(head(), [Part(0x10, b"x"), Part(0x98, b"x")]), UnsupportedFile, id="unknown critical"),
        pytest.param(build(head(), [Part(2, b"x"), PAYLOAD]), UnsupportedFile, id="unknown critical before"),
        pytest.param(build(head(), [Part(0x90, b"x", b"\x81\x00")]), CorruptFile, id="length not in shortest form"),
        pytest.param(build(head(), [Part(0x90, b"x", leb128(2**32))]), CorruptFile, id="length of 33 bits"),
        pytest.param(build(head(), [Part(0x90, b"x", leb128(2**32 - 1))]), CorruptFile, id="length past the end"),
    ],
)
def test_what_a_reader_refuses(data: bytes, error: type[NncError]) -> None:
    with pytest.raises(NncError) as caught:
        parse(data)
    assert type(caught.value) is error


def damaged(data: bytes, at: int) -> bytes:
    """One bit turned."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


RESERVED, LATER, TOO_LARGE = head(mode=8), Part(0x98, b"x"), head(codec=255, width=2**24 - 1, height=2**24 - 1)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        pytest.param(head(version=3, width=0)[:6], UnsupportedFile, id="version before size"),
        pytest.param(damaged(build(RESERVED, [PAYLOAD]), -1), CorruptFile, id="checksum before reserved bits"),
        pytest.param(
            damaged(build(RESERVED, [Part(0x10, b"x"), Part(0xA1, b"x")]), -1),
            UnsupportedFile,
            id="reserved bits before the second checksum",
        ),
        pytest.param(build(head(), [LATER]) + b"x", CorruptFile, id="end of the file before kinds"),
        pytest.param(build(head(width=0), [LATER]), UnsupportedFile, id="unknown kinds before header"),
        pytest.param(build(head(), [LATER._replace(tag=0x18), Part(0xA1, b"")]), UnsupportedFile, id="before sizes"),
        pytest.param(build(TOO_LARGE, [PAYLOAD]), UnsupportedFile, id="codec before limit"),
        pytest.param(build(TOO_LARGE[:5] + b"\4\4" + TOO_LARGE[7:], [PAYLOAD]), LimitExceeded, id="limit before depth"),
    ],
)
def test_of_two_breaches_the_first_counts(data: bytes, error: type[NncError]) -> None:
    """The order of checks in docs/format/container.md."""
    with pytest.raises(NncError) as caught:
        decode(data)
    assert type(caught.value) is error


def test_unknown_ancillary_sections_are_skipped() -> None:
    data = build(head(), [Part(1, b"new"), Part(0x10, b"x"), Part(0xFF, b"newer")])
    assert parse(data).payload == b"x"
    assert serialize(parse(data)) == data


def test_a_damaged_ancillary_section_is_still_damage() -> None:
    data = bytearray(build(head(), [Part(0x10, b"x"), Part(0xFF, b"newer")]))
    data[-6] ^= 1
    with pytest.raises(CorruptFile, match="checksum"):
        parse(bytes(data))


def test_damage_is_named_before_meaning() -> None:
    """A flipped bit must not be reported as "needs a newer reader": the checksum comes first."""
    data = bytearray(build(head(), [PAYLOAD]))
    data[6] = 0x80
    with pytest.raises(CorruptFile, match="checksum"):
        parse(bytes(data))


@pytest.mark.parametrize(
    "container",
    [
        pytest.param(one((Kind.PAYLOAD, b""), header=Header(1, 1, 1, False, version=0)), id="version 0"),
        pytest.param(one((Kind.PAYLOAD, b""), header=Header(1, 1, 1, False, version=3)), id="a later version"),
        pytest.param(one((Kind.PAYLOAD, b""), header=Header(0, 1, 1, False)), id="codec 0"),
        pytest.param(one((Kind.PAYLOAD, b""), header=Header(256, 1, 1, False)), id="codec 256"),
        pytest.param(one((Kind.PAYLOAD, b""), header=Header(1, 0, 1, False)), id="no width"),
        pytest.param(one((Kind.PAYLOAD, b""), header=Header(1, 1, 2**24, False)), id="too high"),
        pytest.param(one((Kind.PAYLOAD, b""), header=Header(1, 1, 1, False, depth=12)), id="12 bits"),
        pytest.param(one((Kind.PAYLOAD, b""), header=Header(1, 1, 1, True, depth=16)), id="16-bit colour"),
        pytest.param(one(), id="no payload"),
        pytest.param(one((Kind.EXIF, b"x"), (Kind.PAYLOAD, b"")), id="out of order"),
        pytest.param(one((Kind.PAYLOAD, b""), (Kind.PAYLOAD, b"")), id="two payloads"),
        pytest.param(one((Kind.PAYLOAD, b""), (Kind.XMP, b"")), id="empty XMP"),
        pytest.param(one((Kind.PAYLOAD, b""), (Kind.IPTC, b"")), id="empty IPTC"),
        pytest.param(one((Kind.PAYLOAD, b""), (Kind.XMP, bytes(MAX_METADATA + 1))), id="too much XMP"),
        pytest.param(one((Kind.PAYLOAD, b""), (Kind.ALPHA, b"x")), id="alpha not announced"),
        pytest.param(one((Kind.PAYLOAD, b""), header=Header(1, 1, 1, False, alpha=True)), id="alpha missing"),
        pytest.param(one((0, b""), (Kind.PAYLOAD, b"")), id="kind 0"),
        pytest.param(one((Kind.PAYLOAD, b""), (129, b"")), id="kind 129"),
        pytest.param(one((Kind.PAYLOAD, b""), (0x40, b"")), id="unknown critical"),
    ],
)
def test_what_a_writer_refuses(container: Container) -> None:
    with pytest.raises(EncodeError):
        serialize(container)


# --- what a tiny file may cost --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "error"),
    [
        pytest.param(build(head(4, 3, MAX_SIDE, MAX_SIDE), [Part(0x10, b"x"), Part(0x92, b"\0")]), LimitExceeded),
        pytest.param(build(head(1, 1, MAX_SIDE, MAX_SIDE), [PAYLOAD]), LimitExceeded),
        pytest.param(build(head(), [Part(0x90, b"x", leb128(2**32 - 1))]), CorruptFile),
        pytest.param(build(head(1, 1, 10_000, 10_000), [PAYLOAD]), CorruptFile),
    ],
    ids=["huge with alpha", "huge", "length of 4 GB", "large but allowed"],
)
def test_a_tiny_file_costs_nothing(data: bytes, error: type[NncError]) -> None:
    with pytest.raises(CorruptFile):
        decode(build(head(1, 1, 1, 1), [PAYLOAD]))  # the imports are not what is measured
    tracemalloc.start()
    try:
        with pytest.raises(error):
            decode(data)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


# --- the small functions --------------------------------------------------------------------------------------------


@given(containers())
def test_the_first_32_bytes_give_the_header(container: Container) -> None:
    assert read_header(serialize(container)[:32]) == container.header


def test_half_a_header_is_corrupt() -> None:
    for end in range(len(head(width=768, height=512))):
        with pytest.raises(CorruptFile):
            read_header(head(width=768, height=512)[:end])


def test_the_breakdown_accounts_for_every_byte() -> None:
    data = serialize(BIG)
    spans = breakdown(data)
    assert [span.section for span in spans] == list(BIG.sections)
    header_bytes = 4 + 1 + 1 + 1 + 2 + 2
    assert header_bytes + sum(span.framing + len(span.section.data) for span in spans) == len(data)


def test_the_binding_depends_on_payload_and_layers_alone() -> None:
    assert BIG.binding() == zlib.crc32(bytes(range(200)) + b"first")
    other = one((Kind.ICC, b"!"), (Kind.PAYLOAD, bytes(range(200))), (Kind.LAYER, b"first"), (Kind.XMP, b"!"))
    assert other.binding() == BIG.binding()
    assert one((Kind.PAYLOAD, b"other")).binding() != one((Kind.PAYLOAD, b"payload")).binding()


def test_sections_have_names() -> None:
    assert [s.name for s in BIG.sections[:3]] == ["icc", "payload", "alpha"]
    assert Section(0x41, b"").name == "unknown-65"
