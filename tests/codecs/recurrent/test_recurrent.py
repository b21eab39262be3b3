"""The recurrent codec: exact contexts, layers, damage, training, and the weights that ship."""

import json
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

torch = pytest.importorskip("torch", reason="torch, an extra of the package, is not installed")

from nncodec import pipeline
from nncodec.codec import Frame, HasLayers, Options
from nncodec.codecs import recurrent as codec
from nncodec.codecs.recurrent import CODEC, context, decoder, recipe, transform, unrolled_torch
from nncodec.codecs.recurrent.bitstream import BitReader, BitWriter, Segment, code_round
from nncodec.codecs.recurrent.context import BitState, phases
from nncodec.codecs.recurrent.context_inputs import ContextInputs
from nncodec.codecs.recurrent.decoder import decoded_layers
from nncodec.codecs.recurrent.decoder_torch import reconstruct
from nncodec.codecs.recurrent.encoder_torch import encode
from nncodec.codecs.recurrent.model_torch import RecurrentModel
from nncodec.codecs.recurrent.network_torch import RecurrentNetwork, binarise, binariser_inputs
from nncodec.codecs.recurrent.unrolled_torch import UnrolledCodec
from nncodec.errors import CorruptFile, EncodeError, UnsupportedFile
from nncodec.image import Picture
from nncodec.image.metrics import mse, psnr
from nncodec.nets import weights
from nncodec.training import loop
from tests import own, pictures
from tests.codecs.recurrent import tiny_recurrent
from tests.damage import Part, build, head, leb128, offsets

ROOT = Path(__file__).resolve().parents[3]
CHANNELS = 1 + max(tiny_recurrent.LOW)


# --- contexts -------------------------------------------------------------------------------------------------------


def lively(channels: int, height: int = 5, width: int = 4, seed: int = 0) -> BitState:
    """Sums of every size."""
    rng = np.random.default_rng(seed)
    state = BitState(channels, height, width)
    spread = 10 ** rng.uniform(0, 5, (channels, 1, 1))
    state.sums[:] = (rng.normal(0, 1, state.sums.shape) * spread * (rng.random(state.sums.shape) < 0.6)).astype(int)
    return state


@pytest.mark.parametrize("channels", [256, 768])
def test_contexts_in_python_integers(channels):
    """An independent evaluation of docs/format/recurrent.md with numbers of any length."""
    contexts, state = tiny_recurrent.model().contexts, lively(channels)
    arrays = tiny_recurrent.arrays()
    part = contexts.rounds_of(1, channels)[0]
    at = phases(5, 4)[1]
    found = contexts.indices(state, 1, part, at)
    values = state.sums.tolist()

    def size(c, i, j):
        inside = 0 <= i < 5 and 0 <= j < 4
        return int(arrays["context.sizes"][min(abs(values[c][i][j]) >> 3, 8191)]) if inside else 0

    def around(c, i, j):
        sides = size(c, i - 1, j) + size(c, i + 1, j) + size(c, i, j - 1) + size(c, i, j + 1)
        corners = [size(c, i + a, j + b) for a in (-1, 1) for b in (-1, 1)]
        return 2 * sides + sum(corners)

    def rounded(value, shift):
        return (value + (1 << shift - 1)) >> shift

    enter, leave = arrays["context.enter"].tolist(), arrays["context.leave"].tolist()
    for place, position in enumerate(at.tolist()):
        i, j = divmod(position, 4)
        y = []
        for unit, x in enumerate(arrays["context.pace"][1].tolist()):
            for c in range(channels):
                x += 12 * size(c, i, j) * enter[c][unit] + around(c, i, j) * enter[768 + c][unit]
            y.append(rounded(x, 11 if x < 0 else 8))
        for row, (slot, c) in enumerate(zip(part.rows.tolist(), part.channels.tolist(), strict=True)):
            own, exponent = values[c][i][j], int(arrays["slots"][slot, 3])
            four = sum(
                values[c][min(max(i + a, 0), 4)][min(max(j + b, 0), 3)] for a, b in ((-1, 0), (1, 0), (0, -1), (0, 1))
            )
            difference = min(max((four - 4 * own) >> (exponent + 1), -64), 64)
            d, bias = arrays["context.direct"][slot].tolist(), arrays["context.bias"][slot].tolist()
            even = sum(unit * weights[c] for unit, weights in zip(y, leave, strict=True))
            even += 12 * size(c, i, j) * d[0] + around(c, i, j) * d[1] + (own != 0) * d[2] + abs(difference) * d[3]
            odd = (own > 0) * d[4] - (own < 0) * d[4] + difference * d[5]
            expected = [min(max(rounded(sum_, 24), 0), 63) for sum_ in (even + odd + bias[0], even - odd + bias[1])]
            assert [int(each[row, place]) for each in found] == expected


