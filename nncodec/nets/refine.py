"""Refine a latent for one picture by gradient descent on its rate and error (Campos et al. 2019, Yang et al. 2020)."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from nncodec.entropy.exact import WEIGHT_BITS
from nncodec.entropy.prior import GAIN_BITS, INDEX_ONE
from nncodec.nets.hyperprior import TABLE_UNIT, Hyperprior, lagrangian, relative
from nncodec.nets.painter import Bytes, Floats, Painter, widths_of
from nncodec.nets.stored import restored

EXACT = ("hyper_synthesis", "steps")
"""Parts whose weights are integers, in units of 2^-12."""
RATE = 0.05
"""First step of the latent, in symbols; falls linearly to zero."""


def twin(arrays: dict[str, npt.NDArray[Any]], painter: Painter) -> Hyperprior:
    """The network as it was trained, from the arrays of the exact one; differentiable, and close to it."""
    values = {
        f"{part}.{name}": value
        for part in ("analysis", "synthesis", "hyper_analysis", "hyper_synthesis", "steps")
        for name, value in restored(arrays, part).items()
    }
    for name in values:
        if name.startswith(EXACT):
            values[name] = values[name] / 2**WEIGHT_BITS
    values["log_gain"] = np.log(arrays["gain"].astype(np.float32) / 2**GAIN_BITS)
    values["hyper_index"] = arrays["hyper_index"].astype(np.float32) / (TABLE_UNIT * INDEX_ONE)
    model = Hyperprior(widths_of(arrays))
    model.load_state_dict({name: torch.from_numpy(value) for name, value in values.items()})
    return model.to(painter.device).requires_grad_(False)


def refined(
    arrays: dict[str, npt.NDArray[Any]], latent: Floats, pixels: Bytes, quality: int, count: int, painter: Painter
) -> Floats:
    """A latent (H/16, W/16, latent) that codes these pixels (H, W, 3) better, after ``count`` gradient steps."""
    model = twin(arrays, painter)
    device = painter.device
    target = torch.from_numpy(pixels).to(device).permute(2, 0, 1)[None].float() / 255 - 0.5
    index = torch.full((1,), float(quality), device=device)
    gain = model.at_quality(index)[0]
    symbols = (torch.from_numpy(latent).to(device).permute(2, 0, 1)[None] * gain).requires_grad_()
    optimiser = torch.optim.Adam([symbols], RATE, betas=(0.9, 0.99))
    area = target.shape[2] * target.shape[3]
    for step in range(count):
        optimiser.param_groups[0]["lr"] = RATE * (1 - step / count)
        with torch.autocast(device.type, torch.bfloat16, enabled=painter.low_precision):
            seen, step_bits, hyper_bits = model.rate(symbols / gain, index, False)
            painted = model.synthesis(seen, relative(index))
        error = (painted - target).square().mean() * 255**2
        cost = (step_bits.sum() + hyper_bits.sum()) / area + lagrangian(index) * error
        optimiser.zero_grad()
        cost.sum().backward()
        optimiser.step()
    best: Floats = (symbols / gain).detach()[0].permute(1, 2, 0).cpu().numpy()
    return np.ascontiguousarray(best)
