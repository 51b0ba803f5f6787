"""npm as the tests use it: installs from lock files, packs the client, builds a page with it."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.server import PROJECT

CLIENT = PROJECT / "clients" / "js"
VITE_APP = PROJECT / "tests" / "clients" / "vite_app"
NEXT_APP = PROJECT / "tests" / "clients" / "next_app"
INSTALL = ("--prefer-offline", "--no-audit", "--no-fund")
LIMIT_SECONDS = 600


def environment() -> dict[str, str]:
    """Return an environment in which the virtual environment's own Node goes first.

    `make test` installs one there where the machine's is too old.
    """
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def run(folder: Path, *command: str, env: dict[str, str] | None = None) -> str:
    """Run a command in `folder` to its end and return what it printed; fails with that unless it succeeds."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**environment(), "CI": "true", "NO_COLOR": "1", **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_SECONDS,
    )
    assert done.returncode == 0, f"{' '.join(command)} exited {done.returncode}:\n{done.stdout}"
    return done.stdout


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep the test processes of a parallel run out of each other's way in a folder."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install_client() -> Path:
    """Install what the client's lock file says, unless that is there already; return its folder."""
    install(CLIENT / "tests" / "react18")
    return install(CLIENT)


def install(folder: Path) -> Path:
    """Install what the lock file in `folder` says, unless that is there already; return the folder."""
    with _alone_in(folder):
        return _install(folder)


def _install(folder: Path) -> Path:
    stamp = folder / "node_modules" / ".installed-lock"
    wanted = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        run(folder, "npm", "ci", *INSTALL)
        stamp.write_text(wanted)
    return folder


def pack_client(folder: Path) -> Path:
    """Return the package that `npm pack` makes, in `folder`."""
    with _alone_in(CLIENT):
        _install(CLIENT)
        run(CLIENT, "npm", "pack", "--pack-destination", str(folder))
    (package,) = folder.glob("*.tgz")
    return package


def unpack_client(package: Path, folder: Path) -> Path:
    """Return the packed client in `folder`, with all that its own tests have installed beside it."""
    with tarfile.open(package) as archive:
        archive.extractall(folder, filter="data")
    unpacked = folder / "package"
    (unpacked / "node_modules").symlink_to(CLIENT / "node_modules")
    return unpacked


def build_vite_app(shared: Path) -> Path:
    """Return a fresh Vite project that has installed the packed client and built its page in `dist`.

    It stands in `shared`, a folder of all processes of a run; the first that asks makes it.
    """
    folder = shared / "vite_app"
    with _alone_in(shared):
        if not folder.exists():
            shutil.copytree(VITE_APP, folder, ignore=shutil.ignore_patterns("node_modules", "dist"))
            run(folder, "npm", "ci", *INSTALL)
            run(folder, "npm", "install", "--no-save", *INSTALL, str(pack_client(shared)))
            run(folder, "npm", "run", "build")
    return folder
