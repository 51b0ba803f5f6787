"""The command `downloads-app`: all `flask` commands of this application, and `run`, which serves it."""

import os
import sys
from pathlib import Path

import click
from flask import Flask
from flask.cli import FlaskGroup, routes_command, shell_command

from downloads_app import __version__
from downloads_app.cli import demo_instance
from downloads_app.cli.loading import Groups, make_app
from downloads_app.cli.whole_help import WholeHelp


def _choose_instance(_ctx: click.Context, _option: click.Parameter, folder: Path | None) -> None:
    if folder is not None:
        os.environ["INSTANCE_DIR"] = str(folder.expanduser().absolute())


_INSTANCE = click.Option(
    ["--instance"],
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where data lies (INSTANCE_DIR).",
    is_eager=True,
    expose_value=False,
    callback=_choose_instance,
)


_OURS = Groups()
_STAYS_AWAY = {("run",), ("downloads", "worker")}
"""Commands that never join a demo: they would take its downloads, and lose all with it."""


class _Entry(WholeHelp, FlaskGroup):
    """Flask's own group, with this application."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({*click.Group.list_commands(self, ctx), *_OURS.list_commands(ctx), "run"})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return a command, without the application: who asks for help wants no instance made. A command makes it.

        FlaskGroup would also load the commands of all installed packages first, alembic's for one.
        """
        if name == "run":
            return _load_run()
        return click.Group.get_command(self, ctx, name) or _OURS.get_command(ctx, name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command. It may use the instance of a running demo, unless it serves, or moves bytes.

        For a mistyped name click would propose only commands that are loaded, so not ours.
        """
        if not _STAYS_AWAY.intersection(map(tuple, (args[:1], args[:2]))):
            demo_instance.join(says_so=not ctx.resilient_parsing)  # else a shell asks, in the line that is typed
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as exc:
            raise click.exceptions.NoSuchCommand(args[0], possibilities=self.list_commands(ctx), ctx=ctx) from exc


def _load_run() -> click.Command:
    from downloads_app.cli.serve import run

    if _INSTANCE not in run.params:
        run.params.append(_INSTANCE)
    return run


def _make_app() -> Flask:
    return make_app(sys.argv)


def _make_group() -> _Entry:
    group = _Entry(
        create_app=_make_app,
        add_default_commands=False,
        add_version_option=False,
        load_dotenv=False,  # the settings read the instance's `.env`; a `.env` in this folder is not meant
        context_settings={"auto_envvar_prefix": None},
        help="Fetch model repositories for many users, and show each of them, live, how far theirs are.",
    )
    group.params = [param for param in group.params if param.name not in ("app", "env_file", "debug")]
    group.params.append(_INSTANCE)
    for command in (shell_command, routes_command):
        group.add_command(command)
    return click.version_option(__version__, prog_name="downloads-app", message="%(prog)s %(version)s")(group)


main = _make_group()
