"""A table of measurements to which the scripts here add rows: those that it has are not measured again."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class GrowingTable:
    """A TSV file whose rows are known by their first ``keys`` columns; `has` and `add` begin it with its header."""

    path: Path
    columns: tuple[str, ...]
    keys: int

    def has(self, key: Sequence[str]) -> bool:
        """Whether there is a row that begins with these columns."""
        return tuple(key) in {tuple(line.split("\t")[: self.keys]) for line in self._lines()}

    def add(self, key: Sequence[str], measured: Sequence[object]) -> None:
        """Add a row, and print it."""
        self._lines()
        row = [*key, *measured]
        with self.path.open("a", encoding="utf-8") as file:
            file.write("\t".join(map(str, row)) + "\n")
        print(*row, flush=True)

    def _lines(self) -> list[str]:
        if not self.path.exists():
            self.path.write_text("\t".join(self.columns) + "\n", encoding="utf-8")
        return self.path.read_text(encoding="utf-8").splitlines()
