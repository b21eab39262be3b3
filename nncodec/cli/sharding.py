"""The share of one machine in a run over many: ``--shard 3/100``."""

import os
import re
import unicodedata
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import click


@dataclass(frozen=True)
class Shard:
    """One of ``count`` parts into which a hash of names divides sources; ``number`` runs from 1."""

    number: int
    count: int

    def has(self, name: str) -> bool:
        """True if the source with this relative path belongs to the part.

        The part is BLAKE2b of the path without its suffix, 8 bytes read as a big-endian number, modulo ``count``: the
        same on all machines. Sources that could have one result, such as a.jpg and a.png, are in one part, so that its
        run notices.
        """
        digest = blake2b(_key(name), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.count == self.number - 1


def _key(name: str) -> bytes:
    """The bytes that are hashed: no suffix, slashes, composed characters (NFC), ASCII letters in lower case.

    The latter two because machines may see one folder of a server with names in either form, and because some file
    systems write a.nnc and A.nnc to one file.
    """
    stem = os.path.splitext(os.path.normpath(name))[0].replace(os.sep, "/")  # noqa: PTH122
    return unicodedata.normalize("NFC", stem).encode("utf-8", "surrogateescape").lower()


class ShardType(click.ParamType):  # type: ignore[type-arg]
    """Two numbers with a slash between: 3/100."""

    name = "shard"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Shard:
        """The part, or a usage error."""
        match = re.fullmatch(r"([0-9]+)/([0-9]+)", str(value))
        if not match or not 1 <= int(match[1]) <= int(match[2]):
            self.fail(f"{value!r} is not one of 1/N to N/N", param, ctx)
        return Shard(int(match[1]), int(match[2]))
