"""The nginx of the tests: serves what it is told, as slowly as it is told, and is gone afterwards."""

import socket
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support import nginx


def test_it_serves_a_folder_and_is_gone_afterwards(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    with nginx.serve(tmp_path) as url:
        assert urllib.request.urlopen(f"{url}/file").read() == b"content"
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", urlsplit(url).port)) != 0


def test_it_can_come_back_on_the_same_port(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    with nginx.serve(tmp_path) as url:
        pass
    with nginx.serve(tmp_path, port=urlsplit(url).port or 0) as again:
        assert again == url
        assert urllib.request.urlopen(f"{url}/file").read() == b"content"


def test_it_limits_the_rate_of_each_connection(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(300_000))
    with nginx.serve(tmp_path, limit_rate_bytes=100_000) as url:
        began = time.monotonic()
        urllib.request.urlopen(f"{url}/file").read()
    assert time.monotonic() - began > 1


def test_a_configuration_it_refuses_is_told(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="nonsense"), nginx.serve(tmp_path, extra="nonsense;"):
        pass
