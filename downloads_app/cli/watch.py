"""`downloads-app downloads watch`: follow downloads to their end."""

import click
from rich.console import Console

from downloads_app.cli.completing import offer_downloads
from downloads_app.cli.downloads import group
from downloads_app.cli.file_rows import FileRows
from downloads_app.cli.following import follow
from downloads_app.config import current_settings
from downloads_app.services.downloads import history


@group.command("watch")
@click.argument("ids", metavar="[ID...]", nargs=-1, shell_complete=offer_downloads)
@click.option("--files", "shows_files", is_flag=True, help="Their files too.")
def watch_downloads(ids: tuple[str, ...], shows_files: bool) -> None:
    """Follow downloads live, the newest active ones unless ids are given; ends when nothing is active.

    Exit code 1 where one of them failed. Where there is no terminal each news is a plain line.

    Ctrl-C ends the watching (exit code 130) and leaves the downloads alone.

    \b
    Examples:
      downloads-app downloads watch
      downloads-app downloads watch 4f1a --files
    """
    files = FileRows(current_settings().downloads_dir) if shows_files else None
    follow([history.find_download(reference).id for reference in ids], Console(), follow_all=not ids, files=files)
