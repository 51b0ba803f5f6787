"""docs/operating.md, "Rotating keys": its commands, as printed and in their order, beside a server that is used."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.server import PROJECT, Server, flask

PAGE = (PROJECT / "docs/operating.md").read_text().partition("## Rotating keys")[2].partition("\n## ")[0]
BLOCKS = re.findall(r"^```bash\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
PASSWORD = "correct horse battery"
INSTEAD = 'systemctl() { echo "systemctl $*"; }\n'
"""The test restarts what systemd would."""


class Installation:
    """A server, its environment file and its data, on a machine without systemd."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.data, self.env_file, self.database_url = folder / "instance", folder / "downloads-app.env", database_url
        self.env_file.write_text(f"DATABASE_URL={database_url}\nINSTANCE_DIR={self.data}\n")
        self.server: Server | None = None
        self.start()

    def read_settings(self) -> dict[str, Any]:
        lines = (line.partition("=") for line in self.env_file.read_text().splitlines())
        return {name.lower(): value for name, _, value in lines if name not in ("DATABASE_URL", "INSTANCE_DIR")}

    def start(self) -> None:
        self.stop()
        self.server = Server(self.database_url, self.data, **self.read_settings())
        self.server.start()

    def stop(self) -> None:
        if self.server is not None:
            assert self.server.stop() == 0

    def follow(self, block: str) -> str:
        """Run a block of the page; restart the server where the page says so. Return what it printed."""
        env = {
            **os.environ,
            "ENV": str(self.env_file),
            "DATA": str(self.data),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        done = subprocess.run(
            ["bash", "-ec", INSTEAD + block], cwd=PROJECT, env=env, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        if "systemctl restart downloads-web" in done.stdout:
            self.start()
        return done.stdout

    def flask(self, *arguments: str, stdin: str | None = None) -> str:
        assert self.server is not None
        done = flask(self.server.env, *arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def ask(self, raw: str, method: str = "GET", path: str = "/api/auth/me") -> requests.Response:
        assert self.server is not None
        headers = {"Authorization": f"Bearer {raw}"}
        return requests.request(method, self.server.url + path, headers=headers, timeout=30)


@pytest.fixture
def installation(tmp_path: Path, sqlite_url: str) -> Iterator[Installation]:
    """What the page is followed on."""
    made = Installation(tmp_path, sqlite_url)
    yield made
    made.stop()


def test_the_page_is_followed_and_nobody_is_signed_out(installation: Installation) -> None:
    change_jwt, give_up_jwt, change_provider, reencrypt, give_up_provider = BLOCKS
    installation.flask("users", "create", "alice", "--password-stdin", stdin=PASSWORD)
    where = ("--kind", "http", "--url", "http://127.0.0.1:9/")
    installation.flask("providers", "add", "hub", *where, "--token-stdin", stdin="sesame")
    assert installation.server is not None
    body = {"username": "alice", "password": PASSWORD}
    given = requests.post(f"{installation.server.url}/api/auth/login", json=body, timeout=30).json()
    key = installation.flask("keys", "create", "ci", "--user", "alice")

    installation.follow(change_jwt)
    assert installation.ask(given["access_token"]).status_code == 200
    renewed = installation.ask(given["refresh_token"], "POST", "/api/auth/refresh").json()
    installation.follow(give_up_jwt)
    assert installation.ask(renewed["access_token"]).status_code == 200
    assert installation.ask(given["access_token"]).status_code == 401
    assert installation.ask(key).status_code == 200

    installation.follow(change_jwt)  # once more: from the file of settings, not from a generated key
    assert installation.ask(renewed["access_token"]).status_code == 200

    installation.follow(change_provider)
    assert installation.follow(reencrypt) == "Encrypted 1 secret anew; 0 secrets had the present key already\n"
    installation.follow(give_up_provider)
    assert installation.follow(reencrypt) == "Encrypted 0 secrets anew; 1 secret had the present key already\n"
    assert list(installation.data.glob("*-key")) + list(installation.data.glob("jwt-secret")) == []
