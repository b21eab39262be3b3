"""Encode, decode, inspect: the only place where container, codecs, restorers and pictures meet.

Everything here is bytes and arrays; files, terminals and exit codes belong to :mod:`nncodec.cli`. A name is imported
on first use: to inspect a file takes neither codecs nor NumPy.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nncodec.pipeline.decoding import Decoded, decode, original, peek
    from nncodec.pipeline.encoding import DEFAULT_CODEC, Encoded, Settings, encode
    from nncodec.pipeline.extracting import extract, suffix_of
    from nncodec.pipeline.inspecting import Info, claim, inspect
    from nncodec.pipeline.lossless import encode_lossless
    from nncodec.pipeline.own_weights import OwnModel, located, opened
    from nncodec.pipeline.quality import quality_for
    from nncodec.pipeline.restoring import AUTO, NONE
    from nncodec.pipeline.source import SourceOptions, encode_picture, encode_source, keep_file, read_any
    from nncodec.pipeline.targets import Target
    from nncodec.pipeline.thumbnails import thumbnail

__all__ = [
    "AUTO",
    "DEFAULT_CODEC",
    "Decoded",
    "Encoded",
    "Info",
    "NONE",
    "OwnModel",
    "Settings",
    "SourceOptions",
    "Target",
    "claim",
    "decode",
    "encode",
    "encode_lossless",
    "encode_picture",
    "encode_source",
    "extract",
    "inspect",
    "keep_file",
    "located",
    "opened",
    "original",
    "peek",
    "quality_for",
    "read_any",
    "suffix_of",
    "thumbnail",
]

_LAZY = {
    **dict.fromkeys(("Decoded", "decode", "original", "peek"), "decoding"),
    **dict.fromkeys(("DEFAULT_CODEC", "Encoded", "Settings", "encode"), "encoding"),
    **dict.fromkeys(("extract", "suffix_of"), "extracting"),
    **dict.fromkeys(("Info", "claim", "inspect"), "inspecting"),
    "encode_lossless": "lossless",
    **dict.fromkeys(("OwnModel", "located", "opened"), "own_weights"),
    "quality_for": "quality",
    **dict.fromkeys(("AUTO", "NONE"), "restoring"),
    **dict.fromkeys(("SourceOptions", "encode_picture", "encode_source", "keep_file", "read_any"), "source"),
    "Target": "targets",
    "thumbnail": "thumbnails",
}


def __getattr__(name: str) -> object:
    """Import the module that defines a name on its first use."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
