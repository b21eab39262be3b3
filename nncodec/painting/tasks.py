"""The families of pictures that networks of superres and generative learn from, and what they begin with."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nncodec.errors import EncodeError, UnsupportedFile
from nncodec.nets.quantised import restored
from nncodec.nets.weights import Arrays
from nncodec.painting.networks import CODECS, LATENTS, PARTS
from nncodec.training.regions import CodecRange


@dataclass(frozen=True)
class Family:
    """Small pictures of one codec, which the networks know as one family."""

    name: str
    number: int
    """Wire number of the codec, or 0 for pictures that no codec has damaged."""
    range: CodecRange
    like: int
    """Wire number of the codec that this one begins as where given weights do not know its own."""


@dataclass(frozen=True)
class Task:
    """What distinguishes the codecs that share this recipe."""

    families: tuple[Family, ...]
    """In the order in which the networks number them."""
    noise: int = 0
    """Planes of noise that the networks are given."""

    @property
    def ranges(self) -> Sequence[CodecRange]:
        """The codecs and qualities of the regions."""
        return [family.range for family in self.families]

    @property
    def array(self) -> str:
        """Name of the array of families."""
        return LATENTS if self.noise else CODECS

    @property
    def heads(self) -> Arrays:
        """Wire numbers and qualities of the families, as they ship."""
        return {
            self.array: np.array([family.number for family in self.families], np.uint8),
            "qualities": np.array([(each.lowest, each.highest) for each in self.ranges], np.float32),
        }

    def places_in(self, arrays: Arrays) -> list[int]:
        """The places of the families, or of those that they begin as, among those of given weights.

        Raises UnsupportedFile for a family that has none.
        """
        known = arrays[CODECS if CODECS in arrays else LATENTS].tolist()
        return [_place(family, known) for family in self.families]

    def others_in(self, arrays: Arrays, halvings: int) -> Arrays:
        """The networks of given weights that are not for pictures halved so many times, if of the same families.

        Raises EncodeError where there are none for half the size and a quarter is trained.
        """
        same = all(np.array_equal(arrays.get(name, ()), array) for name, array in self.heads.items())
        others = tuple(f"{part}." for times, parts in PARTS.items() if times != halvings for part in parts)
        found = {name: array for name, array in arrays.items() if same and name.startswith(others)}
        if halvings > 1 and not found:
            raise EncodeError("networks for a quarter begin with those for half the size", "name these by --weights")
        return found


def _place(family: Family, known: list[int]) -> int:
    """The place of a family, or of the one that it begins as, among those that given weights know."""
    for number in (family.number, family.like):
        if number in known:
            return known.index(number)
    raise UnsupportedFile(f"the weights know neither codec {family.number} nor {family.like}")


def starts(arrays: Arrays, halvings: int) -> list[dict[str, npt.NDArray[np.float32]]]:
    """Parameters that both networks begin with: their own, those for half the size, or the RecCNN of compact."""
    choices = zip(PARTS[halvings], PARTS[1], ("rec", "rec"), strict=True)
    return [next(filter(None, (restored(arrays, part) for part in parts))) for parts in choices]
