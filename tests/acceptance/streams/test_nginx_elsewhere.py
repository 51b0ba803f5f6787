"""nginx on a host of its own (docs/several-machines.md): who sends the files, with and without DOWNLOADS_DIR there."""

from collections.abc import Callable
from pathlib import Path

import requests

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import DownloadFile, User, utc_now
from downloads_app.services.accounts import tokens
from tests.support.downloading import folder_of
from tests.support.front import Front
from tests.support.rows import add_download
from tests.support.server import Server, free_port

CONTENT = b"what came from the provider"
PREFIX = "/_files/"


def add_file(user: User) -> str:
    """Return the path of a finished file in REST."""
    download = add_download(user, status="completed")
    file = folder_of(download) / "weights.bin"
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    row = DownloadFile(download_id=download.id, position=0, path=file.name, url="http://x/", completed_at=utc_now())
    db.session.add(row)
    db.session.commit()
    return f"/api/downloads/{download.id}/files/{file.name}"


def test_files_come_through_an_nginx_elsewhere_if_it_has_them_or_has_not_to_send_them(
    start_server: Callable[..., Server], instance_dir: Path, tmp_path: Path, alice: User
) -> None:
    path = add_file(alice)
    headers = {"Authorization": f"Bearer {tokens.issue_access(current_settings(), alice)}"}
    servers = {
        prefix: start_server(trusted_proxies="127.0.0.1", accel_redirect_prefix=prefix) for prefix in ("", PREFIX)
    }
    mounted, not_mounted = instance_dir / "downloads", tmp_path
    for prefix, folder, status in ((PREFIX, mounted, 200), ("", not_mounted, 200), (PREFIX, not_mounted, 404)):
        hosts = servers[prefix].url.removeprefix("http://"), f"127.0.0.1:{free_port()}"
        changes = {"/var/lib/downloads-app/downloads/": f"{folder}/"}
        with Front(hosts=hosts, is_plain=True, changes=changes) as front:
            answer = requests.get(f"http://127.0.0.1:{front.port}{path}", headers=headers, timeout=30)
        assert (answer.status_code, answer.content == CONTENT) == (status, status == 200), (prefix, folder)
