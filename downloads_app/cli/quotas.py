"""`downloads-app users quota`: what one user may take on the disk."""

import click

from downloads_app.cli.completing import offer_users
from downloads_app.cli.users import group
from downloads_app.services.accounts import changes, users
from downloads_app.services.audit import COMMAND_LINE


class _Quota(click.ParamType[int | None]):
    """Bytes, or `none` for the general quota."""

    name = "bytes"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        """Return the bytes; None for `none`."""
        text = str(value)
        if text == "none":
            return None
        if not (text.isascii() and text.isdecimal() and len(text) <= len(str(changes.MAX_QUOTA_BYTES))):
            self.fail(f"{text!r} is neither a number of bytes, without a unit, nor 'none'", param, ctx)
        return int(text)


@group.command("quota")
@click.argument("name", shell_complete=offer_users)
@click.argument("quota", metavar="BYTES|none", type=_Quota())
def set_quota(name: str, quota: int | None) -> None:
    """Give a user a quota of their own, in bytes; `none`: the general one (USER_QUOTA_BYTES).

    \b
    Examples:
      downloads-app users quota alice 500000000000
      downloads-app users quota alice none
    """
    users.set_quota(users.find_user(name), quota, by=COMMAND_LINE)
    click.echo(f"The quota of {name} is " + ("the general one" if quota is None else f"{quota} bytes"))
