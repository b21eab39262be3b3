"""The parameters of `luma` in a file: three bytes that name the network, the damage and the strengths.

Model number (u8), condition (u8), strengths (u8), as in docs/format/luma.md.
"""

from dataclasses import dataclass

from nncodec.errors import CorruptFile
from nncodec.nets.resnet import LEVELS
from nncodec.nets.ycbcr import FULL


@dataclass(frozen=True)
class RestorerCondition:
    """The inputs of the network beside the picture, and the strengths of what it adds."""

    family: int
    """Index of the codec whose pictures the network is to expect, in the order of the weights."""
    level: int
    """Level of damage, 0 (worst) to `LEVELS`."""
    luma: int = FULL
    """Strength of the correction of luma, in eighths, 0 to 15."""
    chroma: int = FULL
    """Strength of the correction of chroma, in eighths, 0 to 15; 0 for gray."""

    @property
    def relative_level(self) -> float:
        """The level as the network takes it, 0 (worst) to 1."""
        return self.level / LEVELS


def pack(model: int, condition: RestorerCondition) -> bytes:
    """The parameters for the network with a model number under a condition."""
    family_and_level = condition.family * (LEVELS + 1) + condition.level
    return bytes([model, family_and_level, condition.chroma << 4 | condition.luma])


def unpack(parameters: bytes) -> tuple[int, RestorerCondition]:
    """Model number and condition; CorruptFile for parameters of another length."""
    if len(parameters) != 3:
        raise CorruptFile(f"{len(parameters)} bytes of restorer parameters, not 3")
    family, level = divmod(parameters[1], LEVELS + 1)
    chroma, luma = divmod(parameters[2], 16)
    return parameters[0], RestorerCondition(family, level, luma, chroma)
