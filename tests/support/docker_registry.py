"""A real registry (Debian's docker-registry) on loopback, and what is pushed to it by plain HTTP."""

import hashlib
import json
import subprocess
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import requests

from tests.support.server import free_port, wait_until

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
USER, PASSWORD = "robot", "secret-word"
HTPASSWD = f"{USER}:$2b$04$abcdefghijklmnopqrstuujV0zJ3tj1V5vPQQ5i8Bd/sbbeTbZTaC\n"
"""bcrypt of the password, at its lowest cost: the registry takes nothing else."""
EMPTY = b"{}"


@dataclass(frozen=True)
class Layer:
    """A blob as a manifest names it."""

    media_type: str
    content: bytes = field(repr=False)
    title: str | None = None
    annotations: dict[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"

    def describe(self) -> dict[str, Any]:
        """Return its descriptor."""
        notes = {"org.opencontainers.image.title": self.title, **self.annotations}
        known = {name: value for name, value in notes.items() if value is not None}
        row = {"mediaType": self.media_type, "digest": self.digest, "size": len(self.content)}
        return row | ({"annotations": known} if known else {})


def make_manifest(layers: list[Layer], config: Layer, media_type: str = MANIFEST) -> bytes:
    """Return a manifest as it is pushed."""
    described = [layer.describe() for layer in layers]
    document = {"schemaVersion": 2, "mediaType": media_type, "config": config.describe(), "layers": described}
    return json.dumps(document).encode()


class DockerRegistry:
    """One process with a folder of its own; a context manager."""

    def __init__(self, folder: Path, *, auth: dict[str, Any] | None = None, redirect_to: str | None = None) -> None:
        """`redirect_to` is where blobs are fetched from, without credentials, as from a CDN."""
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.data = folder / "data"
        self._folder = folder
        self._configuration: dict[str, Any] = {
            "version": "0.1",
            "log": {"level": "error", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(self.data)}},
            "http": {"addr": f"127.0.0.1:{self.port}"},
        }
        if auth is not None:
            self._configuration["auth"] = auth
        if redirect_to is not None:
            rule = {"name": "redirect", "options": {"baseurl": redirect_to}}
            self._configuration["middleware"] = {"storage": [rule]}

    def __enter__(self) -> Self:
        path = self._folder / "registry.yml"
        path.write_text(json.dumps(self._configuration))  # which is YAML too
        with (self._folder / "registry.log").open("ab") as log:
            self._process = subprocess.Popen(["docker-registry", "serve", str(path)], stdout=log, stderr=log)
        wait_until(self._answers, 30, "the registry")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)

    def _answers(self) -> bool:
        assert self._process.poll() is None, (self._folder / "registry.log").read_text()
        try:
            return requests.get(f"{self.url}/v2/", timeout=5).status_code in (200, 401)
        except requests.ConnectionError:
            return False

    def push(self, name: str, tag: str, layers: list[Layer], config: Layer, who: "Who") -> str:
        """Push an artifact; return its digest."""
        for blob in (*layers, config):
            begun = self._send("POST", f"{name}/blobs/uploads/", who(name))
            self._send("PUT", begun.headers["Location"], who(name), blob.content, params={"digest": blob.digest})
        return self.push_manifest(name, tag, make_manifest(layers, config), MANIFEST, who)

    def push_manifest(self, name: str, tag: str, manifest: bytes, media_type: str, who: "Who") -> str:
        """Push a manifest whose blobs are there; return its digest."""
        headers = {**who(name), "Content-Type": media_type}
        return self._send("PUT", f"{name}/manifests/{tag}", headers, manifest).headers["Docker-Content-Digest"]

    def _send(
        self, method: str, path: str, headers: dict[str, str], body: bytes = b"", **options: Any
    ) -> requests.Response:
        url = path if path.startswith("http") else f"{self.url}/v2/{path}"
        answer = requests.request(method, url, headers=headers, data=body, timeout=30, **options)
        assert answer.ok, f"{method} {url}: {answer.status_code} {answer.text}"
        return answer


class Who:
    """Whoever pushes: answers with the headers that open a repository."""

    def __call__(self, name: str) -> dict[str, str]:
        """Nobody in particular."""
        return {}


class Named(Who):
    """Somebody with a name and a password."""

    def __call__(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Basic {b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"}
