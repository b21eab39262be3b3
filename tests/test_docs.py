"""The documents tell the truth: their examples run, their tables are those of the code."""

import doctest
import importlib
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import PIL.Image
import pytest

import nncodec
from nncodec import container
from nncodec.cli import VERBS
from nncodec.cli.messages import EXIT_CODES
from nncodec.codecs import all_codecs
from nncodec.codecs import by_name as codec_by_name
from nncodec.container import KIND_NAMES, Header, parse, serialize
from nncodec.image.jpeg_limits import MAX_SCANS
from nncodec.image.stills import MAX_PIXELS
from nncodec.nets.weights import NUMBERS
from nncodec.pipeline import decode
from nncodec.pipeline.quality import own_quality
from nncodec.restorers import all_restorers, by_name
from tests import pictures
from tests.conftest import Ran

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FORMAT_PAGES = ROOT / "docs" / "format"
RESTORER_FAMILIES = sorted((ROOT / "nncodec" / "restorers").glob("*/__init__.py"))
FORMAT = (FORMAT_PAGES / "container.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def section(text: str, title: str) -> str:
    """What stands under a heading, up to the next of its rank or a higher one."""
    found = re.search(rf"^(#+) {re.escape(title)}$\n(.*?)(?=^#{{1,2}} |\Z)", text, re.M | re.S)
    assert found is not None, title
    return found[2]


def rows(text: str) -> list[list[str]]:
    """The cells of the tables in a text, heads left out."""
    lines = [line.strip().strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line] for line in lines]
    return [
        row
        for row, below in zip(cells, [*cells[1:], [""]], strict=True)
        if set(row[0]) - {"-"} and set(below[0]) != {"-"}
    ]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with what the README's examples speak of."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    exif = b"Exif\0\0" + pictures.exif(6)
    jpeg = pictures.file_of(pictures.photograph(96, 128), "JPEG", exif=exif)
    (tmp_path / "photo.jpg").write_bytes(jpeg)
    PIL.Image.fromarray(pictures.photograph(24, 32)).save(tmp_path / "a.png")
    (tmp_path / "photos" / "inside").mkdir(parents=True)
    (tmp_path / "photos" / "inside" / "b.jpg").write_bytes(jpeg)
    return tmp_path


def shell(line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a line with ``nnc`` being this checkout's."""
    nnc = f'nnc() {{ {shlex.quote(sys.executable)} -m nncodec "$@"; }}; set -o pipefail; '
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        ["bash", "-c", nnc + line], cwd=cwd, capture_output=True, text=True, check=False, env=environment
    )


# --- README ---------------------------------------------------------------------------------------------------------


def test_python_examples_run(desk: Path) -> None:
    (code,) = blocks(README, "python")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=desk,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert result.returncode == 0, result.stderr
    assert "ends early" in result.stdout


def shell_examples() -> list[str]:
    """The lines of the section on the shell."""
    (block,) = blocks(section(README, "From the shell"), "sh")
    return [line.split("#")[0].strip() for line in block.splitlines()]


@pytest.mark.parametrize("line", shell_examples())
def test_shell_examples_run(line: str, desk: Path) -> None:
    if re.search(r"^nnc (?!encode).*\.nnc|^nnc test", line):
        assert shell("nnc encode photo.jpg", desk).returncode == 0
    result = shell(line, desk)
    assert result.returncode == 0, result.stderr


def without_numbers(text: str) -> str:
    """Figures of other machines and libraries left open, words and layout kept."""
    return re.sub(r"[ ]+", " ", re.sub(r"\d[\d ]*(\.\d+)?", "#", text)).strip()


def test_the_terminal_session_is_what_happens(desk: Path) -> None:
    (session,) = blocks(README, "console")
    for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", session, re.M):
        result = shell(command, desk)
        assert result.returncode == 0, result.stderr
        said = without_numbers(result.stdout + result.stderr)
        expected = without_numbers(shown.replace("  ...\n", ""))
        assert said.startswith(expected) if "..." in shown else said == expected


def test_the_set_up_commands_name_what_exists() -> None:
    commands = blocks(section(README, "Try it"), "sh")
    assert len(commands) == 2
    assert all(len(command.strip().splitlines()) == 1 for command in commands)
    assert "'.[test]'" in commands[1]
    assert (ROOT / "examples" / "harbour.png").exists()
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "pytest" in ci
    assert "README.md" in ci  # it runs the command as it stands there
    assert ".venv/bin/python -m pytest -q" in commands[1]


