"""How the test hub and its CDN answer: JSON, errors in the hub's words, and files with ranges."""

import json
import re
import time
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path

_BLOCK_BYTES = 256 * 1024
_RANGE = re.compile(r"bytes=(\d+)-(\d*)$")


class HubRefusal(Exception):
    """An answer that is an error, with the headers by which the hub's clients tell what it means."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, dict(headers or {})


class AnswerHandler(BaseHTTPRequestHandler):
    """Sends whole answers over kept-alive connections; HEAD sends their heads."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        raise NotImplementedError

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        pass

    def send_json(self, document: object, headers: Mapping[str, str] | None = None) -> None:
        body = json.dumps(document, ensure_ascii=False).encode()
        self.send_head(200, {"Content-Type": "application/json; charset=utf-8", **(headers or {})}, len(body))
        self.send_body([body])

    def send_refusal(self, refusal: HubRefusal) -> None:
        body = json.dumps({"error": refusal.message}).encode()
        headers = {"Content-Type": "application/json; charset=utf-8", "X-Error-Message": refusal.message}
        if refusal.code:
            headers["X-Error-Code"] = refusal.code
        self.send_head(refusal.status, headers | refusal.headers, len(body))
        self.send_body([body])

    def send_redirect(self, target: str, headers: Mapping[str, str]) -> None:
        body = f"Found. Redirecting to {target}".encode()
        self.send_head(302, {"Location": target, "Content-Type": "text/plain", **headers}, len(body))
        self.send_body([body])

    def send_file(
        self, location: Path, headers: Mapping[str, str], etag: str, *, bytes_per_second: float | None
    ) -> None:
        """Send a file, or the range of it that was asked for under a validator that still holds."""
        size = location.stat().st_size
        headers = {"Accept-Ranges": "bytes", "ETag": etag, "Content-Type": "application/octet-stream", **headers}
        span = self._read_range(size, etag)
        if span is None:
            self.send_head(200, headers, size)
            self.send_body(read_blocks(location, 0, size), bytes_per_second)
        elif span.start >= size:
            self.send_head(416, {"Content-Range": f"bytes */{size}"}, 0)
        else:
            headers["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{size}"
            self.send_head(206, headers, len(span))
            self.send_body(read_blocks(location, span.start, span.stop), bytes_per_second)

    def send_head(self, status: int, headers: Mapping[str, str], length: int) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def send_body(self, blocks: Iterable[bytes], bytes_per_second: float | None = None) -> None:
        if self.command == "HEAD":
            return
        try:
            for block in blocks:
                self.wfile.write(block)
                if bytes_per_second:
                    time.sleep(len(block) / bytes_per_second)
        except OSError:
            self.close_connection = True  # the client has left

    def _read_range(self, size: int, etag: str) -> range | None:
        match = _RANGE.match(self.headers.get("Range", ""))
        if not match or self.headers.get("If-Range", etag) != etag:
            return None
        last = int(match[2]) if match[2] else size - 1
        return range(int(match[1]), min(last, size - 1) + 1) if int(match[1]) < size else range(size, size)


def read_blocks(location: Path, start: int, stop: int) -> Iterable[bytes]:
    """Yield the bytes of a file from `start` to before `stop`."""
    with location.open("rb") as file:
        file.seek(start)
        while start < stop and (block := file.read(min(_BLOCK_BYTES, stop - start))):
            start += len(block)
            yield block
