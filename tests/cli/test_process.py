"""The command as the shell sees it: pipes, terminals, signals."""

import contextlib
import io
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import nncodec
from nncodec.container import MAGIC
from nncodec.image import read
from tests import pictures

NNC = f"{sys.executable} -m nncodec"
CEILING = 900
"""Seconds after which a process that should end is taken to hang, however busy the machine."""


def shell(command: str, **more: object) -> subprocess.CompletedProcess[bytes]:
    """Run a line in bash; any command of a pipe that fails makes the line fail."""
    return subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, check=False, **more)


@pytest.fixture
def big(here: Path) -> Path:
    """A picture whose file does not fit into a pipe's buffer."""
    PIL.Image.fromarray(pictures.noise(300, 400)).save("big.png")
    return Path("big.png")


# --- pipes ----------------------------------------------------------------------------------------------------------


def test_a_picture_goes_through_two_pipes(photo: Path) -> None:
    result = shell(f"{NNC} encode - -o - -c webp -q 100 < photo.png | {NNC} decode - -o - > back.png")
    assert result.returncode == 0, result.stderr
    assert np.array_equal(read(Path("back.png").read_bytes()).pixels, pictures.photograph(24, 33))
    assert result.stderr.decode().count(" -> ") == 2


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_file_larger_than_a_pipe_holds_arrives_whole(big: Path, unbuffered: str) -> None:
    """Containers often set PYTHONUNBUFFERED, and then one write is not enough."""
    result = shell(f"{NNC} encode big.png -o - -c webp -q 100 | cat", env=os.environ | {"PYTHONUNBUFFERED": unbuffered})
    assert result.returncode == 0
    assert np.array_equal(nncodec.decode(result.stdout).pixels, pictures.noise(300, 400))


def test_a_pipe_needs_no_output_named(photo: Path) -> None:
    result = shell(f"cat photo.png | {NNC} encode -")
    assert result.returncode == 0
    assert result.stdout.startswith(MAGIC)
    assert nncodec.decode(result.stdout).pixels.shape == (24, 33, 3)


def test_from_a_pipe_to_a_file_and_back(photo: Path) -> None:
    result = shell(f"{NNC} encode - -o a.nnc < photo.png && {NNC} decode a.nnc -o - --format ppm | head -c 2")
    assert (result.returncode, result.stdout) == (0, b"P6")


def test_npy_through_a_pipe(photo: Path) -> None:
    result = shell(f"{NNC} encode photo.png -o - -c webp -q 100 | {NNC} decode - --format npy")
    assert np.array_equal(np.load(io.BytesIO(result.stdout)), pictures.photograph(24, 33))


def test_info_of_a_pipe(photo: Path) -> None:
    assert b"33 x 24 RGB" in shell(f"{NNC} encode - < photo.png | {NNC} info -").stdout


def test_a_list_of_files_from_find(tree: Path) -> None:
    result = shell(f"find in -name '*.webp' -print0 | {NNC} encode --filelist - -o out")
    assert result.returncode == 0, result.stderr
    assert [path.name for path in Path("out").iterdir()] == ["Größe λ.nnc"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("encode - < /dev/null", 3),
        ("encode - <<< hello", 4),
        ("decode - <<< hello", 3),
        ("encode - --max-pixels 10 < photo.png", 5),
        ("encode photo.png missing.png -o out -j 1", 1),
        ("encode photo.png -q 200", 2),
    ],
)
def test_exit_codes_reach_the_shell_and_standard_output_stays_empty(photo: Path, line: str, code: int) -> None:
    result = shell(f"{NNC} {line}")
    assert (result.returncode, result.stdout) == (code, b"")
    assert result.stderr.count(b"nnc: error: ") >= 1
    assert b"Traceback" not in result.stderr


