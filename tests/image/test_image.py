"""The package `nncodec.image`: its names, and what importing them costs."""

import subprocess
import sys

import pytest

from nncodec import image


def imported(code: str) -> set[str]:
    """The libraries that a fresh Python has imported after running some code."""
    watch = "import sys; print(*[m for m in ('numpy', 'PIL', 'torch', 'constriction', 'click') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{watch}"], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["picture", "metrics", "heatmap"])
def test_arrays_are_held_and_measured_without_pillow(module: str) -> None:
    assert imported(f"import nncodec.image.{module}") == {"numpy"}


def test_reading_imports_pillow_alone() -> None:
    assert imported("from nncodec.image import read, write, upright") == {"numpy", "PIL"}


def test_every_public_name_is_there() -> None:
    for name in image.__all__:
        assert getattr(image, name) is not None
    with pytest.raises(AttributeError, match="nosuch"):
        image.nosuch  # noqa: B018
