"""experiments/compact_forms.py: the networks are what docs/training.md says they are, and can be trained."""

from types import ModuleType

import pytest

torch = pytest.importorskip("torch", reason="torch, an extra of the package, is not installed")

from nncodec.codecs import by_name
from nncodec.training.regions import CodecRange
from tests import pictures
from tests.experiments import scripts

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def forms() -> ModuleType:
    """The script as a module."""
    return scripts.load("compact_forms")


PUBLISHED = 9 * 64 + 18 * 9 * 64 * 64 + 9 * 64
SQUEEZED = 9 * 64 + 11 * (64 * 16 + 16 * 32 + 9 * 16 * 32) + 9 * 64
OURS = (9 * 3 * 32 + 10 * 9 * 32 * 32 + 32 * 12) / 4


@pytest.mark.parametrize(("name", "products"), [("published", PUBLISHED), ("squeezed", SQUEEZED), ("ours", OURS)])
def test_forms_have_the_arithmetic_of_their_layers(forms: ModuleType, name: str, products: float) -> None:
    assert forms.kmac(forms.FORMS[name][0]()) == products / 1000


@pytest.mark.parametrize(("name", "reach"), [("published", 20), ("squeezed", 13), ("ours", 24)])
def test_forms_add_nothing_at_first_and_see_so_far(forms: ModuleType, name: str, reach: int) -> None:
    """Samples of the full size that one sample moves, on each side at most."""
    torch.manual_seed(0)
    net = forms.FORMS[name][0]()
    small, plain = torch.randn(1, 1, 32, 32), torch.randn(1, 1, 64, 64)
    with torch.no_grad():
        assert not net(small, plain).any()
        for parameter in net.parameters():
            parameter.add_(0.01 * torch.randn_like(parameter))
        net.eval()
        before = net(small, plain)
        small[0, 0, 16, 16] += 10
        plain[0, 0, 32, 32] += 10
        moved = torch.nonzero(net(small, plain) - before)[:, 2:]
    assert before.shape == (1, 1, 64, 64)
    assert reach - 3 <= int((moved - 32).abs().max()) <= reach


@pytest.mark.parametrize("name", ["published", "squeezed", "ours"])
def test_training_stops_at_its_steps_and_leaves_weights_that_add(
    forms: ModuleType, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for constant, value in (("BATCH", 1), ("CROP", 16), ("SETTLING", 1)):
        monkeypatch.setattr(forms, constant, value)
    for form in (forms.Published, forms.Squeezed):
        monkeypatch.setattr(form, "layers", 4)
    regions = forms.halved_and_coded(pictures.photograph(64, 64)[None], CodecRange(by_name("jpeg"), 5, 92, 1.0), 20)
    assert regions.seen.shape == (1, 32, 32, 3)
    net = forms.FORMS[name][0]()
    assert forms.gain(net, regions) == 0
    run = forms.train(net, 1e-3, regions, 1.0, steps=2)
    assert run.step == 2
    assert not net.training
    assert forms.gain(net, regions) != 0
