"""A web server of canned or computed answers on an ephemeral loopback port, which remembers what it was asked."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from tests.support.loopback import LoopbackServer


@dataclass(frozen=True)
class Page:
    """One answer; `body` may be an iterator, which may be endless."""

    body: bytes | Iterator[bytes] = b""
    content_type: str = "text/html"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = Page | Callable[[str], Page]


@dataclass
class Pages:
    """The server's address, and the requests so far as (path, headers with names in lower case)."""

    url: str
    requests: list[tuple[str, dict[str, str]]]
    client_ports: set[int]
    bodies: list[bytes]
    """What was posted."""

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]


class _Handler(BaseHTTPRequestHandler):
    answers: Mapping[str, Answer] | Callable[[str], Page]
    pages: Pages
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.pages.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.do_GET()

    def do_GET(self) -> None:
        self.pages.client_ports.add(self.client_address[1])
        headers = {name.lower(): ", ".join(self.headers.get_all(name, [])) for name in self.headers}
        self.pages.requests.append((self.path, headers))
        answers = type(self).answers
        answer = answers.get(self.path, Page(status=404)) if isinstance(answers, Mapping) else answers(self.path)
        self.send_page(answer(self.path) if callable(answer) else answer)

    def send_page(self, page: Page) -> None:
        self.send_response(page.status)
        self.send_header("Content-Type", page.content_type)
        for name, value in page.headers.items():
            self.send_header(name, value)
        if isinstance(page.body, bytes):
            self.send_header("Content-Length", str(len(page.body)))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "HEAD":
            return
        try:
            for part in [page.body] if isinstance(page.body, bytes) else page.body:
                self.wfile.write(part)
        except OSError:
            self.close_connection = True  # the client has had enough

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serve_pages(answers: Mapping[str, Answer] | Callable[[str], Page]) -> Iterator[Pages]:
    """Serve `answers` by raw path (404 for others), or whatever the function of the path returns."""
    pages = Pages("", [], set(), [])
    handler = type(
        "Handler", (_Handler,), {"answers": staticmethod(answers) if callable(answers) else answers, "pages": pages}
    )
    with LoopbackServer(handler) as server:
        pages.url = f"http://{server.address}"
        yield pages