def test_contexts_follow_sums_as_they_change():
    """Round after round, indices are those of a picture whose sums were there from the start."""
    contexts, rng = tiny_recurrent.model().contexts, np.random.default_rng(1)
    state = lively(768, seed=1)
    for layer in range(tiny_recurrent.LAYERS):
        for part in contexts.rounds[layer]:
            for at in phases(5, 4):
                fresh = BitState(*state.sums.shape)
                fresh.sums[:] = state.sums
                expected = contexts.indices(fresh, layer, part, at)
                assert all(map(np.array_equal, contexts.indices(state, layer, part, at), expected))
                state.add(part.channels, at, rng.integers(-9999, 9999, expected[0].shape, np.int32))


def test_the_trained_contexts_are_those_that_ship():
    """Indices of the whole numbers against the log-odds of the trained network."""
    model, trained = tiny_recurrent.model(), tiny_recurrent.trainable()
    state, at = lively(768, seed=3), phases(5, 4)[0]
    for layer in range(tiny_recurrent.LAYERS):
        for part in model.contexts.rounds[layer]:
            found = model.contexts.indices(state, layer, part, at)
            sums = torch.from_numpy(state.sums)[None] / 8
            with torch.no_grad():
                odds = trained.prior.odds(sums, layer, part, torch.from_numpy(at))
            for index, each in zip(found, odds, strict=True):
                expected = ((each[0].numpy() - context.LOGIT_FIRST) / context.LOGIT_STEP).clip(0, 63)
                assert np.abs(index - expected).max() < 0.6


def test_weights_at_their_limits_stay_exact():
    """The largest sums that arrays of these types can give are below 2^53, up to which float64 adds exactly."""
    arrays = weights.load(weights.newest("recurrent"), "recurrent")
    enter, pace, leave = (2 ** (8 * arrays[f"context.{name}"].itemsize - 1) for name in ("enter", "pace", "leave"))
    n_inputs, n_hidden = arrays["context.enter"].shape
    x = n_inputs * 12 * int(arrays["context.sizes"].max()) * enter + pace
    assert x < 2**53
    assert n_hidden * ((x >> 8) + 1) * leave < 2**53


def test_bits_come_back_and_their_checksum_tells_damage():
    contexts = tiny_recurrent.model().contexts
    rng = np.random.default_rng(0)
    written, read = BitState(768, 6, 7), BitState(768, 6, 7)
    writer = BitWriter(contexts.tables, 5)
    wanted = [rng.integers(-1, 2, (len(part.channels), 42)).astype(np.int8) for part in contexts.rounds[0]]
    for part, symbols in zip(contexts.rounds[0], wanted, strict=True):
        before = written.sums.copy()
        code_round(written, contexts, 0, part, writer, symbols)
        step = (written.sums - before)[part.channels].reshape(len(part.channels), -1)
        assert np.array_equal(step, symbols * part.amplitude[:, None])
    words = writer.finish()
    reader = BitReader(contexts.tables, words, 5)
    for part in contexts.rounds[0]:
        code_round(read, contexts, 0, part, reader)
    reader.finish()
    assert np.array_equal(read.sums, written.sums)
    assert reader.checksum == writer.checksum != 5


def test_the_checksum_is_that_of_the_format():
    """Over the size, then over each step's bits, packed, the first bit highest."""
    segment = encode(tiny_recurrent.model(), tiny_recurrent.picture(9, 5), 1)[0]
    seen = []
    reader = BitReader(tiny_recurrent.model().contexts.tables, segment.words, 0)
    state = BitState(768, 1, 1)
    for part in tiny_recurrent.model().contexts.rounds_of(0, 768):

        class Spy:
            def code(self, indices, given):
                seen.append(reader.code(indices, given))
                return seen[-1]

        code_round(state, tiny_recurrent.model().contexts, 0, part, Spy())
    crc = zlib.crc32(bytes([5, 0, 0, 0, 9, 0, 0, 0, 3]))
    for bits in seen:
        padded = bits.tolist() + [0] * (-len(bits) % 8)
        packed = bytes(int("".join(map(str, padded[k : k + 8])), 2) for k in range(0, len(padded), 8))
        crc = zlib.crc32(packed, crc)
    assert crc & 0xFFFF == segment.checksum


