"""Training state on disk: plain arrays in one .npz, never a pickle, from which a run can be resumed."""

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from nncodec.errors import CorruptFile
from nncodec.nets.weights import opened_npz


class Average:
    """Exponential moving average of a network's parameters (Polyak averaging), with a smaller decay at first."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.values = {name: value.detach().clone() for name, value in model.named_parameters()}

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Add the parameters after step number ``step``, counted from 0."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, value in model.named_parameters():
            self.values[name].lerp_(value, 1 - decay)


def optimiser_arrays(optimisers: Iterable[torch.optim.Optimizer]) -> dict[str, Tensor]:
    """All tensors of the optimisers, under names that do not change from run to run."""
    arrays = {}
    for which, optimiser in enumerate(optimisers):
        for parameter, state in optimiser.state_dict()["state"].items():
            for key, value in state.items():
                arrays[f"{which}.{parameter}.{key}"] = value
    return arrays


def restore_optimisers(optimisers: Iterable[torch.optim.Optimizer], arrays: dict[str, Tensor]) -> None:
    """Inverse of `optimiser_arrays`."""
    for which, optimiser in enumerate(optimisers):
        whole = optimiser.state_dict()
        states: dict[int, dict[str, Tensor]] = {}
        for name, value in arrays.items():
            owner, parameter, key = name.split(".", 2)
            if int(owner) == which:
                states.setdefault(int(parameter), {})[key] = value
        whole["state"] = states
        optimiser.load_state_dict(whole)


def save(path: Path, parts: dict[str, dict[str, Tensor]], numbers: dict[str, float]) -> None:
    """Write named tensors and a few numbers; the file is replaced only when the new one is whole."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    for part, tensors in parts.items():
        arrays |= {f"{part}/{name}": value.cpu().numpy() for name, value in tensors.items()}
    arrays |= {f"number/{name}": np.array(value) for name, value in numbers.items()}
    fresh = path.with_suffix(".fresh.npz")
    with zipfile.ZipFile(fresh, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)
    fresh.replace(path)


def load(path: Path) -> tuple[dict[str, dict[str, Tensor]], dict[str, float]]:
    """Inverse of `save`; CorruptFile if the file is not one of ours."""
    parts: dict[str, dict[str, Tensor]] = {}
    numbers: dict[str, float] = {}
    try:
        with opened_npz(path) as arrays:
            for key in arrays.files:
                part, name = key.split("/", 1)
                if part == "number":
                    numbers[name] = float(arrays[key])
                else:
                    parts.setdefault(part, {})[name] = torch.from_numpy(arrays[key])
    except ValueError as error:
        raise CorruptFile(f"{path} is not a training state: {error}") from error
    return parts, numbers
