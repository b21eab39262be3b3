"""What PyTorch trains for `superres` and `generative`: the same networks as NumPy's, grown ones, the two judges."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch, an extra of the package, is not installed")

from torch import Tensor
from torch.nn import functional as F

from nncodec.errors import EncodeError
from nncodec.image.scaling import downscale, upscale
from nncodec.nets import stlpips_torch, weights
from nncodec.nets.quantised import restored
from nncodec.nets.resnet import UNIT
from nncodec.nets.resnet_torch import ArtifactNet
from nncodec.nets.ycbcr import TO_YCC
from nncodec.painting import discriminator_torch as judges
from nncodec.painting.growing_torch import grown
from nncodec.painting.networks import Painter
from nncodec.painting.noise import noise
from nncodec.training.export import exported
from tests import pictures

torch.set_num_threads(1)

with_alex = pytest.mark.skipif(
    not stlpips_torch.find_spec("stlpips_pytorch"), reason="stlpips-pytorch is not installed"
)


def lively(families: int, width: int, blocks: int, noise_planes: int = 0) -> ArtifactNet:
    """A network with random weights in every layer."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = ArtifactNet(families, 1, width, blocks, 2, noise_planes)
        for parameter in net.parameters():
            parameter.data += 0.05 * torch.randn_like(parameter)
    return net


@pytest.mark.parametrize("planes", [0, 1])
@pytest.mark.parametrize("channels", [1, 3])
def test_numpy_paints_what_torch_trained(planes: int, channels: int) -> None:
    """The middle of a picture by the torch network on the whole, without tiles, against the painter."""
    net = lively(2, 8, 2, planes)
    values = {f"{part}.{name}": value for part in ("exact", "painted") for name, value in net.named_parameters()}
    arrays = exported(values) | {"qualities": np.array([[0, 50], [0, 60]], np.float32)}
    arrays |= {"latents" if planes else "codecs": np.array([4, 16], np.uint8)}
    net.load_state_dict({name: torch.from_numpy(value) for name, value in restored(arrays, "painted").items()})
    small, seed, halo = downscale(pictures.photograph(96, 128, channels), 1), 99, 16
    found = Painter(arrays).paint(small, 96, 128, 16, 13, 15, seed if planes else None)
    flat = small.astype(np.float32)
    ycc = flat @ TO_YCC.T if channels == 3 else np.dstack([flat, np.zeros((48, 64, 2), np.float32)])
    x = torch.from_numpy(ycc).movedim(-1, 0)[None] / UNIT - torch.tensor([2.0, 0, 0])[:, None, None]
    if planes:
        x = torch.cat([x, torch.from_numpy(noise((slice(0, 48), slice(0, 64)), seed))[None, None]], 1)
    with torch.no_grad():
        added = net(x, torch.tensor([1]), torch.tensor([13 / 40]))[0].double().numpy() * UNIT
    to_rgb = np.linalg.inv(TO_YCC.astype(float))
    moved = np.einsum("rc,chw->hwr", to_rgb, added) if channels == 3 else added[0]
    wanted = np.clip(np.rint(upscale(small, 96, 128, 1) + moved), 0, 255)
    inner = slice(2 * halo, -2 * halo)
    assert np.abs(moved).max() > 3
    assert np.abs(found[inner, inner] - wanted[inner, inner]).max() <= 1


def test_a_network_of_a_finer_result_repeats_the_samples_of_the_coarse_one() -> None:
    coarse = lively(2, 8, 2)
    fine = grown({name: value.detach().numpy() for name, value in coarse.named_parameters()}, [0, 1], 8, 2, out=4)
    x = torch.from_numpy(np.random.default_rng(1).normal(0, 1, (2, 3, 16, 24)).astype(np.float32))
    rest = torch.tensor([0, 1]), torch.tensor([0.3, 0.9])
    with torch.no_grad():
        expected = coarse(x, *rest).repeat_interleave(2, 2).repeat_interleave(2, 3)
        assert torch.allclose(fine(x, *rest), expected, atol=2e-5)


@pytest.mark.parametrize(("width", "blocks", "planes"), [(8, 2, 0), (12, 2, 0), (8, 4, 0), (12, 3, 1)])
def test_a_grown_network_computes_what_the_small_one_does(width: int, blocks: int, planes: int) -> None:
    small = lively(3, 8, 2)
    values = {name: value.detach().numpy() for name, value in small.named_parameters()}
    large = grown(values, [2, 0, 2, 1], width, blocks, planes)
    x = torch.from_numpy(np.random.default_rng(1).normal(0, 1, (4, 3, 16, 24)).astype(np.float32))
    more = torch.cat([x, torch.randn(4, planes, 16, 24)], 1)
    level = torch.tensor([0.0, 0.3, 0.77, 1.0])
    with torch.no_grad():
        expected = small(x, torch.tensor([2, 0, 2, 1]), level)
        found = large(more, torch.tensor([0, 1, 2, 3]), level)
    assert expected.abs().max() > 0.1
    assert torch.allclose(found, expected, atol=2e-5)


@pytest.mark.parametrize(("width", "blocks", "planes"), [(7, 2, 1), (8, 1, 1), (8, 2, 0)])
def test_a_network_does_not_shrink(width: int, blocks: int, planes: int) -> None:
    values = {name: value.detach().numpy() for name, value in lively(1, 8, 2, 1).named_parameters()}
    with pytest.raises(EncodeError, match="8 channels, 2 blocks, 1 planes of noise"):
        grown(values, [0], width, blocks, planes)


# --- the discriminator ----------------------------------------------------------------------------------------------


