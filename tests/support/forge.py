"""A Git server's HTTP API, as GitHub Enterprise, GitLab, or Gitea and Forgejo have it, over files in memory.

LFS requests below a repository go on to a real LFS server, which is told the same `Host`.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Literal
from urllib.parse import parse_qs, quote, unquote, urlsplit

import requests

from tests.support.loopback import LoopbackServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"
Kind = Literal["github", "gitlab", "gitea"]
Answer = tuple[int, Any]


def blob_name(content: bytes) -> str:
    """Return git's name for a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@dataclass
class Forge:
    """One repository at one commit; `files` by path."""

    kind: Kind
    files: dict[str, bytes] = field(default_factory=dict)
    modes: dict[str, str] = field(default_factory=dict)
    repository: str = "org/model"
    """At GitLab it may lie in groups within groups."""
    lfs_url: str = ""
    token: str | None = None
    """What has to be shown, where that is asked for: at the API as it is, for LFS as `lfs_token` (RFC 7617)."""
    lfs_token: str = ""
    page_size: int = 100
    tells_contents: bool = True
    """Whether GitLab's GraphQL gives the content of files."""
    tree_limit: int = 100_000
    """How many entries GitHub gives of a tree at once."""
    url: str = ""
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    """Path and `Authorization` of each."""

    def answer(self, path: str, body: bytes) -> Answer:
        """Return status and body (bytes as they are, else JSON) for a request."""
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        for pattern, reply in _ROUTES[self.kind]:
            match = re.fullmatch(pattern.replace("PROJECT", quote(self.repository, safe="")), parts.path)
            if match:
                answer: Answer = reply(self, [unquote(group) for group in match.groups()], query, body)
                return answer
        return 404, {"message": "404 Not Found"}

    def rows(self, folder: str = "", *, recursive: bool = True) -> list[dict[str, Any]]:
        """Return the entries below `folder`, its subfolders too."""
        below = {path: content for path, content in self.files.items() if path.startswith(folder)}
        trees = {path[: at + len(folder)] for path in below for at in _slashes(path[len(folder) :])}
        rows: list[dict[str, Any]] = [{"path": tree, "type": "tree", "name": tree_name(tree)} for tree in trees]
        for path, content in below.items():
            kind = "commit" if self.modes.get(path) == "160000" else "blob"
            mode = self.modes.get(path, "100644")
            rows.append({"path": path, "mode": mode, "type": kind, "name": blob_name(content), "size": len(content)})
        kept = [row for row in rows if recursive or "/" not in row["path"][len(folder) :]]
        return [row | {"path": row["path"][len(folder) :]} for row in sorted(kept, key=lambda row: row["path"])]

    def find_blob(self, name: str) -> bytes | None:
        """Return the content of that name."""
        return next((content for content in self.files.values() if blob_name(content) == name), None)


def tree_name(folder: str) -> str:
    """Return a name for a folder."""
    return hashlib.sha1(b"tree " + folder.encode()).hexdigest()


def _slashes(path: str) -> list[int]:
    return [at for at, character in enumerate(path) if character == "/"]


def _named(row: dict[str, Any], key: str) -> dict[str, Any]:
    return {key: row["name"], **{name: value for name, value in row.items() if name != "name"}}


def _github_tree(forge: Forge, groups: list[str], query: dict[str, str], body: bytes) -> Answer:
    folders = {COMMIT: ""} | {
        tree_name(row["path"]): f"{row['path']}/" for row in forge.rows() if row["type"] == "tree"
    }
    rows = forge.rows(folders[groups[0]], recursive="recursive" in query)
    cut = [_named(row, "sha") for row in rows[: forge.tree_limit]]
    return 200, {"sha": groups[0], "tree": cut, "truncated": len(cut) < len(rows)}


def _gitea_tree(forge: Forge, groups: list[str], query: dict[str, str], body: bytes) -> Answer:
    rows = [_named(row, "sha") for row in forge.rows()]
    page, size = int(query["page"]), min(int(query["per_page"]), forge.page_size)
    there = rows[(page - 1) * size : page * size]
    told = {"page": page, "total_count": len(rows), "truncated": page * size < len(rows)}
    return 200, {"sha": COMMIT, "tree": there or None} | told


def _gitlab_tree(forge: Forge, groups: list[str], query: dict[str, str], body: bytes) -> Answer:
    assert query["ref"] == COMMIT
    assert query["recursive"] == "true"
    rows = [_named({**row, "size": None}, "id") for row in forge.rows()]
    for row in rows:
        del row["size"]
    at = next((at + 1 for at, row in enumerate(rows) if row["id"] == query.get("page_token")), 0)
    there = rows[at : at + forge.page_size]
    if at + forge.page_size >= len(rows):
        return 200, there
    onward = (
        f"https://inside.example/api/v4/tree?ref={COMMIT}&recursive=true&pagination=keyset&page_token={there[-1]['id']}"
    )
    return 200, ({"Link": f'<{onward}>; rel="next"'}, there)


