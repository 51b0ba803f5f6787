"""curl as a client of the stream, as it is deployed: through nginx, over HTTP/1.1 or HTTP/2."""

import subprocess
import threading
import time

from tests.support.front import Front
from tests.support.server import wait_until


class Curl:
    """`curl -N` on the stream: its head, and its blocks with the times they came."""

    def __init__(self, front: Front, raw: str, protocol: str = "--http2") -> None:
        self.head: list[str] = []
        self.blocks: list[tuple[float, str]] = []
        url = f"{front.url}/api/downloads/subscribe"
        command = ["curl", "-sSkNi", protocol, "-H", f"Authorization: Bearer {raw}", url]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True
        )
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        lines: list[str] = []
        for line in self._process.stdout:
            if line.strip():
                lines.append(line.strip())
            elif not self.head:
                self.head, lines = lines, []
            else:
                self.blocks.append((time.monotonic(), "\n".join(lines)))
                lines = []

    @property
    def updates(self) -> list[float]:
        """When updates came."""
        return [arrived for arrived, block in self.blocks if "event: update" in block]

    @property
    def text(self) -> str:
        """The whole body."""
        return "\n\n".join(block for _, block in self.blocks)

    def wait_updates(self, number: int) -> None:
        wait_until(lambda: len(self.updates) >= number, what=f"{number} updates; got {self.head} {self.blocks[-1:]}")

    def wait_end(self) -> None:
        self._process.wait(60)
        self._thread.join(10)

    def leave(self) -> None:
        """Go, whatever the state; may be called twice."""
        self._process.kill()
        self.wait_end()
        if self._process.stdout:
            self._process.stdout.close()
