"""The obvious way with Flask: every stream queries PostgreSQL through Flask-SQLAlchemy, encodes, sleeps.

It has what it needs to work at all: gevent, a cooperative psycopg2, and no connection held while it sleeps.
Run by gunicorn, `benchmarks.streams.peers.naive:app`.
"""

import json
import os
import time
from collections.abc import Iterator

from flask import Flask, Response
from flask_jwt_extended import JWTManager, get_jwt_identity, jwt_required
from psycogreen.gevent import patch_psycopg
from sqlalchemy import select

from downloads_app.extensions import db
from downloads_app.models import ACTIVE, Download
from downloads_app.services.downloads.representation import as_dict

patch_psycopg()
app = Flask(__name__)
app.config.update(
    SQLALCHEMY_DATABASE_URI=os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg2://", 1),
    SQLALCHEMY_ENGINE_OPTIONS={"pool_size": 20, "max_overflow": 0, "pool_timeout": 30},
    JWT_SECRET_KEY=os.environ["JWT_SECRET_KEY"],
)
db.init_app(app)
JWTManager(app)


@app.get("/healthz")
def healthz() -> str:
    """Answer."""
    return "ok"


@app.get("/api/downloads/subscribe")
@jwt_required()
def subscribe() -> Response:
    """Stream the caller's active downloads."""
    return Response(_events(get_jwt_identity()), content_type="text/event-stream")


def _events(user_id: str) -> Iterator[str]:
    while True:
        with app.app_context():
            active = select(Download).where(Download.user_id == user_id, Download.status.in_(ACTIVE))
            rows = db.session.scalars(active.order_by(Download.created_at, Download.id)).all()
            text = json.dumps({"type": "update", "downloads": [as_dict(row) for row in rows]})
        yield f"event: update\ndata: {text}\n\n"
        time.sleep(2)