def test_frozen_scores_teach_the_painter_alone() -> None:
    torch.manual_seed(0)
    judge, x = judges.Discriminator(), torch.randn(2, 6, 32, 40, requires_grad=True)
    judges.frozen_scores(judge, x).mean().backward()
    assert x.grad is not None
    assert x.grad.abs().max() > 0
    assert [name for name, value in judge.named_parameters() if value.grad is not None] == []


def test_scores_are_of_patches_of_54_pixels() -> None:
    torch.manual_seed(0)
    x = torch.zeros(1, 6, 128, 128, requires_grad=True)
    scores = judges.Discriminator()(x)
    assert scores.shape == (1, 1, 16, 16)
    scores[0, 0, 8, 8].backward()
    assert x.grad is not None
    seen = x.grad[0].abs().sum(0) > 0
    for axis in (0, 1):
        places = torch.nonzero(seen.any(axis)).flatten()
        assert 50 <= int(places[-1] - places[0]) + 1 <= 54


def test_kernels_are_divided_by_their_largest_singular_value() -> None:
    torch.manual_seed(0)
    judge = judges.Discriminator()
    for _ in range(60):
        normal = judge._normal("judge", judge.judge).detach()
    assert float(torch.linalg.matrix_norm(normal.flatten(1), 2)) == pytest.approx(1, abs=0.02)


def test_the_hinge_loss_is_that_of_its_definition() -> None:
    real, made = torch.tensor([-1.0, 0.5, 3.0]), torch.tensor([-2.0, 0.5])
    assert float(judges.hinge(real, made)) == pytest.approx((2 + 0.5 + 0) / 3 + (0 + 1.5) / 2)


# --- the distance of features ---------------------------------------------------------------------------------------


def levels(height: int, width: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(pictures.photograph(height, width, seed=seed)).float().movedim(-1, 0)[None]


@with_alex
def test_equal_pictures_have_no_distance_and_others_have_some() -> None:
    x = levels(64, 80)
    assert float(stlpips_torch.alex_distance(x, x)) == 0
    near, far = (float(stlpips_torch.alex_distance(x + step * torch.randn_like(x), x)) for step in (2, 30))
    assert 0 < near < far


@with_alex
def test_the_gradient_reaches_the_first_picture_alone() -> None:
    x, y = levels(48, 48).requires_grad_(), levels(48, 48, seed=1).requires_grad_()
    stlpips_torch.alex_distance(x, y).sum().backward()
    assert x.grad is not None
    assert x.grad.abs().max() > 0
    assert y.grad is None


class Blur(torch.nn.Module):
    """A filter that halves the sides, channel by channel, behind two reflected samples."""

    def __init__(self, filters: Tensor) -> None:
        super().__init__()
        self.filters = filters

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(F.pad(x, [2] * 4, "reflect"), self.filters, stride=2, groups=len(self.filters))


@with_alex
def test_the_distance_is_that_of_the_packages_own_layers() -> None:
    """The slices, put together once more by the names of their arrays: each is a list of layers by number.

    The first slice differs at its border, where ours sees no reflected samples.
    """
    found = stlpips_torch.weights("alex")

    def convolution(name: str, padding: int) -> torch.nn.Conv2d:
        kernel = found[f"{name}.weight"]
        layer = torch.nn.Conv2d(kernel.shape[1], len(kernel), kernel.shape[2], padding=padding)
        layer.load_state_dict({"weight": kernel, "bias": found[f"{name}.bias"]})
        return layer

    pool = torch.nn.MaxPool2d(3, stride=1)
    slices = [
        [convolution("net.slice1.0", 2), Blur(found["net.slice1.1.filt"]), torch.nn.ReLU()],
        [pool, Blur(found["net.slice2.4.filt"]), convolution("net.slice2.5", 2), torch.nn.ReLU()],
        [pool, Blur(found["net.slice3.8.filt"]), convolution("net.slice3.9", 1), torch.nn.ReLU()],
        [convolution("net.slice4.11", 1), torch.nn.ReLU()],
        [convolution("net.slice5.13", 1), torch.nn.ReLU()],
    ]
    x, y = levels(160, 192), levels(160, 192, seed=3)
    shift, scale = torch.tensor([-0.030, -0.088, -0.188]), torch.tensor([0.458, 0.448, 0.450])  # those of LPIPS
    planes = [(each / 127.5 - 1 - shift[:, None, None]) / scale[:, None, None] for each in (x, y)]
    total = 0.0
    with torch.no_grad():
        for number, layers in enumerate(slices):
            planes = [torch.nn.Sequential(*layers)(each) for each in planes]
            if number == 0:
                whole = planes[0] / (planes[0].norm(dim=1, keepdim=True) + 1e-10)
                inner = (..., slice(2, -2), slice(2, -2))
                assert torch.allclose(stlpips_torch.alex_features(x)[0][inner], whole[inner], atol=1e-5)
            one, other = (each / (each.norm(dim=1, keepdim=True) + 1e-10) for each in planes)
            total += float(F.conv2d((one - other) ** 2, found[f"lin{number}.model.1.weight"]).mean())
    assert float(stlpips_torch.alex_distance(x, y)) == pytest.approx(total, rel=0.05)


def test_weights_ship_as_they_were_read() -> None:
    """The name of the array of families tells both kinds of weights apart, and both parts are there."""
    for name, family, inputs in (("superres", "codecs", 3), ("generative", "latents", 4)):
        arrays = weights.load(weights.newest(name), name)
        assert family in arrays
        assert {arrays[f"{part}.enter.weight"].shape[1] for part in ("exact", "painted")} == {inputs}
