"""Whether the service says that it is alive and ready."""

from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import text

from downloads_app import create_app
from downloads_app.extensions import db


def test_a_migrated_database_is_ready(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok", "worker_alive": False})


def test_an_old_database_is_not_ready_and_says_what_to_do(client: FlaskClient) -> None:
    db.session.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    db.session.commit()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["code"], answer.json["status"]) == (503, 503, "Service Unavailable")
    assert "downloads-app db upgrade" in answer.json["message"]
    assert client.get("/healthz").status_code == 200


def test_a_database_that_is_away_is_told_without_its_address(tmp_path: Path) -> None:
    away = "postgresql://someone:secret@127.0.0.1:9/nowhere"
    client = create_app(database_url=away, instance_dir=tmp_path / "instance").test_client()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["message"]) == (503, "The database does not answer")
    assert client.get("/healthz").status_code == 200
