"""Training: schedule, guard, optimiser, state, and a run that learns and goes on where it stopped."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

torch = pytest.importorskip("torch", reason="torch, an extra of the package, is not installed")

from nncodec import progress
from nncodec.cli.verbs.train import command
from nncodec.codecs.learned import context_fit_torch, context_latents_torch
from nncodec.codecs.learned import recipe as learned
from nncodec.codecs.learned.latent_encoder import LatentEncoder
from nncodec.codecs.learned.model import LearnedModel
from nncodec.codecs.learned.synthesis import Synthesizer
from nncodec.entropy.tables import fitted_frequencies, logistic_masses, scale_of
from nncodec.errors import CorruptFile, EncodeError, UnsupportedFile
from nncodec.lapped import recipe as transforms
from nncodec.lapped.layout import CHANNELS, PLANES
from nncodec.lapped.transform import OPPONENT
from nncodec.nets import weights
from nncodec.nets.quantised import restored
from nncodec.training import loop, regions, start, state
from nncodec.training.loop import Guard, Schedule
from nncodec.training.muon import Muon, orthogonal
from nncodec.training.options import STATE
from tests import own, pictures
from tests.lapped import tiny_lapped
from tests.logistic import logistic_tables


def test_learning_rate_warms_up_holds_and_falls():
    schedule = Schedule(minutes=10, warmup_steps=10, hold=0.5)
    assert schedule.rate(0, 0) == pytest.approx(0.1)
    assert schedule.rate(0.4, 500) == 1
    assert schedule.rate(0.75, 500) == pytest.approx(0.5)
    assert schedule.rate(1, 500) == 0


def test_guard_refuses_what_is_far_off():
    guard = Guard()
    assert not guard.refuses(10)
    guard.accept(10)
    assert guard.refuses(31)
    assert guard.refuses(math.nan)
    assert guard.refuses(math.inf)
    assert not guard.refuses(29)


def test_guard_clips_to_twice_the_usual_norm():
    guard, parameter = Guard(norm=1.0), torch.zeros(4, requires_grad=True)
    parameter.grad = torch.full((4,), 50.0)
    assert guard.limit([parameter])
    assert float(parameter.grad.norm()) == pytest.approx(2, rel=1e-3)
    parameter.grad = torch.full((4,), math.nan)
    assert not guard.limit([parameter])


@pytest.mark.parametrize("shape", [(16, 40), (40, 16), (12, 12)])
def test_orthogonal_keeps_directions_and_evens_sizes(shape):
    """Against the polar factor from a singular value decomposition."""
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    got = orthogonal(matrix)
    assert got.shape == shape
    assert float((got - u @ v).norm() / (u @ v).norm()) < 0.12


def test_muon_descends():
    target = torch.randn(6, 4, 3, 3, generator=torch.Generator().manual_seed(1))
    weight = torch.zeros_like(target, requires_grad=True)
    muon = Muon([weight], lr=0.1)
    losses = []
    for _ in range(60):
        loss = (weight - target).square().sum()
        muon.zero_grad()
        loss.backward()
        muon.step()
        losses.append(float(loss.detach()))
    assert min(losses) < 0.05 * losses[0]


def test_state_comes_back(tmp_path):
    model = learned.LearnedNet(4, 8, 1)
    made = learned.optimisers(model, learned.Hyperparameters(minutes=1))
    sum(parameter.square().sum() for parameter in model.parameters()).backward()
    for optimiser in made:
        optimiser.step()
    arrays = state.optimiser_arrays(made)
    state.save(tmp_path / "s.npz", {"optimiser": arrays}, {"step": 5})
    parts, numbers = state.load(tmp_path / "s.npz")
    again = learned.optimisers(learned.LearnedNet(4, 8, 1), learned.Hyperparameters(minutes=1))
    state.restore_optimisers(again, parts["optimiser"])
    found = state.optimiser_arrays(again)
    assert numbers == {"step": 5}
    assert set(found) == set(arrays)
    assert all(torch.equal(found[name], arrays[name]) for name in arrays)
    assert sum(len(group["params"]) for one in made for group in one.param_groups) == len(list(model.parameters()))


def test_a_file_that_is_no_state(tmp_path):
    (tmp_path / "s.npz").write_bytes(b"nonsense")
    with pytest.raises(CorruptFile):
        state.load(tmp_path / "s.npz")


def run_of(width: int, folder: Path) -> loop.Run:
    model = learned.LearnedNet(4, width, 1)
    made = learned.optimisers(model, learned.Hyperparameters(minutes=1))
    return loop.Run(model, made, Schedule(1), folder, state.Average(model, 0.9), Guard())


def test_a_run_goes_on_with_its_own_state_alone(tmp_path):
    run_of(8, tmp_path).save()
    run_of(8, tmp_path).resume()
    with pytest.raises(UnsupportedFile, match="another network"):
        run_of(16, tmp_path).resume()
    state.save(tmp_path / "state.npz", {"model": {"x": torch.zeros(1)}}, {"step": 5})
    with pytest.raises(UnsupportedFile, match="another network"):
        run_of(8, tmp_path).resume()


class Counted(loop.Run):
    """A run of so many steps, each of which takes so many seconds."""

    steps, seconds_per_step = 6, 25.0

    def elapsed(self):
        return self.step * self.seconds_per_step

    def share(self):
        return min(1.0, self.step / self.steps)


def counted_run(folder: Path) -> Counted:
    model = learned.LearnedNet(4, 8, 1)
    made = learned.optimisers(model, learned.Hyperparameters(minutes=1))
    return Counted(model, made, Schedule(2.5), folder, state.Average(model, 0.9), Guard())


def squares(run: loop.Run) -> torch.Tensor:
    return sum(parameter.square().sum() for parameter in run.model.parameters())


def saved_step(folder: Path) -> int:
    return int(state.load(folder / STATE)[1]["step"])


def test_the_state_is_saved_each_minute_whatever_the_reports(tmp_path, monkeypatch):
    run, saved = counted_run(tmp_path), []
    monkeypatch.setattr(run, "save", lambda: saved.append(run.step))
    loop.train(run, lambda step, share: squares(run), lambda: None, every_minutes=60)
    assert saved == [3, 6, 6]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_the_state_is_saved_when_a_run_is_interrupted(stop, tmp_path):
    run = counted_run(tmp_path)

    def loss(step, share):
        if step == 2:
            raise stop
        return squares(run)

    with pytest.raises(stop):
        loop.train(run, loss, lambda: None, every_minutes=60)
    assert saved_step(tmp_path) == 2


def test_an_interrupted_validation_leaves_the_parameters_and_not_their_average(tmp_path):
    run = counted_run(tmp_path)

    def report():
        with run.averaged():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop.train(run, lambda step, share: squares(run), report, every_minutes=60)
    parts, _ = state.load(tmp_path / STATE)
    assert any(not torch.equal(parts["model"][name], parts["average"][name]) for name in parts["model"])


def test_each_step_tells_step_loss_and_time_left(tmp_path):
    run, told = counted_run(tmp_path), []
    with progress.listening(lambda *arguments: told.append(arguments)):
        loop.train(run, lambda step, share: squares(run), lambda: None, every_minutes=60)
    what, done, rounds = told[2]
    assert what.startswith("training: step 3, loss ")
    assert what.endswith("phase 0, 1.2 min left")
    assert (done, rounds) == (50, 100)
    assert told[-1] == ("validating", 0, 0)


def test_coding_ends_when_it_has_had_its_time(tmp_path):
    made = []

    def make(count, rng):
        made.append(count)
        pixels = np.zeros((count, 8, 8, 3), np.uint8)
        return regions.Regions(pixels, pixels, np.zeros(count, np.int64), np.zeros(count, np.float32))

    found = regions.cached_regions(110, tmp_path, 0, make, lambda: len(made) == 2)
    assert len(found.codec) == 50
    again = regions.cached_regions(110, tmp_path, 0, make, lambda: len(made) == 4)
    assert (len(again.codec), made) == (100, [25, 25, 25, 25])


def test_nothing_to_resume_from_is_found_before_pictures_are_read(folder, tmp_path):
    with pytest.raises(EncodeError, match="to resume from"):
        start.load_data([folder], tmp_path / "run", 0, resume=True)
    assert not (tmp_path / "cache").exists()


def test_small_pictures_are_found_before_they_are_read(folder, tmp_path):
    with pytest.raises(EncodeError, match="no validation picture is as large as 400 x 400"):
        start.load_data([folder], tmp_path / "run", 0, side=400)
    assert not (tmp_path / "cache").exists()


def test_tables_follow_what_was_counted():
    """Symmetric, and between the counts and the logistic distribution; untouched where nothing was counted."""
    counts = [np.zeros(len(row)) for row in logistic_tables().frequencies]
    half = len(counts[20]) // 2 - 1
    counts[20][half + 1] = 1e6
    row = fitted_frequencies(counts[20], logistic_masses(scale_of(20)), len(counts[20]) - 2)
    assert row[half + 1] == pytest.approx(row[half - 1], abs=100)
    assert row[half + 1] > 0.4 * row.sum()
    untouched = fitted_frequencies(counts[21], logistic_masses(scale_of(21)), len(counts[21]) - 2)
    assert np.abs(untouched - logistic_tables().frequencies[21]).max() < 100


def test_a_new_network_adds_nothing():
    """So the first loss of the second phase is that of the transforms alone."""
    model, quality = learned.LearnedNet(4, 8, 1), torch.tensor([60.0, 140.0])
    decoded, step = model.decoded(torch.randn(2, PLANES * CHANNELS, 4, 6), quality)
    assert torch.equal(model.corrected(decoded, step, quality), decoded)
    assert step.flatten().tolist() == pytest.approx([192 * 2 ** (-6.5 * q / 200) for q in (60, 140)])


def in_steps(monkeypatch, steps: int) -> None:
    """A run ends after so many steps, however long they take."""
    monkeypatch.setattr(loop.Run, "share", lambda run: min(1.0, run.step / steps))


def test_command_trains_resumes_and_exports(folder, tmp_path, monkeypatch):
    """One command from pictures to weights; a second sitting goes on from the first."""
    for recipe in (transforms, learned):
        monkeypatch.setattr(recipe, "VALIDATION_QUALITIES", (100,))
        monkeypatch.setattr(recipe, "VALIDATION_SIDE", 64)
    monkeypatch.setattr(learned, "CODED", 64)
    monkeypatch.setattr(context_fit_torch, "CROP", 64)
    monkeypatch.setattr(context_latents_torch, "CROP", 64)
    monkeypatch.setattr(context_latents_torch, "SIDE", 8)
    monkeypatch.setattr(context_fit_torch, "COUNTED", 2)
    output = tmp_path / "run"
    sizes = {
        "--batch": 2,
        "--crop": 64,
        "--region": 64,
        "--width": 8,
        "--blocks": 1,
        "--context-steps": 2,
        "--context-crops": 2,
    }
    arguments = [
        "learned",
        "--data",
        folder,
        "-o",
        output,
        "--minutes",
        1,
        *(x for pair in sizes.items() for x in pair),
    ]
    in_steps(monkeypatch, 2)
    first = CliRunner().invoke(command, [str(argument) for argument in arguments], catch_exceptions=False)
    assert first.exit_code == 0, first.output
    in_steps(monkeypatch, 5)
    second = CliRunner().invoke(command, [*map(str, arguments), "--resume"], catch_exceptions=False)
    assert second.exit_code == 0, second.output
    lines = [json.loads(line) for line in (output / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "gain" in line or "bpp" in line] == [2, 5]
    assert next(line for line in lines if "gain" in line)["gain"]
    assert len({line["context"] for line in lines if "context" in line}) == 30
    model = LearnedModel(1, weights.read((output / "weights.npz").read_bytes()))
    coder = LatentEncoder.of(model, 120, pictures.photograph(40, 40))
    candidate = tiny_lapped.plain_candidate(coder)
    assert Synthesizer(model, 120, OPPONENT).pixels(candidate.values, 40, 40).shape == (40, 40, 3)
    assert len(coder.payload(None, candidate.units)) > 100
    own.check_codec(output / "weights.npz", "learned")


def test_training_goes_on_from_weights_that_ship():
    """Weights that are read back and exported again are the same, but for rounding."""
    shipped = weights.load(weights.newest("learned"), "learned")
    model = learned.LearnedNet.of(shipped)
    again = learned.network(model.net)
    assert {name for name in shipped if name.startswith("net.")} == set(again)
    before, after = restored(shipped, "net"), restored(again, "net")
    for name, values in before.items():
        step = shipped[f"net.{name}.step"].max() if f"net.{name}.step" in shipped else 1e-6
        assert np.abs(after[name] - values).max() <= step, name
    for name, values in transforms.filters(model.transform).items():
        assert np.abs(values.astype(float) - shipped[name]).max() < 2e-3 * np.abs(shipped[name]).max(), name


def test_where_the_network_alone_is_trained_transforms_and_contexts_stay() -> None:
    number = weights.newest("learned")
    settings = learned.Hyperparameters(
        1.0, weights=Path(str(weights.folder())) / weights.manifest()[number].file, network_only=True
    )
    kept = learned.Recipe(None, None, None, settings, None, None).contexts
    shipped = weights.load(number, "learned")
    assert set(kept) == {name for name in shipped if not name.startswith("net.")}
    assert all(np.array_equal(array, shipped[name]) for name, array in kept.items())
