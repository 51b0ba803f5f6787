"""What a download fetches, and whose it is: the arguments and options that `add` and `plan` share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from downloads_app.cli.completing import offer_providers, offer_users

F = TypeVar("F", bound=Callable[..., Any])

_CHOICE = (
    click.argument("provider", shell_complete=offer_providers),
    click.argument("repository"),
    click.option("--revision", help="A branch, tag or commit."),
    click.option("--include", multiple=True, metavar="GLOB", help="Only files that match; may be repeated."),
    click.option("--exclude", multiple=True, metavar="GLOB", help="No files that match; may be repeated."),
)


def choice_options(*, needs_user: bool) -> Callable[[F], F]:
    """Let a command take `provider`, `repository`, `username`, `revision`, `include` and `exclude`.

    Without `needs_user` the name may be None.
    """
    whose = "Whose download it is." if needs_user else "Whose it would be: what they have counts, and their quota."
    user = click.option("--user", "username", required=needs_user, shell_complete=offer_users, help=whose)

    def decorate(command: F) -> F:
        for parameter in reversed((*_CHOICE[:2], user, *_CHOICE[2:])):
            command = parameter(command)
        return command

    return decorate
