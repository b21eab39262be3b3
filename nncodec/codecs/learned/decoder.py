"""The decoder of the learned codec: symbols, then pixels."""

import numpy as np
import numpy.typing as npt

from nncodec.codecs.learned.bitstream import Step, code_unit
from nncodec.codecs.learned.blocks import FIRST_INDEX, FREE, SIZE, read
from nncodec.codecs.learned.change import Change, ChangeHead, shape_of, tables_of
from nncodec.codecs.learned.context import Means
from nncodec.codecs.learned.grid import DecodedLatent
from nncodec.codecs.learned.mean_context import LOWEST
from nncodec.codecs.learned.model import LearnedModel
from nncodec.codecs.learned.payload import LearnedPayload
from nncodec.codecs.learned.synthesis import Synthesizer
from nncodec.entropy.coder import Indices, Symbols
from nncodec.entropy.scales import N_SCALES
from nncodec.entropy.tables import Tables
from nncodec.lapped.bitstream import Reader
from nncodec.lapped.decoder import Values, opened, positions
from nncodec.lapped.model import matrix_of
from nncodec.threads import products_alone


def decode(
    payload: LearnedPayload, model: LearnedModel, width: int, height: int, channels: int, device: str
) -> npt.NDArray[np.uint8]:
    """Decode pixels (H, W) or (H, W, 3); raises as `decode_latent`."""
    values, change = decode_latent(payload, model, width, height, channels)
    synthesizer = Synthesizer(model, payload.quality, matrix_of(payload.colours), device, change)
    return synthesizer.pixels(values, width, height)


def decode_latent(
    payload: LearnedPayload, model: LearnedModel, width: int, height: int, channels: int
) -> tuple[Values, Change | None]:
    """Decode the values of the latent, (channels, h, w, CHANNELS) in 1/16 symbol, and the change of the network.

    Raises CorruptFile for symbols that are not those that were written, and, before it allocates, where there are too
    few bytes for the size.
    """
    reader = opened(payload, model, _least(model.tables), width, height, channels)
    known = DecodedLatent(*positions(width, height), channels)

    def code_symbols(step: Step, means: Means, indices: Indices) -> Symbols:
        return read(indices.reshape(-1), lambda tables: reader.code(None, tables)).reshape(indices.shape)

    change = _change(payload.change, model, channels, reader)
    with products_alone():
        for contexts, groups in zip(model.unit_contexts(payload.quality), payload.groups, strict=False):
            code_unit(known, contexts, groups, code_symbols, model.adaptation(payload.adaptive))
    reader.finish()
    return known.finish(), change


def _change(head: ChangeHead | None, model: LearnedModel, planes: int, reader: Reader) -> Change | None:
    """Read the change of the network that a payload announces."""
    if head is None:
        return None
    shape = shape_of(model.arrays, planes)
    return Change(head, reader.code(None, tables_of(head, shape)).reshape(shape))


def _least(tables: Tables) -> float:
    """Least bits of a symbol of group 0 of brightness, on average; of a block the free symbols alone are counted."""
    alone = tables.least_cost(range(LOWEST[0], N_SCALES))
    return min(alone, FREE / SIZE * tables.least_cost(range(N_SCALES + FIRST_INDEX, 2 * N_SCALES)))
