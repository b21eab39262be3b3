"""A learned model small enough for tests: random weights, but all the machinery of a real one."""

import hashlib
from pathlib import Path

import numpy as np
import torch

from nncodec import models
from nncodec.entropy.tables import logistic_tables
from nncodec.nets.hyperprior import Hyperprior, transform_start
from nncodec.nets.transform import BLOCK_SAMPLES, Widths
from nncodec.training.export import Arrays, to_arrays

torch.set_num_threads(1)  # more would only wait for each other here

WIDTHS = Widths((8, 8, 8), (8, 8, 8), blocks=1, latent=8, hyper=4, features=8, context=8)


def network(seed: int = 0) -> Hyperprior:
    """With a linear start on smooth bases, and lively weights wherever bits are decided."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Hyperprior(WIDTHS)
        vectors = torch.linalg.qr(torch.randn(BLOCK_SAMPLES, WIDTHS.latent).cumsum(0))[0]
        transform_start(model, torch.zeros(BLOCK_SAMPLES), vectors, torch.logspace(1, -2, WIDTHS.latent), 0.3)
        for name, parameter in model.named_parameters():
            if name.startswith(("steps", "hyper")) and parameter.ndim == 4:
                parameter.data += 0.1 * torch.randn_like(parameter)
            elif name.endswith("slope"):
                parameter.data += 0.2 * torch.randn_like(parameter)
    return model


def arrays(seed: int = 0) -> Arrays:
    """As they would ship."""
    parameters = dict(network(seed).named_parameters())
    return to_arrays(parameters, logistic_tables()) | {"energy": np.full(WIDTHS.latent, 2000.0, np.float32)}


def install(folder: Path, number: int = 1) -> Path:
    """Write weights and manifest into a folder, for ``models.folder`` to be pointed at."""
    file = folder / "tiny.npz"
    models.write(file, arrays())
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    row = (
        f'[[model]]\nnumber = {number}\ncodec = "learned"\nfile = "tiny.npz"\nsha256 = "{digest}"\ntrained = "never"\n'
    )
    (folder / "manifest.toml").write_text(row, encoding="utf-8")
    return folder
