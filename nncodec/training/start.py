"""The start of a training run, the same for all recipes: the pictures, then a new or resumed run."""

from pathlib import Path

import torch
from torch import nn

from nncodec import progress
from nncodec.errors import EncodeError
from nncodec.training.allocator import keep_memory
from nncodec.training.data import Pictures, check_sides, find_pictures, load_pictures
from nncodec.training.loop import Guard, Run, Schedule
from nncodec.training.options import STATE
from nncodec.training.state import Average


def prepare_process(threads: int) -> None:
    """Set this process up for hours of training: threads of torch, and memory that is kept between steps."""
    keep_memory()
    torch.set_num_threads(threads)


def load_data(
    folders: list[Path], folder: Path, seed: int, resume: bool = False, side: int = 1
) -> tuple[Pictures, Pictures]:
    """Seed torch, create the run's folder, and load the pictures: for training, and held out for validation.

    Args:
        folders: searched for pictures, with all folders below.
        folder: of the run; decoded pictures are cached in ``cache`` beside it.
        seed: of torch's random numbers, on which new parameters depend.
        resume: there has to be a checkpoint in ``folder``.
        side: of the largest crop for validation.

    Raises EncodeError, before a picture is decoded, for too few pictures, for a missing checkpoint, and if no picture
    for validation is large enough.
    """
    if resume and not (folder / STATE).exists():
        raise EncodeError(f"there is no {STATE} in {folder} to resume from", "leave --resume out to begin anew")
    split = find_pictures(folders)
    check_sides(split[1], side)
    progress.stage(f"reading {sum(map(len, split))} pictures")
    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    training, held_out = (load_pictures(files, folder.parent / "cache") for files in split)
    return training, held_out


def start_run(
    model: nn.Module,
    optimisers: list[torch.optim.Optimizer],
    schedule: Schedule,
    folder: Path,
    decay: float,
    resume: bool,
    begun: float,
) -> Run:
    """A run, from the checkpoint in ``folder`` if ``resume``.

    Args:
        model: the network.
        optimisers: of its parameters, in an order that does not change between sittings.
        schedule: training time and learning rate.
        folder: of checkpoint and log.
        decay: of the moving average of the parameters, per step.
        resume: go on from the checkpoint; see `Run.resume` for errors.
        begun: when this sitting began, by `time.monotonic`; reading pictures counts.
    """
    run = Run(model, optimisers, schedule, folder, Average(model, decay), Guard(), since=begun)
    if resume:
        run.resume()
    return run
