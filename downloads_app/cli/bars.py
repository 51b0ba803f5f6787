"""Draws downloads that are followed: a row with a bar each, never more lines than the screen has."""

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from downloads_app.cli.file_rows import FileRow, FileRows
from downloads_app.cli.printing import (
    STYLES,
    WIDE_COLUMNS,
    format_bytes,
    format_seconds,
    format_share,
    plain,
    style_status,
)
from downloads_app.cli.standstill import NO_TURN, Look, look_around
from downloads_app.models import ACTIVE, Download, Status
from downloads_app.services.downloads.stuck import NO_WORKER
from downloads_app.services.references import SHORT_ID_LENGTH

ECHO_COLUMNS = 3
"""Columns left free for the terminal's `^C` after the last row. On its own line it would move the rows."""
INDENT = SHORT_ID_LENGTH + 1
SPARE_LINES = 2
"""Of the screen: for the cursor, and for a line above."""
LEAST_ROWS = 2
"""Of a download: its own, and that of its reason or of how many files are here."""
STATE_COLUMNS = 18
"""Room for `1023.9 MB/s 23h59m`, and for `no worker is alive`."""
DownloadRow = tuple[Text | ProgressBar, ...]
Rows = list[DownloadRow | FileRow | Text]


def draw(news: Sequence[Download] | str, console: Console, files: FileRows | None) -> RenderableType:
    """Draw the downloads, active ones first, or the reason why they cannot be read.

    The last row counts those that do not fit: one with a long reason takes several lines. Of one that does not fit by
    itself files are left out.
    """
    return plain(news, "red") if isinstance(news, str) else _fit(news, console, files)[0]


def fits(downloads: Sequence[Download], console: Console, files: FileRows | None) -> bool:
    """Whether all of them have room, with their reasons."""
    return _fit(downloads, console, files)[1] == 0


def _fit(downloads: Sequence[Download], console: Console, files: FileRows | None) -> tuple[Group, int]:
    """Draw as many downloads as there is room for; return also how many are left out."""
    room = max(1, console.size.height - SPARE_LINES)
    ordered = sorted(downloads, key=lambda download: download.status not in ACTIVE)
    blocks = _fill(ordered, room, console, files)
    count = len(blocks)
    while True:
        left_out = len(ordered) - count
        drawn = _arrange(blocks[:count], left_out, console)
        lines = len(console.render_lines(drawn, pad=False))
        if lines <= room:
            return drawn, left_out
        if count > 1:
            count = max(1, min(count - 1, count * room // lines))
        elif blocks and len(blocks[0]) > LEAST_ROWS:
            del blocks[0][-2]  # the last row counts files
        else:
            return drawn, left_out


def format_speed(download: Download) -> str:
    """Return how fast it goes and how long it will take."""
    return f"{format_bytes(download.download_speed)}/s {format_seconds(download.eta_seconds)}"


def _fill(downloads: Sequence[Download], room: int, console: Console, files: FileRows | None) -> list[Rows]:
    """Return the rows of each download, of no more than could have room."""
    blocks: list[Rows] = []
    look = look_around(downloads)
    for download in downloads:
        if sum(map(len, blocks)) >= room:
            break
        of_files = files.draw(download) if files else ()
        blocks.append([*_draw_download(download, console, look), *of_files])
    return blocks


def _arrange(blocks: Sequence[Rows], left_out: int, console: Console) -> Group:
    """Put rows into grids of the same columns, and sentences between them."""
    parts: list[RenderableType] = []
    grid = _make_grid(console)
    kind: type = Text
    for row in (row for block in blocks for row in block):
        if isinstance(row, Text):
            parts.append(row)
        elif type(row) is not kind:
            grid = _make_file_grid(console) if isinstance(row, FileRow) else _make_grid(console)
            parts.append(grid)
        if not isinstance(row, Text):
            grid.add_row(*row)
        kind = type(row)
    if left_out:
        parts.append(Text(f"{' ' * INDENT}and {left_out} more", style="dim"))
    return Group(*parts)


def _make_grid(console: Console) -> Table:
    table = Table.grid(padding=(0, 1), expand=True)
    table.width = max(1, console.width - ECHO_COLUMNS)
    table.add_column(no_wrap=True, width=SHORT_ID_LENGTH)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=3, min_width=10)
    table.add_column(no_wrap=True, ratio=2, min_width=6)
    table.add_column(no_wrap=True, justify="right", width=4)
    table.add_column(no_wrap=True, justify="right", width=19)
    if console.width < WIDE_COLUMNS:
        table.add_column(no_wrap=True, justify="right", width=STATE_COLUMNS)
    else:
        table.add_column(overflow="fold", justify="right", ratio=3)  # a reason takes the lines it needs
    return table


def _make_file_grid(console: Console) -> Table:
    """Return a grid in which names have most of the width, and the lines they need: often only their ends differ."""
    table = Table.grid(padding=(0, 1), expand=True)
    table.width = max(1, console.width - ECHO_COLUMNS)
    table.add_column(no_wrap=True, width=SHORT_ID_LENGTH)
    table.add_column(overflow="fold", ratio=4, min_width=10)
    table.add_column(no_wrap=True, ratio=1, min_width=6)
    table.add_column(no_wrap=True, justify="right", width=4)
    table.add_column(no_wrap=True, justify="right", width=19)
    return table


def _draw_download(download: Download, console: Console, look: Look) -> Rows:
    """Return a download's row. On a narrow terminal a second one has its reason, in full width."""
    total = download.total_bytes
    is_unknown = total is None and download.status == Status.DOWNLOADING
    bar = ProgressBar(total=total or 1, completed=download.current_bytes, pulse=is_unknown)
    if download.status == Status.COMPLETED:
        bar = ProgressBar(total=1, completed=1)
    reason = _describe_reason(download, look)
    is_apart = reason is not None and console.width < WIDE_COLUMNS
    row = (
        plain(download.id[:SHORT_ID_LENGTH], "dim"),
        plain(download.repository.name),
        bar,
        plain(format_share(download)),
        plain(f"{format_bytes(download.current_bytes)}/{format_bytes(total)}"),
        _describe_state(download, look) if reason is None or is_apart else reason,
    )
    return [row, _fold(reason, console)] if reason is not None and is_apart else [row]


def _fold(sentence: Text, console: Console) -> Text:
    room = max(1, console.width - ECHO_COLUMNS - INDENT)
    return Text("\n").join(Text(" " * INDENT).append_text(line) for line in sentence.wrap(console, room))


def _describe_reason(download: Download, look: Look) -> Text | None:
    if download.status == Status.FAILED:
        return plain(download.error_message or "failed", "red")
    if look.is_lost(download) or (download.status == Status.PENDING and download.waits_for):
        return plain(look.explain(download), "yellow")
    return None


def _describe_state(download: Download, look: Look) -> Text:
    if download.status == Status.DOWNLOADING and not look.is_lost(download):
        return plain(format_speed(download))
    if download.status == Status.PENDING and look.turn == NO_TURN:
        return plain(NO_WORKER, STYLES[Status.PENDING])
    return style_status(download.status)
