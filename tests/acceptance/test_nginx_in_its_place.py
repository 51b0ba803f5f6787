"""What nginx answers a stream in the application's place: never a status that would stop a browser for good."""

import socketserver
import threading

import pytest

from tests.support.curl import Curl
from tests.support.front import Front

OVERLOADED = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
HANGING = b""


def run_upstream(front: Front, answer: bytes, is_over: threading.Event) -> socketserver.ThreadingUnixStreamServer:
    """Stand at the application's socket, and answer so, or hang."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            if answer == HANGING:
                is_over.wait(60)
            self.request.sendall(answer)

    server = socketserver.ThreadingUnixStreamServer(str(front.socket_path), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    front.socket_path.chmod(0o666)
    return server


@pytest.mark.parametrize("answer", [OVERLOADED, HANGING], ids=["503", "504"])
def test_a_stream_whose_application_is_overloaded_or_hangs_is_told_to_come_back(answer: bytes) -> None:
    changes = {"proxy_read_timeout 20s;   # at least": "proxy_read_timeout 1s;   # at least"}
    is_over = threading.Event()
    with Front(changes=changes) as front:
        server = run_upstream(front, answer, is_over)
        curl = Curl(front, "a token")
        try:
            curl.wait_end()
        finally:
            is_over.set()
            curl.leave()
            server.shutdown()
            server.server_close()
    assert curl.head[0].split()[1] == "200"
    assert "content-type: text/event-stream; charset=utf-8" in [line.lower() for line in curl.head]
    assert "retry: " in curl.text
    assert "event:" not in curl.text
