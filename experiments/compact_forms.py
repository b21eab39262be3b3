"""Compare forms of RecCNN, trained alike, with torch: the published one, one of fire modules, and ours.

    python experiments/compact_forms.py DIR DIR -o runs/forms --minutes 7

Regions are halved and coded by one codec at one level of damage. Each form sees the luma of the decoded half-size
picture and learns the difference of the original's luma to the up-scaled one, for the same CPU time; then the forms
that made more steps than the slowest are trained anew for its number of steps. results/training/compact-forms.tsv
gets their gain over up-scaling on held-out regions, in dB of luma. Pictures are cached in ``cache`` beside the
folder, coded regions in it.
"""

import argparse
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nncodec.codecs.compact.recipe import RANGES, double
from nncodec.image.scaling import downscale
from nncodec.nets.resnet import LEVELS, UNIT
from nncodec.nets.resnet_torch import ArtifactNet, conv
from nncodec.training.allocator import keep_memory
from nncodec.training.batches import BORDER, FLOOR, random_batch, to_ycc
from nncodec.training.data import Bytes, Pictures, centre_crops, find_pictures, load_pictures, random_crops
from nncodec.training.loop import Guard, Run, Schedule
from nncodec.training.muon import optimisers
from nncodec.training.regions import SIDE, CodecRange, Regions, cached_regions, code_regions
from nncodec.training.state import Average

ROOT = Path(__file__).resolve().parent.parent
FEATURES, SQUEEZED = 64, 16
SCALE = 1 / 8
"""Factor on the output of networks of 64 features: corrections are small, but a step in 576 weights at once is not."""
BATCH, CROP = 4, 32
"""Crops a step, and their side in samples of the half-size picture."""
WARMUP, AVERAGE, SETTLING = 30, 0.998, 16


class Published(nn.Module):
    """RecCNN of Jiang, Tao et al. 2017, in full size: 20 layers of 3 x 3, batch normalisation in the 18 between."""

    layers, positions = 20, 1.0

    def __init__(self) -> None:
        super().__init__()
        middle = (conv(FEATURES, FEATURES, 3) for _ in range(self.layers - 2))
        self.enter, self.leave = conv(1, FEATURES, 3), conv(FEATURES, 1, 3, gain=0.0)
        self.blocks = nn.Sequential(*(nn.Sequential(c, nn.BatchNorm2d(FEATURES), nn.ReLU()) for c in middle))

    def forward(self, small: Tensor, plain: Tensor) -> Tensor:
        """The correction of luma ``plain`` (B, 1, 2 h, 2 w), up-scaled from ``small`` (B, 1, h, w), all over `UNIT`."""
        y: Tensor = SCALE * self.leave(self.blocks(F.relu(self.enter(plain))))
        return y


