"""The restoring network of CLIC 2018, trained like the restorer ``luma`` and timed beside it.

    python experiments/luma11.py train DIR DIR --minutes 31 -o runs/luma11
    python experiments/luma11.py speed

"Combine Traditional Compression Method With Convolutional Neural Networks" (CLIC 2018) restores luma by eleven layers
in the shape of DCSCN (Yamanaka et al. 2017). Ours adds the condition, as in `nncodec.nets.resnet_torch`: codec and
level of damage move biases. Training logs the gain in PSNR on held-out regions, by codec and level, in log.jsonl; its
last line is a column of results/training/luma-gains.tsv. ``speed`` prints rows like those of
results/restorers/speed.tsv, where the rows of luma11 are those of an implementation in NumPy that no longer exists.
"""

import argparse
import os
import statistics
import time
from pathlib import Path

import torch
from restorer_speed import REPS, SIZES, pictures
from torch import Tensor, nn
from torch.nn import functional as F

from nncodec.entropy.scales import LEAK
from nncodec.nets.resnet import UNIT
from nncodec.nets.resnet_torch import Table, conv
from nncodec.restorers.luma.recipe import RANGES, Hyperparameters, learn
from nncodec.training.allocator import keep_memory
from nncodec.training.batches import to_ycc

WIDTHS = (16, 14, 12, 11, 10, 9, 8)
"""Features of the seven convolutions in a row."""


class Luma11(nn.Module):
    """Seven convolutions whose features are all kept, then two paths of 1 x 1 and 3 x 3 convolutions, side by side.

    The activations are parametric ReLUs.
    """

    def __init__(self, families: int) -> None:
        super().__init__()
        inputs = (1, *WIDTHS)
        self.features = nn.ModuleList(conv(i, o, 3) for i, o in zip(inputs, WIDTHS, strict=False))
        self.biases = nn.ModuleList(Table(families, width) for width in WIDTHS)
        self.slopes = nn.ParameterList(torch.full((width,), LEAK) for width in (*WIDTHS, 24, 8, 8))
        self.a1, self.b1, self.b2 = conv(sum(WIDTHS), 24, 1), conv(sum(WIDTHS), 8, 1), conv(8, 8, 3)
        self.leave = conv(32, 1, 1, gain=0.0)

    def forward(self, x: Tensor, family: Tensor, level: Tensor) -> Tensor:
        """(B, 3, H, W), (B,), (B,) in 0..1, to (B, 3, H, W); only the first channel is read, and changed."""
        kept, y = [], x[:, :1]
        for layer, bias, slope in zip(self.features, self.biases, self.slopes, strict=False):
            y = F.prelu(layer(y) + bias(family, level), slope)
            kept.append(y)
        whole = torch.cat(kept, 1)  # (B, 80, H, W)
        a = F.prelu(self.a1(whole), self.slopes[-3])
        b = F.prelu(self.b2(F.prelu(self.b1(whole), self.slopes[-2])), self.slopes[-1])
        return F.pad(self.leave(torch.cat([a, b], 1)), (0, 0, 0, 0, 0, 2))


def network(_: Hyperparameters) -> Luma11:
    """The network to train, new."""
    return Luma11(len(RANGES))


@torch.no_grad()
def milliseconds(net: Luma11, width: int, height: int) -> tuple[float, float]:
    """Processor time and time that passes for the correction of one picture, medians after a warm-up."""
    _, seen = pictures(width, height)
    x, found = to_ycc(seen[None]) / UNIT, []
    for _ in range(REPS + 1):
        begun, begun_cpu = time.perf_counter(), time.process_time()
        net(x, torch.tensor([0]), torch.tensor([0.5]))
        found.append((1000 * (time.process_time() - begun_cpu), 1000 * (time.perf_counter() - begun)))
    used, passed = (statistics.median(column) for column in zip(*found[1:], strict=True))
    return used, passed


def speed() -> None:
    """Print weights, multiplications per pixel and time; they do not depend on what the weights are."""
    net = Luma11(len(RANGES))
    n_weights = sum(parameter.numel() for parameter in net.parameters())
    per_pixel = sum(parameter.numel() for parameter in net.parameters() if parameter.ndim == 4)
    print(f"# python experiments/luma11.py speed; in torch, {os.cpu_count()} cores, median of {REPS}")
    for width, height in SIZES:
        used, passed = milliseconds(net, width, height)
        print(f"luma11\t{n_weights:,}\t{per_pixel:,}\t{width} x {height}\t{used:.1f}\t{passed:.1f}")


def main() -> None:
    """Train, or measure the time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("speed")
    training = verbs.add_parser("train")
    training.add_argument("folders", nargs="+", type=Path)
    training.add_argument("-o", "--output", type=Path, default=Path("runs/luma11"))
    training.add_argument("--minutes", type=float, required=True)
    training.add_argument("--resume", action="store_true")
    options = parser.parse_args()
    if options.verb == "speed":
        speed()
        return
    torch.set_num_threads(1)
    keep_memory()
    settings = Hyperparameters(options.minutes, batch=6, crop=80, rate=2e-3, gray=1.0, bfloat16=False)
    learn(options.folders, options.output, settings, options.resume, network)


if __name__ == "__main__":
    main()
