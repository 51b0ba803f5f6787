"""Somebody who has only the wheel: it installs, serves from an empty folder, and brings all commands."""

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
import requests

import downloads_app
from tests.support.server import PROJECT, free_port, wait_until

STRANGERS = {"INSTANCE_DIR", "DATABASE_URL", "DOWNLOADS_DIR", "GUNICORN_CMD_ARGS", "EMBEDDED_WORKER", "PYTHONPATH"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that `pip wheel .` makes."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), "."]
    subprocess.run(command, cwd=PROJECT, check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`downloads-app` of a fresh environment that has installed the wheel; its dependencies are the tests' own."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    install = ["--python", str(folder), "install", "--quiet", "--no-deps", "--no-compile", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin" / "downloads-app"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """The environment of a user who has set nothing, and whose data goes below `tmp_path`."""
    inherited = {name: value for name, value in os.environ.items() if name not in STRANGERS}
    return {**inherited, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data"), "PYTHONUNBUFFERED": "1"}


def test_the_wheel_holds_the_package_and_what_stands_beside_it_and_nothing_else(wheel: Path) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "downloads_app", "migrations"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    expected = {name for name in tracked if (PROJECT / name).exists()} | {"gunicorn.conf.py", "wsgi.py"}
    held = {
        name.removeprefix("downloads_app/bundle/")
        for name in zipfile.ZipFile(wheel).namelist()
        if ".dist-info/" not in name
    }
    assert held == expected


def test_in_an_empty_folder_run_migrates_creates_the_admin_and_serves_with_a_worker(
    command: Path, env: dict[str, str], tmp_path: Path
) -> None:
    port, empty, output = free_port(), tmp_path / "empty", tmp_path / "output"
    empty.mkdir()
    with output.open("wb") as out:
        server = subprocess.Popen(
            [command, "run", "-b", f"127.0.0.1:{port}"], cwd=empty, env=env, stdout=out, stderr=out
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: f"\nOpen {url}\n" in output.read_text(), what="gunicorn")
        assert requests.get(f"{url}/readyz", timeout=30).json()["status"] == "ok"
        told = r"^Created an admin\. Sign in with:\nName: admin\nPassword: (\S+)$"
        (password,) = re.findall(told, output.read_text(), re.MULTILINE)
        signed_in = requests.post(f"{url}/api/auth/login", json={"username": "admin", "password": password}, timeout=30)
        assert signed_in.status_code == 200
        page = requests.get(url, timeout=30)
        assert page.status_code == 200
        for asset in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
            assert requests.get(url + asset, timeout=30).status_code == 200, asset
        wait_until(lambda: "downloads at a time" in output.read_text(), what="the worker")
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0
    assert list(empty.iterdir()) == []
    kept = {path.name for path in (tmp_path / "data" / "downloads-app").iterdir()}
    assert {"downloads.sqlite3", "jwt-secret"} <= kept


def test_instance_chooses_another_folder_whose_env_file_is_read(
    command: Path, env: dict[str, str], tmp_path: Path
) -> None:
    def app(*arguments: str) -> subprocess.CompletedProcess[str]:
        here = ["--instance", "chosen", *arguments]
        return subprocess.run([command, *here], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)

    done = app("users", "list")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: the folder INSTANCE_DIR={str(tmp_path / 'chosen')!r} is not there yet: ")
    assert not (tmp_path / "chosen").exists()
    assert app("db", "upgrade").returncode == 0
    assert app("users", "create", "ada").returncode == 0
    assert (tmp_path / "chosen" / "downloads.sqlite3").exists()
    (tmp_path / "chosen" / ".env").write_text("STREAM_MAX=many\n")
    refused = app("users", "list")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert refused.stderr.startswith("error: STREAM_MAX is 'many'")


def test_the_version_is_told_from_one_place(command: Path, wheel: Path, env: dict[str, str]) -> None:
    done = subprocess.run([command, "--version"], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == f"downloads-app {downloads_app.__version__}\n"
    assert wheel.name == f"downloads_app-{downloads_app.__version__}-py3-none-any.whl"
    assert shutil.which("downloads-app", path=str(command.parent))
