"""Check that no other distribution has overwritten the package.

The package index has a distribution called ``nncodec``, a coder of neural networks, whose import package has our name.
Both have a file ``nncodec/__init__.py``: the one that is installed later overwrites the other's without a word, and its
removal deletes it.
"""

import sys

from nncodec.errors import NncError

DISTRIBUTION = "nnc-image"
"""Name of this package in an index."""
INTRUDER = "nncodec"
"""Name of the distribution that has a package of our name."""


def overwritten() -> str | None:
    """One line on what to do if ``nncodec/__init__.py`` lacks our errors, hence is not ours; None if it is."""
    ours = getattr(sys.modules["nncodec"], "NncError", None) is NncError
    line = (
        f"another distribution has overwritten or removed files of {DISTRIBUTION}: "
        f"pip uninstall {INTRUDER}, then install {DISTRIBUTION} again"
    )
    return None if ours else line
