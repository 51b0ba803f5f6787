"""Ctrl-C before a start is done, at each of its steps: it ends at once, without a traceback.

The processes tell where they are by what they open, load or print, so that no test hangs on speed.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from downloads_app.__main__ import is_run
from downloads_app.cli.serve import _hold_ctrl_c
from tests.support.server import PROJECT, environment, free_port, migrate

STOPS = """
import os, signal, sys, time
from importlib.abc import MetaPathFinder

class Stop(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == os.environ["STOP_AT"] and not os.path.exists(os.environ["STOP_FILE"]):
            if os.environ["STOP_IN"] in " ".join(sys.orig_argv):
                open(os.environ["STOP_FILE"], "x").close()
                os.killpg(os.getpgrp(), signal.SIGINT)
                time.sleep(0.2)  # a handler of Python's runs here

sys.meta_path.insert(0, Stop())
"""
"""A `sitecustomize` that presses Ctrl-C, for the whole process group, as a module begins to load."""
GROUP_ENDS = {0, 1, -signal.SIGINT}


@contextmanager
def starting(command: list[str], tmp_path: Path, **settings: str) -> Iterator["subprocess.Popen[str]"]:
    """Start a command in a process group of its own; whatever happens, none of it stays."""
    env = environment("", tmp_path / "instance", embedded_worker="0")
    env |= {"TMPDIR": str(tmp_path / "tmp"), "GUNICORN_BIND": f"127.0.0.1:{free_port()}", **settings}
    (tmp_path / "tmp").mkdir()
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=PROJECT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def assert_clean(process: "subprocess.Popen[str]", told: str, tmp_path: Path) -> None:
    told += process.communicate(timeout=60)[0]
    for word in ("Traceback", "Exception ignored", "failed with", "SIGKILL"):
        assert word not in told, told
    assert process.returncode in GROUP_ENDS
    assert list((tmp_path / "tmp").iterdir()) == []


RUN = ["-m", "downloads_app", "run"]
GUNICORN = ["-m", "gunicorn", "wsgi:app"]
DEMO = ["deploy/demo.py"]
COMMAND = ["-m", "downloads_app"]


@pytest.mark.parametrize(
    ("command", "where", "module"),
    [
        (RUN, "downloads_app run", "flask"),  # of the command line itself
        (RUN, "downloads_app run", "downloads_app.cli.serve"),
        (RUN, "downloads_app run", "gunicorn.config"),
        (RUN, "downloads_app run", "alembic"),
        (RUN, "gunicorn.launch", "gunicorn"),
        (RUN, "gunicorn.launch", "gunicorn.arbiter"),
        (GUNICORN, "wsgi:app", "pydantic"),  # in the master
        (GUNICORN, "wsgi:app", "gevent"),
        (GUNICORN, "wsgi:app", "sqlalchemy"),  # in a new process
        (GUNICORN, "wsgi:app", "downloads_app.web.api.downloads"),
        (GUNICORN, "wsgi:app", "downloads_app.web.serving"),
        (DEMO, "demo.py", "flask_migrate"),
        (DEMO, "demo.py", "downloads_app.web.api.downloads"),
    ],
)
def test_while_something_is_loaded(command: list[str], where: str, module: str, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(STOPS)
    stops = {"STOP_AT": module, "STOP_IN": where, "STOP_FILE": str(tmp_path / "pressed")}
    with starting(command, tmp_path, PYTHONPATH=str(tmp_path / "site"), **stops) as process:
        assert_clean(process, "", tmp_path)
    assert (tmp_path / "pressed").exists()


@pytest.mark.parametrize("module", ["sqlalchemy", "downloads_app.services.accounts.users"])
@pytest.mark.parametrize("has_instance", [True, False])
def test_while_a_shell_completes(module: str, has_instance: bool, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(STOPS)
    if has_instance:
        migrate("", tmp_path / "instance")
    asked = {"COMP_WORDS": "downloads-app users usage ", "COMP_CWORD": "3", "_DOWNLOADS_APP_COMPLETE": "bash_complete"}
    stops = {"STOP_AT": module, "STOP_IN": "downloads_app", "STOP_FILE": str(tmp_path / "pressed")}
    with starting(COMMAND, tmp_path, PYTHONPATH=str(tmp_path / "site"), **stops, **asked) as process:
        assert_clean(process, "", tmp_path)
    assert (tmp_path / "pressed").exists()


def test_before_click_looks() -> None:
    program = """
import signal
from downloads_app.cli import entry
entry.main = lambda **_: signal.raise_signal(signal.SIGINT)
from downloads_app.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


@pytest.mark.parametrize(
    ("command", "line", "presses"),
    [
        (RUN, "Data: ", 1),
        (RUN, "Password: ", 1),
        (RUN, "Starting gunicorn", 1),
        (RUN, "Booting worker", 3),
        (RUN, "sending a turn's events|cannot send", 3),
        (DEMO, "making sample repositories", 3),
        (DEMO, "What happens:", 3),
    ],
)
def test_once_or_more_after_a_line(command: list[str], line: str, presses: int, tmp_path: Path) -> None:
    with starting(command, tmp_path) as process:
        assert process.stdout is not None
        told = ""
        while re.search(line, told) is None:
            told += (read := process.stdout.readline())
            assert read, told
        for _ in range(presses):
            os.killpg(process.pid, signal.SIGINT)
        assert_clean(process, told, tmp_path)


def test_ctrl_c_waits_until_the_password_is_told() -> None:
    told: list[str] = []

    def tell() -> None:
        with _hold_ctrl_c():
            signal.raise_signal(signal.SIGINT)
            told.append("password")

    with pytest.raises(KeyboardInterrupt):
        tell()
    assert told


@pytest.mark.parametrize(
    ("words", "is_it"),
    [
        (["run"], True),
        (["--instance", "x", "run", "-b", "x"], True),
        (["--instance=x", "run"], True),
        (["users", "create", "run"], False),
        (["--instance", "run", "users", "list"], False),
        ([], False),
    ],
)
def test_only_run_ends_so_all_the_time(words: list[str], is_it: bool) -> None:
    assert is_run(words) is is_it
