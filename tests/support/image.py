"""An image that buildah makes of the Containerfile, and a container of it: its first process in namespaces of its own.

No registry is asked for an image: the base is a Debian that mmdebstrap has made. For root alone.
"""

import json
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.support.roots import ISOLATED, MOUNTS, PATH, enter, enter_network, inner_process, pip_configuration
from tests.support.server import PROJECT, wait_until

BASE, IMAGE = "localhost/base", "localhost/downloads-app"
_RUN = (
    MOUNTS
    + """
ip link set lo up
exec setpriv --no-new-privs chroot --userspec="$USERSPEC" "$root" env --ignore-environment --chdir="$FOLDER" "$@"
"""
)


_PRIVATE = ["unshare", "--mount", "--propagation", "private"]
"""What buildah mounts goes with each command: a mount that stays could not be removed with the test's folder."""
_COPY = """
set -eu
container=$1 source=$2 target=$3
shift 3
root=$("$@" mount "$container")
cp --archive "${source:-$root}/." "${target:-$root}/"
"$@" umount "$container"
"""


class Builder:
    """buildah with a storage of its own, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        kind = subprocess.run(["stat", "-f", "-c", "%T", str(folder)], capture_output=True, text=True, check=True)
        driver = "vfs" if kind.stdout.strip() == "overlayfs" else "overlay"  # one overlay cannot lie on another
        storage = ["--root", f"{folder}/storage", "--runroot", f"{folder}/run", "--storage-driver", driver]
        self._buildah = ["buildah", *storage]

    def run(self, command: str, *arguments: str) -> str:
        """Run a command of buildah; return what it prints."""
        done = subprocess.run([*_PRIVATE, *self._buildah, command, *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout.strip()

    def make_base(self, root: Path) -> None:
        """Make an image of a folder."""
        container = self.run("from", "scratch")
        self._copy(container, str(root), "")
        self.run("config", "--env", f"PATH={PATH}", container)
        self.run("commit", "--rm", container, BASE)

    def _copy(self, container: str, source: str, target: str) -> None:
        """Copy a folder into a container, or its root into a folder; the empty one of both is the container's."""
        command = [*_PRIVATE, "sh", "-c", _COPY, "sh", container, source, target, *self._buildah]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)

    def build(self) -> None:
        """Make the image of the Containerfile. What this machine's pip needs is lent, and stays out of the image."""
        configuration, lent = pip_configuration()
        (self._folder / "pip.conf").write_text(configuration)
        volumes = [
            f"--volume={self._folder}/pip.conf:/etc/pip.conf:ro",
            *(f"--volume={path}:{path}:ro" for path in lent),
        ]
        how = ["--isolation=chroot", "--network=host", "--format=docker", "--layers=false", "--pull-never"]
        file = ["--build-arg", f"BASE={BASE}", "--file", str(PROJECT / "Containerfile"), "--tag", IMAGE]
        self.run("build", *how, *volumes, *file, str(PROJECT))

    def configuration(self) -> dict[str, Any]:
        """Return what the image says of how it is run."""
        found: dict[str, Any] = json.loads(self.run("inspect", "--type=image", IMAGE))["Docker"]["config"]
        return found

    def make_container(self) -> Path:
        """Return the root of a new container."""
        root = self._folder / "container"
        root.mkdir()
        self._copy(self.run("from", "--pull-never", IMAGE), "", str(root))
        return root


class Container:
    """What the image starts, as its user and as process 1; use it as a context manager."""

    def __init__(self, root: Path, configuration: dict[str, Any], log: Path) -> None:
        self._root, self._configuration, self._log = root, configuration, log
        self._env: dict[str, str] = dict(word.split("=", 1) for word in configuration["Env"])

    def __enter__(self) -> "Container":
        said = self._configuration
        env = {"PATH": PATH, "LENT": "", "USERSPEC": f"{said['User']}:{said['User']}", "FOLDER": said["WorkingDir"]}
        words = [*(f"{name}={value}" for name, value in self._env.items()), *said["Entrypoint"], *said["Cmd"]]
        command = [*ISOLATED, "--net", "sh", "-c", _RUN, "sh", str(self._root), *words]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(lambda: inner_process(self.process), what="its first process")
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)

    def log(self) -> str:
        """Return what it has said."""
        return self._log.read_text()

    def status(self) -> str:
        """Return what the kernel says of its first process."""
        return Path(f"/proc/{inner_process(self.process)}/status").read_text()

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in it, as its user, as `docker exec` does."""
        as_user = ["/usr/bin/setpriv", "--reuid=10001", "--regid=10001", "--clear-groups"]
        words = enter(self.process, *as_user, *command)
        return subprocess.run(words, env=self._env, capture_output=True, text=True, timeout=120)

    def enter_network(self, *command: str) -> list[str]:
        """Return a command as one that runs here, but with the container's network."""
        return enter_network(self.process, *command)

    def stop(self, seconds: float) -> int:
        """Send the signal that the image names; return the exit code."""
        first = inner_process(self.process)
        assert first is not None
        with suppress(ProcessLookupError):
            os.kill(first, getattr(signal, self._configuration["StopSignal"]))
        return self.process.wait(seconds)