def test_exit_codes_are_those_of_the_code() -> None:
    stated = dict(
        re.findall(r"(\d+) ([a-z ]+)[,.]", re.search(r"Exit codes: (.*?\.)", README, re.S)[1].replace("\n", " "))
    )
    assert stated == {str(code): meaning for code, meaning in EXIT_CODES.items() if code != 130}


def anchors(document: Path) -> set[str]:
    """What links may name of a document: its headings, as GitHub spells them."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", document.read_text(encoding="utf-8")):
        if target.startswith("http"):
            continue
        name, _, anchor = target.partition("#")
        linked = document.parent / name if name else document
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_a_document_names_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    folders = "docs|examples|experiments|nncodec|results|tests|tools|weights"
    named = re.findall(rf"`((?:{folders})/[\w./-]*)`", text) + re.findall(
        r"python ((?:experiments|tools)/\w+\.py)", text
    )
    missing = {name for name in named if not (ROOT / name).exists()}
    assert missing == set()


def test_modules_that_the_architecture_page_names_exist() -> None:
    """Named from the package's folder, as in `pipeline/encoding.py`."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`([a-z_]+/[\w/]+\.py)`", text)
    assert len(named) > 20
    assert {name for name in named if not any((top / name).exists() for top in (ROOT, ROOT / "nncodec"))} == set()


def test_the_floors_of_the_architecture_page_are_those_of_the_contract() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = re.findall(
        r"[a-z0-9]+", " ".join(line.split("  ")[0] for line in section(page, "Floors").split("```")[1].splitlines())
    )
    contract = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("layers = [")[1].split("]")[0]
    assert [name for name in drawn if name != "then"] == re.findall(r"nncodec\.(\w+)", contract)


# --- command line reference -----------------------------------------------------------------------------------------


