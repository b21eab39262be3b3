"""The choice of restorers while encoding: each is kept if it pays for its bytes."""

from dataclasses import replace

from nncodec import progress
from nncodec.container import Container, Kind, Section, serialize
from nncodec.errors import EncodeError
from nncodec.image import Pixels
from nncodec.image.metrics import mse
from nncodec.pipeline.layering import artefacts_of
from nncodec.restorers import Restorer, Task, by_name, make_section

NONE, AUTO = "none", "auto"
_AUTOMATIC = "luma+tuned"
"""The restorers that ``auto`` tries."""
_AS_GOOD_AS_EQUAL = 255**2 / 10**7
"""Mean squared error at 70 dB, as scans in black and white have: there is nothing for a restorer to learn."""


def chosen(which: str) -> list[Restorer]:
    """The restorers that names with plus signs between stand for, in the order of application.

    Raises EncodeError for an unknown name, and for one that comes twice.
    """
    if which == NONE:
        return []
    names = (_AUTOMATIC if which == AUTO else which).split("+")
    if len(set(names)) < len(names):
        raise EncodeError(f"{which} names a restorer twice")
    return [by_name(name) for name in names]


def restored(plain: Container, seen: Pixels, original: Pixels, which: str, effort: int) -> tuple[Container, Pixels]:
    """Add to a container the restorers that pay; returns it and the pixels that its decoder will see.

    A restorer that does not lower the squared error of the whole 8-bit picture by more than its bytes are worth is
    left out, so a file is never worse for having asked. Each is fitted to what those before it leave.
    """
    restorers = chosen(which)
    before = mse(original, seen) if restorers else 0.0
    for restorer in restorers if before > _AS_GOOD_AS_EQUAL else []:
        task = Task(seen, original, artefacts_of(plain), len(serialize(plain)), effort)
        progress.stage(f"restorer {restorer.name}")
        parameters = restorer.fit(task)
        if parameters is None:
            continue
        better = restorer.apply(seen, parameters, "cpu")
        after = mse(original, better)
        if after < before * (1 - task.price(len(parameters))):
            section = Section(Kind.RESTORER, make_section(restorer.id, plain.binding(), parameters))
            sections = sorted((*plain.sections, section), key=lambda s: s.kind)
            plain, seen, before = replace(plain, sections=tuple(sections)), better, after
    return plain, seen