def decode(model, segments, width, height, planes):
    """Layers to pixels."""
    layers = decoded_layers(model.contexts, segments, width, height, planes)
    return reconstruct(model, next(layers), layers, width, height)


def test_layers_without_words_are_those_whose_bits_are_all_zero(monkeypatch):
    """Their checksum is known without contexts, so that a wrong one costs nothing."""
    contexts, state, segments = tiny_recurrent.model().contexts, BitState(256, 3, 2), []
    checksum = zlib.crc32(bytes([23, 0, 0, 0, 40, 0, 0, 0, 1]))
    for layer in range(2):
        writer = BitWriter(contexts.tables, checksum)
        for part in contexts.rounds_of(layer, 256):
            code_round(state, contexts, layer, part, writer, np.zeros((len(part.channels), 6), np.int8))
        checksum = writer.checksum
        segments.append(Segment(checksum & 0xFFFF, writer.finish()))
    assert [segment.words for segment in segments] == [b"", b""]
    monkeypatch.setattr(decoder, "BitReader", None)
    assert [state.sums.any() for state in decoded_layers(contexts, segments, 23, 40, 1)] == [False, False]
    monkeypatch.setattr(decoder, "BitState", None)
    wrong = [replace(segments[0], checksum=segments[0].checksum ^ 1)]
    with pytest.raises(CorruptFile, match="layer 1"):
        next(decoded_layers(contexts, wrong, 4096, 4096, 3))


# --- networks and coding ----------------------------------------------------------------------------------------------


def test_the_binariser_decides_by_sign_and_draws_by_tanh():
    x = torch.tensor([-9.0, -0.1, 0.0, 0.1, 9.0])
    assert binarise(x, noise=False).tolist() == [-1, -1, -1, 1, 1]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        drawn = binarise(torch.full((20000,), 0.03, requires_grad=True), noise=True)
    assert set(drawn.tolist()) == {-1.0, 1.0}
    assert float(drawn.detach().mean()) == pytest.approx(np.tanh(20 * 0.03), abs=0.02)
    leaf = torch.tensor(0.03, requires_grad=True)
    binarise(leaf, noise=False).backward()
    assert float(leaf.grad) == pytest.approx(20 * (1 - np.tanh(20 * 0.03) ** 2), rel=1e-5)


def test_untrained_networks_leave_the_linear_binariser_alone():
    network = RecurrentNetwork(8, [10.0, 5.0], 4, 4)
    x = torch.randn(1, 8, 3, 3, generator=torch.Generator().manual_seed(0))
    memory = network.encoder(network.encoder_input(x, 0), network.encoder.initial_memory(x))
    shift, dead_zone = network.offsets(memory)
    correction = network.correction(
        network.decoder(network.decoder_input(x, x, 1), network.decoder.initial_memory(x)), 1
    )
    assert not shift.any()
    assert not dead_zone.any()
    assert not correction.any()
    assert memory.abs().max() < 1
    up, down = binariser_inputs(torch.tensor([1.1, 0.9, -0.9, -1.1]), torch.zeros(()), torch.zeros(()))
    assert (up > 0).tolist() == [True, False, False, False]
    assert (down > 0).tolist() == [False, False, False, True]


@pytest.mark.parametrize("additive", [False, True], ids=["one-shot", "additive"])
@pytest.mark.parametrize("shape", [(1, 1), (16, 16, 3), (40, 23), (35, 70, 3)], ids=str)
def test_any_size_and_any_number_of_layers(shape, additive):
    model, pixels = tiny_recurrent.model(additive), tiny_recurrent.picture(*shape[:2], 3 if len(shape) == 3 else 1)
    segments = encode(model, pixels, tiny_recurrent.LAYERS)
    channels = 3 if pixels.ndim == 3 else 1
    seen = [decode(model, segments[:k], shape[1], shape[0], channels) for k in range(1, len(segments) + 1)]
    assert all(each.shape == pixels.shape and each.dtype == np.uint8 for each in seen)
    assert encode(model, pixels, 2) == segments[:2]
    if min(shape[:2]) >= 16 and not additive:  # what random networks paint adds up
        assert mse(pixels, seen[-1]) < mse(pixels, seen[0])


