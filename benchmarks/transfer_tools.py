"""How each tool is asked to fetch the same files: ours and the ones people use."""

import os
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = "bench/files"
ENDLESSLY = "999"
"""The number of tries, for tools that would give up on a line that is cut again and again."""


@dataclass(frozen=True)
class Order:
    """What is to be fetched, from where, to where; `paths` with size in bytes and SHA-256."""

    url: str
    hub_url: str
    paths: Sequence[tuple[str, int, str]]
    folder: Path
    scratch: Path
    repository: str = REPOSITORY

    def listing(self, name: str, line: Callable[[str], str]) -> str:
        """Write a tool's own list of addresses; return its path."""
        target = self.scratch / name
        target.write_text("".join(line(path) + "\n" for path, _, _ in self.paths))
        return str(target)


@dataclass(frozen=True)
class Command:
    """One run of a tool."""

    words: list[str]
    environment: dict[str, str]


def ours(order: Order) -> Command:
    """Measure a transfer as the worker runs it, SHA-256 compared and files synced."""
    listing = order.scratch / "ours.txt"
    listing.write_text("".join(f"{size} {sha256} {path}\n" for path, size, sha256 in order.paths))
    words = [sys.executable, "-m", "benchmarks.transfer_ours", order.url, str(order.folder), str(listing)]
    return Command(words, dict(os.environ))


def curl(order: Order) -> Command:
    """One process with kept-alive connections; resuming by hand is what its manual advises."""
    if len(order.paths) == 1:
        path = order.paths[0][0]
        fetch = shlex.join(["curl", "-s", "-f", "-C", "-", "-o", f"{order.folder}/{path}", f"{order.url}/{path}"])
        return Command(["sh", "-c", f"until {fetch}; do :; done"], dict(os.environ))
    listing = order.listing("curl.txt", lambda path: f'url="{order.url}/{path}"\noutput="{order.folder}/{path}"')
    retry = ["--retry", ENDLESSLY, "--retry-all-errors", "--retry-delay", "0"]
    return Command(["curl", "-s", "-f", *retry, "--create-dirs", "-K", listing], dict(os.environ))


def curl_side_by_side(order: Order) -> Command:
    """The same with eight transfers at once; for one file there is nothing to do at once."""
    words = curl(order).words
    return Command(
        words if len(order.paths) == 1 else [words[0], "-Z", "--parallel-max", "8", *words[1:]], dict(os.environ)
    )


def aria2(order: Order) -> Command:
    """Sixteen connections, and as many files at once."""
    listing = order.listing("aria2.txt", lambda path: f"{order.url}/{path}\n out={path}")
    words = ["aria2c", "-q", "-x16", "-s16", "-j16", "-k1M", "--file-allocation=none", "-m0", "--retry-wait=0"]
    return Command([*words, "-c", "-d", str(order.folder), "-i", listing], dict(os.environ))


def wget(order: Order) -> Command:
    """One kept-alive connection."""
    listing = order.listing("wget.txt", lambda path: f"{order.url}/{path}")
    words = ["wget", "-q", "-c", f"--tries={ENDLESSLY}", "--waitretry=0", "-x", "-nH", "-P", str(order.folder)]
    return Command([*words, "-i", listing], dict(os.environ))


def ours_from_hub(order: Order) -> Command:
    """The same with the listing before it, of all files of a repository at a hub."""
    words = [
        sys.executable,
        "-m",
        "benchmarks.transfer_ours",
        order.hub_url,
        str(order.folder),
        f"hub:{order.repository}",
    ]
    return Command(words, dict(os.environ))


def hf(order: Order) -> Command:
    """The hub's own client, from the test hub, whose objects come from the same server as the others'."""
    client = Path(sys.executable).with_name("hf")
    environment = {
        **os.environ,
        "HF_ENDPOINT": order.hub_url,
        "HF_HOME": str(order.scratch / "hf"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    folder = order.paths[0][0].partition("/")[0]
    words = [str(client), "download", order.repository, "--include", f"{folder}/*", "--local-dir", str(order.folder)]
    return Command(words, environment)


def sha256sum(order: Order) -> Command:
    """Compare the sums of the fetched files; the other tools leave this to their user."""
    listing = order.scratch / "sums.txt"
    lines = (f"{digest}  {order.folder}/{path}\n" for path, _, digest in order.paths)
    listing.write_text("".join(lines))
    return Command(["sha256sum", "--check", "--quiet", str(listing)], dict(os.environ))


ARIA2, ARIA2_SUMMED = "aria2c -x16", "aria2c -x16, then sha256sum"
TOOLS: dict[str, Callable[[Order], Command]] = {
    "ours (with SHA-256)": ours,
    "curl": curl,
    "curl -Z": curl_side_by_side,
    ARIA2: aria2,
    "wget": wget,
    "hf download": hf,
}
TREE_TOOLS: dict[str, Callable[[Order], Command]] = {"ours (with SHA-1)": ours_from_hub, "hf download": hf}
"""The tools that list a repository before they fetch it."""
