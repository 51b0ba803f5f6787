"""nginx as compose.yaml starts it: only for the names that are listed."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support import nginx
from tests.support.server import PROJECT, free_port, wait_until

TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """The shipped file on a free port; there is no application behind it, so that what passes gets 502."""
    port, nobody = free_port(), free_port()
    text = (PROJECT / "deploy/compose-nginx.conf").read_text()
    text = re.sub(r"listen 80\b", f"listen 127.0.0.1:{port}", text)
    text = re.sub(r"server [\d.]+:8000 ", f"server 127.0.0.1:{nobody} ", text)
    paths = "".join(f"{name}_temp_path {tmp_path}/{name};" for name in TEMPORARY)
    user = "user root;" if os.geteuid() == 0 else ""
    main = f"{user} daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log;\n"
    text = text.replace("access_log /dev/stdout ", f"access_log {tmp_path}/access.log ")
    (tmp_path / "nginx.conf").write_text(main + text.replace("http {", f"http {{ {paths}", 1))
    process = subprocess.Popen(["nginx", "-p", str(tmp_path), "-c", f"{tmp_path}/nginx.conf", "-e", "stderr"])
    try:
        wait_until((tmp_path / "pid").exists, 30, "nginx")
        yield f"http://127.0.0.1:{port}/healthz"
    finally:
        nginx.stop(process)


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:8080", "127.0.0.1", "[::1]:8080", "LOCALHOST"])
def test_this_machine_s_own_names_are_served(url: str, host: str) -> None:
    assert requests.get(url, headers={"Host": host}, timeout=30).status_code == 502


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "10.89.77.3"])
def test_another_name_gets_no_answer(url: str, host: str) -> None:
    with pytest.raises(requests.ConnectionError):
        requests.get(url, headers={"Host": host}, timeout=30)


def test_each_request_is_a_line_of_json_with_its_id_and_without_its_query(url: str, tmp_path: Path) -> None:
    assert requests.get(f"{url}/%22x?token=secret", headers={"Host": "localhost"}, timeout=30).status_code == 502
    wait_until(lambda: (tmp_path / "access.log").read_text().endswith("\n"), 30, "the line")
    (line,) = (tmp_path / "access.log").read_text().splitlines()
    told = json.loads(line)
    assert (told["method"], told["path"], told["status"]) == ("GET", "/healthz/%22x", 502)
    assert re.fullmatch("[0-9a-f]{32}", told["request_id"])
    assert "secret" not in line
