"""How commands print: tables for people, one JSON document for programs, hostile text made harmless."""

import codecs
import io
import json
import os
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, TextIO

import click
from rich import box
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from downloads_app.models import Download

UNKNOWN = "–"
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Unicode categories of control and format characters: they could move the cursor or reverse the text."""
UNBOUNDED_COLUMNS = 10_000
WIDE_COLUMNS = 120
"""From this width on sentences have a column of their own; on a narrower terminal they stand below, in full width."""
_TIMES = frozenset({"created", "expires", "last seen", "last used", "linked", "since", "when"})
"""Columns of times, in all tables."""
_ROOM_COLUMNS = 40
"""So wide is a terminal for each time in a row, and once more for all else, if times are not to be folded."""
STYLES = {
    "pending": "yellow",
    "downloading": "cyan",
    "paused": "magenta",
    "completed": "green",
    "failed": "red",
    "cancelled": "dim",
}


def clean(text: str) -> str:
    """Replace the characters that a terminal would obey instead of showing."""
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in _HIDDEN else c for c in text)


def plain(text: str, style: str = "") -> Text:
    """Return a cell that rich prints unchanged: markup in it has no effect."""
    return Text(clean(text), style=style)


def replace_what_cannot_be_printed() -> None:
    """Print `?` for a character that the output's encoding lacks, where a locale has another than UTF-8."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not _has_all_characters(stream):
            stream.reconfigure(errors="replace")


def print_json(document: Any) -> None:
    """Print one JSON document, which loses no character in any encoding."""
    click.echo(json.dumps(document, ensure_ascii=not _has_all_characters(sys.stdout), indent=2))


def _has_all_characters(stream: TextIO | None) -> bool:
    """Whether nothing is lost in it; None stands for an output that is closed."""
    return stream is None or codecs.lookup(stream.encoding or "ascii").name.startswith("utf-")


def make_console() -> Console:
    """Return a console as wide as the terminal, or COLUMNS. Without both nothing is folded: good for grep."""
    console = Console()
    is_bounded = console.file.isatty() or bool(os.environ.get("COLUMNS"))
    return console if is_bounded else Console(width=UNBOUNDED_COLUMNS)


def can_redraw(console: Console) -> bool:
    """Whether what is shown can be drawn anew: on a terminal that moves its cursor, as TERM=dumb does not.

    FORCE_COLOR makes no terminal of a file: it is asked for colours, not for bars.
    """
    return console.file.isatty() and not console.is_dumb_terminal


def print_folded(text: str, style: str = "", *, indent: int = 0, hang: int = 0) -> None:
    """Print a sentence in as many lines as it needs on the terminal, folded between words.

    `indent` is of each line, `hang` of all but the first; in columns.
    """
    console = make_console()
    for line in plain(text, style).wrap(console, max(1, console.width - indent - hang), overflow="fold"):
        line.rstrip()
        console.print(Text(" " * indent).append_text(line), soft_wrap=True)
        indent, hang = indent + hang, 0


class _Trimmed:
    """What rich draws, without the spaces that it puts behind it: on a narrower terminal they would be blank lines."""

    def __init__(self, drawn: RenderableType) -> None:
        self._drawn = drawn

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for segments in console.render_lines(self._drawn, options, pad=False):
            while segments and not segments[-1].text.rstrip(" "):
                segments.pop()
            if segments:
                text, style, _ = segments.pop()
                segments.append(Segment(text.rstrip(" "), style))
            yield from segments
            yield Segment.line()


def print_trimmed(drawn: RenderableType) -> None:
    """Print a table, without spaces at the ends of lines."""
    make_console().print(_Trimmed(drawn), end="")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], *, right: Sequence[str] = ()) -> None:
    """Print a table, at most as wide as the terminal. Long cells are folded, never cut."""
    print_trimmed(make_table(columns, rows, right=right))


def make_table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], *, right: Sequence[str] = ()) -> Table:
    """Return a table. The columns named in `right` are right-aligned.

    They and ids are not folded, nor are times where there is room. What is not folded is cut where there is none.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    times = _TIMES.intersection(columns)
    has_room = bool(times) and make_console().width >= _ROOM_COLUMNS * (1 + len(times))
    for column in columns:
        is_whole = column in right or column == "id" or (has_room and column in times)
        table.add_column(column, justify="right" if column in right else "left", overflow="fold", no_wrap=is_whole)
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else plain(cell) for cell in row))
    return table


def print_fields(fields: Iterable[tuple[str, str | Text]]) -> None:
    """Print names and values, one pair a line."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in fields:
        table.add_row(name, value if isinstance(value, Text) else plain(value))
    print_trimmed(table)


def format_bytes(count: int | None) -> str:
    """Return a size as people read it: 1.5 GB."""
    if count is None:
        return UNKNOWN
    value = float(count)
    for unit in _UNITS:
        if value < 999.95 or unit == _UNITS[-1]:
            break
        value /= 1000
    return f"{count} B" if unit == "B" else f"{value:.1f} {unit}"


def format_count(count: int, noun: str) -> str:
    """Return how many there are: 1 file, 2 files."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def format_seconds(seconds: float | None) -> str:
    """Return a duration: 42s, 3m05s, 2h10m, 4d03h."""
    if seconds is None:
        return UNKNOWN
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d{hours:02}h"
    if hours:
        return f"{hours}h{minutes:02}m"
    return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"


def format_time(moment: datetime | None) -> str:
    """Return a time to the second in the reader's zone, or in UTC with `--utc`."""
    if moment is None:
        return UNKNOWN
    if is_utc_wanted():
        return moment.strftime("%Y-%m-%d %H:%M:%SZ")
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def is_utc_wanted() -> bool:
    """Whether the present command was given `--utc`."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(_UTC))


def _keep_utc(context: click.Context, _option: click.Parameter, is_utc: bool) -> None:
    context.meta[_UTC] = is_utc


_UTC = "downloads_app.utc"
UTC_OPTION = click.option(
    "--utc",
    is_flag=True,
    is_eager=True,  # before times that are typed are read
    expose_value=False,
    callback=_keep_utc,
    help="Times in UTC, not in this machine's zone.",
)
JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="One JSON document.")


def format_share(download: Download) -> str:
    """Return the progress in percent. It is 100% only for a complete download."""
    if not download.total_bytes:
        return "100%" if download.status == "completed" else UNKNOWN
    share = download.current_bytes * 100 // download.total_bytes
    return f"{share if download.status == 'completed' else min(share, 99)}%"


def style_status(status: str) -> Text:
    """Return a status in its colour."""
    return Text(status, style=STYLES.get(status, ""))
