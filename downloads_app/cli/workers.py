"""`downloads-app workers`: the processes that move bytes."""

from downloads_app.cli.groups import Commands
from downloads_app.cli.printing import JSON_OPTION, UTC_OPTION, format_time, plain, print_json, print_table
from downloads_app.config import current_settings
from downloads_app.services.documents import describe_worker
from downloads_app.services.queue import workers
from downloads_app.services.references import SHORT_ID_LENGTH

group = Commands("workers", help="See the processes that move bytes.", no_args_is_help=True)


@group.command("list")
@JSON_OPTION
@UTC_OPTION
def list_workers(as_json: bool) -> None:
    """List workers, when each last spoke, and what it holds; one that vanished stays for a day.

    \b
    Example:
      downloads-app workers list
    """
    found = workers.list_workers(current_settings().lease_seconds)
    if as_json:
        print_json([describe_worker(worker) for worker in found])
        return
    rows = [
        (
            worker.host,
            str(worker.pid),
            plain("alive", "green") if worker.is_alive else plain("vanished", "red"),
            format_time(worker.last_seen_at),
            f"{len(worker.downloads)} of {worker.concurrency}",
            ", ".join(f"{row.id[:SHORT_ID_LENGTH]} {row.repository.name}" for row in worker.downloads),
        )
        for worker in found
    ]
    print_table(("host", "pid", "state", "last seen", "busy", "holds"), rows, right=("pid",))
