"""Repositories of many small files at a hub: its paged tree and the files come from nginx, as fast as they can."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import nginx

TREE = "a hub's paged tree"
COUNTS = (5_000, 100_000)
FILE_BYTES = 100
TIME_LIMIT_SECONDS = 150.0
NAME = "bench/tree"
_COMMIT = "0123456789abcdef0123456789abcdef01234567"
_PAGE_ROWS = 1_000
# The cursor of a page is as long as the page's number, so that nginx can write the next one by adding a letter.
_EXTRA = """
keepalive_requests 1000000;
set $onward '<http://$http_host$uri?recursive=true&cursor=${{arg_cursor}}x>; rel="next"';
if ($arg_cursor = "{last}") {{ set $onward ""; }}
location = /api/models/{name} {{ default_type application/json; alias "{root}/described.json"; }}
location = /api/models/{name}/revision/main {{ default_type application/json; alias "{root}/described.json"; }}
location = /api/models/{name}/revision/{commit} {{ default_type application/json; alias "{root}/described.json"; }}
location = /api/models/{name}/tree/{commit} {{
    default_type application/json;
    add_header Link $onward;
    try_files /pages/p$arg_cursor.json =404;
}}
location /{name}/resolve/{commit}/ {{ add_header X-Repo-Commit {commit}; alias "{root}/files/"; }}
"""


@contextmanager
def serve_tree(count: int, root: Path) -> Iterator[tuple[str, list[tuple[str, int, str]]]]:
    """Serve a repository of `count` files; yield the hub's address, and the files with size and SHA-256."""
    paths = [f"data/{number // 1000:03}/{number:06}.txt" for number in range(count)]
    files, rows = [], []
    for path in paths:
        content = path.encode().ljust(FILE_BYTES, b".")
        target = root / "files" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        oid = hashlib.sha1(b"blob %d\0" % FILE_BYTES + content).hexdigest()
        rows.append({"type": "file", "path": path, "size": FILE_BYTES, "oid": oid})
        files.append((path, FILE_BYTES, hashlib.sha256(content).hexdigest()))
    (root / "pages").mkdir()
    pages = [rows[at : at + _PAGE_ROWS] for at in range(0, count, _PAGE_ROWS)]
    for number, page in enumerate(pages):
        (root / "pages" / f"p{'x' * number}.json").write_text(json.dumps(page))
    described = {"_id": "1", "id": NAME, "sha": _COMMIT, "private": False, "gated": False, "siblings": [], "tags": []}
    (root / "described.json").write_text(json.dumps({**described, "downloads": 0, "likes": 0}))
    extra = _EXTRA.format(name=NAME, commit=_COMMIT, root=root, last="x" * (len(pages) - 1))
    with nginx.serve(root, extra=extra) as url:
        yield url, files