@pytest.mark.parametrize("additive", [False, True], ids=["one-shot", "additive"])
def test_training_and_coding_see_one_picture(additive):
    """The trainable model's distortion and rate are those of real files, but for the mirrored border."""
    pixels = tiny_recurrent.picture(96, 112)
    planes = transform.mirrored(transform.to_planes(pixels))
    wanted = torch.from_numpy(transform.analyse(planes))[None]
    trained = tiny_recurrent.trainable(additive)
    with torch.no_grad():
        outcome = trained(wanted, True, False)
    segments = encode(tiny_recurrent.model(additive), pixels, tiny_recurrent.LAYERS)
    bits = np.cumsum([8 * len(segment.words) for segment in segments]) / (6 * 7)
    assert outcome.bits[:, 0].numpy() == pytest.approx(bits, rel=0.05, abs=2)
    last = decode(tiny_recurrent.model(additive), segments, 112, 96, 3)
    assert mse(pixels, last) * 768 == pytest.approx(float(outcome.error[-1, 0]), rel=0.1)


def test_sums_do_not_depend_on_the_order_of_adding(monkeypatch):
    """Matrix products as integers, which no library rounds."""
    pixels = tiny_recurrent.picture(64, 48)
    segments = encode(tiny_recurrent.model(), pixels, 2)

    def replace_sizes(self, kept, channels, fresh, weights):
        by = fresh.astype(np.int64) - kept[channels]
        self.hidden_inputs += by.reshape(len(channels), -1).T @ weights[channels].astype(np.int64)
        kept[channels] = fresh

    def hidden_terms(self, hidden_inputs, channels):
        x = hidden_inputs.astype(np.int64)
        y = np.where(x < 0, (x + 1024) >> 11, (x + 128) >> 8)
        return (y @ self.leave[:, channels].astype(np.int64)).T

    monkeypatch.setattr(ContextInputs, "_replace", replace_sizes)
    monkeypatch.setattr(context.Contexts, "_hidden_terms", hidden_terms)
    assert [each.words for each in encode(tiny_recurrent.model(), pixels, 2)] == [each.words for each in segments]


# --- payloads -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x60", id="no layer"),
        pytest.param(b"\x5f\0\0\0", id="weights of another codec"),
        pytest.param(b"\x60\0\0\x05word", id="words past the end"),
        pytest.param(b"\x60\0\0\x81\0w", id="length not in its shortest form"),
        pytest.param(b"\x60" + b"\0\0\0" * 17, id="17 layers"),
        pytest.param(b"\x60\0\0" + leb128(4) + b"abc\0", id="words that end with zero"),
    ],
)
def test_payloads_that_say_nothing_sound_are_refused(payload, tiny):
    with pytest.raises(CorruptFile):
        CODEC.decode(payload, Frame(40, 30, 3), "cpu")


@pytest.fixture
def tiny(monkeypatch):
    """The codec with tiny weights, as number 96."""
    monkeypatch.setattr(weights, "newest", lambda name: 96)
    monkeypatch.setattr(codec, "_contexts", lambda number: tiny_recurrent.model().contexts)
    monkeypatch.setattr(codec, "_model", lambda number: tiny_recurrent.model())
    return CODEC


def test_flipped_bits_are_noticed(tiny):
    pixels = tiny_recurrent.picture(32, 48)
    payload = CODEC.encode(pixels, Options(100))
    rng = np.random.default_rng(0)
    for _ in range(40):
        at = int(rng.integers(1, len(payload)))
        damaged = bytearray(payload)
        damaged[at] ^= 1 << int(rng.integers(8))
        with pytest.raises(CorruptFile):
            CODEC.decode(bytes(damaged), Frame(48, 32, 3), "cpu")


