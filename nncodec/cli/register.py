"""The results of a run by name: which source claims each, and which were written. On disk, however many there are."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from nncodec.cli.files import PIPE, Job, Refused
from nncodec.cli.lookahead import Item
from nncodec.cli.staleness import exists
from nncodec.cli.walking import LeftOut
from nncodec.errors import EncodeError, NncError

_TABLE = "CREATE TABLE result (name BLOB PRIMARY KEY, source BLOB, before INTEGER, after INTEGER) WITHOUT ROWID"


@contextmanager
def _on_disk() -> Iterator[None]:
    """Turn errors of the database, such as a full disk, into NncError."""
    import sqlite3

    try:
        yield
    except sqlite3.Error as error:
        hint = "the variable SQLITE_TMPDIR names another folder"
        raise NncError(f"cannot keep the names of results in a temporary file: {error}", hint) from error


class Register:
    """Sources by the name of their result, in a temporary database that leaves memory when it grows."""

    def __init__(self) -> None:
        import sqlite3

        with _on_disk():
            self._results = sqlite3.connect("")  # a database without name: private, gone when it is closed
            self._results.execute("PRAGMA journal_mode = OFF")
            self._results.execute(_TABLE)

    def close(self) -> None:
        """Remove the database."""
        self._results.close()

    def claim(self, name: str, source: str) -> str | None:
        """Note that a source has the result ``name``. Returns the source that claimed it before, None for none."""
        key, value = _key(name), os.fsencode(source)
        with _on_disk():
            added = self._results.execute("INSERT OR IGNORE INTO result VALUES (?, ?, NULL, NULL)", (key, value))
            if added.rowcount:
                return None
            ((first,),) = self._results.execute("SELECT source FROM result WHERE name = ?", (key,))
        return os.fsdecode(first)

    def written(self, job: Job, sizes: tuple[int, int]) -> None:
        """Note that the result of a job was written, and the bytes of source and result."""
        if job.output not in ("", PIPE):
            row = (_key(job.output), os.fsencode(job.source), *sizes)
            with _on_disk():
                self._results.execute("INSERT OR REPLACE INTO result VALUES (?, ?, ?, ?)", row)

    def lost(self) -> Iterator[tuple[Job, tuple[int, int]]]:
        """Jobs whose result was written and is there no more, with the sizes that were noted."""
        with _on_disk():
            for name, source, before, after in self._results.execute("SELECT * FROM result WHERE after NOT NULL"):
                job = Job(os.fsdecode(source), os.fsdecode(name))
                if not exists(job):
                    yield job, (before, after)


def _key(name: str) -> bytes:
    return os.fsencode(os.path.normcase(name))


def distinct(items: Iterable[Item], register: Register) -> Iterator[Item]:
    """Each item once; jobs whose result an earlier source claims are refused."""
    for item in items:
        source, name = _names(item)
        first = register.claim(name or f"\0{source}", source)
        if first is None:
            yield item
        elif first != source and isinstance(item, Job):
            yield Refused(item, _clash(item, first))


def _names(item: Item) -> tuple[str, str]:
    """The source and the result of an item; the latter is empty if there is none."""
    if isinstance(item, LeftOut):
        return item.path, ""
    return (item.source, item.output) if isinstance(item, Job) else (item.job.source, "")


def _clash(job: Job, first: str) -> EncodeError:
    alike = os.path.basename(first) == os.path.basename(job.source)  # noqa: PTH119
    hint = "--root keeps the folders they lie in" if alike else "--keep-suffix tells them apart"
    return EncodeError(f"{first} also becomes {job.output}", hint)
