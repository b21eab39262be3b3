"""JSON: the same keys for every verb."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from nncodec.cli.records import print_json
from tests.conftest import Ran

Nnc = Callable[..., Ran]
KEYS = {"source", "output", "status", "code", "error", "hint", "notes", "source_bytes"}
VERBS = (["encode"], ["decode", "-o", "x.png"], ["extract"], ["test"], ["info"], ["compare", "photo.png"])


@pytest.mark.parametrize("verb", VERBS, ids=[verb[0] for verb in VERBS])
@pytest.mark.parametrize(("name", "status", "code"), [("photo", "done", 0), ("missing", "failed", 1)])
def test_all_verbs_have_the_same_keys_and_tell_a_failure_once(
    verb: list[str], name: str, status: str, code: int, nnc: Nnc, photo: Path
) -> None:
    nnc("encode", "photo.png", "-c", "webp", "-q", "100", "-o", "photo.nnc")
    file = f"{name}.png" if verb[0] == "encode" else f"{name}.nnc"
    result = nnc(*verb, file, "--json", *(["-f"] if verb[0] == "encode" else []))
    record = json.loads(result.out)
    assert result.err == ""
    assert (result.code, record["status"], record["code"]) == (code, status, code)
    assert set(record) >= KEYS
    assert file in (record["source"], record.get("other"))
    assert ("no such file" in (record["error"] or "")) == (status == "failed")
    if verb[0] in ("encode", "decode", "extract", "test", "info"):
        assert record["source_bytes"] == (Path(file).stat().st_size if code == 0 else None)


@pytest.mark.parametrize("verb", ["test", "info"])
def test_a_folder_ends_with_a_summary(verb: str, nnc: Nnc, photo: Path) -> None:
    Path("in").mkdir()
    nnc("encode", "photo.png", "-c", "webp", "-o", "in/a.nnc")
    Path("in/b.nnc").write_bytes(b"no")
    result = nnc(verb, "-r", "in", "--json")
    first, second, end = map(json.loads, result.out.splitlines())
    assert {first["status"], second["status"]} == {"done", "failed"}
    assert end["summary"] == {
        "done": 1,
        "skipped": 0,
        "planned": 0,
        "failed": 1,
        "left_out": 0,
        "kinds": {},
        "source_bytes": Path("in/a.nnc").stat().st_size,
        "bytes": 0,
    }


def test_names_that_are_no_utf_8_have_no_lone_surrogates(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"source": "caf\udce9", "notes": ["\ud800", {"λ": 1.5, "none": None}]})
    assert json.loads(capsys.readouterr().out) == {
        "source": r"caf\xe9",
        "notes": [r"\ud800", {"λ": 1.5, "none": None}],
    }
