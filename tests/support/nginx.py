"""A real nginx serving one folder on an ephemeral loopback port, under a prefix of its own."""

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path

DEADLINE_SECONDS = 30.0

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
    access_log off;
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
    port: int = 0,
) -> Iterator[str]:
    """Serve `root` and yield its base URL (no slash at its end).

    `index` is nginx's `autoindex_format` (`json` or `html`); `limit_rate_bytes` throttles each
    connection to so many bytes a second; `extra` is put into the `server` block as it is.
    """
    with tempfile.TemporaryDirectory(prefix="nginx-") as prefix, ExitStack() as stack:
        # nginx inherits the listening socket, as in an upgrade of its binary: no other process can take the port.
        listener = stack.enter_context(socket.create_server(("127.0.0.1", port)))
        port = listener.getsockname()[1]
        configuration = Path(prefix) / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""
        limit = f"limit_rate {limit_rate_bytes};" if limit_rate_bytes else ""
        configuration.write_text(
            _CONFIGURATION.format(prefix=prefix, root=root, index=index, port=port, user=user, limit=limit, extra=extra)
        )
        process = subprocess.Popen(
            ["nginx", "-p", prefix, "-c", str(configuration), "-e", f"{prefix}/error.log"],
            stdin=subprocess.DEVNULL,
            pass_fds=[listener.fileno()],
            env={**os.environ, "NGINX": f"{listener.fileno()};"},
        )
        try:
            _wait_until_started(process, Path(prefix))
            listener.close()
            yield f"http://127.0.0.1:{port}"
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End an nginx; raises TimeoutExpired if it does not end.

    It writes its pid before it waits for signals. One that comes between the two it notices with the next one only
    (`sigsuspend` in its src/os/unix/ngx_process_cycle.c).
    """
    deadline = time.monotonic() + DEADLINE_SECONDS
    while process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired) if time.monotonic() < deadline else nullcontext():
            process.wait(timeout=1)


def _wait_until_started(process: subprocess.Popen[bytes], prefix: Path) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (prefix / "nginx.pid").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"nginx did not start: {(prefix / 'error.log').read_text()}")
        time.sleep(0.01)
