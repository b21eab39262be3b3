"""Run the fuzzer: ``python -m tests.fuzz --files 60000 --seed 1``.

Sound files of every codec and source format are damaged inside and out and their checksums set right again, since
otherwise only the checksums would be tested. A file that does harm is kept, and belongs into tests/reject/ once its
cause is fixed. ``--renew-seeds`` keeps the 60 worst as seeds of the next run.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz import sound
from tests.fuzz.running import Limits, Plan, Tally, run
from tests.fuzz.worst import replace_seeds, worst


def _keep(tally: Tally, plan: Plan, folder: Path) -> None:
    """Write the files that did harm."""
    stock = sound.stock()
    folder.mkdir(parents=True, exist_ok=True)
    for index in tally.harm:
        (folder / f"{plan.seed}-{index}").write_bytes(plan.trial(index, stock).data)


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; 1 if any file did harm."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=5.0, help="seconds of processor time that a file may take")
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "nnc-fuzz")
    parser.add_argument("--renew-seeds", action="store_true", help="replace the seeds by the worst files of the run")
    options = parser.parse_args(arguments)
    start, plan = time.perf_counter(), Plan(options.files, options.seed)
    tally = run(plan, Limits(options.limit))
    print(f"{options.files} files, seed {options.seed}, {time.perf_counter() - start:.0f} s")
    print("\n".join(tally.lines()))
    _keep(tally, plan, options.keep)
    if options.renew_seeds:
        stock = sound.stock()
        trials = [plan.trial(result.index, stock) for result in worst(tally.results)]
        replace_seeds(sound.SEEDS, [(trial.verb, trial.data) for trial in trials])
    return 1 if tally.harm else 0


if __name__ == "__main__":
    sys.exit(main())
