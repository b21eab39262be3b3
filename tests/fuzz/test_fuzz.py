"""A short run of the fuzzer, the seeds of longer runs, and proof that it sees what it is for. ``make fuzz`` is long."""

import io
import mmap
import os
import random
import time

import PIL.Image
import pytest

from nncodec.codecs import all_codecs, by_id, by_name
from nncodec.container import Kind, parse
from nncodec.errors import CorruptFile, InternalError
from nncodec.pipeline import decode
from tests.damage import build, take_apart
from tests.fuzz import attempts, coverage, running, sound
from tests.fuzz.attempts import Result, Trial, attempt
from tests.fuzz.damage import Stock, damaged, damaged_source
from tests.fuzz.formats import FORMATS
from tests.fuzz.running import Limits, Plan, run
from tests.fuzz.worst import EACH, replace_seeds, worst


@pytest.fixture(scope="module")
def stock() -> Stock:
    """Sound files of every codec, and seeds; libraries and weights are loaded."""
    attempts.load_libraries(sound.files())
    return sound.stock()


def runs_here(data: bytes) -> bool:
    """Test whether the codec that a file names lacks nothing here."""
    codec = {bytes([codec.id]): codec for codec in all_codecs().values()}.get(data[5:6])
    return codec is None or codec.missing() is None


def test_sound_files_are_sound_and_of_every_codec_and_kind(stock: Stock) -> None:
    assert {by_id(codec).name for codec, _ in stock.sections()} >= set(all_codecs())
    assert {kind for _, kind in stock.sections()} >= set(Kind)
    bases = [data for data in sound.files() if data[5] == by_name("layered").id]
    assert {data[take_apart_at(data)] >> 3 for data in bases} == {
        by_name(n).id for n in ("jpeg", "jpeg2000", "webp", "avif")
    }
    for data in sound.files():
        if data[5] < 16:
            assert decode(data, device="cpu").complete


def take_apart_at(data: bytes) -> int:
    """Where the payload of a file begins."""
    header, parts = take_apart(data)
    payload = next(part.data for part in parts if part.tag & 0x7F == Kind.PAYLOAD)
    return data.index(payload, len(header))


def test_sources_are_sound_and_of_every_format() -> None:
    results = [attempt(Trial(3, "encode", data)) for data in sound.sources()]  # 3: of an animation the first picture
    assert [result.outcome for result in results if result.outcome != "done"] == []
    formats = {PIL.Image.open(io.BytesIO(data)).format for data in sound.sources()}
    assert formats >= {"PNG", "JPEG", "TIFF", "WEBP", "BMP", "TGA", "GIF"}


@pytest.mark.parametrize("verb", ["decode", "encode"])
def test_damaged_files_raise_only_our_errors(stock: Stock, verb: str) -> None:
    reached = 0
    for index in range(200):
        rng = random.Random(index)
        data = damaged(rng, stock) if verb == "decode" else damaged_source(rng, stock)
        if verb == "decode" and not runs_here(data):
            continue
        result = attempt(Trial(index, verb, data))
        assert not result.harm, f"index {index}: {result.harm}"
        reached += is_sound_container(data)
    assert verb == "encode" or reached > 100  # most get past the container to the decoder behind it


def is_sound_container(data: bytes) -> bool:
    """Test whether a file gets past the container."""
    try:
        parse(data)
    except CorruptFile:
        return False
    except Exception:
        pass
    return True


@pytest.mark.parametrize("seed", sound.seeds(), ids=lambda seed: f"{seed[0]}-{len(seed[1])}")
def test_the_worst_files_of_earlier_runs_do_no_harm(stock: Stock, seed: tuple[str, bytes]) -> None:
    if seed[0] == "decode" and not runs_here(seed[1]):
        pytest.skip("the codec cannot run here")
    assert not attempt(Trial(1, *seed)).harm


def test_seeds_are_few_and_small() -> None:
    assert 0 < len(sound.seeds()) <= 3 * EACH
    assert sum(len(data) for _, data in sound.seeds()) < 200_000


def test_the_same_seed_makes_the_same_files(stock: Stock) -> None:
    plan, again = Plan(200, 5), sound.stock()
    assert [plan.trial(i, stock) for i in range(200)] == [plan.trial(i, again) for i in range(200)]
    assert plan.trial(199, stock) != Plan(200, 6).trial(199, stock)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.signature.hex())
def test_pieces_of_a_format_come_together_again(form, stock: Stock) -> None:
    found = [data for data in sound.sources() if data.find(form.signature) == form.before]
    assert found
    for data in found:
        assert len(form.split(data)) > 1
        assert form.join(form.split(data)) == data


# --- what it sees ---------------------------------------------------------------------------------------------------


