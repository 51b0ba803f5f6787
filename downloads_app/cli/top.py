"""`downloads-app downloads top`: what runs and how fast, drawn anew each second."""

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text
from sqlalchemy.exc import SQLAlchemyError

from downloads_app.cli.beat import INTERRUPTED, Beat
from downloads_app.cli.download_views import describe
from downloads_app.cli.downloads import group
from downloads_app.cli.groups import explain_database
from downloads_app.cli.printing import (
    JSON_OPTION,
    UNKNOWN,
    can_redraw,
    format_bytes,
    format_seconds,
    format_share,
    make_table,
    plain,
    print_json,
    print_table,
    print_trimmed,
)
from downloads_app.cli.standstill import Look, look_around
from downloads_app.config import current_settings
from downloads_app.models import Download, Status
from downloads_app.models.downloads import QUEUE_IS_PAUSED
from downloads_app.services.database.session import give_connection_back
from downloads_app.services.downloads import history
from downloads_app.services.downloads.stuck import NO_WORKER
from downloads_app.services.pages import Page, Wanted
from downloads_app.services.queue import pauses, workers
from downloads_app.services.references import SHORT_ID_LENGTH

MAX_ROWS = 200
_COLUMNS = ("id", "user", "repository", "done", "size", "speed", "left")
_RIGHT = ("done", "size", "speed", "left")


@group.command("top")
@JSON_OPTION
def show_top(as_json: bool) -> None:
    """Show what runs, the fastest first; on a terminal anew each second, until Ctrl-C.

    \b
    Examples:
      downloads-app downloads top
      downloads-app downloads top --json
    """
    console = Console()
    if as_json:
        running = _read_running()
        print_json([describe(download) for download in _fastest(running, look_around(running.rows))])
    elif can_redraw(console):
        _refresh(console)
    else:
        running = _read_running()
        look = look_around(running.rows)
        total = ("", "", f"{_count(running)}{_name_hindrances()}", "", "", _sum_speeds(running, look), "")
        print_table(_COLUMNS, [*_rows(running, look), total], right=_RIGHT)


def _refresh(console: Console) -> None:
    """Draw on a screen of its own until Ctrl-C; what was there before comes back, with the last frame below it."""
    frame: RenderableType = Text()
    with Beat() as beat:
        try:
            with Live(console=console, auto_refresh=False, screen=True) as live:
                while True:
                    frame = _draw()
                    live.update(frame, refresh=True)
                    beat.pause()
        except KeyboardInterrupt:
            print_trimmed(frame)
            raise SystemExit(INTERRUPTED) from None


def _draw() -> RenderableType:
    """Return the present state. The sum stands above the rows: those that are too many are cut off below."""
    try:
        running = _read_running()
        look = look_around(running.rows)
        rows = _rows(running, look)
        told = Text(f"{_count(running)}, {_sum_speeds(running, look)}{_name_hindrances()}", style="bold")
    except SQLAlchemyError as exc:
        return plain(f"{explain_database(exc)}; still trying", "red")
    finally:
        give_connection_back()
    return Group(told, make_table(_COLUMNS, rows, right=_RIGHT))


def _read_running() -> Page[Download]:
    wanted = Wanted(history.NEWEST_FIRST, page_size=MAX_ROWS)
    return history.list_downloads(statuses=[Status.DOWNLOADING], wanted=wanted)


def _fastest(running: Page[Download], look: Look) -> Sequence[Download]:
    return sorted(running.rows, key=look.speed, reverse=True)


def _rows(running: Page[Download], look: Look) -> list[Sequence[str]]:
    """Return a row for each. One whose worker has vanished has no speed: `downloads stuck` says why."""
    return [
        (
            download.id[:SHORT_ID_LENGTH],
            download.user.username,
            f"{download.provider.name}:{download.repository.name}",
            format_share(download),
            format_bytes(download.total_bytes),
            UNKNOWN if look.is_lost(download) else f"{format_bytes(download.download_speed)}/s",
            UNKNOWN if look.is_lost(download) else format_seconds(download.eta_seconds),
        )
        for download in _fastest(running, look)
    ]


def _name_hindrances() -> str:
    """Return why no more runs: no worker, a pause."""
    found = [] if workers.is_any_alive(current_settings().lease_seconds) else [NO_WORKER]
    if pauses.queue_paused_at() is not None:
        found.append(QUEUE_IS_PAUSED)
    elif paused := pauses.find_paused_providers():
        found.append(f"provider {paused[0]} is paused" if len(paused) == 1 else f"{len(paused)} providers are paused")
    return "".join(f"; {hindrance}" for hindrance in found)


def _count(running: Page[Download]) -> str:
    shown = f", the newest {len(running.rows)} of them here" if running.total > len(running.rows) else ""
    return f"{running.total} running{shown}"


def _sum_speeds(running: Page[Download], look: Look) -> str:
    return f"{format_bytes(sum(map(look.speed, running.rows)))}/s"
