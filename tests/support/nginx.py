"""A real nginx serving one folder on an ephemeral loopback port, under a prefix of its own."""

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_DEADLINE_SECONDS = 30.0

_CONFIGURATION = """
{user}
worker_processes 1;
daemon off;
pid {prefix}/nginx.pid;
error_log {prefix}/error.log warn;
events {{ worker_connections 512; }}
http {{
    types {{ text/html html; application/json json; }}
    default_type application/octet-stream;
    charset utf-8;
    access_log {access_log};
    client_body_temp_path {prefix}/body;
    proxy_temp_path {prefix}/proxy;
    fastcgi_temp_path {prefix}/fastcgi;
    uwsgi_temp_path {prefix}/uwsgi;
    scgi_temp_path {prefix}/scgi;
    sendfile on;
    server {{
        listen 127.0.0.1:{port};
        root "{root}";
        autoindex on;
        autoindex_format {index};
        autoindex_exact_size off;
        {limit}
        {extra}
    }}
}}
"""


@contextmanager
def serve(
    root: Path,
    *,
    index: str = "json",
    limit_rate_bytes: int | None = None,
    extra: str = "",
    port: int | None = None,
) -> Iterator[str]:
    """Serve `root` and yield its base URL (no slash at its end).

    `index` is nginx's `autoindex_format` (`json` or `html`); `limit_rate_bytes` throttles each
    connection to so many bytes a second; `extra` is put into the `server` block as it is.
    """
    port = port or _find_free_port()
    with tempfile.TemporaryDirectory(prefix="nginx-") as prefix:
        configuration = Path(prefix) / "nginx.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                prefix=prefix,
                root=root,
                index=index,
                port=port,
                user="user root;" if os.geteuid() == 0 else "",
                access_log=f"{prefix}/access.log",
                limit=f"limit_rate {limit_rate_bytes};" if limit_rate_bytes else "",
                extra=extra,
            )
        )
        process = subprocess.Popen(
            ["nginx", "-p", prefix, "-c", str(configuration), "-e", f"{prefix}/error.log"],
            stdin=subprocess.DEVNULL,
        )
        try:
            _wait_until_open(process, port, Path(prefix) / "error.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=START_DEADLINE_SECONDS)


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_open(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"nginx ended at once: {log.read_text() if log.exists() else 'no log'}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nginx did not listen on port {port} within {START_DEADLINE_SECONDS} s")
