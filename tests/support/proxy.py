"""A plain nginx before the application, HTTP/1.1 in the clear."""

import os
import subprocess
import tempfile
from pathlib import Path

from tests.support import nginx
from tests.support.server import free_port, wait_until

_CONFIGURATION = """
{user}
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        {extra}
        location / {{
            proxy_pass http://127.0.0.1:{app_port};
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_buffering off;
            proxy_read_timeout 60s;
        }}
    }}
}}
"""


class Proxy:
    """nginx on an ephemeral port; use it as a context manager. `extra` is put into the `server` block."""

    def __init__(self, app_port: int, extra: str = "") -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._app_port, self._extra = app_port, extra

    def __enter__(self) -> "Proxy":
        self._folder = tempfile.TemporaryDirectory(prefix="proxy-")
        folder = Path(self._folder.name)
        user = "user root;" if os.geteuid() == 0 else ""
        ports = {"port": self.port, "app_port": self._app_port}
        (folder / "nginx.conf").write_text(_CONFIGURATION.format(folder=folder, user=user, extra=self._extra, **ports))
        command = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        wait_until((folder / "nginx.pid").exists, what="nginx")
        return self

    def __exit__(self, *_: object) -> None:
        nginx.stop(self._process)
        self._folder.cleanup()
