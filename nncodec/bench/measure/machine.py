"""Versions and machine, as the comments of a file of results state them."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import PIL
from PIL import features

from nncodec.threads import cores
from nncodec.version import __version__

_LIBRARIES = (("libjpeg_turbo", "libjpeg-turbo"), ("jpg_2000", "OpenJPEG"), ("webp", "libwebp"), ("avif", "libavif"))
_PACKAGES = (
    ("torch", "PyTorch"),
    ("constriction", "constriction"),
    ("ssimulacra2", "ssimulacra2"),
    ("stlpips-pytorch", "stlpips-pytorch"),
)


def versions() -> str:
    """Versions of nnc and of every library that has a say in the bytes or the pixels."""
    parts = [
        f"nnc {__version__}",
        f"Python {platform.python_version()}",
        f"NumPy {np.__version__}",
        f"Pillow {PIL.__version__}",
    ]
    parts += [f"{title} {features.version(name)}" for name, title in _LIBRARIES if features.check(name)]
    parts += [f"{title} {found}" for name, title in _PACKAGES if (found := _installed(name))]
    return ", ".join(parts)


def machine() -> str:
    """Operating system, processor and the number of cores this process may use."""
    return f"{platform.system()} {platform.machine()}, {_processor()}, {cores()} cores"


def _installed(package: str) -> str | None:
    """Version of a package, without importing it; None if it is not there."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    """Name of the processor, where the system gives one."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"