def test_a_payload_is_bound_to_the_size_of_its_picture(tiny):
    payload = CODEC.encode(tiny_recurrent.picture(48, 64), Options(100))
    assert CODEC.decode(payload, Frame(64, 48, 3), "cpu").shape == (48, 64, 3)
    for frame in (Frame(63, 48, 3), Frame(48, 64, 3), Frame(64, 48, 1), Frame(64, 48, 1, 16), Frame(4097, 48, 3)):
        with pytest.raises(CorruptFile):
            CODEC.decode(payload, frame, "cpu")


@pytest.mark.parametrize("payload", [b"\x60\0\0" + leb128(3) + b"few", b"\x60\0\0" + leb128(9) + b"cut"])
def test_what_the_head_shows_is_refused_before_weights_are_read(payload, tiny, monkeypatch):
    monkeypatch.setattr(codec, "_contexts", None)
    with pytest.raises(CorruptFile):
        CODEC.decode(payload, Frame(4097, 16, 3), "cpu")


@pytest.mark.parametrize("words", [b"", b"few"])
def test_a_damaged_first_layer_is_found_before_torch_is_imported(words):
    data = build(head(CODEC.id, 1, 320, 240), [Part(0x90, bytes([97, 1, 2, len(words)]) + words)])
    decode_it = f"nncodec.decode(bytes.fromhex({data.hex()!r}))"
    program = f"import sys, nncodec\ntry: {decode_it}\nexcept nncodec.CorruptFile: print('torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT)
    assert ran.stdout == "False\n"


def test_bits_that_are_all_zero_take_hardly_a_byte_at_any_size(tiny):
    flat = np.full((512, 512), 128, np.uint8)
    payload = CODEC.encode(flat, Options(100))
    assert len(payload) < 200
    assert CODEC.decode(payload, Frame(512, 512, 1), "cpu").shape == flat.shape


def test_more_layers_than_the_weights_have_are_refused(tiny):
    payload = CODEC.encode(tiny_recurrent.picture(16, 16), Options(100))
    with pytest.raises(CorruptFile, match="5 layers"):
        CODEC.decode(payload + b"\0\0\0", Frame(16, 16, 3), "cpu")


def test_layers_are_pictures(tiny):
    assert isinstance(CODEC, HasLayers)
    pixels = tiny_recurrent.picture(48, 64)
    payload = CODEC.encode(pixels, Options(100))
    layers = CODEC.cut(payload)
    assert (b"".join(layers), len(layers)) == (payload, tiny_recurrent.LAYERS)
    for count in range(1, len(layers) + 1):
        seen = CODEC.decode_layers(layers[:count], Frame(64, 48, 3), "cpu")
        assert np.array_equal(seen, CODEC.decode(b"".join(layers[:count]), Frame(64, 48, 3), "cpu"))


def test_a_file_cut_after_any_iteration_decodes(tiny):
    pixels = tiny_recurrent.picture(48, 64)
    file = pipeline.encode(Picture(pixels), pipeline.Settings("recurrent", Options(100), restore="none"))
    assert pipeline.inspect(file.data).layers == tiny_recurrent.LAYERS
    assert file.psnr == pytest.approx(psnr(pixels, pipeline.decode(file.data).pixels))
    ends = offsets(file.data)
    assert len(ends) == tiny_recurrent.LAYERS
    for count, end in enumerate(ends, start=1):
        expected = pipeline.decode(file.data, layers=count).pixels
        for cut in (file.data[:end], file.data[: end + 5]):
            found = pipeline.decode(cut, partial=True)
            assert np.array_equal(found.pixels, expected)
            assert found.complete == (count == len(ends))
    with pytest.raises(CorruptFile):
        pipeline.decode(file.data[: ends[0] - 1], partial=True)
    with pytest.raises(CorruptFile):
        pipeline.decode(file.data[: ends[1]])


def test_deep_pictures_are_refused():
    with pytest.raises(EncodeError, match="8 bits"):
        CODEC.encode(pictures.deep(8, 8), Options())


def test_weights_that_do_not_fit_are_refused():
    arrays = tiny_recurrent.arrays()
    for damaged in ({"units": arrays["units"][1:]}, {"slots": arrays["slots"][:, :4]}):
        with pytest.raises(UnsupportedFile):
            RecurrentModel(arrays | damaged)


