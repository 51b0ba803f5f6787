"""A command loads what it needs and no more: a terminal's user waits for all that is loaded."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from downloads_app.cli.loading import needs_services_alone
from tests.support.server import PROJECT

NOT_FOR_A_LIST = {
    "alembic",
    "apispec",
    "cryptography.x509",
    "downloads_app.web",
    "downloads_app.worker",
    "flask_jwt_extended",
    "flask_smorest",
    "gevent",
    "gunicorn",
    "jwt",
    "marshmallow",
    "platformdirs",
    "prometheus_client",
    "psycopg2",
    "pycurl",
    "requests",
    "webargs",
}
"""Each takes some 10 to 100 ms to load."""


def run_and_tell(folder: Path, *command: str) -> set[str]:
    """Run a command on a new database of its own; return the names of the modules that it has loaded.

    Without the measurement of coverage: it loads gevent itself.
    """
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    env = {**plain, "INSTANCE_DIR": str(folder), "DATABASE_URL": ""}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *command],
        cwd=PROJECT,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "Traceback" not in done.stderr, done.stderr[-2000:]
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


@pytest.mark.parametrize(
    ("program", "unavoidable"),
    [
        (("downloads_app",), set()),
        (
            ("flask", "--app", "wsgi"),
            {"alembic"},
        ),  # `flask` itself loads the commands of all packages, Flask-Migrate's too
    ],
    ids=["downloads-app", "flask"],
)
@pytest.mark.parametrize("command", [("downloads", "list", "--json"), ("users", "list")], ids=" ".join)
def test_a_light_command_loads_neither_the_web_nor_what_moves_bytes(
    tmp_path: Path, program: tuple[str, ...], unavoidable: set[str], command: tuple[str, ...]
) -> None:
    loaded = run_and_tell(tmp_path, "-m", *program, *command)
    assert "downloads_app.services.accounts.users" in loaded
    assert loaded & NOT_FOR_A_LIST <= unavoidable


def test_ctrl_c_while_a_command_ends_makes_no_traceback() -> None:
    """Python's KeyboardInterrupt would be printed as ignored, in whatever Python takes down at that moment."""
    send = "import atexit, os, signal; atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))"
    main = "import sys; sys.argv = ['downloads-app', '--version']; from downloads_app.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", f"{send}; {main}"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


def test_a_process_that_ends_looks_for_no_garbage() -> None:
    """What was loaded is out of the collector's sight by the time that Python takes it down (0.2 s of each command)."""
    tell_at_last = "import atexit, gc; atexit.register(lambda: print(len(gc.get_objects()), gc.get_freeze_count()))"
    done = subprocess.run(
        [sys.executable, "-c", f"{tell_at_last}; import downloads_app"], capture_output=True, text=True, timeout=60
    )
    seen, frozen = map(int, done.stdout.split())
    assert seen < 100 < frozen


def test_a_shell_that_completes_waits_for_neither(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_FLASK_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "flask --app wsgi downloads pa")
    monkeypatch.setenv("COMP_CWORD", "4")
    loaded = run_and_tell(tmp_path, str(Path(sys.executable).parent / "flask"), "--app", "wsgi")
    assert "downloads_app.services.downloads.lifecycle" in loaded
    assert loaded & NOT_FOR_A_LIST <= {"alembic"}


@pytest.mark.parametrize(
    ("command", "is_so"),
    [
        ("downloads-app downloads list", True),
        ("/venv/bin/flask --app wsgi users list", True),
        ("/site-packages/flask/__main__.py --app wsgi downloads worker", True),
        ("/clone/downloads_app/__main__.py workers list", True),
        ("downloads-app run", False),
        ("downloads-app db upgrade", False),
        ("downloads-app --help", False),
        ("flask routes", False),
        ("gunicorn wsgi:app --name downloads", False),
        ("/site-packages/gunicorn/__main__.py wsgi:app -n users", False),
        ("/site-packages/pytest/__main__.py -k users", False),
    ],
)
def test_which_processes_need_no_routes(command: str, is_so: bool) -> None:
    assert needs_services_alone(command.split()) is is_so
