"""The floors, and what may not be imported: shown to hold, and shown to notice when they do not."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import nncodec
from tests import pictures

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("torch", "constriction", "scipy", "matplotlib")
LIBRARIES = (*HEAVY, "numpy", "PIL", "click")


def imported(code: str, cwd: Path, *arguments: str) -> set[str]:
    """Which of the libraries above a fresh Python has imported after running ``code``."""
    watch = (
        f"\nfinally:\n    import sys; print('|'.join(m for m in {LIBRARIES!r} if m in sys.modules), file=sys.stderr)"
    )
    indented = "\n".join(f"    {line}" for line in code.splitlines())
    command = [sys.executable, "-c", f"try:\n{indented}{watch}", *arguments]
    result = subprocess.run(command, capture_output=True, check=False, cwd=cwd, text=True)
    assert "Traceback" not in result.stderr, result.stderr
    return set(result.stderr.splitlines()[-1].split("|")) - {""}


COMMAND = "import sys; sys.argv = ['nnc', *sys.argv[1:]]\nfrom nncodec.cli import main\nmain()"


def imported_by(cwd: Path, *lines: str) -> set[str]:
    """The same for some commands in one process, all of which must succeed."""
    code = f"""
import sys
from nncodec.cli import main
for line in {lines!r}:
    sys.argv = ["nnc", *line.split()]
    try:
        main()
    except SystemExit as done:
        assert not done.code, line
"""
    return imported(code, cwd)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a picture, a file for each base-layer codec, one with a restorer and one by a network."""
    found = tmp_path_factory.mktemp("architecture")
    (found / "a.png").write_bytes(pictures.file_of(pictures.photograph(8, 9), "PNG"))
    for codec in ("jpeg", "jpeg2000", "webp", "avif"):
        (found / f"{codec}.nnc").write_bytes(nncodec.encode(pictures.photograph(8, 9), codec))
    golden = ROOT / "tests" / "golden"
    shutil.copy(golden / "restorers" / "luma" / "model52-jpeg-l.nnc", found / "restored.nnc")
    shutil.copy(golden / "learned" / "model10-gray-60-70x40.nnc", found / "learned.nnc")
    return found


def test_the_watch_sees_what_is_imported(tmp_path: Path) -> None:
    """Or the tests below would show nothing."""
    assert imported("import numpy, click", tmp_path) == {"numpy", "click"}


def test_importing_the_package_imports_nothing_else(tmp_path: Path) -> None:
    assert imported("import nncodec; nncodec.NncError; nncodec.__version__", tmp_path) == set()


@pytest.mark.parametrize("line", [["--help"], ["--version"], ["encode", "--help"], ["decode", "--help"], ["nosuch"]])
def test_help_imports_click_alone(folder: Path, line: list[str]) -> None:
    assert imported(COMMAND, folder, *line) == {"click"}


@pytest.mark.parametrize("name", ["avif.nnc", "restored.nnc", "learned.nnc"])
def test_info_reads_the_container_and_imports_click_alone(folder: Path, name: str) -> None:
    assert imported(COMMAND, folder, "info", name) == {"click"}


@pytest.mark.parametrize("codec", ["jpeg", "jpeg2000", "webp", "avif"])
def test_base_layers_do_without_torch_and_constriction(folder: Path, codec: str) -> None:
    lines = (
        f"info {codec}.nnc",
        f"encode a.png -c {codec} -o new.nnc -f",
        f"decode {codec}.nnc -o new.png -f",
        f"test {codec}.nnc",
        f"compare a.png {codec}.nnc",
    )
    assert imported_by(folder, *lines).isdisjoint(HEAVY)


def test_the_functions_do_without_torch_and_constriction(folder: Path) -> None:
    code = "import nncodec as n\nn.decode(n.encode('a.png'))\nn.inspect('webp.nnc')\nn.register_pillow()"
    assert imported(code, folder).isdisjoint(HEAVY)


# --- import contracts -----------------------------------------------------------------------------------------------


