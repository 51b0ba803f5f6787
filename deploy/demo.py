"""`make demo`: the service with two users, an admin, a throttled sample file server, and downloads in flight.

Everything lives in a temporary folder; Ctrl-C ends all of it and leaves nothing behind.
"""

import hashlib
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

from tests.support.file_server import FileServer  # noqa: E402  (the project is not an installed package)

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
    """Return the preferred port, or another free one where somebody has it."""
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


def flask(env: dict[str, str], *arguments: str, stdin: str = "") -> str:
    """Run a `flask` command; its output is the answer."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]
    done = subprocess.run(command, cwd=PROJECT, env=env, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"error: flask {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


def prepare(env: dict[str, str], files_url: str) -> dict[str, tuple[str, str]]:
    """Migrate, create the users and their downloads; return each user's password and token."""
    flask(env, "db", "upgrade")
    users = {}
    for name in ("alice", "bob", "admin"):
        password = secrets.token_urlsafe(9)
        flask(env, "users", "create", name, "--password-stdin", *["--admin"] * (name == "admin"), stdin=password)
        users[name] = (password, flask(env, "users", "token", name, "--expires", "86400"))
    flask(env, "providers", "add", "samples", "--kind", "http", "--url", files_url, "--allow-private-network")
    for name, repositories in WANTED.items():
        for repository in repositories:
            flask(env, "downloads", "add", "samples", repository, "--user", name, "--yes")
    return users


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


def tell(url: str, users: dict[str, tuple[str, str]]) -> None:
    """Print what to try."""
    print(f"\n  Open {url} and sign in:\n")
    for name, (password, _token) in users.items():
        print(f"    {name:6} {password}")
    print("\n  Or watch from a terminal, each user their own downloads, the admin everybody's:\n")
    for name, (_password, token) in users.items():
        print(f'    # {name}\n    curl -N -H "Authorization: Bearer {token}" {url}/api/downloads/subscribe\n')
    print("  Ctrl-C ends the demo and removes all of it.\n", flush=True)


def main() -> None:
    """Start everything, wait for Ctrl-C, stop everything."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="downloads-demo-") as folder, FileServer() as files:
        print("  making sample repositories …", flush=True)
        fill(files)
        files.bytes_per_second = BYTES_PER_SECOND
        port = free_port(8000)
        inherited = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "DOWNLOADS_DIR")}
        env = {
            **inherited,
            "INSTANCE_DIR": folder,
            "EMBEDDED_WORKER": "1",
            "MAX_BYTES_PER_SECOND": str(BYTES_PER_SECOND),
            "GUNICORN_CMD_ARGS": "",
        }
        users = prepare(env, files.url)
        command = [sys.executable, "-m", "gunicorn", "wsgi:app", "-b", f"127.0.0.1:{port}", "--log-level", "warning"]
        server = subprocess.Popen(command, cwd=PROJECT, env=env, start_new_session=True)
        try:
            wait_for(f"http://127.0.0.1:{port}", server)
            tell(f"http://127.0.0.1:{port}", users)
            server.wait()
        except KeyboardInterrupt:
            print("\n  stopping …", flush=True)
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
