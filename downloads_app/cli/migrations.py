"""The group `db` of Flask-Migrate. It reports errors as our commands do, and makes no instance for its help."""

import logging
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import click
from flask_migrate.cli import db as group

from downloads_app.cli.groups import adopt

LINE = "%(levelname)-5.5s [%(name)s] %(message)s"
TALKATIVE = ("alembic", "flask_migrate")
"""Loggers that tell each step."""


@cache
def adapt() -> None:
    """Adapt the group, once: it belongs to the process, which may make several applications."""
    adopt(group)
    prepare, group.callback = group.callback, None
    for command in group.commands.values():
        command.callback = partial(_run, prepare, command.callback)


def _run(prepare: Callable[..., Any], command: Callable[..., Any], **options: Any) -> Any:
    """Run a command of the group, and before it what the library does before it reads the command's options.

    That is to make the application, and to keep the group's own options in it.
    """
    logging.basicConfig(format=LINE)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.INFO)
    context = click.get_current_context()
    assert context.parent is not None
    context.invoke(prepare, **context.parent.params)
    return context.invoke(command, **options)
