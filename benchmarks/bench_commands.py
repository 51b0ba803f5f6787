"""Measures what a command takes, beside what Python takes to load Flask and SQLAlchemy, without which none runs.

Run `make bench-commands`, or `python -m benchmarks.bench_commands [--rounds N]`. In each round the bare imports and
every command run once, each as a process, on a small SQLite database: whatever else the machine does meets all of
them. A whole run (10 rounds or more) writes its table into docs/benchmarks.md.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.streams.processes import describe_machine
from downloads_app import create_app
from downloads_app.config import current_settings
from downloads_app.services.accounts import users
from downloads_app.services.audit import COMMAND_LINE
from tests.support.downloading import add_downloads, add_provider
from tests.support.server import PROJECT, environment, migrate

PAGE = PROJECT / "docs" / "benchmarks.md"
MARKS = ("<!-- make bench-commands: -->", "<!-- end of make bench-commands -->")
WHOLE_ROUNDS = 10
BARE = "python -c 'import flask, sqlalchemy'"
COMMANDS = (
    "downloads list",
    "downloads show",
    "downloads stuck",
    "downloads top",
    "users usage",
    "users list",
    "providers list",
    "workers list",
    "audit",
)
EXPECTED_SECONDS = 0.5
"""Of wall time, on a machine with nothing else to do."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds that one process took."""

    wall: float
    cpu: float


def main() -> None:
    """Measure and print; a whole run also writes docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=WHOLE_ROUNDS)
    rounds = parser.parse_args().rounds
    os.chdir(PROJECT)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="bench-commands-") as folder:
        env = environment(f"sqlite:///{folder}/bench.sqlite3", Path(folder) / "instance")
        download_id = _fill(env)
        programs = _programs(download_id)
        _measure(programs, env)  # compiles what is not yet, and warms the disk's cache
        taken: dict[str, list[Taken]] = {name: [] for name in programs}
        for _ in range(rounds):
            for name, one in _measure(programs, env).items():
                taken[name].append(one)
    table = _render(taken, rounds, load)
    print(table)
    if rounds >= WHOLE_ROUNDS:
        _put_into_page(table)


def _fill(env: Mapping[str, str]) -> str:
    """Make a database with a user and some downloads; return the id of one."""
    migrate(env["DATABASE_URL"], Path(env["INSTANCE_DIR"]))
    app = create_app(services_alone=True, database_url=env["DATABASE_URL"], instance_dir=env["INSTANCE_DIR"])
    with app.app_context():
        folder = current_settings().downloads_dir
        alice = users.create_user(folder, "alice", "correct horse battery", is_admin=True, by=COMMAND_LINE)
        names = (f"org/model-{number}" for number in range(20))
        return str(add_downloads(alice, add_provider(), *names, total_bytes=10**9)[0].id)


def _programs(download_id: str) -> dict[str, Sequence[str]]:
    """Return what is run, by its name in the table."""
    programs: dict[str, Sequence[str]] = {BARE: ("-c", "import flask, sqlalchemy")}
    for command in COMMANDS:
        extra = (download_id,) if command == "downloads show" else ()
        programs[f"downloads-app {command}"] = ("-m", "downloads_app", *command.split(), *extra)
    programs["flask --app wsgi downloads list"] = ("-m", "flask", "--app", "wsgi", "downloads", "list")
    return programs


def _measure(programs: Mapping[str, Sequence[str]], env: Mapping[str, str]) -> dict[str, Taken]:
    return {name: _run([sys.executable, *arguments], env) for name, arguments in programs.items()}


def _run(command: Sequence[str], env: Mapping[str, str]) -> Taken:
    """Run a command to its end; its processor time is what the kernel has counted for it."""
    began = time.perf_counter()
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    pid = os.posix_spawn(command[0], list(command), dict(env), file_actions=quiet)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise RuntimeError(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return Taken(time.perf_counter() - began, usage.ru_utime + usage.ru_stime)


def _render(taken: Mapping[str, Sequence[Taken]], rounds: int, load: float) -> str:
    bare = statistics.median(one.cpu for one in taken[BARE])
    machine = describe_machine()
    lines = [
        f"{date.today()}, {machine['cpu']}, Python {machine['python']}; medians of {rounds} rounds. "
        f"Others' load on the {machine['cores']} cores before it began: {load:.1f}.",
        f"Expected where nothing else runs: {EXPECTED_SECONDS} s. The ratio is of processor time, in the same rounds.",
        "",
        "| command | seconds | of CPU | times the bare imports |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, runs in taken.items():
        wall, cpu = (statistics.median(getattr(one, kind) for one in runs) for kind in ("wall", "cpu"))
        lines.append(f"| `{name}` | {wall:.2f} | {cpu:.2f} | {cpu / bare:.1f} |")
    return "\n".join(lines)


def _put_into_page(table: str) -> None:
    head, _, rest = PAGE.read_text().partition(MARKS[0])
    _, _, tail = rest.partition(MARKS[1])
    PAGE.write_text(f"{head}{MARKS[0]}\n{table}\n{MARKS[1]}{tail}")


if __name__ == "__main__":
    main()