def _gitlab_blobs(forge: Forge, groups: list[str], query: dict[str, str], body: bytes) -> Answer:
    asked = json.loads(body)
    assert asked["variables"]["project"] == forge.repository
    assert asked["variables"]["ref"] == COMMIT
    blobs = {path: forge.files[path] for path in asked["variables"]["paths"]}
    field = "rawBlob" if "rawBlob" in asked["query"] else "size"
    if field == "rawBlob" and not forge.tells_contents:
        return 200, {"errors": [{"message": "Query has complexity of 300, which exceeds max complexity of 200"}]}
    nodes = [
        {"path": path, field: blob.decode() if field == "rawBlob" else str(len(blob))} for path, blob in blobs.items()
    ]
    return 200, {"data": {"project": {"repository": {"blobs": {"nodes": nodes}}}}}


def _commit(revision: str | None) -> str | None:
    return COMMIT if revision in (None, "HEAD", "main", "v1", "feature/x", COMMIT) else None


def _gitea_commits(forge: Forge, groups: list[str], query: dict[str, str], body: bytes) -> Answer:
    found = _commit(query.get("sha"))
    return (200, [{"sha": found}]) if found else (404, {"message": "not found"})


def _github_commit(forge: Forge, groups: list[str], query: dict[str, str], body: bytes) -> Answer:
    found = _commit(groups[0])
    return (200, found.encode()) if found else (422, {"message": "No commit found"})


def _gitlab_commit(forge: Forge, groups: list[str], query: dict[str, str], body: bytes) -> Answer:
    found = _commit(groups[0])
    return (200, {"id": found}) if found else (404, {"message": "404 Commit Not Found"})


def _blob(forge: Forge, groups: list[str], query: dict[str, str], body: bytes) -> Answer:
    content = forge.find_blob(groups[0])
    return (404, {}) if content is None else (200, content)


def _gitea_raw(forge: Forge, groups: list[str], query: dict[str, str], body: bytes) -> Answer:
    content = forge.files.get(groups[0])
    return (404, {}) if content is None or query["ref"] != COMMIT else (200, content)


def _version(forge: Forge, groups: list[str], query: dict[str, str], body: bytes) -> Answer:
    return 200, {"version": "1.22.0"}


_PROJECT = "/api/v4/projects/PROJECT/repository"
_ROUTES: dict[str, list[tuple[str, Any]]] = {
    "github": [
        ("/api/v3/meta", _version),
        ("/api/v3/repos/org/model/commits/(.+)", _github_commit),
        ("/api/v3/repos/org/model/git/trees/([0-9a-f]+)", _github_tree),
        ("/api/v3/repos/org/model/git/blobs/([0-9a-f]+)", _blob),
    ],
    "gitea": [
        ("/api/v1/version", _version),
        ("/api/v1/repos/org/model/commits", _gitea_commits),
        (f"/api/v1/repos/org/model/git/trees/{COMMIT}", _gitea_tree),
        ("/api/v1/repos/org/model/raw/(.+)", _gitea_raw),
    ],
    "gitlab": [
        ("/api/v4/version", _version),
        (f"{_PROJECT}/commits/([^/]+)", _gitlab_commit),
        (f"{_PROJECT}/tree", _gitlab_tree),
        (f"{_PROJECT}/blobs/([0-9a-f]+)/raw", _blob),
        ("/api/graphql", _gitlab_blobs),
    ],
}


class _Handler(BaseHTTPRequestHandler):
    forge: Forge
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.reply(b"")

    def do_POST(self) -> None:
        self.reply(self.rfile.read(int(self.headers["Content-Length"])))

    def reply(self, body: bytes) -> None:
        shown = self.headers.get("Authorization")
        forge = self.forge
        forge.requests.append((self.path, shown))
        is_lfs = ".git/info/lfs/" in self.path
        expected = f"Basic {forge.lfs_token}" if is_lfs else f"Bearer {forge.token}"
        if forge.token is not None and shown != expected and "jwt=" not in self.path:
            self.send(401, {"message": "401 Unauthorized"})
        elif is_lfs:
            self.relay(body)
        else:
            self.send(*forge.answer(self.path, body))

    def relay(self, body: bytes) -> None:
        names = ("Host", "Accept", "Content-Type", "Range")
        headers = {name: value for name in names if (value := self.headers.get(name))}
        url = self.forge.lfs_url + self.path
        answer = requests.request(self.command, url, headers=headers, data=body or None, timeout=30)
        self.send(answer.status_code, answer.content, answer.headers.get("Content-Type", ""))

    def send(self, status: int, found: Any, kind: str = "application/json") -> None:
        headers, document = found if isinstance(found, tuple) else ({}, found)
        is_raw = isinstance(document, bytes)
        content = document if is_raw else json.dumps(document).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind if not is_raw or ".git/" in self.path else "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serve_forge(forge: Forge) -> Iterator[Forge]:
    """Serve `forge` on a loopback port, which it is told."""
    handler = type("Handler", (_Handler,), {"forge": forge})
    with LoopbackServer(handler) as server:
        forge.url = f"http://{server.address}"
        yield forge
