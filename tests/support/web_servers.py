"""Real web servers that list a folder, each on a loopback port of its own: Apache, lighttpd, Caddy, npm's two."""

import os
import pwd
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.clients import npm
from tests.support.server import free_port

DEADLINE_SECONDS = 30.0
APACHE_STYLES = {
    "plain": "IndexOptions None",
    "fancy": "IndexOptions FancyIndexing",
    "table": "IndexOptions FancyIndexing HTMLTable Charset=UTF-8",
}
"""How Apache may list, by the first segment of the path under which it does."""
_NPM_SERVERS = Path(__file__).parents[1] / "sources" / "http_folder" / "npm_servers"
_APACHE = """
ServerRoot {folder}
PidFile {folder}/pid
Listen 127.0.0.1:{port}
ServerName localhost
ErrorLog {folder}/log
{user}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
LoadModule dir_module /usr/lib/apache2/modules/mod_dir.so
LoadModule autoindex_module /usr/lib/apache2/modules/mod_autoindex.so
LoadModule mime_module /usr/lib/apache2/modules/mod_mime.so
TypesConfig /dev/null
StartServers 1
<Directory />
    Options +Indexes
    Require all granted
</Directory>
"""
_LIGHTTPD = """
server.document-root = "{root}"
server.bind = "127.0.0.1"
server.port = {port}
server.modules = ("mod_dirlisting")
server.errorlog = "{folder}/log"
dir-listing.activate = "enable"
"""


@contextmanager
def serve_apache(root: Path) -> Iterator[str]:
    """Serve `root` under `/plain`, `/fancy` and `/table`."""
    with _prepare() as (folder, port):
        # As root it serves as another user, and refuses to serve as root.
        user = f"User {pwd.getpwnam('nobody').pw_name}\nGroup #{os.getegid() or 65534}" if os.geteuid() == 0 else ""
        styles = "".join(
            f'Alias /{name} "{root}"\n<Location /{name}>\n{options}\n</Location>\n'
            for name, options in APACHE_STYLES.items()
        )
        configuration = folder / "apache.conf"
        configuration.write_text(_APACHE.format(folder=folder, port=port, user=user) + styles)
        with _run(["apache2", "-f", str(configuration), "-D", "FOREGROUND"], port, folder):
            yield f"http://127.0.0.1:{port}"


@contextmanager
def serve_lighttpd(root: Path) -> Iterator[str]:
    """Serve `root`."""
    with _prepare() as (folder, port):
        configuration = folder / "lighttpd.conf"
        configuration.write_text(_LIGHTTPD.format(root=root, folder=folder, port=port))
        with _run(["lighttpd", "-D", "-f", str(configuration)], port, folder):
            yield f"http://127.0.0.1:{port}"


@contextmanager
def serve_caddy(root: Path) -> Iterator[str]:
    """Serve `root`."""
    with _prepare() as (folder, port):
        command = ["caddy", "file-server", "--browse", "--root", str(root), "--listen", f"127.0.0.1:{port}"]
        homes = {name: str(folder) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
        with _run(command, port, folder, homes):
            yield f"http://127.0.0.1:{port}"


@contextmanager
def serve_npm(name: str, root: Path) -> Iterator[str]:
    """Serve `root` with npm's `serve` or `http-server`."""
    programs = npm.install(_NPM_SERVERS) / "node_modules" / ".bin"
    with _prepare() as (folder, port):
        options = {
            "serve": ["--listen", f"tcp://127.0.0.1:{port}", "--no-clipboard"],
            "http-server": ["-a", "127.0.0.1", "-p", str(port), "--silent"],
        }
        command = [str(programs / name), str(root), *options[name]]
        with _run(command, port, folder, {"NO_UPDATE_CHECK": "1", "PATH": npm.environment()["PATH"]}):
            yield f"http://127.0.0.1:{port}"


@contextmanager
def _prepare() -> Iterator[tuple[Path, int]]:
    """Give a server a folder for its own files, and a port."""
    with tempfile.TemporaryDirectory(prefix="server-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder), free_port()


@contextmanager
def _run(command: Sequence[str], port: int, folder: Path, env: Mapping[str, str] | None = None) -> Iterator[None]:
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=os.environ | dict(env or {})
        )
    try:
        _wait_until_answered(process, port, folder)
        yield
    finally:
        process.terminate()
        process.wait(timeout=DEADLINE_SECONDS)


def _wait_until_answered(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{process.args!r} did not start: {(folder / 'output').read_text()}") from None
            time.sleep(0.02)
        else:
            return