class Fire(nn.Module):
    """Fire module with a bypass (Iandola et al. 2016, SqueezeNet): 1 x 1 to few features, 1 x 1 and 3 x 3 to many."""

    def __init__(self) -> None:
        super().__init__()
        self.squeeze = conv(FEATURES, SQUEEZED, 1)
        self.expand = nn.ModuleList(conv(SQUEEZED, FEATURES // 2, kernel, gain=0.1) for kernel in (1, 3))

    def forward(self, x: Tensor) -> Tensor:
        """(B, FEATURES, H, W) to the same."""
        y = F.relu(self.squeeze(x))
        return x + F.relu(torch.cat([layer(y) for layer in self.expand], 1))


class Squeezed(nn.Module):
    """As `Published`, with 11 fire modules between the first layer and the last; a module counts as one of 13."""

    layers, positions = 13, 1.0

    def __init__(self) -> None:
        super().__init__()
        self.enter, self.leave = conv(1, FEATURES, 3), conv(FEATURES, 1, 3, gain=0.0)
        self.blocks = nn.Sequential(*(Fire() for _ in range(self.layers - 2)))

    def forward(self, small: Tensor, plain: Tensor) -> Tensor:
        """As `Published.forward`."""
        y: Tensor = SCALE * self.leave(self.blocks(F.relu(self.enter(plain))))
        return y


class Ours(nn.Module):
    """The network that ships, for one codec at one level: it works on the half-size picture, here without colour."""

    layers, positions = 12, 0.25

    def __init__(self) -> None:
        super().__init__()
        self.net = ArtifactNet(1, 1, 32, 5, 2)

    def forward(self, small: Tensor, plain: Tensor) -> Tensor:
        """As `Published.forward`."""
        count = len(small)
        ycc = F.pad(small, (0, 0, 0, 0, 0, 2)).contiguous(memory_format=torch.channels_last)
        y: Tensor = self.net(ycc, torch.zeros(count, dtype=torch.int64), torch.zeros(count))
        return y[:, :1]


Form = Published | Squeezed | Ours
FORMS: dict[str, tuple[type[Form], float]] = {
    "published": (Published, 2.5e-3),
    "squeezed": (Squeezed, 2.5e-3),
    "ours": (Ours, 2.5e-3),
}
"""Networks and their learning rates."""


@dataclass
class Trial(Run):
    """A run whose clock is the processor's, or the count of its steps where that is limited."""

    steps: int = 0
    """Steps to learn; 0: as many as the schedule's minutes allow."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._begun = time.process_time()

    def elapsed(self) -> float:
        """CPU seconds since the run began."""
        return time.process_time() - self._begun

    def share(self) -> float:
        """Share of the steps or of the time that has passed."""
        return self.step / self.steps if self.steps else super().share()


def luma(pixels: Bytes) -> Tensor:
    """(B, H, W, 3) RGB to luma (B, 1, H, W), less 128 over `UNIT`."""
    return to_ycc(pixels)[:, :1] / UNIT


def planes(seen: Bytes, original: Bytes) -> tuple[Tensor, Tensor, Tensor]:
    """Luma of half-size pictures, of the same up-scaled, and of the originals."""
    return luma(seen), luma(double(seen)), luma(original)


def error(difference: Tensor) -> Tensor:
    """(B,): mean squared error in levels of a difference (B, 1, H, W) over `UNIT`, without the border."""
    inner = difference[..., BORDER:-BORDER, BORDER:-BORDER]
    return inner.square().mean((1, 2, 3)) * UNIT**2


def added(net: Form, regions: Regions, step: int) -> tuple[Tensor, Tensor]:
    """The network's correction of random crops, which depend on the step alone, and the ideal one."""
    batch = random_batch(regions, BATCH, CROP, np.random.default_rng((0, step)))
    small, plain, original = planes(batch.seen, batch.original)
    with torch.autocast("cpu", torch.bfloat16):
        y = net(small, plain)
    return y.float(), original - plain


def train(net: Form, rate: float, regions: Regions, minutes: float, steps: int = 0) -> Trial:
    """Train a new network for the given CPU minutes, or steps if not 0; it ends with its averaged weights."""
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    schedule, average = Schedule(minutes, WARMUP), Average(net, AVERAGE)
    run = Trial(net, optimisers(net, rate), schedule, Path(), average, Guard(), steps=steps)
    while run.share() < 1:
        y, wanted = added(net, regions, run.step)
        run.learn((error(wanted - y) / (error(wanted) + FLOOR)).mean())
    run.seconds = run.elapsed()
    net.load_state_dict(average.values, strict=False)
    settle(net, regions, run.step)
    return run


@torch.no_grad()
def settle(net: Form, regions: Regions, start: int) -> None:
    """Means and variances of batch normalisation as they are with these weights, from fresh batches."""
    layers = [layer for layer in net.modules() if isinstance(layer, nn.BatchNorm2d)]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None
    for step in range(start, start + SETTLING if layers else start):
        added(net, regions, step)
    net.eval()


@torch.no_grad()
def gain(net: Form, regions: Regions) -> float:
    """Mean gain over the regions in luma PSNR, against up-scaling, in dB."""
    gains = []
    for seen, whole in zip(regions.seen, regions.original, strict=True):
        small, plain, original = planes(seen[None], whole[None])
        before, after = error(original - plain), error(original - plain - net(small, plain))
        gains.append(10 * float(torch.log10(before / after)))
    return float(np.mean(gains))


def kmac(net: Form) -> float:
    """Thousands of products per pixel of the full size."""
    kernels = sum(layer.weight.numel() for layer in net.modules() if isinstance(layer, nn.Conv2d))
    return kernels * net.positions / 1000


def halved_and_coded(original: Bytes, by: CodecRange, level: float) -> Regions:
    """Regions (n, SIDE, SIDE, 3) as the codec returns them in half the size."""
    count = len(original)
    levels = np.full(count, level, np.float32)
    return code_regions(original, np.zeros(count, np.int64), levels, (by,), lambda pixels, *_: downscale(pixels, 1))


def random_regions(pictures: Pictures, by: CodecRange, level: float, count: int, rng: np.random.Generator) -> Regions:
    """Random regions, halved and coded."""
    return halved_and_coded(random_crops(pictures, count, SIDE, rng), by, level)


def compared(training: Regions, held_out: Regions, minutes: float) -> list[str]:
    """Rows of the table: all forms at equal time, then at equal steps."""
    rows: list[str] = []
    done: dict[str, int] = {}
    for limit in ("time", "steps"):
        for name, (form, rate) in FORMS.items():
            fewest = min(done.values()) if limit == "steps" else 0
            if limit == "steps" and done[name] == fewest:
                continue
            torch.manual_seed(0)
            net = form()
            run = train(net, rate, training, minutes, fewest)
            done.setdefault(name, run.step)
            weights = sum(parameter.numel() for parameter in net.parameters())
            figures = (f"{kmac(net):.1f}", limit, run.step, f"{run.seconds / 60:.1f}", f"{gain(net, held_out):.3f}")
            rows.append("\t".join(map(str, (name, net.layers, weights, *figures))))
            print(rows[-1], flush=True)
    return rows


def main() -> None:
    """Code the regions, train, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/forms"))
    parser.add_argument("--minutes", type=float, default=7.0, help="CPU time of each form")
    parser.add_argument("--codec", choices=[each.codec.name for each in RANGES], default="jpeg")
    parser.add_argument("--level", type=int, default=20, help=f"level of damage, 0 (the most) to {LEVELS}")
    parser.add_argument("--regions", type=int, default=3000)
    options = parser.parse_args()
    torch.set_num_threads(1)
    keep_memory()
    by = next(each for each in RANGES if each.codec.name == options.codec)
    folder = options.output / f"{options.codec}-{options.level}"
    folder.mkdir(parents=True, exist_ok=True)
    pictures, others = (
        load_pictures(files, options.output.parent / "cache") for files in find_pictures(options.folders)
    )
    make = partial(random_regions, pictures, by, options.level)
    training = cached_regions(options.regions, folder, 0, make)
    held_out = halved_and_coded(centre_crops(others, SIDE), by, options.level)
    about = f"--codec {options.codec} --level {options.level} --minutes {options.minutes:g} --regions {options.regions}"
    lines = [f"# `python experiments/compact_forms.py DIR DIR {about}`: quality {by.quality(options.level):.0f}"]
    lines[0] += f", {BATCH} crops of {2 * CROP} x {2 * CROP} a step, {len(held_out.seen)} held-out regions"
    lines.append("form\tlayers\tweights\tkMAC per pixel\tequal\tsteps\tCPU minutes\tdB")
    lines += compared(training, held_out, options.minutes)
    (ROOT / "results" / "training" / "compact-forms.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
