"""`make demo`: the service with two users, an admin, a throttled sample file server, and downloads in flight.

Everything lives in a temporary folder; Ctrl-C ends all of it and leaves nothing behind.
"""

import contextlib
import hashlib
import io
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

# The project is not an installed package, and its settings come from the environment that main() makes.
import flask_migrate  # noqa: E402  (the path comes first)

from downloads_app import create_app  # noqa: E402  (the path comes first)
from downloads_app.cli import demo_instance  # noqa: E402  (the path comes first)
from downloads_app.config import current_settings  # noqa: E402  (the path comes first)
from downloads_app.services.accounts import users  # noqa: E402  (the path comes first)
from downloads_app.services.downloads import lifecycle  # noqa: E402  (the path comes first)
from downloads_app.services.providers import catalog  # noqa: E402  (the path comes first)
from tests.support.file_server import FileServer  # noqa: E402  (the path comes first)

DEFAULT_BIND = "127.0.0.1:8000"
MEBIBYTE = 1 << 20
BYTES_PER_SECOND = 6 * MEBIBYTE
REPOSITORIES = {
    "nimbus/nimbus-7b-instruct-GGUF": [(f"nimbus-7b-instruct-Q{q}.gguf", 24 * q) for q in (2, 3, 4, 5)],
    "atelier/sketch-diffusion": [
        ("unet/diffusion_model.safetensors", 120),
        ("vae/vae.safetensors", 40),
        ("text_encoder/model.safetensors", 60),
        *[(f"samples/sample {number:02}.png", 1) for number in range(1, 13)],
    ],
    "papers/tiny-embeddings": [(f"shards/embeddings-{number:03}.bin", 3) for number in range(1, 31)],
}
WANTED = {
    "alice": ("nimbus/nimbus-7b-instruct-GGUF", "papers/tiny-embeddings"),
    "bob": ("atelier/sketch-diffusion",),
}


def free_port(preferred: int) -> int:
    """Return the preferred port, or another free one if it is taken."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SystemExit("error: no free port on loopback")


def fill(server: FileServer) -> None:
    """Make the sample repositories: a README, a licence, and files that no compression shortens."""
    for name, files in REPOSITORIES.items():
        contents = {"README.md": f"# {name}\n\nA sample.\n".encode(), "LICENSE": b"CC0\n"}
        for path, mebibytes in files:
            start = b"GGUF" if path.endswith(".gguf") else b""
            contents[path] = start + secrets.token_bytes(MEBIBYTE) * mebibytes
        manifest = [
            {"path": path, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
            for path, body in contents.items()
        ]
        server.files |= {f"{name}/{path}": body for path, body in contents.items()}
        server.files[f"{name}/manifest.json"] = json.dumps({"files": manifest}).encode()


def prepare(files_url: str) -> dict[str, str]:
    """Migrate, create the users and their downloads; return each user's password."""
    app = create_app()
    passwords = {}
    with app.app_context():
        with contextlib.redirect_stderr(io.StringIO()):
            flask_migrate.upgrade()
        samples = catalog.add_provider(current_settings(), "samples", "http", files_url, allow_private_network=True)
        for name in ("alice", "bob", "admin"):
            password = secrets.token_urlsafe(9)
            user = users.create_user(current_settings().downloads_dir, name, password, is_admin=name == "admin")
            passwords[name] = password
            for repository in WANTED.get(name, ()):
                lifecycle.create(current_settings(), user, samples, repository)
    return passwords


def wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    """Return once the server answers."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise SystemExit("error: the server did not start; its messages are above")
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("error: the server does not answer")


def tell(bind: str, passwords: dict[str, str]) -> None:
    """Print what to try, in lines that fit into a narrow terminal."""
    url = f"http://{bind}"
    print(f"\n  Open {url} and sign in:\n")
    for name, password in passwords.items():
        print(f"    {name:6} {password}")
    print("\n  Or watch from a second terminal, in this folder:\n")
    print('    export PATH="$PWD/.venv/bin:$PATH"')
    print("    downloads-app downloads watch\n")
    if bind != DEFAULT_BIND:
        print("  The README's commands work here too, after this one, as the usual port was taken:\n")
        print(f"    export DOWNLOADS_URL={url}\n")
    else:
        print("  The README's other commands work here too.\n")
    print("  Ctrl-C ends the demo and removes all of it.\n", flush=True)


def main() -> None:
    """Start everything, wait for Ctrl-C, stop everything."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    bind = os.environ.get("GUNICORN_BIND") or f"127.0.0.1:{free_port(8000)}"
    with tempfile.TemporaryDirectory(prefix="downloads-demo-") as folder, FileServer() as files:
        settings = {
            "INSTANCE_DIR": folder,
            "DATABASE_URL": f"sqlite:///{folder}/downloads.sqlite3",  # whatever .env says
            "DOWNLOADS_DIR": f"{folder}/downloads",
            "EMBEDDED_WORKER": "1",
            "WORKER_CONCURRENCY": "4",  # a download that somebody adds begins at once
            "MAX_BYTES_PER_SECOND": str(BYTES_PER_SECOND),
        }
        os.environ |= {**settings, "GUNICORN_CMD_ARGS": ""}
        with demo_instance.publish(settings):
            serve(bind, files)


def serve(bind: str, files: FileServer) -> None:
    """Serve the demo until it is stopped."""
    print("  making sample repositories …", flush=True)
    fill(files)
    files.bytes_per_second = BYTES_PER_SECOND
    passwords = prepare(files.url)
    command = [sys.executable, "-m", "gunicorn", "wsgi:app", "-b", bind, "--log-level", "warning"]
    server = subprocess.Popen(command, cwd=PROJECT, start_new_session=True)
    try:
        wait_for(f"http://{bind}", server)
        tell(bind, passwords)
        server.wait()
    except KeyboardInterrupt:
        print("\n  stopping …", flush=True)
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