# --- training -------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    """Twenty-six pictures, of which two are for training."""
    for number in range(26):
        picture = PIL.Image.fromarray(pictures.photograph(150, 160, seed=number))
        picture.save(tmp_path / f"{number}.png")
    return tmp_path


def test_training_learns_goes_on_and_ships(folder, tmp_path, monkeypatch):
    """All three phases in a few steps, a stop in between, and weights that code."""
    schedule = tiny_recurrent.bitplanes(), [4.0 ** (6 - layer) for layer in range(tiny_recurrent.LAYERS)]
    monkeypatch.setattr(recipe, "new_schedule", lambda *given: schedule)
    monkeypatch.setattr(recipe.data, "VALIDATION_PICTURES", 24)
    settings = replace(tiny_recurrent.SETTINGS, batch=1, crop=48, context_share=0.3)
    runs = tmp_path / "runs" / "tiny"
    for steps, resume in ((1, False), (30, True)):
        monkeypatch.setattr(loop.Run, "share", lambda run, steps=steps: min(1.0, run.step / steps))
        recipe.learn([folder], runs, settings, resume)
    lines = [json.loads(line) for line in (runs / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 30]
    assert all(len(line["bpp"]) == len(line["psnr"]) == tiny_recurrent.LAYERS for line in lines)
    assert lines[1]["cost"] < lines[0]["cost"]
    model = RecurrentModel(weights.read((runs / "weights.npz").read_bytes()))
    assert model.network.paint.weight.any()
    pixels = tiny_recurrent.picture(40, 40)
    assert psnr(pixels, decode(model, encode(model, pixels, 4), 40, 40, 3)) > 20
    own.check_codec(runs / "weights.npz", "recurrent")


@pytest.mark.parametrize("additive", [False, True], ids=["one-shot", "additive"])
def test_weights_that_ship_are_trained_as_they_are(additive):
    """What is read back and exported again is the same, but for rounding, and codes alike."""
    shipped = tiny_recurrent.arrays(additive)
    trained = UnrolledCodec.of(shipped)
    again = trained.to_arrays()
    assert {name: array.dtype for name, array in again.items()} == {
        name: array.dtype for name, array in shipped.items()
    }
    for name, array in shipped.items():
        if array.dtype.kind in "iub":
            slack = 1 if name.startswith("network.") else 2**-22 * np.abs(array.astype(float)).max()
            assert np.abs(again[name].astype(float) - array).max() <= slack, name
    assert again["units"] == pytest.approx(shipped["units"])
    pixels = tiny_recurrent.picture(64, 48)
    segments = encode(tiny_recurrent.model(additive), pixels, tiny_recurrent.LAYERS)
    assert [len(each.words) for each in encode(RecurrentModel(again), pixels, tiny_recurrent.LAYERS)] == pytest.approx(
        [len(each.words) for each in segments], abs=4
    )


def test_training_from_weights_neither_plans_nor_draws(folder, tmp_path, monkeypatch):
    """Everything learns from the first step on, with the schedule of the weights; those of others are refused."""
    monkeypatch.setattr(recipe, "new_schedule", None)
    monkeypatch.setattr(recipe.data, "VALIDATION_PICTURES", 24)
    monkeypatch.setattr(loop.Run, "share", lambda run: run.step / 2)
    drawn = []
    monkeypatch.setattr(unrolled_torch, "binarise", lambda x, noise: drawn.append(noise) or binarise(x, noise))
    weights.write(tmp_path / "shipped.npz", tiny_recurrent.arrays())
    settings = replace(tiny_recurrent.SETTINGS, batch=1, crop=48, weights=tmp_path / "shipped.npz")
    recipe.learn([folder], tmp_path / "runs", settings, False)
    assert not any(drawn)
    found = weights.read((tmp_path / "runs" / "weights.npz").read_bytes())
    assert np.array_equal(found["slots"][:, :4], tiny_recurrent.arrays()["slots"][:, :4])
    assert not np.array_equal(found["network.paint.bias"], tiny_recurrent.arrays()["network.paint.bias"])
    weights.write(tmp_path / "other.npz", weights.load(weights.newest("tuned"), "tuned"))
    with pytest.raises(UnsupportedFile, match=r"other\.npz"):
        recipe.learn([folder], tmp_path / "runs", replace(settings, weights=tmp_path / "other.npz"), False)