def generator() -> ModuleType:
    """tools/cli_reference.py as a module."""
    spec = importlib.util.spec_from_file_location("cli_reference", ROOT / "tools" / "cli_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_command_line_reference_is_up_to_date() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert page == generator().reference(), "run make docs"
    assert all(f"## nnc {verb}\n" in page for verb in VERBS)


def test_the_manual_page_is_up_to_date() -> None:
    page = (ROOT / "docs" / "nnc.1").read_text(encoding="utf-8")
    assert page == generator().manual(), "run make docs"
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")))
    assert {option for option in options if option.replace("-", "\\-") not in page} == set()
    assert all(f'.SS "nnc {verb}"\n' in page for verb in VERBS)


def test_the_manual_page_is_sound_roff() -> None:
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("no groff here")
    command = [groff, "-man", "-Tutf8", "-ww", "-z", str(ROOT / "docs" / "nnc.1")]
    found = subprocess.run(command, capture_output=True, check=True)
    assert (found.stdout, found.stderr) == (b"", b"")


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_the_command_line_reference_is_what_help_prints(verb: str, nnc: Callable[..., Ran]) -> None:
    """Whatever the width of the terminal: the words, and their order."""
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert " ".join(nnc(*verb.split(), "--help").out.split()) in " ".join(page.split())


# --- format ---------------------------------------------------------------------------------------------------------


def linked_page(cell: str) -> tuple[str, Path]:
    """The name in a cell like ``[jpeg](jpeg.md)``, and the page it links to."""
    match = re.fullmatch(r"\[(\w+)\]\((\w+\.md)\)", cell)
    assert match is not None, cell
    return match[1], FORMAT_PAGES / match[2]


def test_codecs_and_their_numbers_are_those_of_the_code() -> None:
    stated = {
        linked_page(row[1])[0]: (int(row[0]), {int(depth) for depth in row[2].split(",")})
        for row in rows(section(FORMAT, "Payloads"))
    }
    assert stated == {name: (codec.id, set(codec.depths)) for name, codec in all_codecs().items()}


def test_restorers_and_their_numbers_are_those_of_the_code() -> None:
    stated = {linked_page(row[1])[0]: int(row[0]) for row in rows(section(FORMAT, "Restorer")) if "[" in row[1]}
    assert stated == {restorer.name: restorer.id for restorer in all_restorers().values()}


@pytest.mark.parametrize("name", [*all_codecs(), *(path.parent.name for path in RESTORER_FAMILIES)])
def test_every_codec_and_restorer_has_a_page_of_its_name(name: str) -> None:
    assert (FORMAT_PAGES / f"{name}.md").exists()


@pytest.mark.parametrize("name", [restorer.name for restorer in all_restorers().values()])
def test_the_page_of_a_restorer_begins_with_its_number(name: str) -> None:
    number = re.search(r"^Restorer (\d+)", (FORMAT_PAGES / f"{name}.md").read_text(encoding="utf-8"), re.M)
    assert number is not None
    assert int(number[1]) == by_name(name).id


@pytest.mark.parametrize("name", [name for name in NUMBERS if name in all_codecs()])
def test_the_page_of_a_codec_states_the_numbers_of_its_weights(name: str) -> None:
    text = " ".join((FORMAT_PAGES / f"{name}.md").read_text(encoding="utf-8").split())
    assert re.search(rf"\b{NUMBERS[name][0]} to {NUMBERS[name][-1]}\b", text)


@pytest.mark.parametrize("name", all_codecs())
def test_the_page_of_a_codec_begins_with_its_number(name: str) -> None:
    """`Number N` stands first, so that a page alone says which files it is about."""
    text = (FORMAT_PAGES / f"{name}.md").read_text(encoding="utf-8")
    number = re.search(r"^Number (\d+)", text, re.M)
    assert number is not None
    assert int(number[1]) == all_codecs()[name].id


def test_the_own_qualities_of_the_results_page_are_those_of_the_code() -> None:
    text = section((ROOT / "docs" / "results.md").read_text(encoding="utf-8"), "One scale of quality, and the default")
    table = [row for row in rows(text) if row[0] in all_codecs() and len(row) == 6]
    assert len(table) == 11
    for name, *own in table:
        qualities = [own_quality(codec_by_name(name), shared) for shared in (30, 50, 75, 85, 95)]
        assert own == [f"{quality:.4g}" for quality in qualities]


def test_sections_are_those_of_the_code() -> None:
    stated = [row for row in rows(section(FORMAT, "Sections")) if row[0].startswith("0x")]
    assert {int(row[0], 16): row[1] for row in stated} == KIND_NAMES
    repeats = {row[1] for row in stated if row[2] == "yes"}
    payload, x = container.Section(container.Kind.PAYLOAD, b"x"), b"x"
    for kind, name in KIND_NAMES.items():
        if kind == container.Kind.PAYLOAD:
            continue
        twice = sorted([payload, container.Section(kind, x), container.Section(kind, x)], key=lambda s: s.kind)
        header = Header(1, 1, 1, colour=False, alpha=kind == container.Kind.ALPHA)
        allowed = container._sections_problem(container.Container(header, tuple(twice)), True) is None
        assert allowed == (name in repeats)


def test_limits_are_those_of_the_code() -> None:
    text = section(FORMAT, "Limits")
    assert f"{MAX_PIXELS:,}".replace(",", " ") in text
    assert "| 2^24 - 1 |" in text
    assert container.MAX_SIDE == 2**24 - 1
    assert "2^24 bytes each" in text
    assert container.MAX_METADATA == 2**24
    assert f"{MAX_SCANS} scans" in text


def test_the_format_version_is_that_of_the_code() -> None:
    assert FORMAT.splitlines()[2].startswith(f"Version {container.VERSION}, ")
    assert f"- **{container.VERSION}** (" in section(FORMAT, "Change log")


def dump() -> bytes:
    """The bytes of the small file in docs/format/container.md."""
    block = section(FORMAT, "A small file, byte by byte").split("```")[1]
    return bytes.fromhex("".join(re.match(r"[0-9a-f ]{0,51}", line)[0] for line in block.strip().splitlines()))


def test_the_file_shown_byte_by_byte_is_the_golden_one() -> None:
    assert dump().hex(" ") == (ROOT / "tests" / "golden" / "container" / "dump.nnc").read_bytes().hex(" ")
    assert f"{len(dump())} bytes: a 2 x 2 picture" in FORMAT


def test_the_file_shown_byte_by_byte_is_what_it_is_said_to_be() -> None:
    found = parse(dump())
    assert found.header == Header(4, 2, 2, colour=False, alpha=True)
    assert serialize(found) == dump()
    assert decode(dump()).pixels.tolist() == [[[0, 200], [128, 200]], [[255, 200], [64, 200]]]


def test_every_error_in_the_format_exists() -> None:
    for name in set(re.findall(r"\b(\w+File|\w+Exceeded|\w+Error)\b", FORMAT)):
        assert issubclass(getattr(nncodec, name), nncodec.NncError)


# --- docstrings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["nncodec", "nncodec.api", "nncodec.image.metrics", "nncodec.container", "nncodec.pipeline"]
)
def test_examples_in_docstrings_run(name: str) -> None:
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0


def test_the_package_docstring_has_an_example() -> None:
    assert doctest.testmod(nncodec).attempted >= 4
