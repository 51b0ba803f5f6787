"""Help with examples, completion in three shells, no colours where none are wanted."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from flask import Flask

from downloads_app.cli.loading import _COMMANDS, _MODULES
from downloads_app.models import User
from tests.cli.conftest import Run
from tests.support.downloading import add_downloads, add_provider
from tests.support.server import PROJECT

PROGRAM = "import sys; sys.argv[0] = 'downloads-app'; from downloads_app.cli.entry import main; main()"
FOREIGN = {"db", "routes", "run", "shell"}
"""Of libraries, or described at length elsewhere."""

CLONE_ONLY = (
    "that `flask --app wsgi` has",
    "python -m flask --app wsgi db",
    "| `flask --app wsgi downloads list` |",
)
"""Where a clone's own way to call a command is meant."""


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
        name
        for name, command in all_commands(app)
        if f"downloads-app {name} " not in f"{command.help}\n".replace("\n", " ")
    ]
    assert lacking == []


def test_no_text_names_a_program_that_an_installed_service_does_not_answer_to() -> None:
    named = re.compile(rf"\bflask (--app|{'|'.join([*_MODULES, *_COMMANDS])})\b")
    code, docs = (PROJECT / "downloads_app").rglob("*.*"), (PROJECT / "docs").glob("*.md")
    texts = {file: file.read_text() for file in (*code, *docs) if file.suffix in (".py", ".json", ".js", ".md")}
    for text in CLONE_ONLY:  # its own work, and a row of measurements
        assert any(text in read for read in texts.values()), text
        texts = {file: read.replace(text, "") for file, read in texts.items()}
    assert [str(file) for file, text in texts.items() if named.search(text)] == []


def complete(shell: str, words: str, incomplete: str) -> str:
    """Ask as the shell's script does for what may come after `words`."""
    env = {**os.environ, "_DOWNLOADS_APP_COMPLETE": f"{shell}_complete"}
    if shell == "fish":
        env |= {"COMP_WORDS": words, "COMP_CWORD": incomplete}
    else:
        env |= {"COMP_WORDS": f"{words} {incomplete}", "COMP_CWORD": str(len(words.split()))}
    return downloads_app(env)


def downloads_app(env: dict[str, str]) -> str:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=PROJECT, env=env, capture_output=True, text=True)
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_and_options(shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTANCE_DIR", str(tmp_path))
    assert "pause" in complete(shell, "downloads-app downloads", "pa")
    assert "--status" in complete(shell, "downloads-app downloads list", "--s")
    script = downloads_app({**os.environ, "_DOWNLOADS_APP_COMPLETE": f"{shell}_source"})
    assert f"_DOWNLOADS_APP_COMPLETE={shell}_complete" in script


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_downloads_users_and_providers_are_offered_by_name(
    alice: User, bob: User, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = add_downloads(alice, add_provider(), "org/model", "org/other")
    monkeypatch.setenv("INSTANCE_DIR", str(tmp_path / "instance"))
    monkeypatch.setenv("DATABASE_URL", database_url)
    ids, people = [row.id for row in rows], ["alice", "bob"]
    for words, typed, known in (
        ("downloads show", ids[0][:3], [download_id[:8] for download_id in ids]),
        ("downloads watch", ids[0][:9], ids),
        ("users token", "", people),
        ("keys list --user", "b", people),
        ("users create", "", []),
        ("providers pause", "", ["hub"]),
    ):
        offered = complete("zsh", f"downloads-app {words}", typed).splitlines()[1::3]
        assert sorted(offered) == sorted(one for one in known if one.startswith(typed)), words
    monkeypatch.setenv("DATABASE_URL", "postgresql://someone:secret@127.0.0.1:9/nowhere")
    assert complete("zsh", "downloads-app users token", "").strip() == ""


ASKED = {
    "bash": """
        eval "$(_DOWNLOADS_APP_COMPLETE=bash_source downloads-app)"
        COMP_WORDS=(downloads-app downloads pa) COMP_CWORD=2
        _downloads_app_completion downloads-app
        echo "${COMPREPLY[@]}"
    """,
    "zsh": """
        autoload -Uz compinit && compinit -u -D
        compadd() { print -rl -- ${(P)@[-1]} }
        _describe() { print -rl -- ${${(P)3}%%:*} }
        eval "$(_DOWNLOADS_APP_COMPLETE=zsh_source downloads-app)"
        words=(downloads-app downloads pa) CURRENT=3
        _downloads_app_completion
    """,
    "fish": """
        _DOWNLOADS_APP_COMPLETE=fish_source downloads-app | source
        complete --do-complete "downloads-app downloads pa"
    """,
}
"""How each shell is set up as docs/operating.md says, and asked what comes after `downloads-app downloads pa`."""


@pytest.mark.parametrize("shell", ASKED)
def test_the_shell_itself_completes_what_the_page_sets_up(shell: str, tmp_path: Path) -> None:
    program = tmp_path / "downloads-app"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{PROJECT}" exec "{sys.executable}" -c "{PROGRAM}" "$@"\n')
    program.chmod(0o755)
    folder = str(tmp_path)
    env = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "INSTANCE_DIR": folder, "HOME": folder}
    options = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    done = subprocess.run([shell, *options, "-c", ASKED[shell]], env=env, capture_output=True, text=True, timeout=120)
    assert "pause" in done.stdout.split(), done.stdout + done.stderr
    assert "cancel" not in done.stdout
    page = (PROJECT / "docs" / "operating.md").read_text()
    assert f"_DOWNLOADS_APP_COMPLETE={shell}_source" in page or f"`{shell}_source`" in page


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
