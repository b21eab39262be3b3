"""A table to be read by people, as Markdown or as HTML."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

MINUS = "\u2212"
"""The sign, as wide as the plus; a hyphen is not."""


@dataclass(frozen=True)
class MarkdownTable:
    """Rows of text under a header. The first column is text, the others are numbers and stand to the right."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    less_is_better: tuple[bool | None, ...]
    """For columns of signed changes which sign is the better one, None for other columns."""

    @classmethod
    def of(
        cls, header: Sequence[str], rows: Sequence[Sequence[str]], less_is_better: Sequence[bool | None] = ()
    ) -> "MarkdownTable":
        """A table from any sequences; ValueError if a row has another length than the header."""
        if any(len(row) != len(header) for row in rows):
            raise ValueError("every row needs a field under every heading")
        signs = tuple(less_is_better) or (None,) * len(header)
        return cls(tuple(header), tuple(tuple(row) for row in rows), signs)

    def markdown(self) -> str:
        """A Markdown table, columns padded to one width, with a line end after each line."""
        cells = [[cell.replace("|", "\\|") for cell in row] for row in (self.header, *self.rows)]
        widths = [max(3, *(len(row[i]) for row in cells)) for i in range(len(self.header))]
        rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
        lines = [[cells[0][0].ljust(widths[0]), *_right(cells[0], widths)], rule]
        lines += [[row[0].ljust(widths[0]), *_right(row, widths)] for row in cells[1:]]
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)

    def html(self) -> str:
        """An HTML table element."""
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in self.header)
        body = "".join(
            "<tr>"
            + "".join(f"<td{self._class(cell, i)}>{html.escape(cell)}</td>" for i, cell in enumerate(row))
            + "</tr>\n"
            for row in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>\n"

    def _class(self, cell: str, column: int) -> str:
        """Mark gains, losses, and cells without a figure."""
        if column and not any(character.isdigit() for character in cell):
            return ' class="none"'
        less = self.less_is_better[column]
        if less is None or cell[:1] not in ("+", MINUS):
            return ""
        return ' class="gain"' if (cell[0] == MINUS) == less else ' class="loss"'


def percent(value: float) -> str:
    """A change in percent, one decimal, with its sign; a true minus keeps columns even."""
    return _signed(f"{value:+.1f}") + " %"


def decibels(value: float) -> str:
    """A change in dB, two decimals, with its sign."""
    return _signed(f"{value:+.2f}") + " dB"


def _signed(text: str) -> str:
    return text.replace("-", MINUS)


def _right(row: list[str], widths: list[int]) -> list[str]:
    return [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
