"""What deploy/ has for nginx, with ports, certificate and socket of a test put in, before the application."""

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.support import nginx
from tests.support.certificates import write_certificate
from tests.support.server import PROJECT, free_port, wait_until

DEPLOY = PROJECT / "deploy"
_UPSTREAM = re.compile(r"^upstream downloads_app \{\n.*?^\}\n", re.MULTILINE | re.DOTALL)
_MAIN = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log notice;
worker_processes 1;
include {folder}/main.conf;
events {{ worker_connections 30000; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/downloads.conf;
}}
"""


def _changed(name: str, changes: Mapping[str, str]) -> str:
    """Return the text of a file that is shipped, with these replacements."""
    text = (DEPLOY / name).read_text()
    for shipped, ours in changes.items():
        assert shipped in text, f"{name} no longer has {shipped!r}"
        text = text.replace(shipped, ours)
    return text


def _one_of_several(first: str, second: str) -> dict[str, str]:
    """Put what docs/several-machines.md says, with these hosts, in the place of the shipped upstream."""
    (shipped,) = _UPSTREAM.findall((DEPLOY / "nginx.conf").read_text())
    (several,) = _UPSTREAM.findall((PROJECT / "docs/several-machines.md").read_text())
    for documented, ours in (("10.0.0.11:8000", first), ("10.0.0.12:8000", second)):
        assert documented in several
        several = several.replace(documented, ours)
    return {shipped: several}


class Front:
    """nginx with the shipped configuration; use it as a context manager.

    `port` speaks HTTPS (1.1 and 2), `plain_port` only redirects; the application is expected at `socket_path`.
    `changes` are further replacements in the shipped text: times and limits that would take a test too long. Where root
    runs the tests, nginx serves as `user`. `certificate_days` and `certificate_host` say how long its certificate is
    good, and for which address.
    """

    def __init__(
        self,
        shutdown_seconds: int = 10,
        changes: Mapping[str, str] | None = None,
        socket_path: Path | None = None,
        user: str = "root",
        *,
        has_second_host: bool = False,
        hosts: tuple[str, str] | None = None,
        is_plain: bool = False,
        certificate_days: int = 30,
        certificate_host: str = "127.0.0.1",
    ) -> None:
        """A second host is expected at `second_socket_path`; or both are at the addresses of `hosts`.

        If `is_plain`, `port` speaks HTTP, for a crowd.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="front-")
        self.folder = Path(self._folder.name)
        self.folder.chmod(0o755)  # nginx's worker is another user
        self.socket_path = socket_path or self.folder / "gunicorn.sock"
        self.port, self.plain_port = free_port(), free_port()
        self.url, self.plain_url = f"https://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.plain_port}"
        self.certificate = self.folder / "certificate.pem"
        self._shutdown_seconds = shutdown_seconds
        self._certificate_of = certificate_host, certificate_days
        self._changes = changes or {}
        self._user = user
        self.second_socket_path = self.folder / "second.sock"
        both = f"unix:{self.socket_path}", f"unix:{self.second_socket_path}"
        self._hosts, self._is_plain = hosts or (both if has_second_host else None), is_plain

    def __enter__(self) -> "Front":
        write_certificate(self.folder, *self._certificate_of)
        (self.folder / "downloads.conf").write_text(self._shipped())
        shutdown = {"worker_shutdown_timeout 10s;": f"worker_shutdown_timeout {self._shutdown_seconds}s;"}
        (self.folder / "main.conf").write_text(_changed("nginx-main.conf", shutdown))
        user = f"user {self._user};" if os.geteuid() == 0 else ""
        main = _MAIN.format(folder=self.folder, user=user)
        (self.folder / "nginx.conf").write_text(main)
        command = ["nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]
        self._process = subprocess.Popen([*command, "-e", str(self.folder / "error.log")], stdin=subprocess.DEVNULL)
        wait_until(self._is_up, what="nginx")
        return self

    def _is_up(self) -> bool:
        assert self._process.poll() is None, self.log()
        return (self.folder / "nginx.pid").exists()

    def _shipped(self) -> str:
        changes = {
            "listen 80 default_server;": f"listen 127.0.0.1:{self.plain_port} default_server;",
            "listen [::]:80 default_server;": "",
            "listen 443 ssl http2 default_server;": f"listen 127.0.0.1:{self.port} ssl http2 default_server;",
            "listen [::]:443 ssl http2 default_server;": "",
            # Tests speak to an address, and so send no name before they have a certificate.
            "ssl_reject_handshake on;": f"ssl_certificate {self.certificate};\n"
            f"ssl_certificate_key {self.folder / 'key.pem'};",
            "server_name downloads.example.org;": "server_name downloads.example.org 127.0.0.1 localhost;",
            "listen 80;": f"listen 127.0.0.1:{self.plain_port};",
            "listen [::]:80;": "",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{self.port} ssl http2;",
            "listen [::]:443 ssl http2;": "",
            "/etc/letsencrypt/live/downloads.example.org/fullchain.pem": str(self.certificate),
            "/etc/letsencrypt/live/downloads.example.org/privkey.pem": str(self.folder / "key.pem"),
            "/var/log/nginx/downloads/access.log": str(self.folder / "access.log"),
            "root /var/www/html;": f"root {self.folder}/www;",
            **self._upstream(),
            **(self._without_tls() if self._is_plain else {}),
            **self._changes,
        }
        return _changed("nginx.conf", changes)

    def _upstream(self) -> dict[str, str]:
        if self._hosts is None:
            return {"/run/downloads-app/gunicorn.sock": str(self.socket_path)}
        return _one_of_several(*self._hosts)

    def _without_tls(self) -> dict[str, str]:
        return {
            "listen 443 ssl http2 default_server;": f"listen 127.0.0.1:{self.port} default_server;",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{self.port};",
            "ssl_reject_handshake on;": "",
        }

    def __exit__(self, *_: object) -> None:
        nginx.stop(self._process)
        self._folder.cleanup()

    def access_log(self) -> str:
        """Return nginx's log of the requests."""
        return (self.folder / "access.log").read_text()

    def log(self) -> str:
        """Return nginx's error log."""
        return (self.folder / "error.log").read_text()

    @property
    def pid_file(self) -> Path:
        """Where nginx says its process id."""
        return self.folder / "nginx.pid"

    def reload(self) -> None:
        """Read the configuration again; return when the new worker works, and the old one takes nothing more."""
        told = ("start worker process ", "gracefully shutting down")
        before = [self.log().count(words) for words in told]
        self._process.send_signal(signal.SIGHUP)

        def is_relieved() -> bool:
            return all(self.log().count(words) > count for words, count in zip(told, before, strict=True))

        wait_until(is_relieved, what="nginx's new worker")
