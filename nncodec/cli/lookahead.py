"""Planning in a thread of its own, some way ahead of the work: the first picture need not wait for the last folder."""

import threading
from collections import deque
from collections.abc import Iterable, Iterator

from nncodec.cli.files import Job, Refused
from nncodec.cli.walking import LeftOut

Item = Job | LeftOut | Refused

LIMIT = 10_000
"""Items that are planned ahead at most; a run over fewer knows their number at its first picture."""

_PATIENCE = 0.5
"""Seconds after which a waiting thread looks up: on some systems Ctrl-C does not wake it."""


class LookAhead(Iterator[Item]):
    """The items of an iterable, which a thread draws up to :data:`LIMIT` ahead.

    Attributes:
        n_jobs: the jobs drawn so far.
        complete: True once all items are drawn, and ``n_jobs`` is final.
        first: the first job, None before it is found.
    """

    def __init__(self, items: Iterable[Item]) -> None:
        self.n_jobs, self.complete = 0, False
        self.first: Job | None = None
        self._items: deque[Item] = deque()
        self._error: Exception | None = None
        self._closed = False
        self._changed = threading.Condition()
        threading.Thread(target=self._draw, args=(items,), daemon=True).start()

    def __next__(self) -> Item:
        """The next item; raises what the iterable raised in its place."""
        with self._changed:
            while not self._changed.wait_for(lambda: self._items or self.complete, _PATIENCE):
                pass
            if self._items:
                item = self._items.popleft()
                self._changed.notify_all()
                return item
            if self._error is not None:
                raise self._error
            raise StopIteration

    def count(self, limit: int) -> int:
        """The number of jobs, or ``limit`` if there are more. Waits until so many are found, or the thread pauses.

        Where more than :data:`LIMIT` other items come before them, ``limit`` is a guess.
        """
        with self._changed:
            while not self._changed.wait_for(
                lambda: self.n_jobs >= limit or self.complete or self._is_full(), _PATIENCE
            ):
                pass
            return min(self.n_jobs, limit) if self.complete else limit

    def close(self) -> None:
        """End the thread at its next item."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _is_full(self) -> bool:
        return len(self._items) >= LIMIT

    def _draw(self, items: Iterable[Item]) -> None:
        try:
            for item in items:
                if not self._put(item):
                    return
        except Exception as error:
            self._error = error
        with self._changed:
            self.complete = True
            self._changed.notify_all()

    def _put(self, item: Item) -> bool:
        """Append an item when there is room; False if nobody wants more."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or not self._is_full())
            if isinstance(item, Job):
                self.n_jobs += 1
                self.first = self.first or item
            self._items.append(item)
            self._changed.notify_all()
            return not self._closed
