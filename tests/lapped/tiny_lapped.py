"""Weights on the lapped latent, small and random, but with all the machinery of those that ship."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch, an extra of the package, is not installed")

from nncodec.codecs.learned import model as learned_model
from nncodec.codecs.learned.block_tables import logistic_block_tables
from nncodec.codecs.learned.context_torch import GroupNetwork
from nncodec.codecs.learned.encoder import Candidate, Encoder
from nncodec.codecs.learned.latent_encoder import PRICE_FACTOR, LatentEncoder
from nncodec.codecs.learned.mean_context_torch import MeanNetwork
from nncodec.codecs.learned.model import LearnedModel
from nncodec.codecs.learned.recipe import network
from nncodec.lapped.layout import N_GROUPS, PLANES
from nncodec.lapped.model import matrix_of, to_planes
from nncodec.lapped.transform_torch import lapped_basis
from nncodec.nets import weights
from nncodec.nets.resnet_torch import ArtifactNet

torch.set_num_threads(1)  # more would only wait for each other here

LEARNED = 1
STRIDE, WIDTH, BLOCKS = 4, 8, 1
CONTEXT_WIDTH = 6


def network_of_learned(seed: int = 0) -> ArtifactNet:
    """The network of codec learned, with lively weights wherever they start at zero."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = ArtifactNet(1, STRIDE, WIDTH, BLOCKS)
        for parameter in net.parameters():
            parameter.data += 0.05 * torch.randn_like(parameter)
    return net


def contexts_of_learned() -> weights.Arrays:
    """Random networks, such that scale indices lie around 20 and depend on what is read."""
    arrays: weights.Arrays = {}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for unit in (0, 1):
            for group in range(N_GROUPS):
                net = GroupNetwork(unit, group, CONTEXT_WIDTH) if group else MeanNetwork(unit, CONTEXT_WIDTH)
                for parameter in net.parameters():
                    parameter.data += 0.02 * torch.randn_like(parameter)
                arrays |= net.integers()
    return arrays


@cache
def model(number: int) -> LearnedModel:
    """The untrained transform, random contexts and a network."""
    basis = np.repeat(lapped_basis()[None], PLANES, 0).astype(np.float16)
    arrays: weights.Arrays = {"analysis": basis, "synthesis": basis} | logistic_block_tables().pack()
    return LearnedModel(number, arrays | contexts_of_learned() | network(network_of_learned()))


def plain_candidate(coder: LatentEncoder, own: bytes | None = None) -> Candidate:
    """A candidate of codec learned's encoder, in shared or own colours; scale indices do not follow the picture."""
    planes = to_planes(coder.pixels, matrix_of(own))
    latents = [coder.latent(plane, number) for number, plane in enumerate(planes)]
    return Encoder(coder).candidate(own, PRICE_FACTOR, latents, adaptive=False)


def install(folder: Path) -> None:
    """Write weights and the manifest into a folder, for ``weights.folder`` to be pointed at."""
    file = folder / "learned.npz"
    weights.write(file, model(LEARNED).arrays)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    row = f'[[model]]\nnumber = {LEARNED}\ncodec = "learned"\nfile = "{file.name}"\nsha256 = "{digest}"\n'
    (folder / weights.MANIFEST).write_text(row + 'trained = "never"\n', encoding="utf-8")


def forget() -> None:
    """Drop what was loaded from the folder of weights before."""
    for cached in (weights.manifest, weights.load, learned_model.loaded):
        cached.cache_clear()


@contextmanager
def installed(folder: Path) -> Iterator[None]:
    """The codec has these weights meanwhile, which are written into the folder once."""
    if not (folder / weights.MANIFEST).exists():
        install(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weights, "folder", lambda: folder)
        forget()
        yield
    forget()
