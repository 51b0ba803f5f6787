"""`downloads-app queue`: hold all downloads back, for maintenance."""

import click

from downloads_app.cli.groups import Commands
from downloads_app.cli.printing import JSON_OPTION, UTC_OPTION, format_time, print_json
from downloads_app.services.audit import COMMAND_LINE
from downloads_app.services.documents import describe_queue
from downloads_app.services.queue import pauses

group = Commands("queue", help="Pause and resume the whole queue, for maintenance.", no_args_is_help=True)


@group.command("pause")
def pause_queue() -> None:
    """Start no download; what runs goes back to the queue within a second and keeps its bytes.

    \b
    Example:
      downloads-app queue pause && systemctl restart storage.mount && downloads-app queue resume
    """
    pauses.set_queue_paused(True, by=COMMAND_LINE)
    click.echo("Paused the queue")


@group.command("resume")
def resume_queue() -> None:
    """Let downloads start again.

    \b
    Example:
      downloads-app queue resume
    """
    pauses.set_queue_paused(False, by=COMMAND_LINE)
    click.echo("Resumed the queue")


@group.command("show")
@JSON_OPTION
@UTC_OPTION
def show_queue(as_json: bool) -> None:
    """Say whether the queue is paused, and since when.

    \b
    Example:
      downloads-app queue show --json
    """
    paused_at = pauses.queue_paused_at()
    if as_json:
        print_json(describe_queue(paused_at))
    else:
        click.echo("The queue is open" if paused_at is None else f"The queue is paused since {format_time(paused_at)}")
