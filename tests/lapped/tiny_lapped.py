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
from nncodec.entropy.tables import logistic_tables
from nncodec.lapped import model as lapped_model
from nncodec.lapped.context import shapes
from nncodec.lapped.context_torch import sizes_table
from nncodec.lapped.layout import N_GROUPS, PLANES
from nncodec.lapped.model import LappedModel, matrix_of, to_planes
from nncodec.lapped.transform_torch import lapped_basis
from nncodec.nets import weights
from nncodec.nets.resnet_torch import ArtifactNet

torch.set_num_threads(1)  # more would only wait for each other here

LEARNED, CCNN = 1, 64
STRIDE, WIDTH, BLOCKS = 4, 8, 1
CONTEXT_WIDTH = 6


def contexts(rng: np.random.Generator) -> weights.Arrays:
    """Random, but such that scale indices lie around 20 and means of group 0 are those of its neighbours."""
    parts: dict[str, list[np.ndarray]] = {name: [] for name in shapes(0, 0)}
    spread = {"enter": 300, "pass": 9, "quality": 9, "leave": 100, "index": 9, "mean": 0}
    for plane in range(PLANES):
        for group in range(N_GROUPS):
            for name, shape in shapes(plane, group).items():
                values = rng.normal(0, spread[name], shape) + (5 << 20 if name == "index" else 0)
                if name == "mean" and group == 0:
                    values += 1024  # a quarter
                parts[name].append(np.rint(values).astype(np.int32).reshape(-1))
    return {f"context.{name}": np.concatenate(each) for name, each in parts.items()}


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
def model(number: int) -> LappedModel:
    """The untrained transform, random contexts, and for codec learned a network."""
    rng = np.random.default_rng(0)
    basis = np.repeat(lapped_basis()[None], PLANES, 0).astype(np.float16)
    arrays: weights.Arrays = {"analysis": basis, "synthesis": basis}
    if number == LEARNED:
        arrays |= logistic_block_tables().pack()
        return LearnedModel(number, arrays | contexts_of_learned() | network(network_of_learned()))
    return LappedModel(number, arrays | logistic_tables().pack() | {"context.sizes": sizes_table()} | contexts(rng))


def plain_candidate(coder: LatentEncoder, own: bytes | None = None) -> Candidate:
    """The first candidate of the encoder of codec learned, in the shared colours or in a picture's own."""
    planes = to_planes(coder.pixels, matrix_of(own))
    latents = [coder.latent(plane, number) for number, plane in enumerate(planes)]
    return Encoder(coder).candidate(own, PRICE_FACTOR, latents)


def install(folder: Path) -> None:
    """Write weights of both codecs and the manifest into a folder, for ``weights.folder`` to be pointed at."""
    rows = []
    for codec, number in (("learned", LEARNED), ("ccnn", CCNN)):
        file = folder / f"{codec}.npz"
        weights.write(file, model(number).arrays)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        rows.append(f'[[model]]\nnumber = {number}\ncodec = "{codec}"\nfile = "{file.name}"\nsha256 = "{digest}"\n')
    (folder / weights.MANIFEST).write_text("".join(row + 'trained = "never"\n' for row in rows), encoding="utf-8")


def forget() -> None:
    """Drop what was loaded from the folder of weights before."""
    for cached in (weights.manifest, weights.load, lapped_model.loaded, learned_model.loaded):
        cached.cache_clear()


@contextmanager
def installed(folder: Path) -> Iterator[None]:
    """The codecs on the lapped latent have these weights meanwhile, which are written into the folder once."""
    if not (folder / weights.MANIFEST).exists():
        install(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weights, "folder", lambda: folder)
        forget()
        yield
    forget()
