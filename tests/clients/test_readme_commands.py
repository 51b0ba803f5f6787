"""The README's commands, as they are printed and in that order, in a clone that nobody has used.

Four things differ from a reader's machine: the hub's address is the test hub's, the port is a free one, the demo plays
faster, and what `make` would install is borrowed from the tests' own environment, except the project itself.
"""

import os
import re
import signal
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.clients.demo_story import DEMO_ARGUMENTS, expect_a_play
from tests.clients.processes import DEADLINE_SECONDS
from tests.support.checkout import copy_project
from tests.support.hub import Hub
from tests.support.server import PROJECT, free_port, wait_until

README = (PROJECT / "README.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BASH = [code for language, code in BLOCK.findall(README) if language == "bash"]
(PYTHON,) = [code for language, code in BLOCK.findall(README) if language == "python"]
SERVERS = {"demo": BASH[0], "run": BASH[1]}
REPOSITORY, WANTED, OTHER = "Qwen/Qwen2.5-0.5B-Instruct-GGUF", "qwen2.5-0.5b-instruct-q4_k_m.gguf", "q8_0.gguf"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone whose `.venv` has what `make` would install."""
    folder = copy_project(tmp_path_factory.mktemp("fresh") / "clone")
    venv.create(folder / ".venv", with_pip=False, symlinks=True)
    (site,) = (folder / ".venv").glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    install = ["--python", str(folder / ".venv"), "install", "--quiet", "--no-deps", "--editable", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True)
    (folder / ".venv" / "run").touch()
    return folder


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub that holds the repository of the README's first download."""
    folder = tmp_path_factory.mktemp("hub")
    (folder / "README.md").write_text("# A model\n")
    for name in (WANTED, OTHER):
        (folder / name).write_bytes(b"GGUF" + os.urandom(1 << 20))
    with Hub() as hub:
        hub.add(REPOSITORY, folder)
        yield hub


def a_terminal(clone: Path, port: int) -> dict[str, str]:
    """Return the environment of somebody who has opened a terminal in the clone."""
    chosen = {"INSTANCE_DIR", "DATABASE_URL", "DOWNLOADS_DIR", "GUNICORN_CMD_ARGS", "EMBEDDED_WORKER", "VIRTUAL_ENV"}
    inherited = {name: value for name, value in os.environ.items() if name not in chosen and "PYTEST" not in name}
    url = f"http://127.0.0.1:{port}"
    for_the_test = {"GUNICORN_BIND": f"127.0.0.1:{port}", "DOWNLOADS_URL": url, "STREAM_DRAIN_SECONDS": "1"}
    for_the_test |= {"ARGS": DEMO_ARGUMENTS}  # which `make demo` reads
    return {**inherited, **for_the_test, "PYTHONUNBUFFERED": "1"}


@contextmanager
def typed(commands: str, clone: Path, env: dict[str, str], output: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Type commands into a terminal of their own; end with Ctrl-C what still runs at the end."""
    with output.open("wb") as out:
        shell = subprocess.Popen(
            ["bash", "-ec", commands],
            cwd=clone,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield shell
    finally:
        if shell.poll() is None:
            os.killpg(shell.pid, signal.SIGINT)
        try:
            shell.wait(DEADLINE_SECONDS)
        finally:
            if shell.poll() is None:
                os.killpg(shell.pid, signal.SIGKILL)


def answers(url: str) -> bool:
    """Tell whether the service is ready."""
    try:
        return requests.get(f"{url}/readyz", timeout=5).ok
    except requests.RequestException:
        return False


@pytest.mark.parametrize("server", SERVERS)
def test_the_commands_work_as_printed_beside(server: str, clone: Path, hub: Hub, tmp_path: Path) -> None:
    env, screen, output = a_terminal(clone, free_port()), tmp_path / "server", tmp_path / "output"
    commands = "\n".join(BASH[2:])
    assert commands.count("--url https://huggingface.co\n") == 1
    commands = commands.replace("https://huggingface.co", f"{hub.url} --allow-private-network")

    def said(text: str, terminal: "subprocess.Popen[bytes]") -> bool:
        assert terminal.poll() in (None, 0), f"{output.read_text()}\n{screen.read_text()}"
        return text in output.read_text()

    with typed(SERVERS[server], clone, env, screen) as serving:
        wait_until(lambda: answers(env["DOWNLOADS_URL"]) or serving.poll() is not None, DEADLINE_SECONDS, "the service")
        with typed(commands, clone, env, output) as terminal:
            wait_until(lambda: said("\nevent: ", terminal), DEADLINE_SECONDS, "an event of the stream")
            if server == "run":  # where nothing else is active
                assert terminal.wait(DEADLINE_SECONDS) == 0
                assert "All downloads completed" in output.read_text()
        if server == "demo":
            expect_a_play(screen)
        if server == "run":
            token = subprocess.run(
                [clone / ".venv/bin/downloads-app", "users", "token", "admin"],
                cwd=clone,
                env=env,
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
            with typed(
                f"{clone}/.venv/bin/python - <<'END'\n{PYTHON}END", clone, {**env, "DOWNLOADS_TOKEN": token}, output
            ) as example:
                assert example.wait(DEADLINE_SECONDS) == 0, output.read_text()
            assert output.read_text().startswith("complete {")
            arrived = {path.name for path in (clone / "instance" / "downloads").rglob("*.gguf")}
            assert arrived == {WANTED}
        assert "completed" in output.read_text()
    assert serving.returncode in (0, 2, -signal.SIGINT), screen.read_text()  # make says 2 of what Ctrl-C ended
    assert max(len(line) for line in screen.read_text().splitlines()) <= 160
