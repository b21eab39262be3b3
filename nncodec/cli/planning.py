"""The plan of a run: which sources there are, and where their results go. Made while the run is under way."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from nncodec.cli.files import PIPE, Job, Refused
from nncodec.cli.lists import ListFile
from nncodec.cli.lookahead import Item, LookAhead
from nncodec.cli.mirror import Mirror, common_folder
from nncodec.cli.sharding import Shard
from nncodec.cli.walking import LeftOut, walk
from nncodec.errors import EncodeError
from nncodec.urls import is_url

_NO_URLS = "mount the storage, or encode in Python from a file that fsspec opens"


@dataclass(frozen=True)
class Sources:
    """The arguments of the user, before folders are walked and lists are read."""

    paths: tuple[str, ...]
    output: str | None
    """The file or folder that -o names; None for results beside their sources."""
    recursive: bool
    suffixes: frozenset[str]
    """Suffixes, lower case with the dot, that a walk through a folder picks up."""
    out_suffix: str
    """The suffix of results; empty for verbs that write no file."""
    keep_suffix: bool = False
    """Name results ``photo.jpg.nnc`` instead of ``photo.nnc``."""
    listing: ListFile | None = None
    """More paths: ``output`` is a folder."""
    root: str | None = None
    """The folder below which -o mirrors the tree; None for that of each argument, and for what is common to a list."""
    shard: Shard | None = None


def named(paths: tuple[str, ...], options: dict[str, Any], suffixes: frozenset[str], out_suffix: str) -> Sources:
    """The sources that arguments, --filelist and their options name; click.UsageError for none at all."""
    listing = ListFile(options["filelist"]) if options["filelist"] else None
    if not paths and (listing is None or not any(True for _ in listing)):
        raise click.UsageError("no SOURCE given; - is standard input")
    if "" in (*paths, options["output"], options["root"]):
        raise click.UsageError("a name is empty")
    if len(paths) == 2 and not (options["output"] or options["filelist"]):
        _refuse_output_as_source(paths[1], suffixes)
    return Sources(
        paths,
        options["output"],
        options["recursive"],
        suffixes,
        out_suffix,
        options["keep_suffix"],
        listing,
        options["root"],
        options["shard"],
    )


def _refuse_output_as_source(path: str, suffixes: frozenset[str]) -> None:
    """Refuse ``nnc encode a.png b.nnc``, as other encoders are called, before any work; raises UsageError."""
    if path != PIPE and Path(path).suffix.lower() not in suffixes and not Path(path).exists():
        raise click.UsageError(f"{path} does not exist; if the output is meant: -o {path}")


def plan(sources: Sources) -> LookAhead:
    """The jobs for what the user named, folders walked and their trees mirrored, as they are found.

    Raises click.UsageError for combinations that make no sense. The iterator raises EncodeError if there is nothing to
    do, except in one shard of several.
    """
    folders = [path for path in sources.paths if path != PIPE and _is_folder(path)]
    if folders and not sources.recursive:
        raise click.UsageError(f"{folders[0]} is a folder; -r walks folders")
    many = len(sources.paths) > 1 or bool(folders) or sources.listing is not None
    if many and sources.out_suffix and PIPE in (*sources.paths, sources.output):
        raise click.UsageError("a pipe carries one picture, and there is more than one source")
    if is_url(sources.output or ""):
        raise click.UsageError(f"{sources.output} is a URL, and results are files here; {_NO_URLS}")
    if sources.root is not None and not _is_folder(sources.root):
        raise click.UsageError(f"--root {sources.root} is not a folder")
    output = Path(sources.output or "")
    if many and sources.out_suffix and output.suffix.lower() == sources.out_suffix and not output.is_dir():
        raise click.UsageError(f"{output} would be a folder, since there may be more than one source")
    where = f" in {folders[0]}" if folders else ""
    return LookAhead(_not_nothing(_found(sources, many), where, sources.shard))


def files_in(paths: tuple[str, ...], options: dict[str, Any], suffixes: frozenset[str]) -> LookAhead:
    """The files for a verb that writes none; folders walked, as they are found. Raises as :func:`plan`."""
    listing = ListFile(options["filelist"]) if options.get("filelist") else None
    if not paths and (listing is None or not any(True for _ in listing)):
        raise click.UsageError("no FILE given; - is standard input")
    shard = options.get("shard")
    return plan(Sources(paths, None, options["recursive"], suffixes, "", listing=listing, shard=shard))


def _not_nothing(items: Iterable[Item], where: str, shard: Shard | None) -> Iterator[Item]:
    """The items; EncodeError at their end if none of them is work, or a failure."""
    any_work = False
    for item in items:
        any_work = any_work or not isinstance(item, LeftOut) or bool(item.code)
        yield item
    if not any_work and shard is None:
        raise EncodeError(f"nothing to do: no file found{where}")


def _found(sources: Sources, many: bool) -> Iterator[Item]:
    mirror = Mirror(sources.root) if sources.root is not None else None
    for path in sources.paths:
        yield from _items(path, sources, many, mirror)
    if sources.listing is None:
        return
    if mirror is None and sources.output is not None:
        mirror = Mirror(common_folder(sources.listing))
    for path in sources.listing:
        yield from _items(os.path.join(".", path) if path == PIPE else path, sources, many, mirror, listed=True)  # noqa: PTH118


def _items(path: str, sources: Sources, many: bool, mirror: Mirror | None, *, listed: bool = False) -> Iterator[Item]:
    """The jobs of one argument or line of a list."""
    if is_url(path):
        yield Refused(Job(path, ""), EncodeError("URLs are not read", _NO_URLS))
        return
    if path == PIPE:
        yield Job(PIPE, sources.output or PIPE if sources.out_suffix else "")
        return
    inside = None if mirror is None else mirror.inside(path)
    if mirror is not None and inside is None:
        yield Refused(Job(path, ""), EncodeError(f"not in {mirror.folder}", "--root DIR names a folder of all sources"))
    elif (sources.recursive or not listed) and _is_folder(path):
        yield from _walked(path, sources, inside)
    elif not Path(path).name or inside == Path():  # it has no name of its own that a result could get
        yield Refused(Job(path, ""), EncodeError("is a folder", "-r walks folders"))
    elif _is_of_shard(path, sources, inside, listed):
        yield Job(path, _result_of(path, sources, many, inside))


def _is_folder(path: str) -> bool:
    """True if a path is seen to be a folder; what may not be looked at is a file, whose job fails."""
    try:
        return Path(path).is_dir()
    except OSError:
        return False


def _is_of_shard(path: str, sources: Sources, inside: Path | None, listed: bool) -> bool:
    """True for a file of this part, or one that is named as an argument and is missing: no part may pass it over."""
    name = path if inside is None or sources.root is None else str(inside)
    return sources.shard is None or sources.shard.has(name) or not (listed or Path(path).is_file())


def _walked(path: str, sources: Sources, inside: Path | None) -> Iterator[Job | LeftOut]:
    base = Path(path) if sources.output is None else Path(sources.output) / (inside or "")
    for file in walk(Path(path), sources.suffixes, sources.shard):
        if isinstance(file, LeftOut):
            yield file
        elif file == Path(path) or not sources.out_suffix:  # the folder itself, which cannot be read, has no result
            yield Job(str(file) if file != Path(path) else path, "")
        else:
            yield Job(str(file), str(base / _renamed(file.relative_to(path), sources)))


def _result_of(path: str, sources: Sources, many: bool, inside: Path | None) -> str:
    """The result of a file that is named or listed."""
    output = sources.output
    if not sources.out_suffix:
        return ""
    if output is None:
        return str(_renamed(Path(path), sources))
    if inside is not None:
        return str(Path(output) / _renamed(inside, sources))
    if output != PIPE and (many or output.endswith(("/", os.sep)) or Path(output).is_dir()):
        return str(Path(output) / _renamed(Path(Path(path).name), sources))
    return output


def _renamed(path: Path, sources: Sources) -> Path:
    if sources.keep_suffix:
        return path.with_name(path.name + sources.out_suffix)
    return path.with_suffix(sources.out_suffix)
