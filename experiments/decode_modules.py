"""Count the modules of the package that decoding a file takes.

    nnc encode kodim05.png -c learned --restore none -o learned.nnc
    python experiments/decode_modules.py learned.nnc decoded.png

Prints how many modules `nnc decode` imports and in how many of them a function runs, then the names of the latter.
docs/architecture.md quotes both numbers.
"""

import sys
import threading
from types import FrameType

from nncodec.cli import cli

PACKAGE = "nncodec"


def modules_run(arguments: list[str]) -> set[str]:
    """Names of the package's modules in which a function is called by ``nnc`` with the arguments given.

    Calls that only an import makes do not count.
    """
    found: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        name = str(frame.f_globals.get("__name__"))
        if event == "call" and name.split(".")[0] == PACKAGE and name not in found and not _importing(frame):
            found.add(name)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        cli.main(arguments, prog_name="nnc", standalone_mode=False)
    finally:
        sys.setprofile(None)
    return found


def _importing(frame: FrameType | None) -> bool:
    """True if the frame is, or was called by, the body of a module that is being imported."""
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") != "__main__":
            return True
        frame = frame.f_back
    return False


if __name__ == "__main__":
    running = modules_run(["decode", sys.argv[1], "--quiet", "--force", "-o", sys.argv[2]])
    imported = [name for name in sys.modules if name.split(".")[0] == PACKAGE]
    print(f"{len(imported)} modules imported, {len(running)} run")
    print("\n".join(sorted(running)))
