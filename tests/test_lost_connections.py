"""A connection to the database that dies when nobody needs it any more."""

from flask import Flask
from sqlalchemy import text

from downloads_app import create_app
from downloads_app.extensions import db
from tests.support.postgres import Postgres

CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'"


def test_a_connection_that_dies_after_the_last_statement_fails_no_request(
    postgres: Postgres, postgres_url: str, tmp_path: object
) -> None:
    app: Flask = create_app(database_url=postgres_url, instance_dir=tmp_path)
    name = postgres_url.partition("?")[0].rpartition("/")[2]

    @app.get("/asked")
    def ask() -> str:
        assert db.session.execute(text("SELECT 1")).scalar() == 1
        postgres.execute(CUT.format(name))
        return "told"

    for _ in range(2):
        assert app.test_client().get("/asked").text == "told"
    with app.app_context():
        db.engine.dispose()
