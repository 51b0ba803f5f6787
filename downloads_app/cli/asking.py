"""What a command asks before it does something: on a terminal, and never elsewhere."""

import sys

import click

from downloads_app.services.database.session import give_connection_back

YES_OPTION = click.option("--yes", is_flag=True, help="Do not ask.")


def is_asking(yes: bool) -> bool:
    """Whether there is somebody to ask; `yes` is the option's value."""
    return sys.stdin.isatty() and not yes


def confirm(question: str, yes: bool) -> None:
    """Ask a question, and end the command unless the answer is yes. No connection is held meanwhile."""
    if is_asking(yes):
        give_connection_back()
        click.confirm(question, abort=True, err=True)