def lint_imports(cwd: Path) -> subprocess.CompletedProcess[str]:
    """import-linter with the contracts of the pyproject.toml in that folder."""
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", code, "--no-cache"], capture_output=True, check=False, cwd=cwd, text=True
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package to break."""
    found = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "nncodec", found / "nncodec", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", found)
    return found


def test_the_contracts_are_kept(copy: Path) -> None:
    result = lint_imports(copy)
    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("container.py", "import nncodec.pipeline", "floors import downwards only"),
        ("image/picture.py", "import nncodec.codecs", "floors import downwards only"),
        ("pipeline/decoding.py", "import nncodec.cli.files", "floors import downwards only"),
        ("codecs/webp.py", "import nncodec.codecs.jpeg", "codecs do not know each other"),
        ("container.py", "import numpy", "the container is standard library only"),
        ("container.py", "def late() -> None:\n    import torch", "the container is standard library only"),
    ],
)
def test_a_broken_contract_is_noticed(copy: Path, module: str, line: str, contract: str) -> None:
    path = copy / "nncodec" / module
    before = path.read_text(encoding="utf-8")
    path.write_text(f"{before}\n\n{line}\n", encoding="utf-8")
    try:
        result = lint_imports(copy)
    finally:
        path.write_text(before, encoding="utf-8")
    assert result.returncode == 1
    assert f"{contract} BROKEN" in result.stdout


# --- the tree -------------------------------------------------------------------------------------------------------


def test_the_list_of_packages_is_the_tree() -> None:
    tomllib = pytest.importorskip("tomllib")
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    found = {path.parent.relative_to(ROOT).as_posix().replace("/", ".") for path in ROOT.glob("nncodec/**/__init__.py")}
    assert {name for name in listed if name != "nncodec.weights"} == found
    assert len(listed) == len(set(listed))


def test_every_module_says_what_it_is_for() -> None:
    for path in sorted((ROOT / "nncodec").rglob("*.py")):
        assert path.read_text(encoding="utf-8").lstrip().startswith('"""'), path


def test_nothing_is_pickled_or_evaluated_in_the_package() -> None:
    """A file must never bring code: see the table of attacks in docs/format/container.md."""
    for path in sorted((ROOT / "nncodec").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for forbidden in ("import pickle", "torch.load(", "allow_pickle=True", " eval(", " exec("):
            if (path.name, forbidden) != ("stlpips_torch.py", "torch.load("):
                assert forbidden not in text, f"{path}: {forbidden}"


def test_the_files_that_torch_loads_are_known_by_their_hash_and_hold_arrays_alone() -> None:
    """The weights of networks that judge pictures, from a package of its own."""
    text = (ROOT / "nncodec" / "nets" / "stlpips_torch.py").read_text(encoding="utf-8")
    assert text.count("torch.load(") == text.count("weights_only=True)") == 1
    assert text.index("hashlib.sha256(") < text.index("torch.load(")


# --- torch ----------------------------------------------------------------------------------------------------------


def may_import_torch(path: Path) -> bool:
    """True for modules that say by name or folder that they need torch."""
    return path.name.endswith("_torch.py") or path.name == "recipe.py" or "training" in path.parts


def imports_of_torch(text: str) -> list[int]:
    """Lines that import torch, inside functions as well; not those under ``if TYPE_CHECKING``."""
    tree = ast.parse(text)
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    lines = []
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        if id(node) not in for_types and any(name.split(".")[0] == "torch" for name in names):
            lines.append(node.lineno)
    return lines


def test_only_modules_named_for_it_import_torch() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): lines
        for path in sorted((ROOT / "nncodec").rglob("*.py"))
        if not may_import_torch(path.relative_to(ROOT)) and (lines := imports_of_torch(path.read_text("utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("import torch", [1]),
        ("import os, torch.nn as nn", [1]),
        ("from torch import nn", [1]),
        ("from torch.nn import functional", [1]),
        ("def late():\n    import torch", [2]),
        ("import torchless\nfrom nncodec import torch\nfrom . import torch", []),
        ("if TYPE_CHECKING:\n    import torch", []),
        ("if debugging:\n    import torch", [2]),
    ],
)
def test_an_import_of_torch_is_noticed(text: str, lines: list[int]) -> None:
    assert imports_of_torch(text) == lines


def test_modules_that_may_import_torch_are_named_so() -> None:
    names = ("nets/resnet_torch.py", "restorers/luma/recipe.py", "training/loop.py", "nets/device.py", "cli/recipes.py")
    assert [may_import_torch(Path("nncodec", name)) for name in names] == [True, True, True, False, False]
