"""nginx's log of the site: what its lines tell, and that logrotate, as deploy/ sets it, loses none of them."""

import gzip
import json
import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.front import Front
from tests.support.server import PROJECT, wait_until

ROTATIONS = 4
READERS = 3
SHIPPED = (PROJECT / "deploy/logrotate").read_text()
LOG = "/var/log/nginx/downloads/access.log"


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    """The shipped nginx, as Debian's own user where root runs the tests; there is no application behind it."""
    with Front(user="www-data") as front:
        yield front


@pytest.fixture(scope="module")
def rules(front: Front, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped rules, for the log of this nginx."""
    file = tmp_path_factory.mktemp("rotation") / "rules"
    text = SHIPPED.replace(LOG, str(front.folder / "access.log")).replace("/run/nginx.pid", str(front.pid_file))
    if os.geteuid() != 0:
        text = text.replace("create 0640 www-data adm", "create 0640")
    file.write_text(text)
    file.chmod(0o644)  # logrotate reads no rules that others may change
    return file


def logrotate(rules: Path, *options: str) -> str:
    command = ["logrotate", "--state", str(rules.with_name("state")), *options, str(rules)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr, done.stderr
    return done.stderr


def lines(front: Front) -> list[dict[str, Any]]:
    """Return all lines of the log and of those that were put aside."""
    found = []
    for path in front.folder.glob("access.log*"):
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        found += [json.loads(line) for line in content.splitlines()]
    return found


def told(front: Front) -> list[str]:
    """Return the paths of the readers' requests."""
    return [line["path"] for line in lines(front) if line["path"].startswith("/r")]


def ask(front: Front, path: str) -> requests.Response:
    return requests.get(front.url + path, verify=str(front.certificate), timeout=30)


def test_logrotate_accepts_the_rules(rules: Path) -> None:
    assert "considering log" in logrotate(rules, "--debug")


def test_a_line_has_the_request_s_id_and_not_what_follows_a_question_mark(front: Front) -> None:
    ask(front, '/said"%0a?token=secret')
    wait_until(lambda: [line for line in lines(front) if "said" in line["path"]], what="the line")
    (line,) = [line for line in lines(front) if "said" in line["path"]]
    assert line["path"].lower() == "/said%22%0a"
    assert (line["status"], line["method"], line["address"]) == (502, "GET", "127.0.0.1")
    assert len(line["request_id"]) == 32
    assert "secret" not in json.dumps(line)


def connect(front: Front, protocol: str) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(front.certificate))
    context.set_alpn_protocols([protocol])
    return context.wrap_socket(socket.create_connection(("127.0.0.1", front.port)), server_hostname="127.0.0.1")


def test_a_line_is_json_whatever_bytes_a_path_has(front: Front) -> None:
    with connect(front, "http/1.1") as connection:
        connection.sendall(b"GET /bytes-\xff\xfe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        while connection.recv(4096):
            pass
    wait_until(lambda: [line for line in lines(front) if line["path"] == "/bytes-"], what="the line")


def test_a_line_is_json_if_the_request_breaks_off(front: Front) -> None:
    """A head of HTTP/2 that never ends (RFC 9113: a HEADERS frame without END_HEADERS): nginx has no status for it."""
    head = b"\x82\x87\x84\x41\x09127.0.0.1"  # GET, https, /, and the name (RFC 7541)
    frame = len(head).to_bytes(3, "big") + b"\x01\x01" + (1).to_bytes(4, "big") + head
    with connect(front, "h2") as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5) + frame)
        connection.recv(4096)  # nginx has begun to speak
    wait_until(lambda: [line for line in lines(front) if line["status"] == 0], what="the line")


def rotate(front: Front, rules: Path, sent: list[str]) -> None:
    """Rotate between requests."""
    before = len(sent)
    wait_until(lambda: len(sent) > before + 20, what="requests")
    logrotate(rules, "--force")
    wait_until(lambda: (front.folder / "access.log").stat().st_size > 0, what="a line in the new file")


def test_no_line_is_lost_and_none_is_there_twice(front: Front, rules: Path) -> None:
    sent: list[str] = []
    is_over = threading.Event()

    def read(reader: int) -> None:
        with requests.Session() as session:
            session.verify, session.trust_env = str(front.certificate), False
            number = 0
            while not is_over.is_set():
                sent.append(f"/r{reader}-{number}")
                session.get(front.url + sent[-1], timeout=30)
                number += 1

    readers = [threading.Thread(target=read, args=(reader,)) for reader in range(READERS)]
    for reader in readers:
        reader.start()
    for _ in range(ROTATIONS):
        rotate(front, rules, sent)
    is_over.set()
    for reader in readers:
        reader.join(30)
    wait_until(lambda: len(told(front)) >= len(sent), 10, "the last lines")
    assert sorted(told(front)) == sorted(sent)
    assert len(list(front.folder.glob("access.log.*"))) == ROTATIONS
