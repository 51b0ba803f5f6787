"""The help of a group: what each of its commands does, in whole sentences."""

import sys

import click


class WholeHelp(click.Group):
    """A group that lists what its commands do in whole sentences; click cuts them at the end of the line."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands; a sentence takes the lines that it needs."""
        found = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(name, command.get_short_help_str(limit=sys.maxsize)) for name, command in found if command is not None]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
