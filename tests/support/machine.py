"""A Debian that is booted: systemd as its first process, in namespaces of its own, with no network but loopback."""

import os
import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from tests.support.roots import ISOLATED, MOUNTS, PATH, enter, enter_network, inner_process
from tests.support.server import wait_until

_BOOT = (
    'echo $$ > "$GROUP/cgroup.procs"\nexec "$@"',  # first into a control group, which is then the namespace's root
    MOUNTS
    + """
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
exec chroot "$root" env --ignore-environment container=test PATH="$PATH" /lib/systemd/systemd --log-target=journal
""",
)


class Machine:
    """A booted root; use it as a context manager."""

    def __init__(self, root: Path, **env: str) -> None:
        self.root = root
        self._env = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8", "TERM": "dumb", **env}
        self._group = _control_groups() / f"downloads-test-{os.getpid()}"

    def __enter__(self) -> "Machine":
        (self.root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
        self._group.mkdir()
        namespaces = [*ISOLATED, "--uts", "--ipc", "--net", "--cgroup"]
        command = ["sh", "-c", _BOOT[0], "sh", *namespaces, "sh", "-c", _BOOT[1], "sh", str(self.root)]
        env = {"PATH": PATH, "GROUP": str(self._group), "LENT": ""}
        self._process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL)
        try:
            wait_until(self._is_up, 120, "systemd")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            if (first := inner_process(self._process)) is not None:
                os.kill(first, signal.SIGKILL)  # with it end all that it has started
        self._process.wait(60)
        for folder, _names, _files in os.walk(self._group, topdown=False):
            with suppress(OSError):
                Path(folder).rmdir()

    def _is_up(self) -> bool:
        assert self._process.poll() is None, "systemd has ended"
        state = self.run("systemctl is-system-running 2>/dev/null || true", checked=False).stdout.strip()
        return state in ("running", "degraded")

    def enter_network(self, *command: str) -> list[str]:
        """Return a command as one that runs here, but with the machine's network."""
        return enter_network(self._process, *command)

    def run(self, commands: str, *, checked: bool = True, seconds: float = 300) -> "subprocess.CompletedProcess[str]":
        """Type commands into a shell of the machine's root user; what they print is `stdout`."""
        done = subprocess.run(
            enter(self._process, "bash", "-ec", commands),
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
        )
        assert done.returncode == 0 or not checked, f"{commands}\n{done.stdout}"
        return done

    def journal(self, unit: str) -> str:
        """Return what a unit has said, and what systemd said of it."""
        return self.run(f"journalctl --no-pager --output=cat --unit={unit}").stdout


def _control_groups() -> Path:
    """Return where this machine has the second version of control groups."""
    assert os.geteuid() == 0, "this test needs root: it boots a systemd"
    mounts = Path("/proc/self/mounts").read_text()
    found = re.search(r"^\S+ (\S+) cgroup2 ", mounts, re.MULTILINE)
    assert found is not None, "this test needs control groups of version 2"
    return Path(found[1])
