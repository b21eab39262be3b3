"""Encode, decode, inspect: the only place where container, codecs, restorers and pictures meet.

Everything here is bytes and arrays; files, terminals and exit codes belong to :mod:`nncodec.cli`.
"""

from nncodec.pipeline.decoding import Decoded, decode, original, peek
from nncodec.pipeline.encoding import DEFAULT_CODEC, Encoded, Settings, encode
from nncodec.pipeline.extracting import extract, suffix_of
from nncodec.pipeline.inspecting import Info, claim, inspect
from nncodec.pipeline.lossless import encode_lossless
from nncodec.pipeline.own_weights import OwnModel, located, opened
from nncodec.pipeline.restoring import AUTO, NONE
from nncodec.pipeline.source import SourceOptions, encode_picture, encode_source, keep_file, read_any
from nncodec.pipeline.targets import Target

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
    "read_any",
    "suffix_of",
]
