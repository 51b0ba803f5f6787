"""Help with examples, completion in three shells, no colours where none are wanted."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from flask import Flask

from downloads_app.models import User
from tests.cli.conftest import Run
from tests.support.downloading import add_downloads, add_provider
from tests.support.server import PROJECT

FOREIGN = {"db", "openapi", "routes", "run", "shell"}
"""Of libraries, or described at length elsewhere."""


def all_commands(app: Flask) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(app.cli)
    for name in set(app.cli.list_commands(context)) - FOREIGN:
        command = app.cli.get_command(context, name)
        if isinstance(command, click.Group):
            yield from ((f"{name} {part}", command.commands[part]) for part in command.list_commands(context))
        elif command is not None:
            yield name, command


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_command_has_an_example_of_itself(app: Flask) -> None:
    lacking = [
        name for name, command in all_commands(app) if f"flask {name} " not in f"{command.help}\n".replace("\n", " ")
    ]
    assert lacking == []


def complete(shell: str, words: str, incomplete: str) -> str:
    """Ask as the shell's script does for what may come after `words`."""
    env = {**os.environ, "_DOWNLOADS_APP_COMPLETE": f"{shell}_complete"}
    if shell == "fish":
        env |= {"COMP_WORDS": words, "COMP_CWORD": incomplete}
    else:
        env |= {"COMP_WORDS": f"{words} {incomplete}", "COMP_CWORD": str(len(words.split()))}
    return downloads_app(env)


def downloads_app(env: dict[str, str]) -> str:
    program = "import sys; sys.argv[0] = 'downloads-app'; from downloads_app.cli.entry import main; main()"
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, env=env, capture_output=True, text=True)
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_and_options(shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTANCE_DIR", str(tmp_path))
    assert "pause" in complete(shell, "downloads-app downloads", "pa")
    assert "--status" in complete(shell, "downloads-app downloads list", "--s")
    script = downloads_app({**os.environ, "_DOWNLOADS_APP_COMPLETE": f"{shell}_source"})
    assert f"_DOWNLOADS_APP_COMPLETE={shell}_complete" in script


def test_a_pipe_gets_no_colours(run: Run, alice: User) -> None:
    add_downloads(alice, add_provider(), "org/model", status="failed")
    for arguments in (["downloads", "list"], ["downloads", "show", "--help"], ["providers", "list"], ["queue", "show"]):
        assert "\x1b" not in run(*arguments)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("variable", "has_colour"), [("NO_COLOR", False), ("UNUSED", True)])
def test_no_color_is_obeyed_on_a_terminal(
    run: Run, alice: User, monkeypatch: pytest.MonkeyPatch, variable: str, has_colour: bool
) -> None:
    add_downloads(alice, add_provider(), "org/model", status="failed")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv(variable, "1")
    monkeypatch.setenv("FORCE_COLOR", "1")  # as rich takes a terminal
    monkeypatch.setenv("TERM", "xterm-256color")
    assert ("\x1b[31m" in run("downloads", "list")) is has_colour
