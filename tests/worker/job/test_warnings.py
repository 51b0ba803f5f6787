"""What a download's owner learns of a file that was accepted although nothing proves its end."""

from flask import Flask

from downloads_app.extensions import db
from downloads_app.models import DownloadEvent, EventKind, Provider, Status, User
from tests.support.downloading import reload
from tests.support.file_server import FileServer, OddAnswer
from tests.support.publishing import publish_manifest, queue_download
from tests.worker.running import run
from tests.worker.transfer.transferring import noise


def test_a_file_whose_end_nothing_proves_is_named_in_the_story(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    server.put("org/model/notes.bin", noise(5000))
    publish_manifest(server, "org/model", [])
    server.files["org/model/manifest.json"] = (
        b'{"downloads_manifest": 1, "files": [{"path": "notes.bin"}, {"path": "sure.bin", "size": 4}]}'
    )
    server.put("org/model/sure.bin", b"sure")
    server.oddity = lambda asking: (
        OddAnswer(200, {}, asking.content, ends_by_closing=True) if asking.path.endswith("notes.bin") else None
    )
    row = queue_download(alice, provider)
    run(app)
    assert reload(row).status == Status.COMPLETED
    story = db.session.query(DownloadEvent).filter_by(download_id=row.id, kind=EventKind.WARNED).all()
    assert [event.reason for event in story] == ["notes.bin: nothing proves that its 5,000 bytes are all"]
