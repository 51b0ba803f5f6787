"""nginx with nchan: one channel whose every message goes to all subscribers, in C, without data of their own."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")  # Debian's libnginx-mod-nchan

_CONFIGURATION = """
load_module {module};
{user}
worker_processes 1;
worker_rlimit_nofile 20000;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log warn;
events {{ worker_connections 19000; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    nchan_shared_memory_size 256M;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location = /healthz {{ return 200 ok; }}
        location = /publish {{
            nchan_publisher;
            nchan_channel_id all;
            nchan_message_buffer_length 1;
        }}
        location = /api/downloads/subscribe {{
            nchan_subscriber eventsource;
            nchan_channel_id all;
            nchan_subscriber_first_message oldest;
        }}
    }}
}}
"""


def write_configuration(folder: Path, port: int) -> Path:
    """Write nginx's configuration into a folder; return its path."""
    path = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    path.write_text(_CONFIGURATION.format(module=MODULE, user=user, folder=folder, port=port))
    return path


@contextmanager
def publishing(port: int, frame: bytes, interval_seconds: float = 2) -> Iterator[None]:
    """Publish the data of a frame every two seconds, on schedule."""
    message = frame.partition(b"data: ")[2].strip()
    is_over = threading.Event()

    def publish() -> None:
        due = time.monotonic()
        with requests.Session() as session:
            while not is_over.wait(max(0.0, due - time.monotonic())):
                headers = {"X-EventSource-Event": "update"}
                session.post(f"http://127.0.0.1:{port}/publish", data=message, headers=headers, timeout=30)
                due += interval_seconds

    thread = threading.Thread(target=publish, name="publisher", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join(timeout=60)
