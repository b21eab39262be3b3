"""The choice of restorers while encoding: each is kept if it pays for its bytes and, by default, for its time."""

from dataclasses import dataclass, replace

from nncodec import progress
from nncodec.container import Container, Kind, Section, serialize
from nncodec.errors import EncodeError
from nncodec.image import Pixels
from nncodec.image.metrics import mse
from nncodec.pipeline.layering import artefacts_of
from nncodec.restorers import Restorer, Task, by_name, make_section

NONE, AUTO = "none", "auto"
_QUICK, _LIGHT = 2, 6
"""The highest efforts at which ``auto`` tries no restorer, and the quick one alone."""
_LEAST_GAIN = 0.04
"""Share of the squared error (0.18 dB) that a restorer has to remove at such efforts, to be worth a decoder's time."""
_AS_GOOD_AS_EQUAL = 255**2 / 10**7
"""Mean squared error at 70 dB, as scans in black and white have: there is nothing for a restorer to learn."""


@dataclass(frozen=True)
class Restoring:
    """The restorers to try, in the order of application."""

    restorers: tuple[Restorer, ...]
    effort: int
    """That of their fits, 1 to 9."""
    least_gain: float = 0.0
    """Share of the squared error that each has to remove, whatever its bytes."""


def planned(which: str, effort: int) -> Restoring:
    """The restorers that names with plus signs between stand for, or that ``auto`` means at an effort of 1 to 9.

    Raises EncodeError for an unknown name, and for one that comes twice.
    """
    if which == AUTO:
        which = NONE if effort <= _QUICK else "luma" if effort <= _LIGHT else "luma+tuned"
        return replace(planned(which, effort), least_gain=_LEAST_GAIN if effort <= _LIGHT else 0.0)
    names = [] if which == NONE else which.split("+")
    if len(set(names)) < len(names):
        raise EncodeError(f"{which} names a restorer twice")
    return Restoring(tuple(map(by_name, names)), effort)


def restored(plain: Container, seen: Pixels, original: Pixels, plan: Restoring) -> tuple[Container, Pixels]:
    """Add to a container the restorers that pay; returns it and the pixels that its decoder will see.

    A restorer that does not lower the squared error of the whole 8-bit picture by more than its bytes are worth is
    left out, so a file is never worse for having asked. Each is fitted to what those before it leave. None is begun
    once searches are asked to end.
    """
    before = mse(original, seen) if plan.restorers else 0.0
    for restorer in plan.restorers if before > _AS_GOOD_AS_EQUAL else ():
        if progress.asked_to_end():
            break
        task = Task(seen, original, artefacts_of(plain), len(serialize(plain)), plan.effort)
        progress.stage(f"restorer {restorer.name}")
        parameters = restorer.fit(task)
        if parameters is None:
            continue
        better = restorer.apply(seen, parameters, "cpu")
        after = mse(original, better)
        if after < before * (1 - max(task.price(len(parameters)), plan.least_gain)):
            section = Section(Kind.RESTORER, make_section(restorer.id, plain.binding(), parameters))
            sections = sorted((*plain.sections, section), key=lambda s: s.kind)
            plain, seen, before = replace(plain, sections=tuple(sections)), better, after
    return plain, seen
