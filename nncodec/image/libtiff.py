"""Decoding by libtiff, which writes its messages to the process's standard error and names no cause to Pillow."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import PIL.Image

from nncodec.errors import CorruptFile, UnsupportedFile
from nncodec.threads import Shared

_OPTIONAL = {"webp", "zstd", "lzma", "tiff_sgilog", "tiff_sgilog24", "tiff_thunderscan"}
"""Pillow's names of compressions that libtiff may have been built without."""
_STDERR = 2


@contextmanager
def _silent() -> Iterator[None]:
    try:
        kept = os.dup(_STDERR)
    except OSError:  # it is closed, so nothing is seen
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, _STDERR)
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(nowhere)
        os.close(kept)


_silence = Shared(_silent)


@contextmanager
def libtiff_errors(still: PIL.Image.Image) -> Iterator[None]:
    """Keep libtiff's messages off standard error while an image is loaded; nothing is done for other images.

    What other threads write there meanwhile is lost. Raises UnsupportedFile where libtiff may lack the compression.
    """
    if all(tile[0] != "libtiff" for tile in getattr(still, "tile", [])):
        yield
        return
    compression = still.info.get("compression")
    try:
        with _silence.block():
            yield
    except CorruptFile as error:
        if compression not in _OPTIONAL:
            raise
        name = str(compression).removeprefix("tiff_")
        message = f"this TIFF cannot be read: it is damaged, or Pillow was built without its compression, {name}"
        raise UnsupportedFile(message) from error
