"""A server that speaks the Hugging Face Hub's API, real enough for `huggingface_hub.snapshot_download`.

It answers on one loopback port and sends LFS objects from another, as the hub does with its CDN, by signed
addresses. `python -m tests.support.hub FOLDER` serves every FOLDER/<owner>/<name>/ until it is interrupted.
"""

import argparse
import hashlib
import hmac
import json
import secrets
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import Self

from tests.support.hub_answers import AnswerHandler, HubRefusal
from tests.support.hub_handlers import CdnHandler, HubHandler
from tests.support.hub_repository import HubFile, HubRepository
from tests.support.loopback import LoopbackServer

SIGNATURE_SECONDS = 3600


class Hub:
    """Both servers and what they hold; a context manager. `tokens` maps a token to what gated ids it may read."""

    def __init__(self, port: int = 0) -> None:
        self.repositories: dict[str, HubRepository] = {}
        self.tokens: dict[str, set[str]] = {}
        self.refusals: deque[HubRefusal] = deque()
        """Answered to the next requests, one each, before anything else is looked at."""
        self.bytes_per_second: float | None = None
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.cdn_requests: list[tuple[str, dict[str, str]]] = []
        self._secret = secrets.token_bytes(32)
        self._server = LoopbackServer(_make_handler(HubHandler, self), port)
        self._cdn = LoopbackServer(_make_handler(CdnHandler, self))
        self.objects: dict[str, HubFile] = {}
        self.url, self.cdn_url = f"http://{self._server.address}", f"http://{self._cdn.address}"

    def __enter__(self) -> Self:
        self._server.start()
        self._cdn.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        self._cdn.stop()

    def add(self, id: str, folder: Path, *, private: bool = False, gated: bool = False) -> HubRepository:
        """Hold the files of `folder` as repository `id` (`datasets/owner/name` for a data set)."""
        repository = HubRepository(id, private=private, gated=gated)
        repository.commit(folder)
        self.repositories[id] = repository
        return repository

    def limit_rate(self, retry_after_seconds: int, times: int = 1) -> None:
        """Refuse the next requests as the hub does when there were too many."""
        headers = {"Retry-After": str(retry_after_seconds), "RateLimit": f'"api";r=0;t={retry_after_seconds}'}
        self.refusals.extend([HubRefusal(429, "", "Too Many Requests", headers)] * times)

    def sign(self, file: HubFile) -> str:
        """Return a CDN address of `file` that is good for an hour."""
        self.objects[file.etag] = file
        expires = int(time.time()) + SIGNATURE_SECONDS
        return f"{self.cdn_url}/{file.etag}?Expires={expires}&Signature={self.compute_signature(file.etag, expires)}"

    def compute_signature(self, name: str, expires: int) -> str:
        """Return what an address has to bear."""
        return hmac.new(self._secret, f"{name}/{expires}".encode(), hashlib.sha256).hexdigest()


def _make_handler(base: type[AnswerHandler], hub: Hub) -> type[AnswerHandler]:
    return type(base.__name__, (base,), {"hub": hub})


def main() -> None:
    """Serve a folder of repositories and print the address as one line of JSON."""
    parser = argparse.ArgumentParser(description="A hub for tests, demonstrations and benchmarks.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--bytes-per-second", type=float, help="of each connection")
    options = parser.parse_args()
    with Hub(options.port) as hub:
        hub.bytes_per_second = options.bytes_per_second
        for folder in sorted(options.folder.glob("*/*/")):
            hub.add(folder.relative_to(options.folder).as_posix(), folder)
        sys.stdout.write(json.dumps({"url": hub.url, "repositories": list(hub.repositories)}) + "\n")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
