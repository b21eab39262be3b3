"""Exact layers: the same bits from any order of sums, and close to the floating-point function."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from nncodec.entropy import exact
from nncodec.entropy.exact import Layer
from nncodec.errors import UnsupportedFile

torch.set_num_threads(1)


def layer(rng: np.random.Generator, outputs: int, inputs: int, kernel: int, slope: bool = True) -> Layer:
    weight = rng.integers(-900, 900, (outputs, inputs, kernel, kernel)).astype(np.int16)
    bias = rng.integers(-9000, 9000, outputs).astype(np.int32)
    return Layer(weight, bias, rng.integers(-9000, 9000, outputs).astype(np.int32) if slope else None)


def activations(rng: np.random.Generator, height: int, width: int, channels: int) -> torch.Tensor:
    values = rng.integers(-(2**15), 2**15 + 1, (height, width, channels))
    return torch.from_numpy(values.astype(np.float32) / 256)


def integer_twin(x: torch.Tensor, layer: Layer, quality: int) -> np.ndarray:
    """The same layer in integers alone, in units of 2^-20: an independent implementation, one output at a time."""
    units = np.pad((x.numpy().astype(np.float64) * 256).astype(np.int64), ((1, 1), (1, 1), (0, 0)))
    height, width, _ = x.shape
    kernel = layer.weight.shape[2]
    start = 1 - kernel // 2
    out = np.empty((height, width, len(layer.bias)), np.int64)
    for row in range(height):
        for column in range(width):
            patch = units[row + start : row + start + kernel, column + start : column + start + kernel]
            out[row, column] = np.einsum("hwi,oihw->o", patch, layer.weight.astype(np.int64))
    return out + (layer.bias_at(quality).astype(np.int64) << 8)


@pytest.mark.parametrize("kernel", [1, 3])
def test_against_integers(kernel):
    rng = np.random.default_rng(kernel)
    tested, x = layer(rng, 5, 7, kernel), activations(rng, 4, 6, 7)
    got = exact.convolve(x, tested, 37)
    assert np.array_equal(got.numpy() * 2**20, integer_twin(x, tested, 37))


@pytest.mark.parametrize("kernel", [1, 3])
def test_against_torch_in_any_layout(kernel):
    """conv2d and unfold + matmul in float64 give the same bits, in both memory layouts, with 1 and 2 threads."""
    rng = np.random.default_rng(kernel)
    tested, x = layer(rng, 24, 48, kernel, slope=False), activations(rng, 9, 11, 48)
    expected = exact.convolve(x, tested, 0)
    weight = torch.from_numpy(tested.weight.astype(np.float64) / 4096)
    bias = torch.from_numpy(tested.bias.astype(np.float64) / 4096)
    planes = x.double().permute(2, 0, 1)[None]
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            for layout in (torch.contiguous_format, torch.channels_last):
                got = F.conv2d(planes.contiguous(memory_format=layout), weight, bias, padding=kernel // 2)
                assert torch.equal(got[0].permute(1, 2, 0), expected)
            columns = F.unfold(planes, kernel, padding=kernel // 2)[0]
            got = (weight.flatten(1) @ columns + bias[:, None]).view(-1, 9, 11)
            assert torch.equal(got.permute(1, 2, 0), expected)
    finally:
        torch.set_num_threads(before)


def test_order_of_sums_does_not_matter_and_would_in_float32():
    """Shuffled input channels give equal sums here, and unequal ones with weights that are not dyadic."""
    rng = np.random.default_rng(3)
    tested, x = layer(rng, 8, 512, 1, slope=False), activations(rng, 6, 6, 512)
    order = rng.permutation(512)
    shuffled = Layer(tested.weight[:, order], tested.bias)
    assert torch.equal(exact.convolve(x, tested, 0), exact.convolve(x[:, :, order], shuffled, 0))
    loose = torch.from_numpy(rng.standard_normal((512, 8)).astype(np.float32))
    assert not torch.equal(x @ loose, x[:, :, order] @ loose[order])


def test_settle_rounds_halves_up_and_clamps():
    x = torch.tensor([0.5, 1.5, -0.5, -1.5, 0.25, 40000.0, -40000.0, 12.0], dtype=torch.float64) / 256
    expected = torch.tensor([1.0, 2.0, 0.0, -1.0, 0.0, 32768.0, -32768.0, 12.0]) / 256
    assert torch.equal(exact.settle(x), expected)


def test_active_is_a_leaky_relu_of_one_eighth():
    x = torch.tensor([-8.0, -1 / 256, 0.0, 3.0], dtype=torch.float64)
    assert torch.equal(exact.active(x), torch.tensor([-1.0, 0.0, 0.0, 3.0]))


def test_shuffle_is_pixel_shuffle():
    x = torch.arange(2 * 3 * 12.0).view(2, 3, 12)
    expected = F.pixel_shuffle(x.permute(2, 0, 1)[None], 2)[0].permute(1, 2, 0)
    assert torch.equal(exact.shuffle(x), expected)


def test_interpolation_meets_the_anchors_and_is_linear_between():
    anchors = np.arange(9)[:, None] * np.array([[100, -50]])
    for quality in range(0, 201, 25):
        assert exact.interpolate(anchors, quality).tolist() == anchors[quality // 25].tolist()
    assert exact.interpolate(anchors, 35).tolist() == [140, -70]
    assert exact.interpolate(np.array([[0], [1]] + [[9]] * 7), 13).tolist() == [1]  # 0.52


def test_bias_moves_with_the_quality():
    moving = Layer(np.zeros((1, 1, 1, 1), np.int16), np.array([10]), np.array([100]))
    assert [moving.bias_at(quality).item() for quality in (0, 50, 100, 200)] == [-90, -40, 10, 110]


def test_weights_that_could_round_are_refused():
    with pytest.raises(UnsupportedFile, match="exact"):
        Layer(np.full((1, 4096, 3, 3), 2**20, np.int32), np.zeros(1, np.int32))
