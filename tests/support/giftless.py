"""A real LFS server, PyPI's giftless, in a process and a virtual environment of its own (`make .venv/giftless`)."""

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Self

import requests

from tests.support.server import PROJECT, free_port, wait_until

PYTHON = PROJECT / ".venv/giftless/bin/python"


class Giftless:
    """Serves what is put into its folder; anybody may read. A context manager."""

    def __init__(self, folder: Path, *, action_seconds: int = 900) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        options = {"storage_options": {"path": str(folder / "objects")}, "action_lifetime": action_seconds}
        self._configuration = {
            "LEGACY_ENDPOINTS": False,
            "AUTH_PROVIDERS": ["giftless.auth.allow_anon:read_only"],
            "TRANSFER_ADAPTERS": {"basic": {"options": options}},
            "PRE_AUTHORIZED_ACTION_PROVIDER": {"options": {"private_key": "a key of the tests, longer than 32 bytes"}},
        }

    def __enter__(self) -> Self:
        env = {**os.environ, "GIFTLESS_CONFIG_STR": json.dumps(self._configuration)}
        command = [str(PYTHON), "-m", "flask", "--app", "giftless.wsgi_entrypoint", "run", "--port", str(self.port)]
        with (self._folder / "giftless.log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self._folder, env=env, stdout=log, stderr=log)
        wait_until(self._answers, 30, "giftless")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)

    def put(self, repository: str, content: bytes) -> bytes:
        """Hold an object for `repository`; return its pointer."""
        oid = hashlib.sha256(content).hexdigest()
        path = self._folder / "objects" / repository / oid
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return make_pointer(oid, len(content))

    def _answers(self) -> bool:
        assert self._process.poll() is None, (self._folder / "giftless.log").read_text()
        try:
            return requests.get(self.url, timeout=5).status_code < 500
        except requests.ConnectionError:
            return False


def make_pointer(oid: str, size_bytes: int) -> bytes:
    """Return the text that stands for an object in a Git tree."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size_bytes}\n".encode()
