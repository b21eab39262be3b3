"""Progress of long loops: who is told, what a terminal shows, and that nothing of it stays."""

import sys
from pathlib import Path

import pytest

from nncodec import progress
from nncodec.cli import bar, batch
from nncodec.cli.files import Job
from nncodec.codec import Options
from nncodec.image import Picture
from nncodec.pipeline import Settings, decode, encode
from nncodec.pipeline.targets import Attempt, Target, search
from tests import pictures


def test_a_listener_is_told_of_every_round():
    told = []
    with progress.listening(lambda *what: told.append(what)):
        tick = progress.counter("counting", 3)
        for _ in range(3):
            tick()
    assert told == [("counting", 1, 3), ("counting", 2, 3), ("counting", 3, 3)]


def test_nobody_is_told_afterwards_or_without_asking():
    told = []
    progress.counter("before", 1)()
    with progress.listening(lambda *what: told.append(what)):
        pass
    progress.counter("after", 1)()
    assert told == []


def test_the_innermost_listener_hears():
    outer, inner = [], []
    with progress.listening(lambda *what: outer.append(what)):
        with progress.listening(lambda *what: inner.append(what)):
            progress.counter("inner", 1)()
        progress.counter("outer", 1)()
    assert (outer, inner) == ([("outer", 1, 1)], [("inner", 1, 1)])


def test_tries_are_counted_and_told_before_what_goes_on_in_them():
    told = []
    with progress.listening(lambda *what: told.append(what)):
        for number in (1, 2):
            with progress.attempt(number, 7):
                progress.counter("refining", 1)()
        progress.counter("fitting", 1)()
    assert told == [
        ("try 1 of 7", 0, 7),
        ("try 1 of 7: refining", 1, 1),
        ("try 2 of 7", 1, 7),
        ("try 2 of 7: refining", 1, 1),
        ("fitting", 1, 1),
    ]
    with progress.attempt(1, 7):
        progress.counter("alone", 1)()
    assert len(told) == 5


@pytest.mark.parametrize(("step", "least", "most"), [(1.0, 6, 7), (0.5, 7, 8), (50.0, 1, 2)])
def test_a_search_says_how_many_tries_it_may_take(step, least, most):
    """However it ends."""
    for limit in range(1, 101):
        told = []
        with progress.listening(lambda what, done, rounds, told=told: told.append((what, done, rounds))):
            _, tries = search(Target(size=limit), 1, step, lambda q: Attempt(q, bytes(int(q)), 0.0))
        assert told == [(f"try {n} of {most}", n - 1, most) for n in range(1, tries + 1)]
        assert least <= tries <= most


def test_the_bar_is_drawn_once_for_each_change_and_wiped(capsys):
    with bar.shown():
        tick = progress.counter("working", 1000)
        for _ in range(500):
            tick()
    out, err = capsys.readouterr()
    assert out == ""
    assert 51 <= err.count("working") < 100
    assert f"working  [{'#' * 15}{'-' * 15}]  50 %" in err
    assert err.endswith("\r")  # what follows it on a terminal, click leaves out here
    assert "\n" not in err


def test_what_nobody_counts_is_named(capsys):
    with bar.shown():
        progress.stage("thinking")
        with progress.attempt(2, 7):
            progress.stage("again")
    shown = [line.removesuffix("\r") for line in capsys.readouterr().err.split("\r") if line]
    assert shown == ["thinking ...", f"try 2 of 7  [{'#' * 4}{'-' * 26}]  14 %", "try 2 of 7: again ..."]
    progress.stage("alone")


def test_encoding_and_decoding_say_where_they_are():
    told = []
    with progress.listening(lambda what, done, rounds: told.append(what)):
        data = encode(
            Picture(pictures.photograph(96, 128)), Settings("webp", Options(90, effort=1), restore="luma+tuned")
        ).data
        decode(data)
    assert told == [
        "encoding by webp",
        "decoding, to check",
        "restorer luma",
        "restorer tuned",
        "decoding by webp",
        "restoring",
    ]


def test_no_bar_where_nothing_is_counted(capsys):
    with bar.shown():
        pass
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("jobs", "terminal", "quiet", "expected"),
    [(1, True, False, True), (1, False, False, False), (1, True, True, False), (2, True, False, False)],
)
def test_one_picture_on_a_terminal_has_a_bar(here, capsys, monkeypatch, jobs, terminal, quiet, expected):
    """Several pictures have a bar of their own."""

    def work(job: Job) -> batch.Outcome:
        progress.counter("thinking", 1)()
        Path(job.output).touch()
        return batch.Outcome(job, "done", "thought")

    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    named = [Job(f"{number}.png", f"{number}.nnc") for number in range(jobs)]
    assert batch.run(named, work, batch.BatchOptions(quiet=quiet)) == 0
    assert ("thinking" in capsys.readouterr().err) == expected
