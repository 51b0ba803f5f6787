"""Debians in folders: made by mmdebstrap from this machine's own sources, and commands in them. For root alone.

How this machine reaches its registries (its pip configuration, its files) is lent to the commands, and stays outside.
"""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

APT = Path("/etc/apt")
RELEASE = re.search(r"^VERSION_CODENAME=(\w+)$", Path("/etc/os-release").read_text(), re.MULTILINE)
OURS = {name: value for name, value in os.environ.items() if name.lower() in ("http_proxy", "https_proxy", "no_proxy")}
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

MOUNTS = """
set -eu
root=$1; shift
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for name in null zero full random urandom tty; do
    touch "$root/dev/$name"
    mount --bind "/dev/$name" "$root/dev/$name"
done
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
for path in $LENT; do
    if [ -d "$path" ]; then mkdir -p "$root$path"; else mkdir -p "$root$(dirname "$path")"; touch "$root$path"; fi
    mount --rbind "$path" "$root$path"
done
"""
"""Run in a mount namespace of its own, so that all of it goes with its last process."""
ISOLATED = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]


def make_root(folder: Path, *packages: str) -> Path:
    """Make a minimal Debian of this machine's release; return its folder."""
    assert os.geteuid() == 0, "this test needs root: it makes a Debian in a folder"
    assert RELEASE is not None
    root = folder / "root"
    include = [f"--include={','.join(packages)}"] if packages else []
    command = ["mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", *include, RELEASE[1], str(root)]
    subprocess.run([*command, *_apt_sources(RELEASE[1])], check=True)
    (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")  # until it is booted, nothing starts by itself
    (root / "usr/sbin/policy-rc.d").chmod(0o755)
    (root / "etc/resolv.conf").unlink(missing_ok=True)
    (root / "etc/resolv.conf").write_bytes(Path("/etc/resolv.conf").read_bytes())
    return root


def _apt_sources(release: str) -> list[str]:
    """Return this machine's files of sources that name Debian's own release."""
    files = [APT / "sources.list", *sorted((APT / "sources.list.d").glob("*"))]
    named = re.compile(rf"(?<![\w-]){release}(?![\w]).*?\bmain\b", re.DOTALL)
    return [str(file) for file in files if file.is_file() and named.search(_without_comments(file))]


def _without_comments(file: Path) -> str:
    return "\n".join(line for line in file.read_text().splitlines() if not line.startswith("#"))


def pip_configuration() -> tuple[str, list[str]]:
    """Return a pip.conf that says what this machine's pip is told, and the files and folders that it names."""
    told = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    lines, lent = ["[global]"], set()
    for line in told.stdout.splitlines():
        name, _, quoted = line.partition("=")
        value = str(ast.literal_eval(quoted))
        lines.append(f"{name.rpartition('.')[2]} = {value}")
        lent |= {path for word in value.split() for path in _files_of(word) if Path(path).exists()}
    return "\n".join([*dict.fromkeys(lines), ""]), sorted(lent)


def _files_of(word: str) -> list[str]:
    """Return the path that a word of pip's configuration names; for an index, the one above, where its files are."""
    if word.startswith("file:"):
        return [str(Path(urlsplit(word).path).parent)]
    return [word] if word.startswith("/") else []


def run_in(root: Path, commands: str, *, lends_pip: bool = False) -> str:
    """Run commands of a shell in a root, with this machine's network; return what they print."""
    lent: Sequence[str] = ()
    if lends_pip:
        configuration, lent = pip_configuration()
        (root / "etc/pip.conf").write_text(configuration)
    env = {
        **OURS,
        "PATH": PATH,
        "LENT": " ".join(lent),
        "HOME": "/root",
        "DEBIAN_FRONTEND": "noninteractive",
        "LANG": "C.UTF-8",
    }
    script = MOUNTS + 'exec chroot "$root" bash -ec "$1"'
    command = [*ISOLATED, "sh", "-c", script, "sh", str(root), commands]
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900)
    assert done.returncode == 0, done.stdout
    return done.stdout


def inner_process(process: "subprocess.Popen[bytes]") -> int | None:
    """Return the id of the first process in the namespaces that `unshare` has made, once it is there."""
    try:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    except FileNotFoundError:
        return None
    return int(children[0]) if children else None


def enter(process: "subprocess.Popen[bytes]", *command: str) -> list[str]:
    """Return a command as one that runs where the first process is, in all its namespaces and its root."""
    return ["/usr/bin/nsenter", "--target", str(inner_process(process)), "--all", "--root", "--wd", "--", *command]


def enter_network(process: "subprocess.Popen[bytes]", *command: str) -> list[str]:
    """Return a command as one that runs here, but with the network of the first process."""
    return ["/usr/bin/nsenter", "--target", str(inner_process(process)), "--net", "--", *command]
