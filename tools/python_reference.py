"""Write docs/python.md from the docstrings of the public names, so that they cannot differ (a test compares them)."""

import ast
import inspect
import re
import textwrap
from pathlib import Path

import nncodec
from nncodec import api, errors
from nncodec.image import Metadata, Picture
from nncodec.pipeline import Decoded, Info

PAGE = Path(__file__).resolve().parent.parent / "docs" / "python.md"
FUNCTIONS = (api.encode, api.decode, api.extract, api.inspect, api.register_pillow)
CLASSES = (Decoded, Info, Picture, Metadata)
HEAD = """# Python reference

Written by `make docs` from the docstrings; do not edit.

`import nncodec` has these functions and errors; the classes are what functions take and return. Arguments are
picklable, calls may overlap in threads, and nothing global is changed for longer than a call. PyTorch is imported by
codecs that need it alone.
"""


def reference() -> str:
    """The page in Markdown."""
    functions = "".join(_function(function, f"nncodec.{function.__name__}", "##") for function in FUNCTIONS)
    tree = inspect.cleandoc(str(errors.__doc__)).split("::\n\n")[1].split("\n\n")[0]
    kinds = f"\n## Errors\n\n```\n{textwrap.dedent(tree)}\n```\n\n{_markdown(inspect.getdoc(nncodec.NncError))}\n"
    sources = "".join(f"- `{name}`: `{_alias(name)}`\n" for name in ("Source", "File", "Buffer", "PathLike", "Weights"))
    classes = "".join(_class(cls) for cls in CLASSES)
    return f"{HEAD}{functions}\n## Types of arguments\n\n{sources}{kinds}{classes}"


def _function(function: object, title: str, rank: str) -> str:
    """A function or method: heading, signature as it is in the source, docstring."""
    node = _tree(function)
    assert isinstance(node, ast.FunctionDef)
    return f"\n{rank} {title}\n\n```python\n{_signature(node)}\n```\n\n{_markdown(inspect.getdoc(function))}\n"


def _class(cls: type) -> str:
    """A class: its docstring, a list of its fields and properties, its methods."""
    node = _tree(cls)
    assert isinstance(node, ast.ClassDef)
    lines = list[str]()
    for member, after in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(member, ast.AnnAssign):
            lines.append(_entry(ast.unparse(member.target), ast.unparse(member.annotation), _string(after)))
        elif isinstance(member, ast.FunctionDef) and not member.name.startswith("_"):
            called = any(isinstance(found, ast.Name) and found.id == "property" for found in member.decorator_list)
            name = member.name if called else f"{member.name}()"
            lines.append(_entry(name, ast.unparse(member.returns) if member.returns else "", ast.get_docstring(member)))
    return f"\n## {cls.__name__}\n\n{_markdown(inspect.getdoc(cls))}\n\n" + "".join(lines)


def _entry(name: str, kind: str, text: str | None) -> str:
    said = " ".join(_markdown(text).split())
    return f"- **{name}**: `{kind.strip(chr(39))}`{'. ' + said if said else ''}\n"


def _string(node: ast.stmt | None) -> str | None:
    """The string that stands below a field, its docstring."""
    held = node.value if isinstance(node, ast.Expr) else None
    return str(held.value) if isinstance(held, ast.Constant) and isinstance(held.value, str) else None


def _tree(thing: object) -> ast.stmt:
    return ast.parse(textwrap.dedent(inspect.getsource(thing))).body[0]  # type: ignore[arg-type]


def _signature(node: ast.FunctionDef) -> str:
    """The signature; one argument a line where it is long."""
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    arguments = ast.unparse(node.args)
    line = f"{node.name}({arguments}){returns}"
    if len(line) <= 100:
        return line
    parts = (re.sub(r"^(\w+: .+?)=", r"\1 = ", part) for part in re.split(r", (?=\*|\w+\s*[:=])", arguments))
    return f"{node.name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){returns}"


def _alias(name: str) -> str:
    (found,) = re.findall(rf"^{name} = (.*)$", inspect.getsource(api), re.M)
    return str(found)


def _markdown(text: str | None) -> str:
    """Markdown of a docstring in reStructuredText, as far as this project uses that."""
    plain = re.sub(r":\w+:`~?([\w.]+)`", r"`\1`", text or "")
    return plain.replace("``", "`")


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
