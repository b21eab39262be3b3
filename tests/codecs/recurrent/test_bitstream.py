"""The bit stream of the recurrent codec: payloads, phases of positions, and numbers of layers."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nncodec import pipeline
from nncodec.codec import Options
from nncodec.codecs.recurrent import CODEC, context, layers_at
from nncodec.codecs.recurrent.bitstream import LAYERS, BitReader, Payload, Segment
from nncodec.codecs.recurrent.context import phases
from nncodec.errors import CorruptFile, EncodeError
from nncodec.image import Picture


@settings(max_examples=40)
@given(st.integers(1, 20), st.integers(1, 20))
def test_phases_hold_every_position_once_and_no_two_neighbours(height, width):
    both = phases(height, width)
    assert sorted(np.concatenate(both).tolist()) == list(range(height * width))
    for at in both:
        marked = np.zeros(height * width, bool)
        marked[at] = True
        grid = marked.reshape(height, width)
        assert not (grid[1:] & grid[:-1]).any()
        assert not (grid[:, 1:] & grid[:, :-1]).any()


def test_a_bit_that_is_none_is_refused():
    """Words that stand for the symbol 0, to which the tables give the least there is."""
    from nncodec.entropy.coder import Encoder

    tables = context.logistic_tables()
    encoder = Encoder(tables)
    encoder.code(np.zeros(8, np.int32), np.full(8, 9, np.uint8))
    reader = BitReader(tables, encoder.finish()[1], 0)
    with pytest.raises(CorruptFile):
        reader.code(np.full(8, 9, np.uint8), None)


@given(st.lists(st.tuples(st.integers(0, 65535), st.binary(max_size=200)), min_size=1, max_size=LAYERS))
def test_payloads_come_back_and_every_cut_shows(parts):
    payload = Payload(96, tuple(Segment(checksum, words) for checksum, words in parts))
    layers = payload.layers()
    data = b"".join(layers)
    assert Payload.parse(data) == payload
    assert CODEC.cut(data) == layers
    ends = {sum(map(len, layers[: k + 1])) for k in range(len(layers))}
    for end in range(len(data)):
        if end in ends:
            assert Payload.parse(data[:end]).segments == payload.segments[: sorted(ends).index(end) + 1]
        else:
            with pytest.raises(CorruptFile):
                Payload.parse(data[:end])


def test_qualities_are_numbers_of_iterations():
    assert [layers_at(quality) for quality in (0, 3, 4, 55, 100)] == [1, 1, 2, 9, LAYERS]
    counts = [layers_at(step * CODEC.quality_step) for step in range(LAYERS)]
    assert all(after == before + 1 for before, after in pairwise(counts))


@pytest.mark.parametrize("shape", [(4097, 1), (1, 4097, 3)], ids=str)
def test_large_pictures_are_refused_with_a_hint(shape):
    """Before any work; the codecs that are named take such a picture."""
    picture = Picture(np.zeros(shape, np.uint8))
    with pytest.raises(EncodeError, match="recurrent holds at most 4096 pixels a side, not 4097") as caught:
        pipeline.encode(picture, pipeline.Settings("recurrent", Options(0)))
    named = caught.value.hint.removeprefix("use -c ").removesuffix(", or a smaller picture").split(", ")
    assert {"avif", "learned"} <= set(named)
    assert not {"recurrent", "jpegfile"} & set(named)