def test_a_foreign_exception_is_seen(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(data: bytes, **more: object) -> None:
        raise MemoryError("a bug")

    monkeypatch.setattr(attempts, "decode", bug)
    result = attempt(Trial(7, "decode", stock.files[0]))
    assert result.outcome == "harm"
    assert "MemoryError: a bug" in result.harm


def test_a_foreign_exception_is_seen_behind_the_boundary_of_decode(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*arguments: object) -> None:
        raise IndexError("a bug")

    data = next(data for data in stock.files if data[5] == by_name("jpeg").id)
    monkeypatch.setattr(type(by_name("jpeg")), "decode", bug)
    with pytest.raises(InternalError):
        decode(data)
    assert attempt(Trial(7, "decode", data)).harm.endswith("IndexError: a bug")


def test_another_answer_the_second_time_is_seen(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter("abc")
    monkeypatch.setattr(attempts, "inspect", lambda data: next(answers))
    assert "another answer" in attempt(Trial(7, "decode", stock.files[0])).harm


@pytest.mark.skipif(not attempts._MEASURES, reason="no way to measure memory")
def test_much_memory_is_seen(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fresh pages: the allocator may still hold what an earlier test has freed."""

    def fill(data: bytes) -> None:
        with mmap.mmap(-1, 300 << 20) as pages:
            for at in range(0, len(pages), mmap.PAGESIZE):
                pages[at] = 1

    monkeypatch.setattr(attempts, "inspect", fill)
    assert "may take" in attempt(Trial(7, "decode", stock.files[0])).harm


def crash_hang_or_dawdle(pipe, plan, start, limits) -> None:
    """A worker that dies at the second file, hangs at the fourth, and takes long at the fifth."""
    pipe.send(Result(running.READY, "", "ready"))
    for index in range(start, plan.files):
        if index == 1:
            os._exit(11)
        if index == 3:
            time.sleep(600)
        pipe.send(Result(index, "decode", "done", seconds=7.0 if index == 4 else 0.1))


def test_crashes_hangs_and_long_times_are_seen_and_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "work", crash_hang_or_dawdle)
    monkeypatch.setattr(running, "_PATIENCE", 1)
    tally = run(Plan(6, 1), Limits(seconds=5.0))
    assert tally.harm == {1: "crash", 3: "hang", 4: "took 7.0 s"}
    assert tally.counts() == {"decode done": 4, "any crash": 1, "any hang": 1}
    assert "file 3: hang" in list(tally.lines())


# --- the worst ------------------------------------------------------------------------------------------------------


def test_the_worst_are_the_slowest_the_largest_and_those_with_rare_errors() -> None:
    many = [Result(i, "decode", "done", f"error {i % 30}", 100, seconds=0.001 * i, memory=7) for i in range(300)]
    slow = Result(300, "decode", "done", "error 1", 100, seconds=9)
    large = Result(301, "decode", "done", "error 2", 100, memory=99)
    rare = Result(302, "decode", "CorruptFile", "error 77", 100)
    long = Result(303, "decode", "done", "error 3", 10**6, seconds=99)
    harmful = Result(304, "decode", "harm", "", 100, seconds=99, harm="a bug")
    found = worst([*many, slow, large, rare, long, harmful])
    assert len(found) == len(set(found)) <= 3 * EACH
    assert {slow, large, rare} <= set(found)
    assert not {long, harmful} & set(found)
    assert max(sum(result.shape == f"error {i}" for result in found[:EACH]) for i in range(30)) <= 2


def test_seeds_are_replaced(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_seeds(tmp_path, [("decode", b"old"), ("encode", b"older")])
    replace_seeds(tmp_path, [("decode", b"new")])
    monkeypatch.setattr(sound, "SEEDS", tmp_path)
    assert sound.seeds() == [("decode", b"new")]


def test_damage_reaches_every_kind_of_section(stock: Stock) -> None:
    sound_sections = {(data[5], part) for data in stock.files for part in parts_of(data)}
    touched = set()
    for index in range(3000):
        data = damaged(random.Random(index), stock)
        touched |= {part.tag & 0x7F for part in parts_of(data) if (data[5], part) not in sound_sections}
    assert touched >= set(Kind)


def parts_of(data: bytes) -> list:
    """The sections of a file as far as they can be told apart, none if its checksums are wrong."""
    try:
        header, parts = take_apart(data)
        return parts if build(header, parts) == data else []
    except IndexError:
        return []


# --- coverage-guided ------------------------------------------------------------------------------------------------


def test_inputs_of_the_coverage_guided_fuzzer_stand_for_sound_files(stock: Stock) -> None:
    payloads = 0
    for data in sound.files():
        whole, *small = coverage.inputs_of(data)
        assert coverage.file_of(whole) == data
        header, parts = take_apart(data)
        for one in small:
            found_header, found = take_apart(coverage.file_of(one))
            assert found_header[5:] == bytes([header[5], header[6] & 1]) + header[7:]
            assert [part.data for part in found] == [part.data for part in parts if part.tag & 0x7F == Kind.PAYLOAD]
            payloads += 1
    assert payloads > len(sound.files()) / 2


def test_any_input_stands_for_a_file() -> None:
    for index in range(300):
        assert isinstance(coverage.file_of(random.Random(index).randbytes(index % 40)), bytes)
