"""The parameters of `luma` in a file, which name the network, the damage and the strengths.

Name of the weights, condition (u8), strengths (u8), as in docs/format/luma.md.
"""

from dataclasses import dataclass

from nncodec.errors import CorruptFile
from nncodec.nets import weights
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


def pack(model: weights.Model, condition: RestorerCondition) -> bytes:
    """The parameters for the network of some weights under a condition."""
    family_and_level = condition.family * (LEVELS + 1) + condition.level
    return weights.model_field(model) + bytes([family_and_level, condition.chroma << 4 | condition.luma])


def unpack(parameters: bytes) -> tuple[weights.Model, RestorerCondition]:
    """Weights and condition; CorruptFile for parameters of another length."""
    model, rest = weights.split_model(parameters, "luma")
    if len(rest) != 2:
        raise CorruptFile(f"{len(rest)} bytes of restorer parameters behind the name of the weights, not 2")
    family, level = divmod(rest[0], LEVELS + 1)
    chroma, luma = divmod(rest[1], 16)
    return model, RestorerCondition(family, level, luma, chroma)
