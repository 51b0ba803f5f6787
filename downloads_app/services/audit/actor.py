"""Who does something, as the audit names them."""

from dataclasses import dataclass

COMMAND_LINE_NAME = "cli"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who does something: a user, the command line, or nobody known."""

    name: str | None = None
    user_id: str | None = None
    address: str | None = None
    key: str | None = None
    """The name of the API key they use; None for a token."""
    is_trusted: bool = False
    """Whether all their acts are kept one by one: admins, and the command line. Others could fill the disk."""


NOBODY = Actor()
COMMAND_LINE = Actor(COMMAND_LINE_NAME, is_trusted=True)
IDENTITY_PROVIDER = Actor("identity provider", is_trusted=True)
"""What follows from what it says of somebody. No user can have this name."""
