"""What a download fetches, and whose it is: the arguments and options that `add` and `plan` share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from downloads_app.cli.completing import offer_providers, offer_users

F = TypeVar("F", bound=Callable[..., Any])

_CHOICE = (
    click.argument("provider", shell_complete=offer_providers),
    click.argument("repository"),
    click.option(
        "--user", "username", required=True, shell_complete=offer_users, help="Whose download it is, or would be."
    ),
    click.option("--revision", help="A branch, tag or commit."),
    click.option("--include", multiple=True, metavar="GLOB", help="Only files that match; may be repeated."),
    click.option("--exclude", multiple=True, metavar="GLOB", help="No files that match; may be repeated."),
)


def choice_options(command: F) -> F:
    """Let a command take `provider`, `repository`, `username`, `revision`, `include` and `exclude`."""
    for parameter in reversed(_CHOICE):
        command = parameter(command)
    return command