@pytest.mark.parametrize("line", ["encode big.png -q 100 -c webp -e 1 -o -", "encode - -c jpeg -q 100 --restore none"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_goes_away_is_no_traceback(big: Path, line: str, unbuffered: str) -> None:
    """As in ``nnc decode ... | head``: a closed pipe is no error to report."""
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    with big.open("rb") as picture:
        process = subprocess.Popen(
            [sys.executable, "-m", "nncodec", *line.split()],
            stdin=picture,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.read(4) == MAGIC
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(CEILING) == 1
    assert b"Traceback" not in said
    assert b"Exception ignored" not in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_a_message(photo: Path, unbuffered: str) -> None:
    result = shell(f"PYTHONUNBUFFERED={unbuffered} {NNC} encode photo.png -o - > /dev/full")
    assert result.returncode == 1
    assert b"photo.png: cannot write to standard output: no space left on device" in result.stderr
    assert b"Traceback" not in result.stderr
    assert b"Exception ignored" not in result.stderr


@pytest.mark.parametrize("closed", ["2>&-", "<&- 2>&-", "<&- >&- 2>&-", ">&-"])
def test_closed_streams_that_are_not_needed_do_no_harm(photo: Path, closed: str) -> None:
    shutil.copy(photo, "b.png")
    for line in (
        "encode -q 90 photo.png -o a.nnc",
        "encode -j 2 photo.png b.png -o out",
        "decode a.nnc -o c.png",
        "test a.nnc",
    ):
        result = shell(f"{NNC} {line} {closed}")
        assert result.returncode == 0, result.stderr
    assert read(Path("c.png").read_bytes()).pixels.shape == (24, 33, 3)
    assert {path.name for path in Path("out").iterdir()} == {"photo.nnc", "b.nnc"}
    assert Path("a.nnc").read_bytes().startswith(MAGIC)


def test_what_fails_with_stderr_closed_fails_with_its_code(here: Path) -> None:
    Path("a.nnc").write_bytes(MAGIC)
    assert shell(f"{NNC} test a.nnc 2>&-").returncode == 3


@pytest.mark.parametrize(
    ("line", "closed"),
    [
        ("encode - -o y.nnc <&-", "input"),
        ("decode - -o y.png <&-", "input"),
        ("test - <&-", "input"),
        ("info - <&-", "input"),
        ("encode --filelist - -o out <&-", "input"),
        ("encode photo.png -o - >&-", "output"),
        ("decode a.nnc -o - >&-", "output"),
    ],
)
def test_a_closed_stream_that_is_needed_is_a_message(photo: Path, line: str, closed: str) -> None:
    Path("a.nnc").write_bytes(nncodec.encode(pictures.flat(8, 8), "jpeg"))
    result = shell(f"{NNC} {line}")
    assert result.returncode == 1
    assert re.fullmatch(rf"nnc: error: (\S+: )?standard {closed} is closed\n", result.stderr.decode())


@pytest.mark.parametrize(
    "line",
    ["codecs", "--version", "--help", "encode --help", "completion bash", "info a.nnc", "compare a.nnc a.nnc"]
    + ["codecs --json", "test --json a.nnc"],
)
def test_what_would_be_printed_to_a_closed_output_is_not_dropped_in_silence(here: Path, line: str) -> None:
    Path("a.nnc").write_bytes(nncodec.encode(pictures.flat(8, 8), "jpeg"))
    result = shell(f"{NNC} {line} >&-")
    assert (result.returncode, result.stderr) == (1, b"nnc: error: standard output is closed\n")


# --- terminals ------------------------------------------------------------------------------------------------------


def on_a_terminal(arguments: list[str], *, only_errors: bool = False) -> tuple[int, bytes]:
    """Run with standard output (or standard error alone) on a terminal; exit code and what the terminal showed."""
    ours, theirs = pty.openpty()
    out = subprocess.PIPE if only_errors else theirs
    process = subprocess.Popen(
        [sys.executable, "-m", "nncodec", *arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # Linux: the terminal is gone when nobody holds it any more
        while piece := os.read(ours, 4096):
            shown += piece
    if process.stdout is not None:
        process.stdout.close()
    os.close(ours)
    return process.wait(CEILING), shown


def test_binary_data_never_go_to_a_terminal(photo: Path) -> None:
    code, shown = on_a_terminal(["encode", "photo.png", "-o", "-"])
    assert code == 1
    assert b"standard output is a terminal" in shown
    assert b"nnc: hint: -o FILE" in shown
    assert MAGIC not in shown


def test_binary_data_go_to_a_terminal_by_force(photo: Path) -> None:
    code, shown = on_a_terminal(["encode", "photo.png", "-o", "-", "--force"])
    assert code == 0
    assert MAGIC in shown


def test_progress_is_shown_on_a_terminal_and_nowhere_else(tree: Path) -> None:
    code, shown = on_a_terminal(["encode", "-r", "in", "-o", "out", "-j", "1"], only_errors=True)
    assert code == 0
    assert b"4/4" in shown
    assert b"in/a.png -> out/a.nnc" in shown
    result = shell(f"{NNC} encode -r in -o again -j 1")
    assert b"4/4" not in result.stderr
    assert b"\x1b" not in result.stderr


def test_refinement_shows_how_far_it_has_come(photo: Path) -> None:
    """The bar is gone when the line of the result comes."""
    pytest.importorskip("constriction")
    pytest.importorskip("torch", reason="torch, an extra of the package, is not installed")
    command = ["encode", "photo.png", "-c", "learned", "-e", "6", "--restore", "none"]
    code, shown = on_a_terminal(command, only_errors=True)
    assert code == 0
    assert b"refining  [" in shown
    assert b"100 %" in shown
    assert b"\r\x1b[Kphoto.png -> photo.nnc" in shown
    assert shown.rfind(b"photo.png -> photo.nnc") > shown.rfind(b"refining")


# --- signals --------------------------------------------------------------------------------------------------------


def opened_by_reader(pipe: Path, process: subprocess.Popen[bytes]) -> int:
    """Wait until the process reads from a named pipe; the descriptor that keeps it waiting there."""
    while process.poll() is None:
        with contextlib.suppress(OSError):  # nobody reads yet
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        time.sleep(0.01)
    raise AssertionError(f"ended before it read {pipe}")


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_leaves_whole_files_or_none(here: Path, workers: int) -> None:
    """A real Ctrl-C, to the whole process group, while every worker is at a picture that does not come."""
    Path("in").mkdir()
    names = [f"in/{index:02}.png" for index in range(16)]
    waiting = [Path(name) for name in names[2 : 2 + workers]]
    for name in names:
        if Path(name) in waiting:
            os.mkfifo(name)
        else:
            PIL.Image.fromarray(pictures.noise(20, 30)).save(name)
    arguments = ["encode", "-r", "in", "-o", "out", "-j", str(workers), "-c", "jpeg", "-e", "1", "--restore", "none"]
    process = subprocess.Popen([*NNC.split(), *arguments], stderr=subprocess.PIPE, start_new_session=True)
    held = [opened_by_reader(pipe, process) for pipe in waiting]
    os.killpg(process.pid, signal.SIGINT)
    for descriptor in held:
        os.close(descriptor)  # a signal just before the system call that waits would not end that call
    said = process.communicate(timeout=CEILING)[1].decode()
    assert process.returncode == 130, said
    assert "nnc: error: interrupted" in said
    assert re.search(r"^nnc: stopped after \d+ of 16; --skip-existing goes on from there$", said, re.M)
    assert "Traceback" not in said
    done = sorted(Path("out").iterdir())
    assert {"00.nnc", "01.nnc"} <= {path.name for path in done}
    assert not {path.with_suffix(".nnc").name for path in waiting} & {path.name for path in done}
    for path in done:
        assert path.suffix == ".nnc"
        assert nncodec.decode(path).pixels.shape == (20, 30, 3)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_being_stopped_while_writing_leaves_no_temporary_file(here: Path, number: int, code: int) -> None:
    """``kill``, ``timeout`` and service managers send SIGTERM, Ctrl-C sends SIGINT."""
    PIL.Image.fromarray(pictures.noise(40, 60)).save("big.png")
    program = (
        "import sys, time; from pathlib import Path;"
        "Path.replace = lambda self, target: (print('now', flush=True), any(time.sleep(0.1) for _ in iter(int, 1)));"
        "sys.argv = ['nnc', 'encode', 'big.png', '-c', 'jpeg', '-e', '1'];"
        "from nncodec.cli import main; main()"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"now\n"
    process.send_signal(number)
    said = process.communicate(timeout=CEILING)[1]
    assert process.returncode == code, said
    assert {path.name for path in Path().iterdir()} == {"big.png"}


# --- starting -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [[sys.executable, "-m", "nncodec"], [str(Path(sys.executable).parent / "nnc")]])
def test_both_ways_to_start_it(command: list[str], photo: Path) -> None:
    if not Path(command[0]).exists():
        pytest.skip("nnc is not installed as a command here")
    assert b"nnc " in subprocess.run([*command, "--version"], capture_output=True, check=True).stdout
    subprocess.run([*command, "encode", "photo.png", "--quiet"], check=True)
    assert Path("photo.nnc").exists()


_LACKING = (
    "import sys; sys.modules |= dict.fromkeys(sys.argv.pop(1).split(','));"  # None: importing it fails
    "from nncodec.cli import main; main()"
)


@pytest.mark.parametrize(
    ("lacking", "line", "code", "said"),
    [
        ("torch,constriction", "encode big.png -o a.nnc -c webp -q 90", 0, "a.nnc"),
        ("torch", "encode big.png -o a.nnc -c webp -q 90 --restore tuned", 0, "a.nnc"),
        ("torch,constriction", "encode big.png -o a.nnc -c learned -e 1", 0, "a.nnc"),
        ("torch", "encode big.png -o a.nnc -c learned -e 5", 0, "a.nnc"),
        ("torch,constriction", "encode big.png -o a.nnc -c ccnn", 0, "a.nnc"),
        ("torch", "encode big.png -o a.nnc -c recurrent", 4, "pip install torch"),
        ("torch", "train luma --data . --minutes 1", 4, "pip install torch"),
    ],
)
def test_what_is_not_installed_is_done_without_or_named(
    here: Path, lacking: str, line: str, code: int, said: str
) -> None:
    PIL.Image.fromarray(pictures.photograph(160, 192)).save("big.png")
    command = [sys.executable, "-c", _LACKING, lacking, *line.split()]
    result = subprocess.run(command, capture_output=True, check=False, text=True)
    assert (result.returncode, "Traceback" in result.stderr) == (code, False), result.stderr
    assert said in result.stderr


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("enc", {"plain,encode"}),
        ("encode ", {"file,"}),
        ("encode --output ", {"file,"}),
        ("decode ", {"file,"}),
        ("info ", {"file,"}),
        ("compare a.png ", {"file,"}),
        ("decode --format jp", {"plain,jpeg", "plain,jpeg2000"}),
        ("encode -c we", {"plain,webp"}),
        ("encode -c compact:w", {"plain,compact:webp"}),
        ("encode --restore lu", {"plain,luma"}),
    ],
)
def test_completion_completes(here: Path, typed: str, expected: set[str]) -> None:
    """``file`` has the shell complete names of files."""
    words = f"nnc {typed}"
    number = str(len(words.split(" ")) - 1)
    environment = os.environ | {"_NNC_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": number}
    command = [sys.executable, "-c", "from nncodec.cli import main; main()"]
    result = subprocess.run(command, capture_output=True, check=False, env=environment)
    assert set(result.stdout.decode().splitlines()) == expected


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_any_name_can_be_told_in_any_encoding(here: Path, encoding: str) -> None:
    PIL.Image.new("L", (3, 3)).save("λ.png")
    environment = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    lines = ("encode λ.png -c jpeg --json", "info λ.nnc", "info --json λ.nnc", "codecs", "--help")
    for line in lines:
        result = shell(f"{NNC} {line}", env=environment)
        assert (result.returncode, b"Traceback" in result.stderr) == (0, False), result.stderr


def test_a_name_gives_a_terminal_no_orders(here: Path) -> None:
    """A file may be called anything, and one name stays on one line."""
    name = "red\x1b[31m\nname.png"
    PIL.Image.new("L", (3, 3)).save(name)
    encoded = subprocess.run([*NNC.split(), "encode", name], capture_output=True, check=True)
    assert encoded.stderr.startswith(rb"red\x1b[31m\nname.png -> red\x1b[31m\nname.nnc  ")
    told = subprocess.run([*NNC.split(), "info", name[:-3] + "nnc"], capture_output=True, check=True)
    assert told.stdout.startswith(rb"red\x1b[31m\nname.nnc: 3 x 3 L, avif")
    missing = subprocess.run([*NNC.split(), "decode", "\x07.nnc"], capture_output=True, check=False)
    assert missing.stderr == b"nnc: error: \\x07.nnc: no such file or directory\n"
