"""Tables that print in a terminal and in a Markdown file alike."""

from __future__ import annotations

from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as RichTable


@dataclass(frozen=True)
class Table:
    """A title, the column heads, and rows of finished cells; words stand left, numbers right."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1
    note: str = ""

    def print(self, console: Console) -> None:
        """Print the table on a terminal."""
        table = RichTable(box=SIMPLE_HEAD, title=self.title, title_justify="left", pad_edge=False)
        for position, name in enumerate(self.head):
            table.add_column(
                name, justify="left" if position < self.words else "right", no_wrap=True
            )
        for row in self.rows:
            table.add_row(*row)
        console.print(table)
        if self.note:
            console.print(self.note, "", sep="\n", style="dim")

    def markdown(self) -> str:
        """Return the table as Markdown, title and note around it."""
        rule = [":--" if position < self.words else "--:" for position in range(len(self.head))]
        lines = ["| " + " | ".join(row) + " |" for row in (self.head, rule, *self.rows)]
        note = ["", self.note] if self.note else []
        return "\n".join([f"## {self.title}", "", *lines, *note, ""])
