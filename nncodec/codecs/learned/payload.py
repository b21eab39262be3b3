"""The payload of ``learned``: that of the lapped latent, and how the codec adapts to the picture."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nncodec.codecs.learned.change import ChangeHead
from nncodec.lapped.bitstream import LatentPayload

if TYPE_CHECKING:
    from typing_extensions import Self

_ADAPTIVE, _CHANGED = 2, 4
_MOST_FLAGS = 7


@dataclass(frozen=True)
class LearnedPayload(LatentPayload):
    """A payload before any symbol is decoded. `serialize` and `parse` are inverse functions."""

    adaptive: bool = False
    """Whether scale indices follow the picture; see `nncodec.codecs.learned.adaptation`."""
    change: ChangeHead | None = None
    """How the weights are coded that change the synthesis network, if it is changed."""

    @property
    def flags(self) -> int:
        """The byte of flags."""
        return super().flags | _ADAPTIVE * self.adaptive | _CHANGED * (self.change is not None)

    @property
    def own_fields(self) -> bytes:
        """The head of the change, if there is one."""
        return b"" if self.change is None else self.change.serialize()

    @classmethod
    def _own_length(cls, flags: int, parts: int) -> int:
        return ChangeHead.length(1 if parts == 1 else 3) if flags & _CHANGED else 0

    @classmethod
    def parse(cls, data: bytes, parts: int, codec: str) -> "Self":
        """See `LatentPayload.parse`."""
        fields, flags, own = cls._fields(data, parts, codec, _MOST_FLAGS)
        change = ChangeHead.parse(own) if own else None
        return cls(*fields, bool(flags & _ADAPTIVE), change)
