"""`downloads-app downloads remove`: takes downloads off the list, and their files with them where that is asked for."""

import sys
from collections.abc import Sequence

import click

from downloads_app.cli.asking import YES_OPTION, confirm
from downloads_app.cli.completing import offer_downloads
from downloads_app.cli.downloads import group
from downloads_app.cli.groups import tell_error
from downloads_app.cli.printing import clean, format_count
from downloads_app.config import current_settings
from downloads_app.errors import DownloadsError
from downloads_app.models import Download
from downloads_app.services.audit import COMMAND_LINE
from downloads_app.services.downloads import history


@group.command("remove")
@click.argument("ids", metavar="ID...", nargs=-1, required=True, shell_complete=offer_downloads)
@click.option("--files", is_flag=True, help="Remove their files too.")
@YES_OPTION
def remove_downloads(ids: tuple[str, ...], files: bool, yes: bool) -> None:
    """Remove downloads from the list, asking first on a terminal; complete files stay unless --files is given.

    One that is active is to be cancelled first. Exit code 1 where one could not be removed; the others are.

    \b
    Examples:
      downloads-app downloads remove 4f1a
      downloads-app downloads remove 4f1a 77c0 --files
    """
    found = {download.id: download for download in map(history.find_download, ids)}
    confirm(f"Remove {_name(list(found.values()), files)}?", yes)
    are_removed = [_remove(download_id, files) for download_id in found]
    if not all(are_removed):
        sys.exit(1)


def _name(downloads: Sequence[Download], files: bool) -> str:
    if len(downloads) > 1:
        return format_count(len(downloads), "download") + (" with their files" if files else "")
    (one,) = downloads
    named = f"{one.user.username}'s download of {one.repository.name}"
    return clean(named) + (" with its files" if files else "")


def _remove(download_id: str, files: bool) -> bool:
    """Remove one, and print a line that says so, or why it could not be; return whether it could."""
    try:
        download = history.find_download(download_id)
        are_gone = history.delete(current_settings().downloads_dir, download, files=files, by=COMMAND_LINE)
    except DownloadsError as exc:
        tell_error(exc.message)
        return False
    rest = "" if not files else " with its files" if are_gone else f"; {history.FILES_STAY}"
    click.echo(f"Removed {download_id}{rest}")
    return True
