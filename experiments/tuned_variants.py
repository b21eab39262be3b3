"""Compare forms of the 378-parameter restorer: ours, and the two of the paper, trained and fitted alike, with torch.

    python experiments/tuned_variants.py DIR DIR --steps 600 --quality 10 --quality 20 --quality 40

Each form is trained from the same pictures for the same number of steps at each JPEG quality (a shared start), and
that is then fitted to validation pictures. results/training/tuned-variants.tsv gets the gains, in dB of luma, before
anything is rounded or coded.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from nncodec.codecs import by_name
from nncodec.restorers.tuned.fit import LumaRegions
from nncodec.restorers.tuned.network import HALO, N_PARAMETERS
from nncodec.restorers.tuned.recipe import make_regions
from nncodec.training.data import find_pictures, load_pictures

ROOT = Path(__file__).resolve().parent.parent
FORMS = {
    "plain": (6, 3, "none"),
    "normalised": (6, 3, "free"),
    "wide": (9, 1, "affine"),
}
"""Channels, depthwise-separable blocks, and normalisation: none, without parameters, with a scale and an offset."""
CROP, BATCH, FIT_BATCH = 48, 16, 8


class Form(nn.Module):
    """3 x 3, blocks of depthwise 3 x 3 and 1 x 1, 3 x 3; instance normalisation after each but the last."""

    def __init__(self, channels: int, blocks: int, norm: str) -> None:
        super().__init__()
        self.shape = (channels, blocks, norm)
        wide = {"bias": False, "padding": 1}
        layers: list[nn.Module] = [nn.Conv2d(1, channels, 3, **wide), *_norm(norm, channels), nn.ReLU()]
        for _ in range(blocks):
            depthwise = nn.Conv2d(channels, channels, 3, groups=channels, **wide)
            with torch.no_grad():
                depthwise.weight.normal_(0, 1 / 6)
                depthwise.weight[:, :, 1, 1] += 0.7
            layers += [depthwise, *_norm(norm, channels), nn.Conv2d(channels, channels, 1, bias=False)]
            layers += [*_norm(norm, channels), nn.ReLU()]
        layers.append(nn.Conv2d(channels, 1, 3, **wide))
        for layer in layers:
            if isinstance(layer, nn.Conv2d) and layer.groups == 1:
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        with torch.no_grad():
            layers[-1].weight *= 0.02
        self.layers = nn.Sequential(*layers)

    def forward(self, luma: Tensor) -> Tensor:
        """Corrected luma (n, h, w) of luma with a halo (n, h + 10, w + 10), in levels."""
        added = 8 * self.layers((luma[:, None] - 128) / 64)[:, 0]
        return (luma + added)[:, HALO:-HALO, HALO:-HALO]


def _norm(kind: str, channels: int) -> list[nn.Module]:
    return [] if kind == "none" else [nn.InstanceNorm2d(channels, affine=kind == "affine")]


def train(net: Form, pairs: LumaRegions, steps: int, batch: int, rate: float, rng: np.random.Generator) -> None:
    """Adam on random crops, each weighted by one over its error as decoded; the rate falls to zero."""
    seen, original = torch.from_numpy(pairs.seen), torch.from_numpy(pairs.original)
    adam = torch.optim.Adam(net.parameters(), betas=(0.9, 0.99))
    for step in range(steps):
        adam.param_groups[0]["lr"] = rate * (1 - step / steps)
        chosen = torch.from_numpy(rng.integers(len(seen), size=batch))
        top, left = rng.integers(0, original.shape[1] - CROP + 1, 2)
        x = seen[chosen, top : top + CROP + 2 * HALO, left : left + CROP + 2 * HALO]
        y = original[chosen, top : top + CROP, left : left + CROP]
        before = (x[:, HALO:-HALO, HALO:-HALO] - y).square().mean((1, 2))
        loss = ((net(x) - y).square().mean((1, 2)) / (before + 4)).mean()
        adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        adam.step()


@torch.no_grad()
def gain(net: Form, pairs: LumaRegions) -> float:
    """Mean over the pairs of what the network adds to the PSNR, in dB."""
    seen, original = torch.from_numpy(pairs.seen), torch.from_numpy(pairs.original)
    before = (seen[:, HALO:-HALO, HALO:-HALO] - original).square().mean((1, 2))
    after = torch.cat([(net(x[None]) - y).square().mean((1, 2)) for x, y in zip(seen, original, strict=True)])
    return float((10 * torch.log10(before / after)).mean())


def fitted_gain(net: Form, pairs: LumaRegions, steps: int) -> float:
    """The same after fitting a copy of the network to each pair."""
    gains = []
    for i in range(len(pairs.seen)):
        copy = Form(*net.shape)
        copy.load_state_dict(net.state_dict())
        one = LumaRegions(pairs.seen[i : i + 1], pairs.original[i : i + 1])
        train(copy, one, steps, FIT_BATCH, 3e-3, np.random.default_rng(0))
        gains.append(gain(copy, one))
    return float(np.mean(gains))


def main() -> None:
    """Train, fit, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--quality", type=int, action="append", required=True)
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--validation", type=int, default=6)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as cache:
        found = find_pictures(options.folders)
        training, validation = (load_pictures(files[: options.pairs], Path(cache)) for files in found)
        lines = [
            f"# {options.steps} steps of {BATCH} crops at each JPEG quality, {options.validation} validation regions"
        ]
        lines.append("form\tchannels\tblocks\tnormalisation\tquality\tstart_db\tfitted_db\tcpu_s")
        for quality in options.quality:
            rng, jpeg = np.random.default_rng(quality), by_name("jpeg")
            pairs = make_regions(training, jpeg, quality, options.pairs, rng)
            held_out = make_regions(validation, jpeg, quality, options.validation, np.random.default_rng(0))
            for name, shape in FORMS.items():
                torch.manual_seed(0)
                net, begun = Form(*shape), time.process_time()
                assert sum(weight.numel() for weight in net.parameters()) == N_PARAMETERS
                train(net, pairs, options.steps, BATCH, 8e-3, np.random.default_rng(1))
                seconds = time.process_time() - begun
                gains = (gain(net, held_out), fitted_gain(net, held_out, options.steps // 4))
                row = (name, *shape, quality, *(f"{value:.3f}" for value in gains), f"{seconds:.0f}")
                lines.append("\t".join(map(str, row)))
                print(lines[-1], flush=True)
    (ROOT / "results" / "training" / "tuned-variants.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
