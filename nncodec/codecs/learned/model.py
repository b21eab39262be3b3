"""The weights of ``learned``: transforms as `nncodec.lapped.model` has them, synthesis network and contexts."""

from collections.abc import Callable
from functools import cache, cached_property, lru_cache, partial

from nncodec.codecs.learned.adaptation import Adaptation, Evidence
from nncodec.codecs.learned.bitstream import UnitContexts, unpack_contexts
from nncodec.codecs.learned.blocks import N_TABLES
from nncodec.codecs.learned.change import Change
from nncodec.codecs.learned.context import Arrays, by_network
from nncodec.entropy.tables import Tables
from nncodec.errors import UnsupportedFile
from nncodec.lapped.model import LappedModel
from nncodec.nets import weights
from nncodec.nets.device import Net, net_on


class LearnedModel(LappedModel):
    """One set of weights."""

    @cached_property
    def tables(self) -> Tables:
        """The distributions of symbols, `N_TABLES`; UnsupportedFile if there are fewer."""
        tables = super().tables
        if len(tables.frequencies) != N_TABLES:
            raise UnsupportedFile(f"{len(tables.frequencies)} tables of distributions, not {N_TABLES}")
        return tables

    @cached_property
    def _evidence(self) -> Evidence:
        return Evidence.of(self.tables)

    def adaptation(self, wanted: bool = True) -> Adaptation | None:
        """A new adaptation of the scale indices of one unit, if it is wanted."""
        return Adaptation(self._evidence) if wanted else None

    @cached_property
    def networks(self) -> dict[str, Arrays]:
        """The arrays of the contexts, by the name of their network."""
        return by_network(self.arrays)

    @cached_property
    def net_on(self) -> Callable[[str], Net]:
        """The synthesis network by device, made once; see `nncodec.nets.device.net_on`."""
        return cache(partial(net_on, arrays=self.arrays))

    def changed_net(self, change: Change | None, level: float, device: str) -> Net:
        """The synthesis network with a picture's own change, if there is one, at a level."""
        return self.net_on(device) if change is None else net_on(device, change.applied(self.arrays, level))

    def unit_contexts(self, quality: int) -> list[UnitContexts]:
        """The contexts of both units at a quality index."""
        return unpack_contexts(self.networks, quality)


@lru_cache(weights.KEPT)
def loaded(number: weights.Model) -> LearnedModel:
    """The weights that files name so; raises as `nncodec.nets.weights.arrays_of` does."""
    return LearnedModel(number, weights.arrays_of(number, "learned"))
