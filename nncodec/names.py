"""The names of wire numbers, as the tables of docs/format/container.md list them. Imports nothing.

A file can so be described without importing the codecs and restorers themselves, which takes most of the time. A codec
that is not listed here is found all the same, by the registry; a test demands the package's own.
"""

CODECS = {
    1: "jpeg",
    2: "jpegfile",
    3: "jpeg2000",
    4: "webp",
    5: "avif",
    6: "lepton",
    8: "layered",
    16: "learned",
    17: "compact",
    19: "recurrent",
    20: "ccnn",
    21: "superres",
    22: "generative",
}
"""Codecs by the number in a file's header."""

WITH_BASES = frozenset({8, 17, 21, 22})
"""Numbers of the codecs whose payloads hold a picture by another codec, and name it."""

PAINTING = frozenset({21, 22})
"""Numbers of the codecs that invent detail."""

RESTORERS = {1: "tuned", 2: "luma"}
"""Restorers by the first byte of their section."""

LIGHT_WEIGHTS = frozenset(number for first in (24, 40, 56, 88, 104) for number in range(first, first + 8))
"""Numbers of light weights, the last eight of each family's: thinner networks, which take less time to decode."""

OWN_WEIGHTS = frozenset((112, 113, 114, 116, 117, 118, 119))
"""Numbers in the place of those of weights that say that weights of the user's own are meant."""
