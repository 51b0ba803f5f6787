"""The repository `.`: a server whose files lie at its root."""

import json

from flask import Flask

from downloads_app.models import Provider, Status, User
from tests.support.downloading import folder_of, reload
from tests.support.file_server import FileServer
from tests.support.publishing import queue_download
from tests.worker.running import run


def test_files_at_a_servers_root_arrive(app: Flask, alice: User, provider: Provider, server: FileServer) -> None:
    files = {"model.gguf": b"GGUF" + b"x" * 996, "deep/er/config.json": b"{}"}
    for path, content in files.items():
        server.put(path, content)
    rows = [{"path": path, "size": len(content)} for path, content in files.items()]
    server.put("manifest.json", json.dumps({"files": rows}).encode())
    download = queue_download(alice, provider, ".")
    run(app)
    assert reload(download).status == Status.COMPLETED
    folder = folder_of(reload(download))
    assert folder.relative_to(folder.parents[2]).parts == ("alice", "local", "main")
    assert {path: (folder / path).read_bytes() for path in files} == files
